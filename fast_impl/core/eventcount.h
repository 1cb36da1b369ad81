/* An eventcount: a side of the ring waits until a condition on the ring's atomics holds, and misses no wake-up. It
 * sleeps in the kernel, or asks for a descriptor to become readable; each has a waiter flag of its own.
 *
 * The waiter sets its waiter flag, then loads the condition; the waker stores what the condition depends on, then
 * loads the waiter flags. A full fence between store and load on both sides (StoreLoad) makes at least one of them see
 * the other. The fences are asymmetric where the system has membarrier: the waiter, on its slow path, issues it for
 * both, and the waker has only a compiler barrier. */
#ifndef OMNI_EVENTCOUNT_H
#define OMNI_EVENTCOUNT_H

#include "platform/platform.h"

enum {
  EVENTCOUNT_SLEEPS = 1, /* in platform_sleep, or about to be */
  EVENTCOUNT_ARMED = 2,  /* the descriptor is to become readable; whoever clears the flag makes it so */
  EVENTCOUNT_WRITES = 4  /* for each thread that has cleared it, and may be writing to the descriptor */
};

typedef struct {
  platform_word flags;
  platform_descriptor *descriptor; /* NULL: nobody has asked for one. Set and ended by the side that waits */
} omni_eventcount;

/* The wait of a blocked call: polls `ready` for a while, which is cheaper than a sleep and a wake-up; then sets
 * the waiter flag, checks once more and sleeps. An int: PLATFORM_AWAKE, PLATFORM_TIME_UP or PLATFORM_SIGNAL. */
#define EVENTCOUNT_WAIT(waiter, deadline, ready)                                                          \
  __extension__({                                                                                         \
    int waited = PLATFORM_AWAKE, spins = platform_spins;                                                  \
    while (spins > 0 && !(ready)) spins--, platform_pause();                                              \
    if (spins == 0) {                                                                                     \
      platform_sleeps(&(waiter)->flags);                                                                  \
      /* relaxed: the fence orders it before the last check */                                            \
      uint32_t others = platform_or(&(waiter)->flags.value, EVENTCOUNT_SLEEPS, relaxed);                  \
      platform_fence_heavy(); /* pairs with eventcount_wake: else each misses the other, a lost wakeup */ \
      if (!(ready)) waited = platform_sleep(&(waiter)->flags, others | EVENTCOUNT_SLEEPS, deadline);      \
      /* relaxed: own flag; a stale load of it wakes spuriously */                                        \
      platform_and(&(waiter)->flags.value, ~(uint32_t)EVENTCOUNT_SLEEPS, relaxed);                        \
      platform_wakes(&(waiter)->flags);                                                                   \
    }                                                                                                     \
    waited;                                                                                               \
  })

/* Clears those waiter flags of `which` that are set, and wakes whoever they stand for; `flags` is what they may be. */
static inline __attribute__((cold)) void eventcount_notify(omni_eventcount *waiter, uint32_t flags, uint32_t which);
static inline void eventcount_notify(omni_eventcount *waiter, uint32_t flags, uint32_t which) {
  while (flags & which) {
    uint32_t writes = flags & which & EVENTCOUNT_ARMED ? EVENTCOUNT_WRITES : 0;
    /* acquire: pairs with eventcount_arm; without it the descriptor is not there yet */
    if (!platform_compare_exchange(&waiter->flags.value, &flags, (flags & ~which) + writes, acquire)) continue;
    if (flags & which & EVENTCOUNT_SLEEPS) platform_wake(&waiter->flags);
    if (!writes) return;
    platform_descriptor_write(waiter->descriptor);
    /* release: pairs with eventcount_end_descriptor; without it the descriptor is closed and then written to */
    platform_add(&waiter->flags.value, -writes, release);
    return;
  }
}

/* Makes the descriptor readable, if it is armed. */
static inline void eventcount_signal(omni_eventcount *waiter) {
  eventcount_notify(waiter, EVENTCOUNT_ARMED, EVENTCOUNT_ARMED);
}

/* Wakes the waiter, if a waiter flag is set; the caller has stored what the condition depends on. */
static inline void eventcount_wake(omni_eventcount *waiter) {
  platform_fence_light(); /* pairs with EVENTCOUNT_WAIT and eventcount_arm: orders that store before this load */
  /* relaxed: the fence orders the load, and the condition that the waiter checks next orders itself */
  uint32_t flags = platform_load(&waiter->flags.value, relaxed);
  if (__builtin_expect(flags, 0)) eventcount_notify(waiter, flags, EVENTCOUNT_ARMED | EVENTCOUNT_SLEEPS);
}

/* Makes the descriptor unreadable until the next eventcount_wake; whether that has to be checked again. What is read
 * came before the look that found nothing, or the flag is clear by now, and is set again. */
static inline __attribute__((cold)) bool eventcount_arm(omni_eventcount *waiter);
static inline bool eventcount_arm(omni_eventcount *waiter) {
  platform_descriptor_read(waiter->descriptor);
  if (platform_load(&waiter->flags.value, relaxed) & EVENTCOUNT_ARMED) return false;
  platform_or(&waiter->flags.value, EVENTCOUNT_ARMED, release); /* pairs with eventcount_notify */
  platform_fence_heavy(); /* pairs with eventcount_wake: else each misses the other, a lost wakeup */
  return true;
}

/* After a look that found nothing: the descriptor, if there is one, is not readable until `ready` [WAI-3]. By the side
 * that waits. */
#define EVENTCOUNT_ARM(waiter, ready)                                   \
  do                                                                    \
    if (__builtin_expect((waiter)->descriptor != NULL, 0))              \
      if (eventcount_arm(waiter) && (ready)) eventcount_signal(waiter); \
  while (0)

/* The descriptor, made with the first call, and readable then; or NULL without one more. By the side that waits. */
static inline const platform_descriptor *eventcount_descriptor(omni_eventcount *waiter) {
  if (!waiter->descriptor) waiter->descriptor = platform_descriptor_open();
  return waiter->descriptor;
}

/* Ends the descriptor, if there is one: readable for whoever has a duplicate of it, and closed when nobody writes to it
 * any more. By the side that waits, or when no thread is inside it. */
static inline void eventcount_end_descriptor(omni_eventcount *waiter) {
  platform_descriptor *descriptor = waiter->descriptor;
  if (!descriptor) return;
  /* relaxed: nobody clears the flag after that, and who has cleared it before is counted */
  platform_and(&waiter->flags.value, ~(uint32_t)EVENTCOUNT_ARMED, relaxed);
  platform_await_zero(&waiter->flags.value); /* acquire: pairs with eventcount_notify */
  waiter->descriptor = NULL;
  platform_descriptor_write(descriptor);
  platform_descriptor_close(descriptor);
}

/* In a child of fork, where this is the only thread: nobody waits, and the descriptor is the parent's [LIF-9]. */
static inline void eventcount_inherit(omni_eventcount *waiter) {
  platform_word_init(&waiter->flags); /* a thread of the parent's may sleep on it, or hold its mutex */
  if (waiter->descriptor) platform_descriptor_close(waiter->descriptor);
  waiter->descriptor = NULL;
}

#endif
