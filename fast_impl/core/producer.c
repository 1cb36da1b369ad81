/* The producer: pushes, waiting, reservations. */
#include "channel.h"

static bool nobody_receives(const omni_channel *channel) {
  /* acquire: pairs with ring_end_consumer; without it who is told of the end could still miss what came before */
  return !platform_load(&channel->ring.consumer_alive, acquire);
}

static inline void fill(omni_ring *ring, uint64_t ahead, const void *data, size_t size) {
  uint8_t *payload = ring_put(ring, ahead, pool_take(&ring->pool, &ring->released_index), size, 0);
  platform_copy(payload, data, size);
}

static bool has_reserved(const omni_producer *producer) {
  return platform_load(&producer->region, relaxed) != 0; /* written by the thread inside */
}

/* After a look that found no free slot. With a reservation outstanding there is none, until that ends (PSH-5). */
static void arm(omni_producer *producer) {
  omni_ring *ring = &producer->channel->ring;
  /* relaxed: as in wait_for_space */
  EVENTCOUNT_ARM(
      &ring->producer_waiter,
      nobody_receives(producer->channel) ||
          (!has_reserved(producer) &&
           platform_load(&ring->write_index, relaxed) - platform_load(&ring->read_index, relaxed) < ring->capacity));
}

/* The reservation has ended: there may be space, which a look before it did not find. */
static inline void signal_space(omni_producer *producer) {
  omni_eventcount *waiter = &producer->channel->ring.producer_waiter;
  if (__builtin_expect(waiter->descriptor != NULL, 0)) eventcount_signal(waiter);
}

/* The end of a call that looked for a free slot. */
static inline int looked(omni_producer *producer, int result) {
  if (result == OMNI_PUSH_QUEUE_FULL || result == OMNI_PUSH_TIMEOUT) arm(producer);
  guard_leave(&producer->guard);
  return result;
}

static inline int finished(omni_producer *producer, int result) {
  count_failure(&producer->guard, &producer->channel->ring.failed_pushes, result);
  return looked(producer, result);
}

/* PSH-1, from inside the guard; counts no failure. */
static inline int push(omni_producer *producer, const void *data, size_t size) {
  omni_channel *channel = producer->channel;
  if (size == 0 || size > channel->max_message_size) return OMNI_PUSH_INVALID_SIZE;
  if (nobody_receives(channel)) return OMNI_PUSH_CHANNEL_CLOSED;
  if (has_reserved(producer) || !ring_free_slots(&channel->ring, 1)) return OMNI_PUSH_QUEUE_FULL;
  fill(&channel->ring, 0, data, size);
  ring_publish(&channel->ring, 1, size);
  return OMNI_PUSH_SUCCESS;
}

/* After a look that found no free slot: sleeps until there is one, nobody receives any more, or the time is up. */
static int wait_for_space(omni_producer *producer, int64_t timeout) {
  omni_ring *ring = &producer->channel->ring;
  if (has_reserved(producer) || timeout == 0) return OMNI_PUSH_TIMEOUT; /* PSH-5 */
  int64_t deadline = platform_deadline(timeout);
  for (;;) {
    /* relaxed: the fence in EVENTCOUNT_WAIT orders these loads after the waiter flag; see eventcount_wake */
    int slept = EVENTCOUNT_WAIT(
        &ring->producer_waiter, deadline,
        platform_load(&ring->write_index, relaxed) - platform_load(&ring->read_index, relaxed) < ring->capacity ||
            nobody_receives(producer->channel) || guard_is_closed(&producer->guard));
    if (guard_is_closed(&producer->guard)) return OMNI_PUSH_CHANNEL_CLOSED; /* LIF-8 */
    if (nobody_receives(producer->channel)) return OMNI_PUSH_CHANNEL_CLOSED;
    if (ring_free_slots(ring, 1)) return OMNI_PUSH_SUCCESS;
    if (slept == PLATFORM_TIME_UP) return OMNI_PUSH_TIMEOUT;
    if (slept == PLATFORM_SIGNAL) return OMNI_INTERRUPTED;
  }
}

int omni_try_push(omni_producer *producer, const void *data, size_t size) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  return finished(producer, push(producer, data, size));
}

