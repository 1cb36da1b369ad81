/* Vectors and strings, but for what the elements of a vector lead to. */
#ifndef OMNI_VERIFIER_VECTORS_H
#define OMNI_VERIFIER_VECTORS_H

#include "bytes.h"

/* How many elements it has in `*count`: read once, lest somebody change it between the check and its use. */
static inline bool vector_is_sound(const span *buffer, uint64_t at, uint32_t element_size, uint32_t *count) {
  if (!holds(buffer, at, OFFSET, OFFSET)) return false;
  *count = load32(buffer->start + at);
  return *count < LARGEST_BUFFER / element_size && inside(buffer, at, OFFSET + (uint64_t)*count * element_size);
}

/* With its terminator, which its length does not count. */
static inline bool string_is_sound(const span *buffer, uint64_t at) {
  uint32_t length;
  if (!vector_is_sound(buffer, at, 1, &length)) return false;
  uint64_t end = at + OFFSET + length;
  return inside(buffer, end, 1) && buffer->start[end] == 0;
}

#endif
