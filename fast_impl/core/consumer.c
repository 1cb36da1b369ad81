/* The consumer: pops in one call and in two steps, waiting, pins of messages. */
#include "channel.h"

/* ---- looking and taking, from inside the guard ---- */

/* How many messages a pop may take beside those that are pinned (MSG-3). While a pin is under way it releases nothing:
 * the messages of the last pop stay out of the producer's reach. */
static __attribute__((noinline)) uint64_t poppable(const omni_ring *ring, uint64_t exports, uint64_t read,
                                                   uint64_t *released) {
  if (exports >= PIN_TRIED) *released = platform_load(&ring->released_index, relaxed); /* own index */
  uint64_t kept = exports % PIN_TRIED + (read - *released);
  return kept < ring->capacity ? ring->capacity - kept : 0;
}

static inline omni_message message_at(const omni_ring *ring, uint64_t index, uint64_t pop) {
  const pool_buffer *buffer = ring_buffer(ring, index);
  return (omni_message){buffer->payload + buffer->offset, buffer->length, ring_number(ring, index), pop};
}

/* POP-1 for up to `wanted` messages, which go on waiting; `messages` may be NULL. Counts no failure. */
static inline int look(omni_consumer *consumer, uint64_t wanted, omni_message *messages, omni_offer *offer) {
  omni_ring *ring = &consumer->channel->ring;
  bool ended;
  uint64_t count = ring_waiting(ring, wanted, &ended);
  if (count == 0) return ended ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
  if (count > wanted) count = wanted;
  uint64_t read = platform_load(&ring->read_index, relaxed), released = read; /* own index */
  /* acquire: pairs with omni_message_pin and omni_unpin; without it the producer finds no buffer, or a pinned one. The
   * fence in guard_count orders it against omni_message_pin */
  uint64_t exports = platform_load(&consumer->exports, acquire);
  if (__builtin_expect(exports != 0, 0)) {
    uint64_t most = poppable(ring, exports, read, &released);
    if (most == 0) return OMNI_PINNED;
    if (most < count) count = most;
  }
  *offer = (omni_offer){count, released};
  if (messages) {
    uint64_t pop = guard_entries(&consumer->guard), i = 0;
    do messages[i] = message_at(ring, read + i, pop);
    while (++i < count);
  }
  return OMNI_POP_SUCCESS;
}

/* After a look that found nothing: sleeps until a message waits, none ever will, or the time is up. */
static int wait_for_message(omni_consumer *consumer, int64_t timeout) {
  omni_ring *ring = &consumer->channel->ring;
  int64_t deadline = platform_deadline(timeout);
  bool ended = false;
  for (;;) {
    /* relaxed: the fence in EVENTCOUNT_WAIT orders these loads after the waiter flag; see eventcount_wake */
    int slept =
        EVENTCOUNT_WAIT(&ring->consumer_waiter, deadline,
                        platform_load(&ring->write_index, relaxed) != platform_load(&ring->read_index, relaxed) ||
                            !platform_load(&ring->producer_alive, relaxed) || guard_is_closed(&consumer->guard));
    if (guard_is_closed(&consumer->guard)) return OMNI_POP_CHANNEL_CLOSED; /* LIF-8 */
    if (ring_waiting(ring, 1, &ended) > 0) return OMNI_POP_SUCCESS;
    if (ended) return OMNI_POP_CHANNEL_CLOSED;
    if (slept == PLATFORM_TIME_UP) return OMNI_POP_TIMEOUT;
    if (slept == PLATFORM_SIGNAL) return OMNI_INTERRUPTED;
  }
}

/* ---- entering and leaving ---- */

/* The number of the pop that this thread has open, or 0. */
static uint64_t opened_here(const omni_consumer *consumer) {
  /* acquire: pairs with omni_pop_begin; without it this thread could take another one's pop for its own */
  uint64_t open = platform_load(&consumer->open, acquire);
  return open && platform_load(&consumer->opened_by, relaxed) == platform_self() ? open / 2 : 0;
}

/* Whether pop `number` was still open, and this call has ended it; `*closes`: with a close to complete. By a
 * compare-exchange, for the thread that has the pop open and a destructor in another one may come at once. */
static bool end_open(omni_consumer *consumer, uint64_t number, bool *closes) {
  uint64_t open = platform_load(&consumer->open, relaxed);
  do {
    if (!open || open / 2 != number) return false;
    /* acquire: pairs with omni_pop_begin; without it this thread leaves the guard before the other one has entered */
  } while (!platform_compare_exchange(&consumer->open, &open, 0, acquire));
  *closes = open & 1;
  return true;
}

