/* Races of closes and shutdowns, from each side and from a third thread, with calls that may be asleep. */
#include <sched.h>

#include "native.h"

static void push_to_the_end(race_round *round) {
  about_to_block(round);
  CHECK(push_on(round) == OMNI_PUSH_CHANNEL_CLOSED);
  CHECK(try_push_next(round) == OMNI_PUSH_CHANNEL_CLOSED);
}

static void pop_to_the_end(race_round *round) {
  omni_message message;
  about_to_block(round);
  CHECK(pop_on(round) == OMNI_POP_CHANNEL_CLOSED);
  CHECK(try_pop_next(round, &message) == OMNI_POP_CHANNEL_CLOSED);
}

static void push_to_the_end_and_free(race_round *round) {
  push_to_the_end(round);
  omni_producer_free(round->producer);
}

static void pop_to_the_end_and_free(race_round *round) {
  pop_to_the_end(round);
  omni_consumer_free(round->consumer);
}

static void push_some_and_free(race_round *round) {
  choose_moment(round);
  for (uint64_t i = round->number % RACE_CAPACITY; i; i--) CHECK(try_push_next(round) == OMNI_PUSH_SUCCESS);
  omni_producer_free(round->producer);
}

static void pop_some_and_free(race_round *round) {
  omni_message message;
  choose_moment(round);
  for (uint64_t i = round->number % RACE_CAPACITY; i; i--) CHECK(try_pop_next(round, &message) == OMNI_POP_SUCCESS);
  omni_consumer_free(round->consumer);
}

static void free_producer(race_round *round) {
  choose_moment(round);
  omni_producer_free(round->producer);
}

static void free_consumer(race_round *round) {
  choose_moment(round);
  omni_consumer_free(round->consumer);
}

static void close_producer(race_round *round) {
  choose_moment(round);
  omni_producer_close(round->producer);
}

static void close_consumer(race_round *round) {
  choose_moment(round);
  omni_consumer_close(round->consumer);
}

static void wait_for_message_to_the_end(race_round *round) {
  int result;
  about_to_block(round);
  do result = omni_consumer_wait(round->consumer, -1);
  while (result == OMNI_INTERRUPTED);
  CHECK(result == OMNI_POP_CHANNEL_CLOSED);
}

static void wait_for_space_to_the_end(race_round *round) {
  int result;
  about_to_block(round);
  do result = omni_producer_wait(round->producer, -1);
  while (result == OMNI_INTERRUPTED);
  CHECK(result == OMNI_PUSH_CHANNEL_CLOSED);
}

static void pop_in_steps_to_the_end(race_round *round) {
  omni_pop step;
  omni_message message;
  size_t count;
  for (;;) {
    int result = omni_pop_begin(round->consumer, 1, OMNI_POP_EMPTY, &message, &count, &step);
    if (result == OMNI_POP_CHANNEL_CLOSED) return;
    CHECK(result == OMNI_POP_SUCCESS || result == OMNI_POP_EMPTY);
    if (result == OMNI_POP_EMPTY) continue;
    message_check(round->popped, &message, RACE_LONGEST);
    CHECK(omni_pop_end(round->consumer, &step, 1) == 0);
    round->popped++;
  }
}

/* Two closes at once: each is complete when it returns, whichever does it (BRK-8). */
static void close_both(race_round *round) {
  choose_moment(round);
  omni_producer_close(round->producer);
  reach(round, 1);
  omni_consumer_close(round->consumer);
  CHECK(!omni_has_channel(round->broker, "race", 4));
}

static void close_consumer_too(race_round *round) {
  await(round, 1);
  choose_moment(round);
  omni_consumer_close(round->consumer);
  CHECK(!omni_has_channel(round->broker, "race", 4));
}

static void close_producer_and_free_consumer(race_round *round) {
  close_producer(round);
  omni_consumer_free(round->consumer);
}

static void free_producer_when_shut(race_round *round) {
  while (omni_producer_is_connected(round->producer)) sched_yield();
  CHECK(try_push_next(round) == OMNI_PUSH_CHANNEL_CLOSED);
  omni_producer_free(round->producer);
}

static void drain_when_shut(race_round *round) {
  while (omni_consumer_is_connected(round->consumer)) sched_yield();
  CHECK(pop_on(round) == OMNI_POP_CHANNEL_CLOSED);
  omni_consumer_free(round->consumer);
}

