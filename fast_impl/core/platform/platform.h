/* The platform layer: everything of the platform, and of test builds, that the core uses. No #ifdef elsewhere.
 *
 * Two variants: futex.c for Linux, and posix.c wherever there are POSIX threads (OMNI_PORTABLE). A verification build
 * replaces this header by one of its own. */
#ifndef OMNI_PLATFORM_H
#define OMNI_PLATFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_rwlock_t, MAP_ANONYMOUS, CLOCK_MONOTONIC under -std=c11 */
#endif
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define OMNI_LINE 64            /* bytes of a cache line */
#define PLATFORM_MIN_CAPACITY 8 /* of a channel (§3.2); a verification build has a smaller one */
#define PLATFORM_OWNERS 4 /* of a handle, one for each thread that uses it in turn; a verification build has fewer */
#define PLATFORM_MOST_PINS (UINT32_C(1) << 30) /* of one message; a verification build has fewer */
#define PLATFORM_FIRST_BUCKETS 64 /* of a registry's table; a verification build has fewer, so that it grows */

#define platform_load(x, order) atomic_load_explicit(x, memory_order_##order)
#define platform_store(x, v, order) atomic_store_explicit(x, v, memory_order_##order)
#define platform_exchange(x, v, order) atomic_exchange_explicit(x, v, memory_order_##order)
#define platform_add(x, v, order) atomic_fetch_add_explicit(x, v, memory_order_##order)
#define platform_or(x, v, order) atomic_fetch_or_explicit(x, v, memory_order_##order)
#define platform_and(x, v, order) atomic_fetch_and_explicit(x, v, memory_order_##order)
#define platform_compare_exchange(x, old, v, order) \
  atomic_compare_exchange_weak_explicit(x, old, v, memory_order_##order, memory_order_relaxed)

/* StoreLoad fences, where both sides store, fence and load: at least one sees the other's store. Light on the frequent
 * side, heavy on the rare one. Where the system has a barrier for all threads of the process (Linux:
 * membarrier), the heavy fence issues it and the light one stops only the compiler (P1202); elsewhere both are full. */
#define platform_fence_full() atomic_thread_fence(memory_order_seq_cst)
#define platform_fence_light() (platform_asymmetric ? atomic_signal_fence(memory_order_seq_cst) : platform_fence_full())
void platform_fence_heavy(void);
#ifdef OMNI_PORTABLE
#define platform_asymmetric 0
#else
extern int platform_asymmetric; /* set before any channel is made, and constant since */
#endif

/* What cannot happen, and would overwrite memory if it did; a verification build reports it. */
#define platform_trap(what) __builtin_trap()

/* How many buffers of a pool are brought into use before any is used again: some 1 MiB of them (measured, see
 * docs/performance.md), a power of two. */
static inline uint32_t platform_budget(uint32_t count, uint64_t stride) {
  while (count > 0 && count * stride > 1024 * 1024) count /= 2;
  return count;
}

#define platform_copy(to, from, size) memcpy(to, from, size)

/* A word to sleep on. */
typedef struct {
  _Atomic uint32_t value;
  _Atomic int64_t asleep_since; /* monotonic nanoseconds, 0 while nobody sleeps: to be looked at, orders nothing */
#ifdef OMNI_PORTABLE
  pthread_mutex_t mutex;
  pthread_cond_t changed;
#endif
} platform_word;

/* Identifies the calling thread among all that live. The register that the builtin reads is the thread's on Linux; on
 * macOS it is not. */
#if defined(__linux__) && defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
#define platform_self() ((uint64_t)(uintptr_t)__builtin_thread_pointer())
#endif
#endif
#ifndef platform_self
#define platform_self() ((uint64_t)(uintptr_t)pthread_self())
#endif

/* How many pops this thread has begun and not ended, or more; and a bit, once its end is watched. With glibc, a module
 * that is loaded late may have a few bytes at a fixed distance from the thread pointer. */
#ifdef __GLIBC__
#define PLATFORM_PER_THREAD _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define PLATFORM_PER_THREAD _Thread_local
#endif
extern PLATFORM_PER_THREAD uint32_t platform_open_pops;
void platform_watch_thread(void);
static inline void platform_pop_begins(void) {
  if (__builtin_expect(platform_open_pops == 0, 0)) platform_watch_thread();
  platform_open_pops++;
}
static inline void platform_pop_ends(void) { platform_open_pops--; }
/* `leave` runs in every thread that ends with pops open. */
void platform_at_thread_end(void (*leave)(void));

typedef pthread_rwlock_t platform_rwlock;
#define PLATFORM_LOCK_INITIALISER PTHREAD_RWLOCK_INITIALIZER /* of one that lives as long as the process */
#define platform_lock_init(lock) pthread_rwlock_init(lock, NULL)
#define platform_lock_destroy(lock) pthread_rwlock_destroy(lock)
#define platform_lock_shared(lock) pthread_rwlock_rdlock(lock)
#define platform_lock_exclusive(lock) pthread_rwlock_wrlock(lock)
#define platform_unlock(lock) pthread_rwlock_unlock(lock)

/* Around every fork: `before` and `parent` in the thread that forks, `child` in its copy. */
#define platform_at_fork(before, parent, child) ((void)pthread_atfork(before, parent, child))
void platform_renew(void);         /* in the child: what a thread of the parent's may have been about to change */
void platform_choose_fences(void); /* as the module is loaded, and by platform_renew */

/* How often a blocked call polls before it sleeps: 0 on a single processor. */
extern int platform_spins;
static inline void platform_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#else
  atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* Pauses, unless there is only one processor. */
static inline void platform_back_off(uint32_t pauses) {
  if (platform_spins == 0) return;
  while (pauses > 0) pauses--, platform_pause();
}

/* Makes a poll of it return; with the portable variant a pipe, otherwise both ends are one eventfd. */
typedef struct {
  int read_end, write_end;
} platform_descriptor;

platform_descriptor *platform_descriptor_open(void);                   /* readable; NULL if refused, with errno */
void platform_descriptor_write(const platform_descriptor *descriptor); /* makes it readable */
void platform_descriptor_read(const platform_descriptor *descriptor);  /* makes it unreadable */
void platform_descriptor_close(platform_descriptor *descriptor);
bool platform_descriptor_ends(int ends[2]); /* of either variant: false if refused */
#define platform_descriptor_number(descriptor) ((descriptor)->read_end)

/* Until others have made it 0, which they do soon. */
#define platform_await_zero(x) \
  while (platform_load(x, acquire)) sched_yield()

#define PLATFORM_NEVER INT64_MAX
#define PLATFORM_SECOND 1000000000 /* in nanoseconds */
enum { PLATFORM_AWAKE, PLATFORM_TIME_UP, PLATFORM_SIGNAL };

int platform_word_init(platform_word *word); /* 0, or an error number */
void platform_word_destroy(platform_word *word);
/* Sleeps while the word has that value: AWAKE when it may have changed, TIME_UP at the deadline (monotonic
 * nanoseconds), SIGNAL when a signal handler ran. The portable variant cannot see signals: it returns SIGNAL after
 * a tenth of a second, so that its caller checks for them. */
int platform_sleep(platform_word *word, uint32_t value, int64_t deadline);
void platform_wake(platform_word *word); /* every thread that sleeps on it; the caller has changed its value */

/* Sleeps until the word has another value; whoever changes it wakes then. relaxed */
static inline void platform_await_change(platform_word *word, uint32_t value) {
  while (platform_load(&word->value, relaxed) == value) platform_sleep(word, value, PLATFORM_NEVER);
}

int64_t platform_now(void); /* monotonic nanoseconds */
/* Around a sleep on the word, for whoever asks for how long; a verification build has neither. */
#define platform_sleeps(word) platform_store(&(word)->asleep_since, platform_now(), relaxed)
#define platform_wakes(word) platform_store(&(word)->asleep_since, 0, relaxed)
static inline int64_t platform_asleep(const platform_word *word) {
  int64_t since = platform_load(&word->asleep_since, relaxed); /* possibly stale */
  return since ? platform_now() - since : -1;
}
struct timespec platform_timespec(int64_t nanoseconds);
int64_t platform_deadline(int64_t timeout);       /* now + timeout; negative or beyond reach: PLATFORM_NEVER */
void *platform_map(uint64_t size);                /* zeroed pages, resident once touched; NULL if refused */
void platform_unmap(void *memory, uint64_t size); /* gives back the pages, even where the system will not unmap */
void *platform_allocate(size_t size);             /* zeroed, on a line of its own; NULL if refused */
void platform_free(void *memory);

/* The index at which a ring begins: 0, and not stored. A test build can set it, so that 64-bit indices wrap within a
 * test; each ring then stores it, since message numbers count from 0 all the same. */
#ifdef OMNI_START_INDEX_SETTABLE
#define START_INDEX_MEMBER uint64_t start_index;
#define START_INDEX(ring) ((ring)->start_index)
#define START_INDEX_KEEP(ring, index) ((void)((ring)->start_index = (index)))
void omni_set_start_index(uint64_t index); /* any thread; for channels made from now on */
uint64_t start_index_of_next(void);
#else
#define START_INDEX_MEMBER
#define START_INDEX(ring) UINT64_C(0)
#define START_INDEX_KEEP(ring, index) ((void)0)
#define start_index_of_next() UINT64_C(0)
#endif

#endif
