/* The pool: which buffer the next message is written into.
 *
 * A message lies in one of 2 x capacity buffers, its header in front of its payload; place i mod 2 x capacity says
 * which one holds message i. The producer takes buffers back first in, first out: those of the messages below the
 * `released_index`, which the consumer stores. It brings fresh ones into use up to a budget, and beyond that only when
 * none has come back, so resident memory follows what is in flight (MEM-1).
 *
 * A pin keeps a buffer from being written again. The producer marks a buffer that it finds pinned as owed, and passes
 * it over; the last unpin gives an owed buffer back through a stack, which the producer takes as a whole. The consumer
 * pops so few that waiting, held and pinned messages are always fewer than buffers (MSG-3). */
#ifndef OMNI_POOL_H
#define OMNI_POOL_H

#include <stdalign.h>
#include <stdbool.h>

#include "platform/platform.h"

typedef struct {
  uint32_t offset; /* of the message in the payload */
  uint32_t length;
  uint32_t below; /* of a buffer in a stack: the number of the one below, plus 1; 0: none */
  uint32_t unused;
  uint8_t payload[]; /* aligned to 16 */
} pool_buffer;

typedef struct {
  /* a cache line that the producer writes */
  alignas(OMNI_LINE) uint64_t cached_released; /* released_index as the producer last saw it */
  uint64_t reclaimed;                          /* the index up to which buffers have been taken back */
  uint32_t fresh;                              /* buffers from this one on have never been used */
  uint32_t spare;                              /* the top of a stack of free buffers, plus 1 */
  uint32_t reserved;                           /* the buffer of the reservation */
  /* read-mostly; `returned` is written by unpins of owed buffers */
  alignas(OMNI_LINE) uint64_t stride;
  uint64_t last; /* the last buffer: their number is a power of two, and this is the mask of `places` */
  uint32_t budget;
  uint8_t *buffers;
  uint32_t *places;          /* written by the producer, where they change */
  _Atomic uint32_t *pins;    /* of each buffer: how many, and POOL_OWED */
  _Atomic uint32_t returned; /* the top of the stack of buffers given back, plus 1 */
} omni_pool;

#define POOL_OWED (UINT32_C(1) << 31)

enum {
  POOL_ALIGNMENT = 16, /* of every payload: what FlatBuffers may need */
  POOL_SKEW = 64       /* added to a stride that would put all buffers into a few sets of each cache */
};

