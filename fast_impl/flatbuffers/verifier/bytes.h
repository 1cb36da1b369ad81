/* The bytes of a buffer: bounds and alignment checks for one that has not been verified, plain reads for one that has.
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

/* As in C++, a range that fills the whole buffer is not inside it. */
static inline bool inside(const span *buffer, uint64_t at, uint64_t size) {
  return size < buffer->size && at <= buffer->size - size;
}

/* Relative to the start of the buffer, whatever its address; align: a power of two. */
static inline bool aligned(uint64_t at, uint32_t align) { return (at & (align - 1)) == 0; }

static inline bool holds(const span *buffer, uint64_t at, uint64_t size, uint32_t align) {
  return aligned(at, align) && inside(buffer, at, size);
}

/* The target of the offset at `at`; 0 for an invalid one, since only the root offset can be at 0. */
static inline uint64_t follow(const span *buffer, uint64_t at) {
  if (!holds(buffer, at, OFFSET, OFFSET)) return 0;
  uint32_t offset = load32(buffer->start + at);
  if (offset == 0 || offset > INT32_MAX || !inside(buffer, at + offset, 1)) return 0;
  return at + offset;
}

/* Stores the element count in `*count`. It is loaded once, so that the checked value is the one in use. */
static inline bool vector_is_sound(const span *buffer, uint64_t at, uint32_t element_size, uint32_t *count) {
  if (!holds(buffer, at, OFFSET, OFFSET)) return false;
  *count = load32(buffer->start + at);
  return *count < LARGEST_BUFFER / element_size && inside(buffer, at, OFFSET + (uint64_t)*count * element_size);
}

/* Including the terminator, which the length does not count. */
static inline bool string_is_sound(const span *buffer, uint64_t at) {
  uint32_t length;
  if (!vector_is_sound(buffer, at, 1, &length)) return false;
  uint64_t end = at + OFFSET + length;
  return inside(buffer, end, 1) && buffer->start[end] == 0;
}

/* A table, a vector or a string of a verified buffer, which is read without checks; NULL for an absent one. */
typedef const uint8_t *place;

static inline place slot_of(place table, uint32_t slot) {
  place vtable = table - (int32_t)load32(table);
  uint32_t at = 4 + 2 * slot;
  uint32_t offset = at < load16(vtable) ? load16(vtable + at) : 0;
  return offset ? table + offset : NULL;
}

static inline uint8_t read8(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? *at : 0;
}

static inline uint16_t read16(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? load16(at) : 0;
}

static inline int32_t read32(place table, uint32_t slot, int32_t otherwise) {
  place at = slot_of(table, slot);
  return at ? (int32_t)load32(at) : otherwise;
}

static inline int64_t read64(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? (int64_t)load64(at) : 0;
}

static inline place read_target(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? at + load32(at) : NULL;
}

static inline uint32_t count_of(place vector) { return vector ? load32(vector) : 0; }

static inline place element_of(place vector, uint32_t index) {
  place at = vector + OFFSET + (size_t)index * OFFSET;
  return at + load32(at);
}

#endif
