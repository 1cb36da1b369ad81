/* The guard of a handle: admits one thread at a time, counts entries, and closes for good.
 *
 * A second thread is refused (GUARD_CONTENDED), never blocked; only a close waits for the thread inside to leave. As in
 * a biased lock, the thread that uses a handle is its bias owner: it enters and leaves with plain stores to a word of
 * its own and light fences. Another thread takes the slow path: one atomic read-modify-write, a heavy fence and, if
 * nobody is inside, the bias, which never comes back to the former owner (rebias). After PLATFORM_OWNERS owners the
 * bias is revoked for good, and every entry takes the slow path. */
#ifndef OMNI_GUARD_H
#define OMNI_GUARD_H

#include <stdalign.h>
#include <stdbool.h>

#include "platform/platform.h"

enum {
  GUARD_BUSY = 1,      /* a thread is inside, or about to be, by the slow path */
  GUARD_CLOSED = 2,    /* for good */
  GUARD_INHERITED = 4, /* closed by a fork: this is a child, and the handle its parent's [LIF-9] */
  GUARD_CLAIMED = 8,   /* by a coroutine that waits: nobody is inside, and every entry is refused [ASY-4] */
  GUARD_EXPIRED = 16   /* closed by a call, not by a fork alone: what was given out under it has expired, for good */
};

typedef struct {
  alignas(OMNI_LINE) _Atomic uint32_t state;
  _Atomic uint32_t bias; /* index of the current owner; PLATFORM_OWNERS: revoked. Written by the thread that is BUSY */
  _Atomic uint64_t entries;                 /* of the kind that expires messages; written by the thread inside */
  _Atomic uint64_t owner[PLATFORM_OWNERS];  /* the thread that each bias belongs to, once it has one */
  _Atomic uint32_t inside[PLATFORM_OWNERS]; /* written by its owner, or by omni_pop_abandon for it */
  /* The waiter flag, if odd: a close or a shutdown waits for the thread inside to leave, and sleeps on this word. The
   * rest counts the leaves that found it so: a flag that a second waiter sets again would hide one from the first */
  platform_word waiters;
} omni_guard;

typedef enum { GUARD_ENTERED, GUARD_CONTENDED, GUARD_INACTIVE } guard_entry;

/* Makes the waiters check again, if there are any; the caller has left. */
static inline void guard_wake_waiters(omni_guard *guard) {
  platform_fence_light(); /* pairs with guard_is_vacated: else both miss the other, and the close sleeps for ever */
  /* relaxed: guard_wait checks again what this tells it */
  uint32_t waiters = platform_load(&guard->waiters.value, relaxed);
  while (__builtin_expect(waiters & 1, 0)) {
    if (!platform_compare_exchange(&guard->waiters.value, &waiters, waiters + 1, relaxed)) continue;
    platform_wake(&guard->waiters);
    return;
  }
}

static inline void guard_release(omni_guard *guard, uint32_t bias) {
  /* release: pairs with guard_rebias and guard_is_vacated; without it the next owner or a close races with this one */
  platform_store(&guard->inside[bias], 0, release);
  guard_wake_waiters(guard);
}

static inline void guard_leave(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed); /* does not change while a thread is inside */
  if (bias < PLATFORM_OWNERS) {
    guard_release(guard, bias);
    return;
  }
  /* release: pairs with guard_enter_slow and guard_is_vacated; without it the next entry races with this one */
  platform_and(&guard->state, ~(uint32_t)GUARD_BUSY, release);
  guard_wake_waiters(guard); /* its fence pairs with guard_enter_slow too: else this is met inside after it has left */
}

