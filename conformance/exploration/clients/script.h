/* Clients of the core as data: each thread a list of operations, its results the outcome. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "omni_mailbox.h"

enum { OPERATIONS = 8, SETUP = WM_THREADS, MESSAGE_SIZE = 64 };

/* In the order of KINDS in client.py. */
typedef enum {
  /* the producer's */
  TRY_PUSH,
  BLOCKING_PUSH,
  TIMED_PUSH,
  BATCH_PUSH,
  RESERVE,
  WRITE_REGION,
  COMMIT,
  ROLLBACK,
  PRODUCER_PIN,
  PRODUCER_UNPIN,
  CLOSE_PRODUCER,
  FREE_PRODUCER,
  PRODUCER_CONNECTED,
  PRODUCER_STATISTICS,
  AVAILABLE_SLOTS,
  /* the consumer's */
  TRY_POP,
  UNREAD_POP,
  BLOCKING_POP,
  TIMED_POP,
  BATCH_POP,
  BLOCKING_BATCH_POP,
  TIMED_BATCH_POP,
  HELD,
  READABLE,
  PIN,
  VIEW,
  UNPIN,
  CLOSE_CONSUMER,
  FREE_CONSUMER,
  CONSUMER_CONNECTED,
  CONSUMER_STATISTICS,
  AVAILABLE_MESSAGES,
  /* the broker's */
  REQUEST,
  HAS,
  REMOVE,
  BROKER_STATISTICS,
  SHUTDOWN,
  SHUTDOWN_WAIT,
  TIMED_SHUTDOWN_WAIT,
  NEW_BROKER,
  FREE_BROKER,
  /* between threads */
  HAND,
  TAKE
} script_kind;

typedef struct {
  int32_t kind, argument; /* a message's token, a count, a name's number, or the place of a message in its batch */
} script_operation;

typedef struct {
  int32_t threads, capacity;
  int32_t channels; /* that fit in the broker's limit; 0: no limit */
  int32_t bare;     /* no channel is there at first */
  int32_t signals, refusals;
  int32_t length[WM_THREADS + 1]; /* the last: what is done before the threads start */
  script_operation operations[WM_THREADS + 1][OPERATIONS];
} script;

/* A thread: the channel it works on, if any, and what it got from it. */
typedef struct {
  omni_producer *producer;
  omni_consumer *consumer;
  uint8_t *region;
  omni_message held[OPERATIONS]; /* of its last pop */
  size_t held_count;
  omni_message pinned; /* the last that it pinned, if it has data */
  uint64_t ticket;     /* of its last shutdown */
  uint64_t results[OPERATIONS];
  int used;
} actor;

extern omni_broker *broker;

/* Each performs one operation of its kinds: whether it has a result. */
bool produce(actor *me, script_kind kind, int argument, uint64_t *result);
bool consume(actor *me, script_kind kind, int argument, uint64_t *result);
bool administer(actor *me, const script *s, script_kind kind, int argument, uint64_t *result);

void mishaps_begin(const script *s);

/* A result code, and several counters, as one value. */
static inline uint64_t code(int result) { return (uint8_t)result; }
static inline uint64_t statistics(const omni_handle_stats *stats) {
  return stats->messages | stats->bytes << 8 | stats->failed << 16;
}

#endif
