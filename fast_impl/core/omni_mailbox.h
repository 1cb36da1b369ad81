/* OmniMailbox: bounded single-producer single-consumer channels between the threads of one process.
 *
 * Conventions, for every function below unless its comment says otherwise:
 *   - Results are ints with the values of OMNI_PUSH_*, OMNI_POP_* and OMNI_CHANNEL_*. A negative
 *     int is no result: the call was refused or interrupted; no message was sent or taken, and nothing
 *     was counted. A pop that was let in has expired earlier messages all the same, and a shutdown has
 *     closed its channels.
 *   - Durations are nanoseconds; negative means for ever, 0 means try once.
 *   - Sizes are bytes. Nothing blocks unless its comment says so.
 *   - "One thread at a time": a second thread that calls meanwhile gets OMNI_CONCURRENT_USE and
 *     changes nothing. "Any thread": at any time, concurrently with any other call.
 *   - Pushes, pops, reserve and commit allocate nothing and take no lock (the portable variant takes one
 *     to wake a thread that sleeps).
 *   - A handle is moved by copying its pointer, or by a token: see omni_attach.
 */
#ifndef OMNI_MAILBOX_H
#define OMNI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

/* Rises with every change that a caller compiled before would not survive. */
#define OMNI_ABI_VERSION 2

