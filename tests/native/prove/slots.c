/* Of a channel of any valid shape: each slot lies inside the mapping, begins where message `index` modulo twice the
 * capacity belongs, holds the longest message behind its header, and is aligned; for every index of 64 bits. */
#include "channel.c"
#include "proof.h"

/* Proved over the integers, in axiom.smt2; the products here have no overflow, which is proved too. */
#define AXIOM(x, y, s) ASSUME(!((x) < (y)) || (x) * (s) + (s) <= (y) * (s))

static omni_channel channel; /* typed, not bytes from a heap: far less for the solver */
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
void broker_handle_closed(omni_channel *closed) { (void)closed; }

int main(void) {
  /* The masks keep the other bits constant, so that products stay small. */
  uint64_t capacity = UINT64_C(1) << (nondet_u64() & 31), longest = nondet_u64() & 0x1ffffff, index = nondet_u64();
  ASSUME(valid_shape(capacity, longest));
  if (!channel_new("", 0, capacity, longest)) return 0;
  REACHED("a channel was made");
  const omni_ring *ring = &channel.ring;
  uint64_t stride = ring->stride, count = 2 * capacity, place = index & (count - 1);
  CLAIM(ring->capacity == capacity && channel.max_message_size == longest && channel.mapping_size == mapped);
  CLAIM(stride >= sizeof(ring_slot) + longest && stride < sizeof(ring_slot) + longest + alignment);
  CLAIM(stride % alignment == 0 && sizeof(ring_slot) % alignment == 0);
  CLAIM(mapped == count * stride);
  CLAIM(ring->write_index == ring->read_index && ring->cached_read == ring->read_index &&
        ring->cached_write == ring->write_index && ring->back_off == BACK_OFF_MIN);
  AXIOM(place, count, stride);
  uint64_t offset = (uint64_t)((uint8_t *)ring_slot_at(ring, index) - ring->slots);
  CLAIM(offset == place * stride); /* so two messages share a slot where they are 2 x capacity apart, or not at all */
  CLAIM(offset + stride <= mapped);
  CLAIM(offset % alignment == 0);
}
