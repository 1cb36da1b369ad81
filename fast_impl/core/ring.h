/* The ring: the protocol between one producer and one consumer.
 *
 * Two monotonic indices, each written by one side; `capacity` messages fit, in twice as many slots. A
 * popped message's slot is out of the producer's reach until the *next* pop, so a pop frees its slot at
 * once while the message stays readable. Message i is not overwritten before the read index passes
 * i + capacity. */
#ifndef OMNI_RING_H
#define OMNI_RING_H

#include <stdalign.h>
#include <stdbool.h>

#include "platform/platform.h"

typedef struct {
  uint32_t offset; /* of the message in the payload */
  uint32_t length;
  _Atomic uint32_t pins; /* how many hold on to this message; the consumer's side only */
  uint32_t unused;
  uint8_t payload[]; /* aligned to 16 */
} ring_slot;

typedef struct {
  /* the producer's lines: what the consumer looks at, and what it does not */
  alignas(OMNI_LINE) _Atomic uint64_t write_index;
  alignas(OMNI_LINE) uint64_t cached_read; /* read_index as the producer last saw it */
  _Atomic uint64_t bytes_sent, failed_pushes;
  /* the consumer's lines, likewise */
  alignas(OMNI_LINE) _Atomic uint64_t read_index;
  alignas(OMNI_LINE) uint64_t cached_write; /* write_index as the consumer last saw it */
  uint64_t backed_off_at;                   /* the read_index at which the consumer lingered last */
  uint32_t back_off;                        /* for how many pauses */
  _Atomic uint64_t bytes_received, failed_pops;
  /* read often, written when a side ends or sleeps */
  alignas(OMNI_LINE) _Atomic uint32_t producer_alive;
  _Atomic uint32_t consumer_alive;
  uint64_t capacity, stride;
  uint8_t *slots; /* 2 x capacity of `stride` bytes */
  START_INDEX_MEMBER
  alignas(OMNI_LINE) platform_word producer_waiter;
  alignas(OMNI_LINE) platform_word consumer_waiter;
} omni_ring;

enum { BACK_OFF_MIN = 8, BACK_OFF_MAX = 32 }; /* pauses: measured, see docs/performance.md */

static inline ring_slot *ring_slot_at(const omni_ring *ring, uint64_t index) {
  return (ring_slot *)(ring->slots + (index & (2 * ring->capacity - 1)) * ring->stride);
}

