/* The core's seam, mapped to the explorer. Included before all else (-include), it takes the place of the core's
 * own seam.h; compiled with -fsanitize=thread, so that plain memory is watched too. */
#ifndef OMNI_SEAM_H
#define OMNI_SEAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../engine/explorer.h"

#define OMNI_LINE 64
#define SEAM_MIN_CAPACITY 1 /* small enough to go round the ring within a few messages */
#define SEAM_FIRST_BUCKETS 1 /* the second channel makes the table grow */
#define SEAM_SEATS 2         /* so that a third thread finds none */

#define seam_load(x, order) ((__typeof__(*(x)))wm_load(x, sizeof *(x), wm_##order, WM_SITE(#x)))
#define seam_store(x, v, order) wm_store(x, sizeof *(x), v, wm_##order, WM_SITE(#x))
#define SEAM_MODIFY(x, change, v, order) \
  ((__typeof__(*(x)))wm_modify(x, sizeof *(x), change, v, wm_##order, WM_SITE(#x)))
#define seam_exchange(x, v, order) SEAM_MODIFY(x, wm_exchange, v, order)
#define seam_add(x, v, order) SEAM_MODIFY(x, wm_add, v, order)
#define seam_or(x, v, order) SEAM_MODIFY(x, wm_or, v, order)
#define seam_and(x, v, order) SEAM_MODIFY(x, wm_and, v, order)
#define seam_replace(x, old, v, order)                                                                       \
  __extension__({                                                                                            \
    uint64_t seam_old = *(old);                                                                              \
    bool seam_done = wm_replace(x, sizeof *(x), &seam_old, v, wm_##order, wm_relaxed, WM_SITE(#x));          \
    *(old) = (__typeof__(*(old)))seam_old;                                                                   \
    seam_done;                                                                                               \
  })

#ifdef EXPLORE_ASYMMETRIC
#define seam_fence_light() wm_fence(wm_light, WM_SITE(""))
#define seam_fence_heavy() wm_fence(wm_heavy, WM_SITE(""))
#else
#define seam_fence_light() wm_fence(wm_seq_cst, WM_SITE(""))
#define seam_fence_heavy() wm_fence(wm_seq_cst, WM_SITE(""))
#endif

#define seam_fence_full() wm_fence(wm_seq_cst, WM_SITE(""))
#define seam_spins 0 /* a look that finds nothing changes nothing */
#define seam_pause() ((void)0)
#define seam_linger(pauses) ((void)(pauses))
#define seam_self() (uint64_t)(wm_self() + 2)

#define seam_copy(to, from, size)                        \
  do {                                                   \
    wm_plain_read(from, size, WM_SITE(#from));           \
    wm_plain_write(to, size, WM_SITE(#to));              \
    memcpy(to, from, size);                              \
  } while (0)

typedef struct {
  _Atomic uint32_t value;
} seam_word;

#define SEAM_NEVER INT64_MAX
enum { SEAM_AWAKE, SEAM_TIME_UP, SEAM_SIGNAL };

/* mishaps.c: what the system may do to a call of a client that allows it, a few times; the explorer tries both. */
int mishap_sleep(seam_word *word, uint32_t value, bool timed, const wm_site *site); /* a signal ends the sleep */
bool mishap_refusal(const wm_site *site);                                           /* memory is refused */

static inline int seam_word_begin(seam_word *word, const wm_site *site) {
  if (mishap_refusal(site)) return 1;
  atomic_init(&word->value, 0);
  return 0;
}
#define seam_word_init(word) seam_word_begin(word, WM_SITE(#word))
static inline void seam_word_destroy(seam_word *word) { (void)word; }
#define seam_sleep(word, v, deadline) \
  mishap_sleep(word, v, (deadline) != SEAM_NEVER, WM_SITE(#word))
#define seam_wake(word) wm_wake(&(word)->value, WM_SITE(#word))

/* 1: held alone; otherwise twice the number of those who share it. */
typedef struct {
  _Atomic uint32_t state;
} seam_rwlock;

static inline int seam_lock_begin(seam_rwlock *lock, const wm_site *site) {
  if (mishap_refusal(site)) return 1;
  atomic_init(&lock->state, 0);
  return 0;
}
#define seam_lock_init(lock) seam_lock_begin(lock, WM_SITE(#lock))
static inline void seam_lock_destroy(seam_rwlock *lock) { (void)lock; }
#define seam_lock_alone(lock) seam_lock_take(lock, false, WM_SITE(#lock))
#define seam_lock_shared(lock) seam_lock_take(lock, true, WM_SITE(#lock))
#define seam_unlock(lock) seam_lock_leave(lock, WM_SITE(#lock))

static inline void seam_lock_take(seam_rwlock *lock, bool shared, const wm_site *site) {
  uint64_t seen;
  do {
    seen = shared ? wm_await(&lock->state, 4, 1, wm_relaxed, site) : wm_await_equal(&lock->state, 4, 0, wm_relaxed, site);
  } while (!wm_replace(&lock->state, 4, &seen, shared ? seen + 2 : 1, wm_acquire, wm_relaxed, site));
}
static inline void seam_lock_leave(seam_rwlock *lock, const wm_site *site) {
  if (wm_load(&lock->state, 4, wm_relaxed, site) == 1) wm_store(&lock->state, 4, 0, wm_release, site);
  else wm_modify(&lock->state, 4, wm_add, (uint32_t)-2, wm_release, site);
}

/* Time stands still; that it is up is the explorer's choice. */
static inline int64_t seam_now(void) { return 0; }
static inline int64_t seam_deadline(int64_t timeout) { return timeout < 0 ? SEAM_NEVER : timeout; }
#define seam_allocate(size) (mishap_refusal(WM_SITE(#size)) ? NULL : wm_allocate(size))
#define seam_map(size) seam_allocate(size)
#define seam_free(memory) wm_free(memory, WM_SITE(#memory))
#define seam_unmap(memory, size) ((void)(size), wm_free(memory, WM_SITE(#memory)))

#define START_INDEX_MEMBER
#define START_INDEX(ring) UINT64_C(0)
#define START_INDEX_KEEP(ring, index) ((void)0)
#define start_index_of_next() UINT64_C(0)

#endif
