/* The consumer: pops, batches and pins of messages. */
#include "broker.h"

/* How many of `wanted` messages from `read` on may be popped: message i waits for the pins of i - capacity (MSG-3). */
static uint64_t unpinned(omni_consumer *consumer, uint64_t read, uint64_t wanted) {
  const omni_ring *ring = &consumer->channel->ring;
  /* acquire: pairs with omni_message_unpin; without it the slot is reused while the pinned message is read. The fence
   * in guard_count orders it against omni_message_pin */
  if (platform_load(&consumer->pins, acquire) == 0) return wanted;
  uint64_t free = 0;
  /* acquire: pairs with omni_message_unpin, as above */
  while (free < wanted && platform_load(&ring_slot_at(ring, read + free - ring->capacity)->pins, acquire) == 0) free++;
  return free;
}

/* POP-1 for up to `wanted` messages, from inside the guard; counts no failure. */
static inline int pop(omni_consumer *consumer, uint64_t wanted, omni_message *messages, size_t *count) {
  omni_ring *ring = &consumer->channel->ring;
  bool ended;
  uint64_t waiting = ring_waiting(ring, wanted, &ended);
  if (waiting == 0) return ended ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
  uint64_t read = platform_load(&ring->read_index, relaxed); /* own index */
  uint64_t taken = unpinned(consumer, read, waiting < wanted ? waiting : wanted), bytes = 0;
  if (taken == 0) return OMNI_PINNED;
  uint64_t entry = guard_entries(&consumer->guard);
  for (uint64_t i = 0; i < taken; i++) {
    const ring_slot *slot = ring_slot_at(ring, read + i);
    messages[i] = (omni_message){slot->payload + slot->offset, slot->length, ring_number(ring, read + i), entry};
    bytes += slot->length;
  }
  ring_release(ring, taken, bytes);
  *count = taken;
  return OMNI_POP_SUCCESS;
}

/* The common part of every pop: waits while the ring is empty, if the caller gives time. */
static int entered_pop(omni_consumer *consumer, uint64_t wanted, int64_t timeout, omni_message *messages,
                       size_t *count) {
  omni_channel *channel = consumer->channel;
  omni_ring *ring = &channel->ring;
  int result = pop(consumer, wanted, messages, count), slept = PLATFORM_AWAKE;
  int64_t deadline = result == OMNI_POP_EMPTY && timeout != 0 ? platform_deadline(timeout) : 0;
  while (result == OMNI_POP_EMPTY && timeout != 0) {
    if (guard_is_closed(&consumer->guard)) result = OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */
    else if (slept == PLATFORM_TIME_UP) result = OMNI_POP_TIMEOUT;
    else if (slept == PLATFORM_SIGNAL) result = OMNI_INTERRUPTED;
    else {
      /* relaxed: the fence in EVENTCOUNT_WAIT orders these loads after the waiter flag; see eventcount_wake */
      slept = EVENTCOUNT_WAIT(&ring->consumer_waiter, deadline,
                              platform_load(&ring->write_index, relaxed) != platform_load(&ring->read_index, relaxed) ||
                                  !platform_load(&ring->producer_alive, relaxed) || guard_is_closed(&consumer->guard));
      if (!guard_is_closed(&consumer->guard)) result = pop(consumer, wanted, messages, count);
    }
  }
  return result;
}

/* STA-2, and leaves the guard. */
static int finished(omni_consumer *consumer, int result) {
  if (result == OMNI_POP_TIMEOUT || result == OMNI_POP_CHANNEL_CLOSED) count(&consumer->channel->ring.failed_pops);
  guard_leave(&consumer->guard);
  return result;
}

/* The result of a pop that the guard refused. */
static int refused(guard_entry answer) {
  return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : OMNI_POP_CHANNEL_CLOSED;
}

int omni_try_pop(omni_consumer *consumer, omni_message *message) {
  size_t taken;
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  guard_count(&consumer->guard);
  return finished(consumer, pop(consumer, 1, message, &taken));
}