/* Empty, and both sides there; before anybody else knows of the ring. */
static inline void ring_begin(omni_ring *ring, uint64_t index) {
  START_INDEX_KEEP(ring, index);
  atomic_init(&ring->write_index, index);
  atomic_init(&ring->read_index, index);
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

/* The slot of message `number`. */
static inline ring_slot *ring_slot_of(const omni_ring *ring, uint64_t number) {
  return ring_slot_at(ring, START_INDEX(ring) + number);
}

/* Wake a side that sleeps, after the news for it has been stored. */
static inline void eventcount_wake(platform_word *asleep) {
  platform_fence_light(); /* between the news and the look; pairs with the fence in EVENTCOUNT_WAIT */
  /* relaxed: the fence orders the look, and what the sleeper looks at next orders itself */
  if (platform_load(&asleep->value, relaxed) && platform_exchange(&asleep->value, 0, relaxed)) platform_wake(asleep);
}

/* ---- producer ---- */

/* How many slots may be written, from ring_next_slot on; looks at the consumer's index only if fewer than `wanted`
 * are known of. */
static inline uint64_t ring_free_slots(omni_ring *ring, uint64_t wanted) {
  uint64_t write = platform_load(&ring->write_index, relaxed); /* own index */
  if (ring->capacity - (write - ring->cached_read) < wanted) {
    /* acquire: pairs with the release in ring_release; the consumer has read what this slot held */
    ring->cached_read = platform_load(&ring->read_index, acquire);
    if (ring->capacity - (write - ring->cached_read) < wanted) {
      platform_fence_full(); /* an answer of FULL is younger than own messages; pairs with the one in ring_waiting */
      ring->cached_read = platform_load(&ring->read_index, acquire);
    }
  }
  return ring->capacity - (write - ring->cached_read);
}

/* The slot to write next, `ahead` after it. */
static inline ring_slot *ring_next_slot(const omni_ring *ring, uint64_t ahead) {
  return ring_slot_at(ring, platform_load(&ring->write_index, relaxed) + ahead); /* own index */
}

/* Count `count` messages of `size` bytes in all, and let the consumer see their slots. */
static inline void ring_publish(omni_ring *ring, uint64_t count, uint64_t size) {
  uint64_t write = platform_load(&ring->write_index, relaxed); /* own index */
  uint64_t bytes = platform_load(&ring->bytes_sent, relaxed);  /* own counter */
  platform_store(&ring->bytes_sent, bytes + size, relaxed);    /* a statistic: orders nothing */
  platform_store(&ring->write_index, write + count, release);  /* publishes the slots: pairs with ring_waiting */
  eventcount_wake(&ring->consumer_waiter);
}

/* ---- consumer ---- */

/* The consumer has caught up with the producer. Were it to look all the time, each message would be one that both sides
 * wait for, as its lines go back and forth between them; so it looks away for a moment, longer while several messages
 * come of that. Once at each index: who asks again is answered at once. */
static inline void ring_back_off(omni_ring *ring, uint64_t read) {
  uint64_t came = read - ring->backed_off_at;
  if (came == 0) return;
  if (came > 1 && ring->back_off < BACK_OFF_MAX) ring->back_off *= 2;
  if (came == 1 && ring->back_off > BACK_OFF_MIN) ring->back_off /= 2;
  ring->backed_off_at = read;
  platform_back_off(ring->back_off);
}

/* How many messages wait; looks at the producer's index only if fewer than `wanted` are known of. `*ended`
 * says, where it gives 0, whether the producer has ended, so that there will never be one. */
static inline uint64_t ring_waiting(omni_ring *ring, uint64_t wanted, bool *ended) {
  uint64_t read = platform_load(&ring->read_index, relaxed); /* own index */
  if (ring->cached_write - read < wanted) {
    ring->cached_write = platform_load(&ring->write_index, acquire); /* pairs with the release in ring_publish */
    if (ring->cached_write - read < wanted) {
      if (ring->cached_write == read) ring_back_off(ring, read);
      platform_fence_full(); /* an answer of EMPTY is younger than own pops; pairs with the one in ring_free_slots */
      ring->cached_write = platform_load(&ring->write_index, acquire);
    }
  }
  *ended = false;
  /* acquire: pairs with the release in ring_end_producer, which comes after its last message */
  if (ring->cached_write == read && !platform_load(&ring->producer_alive, acquire)) {
    ring->cached_write = platform_load(&ring->write_index, relaxed); /* again: a message just before the end */
    *ended = ring->cached_write == read;
  }
  return ring->cached_write - read;
}

/* Give `count` slots of `bytes` in all back to the producer. */
static inline void ring_release(omni_ring *ring, uint64_t count, uint64_t bytes) {
  uint64_t read = platform_load(&ring->read_index, relaxed);      /* own index */
  uint64_t total = platform_load(&ring->bytes_received, relaxed); /* own counter */
  platform_store(&ring->bytes_received, total + bytes, relaxed);  /* a statistic: orders nothing */
  /* release: the reads through views of earlier pops come before; pairs with ring_free_slots */
  platform_store(&ring->read_index, read + count, release);
  eventcount_wake(&ring->producer_waiter);
}

/* ---- either ---- */

/* How many messages wait, asked from any side or thread: exact when nobody is active. */
static inline uint64_t ring_length(const omni_ring *ring) {
  uint64_t read = platform_load(&ring->read_index, acquire); /* first, so that the difference is never negative */
  uint64_t length = platform_load(&ring->write_index, relaxed) - read; /* relaxed: possibly stale, by contract */
  return length > ring->capacity ? ring->capacity : length;
}

/* The producer will push no more; nobody is inside it. */
static inline void ring_end_producer(omni_ring *ring) {
  platform_store(&ring->producer_alive, 0, release); /* after the last write_index; pairs with ring_waiting */
  eventcount_wake(&ring->consumer_waiter);
}

/* The consumer will pop no more, or may be sent no more. */
static inline void ring_end_consumer(omni_ring *ring) {
  platform_store(&ring->consumer_alive, 0, relaxed); /* says nothing about memory; eventcount_wake orders it */
  eventcount_wake(&ring->producer_waiter);
}

#endif
