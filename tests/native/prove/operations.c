/* From any state, an operation with any arguments touches no buffers but those it may, stays inside them and inside
 * what it was given, and leaves a state of the same kind. Which operation, a macro says: one of those below.
 *
 * A push, reserve or commit touches the buffer that it takes, or that is reserved, and leaves a whole message behind. A
 * pop touches the buffers of the messages that wait next; what it hands out lies in them, and those that are waiting,
 * held and pinned afterwards fit into the buffers that there are.
 *
 * Any channel, in any state that its protocol allows. Each buffer is an object of its own here, so that an access past
 * one buffer's end is an error even where the next one follows, and only those exist that the operation may touch.
 * Where buffers lie is proved in shapes.c, and which one is taken in pool.c. */
#if defined(TRY_POP) || defined(BLOCKING_POP) || defined(BATCH_POP) || defined(POP_IN_STEPS)
#define POPS
#include "consumer.c"
#else
#include "producer.c"
#endif
#include "proof.h"

enum { OWN = 2 }; /* messages that one operation moves at most */

static omni_channel channel;
static pool_buffer *own[OWN]; /* the buffer of each */
static uint32_t places[OWN];  /* and the place that says so */
static uint64_t own_from;     /* the side's own index before the operation */
static uint32_t taken;        /* how many buffers */

static pool_buffer *new_buffer(bool message) {
  pool_buffer *buffer = malloc(channel.ring.pool.stride);
  ASSUME(buffer != NULL);
  if (message) { /* what a publish promises: see the claims of a push */
    ASSUME(buffer->length >= 1 && buffer->length <= channel.max_message_size);
    ASSUME(buffer->offset <= channel.max_message_size - buffer->length);
  }
  return buffer;
}

/* In the place of pool_at, pool_place and pool_take. */
pool_buffer *buffer_of_its_own(const omni_pool *pool, uint32_t buffer) {
  (void)pool;
  CLAIM(buffer < OWN);
  return buffer ? own[1] : own[0];
}
uint32_t *place_of_its_own(const omni_pool *pool, uint64_t index) {
  (void)pool;
  CLAIM(index - own_from < OWN);
  return &places[index - own_from];
}
uint32_t any_buffer(omni_pool *pool, const _Atomic uint64_t *released_index) {
  CLAIM(pool == &channel.ring.pool && released_index == &channel.ring.released_index);
  CLAIM(channel.ring.write_index + taken - channel.ring.read_index < channel.ring.capacity); /* a slot is free */
  return taken++;
}

/* In the place of memcpy, whose content no proof needs: the solver is spared the bytes. */
void *checked_copy(void *to, const void *from, size_t size) {
  CLAIM(__CPROVER_w_ok(to, size));
  CLAIM(__CPROVER_r_ok(from, size));
  CLAIM(!__CPROVER_same_object(to, from));
  return to;
}

#ifdef POPS
/* In the place of omni_consumer_close_end: nothing closes the consumer inside its pop here. */
void no_close(omni_consumer *consumer) {
  (void)consumer;
  CLAIM(!"a close was deferred");
}
#endif

/* A power of two within its bounds. */
static bool back_off_holds(uint32_t pauses) {
  return pauses >= BACK_OFF_MIN && pauses <= BACK_OFF_MAX && (pauses & (pauses - 1)) == 0;
}

/* In the place of platform_back_off, to be spared its loop. */
void no_back_off(uint32_t pauses) { CLAIM(back_off_holds(pauses)); }

/* Modulo 2^64: cached_read <= read_index <= cached_write <= write_index <= cached_read + capacity; a slot that is
 * reserved is one that the producer knows to be free; and no more messages are held than there is capacity. */
static bool state_holds(void) {
  const omni_ring *ring = &channel.ring;
  uint64_t from = ring->cached_read, read = ring->read_index - from, write = ring->write_index - from;
  return read <= write && write <= ring->capacity && ring->cached_write - ring->read_index <= write - read &&
         back_off_holds(ring->back_off) && (!channel.producer.region || write < ring->capacity) &&
         (!channel.producer.region || channel.producer.region == channel.producer.regions) &&
         ring->read_index - ring->released_index <= ring->capacity && channel.consumer.open == 0;
}

/* The thread that calls: any. */
pthread_t pthread_self(void) { return nondet_u64(); }
int platform_asymmetric, platform_spins;
void platform_fence_heavy(void) {}
void __builtin_ia32_pause(void) {}

/* Outside a call: while it sleeps, its time is up or a signal comes. */
void platform_wake(platform_word *word) { (void)word; }
int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  (void)word, (void)value, (void)deadline;
  return nondet_bool() ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}
int64_t platform_deadline(int64_t timeout) { return timeout; }
int64_t platform_now(void) { return nondet_i64(); }

/* A thread that has any number of pops open, and is watched or not. */
PLATFORM_PER_THREAD uint32_t platform_open_pops;
void platform_watch_thread(void) {}

