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

/* A mapping that the system would not unmap: out of the middle of an area that makes two of it, and their number is
 * limited (Linux: vm.max_map_count). Its pages are given back, but for this header; the next mapping is made of it, or
 * the next one that can be unmapped takes it along (MEM-2). */
typedef struct kept_mapping {
  struct kept_mapping *below;
  uint64_t size;
} kept_mapping;

static kept_mapping *_Atomic kept; /* the top of a stack */
static _Atomic bool taking;

static void keep(void *memory, uint64_t size) {
  kept_mapping *mapping = memory;
  if (madvise(memory, size, MADV_DONTNEED) != 0) memset(memory, 0, size); /* locked */
  *mapping = (kept_mapping){platform_load(&kept, relaxed), size};
  /* release: pairs with take_kept */
  while (!platform_compare_exchange(&kept, &mapping->below, mapping, release)) continue;
}

/* A kept mapping of at least that size. One thread at a time takes, so that none comes back meanwhile; another one does
 * without. */
static kept_mapping *take_kept(uint64_t size) {
  kept_mapping *found, *above;
  if (!platform_load(&kept, relaxed) || platform_exchange(&taking, true, acquire)) return NULL;
  do found = platform_load(&kept, acquire); /* pairs with keep */
  while (found && found->size >= size && !platform_compare_exchange(&kept, &found, found->below, relaxed));
  if (found && found->size < size) { /* below the top, others change nothing */
    do above = found;
    while ((found = above->below) && found->size < size);
    if (found) above->below = found->below;
  }
  platform_store(&taking, false, release);
  return found;
}

#define WATCHED (UINT32_C(1) << 31)

PLATFORM_PER_THREAD uint32_t platform_open_pops;
static pthread_key_t watching;
static bool is_watching;
static void (*leave_pops)(void);

static void thread_ends(void *unused) {
  (void)unused;
  if (platform_open_pops & ~WATCHED) leave_pops();
  platform_open_pops = 0; /* where a later destructor of the thread's pops, it is watched again */
}

void platform_at_thread_end(void (*leave)(void)) {
  leave_pops = leave;
  is_watching = pthread_key_create(&watching, thread_ends) == 0;
}

/* The module may be unloaded before its threads end. */
__attribute__((destructor)) static void stop_watching(void) {
  if (is_watching) pthread_key_delete(watching);
}

void platform_watch_thread(void) {
  platform_open_pops = WATCHED;
  pthread_setspecific(watching, &watching); /* without memory for it, the thread is not watched */
}

void platform_renew(void) {
  platform_open_pops &= WATCHED;
  atomic_init(&taking, false); /* the stack itself is whole at every moment */
  platform_choose_fences();    /* whether the child has registered for membarrier is up to the kernel */
}

static uint64_t page_size(void) { return (uint64_t)sysconf(_SC_PAGESIZE); }

static uint64_t whole_pages(uint64_t size) { return (size + page_size() - 1) / page_size() * page_size(); }

void *platform_map(uint64_t size) {
  /* A system that overcommits would grant what it cannot back and kill the process later. */
  if (size / page_size() >= (uint64_t)sysconf(_SC_PHYS_PAGES)) return NULL;
  size = whole_pages(size);
  kept_mapping *again = take_kept(size);
  if (again) {
    if (again->size > size) keep((uint8_t *)again + size, again->size - size);
    *again = (kept_mapping){NULL, 0};
    return again;
  }
  /* Private: a child of fork has its own copy [LIF-9] */
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void platform_unmap(void *memory, uint64_t size) {
  for (size = whole_pages(size); munmap(memory, size) == 0;) {
    kept_mapping *another = take_kept(0);
    if (!another) return;
    memory = another;
    size = another->size;
  }
  keep(memory, size);
}

platform_descriptor *platform_descriptor_open(void) {
  platform_descriptor *descriptor = malloc(sizeof *descriptor);
  int ends[2];
  if (!descriptor || !platform_descriptor_ends(ends)) {
    free(descriptor);
    return NULL;
  }
  *descriptor = (platform_descriptor){ends[0], ends[1]};
  platform_descriptor_write(descriptor);
  return descriptor;
}

/* Full, it is readable too. */
void platform_descriptor_write(const platform_descriptor *descriptor) {
  uint64_t once = 1; /* what an eventfd takes */
  (void)!write(descriptor->write_end, &once, sizeof once);
}

void platform_descriptor_read(const platform_descriptor *descriptor) {
  uint8_t several[512];
  ssize_t most = sizeof several;
  while (read(descriptor->read_end, several, sizeof several) == most) continue;
}

void platform_descriptor_close(platform_descriptor *descriptor) {
  close(descriptor->read_end);
  if (descriptor->write_end != descriptor->read_end) close(descriptor->write_end);
  free(descriptor);
}

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
