/* The producer: pushes, batches and reservations. */
#include "broker.h"

/* The result of an operation that the guard refused. */
static int refused(guard_entry answer, int inactive) {
  return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : inactive;
}

static bool nobody_receives(const omni_channel *channel) {
  /* relaxed: publishes no memory. guard_enter orders it against channel_shut */
  return !platform_load(&channel->ring.consumer_alive, relaxed);
}

static void fill(ring_slot *slot, const void *data, size_t size) {
  slot->offset = 0;
  slot->length = (uint32_t)size;
  platform_copy(slot->payload, data, size);
}

/* PSH-1, from inside the guard; counts no failure. */
static inline int push(omni_producer *producer, const void *data, size_t size) {
  omni_channel *channel = producer->channel;
  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;
  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;
  if (producer->reserved || !ring_free_slots(&channel->ring, 1)) return OMNI_PUSH_QUEUE_FULL;
  fill(ring_next_slot(&channel->ring, 0), data, size);
  ring_publish(&channel->ring, 1, size);
  return OMNI_PUSH_SUCCESS;
}

/* STA-1 */
static int counted(omni_producer *producer, int result) {
  if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED) count(&producer->channel->ring.failed_pushes);
  return result;
}

int omni_try_push(omni_producer *producer, const void *data, size_t size) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, OMNI_PUSH_CHANNEL_CLOSED);
  int result = counted(producer, push(producer, data, size));
  guard_leave(&producer->guard);
  return result;
}

int omni_blocking_push(omni_producer *producer, const void *data, size_t size, int64_t timeout) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, OMNI_PUSH_CHANNEL_CLOSED);
  omni_ring *ring = &producer->channel->ring;
  int result = push(producer, data, size), slept = PLATFORM_AWAKE;
  if (result == OMNI_PUSH_QUEUE_FULL && (producer->reserved || timeout == 0)) result = OMNI_PUSH_TIMEOUT; /* PSH-5 */
  int64_t deadline = result == OMNI_PUSH_QUEUE_FULL ? platform_deadline(timeout) : 0;
  while (result == OMNI_PUSH_QUEUE_FULL) {
    if (guard_is_closed(&producer->guard)) result = OMNI_PUSH_CHANNEL_CLOSED; /* LIF-8 */
    else if (slept == PLATFORM_TIME_UP) result = OMNI_PUSH_TIMEOUT;
    else if (slept == PLATFORM_SIGNAL) result = OMNI_INTERRUPTED;
    else {
      /* relaxed: the fence in EVENTCOUNT_WAIT orders these loads after the waiter flag; see eventcount_wake */
      slept = EVENTCOUNT_WAIT(
          &ring->producer_waiter, deadline,
          platform_load(&ring->write_index, relaxed) - platform_load(&ring->read_index, relaxed) < ring->capacity ||
              nobody_receives(producer->channel) || guard_is_closed(&producer->guard));
      if (!guard_is_closed(&producer->guard)) result = push(producer, data, size);
    }
  }
  counted(producer, result);
  guard_leave(&producer->guard);
  return result;
}

int64_t omni_batch_push(omni_producer *producer, const omni_bytes *messages, size_t count) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, 0);
  omni_channel *channel = producer->channel;
  uint64_t pushed = 0, bytes = 0;
  if (count > 0 && !nobody_receives(channel) && !producer->reserved) {
    uint64_t free = ring_free_slots(&channel->ring, count);
    for (; pushed < count && pushed < free; pushed++) {
      omni_bytes message = messages[pushed];
      if (message.size == 0 || message.size > channel->max_message_size) break;
      fill(ring_next_slot(&channel->ring, pushed), message.data, message.size);
      bytes += message.size;
    }
    if (pushed > 0) ring_publish(&channel->ring, pushed, bytes);
  }
  guard_leave(&producer->guard);
  return (int64_t)pushed;
}

int omni_reserve(omni_producer *producer, size_t size, uint8_t **region) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, 0);
  omni_channel *channel = producer->channel;
  int granted = size > 0 && size <= channel->max_message_size && !nobody_receives(channel) && !producer->reserved &&
                ring_free_slots(&channel->ring, 1) > 0;
  if (granted) {
    producer->reserved = true;
    *region = ring_next_slot(&channel->ring, 0)->payload;
  }
  guard_leave(&producer->guard);
  return granted;
}

int omni_commit(omni_producer *producer, size_t size, size_t offset) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, 0);
  omni_channel *channel = producer->channel;
  int committed = 0;
  if (producer->reserved && size > 0 && offset <= channel->max_message_size &&
      size <= channel->max_message_size - offset) {
    producer->reserved = false;
    if (!nobody_receives(channel)) {
      ring_slot *slot = ring_next_slot(&channel->ring, 0);
      slot->offset = (uint32_t)offset;
      slot->length = (uint32_t)size;
      ring_publish(&channel->ring, 1, size);
      committed = 1;
    }
  }
  guard_leave(&producer->guard);
  return committed;
}

int omni_rollback(omni_producer *producer) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer, 0);
  producer->reserved = false;
  guard_leave(&producer->guard);
  return 0;
}

int omni_producer_is_connected(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  /* relaxed: an approximate answer, by contract. A shutdown ends both sides */
  return !guard_is_closed(&producer->guard) && platform_load(&ring->consumer_alive, relaxed) &&
         platform_load(&ring->producer_alive, relaxed);
}

uint64_t omni_producer_capacity(const omni_producer *producer) { return producer->channel->ring.capacity; }

uint64_t omni_producer_max_message_size(const omni_producer *producer) { return producer->channel->max_message_size; }

uint64_t omni_producer_available_slots(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  return guard_is_closed(&producer->guard) ? 0 : ring->capacity - ring_length(ring);
}

void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats) {
  channel_sent(producer->channel, stats);
}

void omni_producer_close(omni_producer *producer) {
  omni_channel *channel = producer->channel;
  if (!guard_close(&producer->guard)) return;
  eventcount_wake(&channel->ring.producer_waiter); /* the thread inside, if it sleeps (LIF-8) */
  guard_wait(&producer->guard);
  producer->reserved = false; /* RSV-6 */
  ring_end_producer(&channel->ring);
  broker_handle_closed(channel);
  channel_unpin(channel);
}

void omni_producer_free(omni_producer *producer) {
  omni_producer_close(producer);
  channel_release(producer->channel);
}

int omni_producer_pin(omni_producer *producer) { return channel_pin(producer->channel) ? 0 : OMNI_EXPIRED; }

void omni_producer_unpin(omni_producer *producer) { channel_unpin(producer->channel); }