#ifdef __cplusplus
extern "C" {
#endif

/* declarations begin */

typedef struct omni_broker omni_broker;
typedef struct omni_producer omni_producer;
typedef struct omni_consumer omni_consumer;
typedef struct omni_channel omni_channel;

enum { OMNI_PUSH_SUCCESS, OMNI_PUSH_TIMEOUT, OMNI_PUSH_CHANNEL_CLOSED, OMNI_PUSH_INVALID_SIZE, OMNI_PUSH_QUEUE_FULL };
enum { OMNI_POP_SUCCESS, OMNI_POP_TIMEOUT, OMNI_POP_CHANNEL_CLOSED, OMNI_POP_EMPTY };
enum { OMNI_CHANNEL_SUCCESS, OMNI_CHANNEL_NAME_EXISTS, OMNI_CHANNEL_INVALID_CONFIG, OMNI_CHANNEL_ALLOCATION_FAILED };

enum {
  OMNI_CONCURRENT_USE = -1, /* another thread is inside this handle */
  OMNI_PINNED = -2,       /* live pins forbid it. A pop: a message waits, and earlier ones have expired all the same */
  OMNI_INTERRUPTED = -3,  /* a signal came, or may have come, during the sleep: call again with the time left */
  OMNI_EXPIRED = -4,      /* the message, the reservation or the pop has ended */
  OMNI_RESERVED = -5,     /* a reservation is outstanding */
  OMNI_FOREIGN = -6,      /* made by a core of another ABI version; only from the functions of fast_impl/native */
  OMNI_NO_DESCRIPTOR = -7 /* the system gives no further descriptor; errno says why */
};

typedef struct {
  const void *data;
  size_t size;
} omni_bytes;

/* A popped message: `size` bytes at `data`, valid and unchanged until the consumer's next pop or close, or longer if
 * pinned. `data` is aligned to 16, unless it was committed with an offset. `number` counts messages from 0, `pop` the
 * pop calls. */
typedef struct {
  const uint8_t *data;
  size_t size;
  uint64_t number;
  uint64_t pop;
} omni_message;

/* A reserved region: `size` bytes at `data`, writable until its commit, rollback or close. `number` counts reservations
 * from 1. */
typedef struct {
  uint8_t *data;
  size_t size;
  uint64_t number;
} omni_region;

/* What a call makes for its caller it makes in storage that the caller has beforehand, zeroed: empty. So a binding owns
 * it, with a destructor, before the call, and whatever interrupts the two leaves nothing that nobody owns. A copy of a
 * filled one must not be used beside it. */

/* A pop that has begun. Empty while `consumer` is NULL. */
typedef struct {
  omni_consumer *consumer;
  uint64_t number;
} omni_pop;

/* A pin of a message or of a region, and so of the channel's memory. Empty while `channel` is NULL. */
typedef struct {
  omni_channel *channel;
  uint64_t buffer;
} omni_pin;

typedef struct {
  uint64_t active_channels;
  uint64_t total_channels_created;
  uint64_t total_messages_sent;
  uint64_t total_bytes_transferred;
} omni_broker_stats;

typedef struct {
  uint64_t messages; /* sent, or received */
  uint64_t bytes;    /* of those messages */
  uint64_t failed;   /* calls that answered TIMEOUT or CHANNEL_CLOSED */
} omni_handle_stats;

/* How a channel stands. */
typedef struct {
  uint64_t name_size;
  uint64_t capacity;
  uint64_t max_message_size;
  uint64_t waiting;        /* messages sent and not popped */
  int64_t producer_sleeps; /* nanoseconds for which a call has been asleep in it, in this one sleep; -1: none is */
  int64_t consumer_sleeps;
  omni_handle_stats producer;
  omni_handle_stats consumer;
  uint32_t producer_open; /* 1 until its close has begun, then 0 */
  uint32_t consumer_open;
  uint32_t shut; /* 1 where a shutdown has closed an end that is still open, else 0 */
} omni_channel_info;

/* ---- broker: any thread ---- */

/* A new registry, or NULL without memory. `memory_limit`: bytes, the most that capacity x max_message_size may sum to
 * over its channels; UINT64_MAX for no limit. */
omni_broker *omni_broker_new(uint64_t memory_limit);
/* Gives up the caller's reference. Its channels live on until their handles are freed. */
void omni_broker_free(omni_broker *broker);

/* Makes and registers a channel; the configuration is normalised first. `name` is any `name_size` > 0 bytes. Returns
 * OMNI_CHANNEL_*; the handles are set on SUCCESS only. Waits only for the registry's lock. */
int omni_request_channel(omni_broker *broker, const void *name, size_t name_size, uint64_t capacity,
                         uint64_t max_message_size, omni_producer **producer, omni_consumer **consumer);
/* 1 while the name is registered, else 0. Waits only for the registry's lock. */
int omni_has_channel(omni_broker *broker, const void *name, size_t name_size);
/* Always 0: a channel unregisters itself when its last handle is closed. */
int omni_remove_channel(omni_broker *broker, const void *name, size_t name_size);
/* The broker's counters. Waits only for the registry's lock. */
void omni_broker_get_stats(omni_broker *broker, omni_broker_stats *stats);

/* Closes, at both ends, every channel registered now, and then waits until all their handles are closed. 1 when they
 * are, 0 when the time is up, or OMNI_INTERRUPTED; the channels stay closed. OMNI_CONCURRENT_USE where the caller
 * itself has closed a consumer inside a pop: it would wait for its own pop to end. */
int omni_shutdown(omni_broker *broker, int64_t timeout);
/* The two halves of omni_shutdown. begin closes the channels, waits until no call is inside their producers, and
 * returns the generation: wait waits for the channels that had been made by then. */
uint64_t omni_shutdown_begin(omni_broker *broker);
int omni_shutdown_wait(omni_broker *broker, uint64_t generation, int64_t timeout);

/* ---- producer ---- */

/* One thread at a time. Copies the message and publishes it: OMNI_PUSH_*, never TIMEOUT. */
int omni_try_push(omni_producer *producer, const void *data, size_t size);
/* One thread at a time. As omni_try_push, but while that is QUEUE_FULL it sleeps in the kernel: OMNI_PUSH_*, never
 * QUEUE_FULL. Wakes for space, close, shutdown, time or a signal (OMNI_INTERRUPTED). */
int omni_blocking_push(omni_producer *producer, const void *data, size_t size, int64_t timeout);
/* One thread at a time. Sleeps, as omni_blocking_push does, until a push would find a free slot: OMNI_PUSH_SUCCESS,
 * CHANNEL_CLOSED, TIMEOUT (at once with a reservation outstanding), or OMNI_INTERRUPTED. Counts nothing. */
int omni_producer_wait(omni_producer *producer, int64_t timeout);
/* One thread at a time. Pushes in order until a message does not fit or has an invalid size, and publishes those before
 * it at once: how many. Counts no failure. */
int64_t omni_batch_push(omni_producer *producer, const omni_bytes *messages, size_t count);

/* One thread at a time. The next free slot for writing in place: SUCCESS and `*region`, of exactly max_message_size
 * bytes and aligned to 16; INVALID_SIZE, CHANNEL_CLOSED, OMNI_RESERVED or QUEUE_FULL, in this order. Counts nothing. */
int omni_reserve(omni_producer *producer, size_t size, omni_region *region);
/* One thread at a time. Publishes bytes [offset, offset + size) of the region: SUCCESS. OMNI_EXPIRED with no
 * reservation; INVALID_SIZE, and OMNI_PINNED while the region is pinned: it stays; CHANNEL_CLOSED, where the consumer
 * is gone: it is dropped. */
int omni_commit(omni_producer *producer, size_t size, size_t offset);
/* One thread at a time. Drops the reservation if there is one: 0, or OMNI_PINNED while the region is pinned. */
int omni_rollback(omni_producer *producer);
/* Any thread. 1 while the region is that of the outstanding reservation, else 0. Beside a call that ends it in another
 * thread it may still be 1 for a moment. */
int omni_region_is_writable(const omni_producer *producer, const omni_region *region);
/* One thread at a time. Keeps the region from being published or dropped, and its memory mapped past a close, until
 * omni_unpin: 0, or OMNI_EXPIRED. */
int omni_region_pin(omni_producer *producer, const omni_region *region, omni_pin *pin);

/* Any thread. */
int omni_producer_is_connected(const omni_producer *producer);
uint64_t omni_producer_capacity(const omni_producer *producer);
uint64_t omni_producer_max_message_size(const omni_producer *producer);
uint64_t omni_producer_available_slots(const omni_producer *producer);
void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats);
/* The channel's name, `*size` bytes that live as long as the handle. */
const void *omni_producer_name(const omni_producer *producer, size_t *size);

