/* Unit tests: what a caller of the C ABI sees, each test a few rules. Any library that has it must pass them. */
#include <sched.h>
#include <string.h>

#include "native.h"

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
  omni_region region, again;
  CHECK(omni_commit(producer, 1, 0) == OMNI_EXPIRED && omni_rollback(producer) == 0);
  CHECK(omni_reserve(producer, 0, &region) == OMNI_PUSH_INVALID_SIZE && region.data == NULL && region.number == 0);
  CHECK(omni_reserve(producer, LONGEST + 1, &region) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_region_is_writable(producer, &region) == 0);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS && (uintptr_t)region.data % 16 == 0);
  CHECK(region.size == LONGEST && region.number == 1 && omni_region_is_writable(producer, &region) == 1);
  CHECK(omni_reserve(producer, LONGEST + 1, &again) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_reserve(producer, 1, &again) == OMNI_RESERVED && push("m") == OMNI_PUSH_QUEUE_FULL);
  CHECK(omni_batch_push(producer, &(omni_bytes){"m", 1}, 1) == 0);
  CHECK(omni_blocking_push(producer, "m", 1, -1) == OMNI_PUSH_TIMEOUT); /* PSH-5 */
  CHECK(omni_commit(producer, 0, 0) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_commit(producer, 1, LONGEST) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_commit(producer, LONGEST, 1) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_commit(producer, SIZE_MAX, 1) == OMNI_PUSH_INVALID_SIZE);
  CHECK(omni_commit(producer, 1, SIZE_MAX) == OMNI_PUSH_INVALID_SIZE && omni_producer_available_slots(producer) == 8);
  memcpy(region.data + LONGEST - 3, "end", 3);
  CHECK(omni_commit(producer, 3, LONGEST - 3) == OMNI_PUSH_SUCCESS && pops("end"));
  CHECK(omni_commit(producer, 3, 0) == OMNI_EXPIRED && omni_region_is_writable(producer, &region) == 0);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS && omni_rollback(producer) == 0);
  CHECK(omni_region_is_writable(producer, &region) == 0 && pop() == OMNI_POP_EMPTY);
  CHECK(omni_reserve(producer, 1, &again) == OMNI_PUSH_SUCCESS && again.data == region.data); /* kept for the next */
  CHECK(again.number == 3 && omni_region_is_writable(producer, &region) == 0 && omni_rollback(producer) == 0);
  for (int i = 0; i < 8; i++) CHECK(push("m") == OMNI_PUSH_SUCCESS);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_QUEUE_FULL);
}

static void regions_pinned(void) { /* RSV-7 */
  omni_region region, other;
  omni_pin first, second;
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS);
  other = (omni_region){region.data, region.size, region.number + 1};
  CHECK(omni_region_pin(producer, &other, &first) == OMNI_EXPIRED && first.channel == NULL);
  CHECK(omni_region_pin(producer, &region, &first) == 0 && omni_region_pin(producer, &region, &second) == 0);
  memcpy(region.data, "abc", 3);
  CHECK(omni_commit(producer, 0, 0) == OMNI_PUSH_INVALID_SIZE && omni_commit(producer, 3, 0) == OMNI_PINNED);
  omni_unpin(&first);
  CHECK(first.channel == NULL && omni_rollback(producer) == OMNI_PINNED && omni_commit(producer, 3, 0) == OMNI_PINNED);
  omni_unpin(&first); /* empty: nothing */
  CHECK(omni_commit(producer, 3, 0) == OMNI_PINNED && omni_region_is_writable(producer, &region) == 1);
  omni_unpin(&second);
  CHECK(omni_commit(producer, 3, 0) == OMNI_PUSH_SUCCESS && pops("abc"));
  CHECK(omni_region_pin(producer, &region, &first) == OMNI_EXPIRED);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS && omni_region_pin(producer, &region, &first) == 0);
  omni_producer_close(producer);
  omni_consumer_close(consumer);
  CHECK(omni_region_is_writable(producer, &region) == 0);
  CHECK(omni_region_pin(producer, &region, &second) == OMNI_EXPIRED);
  memset(region.data, 1, region.size); /* the memory lives until the last pin is gone */
  omni_unpin(&first);
}

