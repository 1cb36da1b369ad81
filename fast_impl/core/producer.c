#include "channel.h"

/* What an operation answers that the gate did not let in. */
static int refused(gate_answer answer, int inactive) {
  return answer == GATE_TURNED_AWAY ? OMNI_CONCURRENT_USE : inactive;
}

static bool nobody_receives(const omni_channel *channel) {
  /* relaxed: says nothing about memory. The entry at the gate orders it against channel_shut */
  return !seam_load(&channel->ring.consumer_alive, relaxed);
}

static void fill(ring_slot *slot, const void *data, size_t size) {
  slot->offset = 0;
  slot->length = (uint32_t)size;
  seam_copy(slot->payload, data, size);
}

/* PSH-1, from inside the gate; counts no failure. */
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
  if (result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED)
    count(&producer->channel->ring.failed_pushes);
  return result;
}

int omni_try_push(omni_producer *producer, const void *data, size_t size) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, OMNI_PUSH_CHANNEL_CLOSED);
  int result = counted(producer, push(producer, data, size));
  gate_leave(&producer->gate);
  return result;
}

int omni_blocking_push(omni_producer *producer, const void *data, size_t size, int64_t timeout) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, OMNI_PUSH_CHANNEL_CLOSED);
  omni_ring *ring = &producer->channel->ring;
  int result = push(producer, data, size), slept = SEAM_AWAKE;
  if (result == OMNI_PUSH_QUEUE_FULL && (producer->reserved || timeout == 0)) result = OMNI_PUSH_TIMEOUT; /* PSH-5 */
  int64_t deadline = result == OMNI_PUSH_QUEUE_FULL ? seam_deadline(timeout) : 0;
  while (result == OMNI_PUSH_QUEUE_FULL) {
    if (gate_is_closed(&producer->gate)) result = OMNI_PUSH_CHANNEL_CLOSED; /* LIF-8 */
    else if (slept == SEAM_TIME_UP) result = OMNI_PUSH_TIMEOUT;
    else if (slept == SEAM_SIGNAL) result = OMNI_INTERRUPTED;
    else {
      /* relaxed: the fence before orders the looks against the news of pop, close and shutdown */
      slept = RING_DOZE(&ring->producer_asleep, deadline,
                        seam_load(&ring->write_index, relaxed) - seam_load(&ring->read_index, relaxed) <
                                ring->capacity ||
                            nobody_receives(producer->channel) || gate_is_closed(&producer->gate));
      if (!gate_is_closed(&producer->gate)) result = push(producer, data, size);
    }
  }
  counted(producer, result);
  gate_leave(&producer->gate);
  return result;
}

int64_t omni_batch_push(omni_producer *producer, const omni_bytes *messages, size_t count) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, 0);
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
  gate_leave(&producer->gate);
  return (int64_t)pushed;
}

int omni_reserve(omni_producer *producer, size_t size, uint8_t **region) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, 0);
  omni_channel *channel = producer->channel;
  int granted = size > 0 && size <= channel->max_message_size && !nobody_receives(channel) && !producer->reserved &&
                ring_free_slots(&channel->ring, 1) > 0;
  if (granted) {
    producer->reserved = true;
    *region = ring_next_slot(&channel->ring, 0)->payload;
  }
  gate_leave(&producer->gate);
  return granted;
}

int omni_commit(omni_producer *producer, size_t size, size_t offset) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, 0);
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
  gate_leave(&producer->gate);
  return committed;
}

int omni_rollback(omni_producer *producer) {
  gate_answer answer = gate_enter(&producer->gate);
  if (answer != GATE_ENTERED) return refused(answer, 0);
  producer->reserved = false;
  gate_leave(&producer->gate);
  return 0;
}

int omni_producer_is_connected(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  /* relaxed: an approximate answer, by contract. A shutdown ends both sides */
  return !gate_is_closed(&producer->gate) && seam_load(&ring->consumer_alive, relaxed) &&
         seam_load(&ring->producer_alive, relaxed);
}

uint64_t omni_producer_capacity(const omni_producer *producer) { return producer->channel->ring.capacity; }

uint64_t omni_producer_max_message_size(const omni_producer *producer) { return producer->channel->max_message_size; }

uint64_t omni_producer_available_slots(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  return gate_is_closed(&producer->gate) ? 0 : ring->capacity - ring_length(ring);
}

void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats) {
  const omni_ring *ring = &producer->channel->ring;
  stats->messages = ring_number(ring, seam_load(&ring->write_index, relaxed)); /* relaxed: possibly stale */
  stats->bytes = seam_load(&ring->bytes_sent, relaxed);
  stats->failed = seam_load(&ring->failed_pushes, relaxed);
}

void omni_producer_close(omni_producer *producer) {
  omni_channel *channel = producer->channel;
  if (!gate_close(&producer->gate)) return;
  ring_wake(&channel->ring.producer_asleep); /* the one inside, if it sleeps (LIF-8) */
  gate_wait(&producer->gate);
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
