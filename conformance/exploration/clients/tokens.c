/* The core's detached ends, of which there are none when an execution begins. */
#include "detached.c"

void forget_tokens(void) {
  lock = (platform_rwlock)PLATFORM_LOCK_INITIALISER;
  newest = NULL;
  last_token = 0;
}