static void views(void) { /* MSG-1 to MSG-3 */
  omni_message first, second;
  omni_pin pin, other;
  for (int i = 0; i < 8; i++) CHECK(push("before") == OMNI_PUSH_SUCCESS);
  CHECK(omni_try_pop(consumer, &first) == OMNI_POP_SUCCESS && push("after") == OMNI_PUSH_SUCCESS);
  CHECK(memcmp(first.data, "before", 6) == 0 && omni_message_pin(consumer, &first, &pin) == 0);
  for (int i = 1; i < 8; i++) CHECK(pops("before") && push("after") == OMNI_PUSH_SUCCESS);
  for (int lap = 0; lap < 100; lap++) CHECK(pops("after") && push("after") == OMNI_PUSH_SUCCESS);
  CHECK(memcmp(first.data, "before", 6) == 0 && omni_message_is_readable(consumer, &first) == 0);
  CHECK(omni_message_pin(consumer, &first, &other) == OMNI_EXPIRED && other.channel == NULL);
  omni_unpin(&pin);
  omni_unpin(&pin); /* empty: nothing */
  CHECK(omni_try_pop(consumer, &second) == OMNI_POP_SUCCESS && memcmp(second.data, "after", 5) == 0);
  CHECK(omni_message_pin(consumer, &second, &pin) == 0);
  omni_producer_close(producer);
  omni_consumer_close(consumer);
  CHECK(memcmp(second.data, "after", 5) == 0); /* the memory lives until the last pin is gone */
  omni_unpin(&pin);
  CHECK(omni_message_pin(consumer, &second, &pin) == OMNI_EXPIRED);
}

static void many_pinned(void) { /* MSG-3: only how many are held counts, not how old they are */
  omni_message held[9], batch[8];
  omni_pin pins[8], again;
  omni_handle_stats before, after;
  size_t count;
  for (uint64_t i = 0; i < 8; i++) {
    for (uint64_t filled = omni_consumer_available_messages(consumer); filled < 8; filled++) CHECK(push("m") == 0);
    CHECK(omni_batch_pop(consumer, 8, 0, batch, &count) == OMNI_POP_SUCCESS && count == 8 - i);
    held[i] = batch[count - 1];
    memset((uint8_t *)held[i].data, 'a' + (int)i, 1);
    CHECK(omni_message_pin(consumer, &held[i], &pins[i]) == 0);
    CHECK(omni_message_pin(consumer, &held[i], &again) == 0); /* a second pin of it does not count */
    omni_unpin(&again);
  }
  for (uint64_t filled = omni_consumer_available_messages(consumer); filled < 8; filled++) CHECK(push("m") == 0);
  omni_consumer_get_stats(consumer, &before);
  CHECK(omni_try_pop(consumer, &held[8]) == OMNI_PINNED && omni_blocking_pop(consumer, -1, &held[8]) == OMNI_PINNED);
  CHECK(omni_batch_pop(consumer, 8, -1, batch, &count) == OMNI_PINNED && count == 0);
  CHECK(omni_consumer_wait(consumer, -1) == OMNI_POP_SUCCESS && omni_consumer_available_messages(consumer) == 8);
  omni_consumer_get_stats(consumer, &after);
  CHECK(memcmp(&before, &after, sizeof before) == 0 && omni_message_is_readable(consumer, &held[7]) == 0);
  for (uint64_t i = 0; i < 8; i++) CHECK(held[i].data[0] == 'a' + i);
  omni_unpin(&pins[3]);
  CHECK(omni_batch_pop(consumer, 8, 0, batch, &count) == OMNI_POP_SUCCESS && count == 1);
  for (uint64_t i = 0; i < 8; i++) CHECK(i == 3 || held[i].data[0] == 'a' + i);
  for (uint64_t i = 0; i < 8; i++) omni_unpin(&pins[i]);
  CHECK(omni_batch_pop(consumer, 8, 0, batch, &count) == OMNI_POP_SUCCESS && count == 7);
}