/* The end of a call that looked for a message. */
static inline int looked(omni_consumer *consumer, int result) {
  omni_ring *ring = &consumer->channel->ring;
  if (result == OMNI_POP_EMPTY || result == OMNI_POP_TIMEOUT) /* relaxed: as in wait_for_message */
    EVENTCOUNT_ARM(&ring->consumer_waiter,
                   platform_load(&ring->write_index, relaxed) != platform_load(&ring->read_index, relaxed) ||
                       !platform_load(&ring->producer_alive, relaxed));
  guard_leave(&consumer->guard);
  return result;
}

static inline int finished(omni_consumer *consumer, int result) {
  count_failure(&consumer->guard, &consumer->channel->ring.failed_pops, result);
  return looked(consumer, result);
}

/* Leaves, and completes the close that was deferred to that. */
static inline void leave(omni_consumer *consumer, bool closes) {
  guard_leave(&consumer->guard);
  if (__builtin_expect(closes, 0)) omni_consumer_close_end(consumer);
}

/* Where this thread is inside already with a pop open, ends that one and is inside anew. */
static __attribute__((noinline)) guard_entry enter_again(omni_consumer *consumer, guard_entry answer) {
  bool closes;
  uint64_t number = opened_here(consumer);
  if (!number || !end_open(consumer, number, &closes)) return answer;
  platform_pop_ends();
  if (!guard_is_closed(&consumer->guard)) return GUARD_ENTERED;
  leave(consumer, closes);
  return GUARD_INACTIVE;
}

/* For a pop. */
static inline guard_entry enter(omni_consumer *consumer) {
  guard_entry answer = guard_enter(&consumer->guard);
  if (__builtin_expect(answer != GUARD_ENTERED, 0)) answer = enter_again(consumer, answer);
  if (answer == GUARD_ENTERED) guard_count(&consumer->guard);
  return answer;
}

/* The result of a pop with max_count 0, which is no pop (MSG-5). */
static int no_pop(const omni_consumer *consumer) {
  return guard_is_closed(&consumer->guard) ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
}

/* ---- in two steps ---- */

int omni_pop_begin(omni_consumer *consumer, size_t max_count, int otherwise, omni_message *messages, size_t *count,
                   omni_pop *pop) {
  *count = 0;
  pop->consumer = NULL;
  if (max_count == 0) return no_pop(consumer);
  guard_entry answer = enter(consumer);
  if (answer != GUARD_ENTERED) return refused(answer);
  /* 1: the usual, specialised */
  omni_offer *offer = &consumer->offer;
  int result = max_count == 1 ? look(consumer, 1, messages, offer) : look(consumer, max_count, messages, offer);
  if (result != OMNI_POP_SUCCESS) return finished(consumer, result == OMNI_POP_EMPTY ? otherwise : result);
  *count = offer->count;
  *pop = (omni_pop){consumer, guard_entries(&consumer->guard)};
  platform_pop_begins();
  platform_store(&consumer->opened_by, platform_self(), relaxed);
  /* release: pairs with opened_here and end_open; without it another thread could end the pop before it is whole */
  platform_store(&consumer->open, 2 * pop->number, release);
  return OMNI_POP_SUCCESS;
}

void omni_pop_message(const omni_pop *pop, size_t nth, omni_message *message) {
  const omni_ring *ring = &pop->consumer->channel->ring;
  *message = message_at(ring, platform_load(&ring->read_index, relaxed) + nth, pop->number); /* own index */
}

int omni_pop_is_adjacent(const omni_pop *pop, size_t count) {
  const omni_ring *ring = &pop->consumer->channel->ring;
  uint64_t read = platform_load(&ring->read_index, relaxed); /* own index */
  uint64_t next = 1;
  while (next < count && *pool_place(&ring->pool, read + next) == *pool_place(&ring->pool, read) + next) next++;
  return next >= count;
}

int omni_pop_end(omni_consumer *consumer, omni_pop *pop, size_t taken) {
  omni_ring *ring = &consumer->channel->ring;
  uint64_t open = platform_load(&consumer->open, relaxed); /* this thread stored it, where this pop is open */
  bool is_open = pop->consumer && open && open / 2 == pop->number;
  pop->consumer = NULL;
  if (!is_open) return OMNI_EXPIRED;
  platform_pop_ends();
  platform_store(&consumer->open, 0, relaxed); /* before it leaves: else it could clear the next one's */
  if (taken > consumer->offer.count) taken = consumer->offer.count;
  uint64_t read = platform_load(&ring->read_index, relaxed), bytes = 0; /* own index */
  for (uint64_t i = 0; i < taken; i++) bytes += ring_buffer(ring, read + i)->length;
  if (taken == 0) guard_count(&consumer->guard); /* what was not taken has expired: else it could be pinned */
  else ring_release(ring, taken, bytes, consumer->offer.released);
  leave(consumer, open & 1);
  return 0;
}