/* Whether nobody is inside; the caller has set GUARD_BUSY. If so, the caller owns the bias, unless it is revoked. */
static inline bool guard_rebias(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias == PLATFORM_OWNERS) return true;
  uint64_t self = platform_self(), owner = platform_load(&guard->owner[bias], relaxed);
  if (owner && owner != self) {
    platform_fence_heavy(); /* pairs with guard_enter: the owner sees BUSY, or is seen inside; else both enter */
    /* acquire: pairs with guard_release: what the owner did inside, a claim too, is seen */
    if (platform_load(&guard->inside[bias], acquire)) return false;
    if (platform_load(&guard->state, relaxed) & GUARD_CLAIMED) return false;
    platform_store(&guard->bias, ++bias, relaxed);
    platform_fence_heavy(); /* pairs with guard_order: else the former owner's pin is ordered by no fence */
  }
  if (bias == PLATFORM_OWNERS) return true;
  platform_store(&guard->owner[bias], self, relaxed);
  platform_store(&guard->inside[bias], 1, relaxed);
  /* release: pairs with guard_enter, guard_enter_slow and guard_is_vacated; without it a thread could see neither BUSY
   * nor the new bias */
  platform_and(&guard->state, ~(uint32_t)GUARD_BUSY, release);
  return true;
}

static guard_entry guard_enter_slow(omni_guard *guard) {
  bool fenced = false;
  for (;;) {
    uint32_t state = platform_load(&guard->state, acquire); /* pairs with guard_close, as in guard_is_closed */
    if (state & GUARD_CLOSED) return GUARD_INACTIVE;
    if (state & (GUARD_BUSY | GUARD_CLAIMED)) {
      if (fenced) return GUARD_CONTENDED;
      /* pairs with guard_release, guard_leave and guard_unclaim: else a thread that has left is met inside */
      platform_fence_heavy();
      fenced = true;
      /* acquire: pairs with guard_leave and guard_rebias; without it this races with an entry before */
    } else if (platform_compare_exchange(&guard->state, &state, state | GUARD_BUSY, acquire)) {
      break;
    }
  }
  platform_fence_light(); /* pairs with guard_is_vacated: this thread is seen, or sees what came before that */
  if (guard_rebias(guard)) return GUARD_ENTERED;
  platform_and(&guard->state, ~(uint32_t)GUARD_BUSY, relaxed); /* relaxed: this thread wrote nothing inside */
  guard_wake_waiters(guard); /* its fence pairs with guard_enter_slow in another thread, as in guard_leave */
  return GUARD_CONTENDED;
}

static inline guard_entry guard_enter(omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias == PLATFORM_OWNERS || platform_load(&guard->owner[bias], relaxed) != platform_self())
    return guard_enter_slow(guard);
  /* This thread is inside already; acquire: pairs with guard_release of a thread that left for this one */
  if (platform_load(&guard->inside[bias], acquire)) return GUARD_CONTENDED;
  platform_store(&guard->inside[bias], 1, relaxed);
  platform_fence_light(); /* pairs with guard_rebias and guard_is_vacated: else they miss this entry */
  /* acquire: pairs with guard_rebias; without it a former owner could miss that the bias has moved on */
  uint32_t state = platform_load(&guard->state, acquire);
  if (!(state & (GUARD_BUSY | GUARD_CLOSED | GUARD_CLAIMED)) && platform_load(&guard->bias, relaxed) == bias)
    return GUARD_ENTERED;
  guard_release(guard, bias);
  return guard_enter_slow(guard);
}

/* Counts an entry that expires messages; called by the thread inside. */
static inline void guard_count(omni_guard *guard) {
  /* release: pairs with guard_entries; without it who is told that a message has expired could still miss what came
   * before */
  platform_store(&guard->entries, platform_load(&guard->entries, relaxed) + 1, release);
  platform_fence_light(); /* pairs with guard_order: the pop sees the pin, or the pin sees this entry */
}

/* How many counted entries there have been. */
static inline uint64_t guard_entries(const omni_guard *guard) {
  return platform_load(&guard->entries, acquire); /* pairs with guard_count */
}

/* Orders the caller's store before its load of the entries (StoreLoad): a thread that counts an entry meanwhile sees
 * the store, or its entry is seen. */
