/* Where compilers look for it: fast_impl.get_include(). */
#include "../core/omni_mailbox.h"
