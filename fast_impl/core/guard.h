/* The gate of a handle: lets one thread in at a time, counts entries, and closes for good.
 *
 * A second thread is turned away, never made to wait; only who closes waits for the one inside to leave. The
 * thread that uses a handle has a seat: it comes and goes with plain stores to a word of its own, and light
 * fences. Another thread takes one atomic step, a heavy fence and, if nobody is inside, the next seat, for good.
 * When no seat is left, every entry takes that atomic step. */
#ifndef OMNI_GUARD_H
#define OMNI_GUARD_H

#include <stdalign.h>
#include <stdbool.h>

#include "platform/platform.h"

enum {
  GUARD_BUSY = 1,   /* somebody is inside, or on the way, without a seat */
  GUARD_CLOSED = 2, /* for good */
  GUARD_WAITER = 4  /* somebody waits for the one inside to leave */
};

typedef struct {
  alignas(OMNI_LINE) _Atomic uint32_t state;
  _Atomic uint32_t bias;    /* the one that counts; PLATFORM_OWNERS: none any more. Changed by who is BUSY */
  _Atomic uint64_t entries; /* of the kind that expires messages; written by who is inside */
  _Atomic uint64_t owner[PLATFORM_OWNERS];  /* the thread that each belongs to, once it has been taken */
  _Atomic uint32_t inside[PLATFORM_OWNERS]; /* written by its sitter only */
  platform_word left;                       /* counts who left after a knock, for those who knocked to sleep on */
} omni_guard;

typedef enum { GUARD_ENTERED, GUARD_CONTENDED, GUARD_INACTIVE } guard_entry;

/* Those who knocked look again. */
static inline void guard_wake_waiters(omni_guard *guard, uint32_t state) {
  if (!(state & GUARD_WAITER)) return;
  /* A count and not a flag, for several may wait: a close and a shutdown. A flag that the second sets again would hide
   * from the first that the one inside has left. relaxed: guard_wait looks again at what it counts */
  platform_add(&guard->left.value, 1, relaxed);
  platform_wake(&guard->left);
}

static inline void guard_release(omni_guard *guard, uint32_t bias) {
  platform_store(&guard->inside[bias], 0, release); /* pairs with the looks in guard_rebias and guard_wait */
  platform_fence_light();                           /* pairs with the heavy fence in guard_wait */
  if (platform_load(&guard->state, relaxed) & GUARD_WAITER)
    guard_wake_waiters(guard, platform_and(&guard->state, ~(uint32_t)GUARD_WAITER, relaxed));
}

static inline void guard_leave(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed); /* does not change while somebody is inside */
  if (bias < PLATFORM_OWNERS) guard_release(guard, bias);
  /* release: pairs with the acquire of the next to enter, and of guard_wait */
  else guard_wake_waiters(guard, platform_and(&guard->state, ~(uint32_t)(GUARD_BUSY | GUARD_WAITER), release));
}

/* Whether nobody is inside; who is BUSY asks. Then the next seat is that thread's, while there is one. */
static inline bool guard_rebias(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias == PLATFORM_OWNERS) return true;
  uint64_t self = platform_self(), owner = platform_load(&guard->owner[bias], relaxed);
  if (owner && owner != self) {
    platform_fence_heavy(); /* pairs with the light one in guard_enter: the sitter sees BUSY, or is seen */
    if (platform_load(&guard->inside[bias], acquire)) return false; /* pairs with guard_release */
    platform_store(&guard->bias, ++bias, relaxed);
    platform_fence_heavy(); /* pairs with the light one in guard_order */
  }
  if (bias == PLATFORM_OWNERS) return true;
  platform_store(&guard->owner[bias], self, relaxed);
  platform_store(&guard->inside[bias], 1, relaxed);
  platform_and(&guard->state, ~(uint32_t)GUARD_BUSY, release); /* pairs with guard_enter of who comes next */
  return true;
}

