/* Messages between two threads, for every shape of channel and every way to push and to pop. A third thread asks, and
 * two more keep some of the messages for longer. */
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "native.h"

enum { BATCH = 5, LONGEST = 250, PIN_EVERY = 61, KEEPERS = 2, KEPT = 3 };
enum push_way { PUSH_TRY, PUSH_BLOCKING, PUSH_BATCH, PUSH_RESERVE, PUSH_WAYS };
enum pop_way { POP_TRY, POP_BLOCKING, POP_BATCH, POP_STEPS, POP_WAYS };

static const char *const push_names[] = {"try_push", "blocking_push", "batch_push", "reserve and commit"};
static const char *const pop_names[] = {"try_pop", "blocking_pop", "batch_pop", "begin and end"};
static const struct {
  uint64_t capacity;
  size_t longest; /* one that is no multiple of the slots' alignment among them */
} shapes[] = {{8, 64}, {64, 77}, {1024, LONGEST}};

/* A message that the consumer hands to a keeper, pinned already or to be pinned. Allocated anew each time, and handed
 * over by a release that has no counterpart, so that nothing but the core orders what comes back. */
typedef struct {
  omni_message message;
  omni_pin pin;
} kept_message;

typedef struct {
  omni_producer *producer;
  omni_consumer *consumer;
  enum push_way push;
  enum pop_way pop;
  uint64_t messages, capacity;
  size_t longest;
  uint64_t steps; /* pops begun */
  kept_message *_Atomic offered[KEEPERS];
  _Atomic bool over;
} exchange;

/* How many went through, from message `next` on. */
static uint64_t push_some(const exchange *run, uint64_t next) {
  uint8_t memory[BATCH][LONGEST];
  if (run->push == PUSH_RESERVE) {
    omni_region region;
    int found = omni_producer_wait(run->producer, -1);
    CHECK(found == OMNI_PUSH_SUCCESS || found == OMNI_INTERRUPTED);
    if (found != OMNI_PUSH_SUCCESS) return 0;
    CHECK(omni_reserve(run->producer, run->longest, &region) == OMNI_PUSH_SUCCESS);
    if (next % 7 == 0) { /* RSV-5: the slot is free again */
      CHECK(omni_rollback(run->producer) == 0);
      CHECK(omni_reserve(run->producer, run->longest, &region) == OMNI_PUSH_SUCCESS);
    }
    size_t size = message_write(next, memory[0], run->longest), offset = next % (run->longest - size + 1);
    memcpy(region.data + offset, memory[0], size);
    CHECK(omni_commit(run->producer, size, offset) == OMNI_PUSH_SUCCESS);
    return 1;
  }
  if (run->push == PUSH_BATCH) {
    omni_bytes batch[BATCH];
    uint64_t count = run->messages - next < BATCH ? run->messages - next : BATCH;
    for (uint64_t i = 0; i < count; i++)
      batch[i] = (omni_bytes){memory[i], message_write(next + i, memory[i], run->longest)};
    int64_t pushed = omni_batch_push(run->producer, batch, count);
    CHECK(pushed >= 0 && (uint64_t)pushed <= count);
    return (uint64_t)pushed;
  }
  size_t size = message_write(next, memory[0], run->longest);
  int result = run->push == PUSH_TRY ? omni_try_push(run->producer, memory[0], size)
                                     : omni_blocking_push(run->producer, memory[0], size, -1);
  CHECK(result == OMNI_PUSH_SUCCESS || result == (run->push == PUSH_TRY ? OMNI_PUSH_QUEUE_FULL : OMNI_INTERRUPTED));
  return result == OMNI_PUSH_SUCCESS;
}

static void *produce(void *argument) {
  exchange *run = argument;
  for (uint64_t next = 0; next < run->messages;) {
    uint64_t pushed = push_some(run, next);
    if (pushed == 0) sched_yield();
    next += pushed;
  }
  omni_producer_close(run->producer);
  return NULL;
}