/* Pops what waits, in two steps: whether it was adjacent. */
static bool pops_adjacent(size_t expected, omni_message *messages) {
  omni_pop pop = {NULL, 0};
  size_t count;
  CHECK(omni_pop_begin(consumer, 8, OMNI_POP_EMPTY, messages, &count, &pop) == OMNI_POP_SUCCESS && count == expected);
  bool adjacent = omni_pop_is_adjacent(&pop, count);
  CHECK(omni_pop_is_adjacent(&pop, 1) && omni_pop_end(consumer, &pop, count) == 0);
  return adjacent;
}

static void straight_batches(void) {
  omni_message batch[8];
  omni_pin pin;
  for (int lap = 0; lap < 20; lap++) {
    for (int i = 0; i < 4; i++) CHECK(push("m") == OMNI_PUSH_SUCCESS);
    CHECK(pops_adjacent(4, batch));
  }
  CHECK(omni_message_pin(consumer, &batch[1], &pin) == 0);
  bool straight = true; /* the pinned one is passed over, and the batch that has its place is not straight */
  for (int lap = 0; lap < 5; lap++) {
    for (int i = 0; i < 4; i++) CHECK(push("m") == OMNI_PUSH_SUCCESS);
    straight &= pops_adjacent(4, batch);
  }
  CHECK(!straight);
  omni_unpin(&pin);
}

static void waits(void) { /* WAI-1 */
  omni_message message;
  omni_region region;
  omni_handle_stats stats;
  CHECK(omni_consumer_wait(consumer, 0) == OMNI_POP_TIMEOUT && omni_consumer_wait(consumer, 1000) == OMNI_POP_TIMEOUT);
  CHECK(omni_producer_wait(producer, -1) == OMNI_PUSH_SUCCESS);
  CHECK(push("a") == OMNI_PUSH_SUCCESS && omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS);
  for (int i = 0; i < 8; i++) CHECK(push("b") == OMNI_PUSH_SUCCESS);
  CHECK(omni_producer_wait(producer, 0) == OMNI_PUSH_TIMEOUT &&
        omni_producer_wait(producer, 1000) == OMNI_PUSH_TIMEOUT);
  CHECK(omni_consumer_wait(consumer, -1) == OMNI_POP_SUCCESS && omni_message_is_readable(consumer, &message) == 1);
  CHECK(pops("b") && omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS);
  CHECK(omni_producer_wait(producer, -1) == OMNI_PUSH_TIMEOUT); /* PSH-5 */
  CHECK(omni_rollback(producer) == 0 && omni_producer_wait(producer, -1) == OMNI_PUSH_SUCCESS);
  omni_producer_close(producer);
  CHECK(omni_producer_wait(producer, -1) == OMNI_PUSH_CHANNEL_CLOSED);
  for (int i = 1; i < 8; i++) CHECK(omni_consumer_wait(consumer, -1) == OMNI_POP_SUCCESS && pops("b"));
  CHECK(omni_consumer_wait(consumer, -1) == OMNI_POP_CHANNEL_CLOSED);
  omni_consumer_get_stats(consumer, &stats);
  CHECK(stats.failed == 0 && stats.messages == 9);
  omni_producer_get_stats(producer, &stats);
  CHECK(stats.failed == 0);
  omni_consumer_close(consumer);
  CHECK(omni_consumer_wait(consumer, -1) == OMNI_POP_CHANNEL_CLOSED);
}

/* ---- pops in two steps ---- */