int omni_blocking_pop(omni_consumer *consumer, int64_t timeout, omni_message *message) {
  size_t taken;
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  guard_count(&consumer->guard);
  int result = entered_pop(consumer, 1, timeout, message, &taken);
  return finished(consumer, result == OMNI_POP_EMPTY ? OMNI_POP_TIMEOUT : result);
}

int omni_batch_pop(omni_consumer *consumer, size_t max_count, int64_t timeout, omni_message *messages, size_t *count) {
  *count = 0;
  /* MSG-5: with max_count 0 this is no pop, and expires nothing */
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  if (max_count == 0) {
    guard_leave(&consumer->guard);
    return OMNI_POP_EMPTY;
  }
  guard_count(&consumer->guard);
  return finished(consumer, entered_pop(consumer, max_count, timeout, messages, count));
}

int omni_message_is_readable(const omni_consumer *consumer, const omni_message *message) {
  return guard_entries(&consumer->guard) == message->pop && !guard_is_closed(&consumer->guard);
}

int omni_message_pin(omni_consumer *consumer, const omni_message *message) {
  /* Checked first: even a pin that is then withdrawn can hold up a pop for a moment */
  if (!omni_message_is_readable(consumer, message)) return OMNI_EXPIRED;
  if (!channel_pin(consumer->channel)) return OMNI_EXPIRED;
  platform_add(&ring_slot_of(&consumer->channel->ring, message->number)->pins, 1, relaxed);
  platform_add(&consumer->pins, 1, relaxed);
  guard_order(&consumer->guard); /* the next pop sees the pin, or this sees that pop: see unpinned */
  if (omni_message_is_readable(consumer, message)) return 0;
  omni_message_unpin(consumer, message->number);
  return OMNI_EXPIRED;
}

void omni_message_unpin(omni_consumer *consumer, uint64_t number) {
  /* release: pairs with unpinned; without it the slot is reused while the message is read */
  platform_add(&ring_slot_of(&consumer->channel->ring, number)->pins, (uint32_t)-1, release);
  platform_add(&consumer->pins, (uint64_t)-1, release);
  channel_unpin(consumer->channel);
}

int omni_consumer_is_connected(const omni_consumer *consumer) {
  /* relaxed: an approximate answer, by contract. A shutdown ends both sides */
  return !guard_is_closed(&consumer->guard) && platform_load(&consumer->channel->ring.producer_alive, relaxed);
}

uint64_t omni_consumer_capacity(const omni_consumer *consumer) { return consumer->channel->ring.capacity; }

uint64_t omni_consumer_max_message_size(const omni_consumer *consumer) { return consumer->channel->max_message_size; }

uint64_t omni_consumer_available_messages(const omni_consumer *consumer) {
  return guard_is_closed(&consumer->guard) ? 0 : ring_length(&consumer->channel->ring);
}

void omni_consumer_get_stats(const omni_consumer *consumer, omni_handle_stats *stats) {
  const omni_ring *ring = &consumer->channel->ring;
  stats->messages = ring_number(ring, platform_load(&ring->read_index, relaxed)); /* relaxed: possibly stale */
  stats->bytes = platform_load(&ring->bytes_received, relaxed);
  stats->failed = platform_load(&ring->failed_pops, relaxed);
}

void omni_consumer_close(omni_consumer *consumer) {
  omni_channel *channel = consumer->channel;
  if (!guard_close(&consumer->guard)) return;
  eventcount_wake(&channel->ring.consumer_waiter); /* the thread inside, if it sleeps (LIF-8) */
  guard_wait(&consumer->guard);
  ring_end_consumer(&channel->ring);
  broker_handle_closed(channel);
  channel_unpin(channel);
}

void omni_consumer_free(omni_consumer *consumer) {
  omni_consumer_close(consumer);
  channel_release(consumer->channel);
}