/* Takes some of what it finds, all or none; none: OMNI_INTERRUPTED. */
static int pop_in_steps(exchange *run, uint64_t next, omni_message *messages, size_t *count) {
  omni_pop step;
  if (omni_consumer_wait(run->consumer, -1) == OMNI_INTERRUPTED) return OMNI_INTERRUPTED;
  int result = omni_pop_begin(run->consumer, BATCH, OMNI_POP_TIMEOUT, messages, count, &step);
  if (result != OMNI_POP_SUCCESS) return result;
  for (size_t i = 0; i < *count; i++) message_check(next + i, &messages[i], run->longest);
  uint64_t random = random_of(run->steps++);
  *count = random % (*count + 1);
  if (*count == 0 && random & 1024) omni_pop_abandon(&step);
  else CHECK(omni_pop_end(run->consumer, &step, *count) == 0);
  return *count ? OMNI_POP_SUCCESS : OMNI_INTERRUPTED;
}

static int pop_some(exchange *run, uint64_t next, omni_message *messages, size_t *count) {
  int result;
  if (run->pop == POP_STEPS) return pop_in_steps(run, next, messages, count);
  if (run->pop == POP_BATCH) return omni_batch_pop(run->consumer, BATCH, -1, messages, count);
  if (run->pop == POP_TRY) result = omni_try_pop(run->consumer, messages);
  else result = omni_blocking_pop(run->consumer, -1, messages);
  *count = result == OMNI_POP_SUCCESS;
  return result;
}

/* To a keeper that has taken the one before. Every other one it has to pin itself, if it comes in time. */
static void offer(exchange *run, const omni_message *message) {
  kept_message *_Atomic *to = &run->offered[random_of(message->number) % KEEPERS];
  if (atomic_load_explicit(to, memory_order_relaxed)) return;
  kept_message *kept = malloc(sizeof *kept);
  CHECK(kept);
  *kept = (kept_message){*message, {NULL, 0}};
  if (message->number % 2) CHECK(omni_message_pin(run->consumer, message, &kept->pin) == 0);
  atomic_store_explicit(to, kept, memory_order_release);
}

static void *consume(void *argument) {
  exchange *run = argument;
  omni_message batch[BATCH], pinned;
  omni_pin pin = {NULL, 0};
  size_t count, held = 0;
  for (uint64_t next = 0;;) {
    for (size_t i = 0; i < held; i++) message_check(next - held + i, &batch[i], run->longest); /* MSG-1 */
    int result = pop_some(run, next, batch, &count);
    if (result != OMNI_POP_SUCCESS) {
      held = 0;
      if (result == OMNI_POP_CHANNEL_CLOSED) {
        CHECK(next == run->messages); /* CON-4 */
        break;
      }
      CHECK(result == (run->pop == POP_TRY ? OMNI_POP_EMPTY : OMNI_INTERRUPTED) || result == OMNI_PINNED);
      sched_yield();
      continue;
    }
    CHECK(count >= 1 && count <= BATCH);
    for (size_t i = 0; i < count; i++) message_check(next + i, &batch[i], run->longest);
    if (pin.channel) message_check(pinned.number, &pinned, run->longest); /* MSG-3: unchanged, though it has expired */
    if (next % PIN_EVERY == 0) {
      omni_unpin(&pin);
      pinned = batch[0];
      CHECK(omni_message_pin(run->consumer, &pinned, &pin) == 0);
    }
    offer(run, &batch[count - 1]);
    next += count;
    held = count;
    progress(count);
  }
  omni_consumer_close(run->consumer);
  if (pin.channel) message_check(pinned.number, &pinned, run->longest);
  omni_unpin(&pin);
  return NULL;
}

typedef struct {
  exchange *run;
  int number;
} keeper;

/* Takes what is offered in the place of one that it has kept; the pin of that is the last, or not. */
static void *keep(void *argument) {
  const keeper *me = argument;
  kept_message *kept[KEPT] = {NULL};
  bool more;
  do {
    more = !atomic_load_explicit(&me->run->over, memory_order_acquire);
    for (int i = 0; i < KEPT; i++) {
      omni_pin second = {NULL, 0};
      if (kept[i]) {
        message_check(kept[i]->message.number, &kept[i]->message, me->run->longest);
        if (kept[i]->message.number % 3 == 0)
          CHECK(omni_message_pin(me->run->consumer, &kept[i]->message, &second) <= 0); /* in time, or not */
        omni_unpin(&kept[i]->pin);
        if (second.channel) message_check(kept[i]->message.number, &kept[i]->message, me->run->longest);
        omni_unpin(&second);
        free(kept[i]);
      }
      kept[i] = atomic_exchange_explicit(&me->run->offered[me->number], NULL, memory_order_acquire);
      if (!kept[i]) continue;
      more = true;
      if (kept[i]->pin.channel) continue;
      int result = omni_message_pin(me->run->consumer, &kept[i]->message, &kept[i]->pin);
      CHECK(result == 0 || result == OMNI_EXPIRED);
      if (result == 0) continue;
      free(kept[i]);
      kept[i] = NULL;
    }
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
  } while (more);
  return NULL;
}

