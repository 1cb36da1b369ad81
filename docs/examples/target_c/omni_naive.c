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
#define REGION UINT64_MAX   /* the place of a pin of the reserved region; else a buffer's number */

typedef omni_channel channel;

typedef struct {
  channel *channel;
  bool inside; /* a thread waits inside a call, or has a pop open; a second one is refused */
  bool closed, ended;
  omni_handle_stats stats;
} side;

struct omni_producer {
  side side;
  omni_region region;            /* the outstanding reservation; none while `data` is NULL */
  uint64_t regions, region_pins; /* how many there have been; pins of this one */
};

struct omni_consumer {
  side side;
  uint64_t pops;
  bool open; /* a pop has begun and not ended: the one that was counted last */
  pthread_t opened_by;
  uint64_t offered; /* messages that it found */
};

typedef struct {
  uint64_t offset, size; /* of the message in the buffer's memory */
  uint64_t pins;
  bool used; /* reserved, waiting, or of the last pop */
} buffer;

struct omni_channel {
  omni_broker *broker;
  channel *next; /* registered */
  omni_producer producer;
  omni_consumer consumer;
  pthread_cond_t changed; /* a push, a pop, a close, a shutdown */
  bool shut;
  uint64_t sequence, capacity, max_message_size;
  uint64_t written, read; /* messages so far */
  uint64_t held;          /* messages from this one on are still readable */
  uint64_t open, handles; /* sides not closed, handles not freed */
  uint64_t users;         /* sides not closed, and pins: as long as there are some, the buffers are there */
  uint64_t *order;        /* message n is in buffer order[n modulo 2 x capacity] */
  buffer *buffers;        /* twice as many as capacity: of those that wait, and of those that are held */
  uint64_t latest;        /* the buffer that was taken last */
  uint8_t *memory;        /* of the buffers, each aligned to 16 */
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

static bool allocate_buffers(channel *c) {
  /* A system that overcommits would grant what it cannot back, and kill the process later. */
  uint64_t pages = 2 * c->capacity * stride(c) / (uint64_t)sysconf(_SC_PAGESIZE);
  if (pages >= (uint64_t)sysconf(_SC_PHYS_PAGES)) return false;
  c->buffers = calloc(2 * c->capacity, sizeof *c->buffers);
  c->order = calloc(2 * c->capacity, sizeof *c->order);
  c->memory = calloc(2 * c->capacity, stride(c));
  return c->buffers && c->order && c->memory && condition_init(&c->changed);
}

static void free_buffers(channel *c) {
  free(c->buffers);
  free(c->order);
  free(c->memory);
  c->buffers = NULL;
  c->order = NULL;
  c->memory = NULL;
}

static channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size) {
  channel *c = name_size > SIZE_MAX / 2 ? NULL : calloc(1, sizeof *c + name_size);
  if (!c) return NULL;
  c->capacity = capacity;
  c->max_message_size = max_message_size;
  if (!allocate_buffers(c)) {
    free_buffers(c);
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

static bool is_open_here(const omni_consumer *k) { return k->open && pthread_equal(k->opened_by, pthread_self()); }

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
  bool again = true, waits, of_itself = false;
  pthread_mutex_lock(&broker->lock);
  for (const channel *c = broker->channels; c && c->sequence <= generation; c = c->next)
    of_itself |= c->consumer.side.closed && is_open_here(&c->consumer);
  if (of_itself) {
    pthread_mutex_unlock(&broker->lock);
    return OMNI_CONCURRENT_USE;
  }
  /* Channels are listed in the order of their creation. */
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
  if (c->users == 0) free_buffers(c);
  if (c->users > 0 || c->handles > 0) {
    pthread_mutex_unlock(&broker->lock);
    return;
  }
  pthread_cond_destroy(&c->changed);
  free(c);
  release(broker);
}

/* Ends a closed side that nobody is inside. Locked. */
static void end(side *s) {
  channel *c = s->channel;
  if (s->ended) return;
  s->ended = true;
  pthread_cond_broadcast(&c->changed);
  c->users--;
  if (--c->open == 0) unregister(c);
}

/* Whether another thread is inside, for which close_end has to wait. Where it is this one, with a pop open, the end of
 * that completes the close. */
static int close_begin(side *s) {
  const omni_consumer *k = &s->channel->consumer;
  pthread_mutex_lock(lock_of(s));
  s->closed = true;
  pthread_cond_broadcast(&s->channel->changed);
  bool waits = s->inside && !(s == &k->side && is_open_here(k));
  if (!s->inside) end(s);
  leave_or_free(s->channel);
  return waits;
}

static void close_end(side *s) { /* LIF-8 */
  pthread_mutex_lock(lock_of(s));
  while (s->inside) pthread_cond_wait(&s->channel->changed, lock_of(s));
  end(s);
  leave_or_free(s->channel);
}

static void free_side(side *s) {
  pthread_mutex_lock(lock_of(s));
  s->channel->handles--;
  leave_or_free(s->channel);
}

static uint64_t waiting(const channel *c) { return c->written - c->read; }

static uint64_t *place_of(const channel *c, uint64_t number) { return &c->order[number % (2 * c->capacity)]; }

static buffer *buffer_of(const channel *c, uint64_t number) { return &c->buffers[*place_of(c, number)]; }

static uint8_t *memory_of(const channel *c, uint64_t number) { return c->memory + *place_of(c, number) * stride(c); }

static uint64_t number_of_buffer(const channel *c, const uint8_t *data) {
  return (uint64_t)(data - c->memory) / stride(c);
}

/* ---- producer ---- */

static bool nobody_receives(const channel *c) { return c->consumer.side.closed || c->shut; }

static bool has_room(const omni_producer *p) {
  return !p->region.data && waiting(p->side.channel) < p->side.channel->capacity;
}

/* A buffer for the next message. There is one: waiting, held and pinned messages are fewer than buffers (MSG-3). */
static void take_buffer(channel *c) {
  while (c->buffers[c->latest].used || c->buffers[c->latest].pins) c->latest = (c->latest + 1) % (2 * c->capacity);
  c->buffers[c->latest].used = true;
  *place_of(c, c->written) = c->latest;
}

static void publish(channel *c, size_t offset, size_t size) {
  buffer *filled = buffer_of(c, c->written++);
  filled->offset = offset;
  filled->size = size;
  c->producer.side.stats.messages++;
  c->producer.side.stats.bytes += size;
  pthread_cond_broadcast(&c->changed);
}

/* Whether a message of that size can be sent now: what PSH-1 and RSV-1 have in common. */
static int look_for_room(const omni_producer *p, size_t size) {
  const channel *c = p->side.channel;
  if (p->side.closed) return OMNI_PUSH_CHANNEL_CLOSED;
  if (size == 0 || size > c->max_message_size) return OMNI_PUSH_INVALID_SIZE;
  if (nobody_receives(c)) return OMNI_PUSH_CHANNEL_CLOSED;
  return has_room(p) ? OMNI_PUSH_SUCCESS : OMNI_PUSH_QUEUE_FULL;
}

static int push(omni_producer *p, const void *data, size_t size) {
  channel *c = p->side.channel;
  int result = look_for_room(p, size);
  if (result != OMNI_PUSH_SUCCESS) return result;
  take_buffer(c);
  memcpy(memory_of(c, c->written), data, size);
  publish(c, 0, size);
  return result;
}

static int leave_push(omni_producer *p, int result) { /* STA-1, STA-4 */
  p->side.stats.failed += result == OMNI_PUSH_TIMEOUT || (result == OMNI_PUSH_CHANNEL_CLOSED && !p->side.closed);
  return (int)leave(&p->side, result);
}

int omni_try_push(omni_producer *p, const void *data, size_t size) {
  int answer;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &answer)) return answer;
  return leave_push(p, push(p, data, size));
}