/* Somebody polls the descriptor, or there is none: it is touched where it is one, and never opened nor closed. */
static platform_descriptor polled;
void platform_descriptor_write(const platform_descriptor *descriptor) { CLAIM(descriptor == &polled); }
void platform_descriptor_read(const platform_descriptor *descriptor) { CLAIM(descriptor == &polled); }
void channel_sent(const omni_channel *asked, omni_handle_stats *stats) { (void)asked, (void)stats; }
bool channel_pin(omni_channel *held) { return (void)held, nondet_bool(); }
void channel_unpin(omni_channel *held) { (void)held; }
void channel_release(omni_channel *held) { (void)held; }

/* No thread is inside, and no bit of another thread is cleared. */
static bool guard_was_left(const omni_guard *guard, uint32_t before) {
  _Static_assert(PLATFORM_OWNERS == 4, "each is checked");
  return !(guard->inside[0] | guard->inside[1] | guard->inside[2] | guard->inside[3]) &&
         guard->bias <= PLATFORM_OWNERS && guard->state == before;
}

/* Any bias owner, and any other thread about to enter. */
omni_guard nondet_guard(void);
static void any_guard(omni_guard *guard) {
  *guard = nondet_guard();
  ASSUME(guard->entries < UINT64_MAX / 2 - 2); /* at a thousand million a second: 292 years */
  ASSUME(!(guard->state & ~(uint32_t)(GUARD_BUSY | GUARD_CLOSED | GUARD_EXPIRED)));
  ASSUME(guard_was_left(guard, guard->state));
}

/* Armed only where there is a descriptor, and with nobody asleep: who waits is the caller. */
static void any_waiter(omni_eventcount *waiter) {
  waiter->flags.value = nondet_bool() ? EVENTCOUNT_ARMED : 0;
  waiter->descriptor = waiter->flags.value || nondet_bool() ? &polled : NULL;
}

static void any_state(void) {
  omni_ring *ring = &channel.ring;
  ring->capacity = nondet_u64();
  channel.max_message_size = nondet_u64();
  ASSUME(valid_shape(ring->capacity, channel.max_message_size));
  ring->pool.stride = sizeof(pool_buffer) + (channel.max_message_size + 15) / 16 * 16;
  ring->write_index = nondet_u64();
  ring->read_index = nondet_u64();
  ring->cached_read = nondet_u64();
  ring->cached_write = nondet_u64();
  ring->released_index = nondet_u64();
  ring->backed_off_at = nondet_u64();
  ring->back_off = nondet_u64();
  ring->pool.reserved = 0;
  channel.producer.region = nondet_u64();
  channel.producer.region_pins = nondet_u64();
  channel.producer.regions = nondet_u64();
  ASSUME(channel.producer.regions < UINT64_MAX); /* at a thousand million a second: 584 years */
  ASSUME(state_holds());
  ring->bytes_sent = nondet_u64();
  ring->bytes_received = nondet_u64();
  ring->failed_pushes = nondet_u64();
  ring->failed_pops = nondet_u64();
  ring->producer_alive = nondet_bool();
  ring->consumer_alive = nondet_bool();
  channel.producer.channel = channel.consumer.channel = &channel;
  channel.consumer.exports = nondet_u64();
  ASSUME(channel.consumer.exports % PIN_TRIED <= ring->capacity);
  any_guard(&channel.producer.guard);
  any_guard(&channel.consumer.guard);
  any_waiter(&ring->producer_waiter);
  any_waiter(&ring->consumer_waiter);
  platform_open_pops = nondet_u64();
  ASSUME(platform_open_pops < UINT32_MAX); /* each is a handle of its own */
  platform_asymmetric = nondet_bool();
  platform_spins = nondet_bool();
}

#ifndef POPS

