/* A naive implementation of OmniMailbox: a ring per channel, and one mutex per broker with all its channels.
 *
 * It implements the C ABI of omni_mailbox.h, to be read and to start from. Every call takes the lock, so it takes
 * effect atomically, and most rules follow from that. Its limitations:
 *   - Pushes and pops take a lock (CON-1, CON-7), which cannot be observed from outside.
 *   - A condition variable does not report signals. A blocked call answers OMNI_INTERRUPTED after waiting a tenth of a
 *     second, so that its caller handles signals and calls again; meanwhile no thread is inside the handle. */
#define _POSIX_C_SOURCE 200809L
#include "omni_mailbox.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define SLICE (SECOND / 10) /* how long a signal can go unseen */

typedef struct channel channel;

typedef struct {
  channel *channel;
  bool inside; /* a thread waits inside a call; a second one is refused */
  bool closed;
  omni_handle_stats stats;
} side;

struct omni_producer {
  side side;
  bool reserved;
};

struct omni_consumer {
  side side;
  uint64_t pops;
};

typedef struct {
  uint64_t offset, size; /* of the message in the slot's memory */
  uint64_t pins;
} slot;

struct channel {
  omni_broker *broker;
  channel *next; /* registered */
  omni_producer producer;
  omni_consumer consumer;
  pthread_cond_t changed; /* a push, a pop, a close, a shutdown */
  bool shut;
  uint64_t sequence, capacity, max_message_size;
  uint64_t written, read; /* messages so far; message n is in slot n modulo 2 x capacity */
  uint64_t open, handles; /* sides not closed, handles not freed */
  uint64_t users;         /* sides not closed, and pins: as long as there are some, the slots are there */
  slot *slots;            /* twice as many as capacity, so that popped messages stay while the queue fills up */
  uint8_t *memory;        /* of the slots, each aligned to 16 */
  size_t name_size;
  uint8_t name[];
};

struct omni_broker {
  pthread_mutex_t lock;        /* of all this */
  pthread_cond_t unregistered; /* a channel has left the registry */
  channel *channels;
  uint64_t holders; /* the caller of omni_broker_new, and each channel not freed */
  uint64_t memory_limit, memory_used;
  omni_broker_stats stats; /* messages and bytes: of the channels that are gone */
};

/* ---- waiting ---- */

typedef struct {
  struct timespec until;
  bool slice; /* only the first of more */
} limit;

static limit limit_of(int64_t timeout) {
  limit end = {.slice = timeout < 0 || timeout > SLICE};
  clock_gettime(CLOCK_MONOTONIC, &end.until);
  int64_t nanoseconds = end.until.tv_nsec + (end.slice ? SLICE : timeout);
  end.until.tv_sec += nanoseconds / SECOND;
  end.until.tv_nsec = nanoseconds % SECOND;
  return end;
}

static bool condition_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  if (pthread_condattr_init(&monotonic) != 0) return false;
  bool made =
      pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 && pthread_cond_init(condition, &monotonic) == 0;
  pthread_condattr_destroy(&monotonic);
  return made;
}

/* ---- broker ---- */

omni_broker *omni_broker_new(uint64_t memory_limit) {
  omni_broker *broker = calloc(1, sizeof *broker);
  if (!broker) return NULL;
  bool made = pthread_mutex_init(&broker->lock, NULL) == 0;
  if (made && condition_init(&broker->unregistered)) {
    broker->memory_limit = memory_limit;
    broker->holders = 1;
    return broker;
  }
  if (made) pthread_mutex_destroy(&broker->lock);
  free(broker);
  return NULL;
}

/* Unlocks the broker, which has one holder less. */
static void release(omni_broker *broker) {
  bool last = --broker->holders == 0;
  pthread_mutex_unlock(&broker->lock);
  if (!last) return;
  pthread_mutex_destroy(&broker->lock);
  pthread_cond_destroy(&broker->unregistered);
  free(broker);
}

void omni_broker_free(omni_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  release(broker);
}

/* What points to the channel of that name, or else the end of the list. */
static channel **find(omni_broker *broker, const void *name, size_t size) {
  channel **link = &broker->channels;
  while (*link && !((*link)->name_size == size && memcmp((*link)->name, name, size) == 0)) link = &(*link)->next;
  return link;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
  return value < low ? low : value > high ? high : value;
}