/* Waits until there is room: OMNI_PUSH_QUEUE_FULL becomes SUCCESS, CHANNEL_CLOSED, TIMEOUT or OMNI_INTERRUPTED. */
static int wait_for_room(omni_producer *p, int64_t timeout) {
  limit until = limit_of(timeout);
  bool again = timeout != 0 && !p->region.data; /* PSH-5 */
  int result;
  while ((result = look_for_room(p, 1)) == OMNI_PUSH_QUEUE_FULL && again) again = await_change(&p->side, &until);
  if (result != OMNI_PUSH_QUEUE_FULL) return result;
  return until.slice && !p->region.data ? OMNI_INTERRUPTED : OMNI_PUSH_TIMEOUT;
}

int omni_blocking_push(omni_producer *p, const void *data, size_t size, int64_t timeout) {
  int result;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &result)) return result;
  result = push(p, data, size);
  if (result == OMNI_PUSH_QUEUE_FULL) result = wait_for_room(p, timeout);
  else return leave_push(p, result);
  return leave_push(p, result == OMNI_PUSH_SUCCESS ? push(p, data, size) : result);
}

int omni_producer_wait(omni_producer *p, int64_t timeout) {
  int result;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &result)) return result;
  return (int)leave(&p->side, wait_for_room(p, timeout));
}

