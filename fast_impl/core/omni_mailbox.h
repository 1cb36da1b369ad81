/* OmniMailbox: bounded single-producer single-consumer channels between the threads of one process.
 *
 * Conventions, for every function below unless its comment says otherwise:
 *   - Results are ints with the values of OMNI_PUSH_*, OMNI_POP_* and OMNI_CHANNEL_*. A negative
 *     int is no result: the call was refused or interrupted; no message was sent or taken, and nothing
 *     was counted. A pop that was let in has expired earlier messages all the same.
 *   - Durations are nanoseconds; negative means for ever, 0 means try once.
 *   - Sizes are bytes.
 *   - "One thread at a time": a second thread that calls meanwhile gets OMNI_CONCURRENT_USE and
 *     changes nothing. "Any thread": at any time, concurrently with any other call.
 *   - Pushes, pops, reserve and commit allocate nothing and take no lock (the portable variant takes one
 *     to wake a thread that sleeps).
 *   - A handle is moved by copying its pointer.
 */
#ifndef OMNI_MAILBOX_H
#define OMNI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* declarations begin */

typedef struct omni_broker omni_broker;
typedef struct omni_producer omni_producer;
typedef struct omni_consumer omni_consumer;

enum { OMNI_PUSH_SUCCESS, OMNI_PUSH_TIMEOUT, OMNI_PUSH_CHANNEL_CLOSED, OMNI_PUSH_INVALID_SIZE, OMNI_PUSH_QUEUE_FULL };
enum { OMNI_POP_SUCCESS, OMNI_POP_TIMEOUT, OMNI_POP_CHANNEL_CLOSED, OMNI_POP_EMPTY };
enum { OMNI_CHANNEL_SUCCESS, OMNI_CHANNEL_NAME_EXISTS, OMNI_CHANNEL_INVALID_CONFIG, OMNI_CHANNEL_ALLOCATION_FAILED };

enum {
  OMNI_CONCURRENT_USE = -1, /* another thread is inside this handle */
  OMNI_PINNED = -2,         /* a message waits, but a pin blocks its pop; earlier messages have expired */
  OMNI_INTERRUPTED = -3,    /* a signal came, or may have come, during the sleep: call again with the time left */
  OMNI_EXPIRED = -4         /* the message has expired, or the memory to pin is gone */
};

typedef struct {
  const void *data;
  size_t size;
} omni_bytes;

/* A popped message: `size` bytes at `data`, valid and unchanged until the consumer's next pop or close,
 * or longer if pinned. `number` counts messages from 0, `pop` the pop calls. */
typedef struct {
  const uint8_t *data;
  size_t size;
  uint64_t number;
  uint64_t pop;
} omni_message;

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

/* ---- broker: any thread ---- */

/* A new registry, or NULL without memory. `memory_limit`: bytes, the most that capacity x
 * max_message_size may sum to over its channels; UINT64_MAX for no limit. Does not block. */
omni_broker *omni_broker_new(uint64_t memory_limit);
/* Gives up the caller's reference. Its channels live on until their handles are freed. Does not block. */
void omni_broker_free(omni_broker *broker);

/* Makes and registers a channel; the configuration is normalised first. `name` is any `name_size` > 0
 * bytes. Returns OMNI_CHANNEL_*; the handles are set on SUCCESS only. Waits only for the registry's lock. */
int omni_request_channel(omni_broker *broker, const void *name, size_t name_size, uint64_t capacity,
                         uint64_t max_message_size, omni_producer **producer, omni_consumer **consumer);
/* 1 while the name is registered, else 0. Waits only for the registry's lock. */
int omni_has_channel(omni_broker *broker, const void *name, size_t name_size);
/* Always 0: a channel unregisters itself when its last handle is closed. Does not block. */
int omni_remove_channel(omni_broker *broker, const void *name, size_t name_size);
/* The broker's counters. Waits only for the registry's lock. */
void omni_broker_get_stats(omni_broker *broker, omni_broker_stats *stats);

/* Closes, at both ends, every channel registered now, and then waits until all their handles are
 * closed. 1 when they are, 0 when the time is up, or OMNI_INTERRUPTED; the channels stay closed. */
int omni_shutdown(omni_broker *broker, int64_t timeout);
/* The two halves of omni_shutdown. begin closes the channels, waits until no call is inside their producers, and
 * returns the generation: wait waits for the channels that had been made by then. */
uint64_t omni_shutdown_begin(omni_broker *broker);
int omni_shutdown_wait(omni_broker *broker, uint64_t generation, int64_t timeout);

/* ---- producer ---- */