static omni_pop step;
static omni_message seen[8];
static size_t found;

static int begin(size_t max_count) { return omni_pop_begin(consumer, max_count, OMNI_POP_EMPTY, seen, &found, &step); }

/* The answer that another thread gets meanwhile. */
static void *elsewhere(void *answer) {
  *(int *)answer = pop();
  return NULL;
}
static int pop_elsewhere(void) {
  pthread_t thread;
  int answer;
  thread_start(&thread, elsewhere, &answer);
  thread_join(thread);
  return answer;
}

static void two_steps(void) { /* POP-6 */
  omni_message message;
  omni_handle_stats stats;
  omni_pin pin;
  CHECK(begin(1) == OMNI_POP_EMPTY && found == 0 && step.consumer == NULL);
  CHECK(omni_pop_end(consumer, &step, 1) == OMNI_EXPIRED);
  CHECK(omni_pop_begin(consumer, 1, OMNI_POP_TIMEOUT, seen, &found, &step) == OMNI_POP_TIMEOUT);
  CHECK(push("0") == 0 && push("1") == 0 && push("2") == 0);
  CHECK(omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS && begin(0) == OMNI_POP_EMPTY);
  CHECK(omni_message_is_readable(consumer, &message) == 1); /* MSG-5 */
  CHECK(begin(SIZE_MAX) == OMNI_POP_SUCCESS && found == 2 && omni_message_is_readable(consumer, &message) == 0);
  CHECK(seen[0].number == 1 && seen[1].data[0] == '2' && omni_message_is_readable(consumer, &seen[1]) == 1);
  omni_consumer_get_stats(consumer, &stats);
  CHECK(stats.messages == 1 && stats.failed == 1 && omni_consumer_available_messages(consumer) == 2);
  CHECK(pop_elsewhere() == OMNI_CONCURRENT_USE && omni_consumer_wait(consumer, 0) == OMNI_CONCURRENT_USE);
  CHECK(omni_pop_end(consumer, &step, 0) == 0 && step.consumer == NULL); /* none */
  CHECK(omni_pop_end(consumer, &step, 1) == OMNI_EXPIRED && omni_consumer_available_messages(consumer) == 2);
  CHECK(omni_message_pin(consumer, &seen[0], &pin) == OMNI_EXPIRED);
  CHECK(begin(8) == OMNI_POP_SUCCESS && found == 2 && omni_pop_end(consumer, &step, 1) == 0); /* some */
  omni_consumer_get_stats(consumer, &stats);
  CHECK(stats.messages == 2 && stats.bytes == 2 && omni_message_is_readable(consumer, &seen[0]) == 1);
  CHECK(omni_pop_begin(consumer, 8, OMNI_POP_EMPTY, NULL, &found, &step) == OMNI_POP_SUCCESS && found == 1);
  omni_pop_message(&step, 0, &message);
  CHECK(message.number == 2 && message.size == 1 && message.data[0] == '2');
  CHECK(omni_pop_end(consumer, &step, SIZE_MAX) == 0 && omni_message_is_readable(consumer, &message) == 1); /* all */
  omni_consumer_get_stats(consumer, &stats);
  CHECK(stats.messages == 3 && stats.bytes == 3 && pop() == OMNI_POP_EMPTY);
  omni_pop_abandon(&step); /* ended: nothing */
}

static void nested_pops(void) { /* CON-2 */
  omni_pop outer;
  CHECK(push("0") == 0 && push("1") == 0 && begin(1) == OMNI_POP_SUCCESS);
  outer = step;
  CHECK(pops("0") && omni_pop_end(consumer, &outer, 1) == OMNI_EXPIRED && outer.consumer == NULL);
  CHECK(begin(1) == OMNI_POP_SUCCESS && seen[0].number == 1);
  outer = step;
  CHECK(begin(1) == OMNI_POP_SUCCESS && seen[0].number == 1); /* it has ended the outer one with none taken */
  CHECK(omni_pop_end(consumer, &outer, 1) == OMNI_EXPIRED && pop_elsewhere() == OMNI_CONCURRENT_USE);
  CHECK(omni_pop_end(consumer, &step, 1) == 0 && pop_elsewhere() == OMNI_POP_EMPTY);
}

