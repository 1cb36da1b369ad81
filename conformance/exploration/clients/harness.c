/* Clients of the core as data: each thread runs a list of operations, and their results are the outcome.
 *
 * Compiled without the sanitizer: what is here is a thread's own, or handed over by an atomic (`giver`). Messages are
 * not, and are watched by hand. */
#include "omni_internal.h"
#include "omni_mailbox.h"

enum { OPERATIONS = 16, MESSAGES = 8, SETUP = WM_THREADS, HANDLER, MESSAGE_SIZE = 64 };
#define NO_RESULT UINT64_MAX
#define STUCK (UINT64_C(1) << 32)

/* In the order of KINDS in client.py. */
typedef enum {
  /* the producer's */
  TRY_PUSH,
  BLOCKING_PUSH,
  TIMED_PUSH,
  BATCH_PUSH,
  WAIT_SPACE,
  TIMED_WAIT_SPACE,
  POLL_SPACE,
  RESERVE,
  WRITE_REGION,
  COMMIT,
  COMMIT_WRITTEN,
  ROLLBACK,
  PIN_REGION,
  UNPIN_REGION,
  WRITABLE,
  FILENO_PRODUCER,
  WATCH_PRODUCER,
  CLAIM_PRODUCER,
  UNCLAIM_PRODUCER,
  CLOSE_PRODUCER,
  FREE_PRODUCER,
  DETACH_PRODUCER,
  RELEASE_PRODUCER,
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
  BEGIN_POP,
  LATE_BEGIN_POP,
  END_POP,
  ABANDON,
  WAIT_MESSAGE,
  TIMED_WAIT_MESSAGE,
  POLL_MESSAGE,
  HELD,
  READABLE,
  PIN,
  VIEW,
  REREAD,
  UNPIN,
  FILENO_CONSUMER,
  WATCH_CONSUMER,
  CLAIM_CONSUMER,
  UNCLAIM_CONSUMER,
  CLOSE_CONSUMER,
  FREE_CONSUMER,
  DETACH_CONSUMER,
  RELEASE_CONSUMER,
  CONSUMER_CONNECTED,
  CONSUMER_STATISTICS,
  AVAILABLE_MESSAGES,
  /* the broker's */
  REQUEST,
  HAS,
  REMOVE,
  BROKER_STATISTICS,
  CHANNELS,
  SHUTDOWN,
  SHUTDOWN_WAIT,
  TIMED_SHUTDOWN_WAIT,
  NEW_BROKER,
  FREE_BROKER,
  /* between threads */
  HAND,
  TAKE,
  ATTACH,
  CLOSE_DETACHED,
  /* the bindings' sequences */
  TAKE_GIL,
  LEAVE_GIL,
  C_TRY_POP,
  C_RECEIVE,
  C_TIMED_RECEIVE,
  C_RECEIVE_LARGE,
  C_EXPORT,
  C_VIEW,
  C_RELEASE,
  C_CLOSE_CONSUMER,
  C_SEND,
  C_TIMED_SEND,
  C_RESERVE,
  C_DATA,
  C_WRITE,
  C_COMMIT,
  C_CLOSE_PRODUCER,
  CFFI_TRY_POP,
  CFFI_RECEIVE,
  CFFI_SEND,
  CFFI_CLOSE_CONSUMER,
  CFFI_CLOSE_PRODUCER
} operation_kind;

typedef struct {
  int32_t kind, argument; /* a message's payload id, a count, a name's number, or the index of a message in its batch */
} operation;

typedef struct {
  int32_t threads, capacity;
  int32_t channels; /* that fit in the broker's limit; 0: no limit */
  int32_t bare;     /* there is no channel at first */
  int32_t budget;   /* buffers that are brought into use before any is used again; -1: all */
  int32_t signals, refusals;
  int32_t unread;                 /* messages that are popped are not read: they may expire at any time */
  int32_t gil;                    /* whether there is one */
  int32_t length[WM_THREADS + 2]; /* the last two: the setup, which runs before the threads start, and the handler */
  operation operations[WM_THREADS + 2][OPERATIONS];
} script;

