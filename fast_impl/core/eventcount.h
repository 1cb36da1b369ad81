/* An eventcount: a side of the ring sleeps until a condition on the ring's atomics holds, and misses no wake-up.
 *
 * The waiter stores its waiter flag, then loads the condition; the waker stores what the condition depends on, then
 * loads the waiter flag. A full fence between store and load on both sides (StoreLoad) makes at least one of them see
 * the other. The fences are asymmetric where the system has membarrier: the waiter, on its slow path, issues it for
 * both, and the waker has only a compiler barrier. */
#ifndef OMNI_EVENTCOUNT_H
#define OMNI_EVENTCOUNT_H

#include "platform/platform.h"

/* The wait of a blocked call: polls `ready` for a while, which is cheaper than a sleep and a wake-up; then sets
 * the waiter flag, checks once more and sleeps. An int: PLATFORM_AWAKE, PLATFORM_TIME_UP or PLATFORM_SIGNAL. */
#define EVENTCOUNT_WAIT(waiter, deadline, ready)                                                          \
  __extension__({                                                                                         \
    int waited = PLATFORM_AWAKE, spins = platform_spins;                                                  \
    while (spins > 0 && !(ready)) spins--, platform_pause();                                              \
    if (spins == 0) {                                                                                     \
      platform_sleeps(waiter);                                                                            \
      platform_store(&(waiter)->value, 1, relaxed); /* the fence orders it before the last check */       \
      platform_fence_heavy(); /* pairs with eventcount_wake: else each misses the other, a lost wakeup */ \
      if (!(ready)) waited = platform_sleep(waiter, 1, deadline);                                         \
      platform_store(&(waiter)->value, 0, relaxed); /* own flag; a stale load of 1 wakes spuriously */    \
      platform_wakes(waiter);                                                                             \
    }                                                                                                     \
    waited;                                                                                               \
  })

/* Wakes the waiter, if its waiter flag is set; the caller has stored what the condition depends on. */
static inline void eventcount_wake(platform_word *waiter) {
  platform_fence_light(); /* pairs with EVENTCOUNT_WAIT: orders the caller's store before the waiter-flag load */
  /* relaxed: the fence orders the load, and the condition that the waiter checks next orders itself */
  if (platform_load(&waiter->value, relaxed) && platform_exchange(&waiter->value, 0, relaxed)) platform_wake(waiter);
}

#endif
