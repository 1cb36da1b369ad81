/* The ring: the protocol between one producer and one consumer.
 *
 * Monotonic indices, each written by one side. [read, write) are the messages that wait, at most `capacity`;
 * [released, read) are those of the last pop, which stay readable until the *next* one. So a pop makes room at once,
 * while what it took is out of the producer's reach. The messages lie in the buffers of a pool. */
#ifndef OMNI_RING_H
#define OMNI_RING_H

#include "eventcount.h"
#include "pool.h"

typedef struct {
  /* cache lines that the producer writes: one that the consumer loads, and one of its own */
  alignas(OMNI_LINE) _Atomic uint64_t write_index;
  alignas(OMNI_LINE) uint64_t cached_read; /* read_index as the producer last saw it */
  _Atomic uint64_t bytes_sent, failed_pushes;
  /* cache lines that the consumer writes, likewise */
  alignas(OMNI_LINE) _Atomic uint64_t read_index;
  _Atomic uint64_t released_index;          /* at most read_index */
  alignas(OMNI_LINE) uint64_t cached_write; /* write_index as the consumer last saw it */
  uint64_t backed_off_at;                   /* the read_index at which the consumer last backed off */
  uint32_t back_off;                        /* pauses of the next back-off */
  _Atomic uint64_t bytes_received, failed_pops;
  /* read-mostly: stored when a side ends */
  alignas(OMNI_LINE) _Atomic uint32_t producer_alive;
  _Atomic uint32_t consumer_alive;
  uint64_t capacity;
  START_INDEX_MEMBER
  alignas(OMNI_LINE) omni_eventcount producer_waiter;
  alignas(OMNI_LINE) omni_eventcount consumer_waiter;
  omni_pool pool;
} omni_ring;

enum { BACK_OFF_MIN = 8, BACK_OFF_MAX = 32 }; /* pauses: measured, see docs/performance.md */

/* The buffer that holds message `index`. */
static inline pool_buffer *ring_buffer(const omni_ring *ring, uint64_t index) {
  return pool_at(&ring->pool, *pool_place(&ring->pool, index));
}

/* Empty, and both sides alive; before another thread knows of the ring. */
static inline void ring_begin(omni_ring *ring, uint64_t index) {
  START_INDEX_KEEP(ring, index);
  atomic_init(&ring->write_index, index);
  atomic_init(&ring->read_index, index);
  atomic_init(&ring->released_index, index);
  ring->pool.cached_released = ring->pool.reclaimed = index;
  ring->cached_read = ring->cached_write = ring->backed_off_at = index;
  ring->back_off = BACK_OFF_MIN;
  atomic_init(&ring->producer_alive, 1);
  atomic_init(&ring->consumer_alive, 1);
}

/* How many messages come before the one at `index`. */
static inline uint64_t ring_number(const omni_ring *ring, uint64_t index) {
  (void)ring;
  return index - START_INDEX(ring);
}

/* One more, of a statistic with one writer. */
static inline void count(_Atomic uint64_t *counter) {
  /* release: pairs with channel_sent and omni_consumer_get_stats */
  platform_store(counter, platform_load(counter, relaxed) + 1, release);
}

/* ---- producer ---- */

/* How many slots are free; loads the consumer's index only if the cached one shows fewer than `wanted`. */
static inline uint64_t ring_free_slots(omni_ring *ring, uint64_t wanted) {
  uint64_t write = platform_load(&ring->write_index, relaxed); /* own index */
  if (ring->capacity - (write - ring->cached_read) < wanted) {
    /* acquire: pairs with ring_release; without it the buffers that this pop has released are not found */
    ring->cached_read = platform_load(&ring->read_index, acquire);
    if (ring->capacity - (write - ring->cached_read) < wanted) {
      /* pairs with ring_waiting; without it FULL is not linearizable after the caller's own messages */
      platform_fence_full();
      ring->cached_read = platform_load(&ring->read_index, acquire);
    }
  }
  return ring->capacity - (write - ring->cached_read);
}

/* The message `ahead` of the next one is in that buffer: `size` bytes of its payload, from `offset` on. The payload. */
static inline uint8_t *ring_put(const omni_ring *ring, uint64_t ahead, uint32_t buffer, size_t size, size_t offset) {
  pool_buffer *message = pool_at(&ring->pool, buffer);
  message->offset = (uint32_t)offset;
  message->length = (uint32_t)size;
  uint32_t *place = pool_place(&ring->pool, platform_load(&ring->write_index, relaxed) + ahead); /* own index */
  if (*place != buffer) *place = buffer; /* while buffers go round in order its line stays shared */
  return message->payload;
}

