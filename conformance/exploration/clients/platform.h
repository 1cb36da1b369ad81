/* The core's platform, mapped to the explorer. Included before all else (-include), it takes the place of the core's
 * own platform.h; the core is compiled with -fsanitize=thread, so that its plain memory is watched too. */
#ifndef OMNI_PLATFORM_H
#define OMNI_PLATFORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../engine/explorer.h"

#define OMNI_LINE 64
#define PLATFORM_MIN_CAPACITY 1  /* small enough to go round the ring within a few messages */
#define PLATFORM_FIRST_BUCKETS 1 /* the second channel makes the table grow */
#define PLATFORM_OWNERS 2        /* so that a third thread finds none */
#define PLATFORM_MOST_PINS 2     /* so that a third pin is refused */

#define platform_load(x, order) ((__typeof__(*(x)))wm_load(x, sizeof *(x), wm_##order, WM_SITE(#x)))
#define platform_store(x, v, order) wm_store(x, sizeof *(x), v, wm_##order, WM_SITE(#x))
#define PLATFORM_MODIFY(x, change, v, order) \
  ((__typeof__(*(x)))wm_modify(x, sizeof *(x), change, v, wm_##order, WM_SITE(#x)))
#define platform_exchange(x, v, order) PLATFORM_MODIFY(x, wm_exchange, v, order)
#define platform_add(x, v, order) PLATFORM_MODIFY(x, wm_add, v, order)
#define platform_or(x, v, order) PLATFORM_MODIFY(x, wm_or, v, order)
#define platform_and(x, v, order) PLATFORM_MODIFY(x, wm_and, v, order)
#define platform_compare_exchange(x, old, v, order)                                                         \
  __extension__({                                                                                           \
    uint64_t platform_old = *(old);                                                                         \
    bool platform_done = wm_replace(x, sizeof *(x), &platform_old, v, wm_##order, wm_relaxed, WM_SITE(#x)); \
    *(old) = (__typeof__(*(old)))platform_old;                                                              \
    platform_done;                                                                                          \
  })

#ifdef EXPLORE_ASYMMETRIC
#define platform_fence_light() wm_fence(wm_light, WM_SITE(""))
#define platform_fence_heavy() wm_fence(wm_heavy, WM_SITE(""))
#else
#define platform_fence_light() wm_fence(wm_seq_cst, WM_SITE(""))
#define platform_fence_heavy() wm_fence(wm_seq_cst, WM_SITE(""))
#endif

#define platform_fence_full() wm_fence(wm_seq_cst, WM_SITE(""))
#define platform_spins 0 /* a load that finds nothing changes nothing */
#define platform_pause() ((void)0)
#define platform_back_off(pauses) ((void)(pauses))
#define platform_self() (uint64_t)(wm_self() + 2)
#define platform_pop_begins() ((void)0) /* no thread ends inside a pop */
#define platform_pop_ends() ((void)0)

#define platform_trap(what) wm_fail(what)
#define platform_budget(count, stride) ((void)(stride), script_budget(count))
uint32_t script_budget(uint32_t count); /* harness.c: as the client says */

static inline void platform_copied(void *to, const void *from, size_t size, const wm_site *site) {
  wm_plain_read(from, size, site);
  wm_plain_write(to, size, site);
  memcpy(to, from, size);
}
#define platform_copy(to, from, size) platform_copied(to, from, size, WM_SITE(#to))

typedef struct {
  _Atomic uint32_t value;
} platform_word;

#define PLATFORM_NEVER INT64_MAX
enum { PLATFORM_AWAKE, PLATFORM_TIME_UP, PLATFORM_SIGNAL };

/* Fault injection (harness.c): what the system may do to a call, as often as the client allows; both are explored. */
/* Also that the time is up, where there is a limit: at any time, or never. */
int fault_sleep(platform_word *word, uint32_t value, bool timed, const wm_site *site);
bool fault_refusal(const wm_site *site); /* memory is refused */

/* In static memory (harness.c): that it is not written to once it is closed, an unwatched duplicate would hide. */
typedef struct {
  _Atomic uint32_t readable;
  bool open;
} platform_descriptor;

platform_descriptor *script_descriptor(void); /* another one */
int script_descriptor_number(const platform_descriptor *descriptor);
static inline platform_descriptor *platform_descriptor_begin(const wm_site *site) {
  if (fault_refusal(site)) return NULL;
  platform_descriptor *descriptor = script_descriptor();
  descriptor->open = true;
  atomic_init(&descriptor->readable, 1);
  return descriptor;
}
static inline void platform_descriptor_signal(platform_descriptor *descriptor, const wm_site *site) {
  if (!descriptor->open) wm_fail("a descriptor is written to after it was closed");
  wm_store(&descriptor->readable, 4, 1, wm_release, site); /* the system orders its writes and reads */
}
#define platform_descriptor_open() platform_descriptor_begin(WM_SITE("descriptor"))
#define platform_descriptor_write(descriptor) platform_descriptor_signal(descriptor, WM_SITE(#descriptor))
#define platform_descriptor_read(descriptor) \
  ((void)wm_modify(&(descriptor)->readable, 4, wm_exchange, 0, wm_acq_rel, WM_SITE(#descriptor)))
#define platform_descriptor_close(descriptor) ((void)((descriptor)->open = false))
#define platform_descriptor_number(descriptor) script_descriptor_number(descriptor)
#define platform_await_zero(x) ((void)wm_await_equal(x, sizeof *(x), 0, wm_acquire, WM_SITE(#x)))

static inline int platform_word_begin(platform_word *word, const wm_site *site) {
  if (fault_refusal(site)) return 1;
  atomic_init(&word->value, 0);
  return 0;
}
#define platform_word_init(word) platform_word_begin(word, WM_SITE(#word))
static inline void platform_word_destroy(platform_word *word) { (void)word; }
#define platform_sleep(word, v, deadline) fault_sleep(word, v, (deadline) != PLATFORM_NEVER, WM_SITE(#word))
#define platform_await_change(word, v) wm_sleep(&(word)->value, sizeof(word)->value, v, WM_SITE(#word))
#define platform_wake(word) wm_wake(&(word)->value, sizeof(word)->value, WM_SITE(#word))

/* Taken in one step, which is all that those who take it can tell: that the system's locks are right is not explored.
 * state: 1, held alone; otherwise twice the number of those who share it. */
typedef struct {
  _Atomic uint32_t state;
  bool alone; /* written by the thread that holds it alone */
} platform_rwlock;

static inline int platform_lock_begin(platform_rwlock *lock, const wm_site *site) {
  if (fault_refusal(site)) return 1;
  atomic_init(&lock->state, 0);
  lock->alone = false;
  return 0;
}
#define PLATFORM_LOCK_INITIALISER {0}
#define platform_lock_init(lock) platform_lock_begin(lock, WM_SITE(#lock))
static inline void platform_lock_destroy(platform_rwlock *lock) { (void)lock; }
#define platform_lock_exclusive(lock) platform_lock_take(lock, false, WM_SITE(#lock))
#define platform_lock_shared(lock) platform_lock_take(lock, true, WM_SITE(#lock))
#define platform_unlock(lock) platform_lock_leave(lock, WM_SITE(#lock))

static inline void platform_lock_take(platform_rwlock *lock, bool shared, const wm_site *site) {
  if (shared) wm_await_modify(&lock->state, 4, 1, false, wm_add, 2, wm_acquire, site);
  else wm_await_modify(&lock->state, 4, 0, true, wm_exchange, 1, wm_acquire, site);
  if (!shared) lock->alone = true;
}
static inline void platform_lock_leave(platform_rwlock *lock, const wm_site *site) {
  if (!lock->alone) {
    wm_modify(&lock->state, 4, wm_add, (uint32_t)-2, wm_release, site);
    return;
  }
  lock->alone = false;
  wm_store(&lock->state, 4, 0, wm_release, site);
}

/* Time stands still; that it is up is the explorer's choice. */
static inline int64_t platform_now(void) { return 0; }
#define platform_sleeps(word) ((void)0)
#define platform_wakes(word) ((void)0)
#define platform_asleep(word) ((void)(word), INT64_C(-1))
static inline int64_t platform_deadline(int64_t timeout) { return timeout < 0 ? PLATFORM_NEVER : timeout; }
#define platform_allocate(size) (fault_refusal(WM_SITE(#size)) ? NULL : wm_allocate(size))
#define platform_map(size) platform_allocate(size)
#define platform_free(memory) wm_free(memory, WM_SITE(#memory))
#define platform_unmap(memory, size) ((void)(size), wm_free(memory, WM_SITE(#memory)))

#define START_INDEX_MEMBER
#define START_INDEX(ring) UINT64_C(0)
#define START_INDEX_KEEP(ring, index) ((void)0)
#define start_index_of_next() UINT64_C(0)

#endif