static guard_entry guard_enter_slow(omni_guard *guard) {
  uint32_t state = platform_load(&guard->state, relaxed);
  do {
    if (state & GUARD_CLOSED) return GUARD_INACTIVE;
    if (state & GUARD_BUSY) return GUARD_CONTENDED;
    /* acquire: pairs with the release of whoever was in before */
  } while (!platform_compare_exchange(&guard->state, &state, state | GUARD_BUSY, acquire));
  if (guard_rebias(guard)) return GUARD_ENTERED;
  guard_wake_waiters(guard,
                     platform_and(&guard->state, ~(uint32_t)(GUARD_BUSY | GUARD_WAITER), relaxed)); /* it did nothing */
  return GUARD_CONTENDED;
}

static inline guard_entry guard_enter(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias == PLATFORM_OWNERS || platform_load(&guard->owner[bias], relaxed) != platform_self())
    return guard_enter_slow(guard);
  if (platform_load(&guard->inside[bias], relaxed)) return GUARD_CONTENDED; /* from a handler of a signal */
  platform_store(&guard->inside[bias], 1, relaxed);
  platform_fence_light();                                 /* pairs with the heavy ones in guard_rebias and guard_wait */
  uint32_t state = platform_load(&guard->state, acquire); /* pairs with who took the seat and is gone again */
  if (!(state & (GUARD_BUSY | GUARD_CLOSED)) && platform_load(&guard->bias, relaxed) == bias) return GUARD_ENTERED;
  guard_release(guard, bias);
  return guard_enter_slow(guard);
}

/* Counts an entry that expires messages; from inside. */
static inline void guard_count(omni_guard *guard) {
  platform_store(&guard->entries, platform_load(&guard->entries, relaxed) + 1, relaxed);
  platform_fence_light(); /* pairs with the heavy one in guard_order: the pin is seen, or sees this */
}

/* How many counted entries there have been. */
static inline uint64_t guard_entries(const omni_guard *guard) { return platform_load(&guard->entries, relaxed); }

/* Between a store and a look at the entries: who counts an entry meanwhile sees the store, or is seen. */
static inline void guard_order(const omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias < PLATFORM_OWNERS && platform_load(&guard->owner[bias], relaxed) == platform_self()) {
    platform_fence_light(); /* only this thread counts, unless the seat has been taken */
    if (platform_load(&guard->bias, relaxed) == bias) return;
  }
  platform_fence_heavy();
}

/* Returns at a moment at which nobody is inside; whoever enters later sees all that came before this call.
 * Several may wait at once (a close and a shutdown), so a waiter must write nothing that another one looks at. */
static inline void guard_wait(omni_guard *guard) {
  for (;;) {
    uint32_t left = platform_load(&guard->left.value, relaxed); /* before the knock, by its release */
    /* release: pairs with guard_enter_slow of who comes next */
    uint32_t state = platform_or(&guard->state, GUARD_WAITER, release);
    platform_fence_heavy(); /* pairs with the light ones in guard_enter and guard_release, and acquires what who left
                               did */
    uint32_t bias = platform_load(&guard->bias, relaxed);
    if (!(state & GUARD_BUSY) && (bias == PLATFORM_OWNERS || !platform_load(&guard->inside[bias], acquire))) return;
    while (platform_load(&guard->left.value, relaxed) == left) platform_sleep(&guard->left, left, PLATFORM_NEVER);
  }
}

/* Whether this call closed it; who is inside stays inside. */
static inline bool guard_close(omni_guard *guard) {
  return !(platform_or(&guard->state, GUARD_CLOSED, relaxed) & GUARD_CLOSED); /* guard_wait comes after, and orders */
}

static inline bool guard_is_closed(const omni_guard *guard) {
  return platform_load(&guard->state, relaxed) & GUARD_CLOSED; /* a hint; guard_enter is what decides */
}

#endif