static uint64_t stride(const channel *c) { return (c->max_message_size + 15) / 16 * 16; }

static bool allocate_slots(channel *c) {
  /* A system that overcommits would grant what it cannot back, and kill the process later. */
  uint64_t pages = 2 * c->capacity * stride(c) / (uint64_t)sysconf(_SC_PAGESIZE);
  if (pages >= (uint64_t)sysconf(_SC_PHYS_PAGES)) return false;
  c->slots = calloc(2 * c->capacity, sizeof *c->slots);
  c->memory = calloc(2 * c->capacity, stride(c));
  return c->slots && c->memory && condition_init(&c->changed);
}

static void free_slots(channel *c) {
  free(c->slots);
  free(c->memory);
  c->slots = NULL;
  c->memory = NULL;
}

static channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size) {
  channel *c = name_size > SIZE_MAX / 2 ? NULL : calloc(1, sizeof *c + name_size);
  if (!c) return NULL;
  c->capacity = capacity;
  c->max_message_size = max_message_size;
  if (!allocate_slots(c)) {
    free_slots(c);
    free(c);
    return NULL;
  }
  c->producer.side.channel = c->consumer.side.channel = c;
  c->open = c->handles = c->users = 2;
  c->name_size = name_size;
  memcpy(c->name, name, name_size);
  return c;
}

int omni_request_channel(omni_broker *broker, const void *name, size_t name_size, uint64_t capacity,
                         uint64_t max_message_size, omni_producer **producer, omni_consumer **consumer) {
  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;
  uint64_t power = 8;
  while (power < clamp(capacity, 8, 524288)) power *= 2; /* CFG-2 */
  uint64_t size = clamp(max_message_size, 64, 16777216);
  int result = OMNI_CHANNEL_ALLOCATION_FAILED;
  pthread_mutex_lock(&broker->lock);
  channel **link = find(broker, name, name_size), *c = NULL;
  if (*link) result = OMNI_CHANNEL_NAME_EXISTS;
  else if (power * size <= broker->memory_limit - broker->memory_used) c = channel_new(name, name_size, power, size);
  if (c) {
    *link = c;
    c->broker = broker;
    c->sequence = ++broker->stats.total_channels_created;
    broker->stats.active_channels++;
    broker->memory_used += power * size;
    broker->holders++;
    *producer = &c->producer;
    *consumer = &c->consumer;
    result = OMNI_CHANNEL_SUCCESS;
  }
  pthread_mutex_unlock(&broker->lock);
  return result;
}

int omni_has_channel(omni_broker *broker, const void *name, size_t name_size) {
  pthread_mutex_lock(&broker->lock);
  int found = *find(broker, name, name_size) != NULL;
  pthread_mutex_unlock(&broker->lock);
  return found;
}

int omni_remove_channel(omni_broker *broker, const void *name, size_t name_size) {
  (void)broker, (void)name, (void)name_size;
  return 0; /* the last close has removed it (BRK-8, BRK-9) */
}

static void add_sent(omni_broker_stats *stats, const channel *c) {
  stats->total_messages_sent += c->producer.side.stats.messages;
  stats->total_bytes_transferred += c->producer.side.stats.bytes;
}

void omni_broker_get_stats(omni_broker *broker, omni_broker_stats *stats) {
  pthread_mutex_lock(&broker->lock);
  *stats = broker->stats;
  for (const channel *c = broker->channels; c; c = c->next) add_sent(stats, c);
  pthread_mutex_unlock(&broker->lock);
}

static void unregister(channel *c) {
  omni_broker *broker = c->broker;
  *find(broker, c->name, c->name_size) = c->next;
  add_sent(&broker->stats, c);
  broker->stats.active_channels--;
  broker->memory_used -= c->capacity * c->max_message_size;
  pthread_cond_broadcast(&broker->unregistered);
}

uint64_t omni_shutdown_begin(omni_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  uint64_t generation = broker->stats.total_channels_created;
  for (channel *c = broker->channels; c; c = c->next) {
    c->shut = true;
    pthread_cond_broadcast(&c->changed);
  }
  pthread_mutex_unlock(&broker->lock);
  return generation;
}

