/* Unit tests from inside the core: what a caller of the C ABI does not see, or could not bring about. */
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "native.h"
#include "platform/platform.h"

static uint32_t paused; /* by the last poll; 0: not at all */
#define platform_back_off(pauses) (paused = (pauses))
#include "channel.h"

static omni_broker *broker;
static omni_producer *producer;
static omni_consumer *consumer;

static void pop(void) { CHECK(omni_try_pop(consumer, &(omni_message){0}) == OMNI_POP_SUCCESS); }

static void too_many_pins(void) {
  omni_channel *channel = consumer->channel;
  omni_message message;
  omni_pin pin, refused;
  CHECK(omni_try_push(producer, "m", 1) == OMNI_PUSH_SUCCESS && omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS);
  CHECK(omni_message_pin(consumer, &message, &pin) == 0);
  uint64_t users = channel->mapping_users;
  channel->ring.pool.pins[pin.buffer] = PLATFORM_MOST_PINS; /* as if it had so many */
  CHECK(omni_message_pin(consumer, &message, &refused) == OMNI_PINNED && refused.channel == NULL);
  CHECK(channel->ring.pool.pins[pin.buffer] == PLATFORM_MOST_PINS);
  CHECK(channel->mapping_users == users && channel->consumer.exports == 1);
  channel->ring.pool.pins[pin.buffer] = PLATFORM_MOST_PINS - 1;
  CHECK(omni_message_pin(consumer, &message, &refused) == 0 && channel->consumer.exports == 1);
  omni_unpin(&refused);
  channel->ring.pool.pins[pin.buffer] = 1;
  omni_unpin(&pin);
  CHECK(channel->consumer.exports == 0);
}

/* MEM-1: pages of the channel's mapping that are resident. */
static uint64_t resident(void) {
  const omni_channel *channel = consumer->channel;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = (channel->mapping_size + page - 1) / page, touched = 0;
  uint8_t *each = malloc(pages);
  CHECK(each && mincore(channel->ring.pool.buffers, channel->mapping_size, each) == 0);
  for (uint64_t i = 0; i < pages; i++) touched += each[i] & 1;
  free(each);
  return touched * page;
}

/* One of the longest messages, each page of it touched. */
static void push_longest(size_t size) {
  omni_region region;
  CHECK(omni_reserve(producer, size, &region) == OMNI_PUSH_SUCCESS);
  for (size_t i = 0; i < size; i += 4096) region.data[i] = 1;
  CHECK(omni_commit(producer, size, 0) == OMNI_PUSH_SUCCESS);
}

static void memory(void) { /* MEM-1 */
  const uint64_t mib = 1024 * 1024;
  omni_producer_free(producer);
  omni_consumer_free(consumer);
  channel_open(broker, "large", 1024, mib, &producer, &consumer);
  for (int i = 0; i < 4096; i++) {
    push_longest(mib);
    pop();
  }
  CHECK(resident() < 8 * mib);
  for (int i = 0; i < 16; i++) push_longest(mib);
  for (int i = 0; i < 16; i++) pop();
  CHECK(resident() >= 16 * mib && resident() < 24 * mib); /* what is in flight is there, and not much more */
  omni_producer_free(producer);
  omni_consumer_free(consumer);
  channel_open(broker, "small", 1024, 4000, &producer, &consumer);
  for (int i = 0; i < 10000; i++) {
    push_longest(4000);
    pop();
  }
  CHECK(resident() < mib + 64 * 1024); /* warmed up, and no more */
}

static _Atomic bool pop_has_ended;
static _Atomic int waiting; /* how many closes are to wait */

static void *close_here(void *nothing) {
  if (omni_consumer_close_begin(consumer)) {
    waiting++;
    omni_consumer_close_end(consumer);
  }
  CHECK(pop_has_ended);
  return nothing;
}

static void a_second_close_waits(void) { /* BRK-8 */
  omni_message message;
  size_t count;
  omni_pop open;
  pthread_t first, second;
  CHECK(omni_try_push(producer, "m", 1) == OMNI_PUSH_SUCCESS);
  CHECK(omni_pop_begin(consumer, 1, OMNI_POP_EMPTY, &message, &count, &open) == OMNI_POP_SUCCESS);
  thread_start(&first, close_here, NULL);
  while (waiting < 1) sched_yield();
  thread_start(&second, close_here, NULL);
  while (waiting < 2) sched_yield();
  pop_has_ended = true;
  CHECK(omni_producer_is_connected(producer) && omni_pop_end(consumer, &open, 1) == 0);
  thread_join(first);
  thread_join(second);
  CHECK(omni_consumer_close_begin(consumer) == 0 && !omni_producer_is_connected(producer));
}

/* ---- adaptive back-off, from inside the ring ---- */

static omni_ring ring;

static uint64_t poll(uint64_t wanted) {
  bool ended;
  paused = 0;
  return ring_waiting(&ring, wanted, &ended);
}

/* So many messages are found by one poll; then the consumer has caught up, and polls again. */
static uint32_t caught_up_after(uint64_t messages) {
  ring_publish(&ring, messages, messages);
  CHECK(poll(1) == messages && paused == 0);
  ring_release(&ring, messages, messages, ring.read_index);
  CHECK(poll(1) == 0);
  return paused;
}

static void back_off(void) {
  ring.capacity = 8;
  ring_begin(&ring, UINT64_MAX - 5);
  CHECK(poll(1) == 0 && paused == 0);
  CHECK(caught_up_after(1) == BACK_OFF_MIN);
  CHECK(poll(1) == 0 && paused == 0); /* once at each index */
  CHECK(caught_up_after(2) == 2 * BACK_OFF_MIN && caught_up_after(8) == 4 * BACK_OFF_MIN);
  CHECK(caught_up_after(3) == BACK_OFF_MAX);
  CHECK(caught_up_after(1) == BACK_OFF_MAX / 2);
  CHECK(caught_up_after(1) == BACK_OFF_MAX / 4);
  CHECK(caught_up_after(1) == BACK_OFF_MIN);
  ring_publish(&ring, 1, 1);
  CHECK(poll(2) == 1 && poll(2) == 1 && paused == 0); /* a batch that is cut short has not caught up */
}

static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {
    {"too many pins of one", too_many_pins},
    {"memory", memory},
    {"a second close waits", a_second_close_waits},
    {"back-off", back_off},
};

void insides(void) {
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    phase("unit: %s", tests[i].name);
    CHECK(broker = omni_broker_new(UINT64_MAX));
    channel_open(broker, "unit", 8, 100, &producer, &consumer);
    tests[i].run();
    omni_producer_free(producer);
    omni_consumer_free(consumer);
    omni_broker_free(broker);
  }
}
