#include "platform.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000

enum { SPINS = 200 }; /* some five microseconds: measured, see docs/performance.md */
int platform_spins;

__attribute__((constructor)) static void choose_spins(void) {
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) platform_spins = SPINS;
}

static struct timespec as_timespec(int64_t nanoseconds) {
  return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

#ifndef OMNI_PORTABLE

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>

int platform_asymmetric;

static long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

/* OMNI_FENCES=full in the environment keeps the full fences, for comparison and where a process may not be
 * interrupted on every processor at once. */
__attribute__((constructor)) static void choose_fences(void) {
  const char *wanted = getenv("OMNI_FENCES");
  if (wanted && strcmp(wanted, "full") == 0) return;
  platform_asymmetric = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

void platform_fence_heavy(void) {
  platform_fence_full();
  if (platform_asymmetric) membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

int platform_word_init(platform_word *word) {
  atomic_init(&word->value, 0);
  return 0;
}

void platform_word_destroy(platform_word *word) { (void)word; }

int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  struct timespec until = as_timespec(deadline);
  /* FUTEX_WAIT_BITSET takes a deadline of the monotonic clock, which a signal does not move. */
  long slept = syscall(SYS_futex, &word->value, FUTEX_WAIT_BITSET_PRIVATE, value,
                       deadline == PLATFORM_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  if (slept == 0 || errno == EAGAIN) return PLATFORM_AWAKE;
  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}

void platform_wake(platform_word *word) {
  syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

#else

void platform_fence_heavy(void) { platform_fence_full(); }

#define SLICE (SECOND / 10) /* how long a signal can go unseen */

int platform_word_init(platform_word *word) {
  pthread_condattr_t monotonic;
  atomic_init(&word->value, 0);
  int error = pthread_condattr_init(&monotonic);
  if (error) return error;
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  error = pthread_cond_init(&word->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (error) return error;
  error = pthread_mutex_init(&word->mutex, NULL);
  if (error) pthread_cond_destroy(&word->changed);
  return error;
}

void platform_word_destroy(platform_word *word) {
  pthread_mutex_destroy(&word->mutex);
  pthread_cond_destroy(&word->changed);
}

int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  int64_t slice = platform_deadline(SLICE);
  struct timespec until = as_timespec(deadline < slice ? deadline : slice);
  int error = 0, awake;
  pthread_mutex_lock(&word->mutex);
  /* acquire: pairs with the release of whoever changed the word before platform_wake */
  while (!(awake = platform_load(&word->value, acquire) != value) && !error)
    error = pthread_cond_timedwait(&word->changed, &word->mutex, &until);
  pthread_mutex_unlock(&word->mutex);
  if (awake) return PLATFORM_AWAKE;
  return deadline <= slice ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}

void platform_wake(platform_word *word) {
  /* The mutex: a sleeper has either not looked yet, or is in its wait and hears this. */
  pthread_mutex_lock(&word->mutex);
  pthread_cond_broadcast(&word->changed);
  pthread_mutex_unlock(&word->mutex);
}

#endif

int64_t platform_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int64_t platform_deadline(int64_t timeout) {
  if (timeout < 0) return PLATFORM_NEVER;
  int64_t now = platform_now();
  return timeout > PLATFORM_NEVER - now ? PLATFORM_NEVER : now + timeout;
}

void *platform_map(uint64_t size) {
  /* A system that overcommits would grant what it cannot back and kill the process later. */
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
  if (size / page >= pages) return NULL;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void platform_unmap(void *memory, uint64_t size) { munmap(memory, size); }

void *platform_allocate(size_t size) {
  size = (size + OMNI_LINE - 1) / OMNI_LINE * OMNI_LINE;
  void *memory = aligned_alloc(OMNI_LINE, size);
  return memory ? memset(memory, 0, size) : NULL;
}

void platform_free(void *memory) { free(memory); }

#ifdef OMNI_START_INDEX_SETTABLE

static _Atomic uint64_t next_index;

/* relaxed: orders nothing; who makes channels in another thread has to synchronise with this one anyway */
void omni_set_start_index(uint64_t index) { platform_store(&next_index, index, relaxed); }

uint64_t start_index_of_next(void) { return platform_load(&next_index, relaxed); }

#endif
