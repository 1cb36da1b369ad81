/* Races in one broker: threads that make, look up and free channels of the same names. */
#include <inttypes.h>
#include <stdio.h>

#include "native.h"

enum { THREADS = 3, NAMES = 4, HELD = 40 };

typedef struct {
  omni_broker *broker;
  uint64_t rounds;
  _Atomic uint64_t made;
  _Atomic int owners[NAMES]; /* threads that hold a channel of that name */
} registry;

typedef struct {
  registry *shared;
  int number;
} visitor;

/* A thread that is granted a name has it alone, until it gives it back. */
static void request_and_free(registry *shared, uint64_t random) {
  omni_producer *producer;
  omni_consumer *consumer;
  omni_message message;
  uint8_t bytes[64], name = (uint8_t)(random % NAMES);
  int result = omni_request_channel(shared->broker, &name, 1, 8, sizeof bytes, &producer, &consumer);
  if (result == OMNI_CHANNEL_NAME_EXISTS) return;
  CHECK(result == OMNI_CHANNEL_SUCCESS);
  CHECK(atomic_fetch_add_explicit(&shared->owners[name], 1, memory_order_relaxed) == 0);
  atomic_fetch_add_explicit(&shared->made, 1, memory_order_relaxed);
  CHECK(omni_has_channel(shared->broker, &name, 1) == 1 && omni_remove_channel(shared->broker, &name, 1) == 0);
  CHECK(omni_try_push(producer, bytes, message_write(random, bytes, sizeof bytes)) == OMNI_PUSH_SUCCESS);
  CHECK(omni_try_pop(consumer, &message) == OMNI_POP_SUCCESS);
  message.number = random; /* of the content; the channel's own is 0 */
  message_check(random, &message, sizeof bytes);
  if (random & 1024) omni_producer_free(producer);
  CHECK(omni_has_channel(shared->broker, &name, 1) == 1); /* BRK-8 */
  atomic_fetch_sub_explicit(&shared->owners[name], 1, memory_order_relaxed);
  omni_consumer_free(consumer);
  if (!(random & 1024)) omni_producer_free(producer);
}

static void *visit(void *argument) {
  visitor *me = argument;
  registry *shared = me->shared;
  omni_producer *producers[HELD];
  omni_consumer *consumers[HELD];
  omni_broker_stats before, after;
  char name[32];
  omni_broker_get_stats(shared->broker, &before);
  for (int i = 0; i < HELD; i++) { /* together more than the table begins with */
    snprintf(name, sizeof name, "held by %d: %d", me->number, i);
    channel_open(shared->broker, name, 8, 64, &producers[i], &consumers[i]);
    atomic_fetch_add_explicit(&shared->made, 1, memory_order_relaxed);
  }
  for (uint64_t i = 0; i < shared->rounds; i++) {
    request_and_free(shared, random_of(i * THREADS + (uint64_t)me->number));
    omni_broker_get_stats(shared->broker, &after);
    CHECK(after.active_channels >= HELD && after.active_channels <= THREADS * HELD + NAMES);
    CHECK(after.total_channels_created >= before.total_channels_created); /* BRK-11 */
    CHECK(after.total_messages_sent >= before.total_messages_sent);
    before = after;
    progress(1);
  }
  for (int i = 0; i < HELD; i++) {
    omni_producer_free(producers[i]);
    snprintf(name, sizeof name, "held by %d: %d", me->number, i);
    CHECK(omni_has_channel(shared->broker, name, __builtin_strlen(name)) == 1);
    omni_consumer_free(consumers[i]);
    CHECK(omni_has_channel(shared->broker, name, __builtin_strlen(name)) == 0);
  }
  return NULL;
}

void race_registry(uint64_t rounds) {
  registry shared = {.broker = omni_broker_new(UINT64_MAX), .rounds = rounds};
  visitor visitors[THREADS];
  pthread_t threads[THREADS];
  omni_broker_stats stats;
  phase("race, %" PRIu64 " rounds: three threads in one registry", rounds);
  for (int i = 0; i < THREADS; i++) {
    visitors[i] = (visitor){&shared, i};
    thread_start(&threads[i], visit, &visitors[i]);
  }
  for (int i = 0; i < THREADS; i++) thread_join(threads[i]);
  omni_broker_get_stats(shared.broker, &stats);
  CHECK(stats.active_channels == 0 && stats.total_channels_created == shared.made);
  CHECK(stats.total_messages_sent == shared.made - THREADS * HELD);
  omni_broker_free(shared.broker);
}
