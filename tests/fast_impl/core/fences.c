/* Which fences this build uses here: "asymmetric" or "full". */
#include "platform/platform.h"

#include <stdio.h>

int main(void) { return puts(platform_asymmetric ? "asymmetric" : "full") == EOF; }
