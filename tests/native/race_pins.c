/* Races for memory and for handles: pins against closes and pops, the last close, two threads in one handle. */
#include <sched.h>
#include <string.h>

#include "native.h"

enum { POPPED = 1, RESERVED = 1, PINNED = 2 };

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

static void give_up_broker(race_round *round) {
  omni_broker *broker = round->broker;
  choose_moment(round);
  round->broker = NULL;
  omni_broker_free(broker);
}

/* In every other round the pin comes in time for certain. */
static void pop_and_close(race_round *round) {
  CHECK(try_pop_next(round, &round->message) == OMNI_POP_SUCCESS);
  reach(round, POPPED);
  if (round->number % 2) await(round, PINNED);
  choose_moment(round);
  omni_consumer_close(round->consumer);
}

static void pop_and_go_on(race_round *round) {
  CHECK(try_pop_next(round, &round->message) == OMNI_POP_SUCCESS);
  reach(round, POPPED);
  if (round->number % 2) await(round, PINNED);
  CHECK(pop_on(round) == OMNI_POP_CHANNEL_CLOSED);
}

static void pin_what_was_popped(race_round *round) {
  await(round, POPPED);
  omni_pin pin;
  int result = omni_message_pin(round->consumer, &round->message, &pin);
  CHECK(result == 0 || (result == OMNI_EXPIRED && round->number % 2 == 0));
  reach(round, PINNED);
  if (result != 0) return;
  for (int checks = 0; checks < 8; checks++) {
    message_check(0, &round->message, RACE_LONGEST);
    choose_moment(round);
  }
  omni_unpin(&pin);
}

static void push_three_capacities(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  int result;
  for (uint64_t number = round->pushed; number < 3 * RACE_CAPACITY; number++) {
    size_t size = message_write(number, bytes, RACE_LONGEST);
    do result = omni_blocking_push(round->producer, bytes, size, -1);
    while (result == OMNI_INTERRUPTED);
    CHECK(result == OMNI_PUSH_SUCCESS);
    round->pushed++;
  }
  omni_producer_free(round->producer);
}

/* A pin keeps the memory while it is written in place, for another thread may close. */
static void write_in_place(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  omni_region region;
  omni_pin pin;
  if (omni_reserve(round->producer, RACE_LONGEST, &region) != OMNI_PUSH_SUCCESS) return;
  if (omni_region_pin(round->producer, &region, &pin) != 0) return; /* the producer has been closed */
  size_t size = message_write(round->pushed, bytes, RACE_LONGEST);
  memset(region.data, 0, RACE_LONGEST);
  memcpy(region.data, bytes, size);
  int result = omni_commit(round->producer, size, 0);
  CHECK(result == OMNI_PINNED || result == OMNI_PUSH_CHANNEL_CLOSED);
  omni_unpin(&pin);
  round->pushed += omni_commit(round->producer, size, 0) == OMNI_PUSH_SUCCESS;
}

/* Another thread writes the message, and then ends the last pin. */
static void reserve_and_commit(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  int result;
  CHECK(omni_reserve(round->producer, RACE_LONGEST, &round->region) == OMNI_PUSH_SUCCESS);
  CHECK(omni_region_pin(round->producer, &round->region, &round->pin) == 0);
  reach(round, RESERVED);
  size_t size = message_write(round->pushed, bytes, RACE_LONGEST);
  do {
    sched_yield();
    result = omni_commit(round->producer, size, 0);
  } while (result == OMNI_PINNED);
  CHECK(result == OMNI_PUSH_SUCCESS);
  round->pushed++;
  omni_producer_free(round->producer);
}

static void write_what_was_reserved(race_round *round) {
  await(round, RESERVED);
  choose_moment(round);
  message_write(round->pushed, round->region.data, RACE_LONGEST);
  omni_unpin(&round->pin);
}

static void pop_all_and_free(race_round *round) {
  CHECK(pop_on(round) == OMNI_POP_CHANNEL_CLOSED);
  omni_consumer_free(round->consumer);
}

/* ---- an open pop, whose thread goes on while its destructor runs in another one ---- */

static void begin_pop(race_round *round) {
  size_t count;
  CHECK(omni_pop_begin(round->consumer, 1, OMNI_POP_EMPTY, &round->message, &count, &round->step) == OMNI_POP_SUCCESS);
  message_check(0, &round->message, RACE_LONGEST);
  reach(round, POPPED);
  choose_moment(round);
}

static void begin_and_pop_all(race_round *round) {
  omni_message message;
  begin_pop(round);
  while (round->popped < round->pushed) {
    int result = try_pop_next(round, &message);
    CHECK(result == OMNI_POP_SUCCESS || result == OMNI_CONCURRENT_USE);
  }
}