/* A thread: the channel it works on, if any, and what it got from it. */
typedef struct {
  omni_producer *producer;
  omni_consumer *consumer;
  omni_region region; /* empty where it has none */
  omni_pin region_pin;
  omni_message held[MESSAGES]; /* of its last pop, ended or not */
  size_t held_count, offered;  /* offered: how many of them a pop has begun with that is not ended */
  size_t valid;                /* how many of them have not expired */
  uint64_t payload_ids[MESSAGES];
  omni_pop pop;
  omni_message pinned[MESSAGES]; /* by their place, where `pins` is not empty */
  omni_pin pins[MESSAGES];
  int last_id;         /* of the messages that it has sent, or tried to */
  uint64_t generation; /* of its last shutdown */
  uint64_t token;      /* of its last detach, or 0 */
  bool away[2];        /* by side: it has detached that end, and has not attached it again */
  int pointers[2];     /* by side: those to a detached end that it has not released */
  bool claimed[2];     /* by side: it has claimed that, and has not given the claim back */
  bool freed;          /* the consumer, by it */
  const platform_descriptor *producer_descriptor, *consumer_descriptor;
  uint64_t results[OPERATIONS];
  int used, next; /* next: the operation that it is in */
} actor;

static bool unread;

static omni_broker *broker;
static actor actors[WM_THREADS + 1];
static _Atomic uint32_t handed;
static actor giver; /* a copy of the thread that handed over, in plain memory */

static uint32_t budget;

void forget_tokens(void); /* tokens.c */

/* ---- descriptors: of each thread, two ---- */

static platform_descriptor descriptors[WM_THREADS + 1][2];
static int made[WM_THREADS + 1];

platform_descriptor *script_descriptor(void) {
  int me = wm_self() + 1;
  return &descriptors[me][made[me]++];
}

int script_descriptor_number(const platform_descriptor *descriptor) { return (int)(descriptor - &descriptors[0][0]); }

static uint64_t open_descriptors(void) {
  uint64_t count = 0;
  for (int thread = 0; thread <= WM_THREADS; thread++)
    for (int each = 0; each < made[thread]; each++) count += descriptors[thread][each].open;
  return count;
}

/* Until it is readable; nothing where the thread has none. */
static void watch(const platform_descriptor *descriptor) {
  if (descriptor) wm_await(&descriptor->readable, 4, 0, wm_acquire, WM_SITE("descriptor"));
}

uint32_t script_budget(uint32_t count) { return budget < count ? budget : count; }

/* ---- fault injection (platform.h): each thread has a count of its own, so that it does not depend on their order ----
 */

static int signals[WM_THREADS], refusals[WM_THREADS];

int fault_sleep(platform_word *word, uint32_t value, bool timed, const wm_site *site) {
  int me = wm_self();
  if (me < 0) return PLATFORM_TIME_UP;
  unsigned ended = wm_choose(1u + timed + (signals[me] > 0), site);
  if (ended == 1 && timed) return PLATFORM_TIME_UP;
  if (ended) {
    signals[me]--;
    return PLATFORM_SIGNAL;
  }
  wm_sleep(&word->value, sizeof word->value, value, site);
  return PLATFORM_AWAKE;
}

bool fault_refusal(const wm_site *site) {
  int me = wm_self();
  if (me < 0 || !refusals[me] || !wm_choose(2, site)) return false;
  refusals[me]--;
  return true;
}

/* ---- results ---- */

static uint64_t code(int result) { return (uint8_t)result; }

static uint64_t statistics(const omni_handle_stats *stats) {
  return stats->messages | stats->bytes << 8 | stats->failed << 16;
}

