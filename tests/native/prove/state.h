/* Any channel, in any state that its protocol allows. Each slot is an object of its own here, so that an access past
 * one slot's end is an error even where the next slot follows, and only those exist that the operation may touch.
 * Where slots lie is proved in slots.c. */
#ifndef OMNI_TESTS_PROOF_STATE_H
#define OMNI_TESTS_PROOF_STATE_H

#include "proof.h"

enum { OWN = 2 }; /* messages that one operation moves at most */

static omni_channel channel;
static ring_slot *own[OWN], *pinned[OWN];
static uint64_t own_from; /* the side's own index before the operation */

static ring_slot *new_slot(bool message) {
  ring_slot *slot = malloc(channel.ring.stride);
  ASSUME(slot != NULL);
  if (message) { /* what a publish promises: see push.c */
    ASSUME(slot->length >= 1 && slot->length <= channel.max_message_size);
    ASSUME(slot->offset <= channel.max_message_size - slot->length);
  }
  return slot;
}

/* In the place of ring_slot_at: slots of the messages to move, and of those one capacity before, for their pins. */
ring_slot *slot_of_its_own(const omni_ring *ring, uint64_t index) {
  uint64_t ahead = index - own_from, behind = ahead + ring->capacity;
  CLAIM(ahead < OWN || behind < OWN);
  if (behind < OWN) return behind ? pinned[1] : pinned[0];
  return ahead ? own[1] : own[0];
}

/* In the place of memcpy, whose content no proof looks at: the solver is spared the bytes. */
void *checked_copy(void *to, const void *from, size_t size) {
  CLAIM(__CPROVER_w_ok(to, size));
  CLAIM(__CPROVER_r_ok(from, size));
  CLAIM(!__CPROVER_same_object(to, from));
  return to;
}

/* A power of two within its bounds. */
static bool back_off_holds(uint32_t patience) {
  return patience >= BACK_OFF_MIN && patience <= BACK_OFF_MAX && (patience & (patience - 1)) == 0;
}

/* In the place of platform_back_off, to be spared its loop. */
void short_linger(uint32_t pauses) { CLAIM(back_off_holds(pauses)); }

/* Modulo 2^64: cached_read <= read_index <= cached_write <= write_index <= cached_read + capacity; and a slot that is
 * reserved is one that the producer knows to be free. */
static bool state_holds(void) {
  const omni_ring *ring = &channel.ring;
  uint64_t from = ring->cached_read, read = ring->read_index - from, write = ring->write_index - from;
  return read <= write && write <= ring->capacity && ring->cached_write - ring->read_index <= write - read &&
         back_off_holds(ring->back_off) && (!channel.producer.reserved || write < ring->capacity);
}

/* The thread that calls: any. */
pthread_t pthread_self(void) { return nondet_u64(); }
int platform_asymmetric, platform_spins;
void platform_fence_heavy(void) {}
void __builtin_ia32_pause(void) {}

/* The world beside a call: asleep, its time is up or a signal comes. */
void platform_wake(platform_word *word) { (void)word; }
int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  (void)word, (void)value, (void)deadline;
  return nondet_bool() ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}
int64_t platform_deadline(int64_t timeout) { return timeout; }
void broker_handle_closed(omni_channel *closed) { (void)closed; }
bool channel_pin(omni_channel *held) { return (void)held, nondet_bool(); }
void channel_unpin(omni_channel *held) { (void)held; }
void channel_release(omni_channel *held) { (void)held; }

/* Nobody is inside, and a bit of somebody else's is not taken away. */
static bool guard_is_left(const omni_guard *guard, uint32_t before) {
  _Static_assert(PLATFORM_OWNERS == 4, "each is looked at");
  return !(guard->inside[0] | guard->inside[1] | guard->inside[2] | guard->inside[3]) &&
         guard->seat <= PLATFORM_OWNERS && (guard->state | GUARD_WAITER) == (before | GUARD_WAITER);
}

/* Whose seat it is, and who else is on the way in: anything. */
omni_guard nondet_gate(void);
static void any_gate(omni_guard *guard) {
  *gate = nondet_gate();
  ASSUME(guard->state <= (GUARD_BUSY | GUARD_CLOSED | GUARD_WAITER) && guard_is_left(guard, guard->state));
}

static void any_state(void) {
  omni_ring *ring = &channel.ring;
  ring->capacity = nondet_u64();
  channel.max_message_size = nondet_u64();
  ASSUME(valid_shape(ring->capacity, channel.max_message_size));
  ring->stride = sizeof(ring_slot) + (channel.max_message_size + 15) / 16 * 16;
  ring->write_index = nondet_u64();
  ring->read_index = nondet_u64();
  ring->cached_read = nondet_u64();
  ring->cached_write = nondet_u64();
  ring->backed_off_at = nondet_u64();
  ring->back_off = nondet_u64();
  channel.producer.reserved = nondet_bool();
  ASSUME(state_holds());
  ring->bytes_sent = nondet_u64();
  ring->bytes_received = nondet_u64();
  ring->failed_pushes = nondet_u64();
  ring->failed_pops = nondet_u64();
  ring->producer_alive = nondet_bool();
  ring->consumer_alive = nondet_bool();
  channel.producer.channel = channel.consumer.channel = &channel;
  channel.consumer.pins = nondet_u64();
  any_gate(&channel.producer.guard);
  any_gate(&channel.consumer.guard);
  platform_asymmetric = nondet_bool();
  platform_spins = nondet_bool();
}

#endif