/* Sets the sizes of a pool, and where its parts lie if it has memory already; how many bytes it needs. */
static inline uint64_t pool_lay_out(omni_pool *pool, uint64_t capacity, uint64_t max_message_size, uint8_t *memory) {
  uint64_t count = 2 * capacity;
  pool->last = count - 1;
  pool->stride = (sizeof(pool_buffer) + max_message_size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT;
  if (pool->stride % 1024 == 0) pool->stride += POOL_SKEW;
  pool->budget = platform_budget((uint32_t)count, pool->stride);
  uint64_t buffers = count * pool->stride, words = count * sizeof(uint32_t);
  if (memory) {
    pool->buffers = memory;
    pool->places = (uint32_t *)(void *)(memory + buffers);
    pool->pins = (_Atomic uint32_t *)(void *)(memory + buffers + words);
  }
  return buffers + 2 * words;
}

static inline pool_buffer *pool_at(const omni_pool *pool, uint32_t buffer) {
  return (pool_buffer *)(void *)(pool->buffers + buffer * pool->stride);
}

/* The number of the buffer that holds message `index`. */
static inline uint32_t *pool_place(const omni_pool *pool, uint64_t index) {
  return pool->places + (index & pool->last);
}

/* ---- producer ---- */

static inline void pool_keep_spare(omni_pool *pool, uint32_t buffer) {
  pool_at(pool, buffer)->below = pool->spare;
  pool->spare = buffer + 1;
}

static inline bool pool_take_spare(omni_pool *pool, uint32_t *buffer) {
  if (!pool->spare) return false;
  *buffer = pool->spare - 1;
  pool->spare = pool_at(pool, *buffer)->below;
  return true;
}

/* The buffer of the next released message. False if there is none, or if it is pinned. */
static inline bool pool_reclaim(omni_pool *pool, uint32_t *buffer) {
  if (pool->reclaimed == pool->cached_released) return false;
  *buffer = *pool_place(pool, pool->reclaimed);
  pool->reclaimed++;
  /* acquire: pairs with pool_unpin; without it the buffer is overwritten while an export of it is read */
  if (platform_load(&pool->pins[*buffer], acquire) == 0) return true;
  /* acquire: pairs with pool_unpin, as above, where the last pin has gone meanwhile */
  if (platform_or(&pool->pins[*buffer], POOL_OWED, acquire) != 0) return false;
  platform_store(&pool->pins[*buffer], 0, relaxed); /* no thread can pin it: the message has expired */
  return true;
}

/* The slow path of pool_take. */
__attribute__((noinline)) static uint32_t pool_find(omni_pool *pool, const _Atomic uint64_t *released_index) {
  uint32_t buffer;
  for (bool loaded = false;; loaded = true) {
    while (pool->reclaimed != pool->cached_released)
      if (pool_reclaim(pool, &buffer)) return buffer;
    if (pool_take_spare(pool, &buffer)) return buffer;
    if (pool->fresh < pool->budget) return pool->fresh++;
    if (loaded) break;
    /* acquire: pairs with ring_release; without it the buffer is overwritten while the consumer reads the message */
    pool->cached_released = platform_load(released_index, acquire);
  }
  /* acquire: pairs with pool_give_back; without it the buffer is overwritten while an export of it is read */
  if (platform_load(&pool->returned, relaxed)) pool->spare = platform_exchange(&pool->returned, 0, acquire);
  if (pool_take_spare(pool, &buffer)) return buffer;
  if (pool->fresh > pool->last) platform_trap("more messages are waiting, held and pinned than there are buffers");
  return pool->fresh++;
}

/* A buffer for a message that has a free slot. */
static inline uint32_t pool_take(omni_pool *pool, const _Atomic uint64_t *released_index) {
  uint32_t buffer;
  return __builtin_expect(pool_reclaim(pool, &buffer), 1) ? buffer : pool_find(pool, released_index);
}

/* ---- pins: any thread ---- */

/* The number of the buffer that these bytes are in. */
static inline uint32_t pool_buffer_of(const omni_pool *pool, const uint8_t *data) {
  return (uint32_t)((uint64_t)(data - pool->buffers) / pool->stride);
}

/* Pins a buffer whose message has not expired: how many pins it had, PLATFORM_MOST_PINS where it can have no more. */
static inline uint32_t pool_pin(omni_pool *pool, uint32_t buffer) {
  uint32_t others = platform_load(&pool->pins[buffer], relaxed);
  do {
    /* Not counted and withdrawn: an unpin meanwhile would not find that it is the last */
    if (others >= PLATFORM_MOST_PINS) return PLATFORM_MOST_PINS;
    /* relaxed: the caller's release comes after */
  } while (!platform_compare_exchange(&pool->pins[buffer], &others, others + 1, relaxed));
  return others;
}

static inline void pool_give_back(omni_pool *pool, uint32_t buffer) {
  platform_store(&pool->pins[buffer], 0, relaxed); /* the exchange below releases it */
  uint32_t top = platform_load(&pool->returned, relaxed);
  do {
    pool_at(pool, buffer)->below = top;
    /* release: pairs with pool_find; without it the producer takes a stack whose links are not there yet */
  } while (!platform_compare_exchange(&pool->returned, &top, buffer + 1, release));
}

/* Whether it was the last pin. */
static inline bool pool_unpin(omni_pool *pool, uint32_t buffer) {
  /* release: pairs with pool_reclaim, and with pool_unpin of the last, which acquires; without it the buffer is
   * overwritten while an export of it is read */
  uint32_t pins = platform_add(&pool->pins[buffer], (uint32_t)-1, acq_rel);
  if (pins == (POOL_OWED | 1)) pool_give_back(pool, buffer);
  return (pins & ~POOL_OWED) == 1;
}

#endif