/* The payload id of a message, after reading every byte of it; 255 where it is torn. */
static uint64_t payload_id_of(const omni_message *message) {
  wm_plain_read(message->data, message->size, WM_SITE("message->data"));
  uint8_t first = message->data[0];
  for (size_t i = 0; i < message->size; i++)
    if (message->data[i] != first) return 255;
  return message->size == (size_t)first % 8 + 1 ? first : 255;
}

/* A pop's result code, and the payload ids of the messages that came, or as many zeros where they are not read. */
static uint64_t popped(actor *me, int result, const omni_message *messages, size_t count) {
  uint64_t value = code(result);
  me->offered = 0;
  if (result != OMNI_CONCURRENT_USE) me->valid = 0;
  if (result != OMNI_POP_SUCCESS) return value;
  me->held_count = count;
  me->valid = unread ? 0 : count;
  for (size_t i = 0; i < count; i++) {
    me->payload_ids[i] = unread ? 0 : payload_id_of(&messages[i]);
    value |= me->payload_ids[i] << (8 * (i + 1));
    me->held[i] = messages[i];
  }
  return value;
}

/* That what the last pop took, and has not expired, is as it was. */
static void reread(const actor *me) {
  for (size_t i = 0; i < me->valid; i++)
    if (payload_id_of(&me->held[i]) != me->payload_ids[i]) wm_fail("a message has changed while it could be read");
}

/* ---- one operation: its result, or NO_RESULT ---- */

/* A message repeats its payload id: of those in a batch, each the next one after the thread's last. */
static uint64_t batch_push(actor *me, size_t count) {
  uint8_t payloads[MESSAGES][8];
  omni_bytes several[MESSAGES];
  for (size_t i = 0; i < count; i++) {
    int payload_id = ++me->last_id;
    memset(payloads[i], payload_id, sizeof payloads[i]);
    several[i] = (omni_bytes){payloads[i], (size_t)payload_id % 8 + 1};
  }
  return code((int)omni_batch_push(me->producer, several, count));
}

/* The region is the thread's no more, unless it is still reserved. */
static uint64_t ended(actor *me, int result) {
  if (result != OMNI_PINNED && result != OMNI_CONCURRENT_USE) me->region.data = NULL;
  return code(result);
}

/* Refused, the thread keeps the region that it has. */
static uint64_t reserve(actor *me) {
  omni_region region;
  int result = omni_reserve(me->producer, 1, &region);
  if (result == OMNI_PUSH_SUCCESS) me->region = region;
  return code(result);
}

static uint64_t pin_region(actor *me) {
  int result = omni_region_pin(me->producer, &me->region, &me->region_pin);
  if (result != 0) me->region.data = NULL; /* it has no right to write there */
  return code(result);
}

/* What fileno has answered; the thread that may call it may look at the descriptor. */
static uint64_t opened(int number, const platform_descriptor **descriptor) {
  if (number < 0) return code(number);
  *descriptor = &descriptors[0][0] + number;
  return 0;
}

/* What a claim of a side has answered. */
static uint64_t claimed(actor *me, int side, int result) {
  me->claimed[side] |= result == 0;
  return code(result);
}

/* What a detach of a side has answered. */
static uint64_t detached(actor *me, int side, int result) {
  if (result == 0) {
    me->away[side] = true;
    me->pointers[side]++;
    *(side ? &me->consumer_descriptor : &me->producer_descriptor) = NULL;
  }
  return code(result);
}

