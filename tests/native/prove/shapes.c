/* The shapes of channels. REQUESTS: whatever is requested of a broker, in whatever state of its accounts, channel_new
 * is given a valid shape, and the accounts neither overflow nor pass the limit. Else: of a channel of any valid shape,
 * each buffer lies inside the mapping, is aligned, overlaps no other, holds the longest message behind its header, and
 * is found again from any byte of it; places and pins lie behind the buffers; for every index of 64 bits. */
#ifdef REQUESTS
#include "broker.c"
#else
#include "channel.c"
#endif
#include "proof.h"

static omni_channel channel; /* typed, not bytes from a heap: far less for the solver */

#ifdef REQUESTS

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

bool channel_shut(omni_channel *shut) { return (void)shut, true; }
void channel_release(omni_channel *held) { (void)held; }
void channel_sent(const omni_channel *asked, omni_handle_stats *stats) {
  (void)asked;
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
  bool first = broker_side_ended(&channel, &channel.producer.ended);
  CLAIM(first && broker.active == 1 && broker.memory_used != used);
  bool again = broker_side_ended(&channel, &channel.producer.ended);
  CLAIM(!again && broker.active == 1 && broker.memory_used != used);
  bool last = broker_side_ended(&channel, &channel.consumer.ended);
  CLAIM(last && broker.active == 0 && broker.memory_used == used);
}

#else

/* Proved over the integers by z3 (AXIOM in prove.py); the products here have no overflow, which is proved too. */
#define AXIOM(x, y, s) ASSUME(!((x) < (y)) || (x) * (s) + (s) <= (y) * (s))
/* What a quotient is. */
#define QUOTIENT(q, x, s) ASSUME((q) * (s) <= (x) && (x) - (q) * (s) < (s))

static uint64_t mapped;

int platform_word_init(platform_word *word) {
  word->value = 0;
  return nondet_bool();
}
void platform_word_destroy(platform_word *word) { (void)word; }
void *platform_allocate(size_t size) {
  CLAIM(size == sizeof channel);
  return nondet_bool() ? &channel : NULL;
}
void platform_free(void *memory) { CLAIM(memory == &channel); }
void *platform_map(uint64_t size) {
  mapped = size;
  return nondet_bool() ? malloc(size) : NULL;
}
void platform_unmap(void *memory, uint64_t size) {
  CLAIM(size == mapped);
  free(memory);
}
void platform_wake(platform_word *word) { (void)word; }

int main(void) {
  /* The masks keep the other bits constant, so that products stay small. */
  uint64_t capacity = UINT64_C(1) << (nondet_u64() & 31), longest = nondet_u64() & 0x1ffffff, index = nondet_u64();
  ASSUME(valid_shape(capacity, longest));
  if (!channel_new("", 0, capacity, longest)) return 0;
  REACHED("a channel was made");
  const omni_ring *ring = &channel.ring;
  const omni_pool *pool = &ring->pool;
  uint64_t stride = pool->stride, count = 2 * capacity, buffer = nondet_u64() & 0xfffff;
  CLAIM(ring->capacity == capacity && channel.max_message_size == longest && channel.mapping_size == mapped);
  CLAIM(pool->last == count - 1 && pool->fresh == 0 && pool->spare == 0 && pool->returned == 0);
  CLAIM(stride >= sizeof(pool_buffer) + longest);
  CLAIM(stride < sizeof(pool_buffer) + longest + POOL_ALIGNMENT + POOL_SKEW);
  CLAIM(stride % POOL_ALIGNMENT == 0 && sizeof(pool_buffer) % POOL_ALIGNMENT == 0 && stride % 1024 != 0);
  CLAIM(ring->write_index == ring->read_index && ring->cached_read == ring->read_index &&
        ring->cached_write == ring->write_index && ring->back_off == BACK_OFF_MIN &&
        ring->released_index == ring->read_index && pool->reclaimed == ring->read_index &&
        pool->cached_released == ring->read_index);
  CLAIM(pool->budget <= count && (pool->budget & (pool->budget - 1)) == 0);
  ASSUME(buffer < count);
  AXIOM(buffer, count, stride);
  uint64_t offset = (uint64_t)((uint8_t *)pool_at(pool, (uint32_t)buffer) - pool->buffers);
  CLAIM(offset == buffer * stride);
  CLAIM(offset + stride <= count * stride);
  CLAIM(offset % POOL_ALIGNMENT == 0);
  uint64_t words = (uint64_t)((uint8_t *)pool->places - pool->buffers);
  CLAIM(words == count * stride && words % sizeof(uint32_t) == 0);
  CLAIM((uint8_t *)pool->pins - pool->buffers == words + 4 * count && mapped == words + 8 * count);
  CLAIM((uint64_t)(pool_place(pool, index) - pool->places) == index % count);
  uint64_t inside = nondet_u64() & 0x1ffffff;
  ASSUME(inside < stride);
  uint64_t found = pool_buffer_of(pool, pool->buffers + offset + inside);
  QUOTIENT(found, offset + inside, stride);
  AXIOM(found, buffer, stride);
  AXIOM(buffer, found, stride);
  CLAIM(found == buffer);
}

#endif