static void *abandon(void *nothing) {
  omni_pop_abandon(&step);
  return nothing;
}

static void abandon_elsewhere(void) {
  pthread_t thread;
  thread_start(&thread, abandon, NULL);
  thread_join(thread);
}

static void abandoned_pops(void) { /* CON-6, LIF-12 */
  omni_pop outer;
  omni_pin pin;
  CHECK(push("0") == 0 && begin(1) == OMNI_POP_SUCCESS);
  outer = step;
  omni_pop_abandon(&step);
  CHECK(step.consumer == NULL && pop_elsewhere() == OMNI_POP_SUCCESS);
  CHECK(push("1") == 0 && begin(1) == OMNI_POP_SUCCESS);
  omni_pop_abandon(&outer); /* not this one's */
  CHECK(pop_elsewhere() == OMNI_CONCURRENT_USE);
  abandon_elsewhere();
  CHECK(omni_message_pin(consumer, &seen[0], &pin) == OMNI_EXPIRED);
  CHECK(omni_pop_end(consumer, &step, 1) == OMNI_EXPIRED && pops("1"));
}

/* ---- closes ---- */

static void producer_close(void) { /* LIF-2, LIF-4, LIF-5, STA-1, STA-2 */
  omni_handle_stats sent, received;
  omni_region region;
  CHECK(push("abc") == OMNI_PUSH_SUCCESS && omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS);
  CHECK(omni_producer_close_begin(producer) == 0 && omni_producer_close_begin(producer) == 0);
  omni_producer_close(producer);
  CHECK(push("m") == OMNI_PUSH_CHANNEL_CLOSED && omni_commit(producer, 1, 0) == OMNI_PUSH_CHANNEL_CLOSED);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_CHANNEL_CLOSED && omni_rollback(producer) == 0);
  CHECK(omni_producer_available_slots(producer) == 0);
  CHECK(!omni_producer_is_connected(producer) && !omni_consumer_is_connected(consumer));
  CHECK(pops("abc") && pop() == OMNI_POP_CHANNEL_CLOSED && begin(1) == OMNI_POP_CHANNEL_CLOSED);
  CHECK(omni_blocking_pop(consumer, -1, &(omni_message){0}) == OMNI_POP_CHANNEL_CLOSED);
  omni_producer_get_stats(producer, &sent);
  omni_consumer_get_stats(consumer, &received);
  CHECK(sent.messages == 1 && sent.bytes == 3 && sent.failed == 0);
  CHECK(received.messages == 1 && received.bytes == 3 && received.failed == 3);
}

static void consumer_close(void) {
  omni_region region;
  omni_handle_stats received;
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_SUCCESS);
  CHECK(omni_consumer_close_begin(consumer) == 0 && omni_consumer_close_begin(consumer) == 0);
  omni_consumer_close(consumer);
  CHECK(omni_reserve(producer, 1, &region) == OMNI_PUSH_CHANNEL_CLOSED); /* before OMNI_RESERVED */
  CHECK(omni_commit(producer, 1, 0) == OMNI_PUSH_CHANNEL_CLOSED && omni_commit(producer, 1, 0) == OMNI_EXPIRED);
  CHECK(push("m") == OMNI_PUSH_CHANNEL_CLOSED && pop() == OMNI_POP_CHANNEL_CLOSED);
  CHECK(begin(1) == OMNI_POP_CHANNEL_CLOSED && begin(0) == OMNI_POP_CHANNEL_CLOSED);
  CHECK(omni_blocking_push(producer, "m", 1, -1) == OMNI_PUSH_CHANNEL_CLOSED);
  CHECK(omni_producer_wait(producer, -1) == OMNI_PUSH_CHANNEL_CLOSED);
  CHECK(omni_consumer_available_messages(consumer) == 0 && !omni_producer_is_connected(producer));
  omni_consumer_get_stats(consumer, &received);
  CHECK(received.failed == 0);
}

