/* Clients of the core as data: each thread a list of operations on one channel, its results the outcome. */
#include "omni_mailbox.h"

enum { OPERATIONS = 8, RESULTS = 3 * OPERATIONS };

typedef enum {
  TRY_PUSH, BLOCKING_PUSH, TIMED_PUSH, BATCH_PUSH, RESERVE, COMMIT, ROLLBACK,
  TRY_POP, BLOCKING_POP, TIMED_POP, BATCH_POP, HELD, CLOSE_PRODUCER, CLOSE_CONSUMER, SHUTDOWN, STATISTICS
} script_kind;

typedef struct {
  int32_t kind, argument; /* a message's token, or a count */
} script_operation;

typedef struct {
  int32_t threads, capacity;
  int32_t length[WM_THREADS];
  script_operation operations[WM_THREADS][OPERATIONS];
} script;

static omni_broker *broker;
static omni_producer *producer;
static omni_consumer *consumer;
static uint8_t *region;
static omni_message held[WM_THREADS];
static uint64_t results[WM_THREADS][RESULTS];
static int used[WM_THREADS];

static void begin(void *context) {
  const script *s = context;
  broker = omni_broker_new(UINT64_MAX);
  omni_request_channel(broker, "c", 1, (uint64_t)s->capacity, 64, &producer, &consumer);
  for (int t = 0; t < WM_THREADS; t++) used[t] = 0;
}

/* What a message says, every byte of it read: its token, or 255 where it is torn. */
static uint64_t token_of(const omni_message *message) {
  uint8_t first = message->data[0];
  for (size_t i = 0; i < message->size; i++)
    if (message->data[i] != first) return 255;
  return message->size == (size_t)first + 1 ? first : 255;
}

static int popped(int result, const omni_message *message, uint64_t *answer) {
  *answer = (uint64_t)(uint8_t)result | (result == OMNI_POP_SUCCESS ? token_of(message) << 8 : 0);
  return 1;
}

/* One operation; how many values of the outcome it has. */
static int perform(const script_operation *o, omni_message *mine, uint64_t *answer) {
  uint8_t data[16];
  omni_bytes several[OPERATIONS];
  omni_message taken[OPERATIONS];
  size_t count = 0;
  memset(data, o->argument, sizeof data);
  size_t size = (size_t)o->argument % 8 + 1;
  switch ((script_kind)o->kind) {
    case TRY_PUSH: return *answer = (uint8_t)omni_try_push(producer, data, size), 1;
    case BLOCKING_PUSH: return *answer = (uint8_t)omni_blocking_push(producer, data, size, -1), 1;
    case TIMED_PUSH: return *answer = (uint8_t)omni_blocking_push(producer, data, size, 1), 1;
    case BATCH_PUSH: /* `argument` of them, tokens 1, 2, ... */
      for (int i = 0; i < o->argument; i++) {
        static const uint8_t tokens[OPERATIONS][OPERATIONS] = {{1, 1}, {2, 2, 2}, {3, 3, 3, 3}};
        several[i] = (omni_bytes){tokens[i], (size_t)i + 2};
      }
      return *answer = (uint64_t)omni_batch_push(producer, several, (size_t)o->argument), 1;
    case RESERVE: return *answer = (uint64_t)omni_reserve(producer, 1, &region), 1;
    case COMMIT:
      if (region) seam_copy(region + 8, data, size);
      *answer = (uint64_t)omni_commit(producer, size, 8);
      return 1;
    case ROLLBACK: return *answer = (uint64_t)omni_rollback(producer), 1;
    case TRY_POP: return popped(omni_try_pop(consumer, mine), mine, answer);
    case BLOCKING_POP: return popped(omni_blocking_pop(consumer, -1, mine), mine, answer);
    case TIMED_POP: return popped(omni_blocking_pop(consumer, 1, mine), mine, answer);
    case BATCH_POP:
      *answer = (uint8_t)omni_batch_pop(consumer, (size_t)o->argument, 0, taken, &count);
      for (size_t i = 0; i < count; i++) *answer |= token_of(&taken[i]) << (8 * (i + 1));
      if (count) *mine = taken[0];
      return 1;
    case HELD: return *answer = token_of(mine), 1;
    case CLOSE_PRODUCER: return omni_producer_close(producer), 0;
    case CLOSE_CONSUMER: return omni_consumer_close(consumer), 0;
    case SHUTDOWN: return (void)omni_shutdown_begin(broker), 0;
    case STATISTICS: {
      omni_handle_stats stats;
      omni_producer_get_stats(producer, &stats);
      return *answer = stats.messages, 1;
    }
  }
  return 0;
}

static void thread(void *context, int number) {
  const script *s = context;
  for (int i = 0; i < s->length[number]; i++)
    used[number] += perform(&s->operations[number][i], &held[number], &results[number][used[number]]);
}

static void end(void *context) {
  const script *s = context;
  for (int t = 0; t < s->threads; t++)
    for (int i = 0; i < used[t]; i++) wm_outcome(results[t][i]);
}

void script_explore(const script *given, const wm_options *options, wm_report *report) {
  wm_client client = {given->threads, begin, thread, end, (void *)given};
  wm_explore(&client, options, report);
}