void omni_pop_abandon(omni_pop *pop) {
  omni_consumer *consumer = pop->consumer;
  bool closes;
  pop->consumer = NULL;
  if (!consumer || !end_open(consumer, pop->number, &closes)) return;
  guard_count(&consumer->guard);
  leave(consumer, closes);
}

/* ---- in one call ---- */

/* Waits for the first message if the caller gives time; where nothing waits and there is none, `otherwise`. */
static inline int pop(omni_consumer *consumer, uint64_t wanted, int64_t timeout, int otherwise, omni_message *messages,
                      size_t *count) {
  omni_offer offer;
  guard_entry answer = enter(consumer);
  if (answer != GUARD_ENTERED) return refused(answer);
  int result = look(consumer, wanted, messages, &offer);
  if (result == OMNI_POP_EMPTY) {
    result = timeout == 0 ? otherwise : wait_for_message(consumer, timeout);
    if (result == OMNI_POP_SUCCESS) result = look(consumer, wanted, messages, &offer);
  }
  if (result == OMNI_POP_SUCCESS) {
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < offer.count; i++) bytes += messages[i].size;
    ring_release(&consumer->channel->ring, offer.count, bytes, offer.released);
    *count = offer.count;
  }
  return finished(consumer, result);
}

int omni_try_pop(omni_consumer *consumer, omni_message *message) {
  size_t taken;
  return pop(consumer, 1, 0, OMNI_POP_EMPTY, message, &taken);
}

int omni_blocking_pop(omni_consumer *consumer, int64_t timeout, omni_message *message) {
  size_t taken;
  return pop(consumer, 1, timeout, OMNI_POP_TIMEOUT, message, &taken);
}

int omni_batch_pop(omni_consumer *consumer, size_t max_count, int64_t timeout, omni_message *messages, size_t *count) {
  *count = 0;
  return max_count == 0 ? no_pop(consumer) : pop(consumer, max_count, timeout, OMNI_POP_EMPTY, messages, count);
}

int omni_consumer_wait(omni_consumer *consumer, int64_t timeout) {
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused(answer);
  bool ended;
  int result = OMNI_POP_SUCCESS;
  if (ring_waiting(&consumer->channel->ring, 1, &ended) == 0) {
    if (ended) result = OMNI_POP_CHANNEL_CLOSED;
    else result = timeout == 0 ? OMNI_POP_TIMEOUT : wait_for_message(consumer, timeout);
  }
  return looked(consumer, result);
}

/* ---- messages ---- */

int omni_message_is_readable(const omni_consumer *consumer, const omni_message *message) {
  return guard_entries(&consumer->guard) == message->pop && !guard_has_expired(&consumer->guard);
}

int omni_message_pin(omni_consumer *consumer, const omni_message *message, omni_pin *pin) {
  omni_channel *channel = consumer->channel;
  omni_pool *pool = &channel->ring.pool;
  *pin = (omni_pin){NULL, pool_buffer_of(pool, message->data)};
  /* Checked first: even a pin that is then withdrawn can hold up a pop for a moment */
  if (!omni_message_is_readable(consumer, message)) return OMNI_EXPIRED;
  if (!channel_pin(channel)) return OMNI_EXPIRED;
  /* release: pairs with look and omni_consumer_detach; without it who is refused could still miss what came before */
  platform_add(&consumer->exports, PIN_TRIED, release);
  guard_order(&consumer->guard); /* the next pop sees that a pin is tried, or this sees that pop: see poppable */
  int result = OMNI_EXPIRED;
  if (omni_message_is_readable(consumer, message)) {
    uint32_t others = pool_pin(pool, (uint32_t)pin->buffer);
    result = others < PLATFORM_MOST_PINS ? 0 : OMNI_PINNED;
    /* release: pairs with look; without it the producer could overwrite the buffer, pinned as it is */
    platform_add(&consumer->exports, (uint64_t)(others == 0) - PIN_TRIED, release);
  } else {
    platform_add(&consumer->exports, -PIN_TRIED, relaxed); /* it has done nothing */
  }
  if (result == 0) pin->channel = channel;
  else channel_unpin(channel);
  return result;
}

void omni_unpin(omni_pin *pin) {
  omni_channel *channel = pin->channel;
  pin->channel = NULL;
  if (!channel) return;
  if (pin->buffer == PIN_REGION)
    platform_add(&channel->producer.region_pins, (uint64_t)-1, release); /* pairs with is_unpinned */
  else if (pool_unpin(&channel->ring.pool, (uint32_t)pin->buffer))
    platform_add(&channel->consumer.exports, (uint64_t)-1, release); /* pairs with look: the buffer is given back */
  channel_unpin(channel);
}