static uint64_t produce(actor *me, operation_kind kind, int argument) {
  omni_producer *producer = me->producer;
  omni_handle_stats stats;
  uint8_t data[16], *region = me->region.data;
  memset(data, argument, sizeof data); /* a message repeats its payload id, that many times and one more */
  size_t size = (size_t)argument % 8 + 1;
  switch (kind) {
    case TRY_PUSH:
      return code(omni_try_push(producer, data, size));
    case BLOCKING_PUSH:
      return code(omni_blocking_push(producer, data, size, -1));
    case TIMED_PUSH:
      return code(omni_blocking_push(producer, data, size, 1));
    case BATCH_PUSH:
      return batch_push(me, (size_t)argument);
    case WAIT_SPACE:
      return code(omni_producer_wait(producer, -1));
    case TIMED_WAIT_SPACE:
      return code(omni_producer_wait(producer, 1));
    case POLL_SPACE:
      return code(omni_producer_wait(producer, 0));
    case RESERVE:
      return reserve(me);
    case WRITE_REGION:
      if (region) platform_copy(region, data, 8);
      return NO_RESULT;
    case COMMIT:
      if (region) platform_copy(region + 8, data, size);
      return ended(me, omni_commit(producer, size, 8));
    case COMMIT_WRITTEN:
      return ended(me, omni_commit(producer, 8, 0));
    case ROLLBACK:
      return ended(me, omni_rollback(producer));
    case PIN_REGION:
      return pin_region(me);
    case UNPIN_REGION:
      omni_unpin(&me->region_pin);
      return NO_RESULT;
    case WRITABLE:
      return code(omni_region_is_writable(producer, &me->region));
    case FILENO_PRODUCER:
      return opened(omni_producer_fileno(producer), &me->producer_descriptor);
    case WATCH_PRODUCER:
      watch(me->producer_descriptor);
      return NO_RESULT;
    case CLAIM_PRODUCER:
      return claimed(me, 0, omni_producer_claim(producer));
    case UNCLAIM_PRODUCER:
      me->claimed[0] = false;
      omni_producer_unclaim(producer);
      return NO_RESULT;
    case CLOSE_PRODUCER:
      omni_producer_close(producer);
      return NO_RESULT;
    case FREE_PRODUCER:
      omni_producer_free(producer);
      return NO_RESULT;
    case DETACH_PRODUCER:
      return detached(me, 0, omni_producer_detach(producer, &me->token));
    case RELEASE_PRODUCER:
      me->pointers[0]--;
      omni_producer_release(producer);
      return NO_RESULT;
    case PRODUCER_CONNECTED:
      return code(omni_producer_is_connected(producer));
    case PRODUCER_STATISTICS:
      omni_producer_get_stats(producer, &stats);
      return statistics(&stats);
    default:
      return omni_producer_available_slots(producer);
  }
}

static uint64_t batch_pop(actor *me, size_t wanted, int64_t timeout) {
  omni_message messages[MESSAGES];
  size_t count = 0;
  int result = omni_batch_pop(me->consumer, wanted, timeout, messages, &count);
  return popped(me, result, messages, count);
}

static uint64_t unread_pop(actor *me) {
  omni_message message;
  int result = omni_try_pop(me->consumer, &message);
  me->offered = me->valid = 0;
  if (result == OMNI_POP_SUCCESS) me->held[0] = message, me->held_count = 1;
  return code(result);
}

static uint64_t begin_pop(actor *me, size_t wanted, int otherwise) {
  omni_message messages[MESSAGES];
  size_t count = 0;
  int result = omni_pop_begin(me->consumer, wanted, otherwise, NULL, &count, &me->pop);
  for (size_t i = 0; i < count; i++) omni_pop_message(&me->pop, i, &messages[i]);
  uint64_t value = popped(me, result, messages, count);
  me->offered = count;
  return value;
}

/* Its result code, or 255 where a message has changed since it was offered. */
static uint64_t end_pop(actor *me, size_t taken) {
  bool torn = false;
  for (size_t i = 0; i < me->offered && !unread; i++) torn |= payload_id_of(&me->held[i]) == 255;
  me->offered = 0;
  if (me->valid > taken) me->valid = taken;
  if (me->freed && !me->pop.consumer) return code(OMNI_EXPIRED); /* it may not call with a handle that it has freed */
  int result = omni_pop_end(me->consumer, &me->pop, taken);
  return torn ? 255 : code(result);
}

