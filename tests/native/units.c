/* Unit tests: what one thread sees of the C ABI, each test a few rules, and the back-off of the ring. */
#include <string.h>

#include "native.h"
#include "platform/platform.h"

static uint32_t paused; /* by the last poll; 0: not at all */
#define platform_back_off(pauses) (paused = (pauses))
#include "ring.h"

enum { LONGEST = 100 };

static omni_broker *broker;
static omni_producer *producer;
static omni_consumer *consumer;

static int push(const char *text) { return omni_try_push(producer, text, strlen(text)); }

static bool pops(const char *text) {
  omni_message message;
  return omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS && message.size == strlen(text) &&
         memcmp(message.data, text, message.size) == 0;
}

static int pop(void) { return omni_try_pop(consumer, &(omni_message){0}); }

static void configurations(void) { /* CFG-2, BRK-2 to BRK-6 */
  const uint64_t asked[][4] = {
      {0, 0, 8, 64}, {8, 64, 8, 64}, {9, 65, 16, 65}, {1000, 4096, 1024, 4096}, {65, 1, 128, 64}};
  omni_producer *other;
  omni_consumer *its;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    channel_open(broker, "asked", asked[i][0], asked[i][1], &other, &its);
    CHECK(omni_producer_capacity(other) == asked[i][2] && omni_consumer_capacity(its) == asked[i][2]);
    CHECK(omni_producer_max_message_size(other) == asked[i][3] && omni_consumer_max_message_size(its) == asked[i][3]);
    CHECK(omni_request_channel(broker, "asked", 5, 8, 64, &other, &its) == OMNI_CHANNEL_NAME_EXISTS);
    omni_producer_free(other);
    CHECK(omni_has_channel(broker, "asked", 5) == 1);
    omni_consumer_free(its);
    CHECK(omni_has_channel(broker, "asked", 5) == 0);
  }
  CHECK(omni_request_channel(broker, "", 0, 8, 64, &other, &its) == OMNI_CHANNEL_INVALID_CONFIG);
  omni_broker *small = omni_broker_new(2 * 8 * 64 - 1);
  channel_open(small, "one", 8, 64, &other, &its);
  CHECK(omni_request_channel(small, "two", 3, 8, 64, &other, &its) == OMNI_CHANNEL_ALLOCATION_FAILED);
  CHECK(omni_request_channel(small, "two", 3, UINT64_MAX, UINT64_MAX, &other, &its) == OMNI_CHANNEL_ALLOCATION_FAILED);
  omni_producer_free(other);
  omni_consumer_free(its);
  omni_broker_free(small);
}

static void pushes(void) { /* PSH-1 to PSH-6, POP-1 to POP-3 */
  uint8_t longest[LONGEST + 1] = {1};
  omni_message message;
  CHECK(omni_try_push(producer, longest, 0) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_try_push(producer, longest, LONGEST + 1) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_try_push(producer, longest, SIZE_MAX) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_try_push(producer, longest, LONGEST) == OMNI_PUSH_SUCCESS);
  CHECK(omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS && message.size == LONGEST && message.number == 0);
  CHECK((uintptr_t)message.data % 16 == 0 && pop() == OMNI_POP_EMPTY);
  for (uint64_t lap = 0; lap < 5; lap++) {
    for (uint64_t i = 0; i < 8; i++) CHECK(omni_producer_available_slots(producer) == 8 - i && push("m") == 0);
    CHECK(push("one more") == OMNI_PUSH_QUEUE_FULL && omni_consumer_available_messages(consumer) == 8);
    CHECK(omni_blocking_push(producer, "m", 1, 0) == OMNI_PUSH_TIMEOUT);
    CHECK(omni_blocking_push(producer, "m", 1, 1000) == OMNI_PUSH_TIMEOUT);
    CHECK(pops("m") && push("last") == OMNI_PUSH_SUCCESS && push("m") == OMNI_PUSH_QUEUE_FULL);
    for (uint64_t i = 0; i < 7; i++) CHECK(pops("m"));
    CHECK(pops("last") && pop() == OMNI_POP_EMPTY);
  }
  CHECK(omni_blocking_pop(consumer, 1000, &message) == OMNI_POP_TIMEOUT);
}

