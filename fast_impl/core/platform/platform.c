/* What both variants share: time, memory, and how long to poll. */
#include "platform.h"
#include "omni_internal.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SPINS = 200 }; /* some five microseconds: measured, see docs/performance.md */
int platform_spins;

__attribute__((constructor)) static void choose_spins(void) {
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) platform_spins = SPINS;
}

struct timespec platform_timespec(int64_t nanoseconds) {
  return (struct timespec){.tv_sec = nanoseconds / PLATFORM_SECOND, .tv_nsec = nanoseconds % PLATFORM_SECOND};
}

bool omni_spin_until(_Atomic bool *flag) {
  int spins = platform_spins;
  while (spins > 0 && !platform_load(flag, relaxed)) spins--, platform_pause();
  return spins > 0;
}

const char *omni_fences(void) { return platform_asymmetric ? "asymmetric" : "full"; }

int64_t platform_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * PLATFORM_SECOND + now.tv_nsec;
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

/* relaxed: orders nothing; a thread that makes channels has to synchronise with this call anyway */
void omni_set_start_index(uint64_t index) { platform_store(&next_index, index, relaxed); }

uint64_t start_index_of_next(void) { return platform_load(&next_index, relaxed); }

#endif