/* Any thread. Ends the producer; the handle stays valid for queries. Wakes the thread inside it, if any, and waits
 * until that has left. A second close waits for the first, and does nothing. */
void omni_producer_close(omni_producer *producer);
/* The two halves of omni_producer_close, for a caller that holds a lock: begin closes, and answers whether a thread is
 * still inside; only then end is called, which waits for it. begin waits only for the registry's lock. */
int omni_producer_close_begin(omni_producer *producer);
void omni_producer_close_end(omni_producer *producer);
/* Closes it if need be and frees the handle: no thread may be in it, or use it again. */
void omni_producer_free(omni_producer *producer);

/* ---- consumer ---- */

/* One thread at a time. Takes the oldest message: OMNI_POP_*, never TIMEOUT. */
int omni_try_pop(omni_consumer *consumer, omni_message *message);
/* One thread at a time. As omni_try_pop, but while that is EMPTY it sleeps in the kernel: OMNI_POP_*, never EMPTY.
 * Wakes for data, close, shutdown, time or a signal (OMNI_INTERRUPTED). */
int omni_blocking_pop(omni_consumer *consumer, int64_t timeout, omni_message *message);
/* One thread at a time. Takes up to `max_count` messages, waiting for the first only; `messages` has room for
 * min(max_count, capacity), and `*count` says how many came. With timeout 0, EMPTY and not TIMEOUT. */
int omni_batch_pop(omni_consumer *consumer, size_t max_count, int64_t timeout, omni_message *messages, size_t *count);

/* One thread at a time. Sleeps, as omni_blocking_pop does, until a message waits: OMNI_POP_SUCCESS, CHANNEL_CLOSED,
 * TIMEOUT, or OMNI_INTERRUPTED. Takes, expires and counts nothing. */
int omni_consumer_wait(omni_consumer *consumer, int64_t timeout);

/* One thread at a time. The first half of a pop: SUCCESS with the oldest messages, up to `max_count` of them, and
 * `*pop`. They go on waiting; earlier messages expire. The thread is inside the consumer until omni_pop_end: a pop by
 * any other is refused, and its close waits. A further pop by this thread first ends this one with 0. Any other answer
 * is that of a whole pop, and leaves nothing open: OMNI_PINNED, CHANNEL_CLOSED or, where no message waits, `otherwise`:
 * EMPTY or TIMEOUT. `messages` has room for min(max_count, capacity), or is NULL and omni_pop_message gives each. With
 * max_count 0: EMPTY, and no pop. */
int omni_pop_begin(omni_consumer *consumer, size_t max_count, int otherwise, omni_message *messages, size_t *count,
                   omni_pop *pop);
/* The thread that began it, while it is open. Message `nth` of those it began with, from 0. */
void omni_pop_message(const omni_pop *pop, size_t nth, omni_message *message);
/* The thread that began it, while it is open. 1 where its first `count` messages lie in this order in one stretch of
 * memory that holds no others, else 0. */
int omni_pop_is_adjacent(const omni_pop *pop, size_t count);
/* The thread that began it. Takes the first `taken` of its messages and leaves: 0. The others wait on; they must not be
 * read before they are popped again. OMNI_EXPIRED where the pop has been ended already: nothing happened. Does not
 * block, unless it completes a close. */
int omni_pop_end(omni_consumer *consumer, omni_pop *pop, size_t taken);
/* Any thread, when no other uses `pop` any more. Ends it with 0, if it is neither empty nor ended. */
void omni_pop_abandon(omni_pop *pop);

/* Any thread, while the handle is not freed. Keeps a message's bytes valid and unchanged until omni_unpin: 0, or
 * OMNI_EXPIRED, or OMNI_PINNED where it has 2^30 pins. While n messages are pinned, a pop takes at most capacity - n;
 * where that is 0, it answers OMNI_PINNED. */