/* Publishes the next `count` messages, of `size` bytes in all. */
static inline void ring_publish(omni_ring *ring, uint64_t count, uint64_t size) {
  uint64_t write = platform_load(&ring->write_index, relaxed); /* own index */
  uint64_t bytes = platform_load(&ring->bytes_sent, relaxed);  /* own counter */
  /* release: pairs with ring_waiting; without it the consumer reads a message that is not there yet */
  platform_store(&ring->write_index, write + count, release);
  /* release: pairs with ring_waiting, its full fence; without it who has found a message counted could find none */
  platform_store(&ring->bytes_sent, bytes + size, release);
  eventcount_wake(&ring->consumer_waiter);
}

/* ---- consumer ---- */

/* Adaptive back-off of a consumer that has caught up. If it polled without a pause, the cache lines of each message
 * would bounce between the two cores; so it pauses, longer while that yields several messages at once. Once at each
 * index: a second call at the same index returns immediately. */
static inline void ring_back_off(omni_ring *ring, uint64_t read) {
  uint64_t came = read - ring->backed_off_at;
  if (came == 0) return;
  if (came > 1 && ring->back_off < BACK_OFF_MAX) ring->back_off *= 2;
  if (came == 1 && ring->back_off > BACK_OFF_MIN) ring->back_off /= 2;
  ring->backed_off_at = read;
  platform_back_off(ring->back_off);
}

/* How many messages wait; loads the producer's index only if the cached one shows fewer than `wanted`. `*ended`:
 * whether that is 0 because the producer has ended, so that there will never be one. */
static inline uint64_t ring_waiting(omni_ring *ring, uint64_t wanted, bool *ended) {
  uint64_t read = platform_load(&ring->read_index, relaxed); /* own index */
  if (ring->cached_write - read < wanted) {
    ring->cached_write = platform_load(&ring->write_index, acquire); /* pairs with ring_publish */
    if (ring->cached_write - read < wanted) {
      if (ring->cached_write == read) ring_back_off(ring, read);
      /* pairs with ring_free_slots; without it EMPTY is not linearizable after the caller's own pops */
      platform_fence_full();
      ring->cached_write = platform_load(&ring->write_index, acquire);
    }
  }
  *ended = false;
  /* acquire: pairs with ring_end_producer; without it the last message before the end could be missed */
  if (ring->cached_write == read && !platform_load(&ring->producer_alive, acquire)) {
    ring->cached_write = platform_load(&ring->write_index, relaxed); /* again: the last message before the end */
    *ended = ring->cached_write == read;
  }
  return ring->cached_write - read;
}

/* Pops the next `count` messages, of `bytes` bytes in all; those before `released` are no longer held. */
static inline void ring_release(omni_ring *ring, uint64_t count, uint64_t bytes, uint64_t released) {
  uint64_t read = platform_load(&ring->read_index, relaxed);      /* own index */
  uint64_t total = platform_load(&ring->bytes_received, relaxed); /* own counter */
  /* release: pairs with pool_find; without it a buffer is overwritten while the consumer reads the message. Before
   * read_index, so that a producer that sees the free slots finds buffers for them */
  platform_store(&ring->released_index, released, release);
  /* release: pairs with ring_free_slots; without it the producer sees the free slots, but no buffers for them */
  platform_store(&ring->read_index, read + count, release);
  /* release: pairs with ring_free_slots, its full fence; without it who has found a pop counted could find no slot */
  platform_store(&ring->bytes_received, total + bytes, release);
  eventcount_wake(&ring->producer_waiter);
}

/* ---- either ---- */

/* How many messages wait; for any thread, and exact while neither side is active. */
static inline uint64_t ring_length(const omni_ring *ring) {
  uint64_t read = platform_load(&ring->read_index, acquire); /* first; pairs with ring_release: else negative */
  uint64_t length = platform_load(&ring->write_index, relaxed) - read; /* relaxed: possibly stale, by contract */
  return length > ring->capacity ? ring->capacity : length;
}

/* The producer will push no more; no thread that still may is inside it. */
static inline void ring_end_producer(omni_ring *ring) {
  platform_store(&ring->producer_alive, 0, release); /* pairs with ring_waiting: after the last write_index */
  eventcount_wake(&ring->consumer_waiter);
}

/* The consumer will pop no more, or may be sent no more. */
static inline void ring_end_consumer(omni_ring *ring) {
  platform_store(&ring->consumer_alive, 0, release); /* pairs with nobody_receives: after the closer's last pop */
  eventcount_wake(&ring->producer_waiter);
}

#endif