/* The close returns at once, or waits for the other thread to leave. */
static void begin_and_close(race_round *round) {
  begin_pop(round);
  omni_consumer_close(round->consumer);
}

static void abandon_pop(race_round *round) {
  await(round, POPPED);
  choose_moment(round);
  omni_pop_abandon(&round->step);
}

/* Relaxed, so that the parts are not ordered by it. */
static void count(_Atomic uint64_t *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

static void push_with_another(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  choose_moment(round);
  for (uint64_t i = 0; i < RACE_CAPACITY / 2; i++) {
    int result = omni_try_push(round->producer, bytes, message_write(i, bytes, RACE_LONGEST));
    CHECK(result == OMNI_PUSH_SUCCESS || result == OMNI_CONCURRENT_USE);
    if (result == OMNI_PUSH_SUCCESS) count(&round->pushed);
  }
}

static void pop_with_another(race_round *round) {
  omni_message message;
  choose_moment(round);
  for (int i = 0; i < RACE_CAPACITY / 2; i++) {
    int result = omni_try_pop(round->consumer, &message);
    CHECK(result == OMNI_POP_SUCCESS || result == OMNI_CONCURRENT_USE);
    if (result != OMNI_POP_SUCCESS) continue;
    message_check(message.number, &message, RACE_LONGEST); /* nobody pushes, so it stays though it may expire */
    count(&round->popped);
    CHECK(!(atomic_fetch_or_explicit(&round->stage, 1 << message.number, memory_order_relaxed) & 1 << message.number));
  }
}

/* ---- what must hold afterwards ---- */

static void nothing(race_round *round) { (void)round; }
static void all_was_popped(race_round *round) { CHECK(round->popped == round->pushed); }
static void free_closed_producer(race_round *round) { omni_producer_free(round->producer); }
static void free_closed_consumer(race_round *round) { omni_consumer_free(round->consumer); }

static void free_consumer_with_all_popped(race_round *round) {
  CHECK(round->popped == round->pushed && round->pushed == 3 * RACE_CAPACITY);
  omni_consumer_free(round->consumer);
}

/* As many as went through are there, whole, each one of those that were tried. */
static void find_what_was_pushed(race_round *round) {
  omni_message message;
  uint64_t tried;
  for (uint64_t i = 0; i < round->pushed; i++) {
    CHECK(omni_try_pop(round->consumer, &message) == OMNI_POP_SUCCESS && message.number == i);
    memcpy(&tried, message.data, sizeof tried);
    CHECK(tried < RACE_CAPACITY / 2);
    message.number = tried;
    message_check(tried, &message, RACE_LONGEST);
  }
  CHECK(omni_try_pop(round->consumer, &message) == OMNI_POP_EMPTY);
  omni_producer_free(round->producer);
  omni_consumer_free(round->consumer);
}

static void find_what_was_not_popped(race_round *round) {
  omni_message message;
  while (round->popped < round->pushed) CHECK(try_pop_next(round, &message) == OMNI_POP_SUCCESS);
  CHECK(try_pop_next(round, &message) == OMNI_POP_EMPTY);
  omni_producer_free(round->producer);
  omni_consumer_free(round->consumer);
}

static const race_kind pins[] = {
    {"a message is pinned while both ends close",
     2,
     false,
     {free_producer, pop_and_close, pin_what_was_popped},
     free_closed_consumer},
    {"a message is pinned while more are popped",
     1,
     false,
     {push_three_capacities, pop_and_go_on, pin_what_was_popped},
     free_consumer_with_all_popped},
    {"a slot is written in place while both ends close",
     1,
     false,
     {write_in_place, free_consumer, close_producer},
     free_closed_producer},
    {"a region's last pin ends while it is committed",
     1,
     false,
     {reserve_and_commit, pop_all_and_free, write_what_was_reserved},
     all_was_popped},
    {"a pop is abandoned while its thread pops again",
     3,
     false,
     {NULL, begin_and_pop_all, abandon_pop},
     find_what_was_not_popped},
    {"a pop is abandoned while its thread closes",
     3,
     false,
     {free_producer, begin_and_close, abandon_pop},
     free_closed_consumer},
    {"the broker is given up while both ends are freed",
     1,
     false,
     {free_producer, free_consumer, give_up_broker},
     nothing},
    {"two threads in one producer", 0, false, {push_with_another, push_with_another, NULL}, find_what_was_pushed},
    {"two threads in one consumer",
     RACE_CAPACITY,
     false,
     {pop_with_another, pop_with_another, NULL},
     find_what_was_not_popped},
};

void race_pins(uint64_t rounds) { races_run(pins, sizeof pins / sizeof *pins, rounds); }
