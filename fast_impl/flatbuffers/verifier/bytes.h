/* The bytes of one buffer: what lies inside, what is aligned, and reading without either being assumed.
 *
 * Offsets are 64 bits wide: a buffer has less than 2^31 bytes, and nothing that is added to a place in it has more
 * than 32, so no sum can wrap. */
#ifndef OMNI_VERIFIER_BYTES_H
#define OMNI_VERIFIER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LARGEST_BUFFER 0x7fffffffu

enum {
  OFFSET = 4,           /* of an offset to something else, and of a vector's length */
  SMALLEST_BUFFER = 12, /* root offset, the root's offset to its vtable, and that vtable's own size and its table's */
};

typedef struct {
  const uint8_t *start;
  uint32_t size;
} span;

static inline uint16_t load16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }

static inline uint32_t load32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t load64(const uint8_t *at) { return load32(at) | (uint64_t)load32(at + 4) << 32; }

/* As in C++, what fills the whole buffer does not lie inside it. */
static inline bool inside(const span *buffer, uint64_t at, uint64_t size) {
  return size < buffer->size && at <= buffer->size - size;
}

/* Relative to the buffer, wherever that lies; align: a power of two. */
static inline bool aligned(uint64_t at, uint32_t align) { return (at & (align - 1)) == 0; }

static inline bool holds(const span *buffer, uint64_t at, uint64_t size, uint32_t align) {
  return aligned(at, align) && inside(buffer, at, size);
}

/* Where the offset at `at` leads, or 0, where nothing but the root offset can be. */
static inline uint64_t follow(const span *buffer, uint64_t at) {
  if (!holds(buffer, at, OFFSET, OFFSET)) return 0;
  uint32_t offset = load32(buffer->start + at);
  if (offset == 0 || offset > INT32_MAX || !inside(buffer, at + offset, 1)) return 0;
  return at + offset;
}

#endif