static void batches(void) { /* PSH-6, POP-5, MSG-5 */
  omni_bytes out[10];
  omni_message in[10];
  size_t count;
  for (size_t i = 0; i < 10; i++) out[i] = (omni_bytes){"0123456789", i + 1};
  CHECK(omni_batch_push(producer, out, 0) == 0 && omni_batch_push(producer, out, 10) == 8);
  CHECK(omni_batch_pop(consumer, 0, -1, in, &count) == OMNI_POP_EMPTY && count == 0);
  CHECK(omni_batch_pop(consumer, 3, -1, in, &count) == OMNI_POP_SUCCESS && count == 3);
  CHECK(omni_message_is_readable(consumer, &in[0]) == 1 && in[2].size == 3);
  CHECK(omni_batch_pop(consumer, 0, -1, in + 9, &count) == OMNI_POP_EMPTY);
  CHECK(omni_message_is_readable(consumer, &in[0]) == 1);
  CHECK(omni_batch_pop(consumer, SIZE_MAX, -1, in, &count) == OMNI_POP_SUCCESS && count == 5 && in[4].number == 7);
  CHECK(omni_batch_pop(consumer, 3, 0, in, &count) == OMNI_POP_EMPTY && count == 0);
  CHECK(omni_batch_pop(consumer, 3, 1000, in, &count) == OMNI_POP_TIMEOUT && count == 0);
  out[1].size = 0;
  CHECK(omni_batch_push(producer, out, 3) == 1 && pops("0"));
}

static void reservations(void) { /* RSV-1 to RSV-6 */
  uint8_t *region, *again;
  CHECK(omni_commit(producer, 1, 0) == 0 && omni_rollback(producer) == 0);
  CHECK(omni_reserve(producer, 0, &region) == 0 && omni_reserve(producer, LONGEST + 1, &region) == 0);
  CHECK(omni_reserve(producer, 1, &region) == 1 && (uintptr_t)region % 16 == 0);
  CHECK(omni_reserve(producer, 1, &again) == 0 && push("m") == OMNI_PUSH_QUEUE_FULL);
  CHECK(omni_blocking_push(producer, "m", 1, -1) == OMNI_PUSH_TIMEOUT); /* PSH-5 */
  CHECK(omni_commit(producer, 0, 0) == 0 && omni_commit(producer, 1, LONGEST) == 0);
  CHECK(omni_commit(producer, LONGEST, 1) == 0 && omni_commit(producer, SIZE_MAX, 1) == 0);
  CHECK(omni_commit(producer, 1, SIZE_MAX) == 0 && omni_producer_available_slots(producer) == 8);
  memcpy(region + LONGEST - 3, "end", 3);
  CHECK(omni_commit(producer, 3, LONGEST - 3) == 1 && pops("end") && omni_commit(producer, 3, 0) == 0);
  CHECK(omni_reserve(producer, 1, &region) == 1 && omni_rollback(producer) == 0 && pop() == OMNI_POP_EMPTY);
}

static void views(void) { /* MSG-1 to MSG-3 */
  omni_message first, second;
  for (int i = 0; i < 8; i++) CHECK(push("before") == OMNI_PUSH_SUCCESS);
  CHECK(omni_try_pop(consumer, &first) == OMNI_POP_SUCCESS && push("after") == OMNI_PUSH_SUCCESS);
  CHECK(memcmp(first.data, "before", 6) == 0 && omni_message_pin(consumer, &first) == 0);
  for (int i = 1; i < 8; i++) CHECK(pops("before") && push("after") == OMNI_PUSH_SUCCESS);
  CHECK(pop() == OMNI_PINNED && memcmp(first.data, "before", 6) == 0);
  CHECK(omni_message_is_readable(consumer, &first) == 0 && omni_message_pin(consumer, &first) == OMNI_EXPIRED);
  omni_message_unpin(consumer, first.number);
  CHECK(omni_try_pop(consumer, &second) == OMNI_POP_SUCCESS && memcmp(second.data, "after", 5) == 0);
  CHECK(omni_message_pin(consumer, &second) == 0);
  omni_producer_close(producer);
  omni_consumer_close(consumer);
  CHECK(memcmp(second.data, "after", 5) == 0); /* the memory lives until the last pin is gone */
  omni_message_unpin(consumer, second.number);
  CHECK(omni_message_pin(consumer, &second) == OMNI_EXPIRED && omni_producer_pin(producer) == OMNI_EXPIRED);
}