/* Any thread may ask; an answer may be stale, but never impossible (STA-3). */
static void *ask(void *argument) {
  exchange *run = argument;
  omni_handle_stats sent, received, sent_before = {0}, received_before = {0};
  while (!atomic_load_explicit(&run->over, memory_order_relaxed)) {
    omni_consumer_get_stats(run->consumer, &received);
    omni_producer_get_stats(run->producer, &sent);
    CHECK(received.messages >= received_before.messages && sent.messages >= sent_before.messages);
    CHECK(received.bytes >= received_before.bytes && sent.bytes >= sent_before.bytes);
    CHECK(sent.messages <= run->messages && received.messages <= run->messages);
    CHECK(omni_consumer_available_messages(run->consumer) <= run->capacity);
    CHECK(omni_producer_available_slots(run->producer) <= run->capacity);
    (void)omni_producer_is_connected(run->producer);
    (void)omni_consumer_is_connected(run->consumer);
    received_before = received;
    sent_before = sent;
    nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); /* leaves the processor to the other two */
  }
  return NULL;
}

static void exchange_messages(exchange *run) {
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_handle_stats sent, received;
  omni_broker_stats stats;
  keeper keepers[KEEPERS];
  pthread_t threads[3], keeping[KEEPERS];
  channel_open(broker, "exchange", run->capacity, run->longest, &run->producer, &run->consumer);
  thread_start(&threads[0], produce, run);
  thread_start(&threads[1], consume, run);
  thread_start(&threads[2], ask, run);
  for (int i = 0; i < KEEPERS; i++) {
    keepers[i] = (keeper){run, i};
    thread_start(&keeping[i], keep, &keepers[i]);
  }
  thread_join(threads[0]);
  thread_join(threads[1]);
  atomic_store_explicit(&run->over, true, memory_order_release); /* with what was offered last */
  thread_join(threads[2]);
  for (int i = 0; i < KEEPERS; i++) thread_join(keeping[i]);
  omni_producer_get_stats(run->producer, &sent);
  omni_consumer_get_stats(run->consumer, &received);
  CHECK(sent.messages == run->messages && received.messages == run->messages);
  CHECK(sent.bytes == received.bytes && sent.failed == 0);
  CHECK(received.failed == 1); /* the CHANNEL_CLOSED that ended it (STA-2) */
  omni_producer_free(run->producer);
  omni_consumer_free(run->consumer);
  omni_broker_get_stats(broker, &stats);
  CHECK(stats.active_channels == 0 && stats.total_messages_sent == run->messages);
  CHECK(stats.total_bytes_transferred == sent.bytes);
  omni_broker_free(broker);
}

void exchanges(uint64_t messages) {
  const uint64_t count = sizeof shapes / sizeof *shapes, cells = count * PUSH_WAYS * POP_WAYS;
  for (uint64_t cell = 0; cell < cells; cell++) {
    exchange run = {.push = cell / POP_WAYS % PUSH_WAYS, .pop = cell % POP_WAYS};
    run.capacity = shapes[cell / (PUSH_WAYS * POP_WAYS)].capacity;
    run.longest = shapes[cell / (PUSH_WAYS * POP_WAYS)].longest;
    run.messages = messages * (cell + 1) / cells - messages * cell / cells;
    phase("exchange %d of %d: %" PRIu64 " messages, capacity %" PRIu64 ", %s, %s", (int)cell + 1, (int)cells,
          run.messages, run.capacity, push_names[run.push], pop_names[run.pop]);
    exchange_messages(&run);
  }
}