static uint64_t pin(actor *me, int place) {
  me->pinned[place] = me->held[place];
  return code(omni_message_pin(me->consumer, &me->held[place], &me->pins[place]));
}

static uint64_t consume(actor *me, operation_kind kind, int argument) {
  omni_consumer *consumer = me->consumer;
  omni_handle_stats stats;
  omni_message message;
  if (kind >= HELD && kind <= PIN && (size_t)argument >= me->held_count) return NO_RESULT;
  if (kind == VIEW && !me->pins[argument].channel) return NO_RESULT;
  switch (kind) {
    case TRY_POP:
      return popped(me, omni_try_pop(consumer, &message), &message, 1);
    case UNREAD_POP:
      return unread_pop(me);
    case BLOCKING_POP:
      return popped(me, omni_blocking_pop(consumer, -1, &message), &message, 1);
    case TIMED_POP:
      return popped(me, omni_blocking_pop(consumer, 1, &message), &message, 1);
    case BATCH_POP:
      return batch_pop(me, (size_t)argument, 0);
    case BLOCKING_BATCH_POP:
      return batch_pop(me, (size_t)argument, -1);
    case TIMED_BATCH_POP:
      return batch_pop(me, (size_t)argument, 1);
    case BEGIN_POP:
      return begin_pop(me, (size_t)argument, OMNI_POP_EMPTY);
    case LATE_BEGIN_POP:
      return begin_pop(me, (size_t)argument, OMNI_POP_TIMEOUT);
    case END_POP:
      return end_pop(me, (size_t)argument);
    case ABANDON:
      me->offered = me->valid = 0;
      omni_pop_abandon(&me->pop);
      return NO_RESULT;
    case WAIT_MESSAGE:
      return code(omni_consumer_wait(consumer, -1));
    case TIMED_WAIT_MESSAGE:
      return code(omni_consumer_wait(consumer, 1));
    case POLL_MESSAGE:
      return code(omni_consumer_wait(consumer, 0));
    case HELD:
      return payload_id_of(&me->held[argument]);
    case READABLE:
      return code(omni_message_is_readable(consumer, &me->held[argument]));
    case PIN:
      return pin(me, argument);
    case VIEW:
      return payload_id_of(&me->pinned[argument]);
    case REREAD:
      reread(me);
      return NO_RESULT;
    case UNPIN:
      omni_unpin(&me->pins[argument]);
      return NO_RESULT;
    case FILENO_CONSUMER:
      return opened(omni_consumer_fileno(consumer), &me->consumer_descriptor);
    case WATCH_CONSUMER:
      watch(me->consumer_descriptor);
      return NO_RESULT;
    case CLAIM_CONSUMER:
      return claimed(me, 1, omni_consumer_claim(consumer));
    case UNCLAIM_CONSUMER:
      me->claimed[1] = false;
      omni_consumer_unclaim(consumer);
      return NO_RESULT;
    case CLOSE_CONSUMER:
      me->valid = 0;
      omni_consumer_close(consumer);
      return NO_RESULT;
    case FREE_CONSUMER:
      me->valid = 0;
      me->freed = true;
      omni_consumer_free(consumer);
      return NO_RESULT;
    case DETACH_CONSUMER:
      me->valid = 0;
      return detached(me, 1, omni_consumer_detach(consumer, &me->token));
    case RELEASE_CONSUMER:
      me->pointers[1]--;
      omni_consumer_release(consumer);
      return NO_RESULT;
    case CONSUMER_CONNECTED:
      return code(omni_consumer_is_connected(consumer));
    case CONSUMER_STATISTICS:
      omni_consumer_get_stats(consumer, &stats);
      return statistics(&stats);
    default:
      return omni_consumer_available_messages(consumer);
  }
}

/* From here on the thread works on the channel it got, or on none. */
static uint64_t request(actor *me, const script *s, uint8_t name) {
  me->producer = NULL;
  me->consumer = NULL;
  return code(
      omni_request_channel(broker, &name, 1, (uint64_t)s->capacity, MESSAGE_SIZE, &me->producer, &me->consumer));
}