int omni_message_pin(omni_consumer *consumer, const omni_message *message, omni_pin *pin);
/* Any thread, also after the handle is freed. Ends a pin, if it is not empty. */
void omni_unpin(omni_pin *pin);
/* Any thread. 1 while the message can be read, else 0. Beside another thread's pop it may still be 1 for a moment. */
int omni_message_is_readable(const omni_consumer *consumer, const omni_message *message);

/* Any thread. */
int omni_consumer_is_connected(const omni_consumer *consumer);
uint64_t omni_consumer_capacity(const omni_consumer *consumer);
uint64_t omni_consumer_max_message_size(const omni_consumer *consumer);
uint64_t omni_consumer_available_messages(const omni_consumer *consumer);
void omni_consumer_get_stats(const omni_consumer *consumer, omni_handle_stats *stats);
const void *omni_consumer_name(const omni_consumer *consumer, size_t *size);

/* Any thread. Ends the consumer; the handle stays valid for queries. Wakes the thread inside it, if any, and waits
 * until that has left; but by the thread that has a pop open it returns at once, and the end of that pop completes it.
 * A second close waits for the first, and does nothing. */
void omni_consumer_close(omni_consumer *consumer);
/* The two halves of omni_consumer_close, as of omni_producer_close. */
int omni_consumer_close_begin(omni_consumer *consumer);
void omni_consumer_close_end(omni_consumer *consumer);
/* Closes it if need be and frees the handle: no thread may be in it, or use it again, but the caller itself to end the
 * pop that it has open. */
void omni_consumer_free(omni_consumer *consumer);

/* ---- by token: any thread ---- */

/* Takes the handle away from the caller: 0 and `*token`, a number by which any part of the process can have it, and
 * which is never used again. It stays open, and the peer notices nothing; messages of the last pop expire.
 * OMNI_CONCURRENT_USE while a thread is inside, OMNI_EXPIRED of a closed handle, OMNI_RESERVED with a reservation
 * outstanding, OMNI_PINNED while a message is pinned: then nothing has happened. After 0 the caller may call only what
 * any thread may, but no close, and at last omni_..._release in place of omni_..._free. */
int omni_producer_detach(omni_producer *producer, uint64_t *token);
int omni_consumer_detach(omni_consumer *consumer, uint64_t *token);
/* The handle that this token names, in `*producer` or in `*consumer`; the other one stays as it is. Once: 0, and
 * OMNI_EXPIRED ever after, and for any other number. */
int omni_attach(uint64_t token, omni_producer **producer, omni_consumer **consumer);
/* Ends the handle that this token names: 0, or OMNI_EXPIRED, as omni_attach. */
int omni_close_detached(uint64_t token);
/* Gives up a pointer to a handle that was detached. */
void omni_producer_release(omni_producer *producer);
void omni_consumer_release(omni_consumer *consumer);

/* ---- how channels stand: any thread ---- */

/* A snapshot of the registered channels, in the order of their requests, and of their names, one behind the other: how
 * many there are, and in `*names_size` the bytes of all names. It fills nothing where that is more than `room`, or than
 * the `*names_size` given: call again. Waits only for the registry's lock, and no push or pop waits for it. */
uint64_t omni_broker_get_channels(omni_broker *broker, omni_channel_info *channels, uint64_t room, void *names,
                                  uint64_t *names_size);
/* How the channel of a handle stands, open or closed. */
void omni_producer_get_info(const omni_producer *producer, omni_channel_info *info);
void omni_consumer_get_info(const omni_consumer *consumer, omni_channel_info *info);

/* ---- descriptors ---- */

/* One thread at a time. A descriptor (close-on-exec) of the handle, for poll and its like; the same one each time, or
 * OMNI_EXPIRED of a closed handle, or OMNI_NO_DESCRIPTOR. Readable from the moment at which a push would find space, or
 * CHANNEL_CLOSED, for a producer whose last look found no space (QUEUE_FULL, TIMEOUT, a batch cut short), until its
 * next look that finds none; at first, and otherwise in vain at times. So: poll, push until it is full, poll again. The
 * caller only polls it. A close or a detach makes it readable and closes it. */
int omni_producer_fileno(omni_producer *producer);
/* One thread at a time. As omni_producer_fileno: readable from the moment at which a message waits, or none ever will,
 * for a consumer whose last look found nothing (EMPTY, TIMEOUT), until its next look that finds nothing. */
int omni_consumer_fileno(omni_consumer *consumer);

/* declarations end */

#ifdef __cplusplus
}
#endif
#endif