static bool is_registered(void) { return omni_has_channel(broker, "unit", 4); }

static _Atomic int begun; /* what a close by another thread has answered; -1: nothing yet */

static void *close_here(void *nothing) {
  begun = omni_consumer_close_begin(consumer);
  if (begun) omni_consumer_close_end(consumer);
  return nothing;
}

/* A close that waits for the pop that this thread has open. */
static pthread_t close_elsewhere(void) {
  pthread_t thread;
  begun = -1;
  thread_start(&thread, close_here, NULL);
  while (begun < 0) sched_yield();
  CHECK(begun == 1);
  return thread;
}

static void closes_from_inside(void) { /* LIF-8, BRK-8 */
  omni_producer_free(producer);
  omni_consumer_free(consumer);
  for (int way = 0; way < 4; way++) {
    pthread_t thread;
    channel_open(broker, "unit", 8, LONGEST, &producer, &consumer);
    CHECK(push("0") == 0 && push("1") == 0 && begin(1) == OMNI_POP_SUCCESS);
    omni_producer_close(producer);
    omni_consumer_close(consumer); /* returns at once, and so does a second one */
    CHECK(omni_consumer_close_begin(consumer) == 0 && is_registered() && !omni_consumer_is_connected(consumer));
    CHECK(omni_shutdown(broker, -1) == OMNI_CONCURRENT_USE && omni_shutdown(broker, 0) == OMNI_CONCURRENT_USE);
    if (way == 0) CHECK(omni_pop_end(consumer, &step, 1) == 0);
    if (way == 1) CHECK(pop() == OMNI_POP_CHANNEL_CLOSED && omni_pop_end(consumer, &step, 1) == OMNI_EXPIRED);
    if (way == 2) abandon_elsewhere();
    if (way == 3) { /* another thread's close waits for the pop, and the close is complete with either */
      thread = close_elsewhere();
      CHECK(omni_pop_end(consumer, &step, 1) == 0);
    }
    CHECK(!is_registered() && omni_shutdown(broker, -1) == 1);
    omni_handle_stats received;
    omni_consumer_get_stats(consumer, &received);
    CHECK(received.messages == (way == 0 || way == 3) && received.failed == 0);
    if (way == 3) thread_join(thread);
    if (way < 3) omni_producer_free(producer), omni_consumer_free(consumer);
  }
}

static void closes_from_another_thread(void) { /* LIF-8 */
  CHECK(push("0") == 0 && begin(1) == OMNI_POP_SUCCESS);
  omni_producer_close(producer);
  pthread_t thread = close_elsewhere();
  CHECK(is_registered() && memcmp(seen[0].data, "0", 1) == 0 && omni_message_is_readable(consumer, &seen[0]) == 0);
  CHECK(omni_pop_end(consumer, &step, 1) == 0);
  thread_join(thread);
  CHECK(!is_registered() && pop() == OMNI_POP_CHANNEL_CLOSED);
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

static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {
    {"configurations", configurations},
    {"pushes", pushes},
    {"batches", batches},
    {"reservations", reservations},
    {"pinned regions", regions_pinned},
    {"views", views},
    {"many pinned messages", many_pinned},
    {"straight batches", straight_batches},
    {"waits", waits},
    {"two steps", two_steps},
    {"nested pops", nested_pops},
    {"abandoned pops", abandoned_pops},
    {"closes from inside", closes_from_inside},
    {"closes from another thread", closes_from_another_thread},
    {"the producer closes", producer_close},
    {"the consumer closes", consumer_close},
    {"shutdown", shutdown_and_wait},
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