int omni_shutdown_wait(omni_broker *broker, uint64_t generation, int64_t timeout) {
  limit end = limit_of(timeout);
  pthread_mutex_lock(&broker->lock);
  /* Channels are listed in the order of their creation. */
  bool again = true, waits;
  while ((waits = broker->channels && broker->channels->sequence <= generation) && again)
    again = pthread_cond_timedwait(&broker->unregistered, &broker->lock, &end.until) == 0;
  pthread_mutex_unlock(&broker->lock);
  return !waits ? 1 : end.slice ? OMNI_INTERRUPTED : 0;
}

int omni_shutdown(omni_broker *broker, int64_t timeout) {
  return omni_shutdown_wait(broker, omni_shutdown_begin(broker), timeout);
}

/* ---- either side ---- */

static pthread_mutex_t *lock_of(const side *s) { return &s->channel->broker->lock; }

/* Unlocks, and passes the answer on. */
static int64_t leave(const side *s, int64_t answer) {
  pthread_mutex_unlock(lock_of(s));
  return answer;
}

/* Locks and gives true; or gives false and the answer, `inactive` where the handle is closed. */
static bool enter(const side *s, int inactive, int *answer) {
  pthread_mutex_lock(lock_of(s));
  if (!s->closed && !s->inside) return true;
  *answer = (int)leave(s, s->closed ? inactive : OMNI_CONCURRENT_USE);
  return false;
}

/* Waits inside a call; false when the time is up. */
static bool await_change(side *s, const limit *end) {
  s->inside = true;
  bool woken = pthread_cond_timedwait(&s->channel->changed, lock_of(s), &end->until) == 0;
  s->inside = false;
  if (s->closed) pthread_cond_broadcast(&s->channel->changed); /* the closing thread waits for this */
  return woken;
}

/* Unlocks, and frees what is no longer in use. */
static void leave_or_free(channel *c) {
  omni_broker *broker = c->broker;
  if (c->users == 0) free_slots(c);
  if (c->users > 0 || c->handles > 0) {
    pthread_mutex_unlock(&broker->lock);
    return;
  }
  pthread_cond_destroy(&c->changed);
  free(c);
  release(broker);
}

static void close_side(side *s, bool freed) {
  channel *c = s->channel;
  pthread_mutex_lock(lock_of(s));
  if (!s->closed) {
    s->closed = true;
    pthread_cond_broadcast(&c->changed);
    while (s->inside) pthread_cond_wait(&c->changed, lock_of(s)); /* LIF-8 */
    c->users--;
    if (--c->open == 0) unregister(c);
  }
  c->handles -= freed;
  leave_or_free(c);
}

static void unpin(channel *c) {
  c->users--;
  leave_or_free(c);
}

static uint64_t waiting(const channel *c) { return c->written - c->read; }

static slot *slot_of(const channel *c, uint64_t number) { return &c->slots[number % (2 * c->capacity)]; }

static uint8_t *memory_of(const channel *c, uint64_t number) {
  return c->memory + number % (2 * c->capacity) * stride(c);
}

/* ---- producer ---- */

static bool nobody_receives(const channel *c) { return c->consumer.side.closed || c->shut; }

static bool has_room(const omni_producer *p) {
  return !p->reserved && waiting(p->side.channel) < p->side.channel->capacity;
}

static void publish(channel *c, size_t offset, size_t size) {
  slot *free_slot = slot_of(c, c->written++);
  free_slot->offset = offset;
  free_slot->size = size;
  c->producer.side.stats.messages++;
  c->producer.side.stats.bytes += size;
  pthread_cond_broadcast(&c->changed);
}

static int push(omni_producer *p, const void *data, size_t size) { /* PSH-1 */
  channel *c = p->side.channel;
  if (p->side.closed) return OMNI_PUSH_CHANNEL_CLOSED;
  if (size == 0 || size > c->max_message_size) return OMNI_PUSH_INVALID_SIZE;
  if (nobody_receives(c)) return OMNI_PUSH_CHANNEL_CLOSED;
  if (!has_room(p)) return OMNI_PUSH_QUEUE_FULL;
  memcpy(memory_of(c, c->written), data, size);
  publish(c, 0, size);
  return OMNI_PUSH_SUCCESS;
}