static void shut_down(race_round *round) {
  int result;
  choose_moment(round);
  do result = omni_shutdown(round->broker, -1);
  while (result == OMNI_INTERRUPTED);
  CHECK(result == 1);
  CHECK(!omni_has_channel(round->broker, "race", 4));
}

static void shut_down_in_vain_and_free_consumer(race_round *round) {
  choose_moment(round);
  CHECK(omni_shutdown(round->broker, 0) == 0); /* this consumer is open */
  omni_consumer_free(round->consumer);
}

/* ---- what must hold afterwards ---- */

static void all_was_popped(race_round *round) { CHECK(round->popped == round->pushed); }

static void at_most_a_capacity_was_left(race_round *round) {
  CHECK(round->popped <= round->pushed && round->pushed - round->popped <= RACE_CAPACITY);
}

static void a_full_channel_was_left(race_round *round) { CHECK(round->pushed == RACE_CAPACITY && round->popped == 0); }

static void free_producer_and_verify(race_round *round) {
  omni_producer_free(round->producer);
  a_full_channel_was_left(round);
}

static void free_both_with_a_full_channel(race_round *round) {
  omni_handle_stats sent;
  omni_producer_get_stats(round->producer, &sent);
  CHECK(sent.failed == 0); /* STA-4 */
  omni_consumer_free(round->consumer);
  free_producer_and_verify(round);
}

static void free_both_with_none_or_all_popped(race_round *round) {
  omni_handle_stats received;
  omni_consumer_get_stats(round->consumer, &received); /* LIF-5 */
  CHECK(received.messages == round->popped && round->popped <= round->pushed);
  CHECK(received.failed == 0); /* STA-4 */
  omni_consumer_free(round->consumer);
  omni_producer_free(round->producer);
}

static void free_both_with_some_popped(race_round *round) {
  omni_handle_stats received;
  omni_consumer_get_stats(round->consumer, &received);
  CHECK(received.messages == round->popped && received.failed <= 1);
  omni_consumer_free(round->consumer);
  omni_producer_free(round->producer);
}

static void nothing(race_round *round) { (void)round; }

static const race_kind endpoints[] = {
    {"the producer ends, the consumer may sleep",
     0,
     true,
     {push_some_and_free, pop_to_the_end_and_free, NULL},
     all_was_popped},
    {"the consumer ends, the producer may sleep",
     RACE_CAPACITY,
     true,
     {push_to_the_end_and_free, pop_some_and_free, NULL},
     at_most_a_capacity_was_left},
    {"the producer is closed from the side",
     RACE_CAPACITY,
     true,
     {push_to_the_end, NULL, close_producer},
     free_both_with_a_full_channel},
    {"the consumer is closed from the side",
     3,
     true,
     {NULL, pop_to_the_end, close_consumer},
     free_both_with_none_or_all_popped},
    {"the producer is closed while it waits",
     RACE_CAPACITY,
     true,
     {wait_for_space_to_the_end, NULL, close_producer},
     free_both_with_a_full_channel},
    {"the consumer is closed while it waits",
     0,
     true,
     {NULL, wait_for_message_to_the_end, close_consumer},
     free_both_with_none_or_all_popped},
    {"the consumer is closed twice at once",
     RACE_CAPACITY,
     false,
     {pop_in_steps_to_the_end, close_both, close_consumer_too},
     free_both_with_some_popped},
    {"both ends are freed at once", 3, false, {free_producer, free_consumer, NULL}, nothing},
    {"shut down in the middle",
     0,
     true,
     {push_to_the_end_and_free, pop_to_the_end_and_free, shut_down},
     all_was_popped},
    {"shut down, the producer may sleep",
     RACE_CAPACITY,
     true,
     {push_to_the_end_and_free, drain_when_shut, shut_down},
     all_was_popped},
    {"shut down, the consumer may sleep",
     0,
     true,
     {free_producer_when_shut, pop_to_the_end_and_free, shut_down},
     all_was_popped},
    {"a shutdown and a close wait for the same call",
     RACE_CAPACITY,
     true,
     {push_to_the_end, close_producer_and_free_consumer, shut_down},
     free_producer_and_verify},
    {"two shutdowns",
     RACE_CAPACITY,
     true,
     {push_to_the_end_and_free, shut_down_in_vain_and_free_consumer, shut_down},
     a_full_channel_was_left},
};

void race_endpoints(uint64_t rounds) { races_run(endpoints, sizeof endpoints / sizeof *endpoints, rounds); }
