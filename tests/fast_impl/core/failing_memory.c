/* Every allocation and mapping fails once, in turn: ALLOCATION_FAILED, nothing registered, counted or leaked. Then the
 * system refuses to unmap: the memory is given back all the same (MEM-2).
 * Linked with --wrap=aligned_alloc,--wrap=mmap,--wrap=munmap,--wrap=free, which count what is outstanding. */
#include "platform/platform.h" /* first: it says which names the system headers give */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "omni_mailbox.h"

#define CHECK(what) ((what) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what), exit(1)))

static _Atomic long fail_at, calls, outstanding, mapped; /* of the mappings: bytes */
static _Atomic long unmappable; /* how many more can be unmapped; the system refuses the rest */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t size);
void __real_free(void *memory);

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  if (++calls == fail_at) return NULL;
  outstanding++;
  return __real_aligned_alloc(alignment, size);
}
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
  if (++calls == fail_at) return MAP_FAILED;
  mapped += (long)size;
  return __real_mmap(at, size, protection, flags, file, offset);
}
int __wrap_munmap(void *at, size_t size) {
  if (unmappable-- <= 0) return errno = ENOMEM, -1;
  mapped -= (long)size;
  return __real_munmap(at, size);
}
void __wrap_free(void *memory) {
  outstanding -= memory != NULL;
  __real_free(memory);
}

/* Returns whether the failure was reached. */
static int run(long at) {
  omni_producer *producer[100];
  omni_consumer *consumer[100];
  omni_broker_stats stats;
  uint64_t made = 0, refused = 0;
  fail_at = at;
  calls = 0;
  unmappable = LONG_MAX;
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  if (!broker) {
    CHECK(outstanding == 0 && mapped == 0);
    return 1;
  }
  for (uint8_t name = 0; name < 100; name++) { /* enough for the table to grow */
    int result = omni_request_channel(broker, &name, 1, 8, 64, &producer[made], &consumer[made]);
    CHECK(result == OMNI_CHANNEL_SUCCESS || result == OMNI_CHANNEL_ALLOCATION_FAILED);
    CHECK(omni_has_channel(broker, &name, 1) == (result == OMNI_CHANNEL_SUCCESS));
    made += result == OMNI_CHANNEL_SUCCESS;
    refused += result != OMNI_CHANNEL_SUCCESS;
  }
  omni_broker_get_stats(broker, &stats);
  CHECK(stats.active_channels == made && stats.total_channels_created == made && refused <= 1);
  while (made--) omni_consumer_free(consumer[made]), omni_producer_free(producer[made]);
  omni_broker_free(broker);
  CHECK(outstanding == 0 && mapped == 0);
  return calls >= at;
}

/* ---- munmap is refused ---- */

enum { CHANNELS = 32, CAPACITY = 64, LONGEST = 16 * 1024 };

static omni_broker *broker;

/* Channels whose memory has all been touched, made and freed. */
static void use_and_free(int channels, uint64_t longest) {
  omni_producer *producer[CHANNELS];
  omni_consumer *consumer[CHANNELS];
  omni_region region;
  omni_message message;
  for (int i = 0; i < channels; i++) {
    char name[40];
    int size = snprintf(name, sizeof name, "%lu %d", (unsigned long)pthread_self(), i);
    CHECK(omni_request_channel(broker, name, (size_t)size, CAPACITY, longest, &producer[i], &consumer[i]) == 0);
    for (int sent = 0; sent < CAPACITY; sent++) {
      CHECK(omni_reserve(producer[i], 1, &region) == 0);
      for (uint64_t at = 0; at < longest; at++) CHECK(region.data[at] == 0); /* none is used twice yet */
      memset(region.data, 0xff, longest);
      CHECK(omni_commit(producer[i], longest, 0) == 0);
    }
    for (int popped = 0; popped < CAPACITY; popped++) CHECK(omni_try_pop(consumer[i], &message) == 0);
  }
  for (int i = 0; i < channels; i++) omni_producer_free(producer[i]), omni_consumer_free(consumer[i]);
}

/* KiB of this process's private memory that are resident, of mappings alone. */
static long resident(void) {
  char line[512];
  long kib = 0, size, inside = 0;
  FILE *maps = fopen("/proc/self/smaps", "r");
  CHECK(maps);
  while (fgets(line, sizeof line, maps)) {
    if (strchr(line, '-') && strstr(line, " rw-p ")) inside = !strchr(line, '[') && !strchr(line, '/');
    else if (strchr(line, '-') && strstr(line, "p 0000")) inside = 0;
    if (inside && sscanf(line, "Rss: %ld kB", &size) == 1) kib += size;
  }
  fclose(maps);
  return kib;
}

static void *use_and_free_here(void *nothing) {
  for (int i = 0; i < 20; i++) {
    unmappable += i % 3;
    use_and_free(2, LONGEST >> i % 4);
  }
  return nothing;
}

static void refused(void) {
  long before = resident(), page = sysconf(_SC_PAGESIZE);
  pthread_t threads[3];
  fail_at = -1;
  unmappable = 0;
  CHECK((broker = omni_broker_new(UINT64_MAX)) != NULL);
  uint64_t *words = platform_map((uint64_t)page);
  CHECK(words != NULL);
  for (int again = 0; again < 2; again++) {
    CHECK(words[0] == 0 && words[1] == 0);
    words[0] = words[1] = 1;
    platform_unmap(words, (uint64_t)page);
    CHECK(platform_map((uint64_t)page) == words && mapped == page);
  }
  platform_unmap(words, (uint64_t)page);
  use_and_free(CHANNELS, LONGEST);
  long kept = mapped;
  CHECK(kept > (long)CHANNELS * 2 * CAPACITY * LONGEST);
  CHECK(resident() - before <= CHANNELS * page / 1024 + 1024); /* a page of each; the threads and the heap have some */
  use_and_free(CHANNELS, LONGEST);
  CHECK(mapped == kept); /* made of what was kept */
  use_and_free(CHANNELS, LONGEST / 4);
  CHECK(mapped == kept); /* of parts of it, too */
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, use_and_free_here, NULL) == 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  CHECK(mapped > 0);
  unmappable = LONG_MAX;
  use_and_free(1, 2 * LONGEST);
  CHECK(mapped == 0); /* one that can be unmapped takes all of them along */
  omni_broker_free(broker);
  CHECK(outstanding == 0);
}

int main(void) {
  long at = 1;
  while (run(at)) at++;
  CHECK(at > 200); /* a broker, its table, and two for each of 100 channels */
  refused();
  printf("%ld failures\n", at - 1);
}