int omni_blocking_push(omni_producer *producer, const void *data, size_t size, int64_t timeout) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  int result = push(producer, data, size);
  if (result == OMNI_PUSH_QUEUE_FULL) {
    result = wait_for_space(producer, timeout);
    if (result == OMNI_PUSH_SUCCESS) result = push(producer, data, size);
  }
  return finished(producer, result);
}

int omni_producer_wait(omni_producer *producer, int64_t timeout) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  int result = OMNI_PUSH_SUCCESS;
  if (nobody_receives(producer->channel)) result = OMNI_PUSH_CHANNEL_CLOSED;
  else if (has_reserved(producer) || !ring_free_slots(&producer->channel->ring, 1))
    result = wait_for_space(producer, timeout);
  return looked(producer, result);
}

int64_t omni_batch_push(omni_producer *producer, const omni_bytes *messages, size_t count) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : 0;
  omni_channel *channel = producer->channel;
  uint64_t pushed = 0, several = count;
  /* Again after some: that no slot is free is found behind them, as by pushes one by one [PSH-6] */
  while (several > 0 && pushed < count && !nobody_receives(channel) && !has_reserved(producer)) {
    uint64_t free = ring_free_slots(&channel->ring, count - pushed), bytes = 0;
    for (several = 0; pushed + several < count && several < free; several++) {
      omni_bytes message = messages[pushed + several];
      if (message.size == 0 || message.size > channel->max_message_size) break;
      fill(&channel->ring, several, message.data, message.size);
      bytes += message.size;
    }
    if (several > 0) ring_publish(&channel->ring, several, bytes);
    pushed += several;
  }
  if (pushed < count) arm(producer);
  guard_leave(&producer->guard);
  return (int64_t)pushed;
}

/* ---- reservations ---- */

int omni_reserve(omni_producer *producer, size_t size, omni_region *region) {
  *region = (omni_region){NULL, 0, 0};
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  omni_channel *channel = producer->channel;
  omni_ring *ring = &channel->ring;
  int result = OMNI_PUSH_SUCCESS;
  if (size == 0 || size > channel->max_message_size) result = OMNI_PUSH_INVALID_SIZE;
  else if (nobody_receives(channel)) result = OMNI_PUSH_CHANNEL_CLOSED;
  else if (has_reserved(producer)) result = OMNI_RESERVED;
  else if (!ring_free_slots(ring, 1)) result = OMNI_PUSH_QUEUE_FULL;
  if (result == OMNI_PUSH_SUCCESS) {
    ring->pool.reserved = pool_take(&ring->pool, &ring->released_index);
    *region = (omni_region){pool_at(&ring->pool, ring->pool.reserved)->payload, channel->max_message_size,
                            ++producer->regions};
    platform_store(&producer->region, producer->regions, relaxed); /* publishes no memory */
  }
  return looked(producer, result);
}

/* Whether no export of the region is alive. */
static bool is_unpinned(const omni_producer *producer) {
  /* acquire: pairs with omni_unpin; without it the message is published while an export of the region is written */
  return platform_load(&producer->region_pins, acquire) == 0;
}

static void end_region(omni_producer *producer) {
  /* release: pairs with omni_region_is_writable; without it who is told of a close by it could still miss that close */
  platform_store(&producer->region, 0, release);
}

static void drop_reservation(omni_producer *producer) {
  pool_keep_spare(&producer->channel->ring.pool, producer->channel->ring.pool.reserved);
  end_region(producer);
  signal_space(producer);
}

int omni_commit(omni_producer *producer, size_t size, size_t offset) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  omni_channel *channel = producer->channel;
  int result = OMNI_PUSH_SUCCESS;
  if (!has_reserved(producer)) {
    result = OMNI_EXPIRED;
  } else if (size == 0 || offset > channel->max_message_size || size > channel->max_message_size - offset) {
    result = OMNI_PUSH_INVALID_SIZE;
  } else if (!is_unpinned(producer)) {
    result = OMNI_PINNED;
  } else if (nobody_receives(channel)) {
    drop_reservation(producer);
    result = OMNI_PUSH_CHANNEL_CLOSED;
  } else {
    end_region(producer);
    ring_put(&channel->ring, 0, channel->ring.pool.reserved, size, offset);
    ring_publish(&channel->ring, 1, size);
    signal_space(producer);
  }
  guard_leave(&producer->guard);
  return result;
}