int64_t omni_batch_push(omni_producer *p, const omni_bytes *messages, size_t count) {
  int answer;
  size_t done = 0;
  if (!enter(&p->side, 0, &answer)) return answer;
  while (done < count && push(p, messages[done].data, messages[done].size) == OMNI_PUSH_SUCCESS) done++;
  return leave(&p->side, (int64_t)done);
}

int omni_reserve(omni_producer *p, size_t size, omni_region *region) {
  channel *c = p->side.channel;
  int result;
  *region = (omni_region){NULL, 0, 0};
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &result)) return result;
  result = look_for_room(p, size);
  if (result == OMNI_PUSH_QUEUE_FULL && p->region.data) result = OMNI_RESERVED;
  if (result == OMNI_PUSH_SUCCESS) {
    take_buffer(c);
    *region = p->region = (omni_region){memory_of(c, c->written), c->max_message_size, ++p->regions};
  }
  return (int)leave(&p->side, result);
}

static void drop_reservation(omni_producer *p) {
  buffer_of(p->side.channel, p->side.channel->written)->used = false;
  p->region.data = NULL;
}

int omni_commit(omni_producer *p, size_t size, size_t offset) {
  channel *c = p->side.channel;
  int result = OMNI_PUSH_SUCCESS;
  if (!enter(&p->side, OMNI_PUSH_CHANNEL_CLOSED, &result)) return result;
  if (!p->region.data) return (int)leave(&p->side, OMNI_EXPIRED);
  if (size == 0 || offset > c->max_message_size || size > c->max_message_size - offset) {
    result = OMNI_PUSH_INVALID_SIZE;
  } else if (p->region_pins) {
    result = OMNI_PINNED;
  } else if (nobody_receives(c)) {
    drop_reservation(p);
    result = OMNI_PUSH_CHANNEL_CLOSED;
  } else {
    p->region.data = NULL;
    publish(c, offset, size);
  }
  return (int)leave(&p->side, result);
}

int omni_rollback(omni_producer *p) {
  int answer = 0;
  if (!enter(&p->side, 0, &answer)) return answer;
  if (p->region.data && p->region_pins) answer = OMNI_PINNED;
  else if (p->region.data) drop_reservation(p);
  return (int)leave(&p->side, answer);
}

static bool is_writable(const omni_producer *p, const omni_region *region) {
  return !p->side.closed && p->region.data && p->region.number == region->number;
}

int omni_region_is_writable(const omni_producer *p, const omni_region *region) {
  pthread_mutex_lock(lock_of(&p->side));
  return (int)leave(&p->side, is_writable(p, region));
}