static uint64_t broker_statistics(void) {
  omni_broker_stats stats;
  omni_broker_get_stats(broker, &stats);
  return stats.active_channels | stats.total_channels_created << 8 | stats.total_messages_sent << 16 |
         stats.total_bytes_transferred << 24;
}

/* How many there are, and how many of them are said to be shut. */
static uint64_t channels(void) {
  omni_channel_info found[2];
  uint8_t names[2];
  uint64_t size = sizeof names, count = omni_broker_get_channels(broker, found, 2, names, &size), shut = 0;
  for (uint64_t each = 0; each < count && each < 2; each++) shut += found[each].shut;
  return count | shut << 8;
}

static uint64_t new_broker(void) {
  omni_broker *another = omni_broker_new(UINT64_MAX);
  if (another) omni_broker_free(another);
  return another != NULL;
}

static uint64_t administer(actor *me, const script *s, operation_kind kind, int argument) {
  uint8_t name = (uint8_t)argument;
  switch (kind) {
    case REQUEST:
      return request(me, s, name);
    case HAS:
      return code(omni_has_channel(broker, &name, 1));
    case REMOVE:
      return code(omni_remove_channel(broker, &name, 1));
    case BROKER_STATISTICS:
      return broker_statistics();
    case CHANNELS:
      return channels();
    case SHUTDOWN:
      me->generation = omni_shutdown_begin(broker);
      return NO_RESULT;
    case SHUTDOWN_WAIT:
      return code(omni_shutdown_wait(broker, me->generation, -1));
    case TIMED_SHUTDOWN_WAIT:
      return code(omni_shutdown_wait(broker, me->generation, 1));
    case NEW_BROKER:
      return new_broker();
    default:
      omni_broker_free(broker);
      return NO_RESULT;
  }
}

/* What is handed over: the pop that a thread has begun, what it has pinned, or all that it has. */
enum { ALL, THE_POP, THE_PINS };

/* It is the other thread's from here on. */
static void hand(actor *me, int what) {
  giver = *me;
  if (what != THE_PINS) me->pop.consumer = NULL, me->offered = 0;
  if (what != THE_POP) memset(me->pins, 0, sizeof me->pins);
  platform_store(&handed, 1, release);
}

static void take(actor *me, int what) {
  wm_await(&handed, sizeof handed, 0, wm_acquire, WM_SITE("&handed"));
  if (what == ALL) {
    memcpy(me->held, giver.held, sizeof giver.held);
    me->held_count = giver.held_count;
  }
  if (what != THE_POP) {
    memcpy(me->pinned, giver.pinned, sizeof giver.pinned);
    memcpy(me->pins, giver.pins, sizeof giver.pins);
  }
  if (what != THE_PINS) me->pop = giver.pop;
}

/* A thread without a token of its own uses the first one there is. */
static uint64_t token(const actor *me) { return me->token ? me->token : 1; }

/* Its result code, or 255 where the token named another end than one of the thread's channel. */
static uint64_t attach(actor *me) {
  omni_producer *producer = NULL;
  omni_consumer *consumer = NULL;
  int result = omni_attach(token(me), &producer, &consumer);
  if (result == 0) me->away[producer ? 0 : 1] = false;
  bool other = result == 0 && (producer ? producer != me->producer : consumer != me->consumer);
  if (result != 0) me->producer = NULL;
  return other ? 255 : code(result);
}