static int leave_push(omni_producer *p, int result) { /* STA-1 */
  p->side.stats.failed += result == OMNI_PUSH_TIMEOUT || result == OMNI_PUSH_CHANNEL_CLOSED;
  return leave(&p->side, result);
}

int omni_try_push(omni_producer *p, const void *data, size_t size) {
  int answer;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &answer)) return answer;
  return leave_push(p, push(p, data, size));
}

int omni_blocking_push(omni_producer *p, const void *data, size_t size, int64_t timeout) {
  limit end = limit_of(timeout);
  int result;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &result)) return result;
  bool again = timeout != 0 && !p->reserved; /* PSH-5 */
  while ((result = push(p, data, size)) == OMNI_PUSH_QUEUE_FULL && again) again = await_change(&p->side, &end);
  if (result == OMNI_PUSH_QUEUE_FULL) result = end.slice && !p->reserved ? OMNI_INTERRUPTED : OMNI_PUSH_TIMEOUT;
  return leave_push(p, result);
}

int64_t omni_batch_push(omni_producer *p, const omni_bytes *messages, size_t count) {
  int answer;
  size_t done = 0;
  if (!enter(&p->side, 0, &answer)) return answer;
  while (done < count && push(p, messages[done].data, messages[done].size) == OMNI_PUSH_SUCCESS) done++;
  return leave(&p->side, (int64_t)done);
}

int omni_reserve(omni_producer *p, size_t size, uint8_t **region) {
  const channel *c = p->side.channel;
  int answer;
  if (!enter(&p->side, 0, &answer)) return answer;
  bool granted = size > 0 && size <= c->max_message_size && !nobody_receives(c) && has_room(p);
  if (granted) *region = memory_of(c, c->written);
  p->reserved |= granted;
  return leave(&p->side, granted);
}

int omni_commit(omni_producer *p, size_t size, size_t offset) {
  channel *c = p->side.channel;
  int answer;
  if (!enter(&p->side, 0, &answer)) return answer;
  bool in_range = size > 0 && offset <= c->max_message_size && size <= c->max_message_size - offset;
  if (!p->reserved || !in_range) return leave(&p->side, 0);
  p->reserved = false;
  if (nobody_receives(c)) return leave(&p->side, 0);
  publish(c, offset, size);
  return leave(&p->side, 1);
}

int omni_rollback(omni_producer *p) {
  int answer;
  if (!enter(&p->side, 0, &answer)) return answer;
  p->reserved = false;
  return leave(&p->side, 0);
}

int omni_producer_is_connected(const omni_producer *p) {
  pthread_mutex_lock(lock_of(&p->side));
  return leave(&p->side, !p->side.closed && !nobody_receives(p->side.channel));
}

uint64_t omni_producer_capacity(const omni_producer *p) { return p->side.channel->capacity; }
uint64_t omni_producer_max_message_size(const omni_producer *p) { return p->side.channel->max_message_size; }

uint64_t omni_producer_available_slots(const omni_producer *p) {
  const channel *c = p->side.channel;
  pthread_mutex_lock(lock_of(&p->side));
  return leave(&p->side, p->side.closed ? 0 : c->capacity - waiting(c));
}

void omni_producer_get_stats(const omni_producer *p, omni_handle_stats *stats) {
  pthread_mutex_lock(lock_of(&p->side));
  *stats = p->side.stats;
  leave(&p->side, 0);
}

void omni_producer_close(omni_producer *p) { close_side(&p->side, false); }
void omni_producer_free(omni_producer *p) { close_side(&p->side, true); }

int omni_producer_pin(omni_producer *p) {
  pthread_mutex_lock(lock_of(&p->side));
  bool there = p->side.channel->users > 0;
  p->side.channel->users += there;
  return leave(&p->side, there ? 0 : OMNI_EXPIRED);
}

void omni_producer_unpin(omni_producer *p) {
  pthread_mutex_lock(lock_of(&p->side));
  unpin(p->side.channel);
}

/* ---- consumer ---- */

static bool nobody_sends(const channel *c) { return c->producer.side.closed || c->shut; }