static inline void guard_order(const omni_guard *guard) {
  uint32_t bias = platform_load(&guard->bias, relaxed);
  if (bias < PLATFORM_OWNERS && platform_load(&guard->owner[bias], relaxed) == platform_self()) {
    platform_fence_light(); /* pairs with guard_rebias: only this thread enters, unless the bias has moved on */
    if (platform_load(&guard->bias, relaxed) == bias) return;
  }
  platform_fence_heavy(); /* pairs with guard_count */
}

/* Whether nobody is inside. If so, a thread that enters later sees all that came before this call. */
static inline bool guard_is_vacated(const omni_guard *guard) {
  /* Pairs with guard_enter, guard_enter_slow and guard_wake_waiters: the thread inside is seen, or sees what came
   * before */
  platform_fence_heavy();
  /* acquire: pairs with guard_leave; without it the closer races with what the thread that left did */
  if (platform_load(&guard->state, acquire) & GUARD_BUSY) return false;
  uint32_t bias = platform_load(&guard->bias, relaxed);
  /* acquire: pairs with guard_release, likewise */
  return bias == PLATFORM_OWNERS || !platform_load(&guard->inside[bias], acquire);
}

/* Returns at a moment at which nobody is inside. Several may wait at once (a close and a shutdown). */
static inline void guard_wait(omni_guard *guard) {
  for (;;) {
    uint32_t waiters = platform_or(&guard->waiters.value, 1, relaxed) | 1; /* the fence in guard_is_vacated orders */
    if (guard_is_vacated(guard)) return;
    platform_await_change(&guard->waiters, waiters);
  }
}

/* Refuses every entry from now on; the thread inside stays inside. */
static inline void guard_close(omni_guard *guard) {
  /* release: pairs with guard_is_closed and guard_enter_slow; without it who is told of the close could still miss the
   * closer's last message */
  platform_or(&guard->state, GUARD_CLOSED | GUARD_EXPIRED, release);
}

/* Refuses every entry until guard_unclaim, but no close. */
static inline guard_entry guard_claim(omni_guard *guard) {
  guard_entry answer = guard_enter(guard);
  if (answer != GUARD_ENTERED) return answer;
  platform_or(&guard->state, GUARD_CLAIMED, relaxed); /* guard_leave comes after, and orders */
  guard_leave(guard);
  return GUARD_ENTERED;
}

static inline void guard_unclaim(omni_guard *guard) {
  platform_and(&guard->state, ~(uint32_t)GUARD_CLAIMED, relaxed); /* the claimer wrote nothing inside */
  platform_fence_light(); /* pairs with guard_enter_slow: else it is refused after this has returned */
}

/* 0 while it is open, else its state. A hint: guard_enter is what decides. */
static inline uint32_t guard_is_closed(const omni_guard *guard) {
  uint32_t state = platform_load(&guard->state, acquire); /* pairs with guard_close */
  return state & GUARD_CLOSED ? state : 0;
}

/* In a child of fork, where this is the only thread: closes a guard of the parent's, whoever was inside. */
static inline void guard_inherit(omni_guard *guard) {
  uint32_t expired = guard_is_closed(guard) & GUARD_EXPIRED;
  atomic_init(&guard->state, GUARD_CLOSED | (expired ? expired : GUARD_INHERITED));
  for (int bias = 0; bias < PLATFORM_OWNERS; bias++) atomic_init(&guard->inside[bias], 0);
}

/* Whether it was closed by a fork, and not before. */
static inline bool guard_is_inherited(const omni_guard *guard) { return guard_is_closed(guard) & GUARD_INHERITED; }

/* Whether what was given out under it has expired: a fork expires nothing, the child's own close does. */
static inline bool guard_has_expired(const omni_guard *guard) {
  return __builtin_expect(guard_is_closed(guard) & GUARD_EXPIRED, 0);
}

#endif
