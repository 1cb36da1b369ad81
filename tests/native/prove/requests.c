/* Whatever is requested of a broker, in whatever state of its accounts, channel_new is given a valid shape, and the
 * accounts neither overflow nor pass the limit. */
#include "broker.c"
#include "proof.h"

static omni_channel channel; /* typed, not bytes from a heap: far less for the solver */
static uint64_t given_capacity, given_size;

omni_channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size) {
  (void)name, (void)name_size;
  CLAIM(valid_shape(capacity, max_message_size));
  given_capacity = capacity;
  given_size = max_message_size;
  if (nondet_bool()) return NULL;
  channel.ring.capacity = capacity;
  channel.max_message_size = max_message_size;
  channel.open_handles = 2;
  return &channel;
}

void channel_shut(omni_channel *shut) { (void)shut; }
void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats) {
  (void)producer;
  *stats = (omni_handle_stats){nondet_u64(), nondet_u64(), nondet_u64()};
}
static int held;
int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  (void)lock;
  CLAIM(!held);
  return held = 1, 0;
}
int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
  (void)lock;
  CLAIM(held);
  return held = 0;
}
void platform_wake(platform_word *word) { (void)word; }
void platform_free(void *memory) { (void)memory; }
void *platform_allocate(size_t size) { return (void)size, NULL; } /* as a table that cannot grow */

int main(void) {
  static omni_channel *buckets[PLATFORM_FIRST_BUCKETS];
  omni_broker broker = {.buckets = buckets, .bucket_count = PLATFORM_FIRST_BUCKETS};
  omni_producer *producer = NULL;
  omni_consumer *consumer = NULL;
  uint64_t capacity = nondet_u64(), max_message_size = nondet_u64();
  uint8_t name[4];
  size_t name_size = nondet_u64();
  ASSUME(name_size <= sizeof name);
  broker.memory_limit = nondet_u64();
  broker.memory_used = nondet_u64();
  ASSUME(broker.memory_used <= broker.memory_limit);
  broker.created = nondet_u64();
  ASSUME(broker.created < UINT64_MAX); /* at a thousand million a second: 584 years */
  broker.references = nondet_u64();
  ASSUME(broker.references >= 1 && broker.references < UINT64_MAX);
  uint64_t used = broker.memory_used;
  int result = omni_request_channel(&broker, name, name_size, capacity, max_message_size, &producer, &consumer);
  CLAIM(broker.memory_used <= broker.memory_limit);
  CLAIM((result == OMNI_CHANNEL_INVALID_CONFIG) == (name_size == 0));
  if (result != OMNI_CHANNEL_SUCCESS) {
    CLAIM(broker.memory_used == used && producer == NULL && broker.active == 0);
    return 0;
  }
  REACHED("a channel was made");
  /* CFG-2: the smallest power of two that is not below what was asked, within the limits */
  if (capacity >= 8 && capacity <= 524288) CLAIM(given_capacity >= capacity && given_capacity / 2 < capacity);
  if (capacity < 8) CLAIM(given_capacity == 8);
  if (capacity > 524288) CLAIM(given_capacity == 524288);
  if (max_message_size >= 64 && max_message_size <= 16777216) CLAIM(given_size == max_message_size);
  CLAIM(broker.memory_used - used == given_capacity * given_size);
  CLAIM(broker.active == 1);
  broker_handle_closed(&channel);
  CLAIM(broker.active == 1 && broker.memory_used != used);
  broker_handle_closed(&channel);
  CLAIM(broker.active == 0 && broker.memory_used == used);
}