int main(void) {
  uint64_t size = nondet_u64(), offset = nondet_u64();
  uint8_t *data = NULL;
  any_state();
  own_from = channel.ring.write_index;
  own[0] = new_buffer(false);
#ifdef BATCH_PUSH
  own[1] = new_buffer(false);
#endif
  uint32_t guard_before = channel.producer.guard.state;
  bool was_reserved = channel.producer.region, was_pinned = channel.producer.region_pins;
  if (size <= channel.max_message_size) {
    data = malloc(size); /* else it may not be read at all */
    ASSUME(data != NULL);
  }
#if defined(TRY_PUSH)
  if (omni_try_push(&channel.producer, data, size) == OMNI_PUSH_SUCCESS) REACHED("pushed");
#elif defined(BLOCKING_PUSH)
  int result = omni_blocking_push(&channel.producer, data, size, nondet_i64());
  CLAIM(result != OMNI_PUSH_QUEUE_FULL);
  if (result == OMNI_PUSH_SUCCESS) REACHED("pushed");
  if (result == OMNI_INTERRUPTED) REACHED("interrupted");
#elif defined(BATCH_PUSH)
  omni_bytes batch[] = {{data, size}, {data, size}};
  int64_t pushed = omni_batch_push(&channel.producer, batch, OWN);
  if (pushed == OWN) REACHED("pushed two");
  CLAIM((pushed > 0 ? (uint64_t)pushed : 0) == channel.ring.write_index - own_from);
  if (pushed == OWN) CLAIM(own[1]->length == size && own[1]->offset == 0 && places[1] == 1);
#elif defined(RESERVE)
  omni_region region;
  int result = omni_reserve(&channel.producer, size, &region);
  CLAIM(result == OMNI_PUSH_SUCCESS || (region.data == NULL && region.number == 0 && taken == 0));
  if (result == OMNI_PUSH_SUCCESS) {
    REACHED("reserved");
    CLAIM(!was_reserved && __CPROVER_w_ok(region.data, channel.max_message_size)); /* RSV-2 */
    CLAIM(region.size == channel.max_message_size && channel.ring.pool.reserved == 0);
    CLAIM(omni_region_is_writable(&channel.producer, &region) || guard_is_closed(&channel.producer.guard));
  }
#elif defined(COMMIT)
  taken = 1; /* by the reservation */
  int result = omni_commit(&channel.producer, size, offset);
  if (result == OMNI_PUSH_SUCCESS) {
    REACHED("committed");
    CLAIM(was_reserved && !was_pinned && own[0]->offset == offset);
  }
  if (result == OMNI_PINNED) REACHED("pinned");
  CLAIM(result != OMNI_PINNED || (was_pinned && channel.producer.region)); /* RSV-7 */
#endif
  CLAIM(state_holds());
  CLAIM(guard_was_left(&channel.producer.guard, guard_before));
  CLAIM(channel.ring.write_index - own_from <= taken && taken <= OWN);
  if (channel.ring.write_index != own_from) {
    CLAIM(places[0] == 0 && own[0]->length == size && size >= 1 && size <= channel.max_message_size);
    CLAIM(own[0]->offset <= channel.max_message_size - size);
  }
  CLAIM(omni_producer_available_slots(&channel.producer) <= channel.ring.capacity);
}

#else

int main(void) {
  omni_message messages[OWN];
  size_t wanted = nondet_u64(), count = 0;
  int result;
  any_state();
  own_from = channel.ring.read_index;
  uint32_t guard_before = channel.consumer.guard.state;
  uint64_t waiting = channel.ring.write_index - own_from;
  for (uint32_t i = 0; i < OWN; i++) {
    own[i] = new_buffer(i < waiting);
    places[i] = i;
  }
#if defined(TRY_POP)
  result = omni_try_pop(&channel.consumer, messages);
  count = result == OMNI_POP_SUCCESS;
#elif defined(BLOCKING_POP)
  result = omni_blocking_pop(&channel.consumer, nondet_i64(), messages);
  count = result == OMNI_POP_SUCCESS;
  CLAIM(result != OMNI_POP_EMPTY);
  if (result == OMNI_INTERRUPTED) REACHED("interrupted");
#elif defined(BATCH_POP)
  ASSUME(wanted <= OWN || waiting <= OWN);
  result = omni_batch_pop(&channel.consumer, wanted, nondet_i64(), messages, &count);
  CLAIM(count <= wanted && count <= OWN);
  if (count == OWN) REACHED("popped two");
#elif defined(POP_IN_STEPS)
  omni_pop step;
  size_t taken_of_them = nondet_u64(), offered;
  ASSUME(wanted <= OWN || waiting <= OWN);
  result = omni_pop_begin(&channel.consumer, wanted, OMNI_POP_TIMEOUT, messages, &offered, &step);
  CLAIM((result == OMNI_POP_SUCCESS) == (step.consumer != NULL) && channel.ring.read_index == own_from);
  CLAIM(offered <= wanted && offered <= OWN && (result == OMNI_POP_SUCCESS) == (offered > 0));
  if (result == OMNI_POP_SUCCESS) {
    if (nondet_bool()) {
      REACHED("abandoned");
      omni_pop_abandon(&step);
    } else {
      CLAIM(omni_pop_end(&channel.consumer, &step, taken_of_them) == 0);
      count = taken_of_them < offered ? taken_of_them : offered;
      if (count == 1 && offered == 2) REACHED("took some");
      CLAIM(omni_pop_end(&channel.consumer, &step, 1) == OMNI_EXPIRED);
    }
    CLAIM(step.consumer == NULL && channel.consumer.open == 0);
  }
#endif
#ifndef POP_IN_STEPS
  CLAIM((result == OMNI_POP_SUCCESS) == (count > 0));
#endif
  CLAIM(channel.ring.read_index - own_from == count && count <= waiting);
  if (result == OMNI_PINNED) REACHED("pinned");
  if (count) {
    REACHED("popped");
    size_t i = count - 1;
    CLAIM(messages[i].size >= 1 && messages[i].size <= channel.max_message_size);
    CLAIM(__CPROVER_r_ok(messages[i].data, messages[i].size));
    CLAIM(messages[i].number == own_from + i);
    /* MSG-3: with the messages that wait, fewer than there are buffers, where one more is to be pushed */
    CLAIM(channel.ring.read_index - channel.ring.released_index + channel.consumer.exports % PIN_TRIED <=
          channel.ring.capacity);
  }
  CLAIM(state_holds());
  CLAIM(guard_was_left(&channel.consumer.guard, guard_before));
  CLAIM(omni_consumer_available_messages(&channel.consumer) <= channel.ring.capacity);
}

#endif
