/* Every allocation and mapping fails once, in turn: ALLOCATION_FAILED, nothing registered, counted or leaked.
 * Linked with --wrap=aligned_alloc,--wrap=mmap,--wrap=munmap,--wrap=free, which count what is outstanding. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "omni_mailbox.h"

#define CHECK(what) ((what) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what), exit(1)))

static long fail_at, calls, outstanding;

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
  outstanding++;
  return __real_mmap(at, size, protection, flags, file, offset);
}
int __wrap_munmap(void *at, size_t size) {
  outstanding--;
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
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  if (!broker) {
    CHECK(outstanding == 0);
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
  CHECK(outstanding == 0);
  return calls >= at;
}

int main(void) {
  long at = 1;
  while (run(at)) at++;
  CHECK(at > 200); /* a broker, its table, and two for each of 100 channels */
  printf("%ld failures\n", at - 1);
}