int omni_region_pin(omni_producer *p, const omni_region *region, omni_pin *pin) {
  int answer;
  *pin = (omni_pin){NULL, REGION};
  if (!enter(&p->side, OMNI_EXPIRED, &answer)) return answer;
  if (!is_writable(p, region)) return (int)leave(&p->side, OMNI_EXPIRED);
  p->region_pins++;
  p->side.channel->users++;
  pin->channel = p->side.channel;
  return (int)leave(&p->side, 0);
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

const void *omni_producer_name(const omni_producer *p, size_t *size) {
  *size = p->side.channel->name_size;
  return p->side.channel->name;
}

int omni_producer_close_begin(omni_producer *p) { return close_begin(&p->side); }
void omni_producer_close_end(omni_producer *p) { close_end(&p->side); }

void omni_producer_close(omni_producer *p) {
  if (omni_producer_close_begin(p)) omni_producer_close_end(p);
}

void omni_producer_free(omni_producer *p) {
  omni_producer_close(p);
  free_side(&p->side);
}

/* ---- consumer ---- */

static bool nobody_sends(const channel *c) { return c->producer.side.closed || c->shut; }

static omni_message message_at(const omni_consumer *k, uint64_t number) {
  const channel *c = k->side.channel;
  const buffer *b = buffer_of(c, number);
  return (omni_message){memory_of(c, number) + b->offset, b->size, number, k->pops};
}

/* POP-1: how many of the messages that wait can be taken; they go on waiting. Earlier ones have expired. */
static int look(const omni_consumer *k, size_t wanted, omni_message *messages, size_t *count) {
  const channel *c = k->side.channel;
  uint64_t room = c->capacity;
  if (k->side.closed) return OMNI_POP_CHANNEL_CLOSED;
  if (waiting(c) == 0) return nobody_sends(c) ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
  for (uint64_t i = 0; i < 2 * c->capacity; i++) room -= c->buffers[i].pins > 0; /* MSG-3 */
  if (room == 0) return OMNI_PINNED;
  size_t most = waiting(c) < room ? waiting(c) : room;
  *count = wanted < most ? wanted : most;
  for (size_t i = 0; messages && i < *count; i++) messages[i] = message_at(k, c->read + i);
  return OMNI_POP_SUCCESS;
}

static void take(omni_consumer *k, size_t count) {
  channel *c = k->side.channel;
  while (count--) {
    k->side.stats.messages++;
    k->side.stats.bytes += buffer_of(c, c->read++)->size;
  }
  pthread_cond_broadcast(&c->changed);
}

/* Unlocks, with no pop open. */
static void leave_open(omni_consumer *k) {
  k->open = k->side.inside = false;
  if (k->side.closed) {
    end(&k->side);
    pthread_cond_broadcast(&k->side.channel->changed);
  }
  leave_or_free(k->side.channel);
}

/* As `enter`; but where this thread has a pop open, that ends with none taken. */
static bool enter_pop(omni_consumer *k, int *answer) {
  pthread_mutex_lock(lock_of(&k->side));
  if (is_open_here(k)) leave_open(k);
  else pthread_mutex_unlock(lock_of(&k->side));
  return enter(&k->side, OMNI_POP_CHANNEL_CLOSED, answer);
}

static void expire(omni_consumer *k) {
  channel *c = k->side.channel;
  k->pops++;
  for (; c->held < c->read; c->held++) buffer_of(c, c->held)->used = false;
}

static int leave_pop(omni_consumer *k, int result) { /* STA-2, STA-4 */
  k->side.stats.failed += result == OMNI_POP_TIMEOUT || (result == OMNI_POP_CHANNEL_CLOSED && !k->side.closed);
  return (int)leave(&k->side, result);
}

/* The result of a pop of none, which is no pop (MSG-5). */
static int no_pop(const omni_consumer *k) {
  pthread_mutex_lock(lock_of(&k->side));
  return (int)leave(&k->side, k->side.closed ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY);
}

/* Every pop in one call; `if_empty` is the result of a single attempt that finds nothing. */
static int pop(omni_consumer *k, size_t wanted, int64_t timeout, omni_message *messages, size_t *count, int if_empty) {
  limit until = limit_of(timeout);
  int result;
  if (!enter_pop(k, &result)) return result;
  expire(k);
  bool again = timeout != 0;
  while ((result = look(k, wanted, messages, count)) == OMNI_POP_EMPTY && again) again = await_change(&k->side, &until);
  if (result == OMNI_POP_SUCCESS) take(k, *count);
  if (result == OMNI_POP_EMPTY) result = timeout == 0 ? if_empty : until.slice ? OMNI_INTERRUPTED : OMNI_POP_TIMEOUT;
  return leave_pop(k, result);
}

int omni_try_pop(omni_consumer *k, omni_message *message) {
  size_t count;
  return pop(k, 1, 0, message, &count, OMNI_POP_EMPTY);
}

int omni_blocking_pop(omni_consumer *k, int64_t timeout, omni_message *message) {
  size_t count;
  return pop(k, 1, timeout, message, &count, OMNI_POP_TIMEOUT);
}

int omni_batch_pop(omni_consumer *k, size_t max_count, int64_t timeout, omni_message *messages, size_t *count) {
  *count = 0;
  return max_count == 0 ? no_pop(k) : pop(k, max_count, timeout, messages, count, OMNI_POP_EMPTY);
}

int omni_consumer_wait(omni_consumer *k, int64_t timeout) {
  limit until = limit_of(timeout);
  const channel *c = k->side.channel;
  int result;
  if (!enter(&k->side, OMNI_POP_CHANNEL_CLOSED, &result)) return result;
  for (bool again = timeout != 0; again && !k->side.closed && waiting(c) == 0 && !nobody_sends(c);)
    again = await_change(&k->side, &until);
  if (k->side.closed) result = OMNI_POP_CHANNEL_CLOSED;
  else if (waiting(c) > 0) result = OMNI_POP_SUCCESS;
  else if (nobody_sends(c)) result = OMNI_POP_CHANNEL_CLOSED;
  else result = until.slice ? OMNI_INTERRUPTED : OMNI_POP_TIMEOUT;
  return (int)leave(&k->side, result);
}

int omni_pop_begin(omni_consumer *k, size_t max_count, int otherwise, omni_message *messages, size_t *count,
                   omni_pop *step) {
  int result;
  *count = 0;
  step->consumer = NULL;
  if (max_count == 0) return no_pop(k);
  if (!enter_pop(k, &result)) return result;
  expire(k);
  result = look(k, max_count, messages, count);
  if (result != OMNI_POP_SUCCESS) return leave_pop(k, result == OMNI_POP_EMPTY ? otherwise : result);
  k->side.inside = k->open = true;
  k->opened_by = pthread_self();
  k->offered = *count;
  *step = (omni_pop){k, k->pops};
  return (int)leave(&k->side, result);
}

void omni_pop_message(const omni_pop *step, size_t place, omni_message *message) {
  const omni_consumer *k = step->consumer;
  pthread_mutex_lock(lock_of(&k->side));
  *message = message_at(k, k->side.channel->read + place);
  leave(&k->side, 0);
}

int omni_pop_is_adjacent(const omni_pop *step, size_t count) {
  const channel *c = step->consumer->side.channel;
  bool adjacent = true;
  pthread_mutex_lock(lock_of(&step->consumer->side));
  uint64_t first = number_of_buffer(c, message_at(step->consumer, c->read).data);
  for (size_t i = 1; i < count; i++)
    adjacent &= number_of_buffer(c, message_at(step->consumer, c->read + i).data) == first + i;
  return (int)leave(&step->consumer->side, adjacent);
}

int omni_pop_end(omni_consumer *k, omni_pop *step, size_t taken) {
  pthread_mutex_lock(lock_of(&k->side));
  bool is_open = step->consumer && k->open && k->pops == step->number;
  step->consumer = NULL;
  if (!is_open) return (int)leave(&k->side, OMNI_EXPIRED);
  if (taken == 0) k->pops++; /* what was not taken cannot be read */
  take(k, taken < k->offered ? taken : k->offered);
  leave_open(k);
  return 0;
}

void omni_pop_abandon(omni_pop *step) {
  if (step->consumer) omni_pop_end(step->consumer, step, 0);
}

static bool is_readable(const omni_consumer *k, const omni_message *message) {
  return !k->side.closed && message->pop == k->pops;
}

int omni_message_is_readable(const omni_consumer *k, const omni_message *message) {
  pthread_mutex_lock(lock_of(&k->side));
  return leave(&k->side, is_readable(k, message));
}

int omni_message_pin(omni_consumer *k, const omni_message *message, omni_pin *pin) {
  channel *c = k->side.channel;
  *pin = (omni_pin){NULL, 0};
  pthread_mutex_lock(lock_of(&k->side));
  if (!is_readable(k, message)) return (int)leave(&k->side, OMNI_EXPIRED);
  *pin = (omni_pin){c, number_of_buffer(c, message->data)};
  c->buffers[pin->buffer].pins++;
  c->users++;
  return (int)leave(&k->side, 0);
}

void omni_unpin(omni_pin *pin) {
  channel *c = pin->channel;
  pin->channel = NULL;
  if (!c) return;
  pthread_mutex_lock(&c->broker->lock);
  if (pin->buffer == REGION) c->producer.region_pins--;
  else c->buffers[pin->buffer].pins--;
  c->users--;
  leave_or_free(c);
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

const void *omni_consumer_name(const omni_consumer *k, size_t *size) {
  *size = k->side.channel->name_size;
  return k->side.channel->name;
}

int omni_consumer_close_begin(omni_consumer *k) { return close_begin(&k->side); }
void omni_consumer_close_end(omni_consumer *k) { close_end(&k->side); }

void omni_consumer_close(omni_consumer *k) {
  if (omni_consumer_close_begin(k)) omni_consumer_close_end(k);
}

void omni_consumer_free(omni_consumer *k) {
  omni_consumer_close(k);
  free_side(&k->side);
}

/* Each buffer has memory of its own from the beginning to the end. */
const char *omni_not_provided(void) { return "bounded-memory fork ended-threads"; }