static void producer_close(void) { /* LIF-2, LIF-4, LIF-5, STA-1, STA-2 */
  omni_handle_stats sent, received;
  uint8_t *region;
  CHECK(push("abc") == OMNI_PUSH_SUCCESS && omni_reserve(producer, 1, &region) == 1);
  omni_producer_close(producer);
  omni_producer_close(producer);
  CHECK(push("m") == OMNI_PUSH_CHANNEL_CLOSED && omni_commit(producer, 1, 0) == 0);
  CHECK(omni_reserve(producer, 1, &region) == 0 && omni_producer_available_slots(producer) == 0);
  CHECK(!omni_producer_is_connected(producer) && !omni_consumer_is_connected(consumer));
  CHECK(pops("abc") && pop() == OMNI_POP_CHANNEL_CLOSED);
  CHECK(omni_blocking_pop(consumer, -1, &(omni_message){0}) == OMNI_POP_CHANNEL_CLOSED);
  omni_producer_get_stats(producer, &sent);
  omni_consumer_get_stats(consumer, &received);
  CHECK(sent.messages == 1 && sent.bytes == 3 && sent.failed == 0);
  CHECK(received.messages == 1 && received.bytes == 3 && received.failed == 2);
}

static void consumer_close(void) {
  uint8_t *region;
  CHECK(omni_reserve(producer, 1, &region) == 1);
  omni_consumer_close(consumer);
  CHECK(omni_commit(producer, 1, 0) == 0 && omni_reserve(producer, 1, &region) == 0);
  CHECK(push("m") == OMNI_PUSH_CHANNEL_CLOSED && pop() == OMNI_POP_CHANNEL_CLOSED);
  CHECK(omni_blocking_push(producer, "m", 1, -1) == OMNI_PUSH_CHANNEL_CLOSED);
  CHECK(omni_consumer_available_messages(consumer) == 0 && !omni_producer_is_connected(producer));
}

static void shutdown_and_wait(void) { /* SHD-1 to SHD-3 */
  omni_producer *late_producer;
  omni_consumer *late_consumer;
  omni_broker_stats stats;
  CHECK(push("m") == OMNI_PUSH_SUCCESS);
  uint64_t generation = omni_shutdown_begin(broker);
  CHECK(push("m") == OMNI_PUSH_CHANNEL_CLOSED && pops("m") && pop() == OMNI_POP_CHANNEL_CLOSED);
  CHECK(omni_shutdown_wait(broker, generation, 0) == 0 && omni_shutdown(broker, 1000) == 0);
  channel_open(broker, "late", 8, 64, &late_producer, &late_consumer);
  omni_producer_close(producer);
  CHECK(omni_shutdown_wait(broker, generation, 1000) == 0);
  omni_consumer_close(consumer);
  CHECK(omni_shutdown_wait(broker, generation, -1) == 1 && omni_producer_is_connected(late_producer));
  omni_broker_get_stats(broker, &stats);
  CHECK(stats.active_channels == 1 && stats.total_messages_sent == 1 && stats.total_bytes_transferred == 1);
  omni_producer_free(late_producer);
  omni_consumer_free(late_consumer);
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
  ring_release(&ring, messages, messages);
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
    {"configurations", configurations},
    {"pushes", pushes},
    {"batches", batches},
    {"reservations", reservations},
    {"views", views},
    {"the producer closes", producer_close},
    {"the consumer closes", consumer_close},
    {"shutdown", shutdown_and_wait},
    {"back-off", back_off},
};

/* Each test has a broker of its own, with an empty channel of eight messages. */
void units(void) {
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    phase("unit: %s", tests[i].name);
    CHECK(broker = omni_broker_new(UINT64_MAX));
    channel_open(broker, "unit", 8, LONGEST, &producer, &consumer);
    tests[i].run();
    omni_producer_free(producer);
    omni_consumer_free(consumer);
    CHECK(omni_has_channel(broker, "unit", 4) == 0);
    omni_broker_free(broker);
  }
}