/* ---- the descriptor ---- */

int omni_consumer_fileno(omni_consumer *consumer) {
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused_or_expired(answer);
  return finished_descriptor(&consumer->guard, eventcount_descriptor(&consumer->channel->ring.consumer_waiter));
}

int omni_consumer_claim(omni_consumer *consumer) {
  guard_entry answer = guard_claim(&consumer->guard);
  return answer == GUARD_ENTERED ? 0 : refused_or_expired(answer);
}

void omni_consumer_unclaim(omni_consumer *consumer) { guard_unclaim(&consumer->guard); }

/* ---- queries: any thread ---- */

int omni_consumer_is_connected(const omni_consumer *consumer) {
  /* acquire: pairs with ring_end_producer, as in omni_producer_is_connected. A shutdown ends both sides */
  return !guard_is_closed(&consumer->guard) && platform_load(&consumer->channel->ring.producer_alive, acquire);
}

uint64_t omni_consumer_capacity(const omni_consumer *consumer) { return consumer->channel->ring.capacity; }

uint64_t omni_consumer_max_message_size(const omni_consumer *consumer) { return consumer->channel->max_message_size; }

uint64_t omni_consumer_available_messages(const omni_consumer *consumer) {
  uint64_t waiting = ring_length(&consumer->channel->ring); /* in the order of omni_producer_available_slots */
  return guard_is_closed(&consumer->guard) ? 0 : waiting;
}

void omni_consumer_get_stats(const omni_consumer *consumer, omni_handle_stats *stats) {
  const omni_ring *ring = &consumer->channel->ring;
  /* acquire: pairs with ring_release and count; without it who finds a pop counted could still miss an end before it */
  uint64_t read = platform_load(&ring->read_index, acquire);
  uint64_t bytes = platform_load(&ring->bytes_received, acquire); /* pairs with ring_release */
  uint64_t failed = platform_load(&ring->failed_pops, acquire);   /* pairs with count */
  *stats = (omni_handle_stats){.messages = ring_number(ring, read), .bytes = bytes, .failed = failed};
}

void omni_consumer_get_info(const omni_consumer *consumer, omni_channel_info *info) {
  channel_describe(consumer->channel, info);
}

const void *omni_consumer_name(const omni_consumer *consumer, size_t *size) {
  *size = consumer->channel->name_size;
  return consumer->channel->name;
}

/* ---- the end ---- */

/* Whether this thread has a pop open, whose end will complete the close (LIF-8). */
static bool defer_close(omni_consumer *consumer) {
  uint64_t number = opened_here(consumer), open = 2 * number;
  if (!number) return false;
  do {
    if (open / 2 != number) return false; /* ended by omni_pop_abandon in another thread */
    /* relaxed: the thread that leaves closes a guard that it was inside itself */
  } while (!(open & 1) && !platform_compare_exchange(&consumer->open, &open, open | 1, relaxed));
  return true;
}

bool consumer_is_opened_here(const omni_consumer *consumer) { return opened_here(consumer) != 0; }

void consumer_abandon(omni_consumer *consumer) { omni_pop_abandon(&(omni_pop){consumer, opened_here(consumer)}); }

bool consumer_defers_close(const omni_consumer *consumer) {
  return opened_here(consumer) && guard_is_closed(&consumer->guard);
}

static void end_consumer(omni_consumer *consumer) {
  omni_channel *channel = consumer->channel;
  ring_end_consumer(&channel->ring);
  if (!broker_side_ended(channel, &consumer->ended)) return;
  eventcount_end_descriptor(&channel->ring.consumer_waiter);
  channel_unpin(channel);
}

int omni_consumer_close_begin(omni_consumer *consumer) {
  guard_close(&consumer->guard);
  /* acquire: pairs with broker_side_ended; without it a close returns before the name is free (BRK-8) */
  if (platform_load(&consumer->ended, acquire) || defer_close(consumer)) return 0;
  eventcount_wake(&consumer->channel->ring.consumer_waiter); /* the thread inside, if it sleeps (LIF-8) */
  if (!guard_is_vacated(&consumer->guard)) return 1;
  end_consumer(consumer);
  return 0;
}

void omni_consumer_close_end(omni_consumer *consumer) {
  guard_wait(&consumer->guard);
  end_consumer(consumer);
}

void omni_consumer_close(omni_consumer *consumer) {
  if (omni_consumer_close_begin(consumer)) omni_consumer_close_end(consumer);
}

void omni_consumer_free(omni_consumer *consumer) {
  omni_consumer_close(consumer);
  channel_release(consumer->channel);
}