int omni_rollback(omni_producer *producer) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : 0;
  int result = 0;
  if (has_reserved(producer)) {
    if (is_unpinned(producer)) drop_reservation(producer);
    else result = OMNI_PINNED;
  }
  guard_leave(&producer->guard);
  return result;
}

int omni_region_is_writable(const omni_producer *producer, const omni_region *region) {
  return region->number && platform_load(&producer->region, acquire) == region->number && /* pairs with end_region */
         !guard_is_closed(&producer->guard);
}

int omni_region_pin(omni_producer *producer, const omni_region *region, omni_pin *pin) {
  *pin = (omni_pin){NULL, PIN_REGION};
  guard_entry answer = guard_enter(&producer->guard); /* so that no commit comes in between */
  if (answer != GUARD_ENTERED) return refused_or_expired(answer);
  int result = OMNI_EXPIRED;
  if (omni_region_is_writable(producer, region) && channel_pin(producer->channel)) {
    platform_add(&producer->region_pins, 1, relaxed); /* relaxed: for the thread inside */
    pin->channel = producer->channel;
    result = 0;
  }
  guard_leave(&producer->guard);
  return result;
}

/* ---- the descriptor ---- */

int omni_producer_fileno(omni_producer *producer) {
  guard_entry answer = guard_enter(&producer->guard);
  if (answer != GUARD_ENTERED) return refused_or_expired(answer);
  return finished_descriptor(&producer->guard, eventcount_descriptor(&producer->channel->ring.producer_waiter));
}

int omni_producer_claim(omni_producer *producer) {
  guard_entry answer = guard_claim(&producer->guard);
  return answer == GUARD_ENTERED ? 0 : refused_or_expired(answer);
}

void omni_producer_unclaim(omni_producer *producer) { guard_unclaim(&producer->guard); }

/* ---- queries: any thread ---- */

int omni_producer_is_connected(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  /* A shutdown ends both sides. acquire: pairs with ring_end_consumer and ring_end_producer; without it who is told of
   * an end could still miss what came before */
  bool received = platform_load(&ring->consumer_alive, acquire), sent = platform_load(&ring->producer_alive, acquire);
  return received && sent && !guard_is_closed(&producer->guard);
}

uint64_t omni_producer_capacity(const omni_producer *producer) { return producer->channel->ring.capacity; }

uint64_t omni_producer_max_message_size(const omni_producer *producer) { return producer->channel->max_message_size; }

uint64_t omni_producer_available_slots(const omni_producer *producer) {
  const omni_ring *ring = &producer->channel->ring;
  uint64_t free = ring->capacity - ring_length(ring); /* first: of a pop after the close, the close is seen too */
  return guard_is_closed(&producer->guard) ? 0 : free;
}

void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats) {
  channel_sent(producer->channel, stats);
}

void omni_producer_get_info(const omni_producer *producer, omni_channel_info *info) {
  channel_describe(producer->channel, info);
}

const void *omni_producer_name(const omni_producer *producer, size_t *size) {
  *size = producer->channel->name_size;
  return producer->channel->name;
}

/* ---- the end ---- */

static void end_producer(omni_producer *producer) {
  omni_channel *channel = producer->channel;
  end_region(producer); /* RSV-6 */
  ring_end_producer(&channel->ring);
  if (!broker_side_ended(channel, &producer->ended)) return;
  eventcount_end_descriptor(&channel->ring.producer_waiter);
  channel_unpin(channel);
}

int omni_producer_close_begin(omni_producer *producer) {
  guard_close(&producer->guard);
  if (platform_load(&producer->ended, acquire)) return 0;    /* pairs with broker_side_ended */
  eventcount_wake(&producer->channel->ring.producer_waiter); /* the thread inside, if it sleeps (LIF-8) */
  if (!guard_is_vacated(&producer->guard)) return 1;
  end_producer(producer);
  return 0;
}

void omni_producer_close_end(omni_producer *producer) {
  guard_wait(&producer->guard);
  end_producer(producer);
}

void omni_producer_close(omni_producer *producer) {
  if (omni_producer_close_begin(producer)) omni_producer_close_end(producer);
}

void omni_producer_free(omni_producer *producer) {
  omni_producer_close(producer);
  channel_release(producer->channel);
}