static int pop(omni_consumer *k, size_t wanted, omni_message *messages, size_t *count) { /* POP-1 */
  channel *c = k->side.channel;
  if (k->side.closed) return OMNI_POP_CHANNEL_CLOSED;
  if (waiting(c) == 0) return nobody_sends(c) ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
  size_t taken = 0;
  /* Message n waits until n - capacity, whose slot is also that of n + capacity, is no longer pinned (MSG-3). */
  while (taken < wanted && waiting(c) > 0 && slot_of(c, c->read + c->capacity)->pins == 0) {
    const slot *s = slot_of(c, c->read);
    messages[taken++] = (omni_message){memory_of(c, c->read) + s->offset, s->size, c->read, k->pops};
    k->side.stats.messages++;
    k->side.stats.bytes += s->size;
    c->read++;
  }
  if (taken == 0) return OMNI_PINNED;
  *count = taken;
  pthread_cond_broadcast(&c->changed);
  return OMNI_POP_SUCCESS;
}

/* Every pop; `if_empty` is the result of a single attempt that finds nothing. */
static int take(omni_consumer *k, size_t wanted, int64_t timeout, omni_message *messages, size_t *count, int if_empty) {
  limit end = limit_of(timeout);
  int result;
  if (!enter(&k->side, OMNI_POP_CHANNEL_CLOSED, &result)) return result;
  if (wanted == 0) return leave(&k->side, OMNI_POP_EMPTY); /* MSG-5 */
  k->pops++;                                               /* earlier messages expire */
  bool again = timeout != 0;
  while ((result = pop(k, wanted, messages, count)) == OMNI_POP_EMPTY && again) again = await_change(&k->side, &end);
  if (result == OMNI_POP_EMPTY) result = timeout == 0 ? if_empty : end.slice ? OMNI_INTERRUPTED : OMNI_POP_TIMEOUT;
  k->side.stats.failed += result == OMNI_POP_TIMEOUT || result == OMNI_POP_CHANNEL_CLOSED; /* STA-2 */
  return leave(&k->side, result);
}

int omni_try_pop(omni_consumer *k, omni_message *message) {
  size_t count;
  return take(k, 1, 0, message, &count, OMNI_POP_EMPTY);
}

int omni_blocking_pop(omni_consumer *k, int64_t timeout, omni_message *message) {
  size_t count;
  return take(k, 1, timeout, message, &count, OMNI_POP_TIMEOUT);
}

int omni_batch_pop(omni_consumer *k, size_t max_count, int64_t timeout, omni_message *messages, size_t *count) {
  *count = 0;
  return take(k, max_count, timeout, messages, count, OMNI_POP_EMPTY);
}

static bool is_readable(const omni_consumer *k, const omni_message *message) {
  return !k->side.closed && message->pop == k->pops;
}

int omni_message_is_readable(const omni_consumer *k, const omni_message *message) {
  pthread_mutex_lock(lock_of(&k->side));
  return leave(&k->side, is_readable(k, message));
}

int omni_message_pin(omni_consumer *k, const omni_message *message) {
  pthread_mutex_lock(lock_of(&k->side));
  if (!is_readable(k, message)) return leave(&k->side, OMNI_EXPIRED);
  slot_of(k->side.channel, message->number)->pins++;
  k->side.channel->users++;
  return leave(&k->side, 0);
}

void omni_message_unpin(omni_consumer *k, uint64_t number) {
  pthread_mutex_lock(lock_of(&k->side));
  slot_of(k->side.channel, number)->pins--;
  unpin(k->side.channel);
}

int omni_consumer_is_connected(const omni_consumer *k) {
  pthread_mutex_lock(lock_of(&k->side));
  return leave(&k->side, !k->side.closed && !nobody_sends(k->side.channel));
}

uint64_t omni_consumer_capacity(const omni_consumer *k) { return k->side.channel->capacity; }
uint64_t omni_consumer_max_message_size(const omni_consumer *k) { return k->side.channel->max_message_size; }

uint64_t omni_consumer_available_messages(const omni_consumer *k) {
  pthread_mutex_lock(lock_of(&k->side));
  return leave(&k->side, k->side.closed ? 0 : waiting(k->side.channel));
}

void omni_consumer_get_stats(const omni_consumer *k, omni_handle_stats *stats) {
  pthread_mutex_lock(lock_of(&k->side));
  *stats = k->side.stats;
  leave(&k->side, 0);
}

void omni_consumer_close(omni_consumer *k) { close_side(&k->side, false); }
void omni_consumer_free(omni_consumer *k) { close_side(&k->side, true); }
