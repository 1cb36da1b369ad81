/* A channel: its ring, its two handles, and how long its memory lives.
 *
 * Two lifetimes. The mapping (the slots) is used by each open side and each pin; the control block (this
 * struct) by each handle that is not freed, and by the mapping. */
#ifndef OMNI_CHANNEL_H
#define OMNI_CHANNEL_H

#include "guard.h"
#include "omni_mailbox.h"
#include "ring.h"

typedef struct omni_channel omni_channel;

struct omni_producer {
  alignas(OMNI_LINE) omni_guard guard;
  omni_channel *channel;
  bool reserved; /* whether a reservation is outstanding; for whoever is inside */
};

struct omni_consumer {
  alignas(OMNI_LINE) omni_guard guard;
  omni_channel *channel;
  _Atomic uint64_t pins; /* over all messages, so that a pop without pins looks no further */
};

struct omni_channel {
  omni_ring ring;
  omni_producer producer;
  omni_consumer consumer;
  alignas(OMNI_LINE) _Atomic uint64_t mapping_users;
  _Atomic uint64_t references;
  uint64_t mapping_size, max_message_size;
  /* the registry's, under its lock */
  omni_broker *broker;
  omni_channel *next_in_bucket, *older, *newer;
  uint64_t sequence; /* the how-many-eth channel of its broker, from 1 */
  uint64_t hash;
  int open_handles;
  size_t name_size;
  uint8_t name[];
};

/* A channel with both handles open, or NULL without memory. capacity and max_message_size are valid. */
omni_channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size);
/* Frees a channel that nobody was given. */
void channel_discard(omni_channel *channel);

/* Use the mapping from outside the two sides: false where it is gone already. */
bool channel_pin(omni_channel *channel);
void channel_unpin(omni_channel *channel);
/* A handle is freed. */
void channel_release(omni_channel *channel);

/* Close both ends, so that nothing more is sent and what was sent can be drained (SHD-1). */
void channel_shut(omni_channel *channel);

/* One of its handles is closed: unregister the channel with the last, and count what it sent. */
void broker_handle_closed(omni_channel *channel);

/* The sleep of a blocked call: first it looks for a while whether it is `ready`, for a sleep and a waking cost more;
 * then once more between telling that it sleeps and sleeping. */
#define EVENTCOUNT_WAIT(asleep, deadline, ready)                                                     \
  __extension__({                                                                                    \
    int dozed = PLATFORM_AWAKE, spins = platform_spins;                                              \
    while (spins > 0 && !(ready)) spins--, platform_pause();                                         \
    if (spins == 0) {                                                                                \
      platform_store(&(asleep)->value, 1, relaxed); /* the fence orders it before the last look */   \
      platform_fence_heavy();                       /* pairs with the fence in eventcount_wake */    \
      if (!(ready)) dozed = platform_sleep(asleep, 1, deadline);                                     \
      platform_store(&(asleep)->value, 0, relaxed); /* own word; a waker that saw 1 wakes in vain */ \
    }                                                                                                \
    dozed;                                                                                           \
  })

static inline void count(_Atomic uint64_t *counter) {
  platform_store(counter, platform_load(counter, relaxed) + 1, relaxed); /* a statistic with one writer */
}

#endif
