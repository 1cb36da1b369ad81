/* What happens as the process forks, and as a thread of it ends: with the brokers of the process, wherever they are.
 *
 * What a child of fork has of its parent's channels: nothing that is open [LIF-9].
 * A fork waits until no thread is in a registry, holds all of them, and the ends that are detached, while the process
 * is copied, and so copies them whole. The child then closes the guard of every handle of a registered channel, and
 * forgets the channels. A guard is loaded by every entry, so calls pay nothing for it; the fork pays for each open
 * channel, as it does for each page. (A generation in the guard, compared by each entry, would be the other way round.)
 *
 * The rest of a channel needs no lock: it is the parent's threads', which may be anywhere in it, and the child leaves
 * it as it is. Buffers are mapped privately, hence the child's own from the first write on either side: neither sees
 * the other's, and what was popped stays readable. (Without them in the child, by MADV_DONTFORK, it would not.) */
#include "channel.h"
#include "omni_internal.h"

static platform_rwlock lock = PLATFORM_LOCK_INITIALISER; /* taken before that of any broker */
static omni_listed *first;

void process_list(omni_listed *listed, omni_broker *broker) {
  platform_lock_exclusive(&lock);
  *listed = (omni_listed){broker, first, &first};
  if (first) first->link = &listed->next;
  first = listed;
  platform_unlock(&lock);
}

void process_unlist(omni_listed *listed) {
  platform_lock_exclusive(&lock);
  *listed->link = listed->next;
  if (listed->next) listed->next->link = listed->link;
  platform_unlock(&lock);
}

static void hold(void) {
  platform_lock_exclusive(&lock);
  for (omni_listed *listed = first; listed; listed = listed->next) broker_hold(listed->broker);
  detached_hold();
}

static void release(void) {
  detached_release();
  for (omni_listed *listed = first; listed; listed = listed->next) broker_release(listed->broker);
  platform_unlock(&lock);
}

static void renew(void) {
  platform_renew();
  platform_lock_init(&lock);
  for (omni_listed *listed = first; listed; listed = listed->next) broker_renew(listed->broker);
  detached_renew(); /* last: it closes handles */
}

/* A consumer that has a pop of this thread's open, with a reference to its channel; or NULL. */
static omni_consumer *find_opened(void) {
  omni_consumer *found = NULL;
  platform_lock_shared(&lock);
  for (const omni_listed *listed = first; listed && !found; listed = listed->next)
    found = broker_find_opened(listed->broker);
  platform_unlock(&lock);
  return found;
}

/* This thread is about to end, with pops open, in whose consumers it would stay for ever [LIF-12]. Each is ended with
 * 0, without the locks, for that may complete a close. */
static void leave_opened(void) {
  for (omni_consumer *consumer; (consumer = find_opened());) {
    consumer_abandon(consumer);
    channel_release(consumer->channel);
  }
}

__attribute__((constructor)) static void prepare(void) {
  platform_at_fork(hold, release, renew);
  platform_at_thread_end(leave_opened);
}

bool omni_producer_is_inherited(const omni_producer *producer) { return guard_is_inherited(&producer->guard); }

bool omni_consumer_is_inherited(const omni_consumer *consumer) { return guard_is_inherited(&consumer->guard); }
