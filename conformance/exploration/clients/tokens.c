/* The core's detached ends, of which there are none when an execution begins. An execution never forks: process.c, and
 * the list of brokers that it needs, is left out. */
#include "detached.c"

void process_list(omni_listed *listed, omni_broker *owner) { (void)listed, (void)owner; }

void process_unlist(omni_listed *listed) { (void)listed; }

void forget_tokens(void) {
  lock = (platform_rwlock)PLATFORM_LOCK_INITIALISER;
  newest = NULL;
  last_token = 0;
}
