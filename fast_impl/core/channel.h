/* A channel: its ring, its two handles, and how long its memory lives.
 *
 * Two lifetimes. The mapping (the buffers) is used by each open side and each pin; the control block (this
 * struct) by each handle that is not freed, and by the mapping. */
#ifndef OMNI_CHANNEL_H
#define OMNI_CHANNEL_H

#include "guard.h"
#include "omni_mailbox.h"
#include "ring.h"

/* An end that is detached: of which channel, and which of the two. Under the lock of the detached ends. */
typedef struct omni_detached {
  omni_channel *channel;
  bool sends;
  uint64_t token;
  struct omni_detached *next;
} omni_detached;

struct omni_producer {
  alignas(OMNI_LINE) const void *core; /* omni_core of when it was made: first, in every version of the ABI */
  omni_channel *channel;
  _Atomic bool ended;           /* the close is complete; written under the registry's lock */
  _Atomic uint64_t region;      /* the number of the outstanding reservation, or 0; written by the thread inside */
  _Atomic uint64_t region_pins; /* of that reservation; incremented by the thread inside, decremented by any */
  uint64_t regions;             /* how many there have been */
  omni_detached detached;
  omni_guard guard;
};

/* What a pop found, and may take. */
typedef struct {
  uint64_t count;
  uint64_t released; /* index: earlier messages are no longer held */
} omni_offer;

struct omni_consumer {
  alignas(OMNI_LINE) const void *core;
  omni_channel *channel;
  _Atomic bool ended;
  _Atomic uint64_t exports; /* how many messages are pinned, and PIN_TRIED for each pin that is under way */
  /* The open pop, which has begun and not ended. Its thread is inside. */
  _Atomic uint64_t open; /* twice its number, plus 1 if its end completes a close; 0: none is open */
  _Atomic uint64_t opened_by;
  omni_offer offer;
  omni_detached detached;
  omni_guard guard;
};

#define PIN_TRIED (UINT64_C(1) << 32)
#define PIN_REGION UINT64_MAX /* in place of a buffer's number: a pin of the reserved region */

struct omni_channel {
  const void *core;
  omni_ring ring;
  omni_producer producer;
  omni_consumer consumer;
  alignas(OMNI_LINE) _Atomic uint64_t mapping_users;
  _Atomic uint64_t references;
  uint64_t mapping_size, max_message_size;
  /* the registry's, under its lock */
  omni_broker *broker;
  omni_channel *next_in_bucket, *older, *newer;
  uint64_t sequence; /* creation sequence number within the broker, from 1; 0 of one that a child has inherited */
  uint64_t hash;
  int open_handles;
  size_t name_size;
  uint8_t name[];
};

/* A channel with both handles open, or NULL without memory. capacity and max_message_size are valid. */
omni_channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size);

/* Keeps the mapping for a use from outside the two sides: false if it is gone already. */
bool channel_pin(omni_channel *channel);
void channel_unpin(omni_channel *channel);
/* Gives up one reference to the control block: of a freed handle, or of the mapping. */
void channel_release(omni_channel *channel);

/* Ends both sides, so that nothing more is sent and what was sent can be drained (SHD-1). False where a thread is
 * inside the producer: the caller waits until it has left (guard_wait), and ends that side then (ring_end_producer). */
bool channel_shut(omni_channel *channel);

/* The result of a call that the guard refused; the two sides' values are the same. */
static inline int refused(guard_entry answer) {
  return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : OMNI_PUSH_CHANNEL_CLOSED;
}

/* STA-1, STA-2. A call that the close of its own handle has ended is not counted (STA-4). */
static inline void count_failure(const omni_guard *guard, _Atomic uint64_t *failed, int result) {
  if (result == OMNI_PUSH_TIMEOUT || (result == OMNI_PUSH_CHANNEL_CLOSED && !guard_is_closed(guard))) count(failed);
}

/* What omni_..._fileno answers, by the thread inside, which leaves. */
static inline int finished_descriptor(omni_guard *guard, const platform_descriptor *descriptor) {
  int number = descriptor ? platform_descriptor_number(descriptor) : OMNI_NO_DESCRIPTOR;
  guard_leave(guard);
  return number;
}

/* For the calls whose refusals are OMNI_CONCURRENT_USE and OMNI_EXPIRED. */
static inline int refused_or_expired(guard_entry answer) {
  return answer == GUARD_CONTENDED ? OMNI_CONCURRENT_USE : OMNI_EXPIRED;
}

/* What the producer has sent, and how many of its calls failed. */
void channel_sent(const omni_channel *channel, omni_handle_stats *stats);

/* How it stands. */
void channel_describe(const omni_channel *channel, omni_channel_info *info);

/* One of its sides has ended: unregisters the channel with the last, and counts what it sent. False if it had already;
 * then the other close is complete. */
bool broker_side_ended(omni_channel *channel, _Atomic bool *ended);

/* ---- process.c: what a child of fork has [LIF-9] ---- */

/* A broker among all of the process. */
typedef struct omni_listed {
  omni_broker *broker;
  struct omni_listed *next, **link;
} omni_listed;

void process_list(omni_listed *listed, omni_broker *broker);
void process_unlist(omni_listed *listed);
/* Before a fork, held; after it, released in the parent, and in the child made anew, with what they guard: it has one
 * thread, and none of the parent's channels is open there. */
void broker_hold(omni_broker *broker);
void broker_release(omni_broker *broker);
void broker_renew(omni_broker *broker);
void detached_hold(void);
void detached_release(void);
void detached_renew(void);
void channel_inherit(omni_channel *channel);

/* ---- process.c: what a thread leaves as it ends [LIF-12] ---- */

/* A consumer of this broker's in which this thread has a pop open, with a reference to its channel; or NULL. */
omni_consumer *broker_find_opened(omni_broker *broker);
/* Whether this thread has a pop open in it; ends that with 0. */
bool consumer_is_opened_here(const omni_consumer *consumer);
void consumer_abandon(omni_consumer *consumer);

/* Whether this thread has closed the consumer inside a pop, so that the close is complete only when that leaves. */
bool consumer_defers_close(const omni_consumer *consumer);

#endif
