/* Runs races: the rounds, the moments at which their parts meet, and calls that check what they move; and races in one
 * broker, which have no rounds of their own. */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "native.h"

#define RELAXED memory_order_relaxed

typedef struct {
  race_round round;
  const race_kind *kind;
  uint64_t rounds;
  pthread_barrier_t begin, end;
} race_pool;

typedef struct {
  race_pool *pool;
  int part;
} worker;

static void *work(void *argument) {
  worker *me = argument;
  void (*part)(race_round *) = me->pool->kind->parts[me->part];
  for (uint64_t i = 0; i < me->pool->rounds; i++) {
    pthread_barrier_wait(&me->pool->begin);
    if (part) part(&me->pool->round);
    pthread_barrier_wait(&me->pool->end);
  }
  return NULL;
}

static void round_begin(race_round *round, const race_kind *kind, uint64_t number) {
  memset(round, 0, sizeof *round);
  round->number = number;
  round->sleeper = kind->sleeps ? 0 : NO_SLEEPER;
  CHECK(round->broker = omni_broker_new(UINT64_MAX));
  channel_open(round->broker, "race", RACE_CAPACITY, RACE_LONGEST, &round->producer, &round->consumer);
  for (uint64_t i = 0; i < kind->filled; i++) CHECK(try_push_next(round) == OMNI_PUSH_SUCCESS);
}

static void round_end(race_round *round, const race_kind *kind) {
  omni_broker_stats stats;
  kind->verify(round);
  if (!round->broker) return;
  omni_broker_get_stats(round->broker, &stats);
  CHECK(stats.active_channels == 0 && stats.total_messages_sent == round->pushed);
  omni_broker_free(round->broker);
}

static void race_run(const race_kind *kind, uint64_t rounds) {
  race_pool pool = {.kind = kind, .rounds = rounds};
  worker workers[RACE_THREADS];
  pthread_t threads[RACE_THREADS];
  phase("race, %llu rounds: %s", (unsigned long long)rounds, kind->name);
  CHECK(pthread_barrier_init(&pool.begin, NULL, RACE_THREADS + 1) == 0 &&
        pthread_barrier_init(&pool.end, NULL, RACE_THREADS + 1) == 0);
  for (int i = 0; i < RACE_THREADS; i++) {
    workers[i] = (worker){&pool, i};
    thread_start(&threads[i], work, &workers[i]);
  }
  for (uint64_t i = 0; i < rounds; i++) {
    round_begin(&pool.round, kind, i);
    pthread_barrier_wait(&pool.begin);
    pthread_barrier_wait(&pool.end);
    round_end(&pool.round, kind);
    progress(1);
  }
  for (int i = 0; i < RACE_THREADS; i++) thread_join(threads[i]);
  pthread_barrier_destroy(&pool.begin);
  pthread_barrier_destroy(&pool.end);
}

void races_run(const race_kind *kinds, size_t count, uint64_t rounds) {
  for (size_t i = 0; i < count; i++) race_run(&kinds[i], rounds);
}

void about_to_block(race_round *round) { atomic_store_explicit(&round->sleeper, syscall(SYS_gettid), RELAXED); }

/* As /proc says of the thread: state 'S' is asleep. */
static bool is_asleep(int64_t thread) {
  char path[64], text[256], *name_end;
  snprintf(path, sizeof path, "/proc/self/task/%lld/stat", (long long)thread);
  int file = open(path, O_RDONLY);
  if (file < 0) return true; /* without evidence this moment is as good as any */
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size > 0 ? size : 0] = '\0';
  return !(name_end = strrchr(text, ')')) || name_end[2] == 'S';
}

void choose_moment(race_round *round) {
  uint64_t random = random_of(round->number ^ (uint64_t)syscall(SYS_gettid) << 32);
  int64_t thread = atomic_load_explicit(&round->sleeper, RELAXED);
  if (thread == NO_SLEEPER || random % 2) {
    for (uint64_t spins = random / 2 % 2048; spins; spins--) atomic_signal_fence(memory_order_seq_cst);
    return;
  }
  while ((thread = atomic_load_explicit(&round->sleeper, RELAXED)) == 0 || !is_asleep(thread)) sched_yield();
}

void reach(race_round *round, int stage) { atomic_store_explicit(&round->stage, stage, memory_order_release); }

void await(race_round *round, int stage) {
  while (atomic_load_explicit(&round->stage, memory_order_acquire) < stage) sched_yield();
}

int try_push_next(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  uint64_t number = atomic_load_explicit(&round->pushed, RELAXED);
  int result = omni_try_push(round->producer, bytes, message_write(number, bytes, RACE_LONGEST));
  if (result == OMNI_PUSH_SUCCESS) atomic_fetch_add_explicit(&round->pushed, 1, RELAXED);
  return result;
}

int try_pop_next(race_round *round, omni_message *message) {
  int result = omni_try_pop(round->consumer, message);
  if (result == OMNI_POP_SUCCESS)
    message_check(atomic_fetch_add_explicit(&round->popped, 1, RELAXED), message, RACE_LONGEST);
  return result;
}

int push_on(race_round *round) {
  uint8_t bytes[RACE_LONGEST];
  for (;;) {
    uint64_t number = atomic_load_explicit(&round->pushed, RELAXED);
    int result = omni_blocking_push(round->producer, bytes, message_write(number, bytes, RACE_LONGEST), -1);
    if (result == OMNI_PUSH_SUCCESS) atomic_fetch_add_explicit(&round->pushed, 1, RELAXED);
    else if (result != OMNI_INTERRUPTED) return result;
  }
}

int pop_on(race_round *round) {
  omni_message message;
  for (;;) {
    int result = omni_blocking_pop(round->consumer, -1, &message);
    if (result == OMNI_POP_SUCCESS)
      message_check(atomic_fetch_add_explicit(&round->popped, 1, RELAXED), &message, RACE_LONGEST);
    else if (result == OMNI_PINNED) sched_yield();
    else if (result != OMNI_INTERRUPTED) return result;
  }
}

/* ---- in one broker: threads that make, look up and free channels of the same names ---- */

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