/* One thread at a time. Copies the message and publishes it: OMNI_PUSH_*, never TIMEOUT. Does not block. */
int omni_try_push(omni_producer *producer, const void *data, size_t size);
/* One thread at a time. As omni_try_push, but while that is QUEUE_FULL it sleeps in the kernel:
 * OMNI_PUSH_*, never QUEUE_FULL. Wakes for space, close, shutdown, time or a signal (OMNI_INTERRUPTED). */
int omni_blocking_push(omni_producer *producer, const void *data, size_t size, int64_t timeout);
/* One thread at a time. Pushes in order until a message does not fit or has an invalid size, and publishes
 * those before it at once: how many. Counts no failure. Does not block. */
int64_t omni_batch_push(omni_producer *producer, const omni_bytes *messages, size_t count);

/* One thread at a time. The next free slot for writing in place: 1 and `*region`, of exactly
 * max_message_size bytes and aligned to 16, or 0. Does not block. */
int omni_reserve(omni_producer *producer, size_t size, uint8_t **region);
/* One thread at a time. Publishes bytes [offset, offset + size) of the region: 1. 0 with no reservation;
 * for a size out of range, which keeps it; with the consumer gone, which drops it. Does not block. */
int omni_commit(omni_producer *producer, size_t size, size_t offset);
/* One thread at a time. Drops the reservation if there is one: 0. Does not block. */
int omni_rollback(omni_producer *producer);

/* Any thread; do not block. */
int omni_producer_is_connected(const omni_producer *producer);
uint64_t omni_producer_capacity(const omni_producer *producer);
uint64_t omni_producer_max_message_size(const omni_producer *producer);
uint64_t omni_producer_available_slots(const omni_producer *producer);
void omni_producer_get_stats(const omni_producer *producer, omni_handle_stats *stats);

/* Any thread. Ends the producer; the handle stays valid for queries. Wakes the thread inside it, if any, and
 * waits until that has left. A second close does nothing. */
void omni_producer_close(omni_producer *producer);
/* Closes it if need be and frees the handle: no thread may be in it, or use it again. */
void omni_producer_free(omni_producer *producer);
/* Any thread, while the handle is not freed. Keeps the channel's memory mapped past its close, until
 * omni_producer_unpin: 0, or OMNI_EXPIRED where it is gone already. Does not block. */
int omni_producer_pin(omni_producer *producer);
void omni_producer_unpin(omni_producer *producer);

/* ---- consumer ---- */

/* One thread at a time. Takes the oldest message: OMNI_POP_*, never TIMEOUT. Does not block. */
int omni_try_pop(omni_consumer *consumer, omni_message *message);
/* One thread at a time. As omni_try_pop, but while that is EMPTY it sleeps in the kernel:
 * OMNI_POP_*, never EMPTY. Wakes for data, close, shutdown, time or a signal (OMNI_INTERRUPTED). */
int omni_blocking_pop(omni_consumer *consumer, int64_t timeout, omni_message *message);
/* One thread at a time. Takes up to `max_count` messages, waiting for the first only; `messages` has room
 * for min(max_count, capacity), and `*count` says how many came. With timeout 0, EMPTY and not TIMEOUT. */
int omni_batch_pop(omni_consumer *consumer, size_t max_count, int64_t timeout, omni_message *messages, size_t *count);

/* Any thread, while the handle is not freed. Keeps a message's bytes valid and unchanged until
 * omni_message_unpin: 0, or OMNI_EXPIRED. While message i is pinned, no pop takes message i + capacity:
 * it answers OMNI_PINNED. Does not block. */
int omni_message_pin(omni_consumer *consumer, const omni_message *message);
void omni_message_unpin(omni_consumer *consumer, uint64_t number);
/* Any thread. 1 while the message can be read, else 0. Does not block. */
int omni_message_is_readable(const omni_consumer *consumer, const omni_message *message);

/* Any thread; do not block. */
int omni_consumer_is_connected(const omni_consumer *consumer);
uint64_t omni_consumer_capacity(const omni_consumer *consumer);
uint64_t omni_consumer_max_message_size(const omni_consumer *consumer);
uint64_t omni_consumer_available_messages(const omni_consumer *consumer);
void omni_consumer_get_stats(const omni_consumer *consumer, omni_handle_stats *stats);

/* Any thread. Ends the consumer; the handle stays valid for queries. Wakes the thread inside it, if any, and
 * waits until that has left. A second close does nothing. */
void omni_consumer_close(omni_consumer *consumer);
/* Closes it if need be and frees the handle: no thread may be in it, or use it again. */
void omni_consumer_free(omni_consumer *consumer);

/* declarations end */

#ifdef __cplusplus
}
#endif
#endif