/* After a detach it may do only what any thread may, while it has a pointer; and end what keeps memory. */
static bool may_call(const actor *me, operation_kind kind) {
  int side = kind >= TRY_POP;
  if (kind == UNCLAIM_PRODUCER || kind == UNCLAIM_CONSUMER) return me->claimed[side];
  if (kind == RELEASE_PRODUCER || kind == RELEASE_CONSUMER) return me->pointers[side] > 0;
  if (!me->away[side] || kind == UNPIN_REGION || kind == UNPIN || kind == REREAD || kind == VIEW) return true;
  bool any_thread = kind == WRITABLE || kind >= PRODUCER_CONNECTED && kind <= AVAILABLE_SLOTS || kind == READABLE ||
                    kind == PIN || kind >= CONSUMER_CONNECTED && kind <= AVAILABLE_MESSAGES;
  return any_thread && me->pointers[side] > 0;
}

#include "sequences.h"

static uint64_t perform(actor *me, const script *s, operation_kind kind, int argument) {
  uint64_t result = NO_RESULT;
  if (kind <= TIMED_PUSH || kind == COMMIT) me->last_id = argument;
  if (kind >= REQUEST && kind <= FREE_BROKER) return administer(me, s, kind, argument);
  if (kind == HAND) hand(me, argument);
  else if (kind == TAKE) take(me, argument);
  else if (kind == ATTACH) return attach(me);
  else if (kind == CLOSE_DETACHED) return code(omni_close_detached(token(me)));
  else if (kind == TAKE_GIL) gil_take();
  else if (kind == LEAVE_GIL) gil_give();
  else if (me->producer && kind < REQUEST && may_call(me, kind))
    return (kind < TRY_POP ? produce : consume)(me, kind, argument);
  else if (kind == BATCH_PUSH) me->last_id += argument;
  else if (me->producer && kind > CLOSE_DETACHED) {
    gil_take();
    result = sequence(me, s, kind, argument);
    gil_give();
  }
  return result;
}

/* One of a handler, which has the GIL already. */
static uint64_t operate(actor *me, const script *s, const operation *o) {
  operation_kind kind = (operation_kind)o->kind;
  return kind > LEAVE_GIL ? sequence(me, s, kind, o->argument) : perform(me, s, kind, o->argument);
}

/* ---- the client ---- */

static void run_script(const script *s, int number) {
  actor *me = &actors[number];
  for (me->next = 0; me->next < s->length[number]; me->next++) {
    const operation *o = &s->operations[number][me->next];
    uint64_t result = perform(me, s, (operation_kind)o->kind, o->argument);
    if (result != NO_RESULT) me->results[me->used++] = result;
  }
}

static void begin(void *context) {
  const script *s = context;
  memset(actors, 0, sizeof actors);
  memset(made, 0, sizeof made);
  atomic_init(&handed, 0);
  sequences_begin(s->gil);
  forget_tokens();
  budget = (uint32_t)s->budget;
  unread = s->unread;
  for (int t = 0; t < WM_THREADS; t++) signals[t] = s->signals, refusals[t] = s->refusals;
  broker = omni_broker_new(s->channels ? (uint64_t)(s->channels * s->capacity * MESSAGE_SIZE) : UINT64_MAX);
  if (!s->bare) administer(&actors[SETUP], s, REQUEST, 0);
  run_script(s, SETUP);
  actors[SETUP].used = 0;
  for (int t = 0; t < s->threads; t++) actors[t] = actors[SETUP];
}

static void thread(void *context, int number) { run_script(context, number); }

static void outcome(const script *s) {
  for (int t = 0; t < s->threads; t++)
    for (int i = 0; i < actors[t].used; i++) wm_outcome(actors[t].results[i]);
}

static void end(void *context) {
  outcome(context);
  wm_outcome(wm_allocated() + open_descriptors());
}

/* What the threads have got, and how far each is. */
static void stuck(void *context) {
  const script *s = context;
  outcome(s);
  for (int t = 0; t < s->threads; t++) wm_outcome(STUCK | (uint64_t)actors[t].next);
}

void script_explore(const script *given, const wm_options *options, wm_report *report) {
  wm_client client = {given->threads, begin, thread, end, (void *)given, stuck};
  wm_explore(&client, options, report);
}
