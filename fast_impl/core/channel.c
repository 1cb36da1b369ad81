#include "channel.h"
#include "omni_internal.h"

const void *omni_core;

enum { WORDS = 4 };

static platform_word *word(omni_channel *channel, int number) {
  platform_word *words[WORDS] = {&channel->ring.producer_waiter.flags, &channel->ring.consumer_waiter.flags,
                                 &channel->producer.guard.waiters, &channel->consumer.guard.waiters};
  return words[number];
}

static bool words_init(omni_channel *channel) {
  for (int made = 0; made < WORDS; made++) {
    if (platform_word_init(word(channel, made)) == 0) continue;
    while (made--) platform_word_destroy(word(channel, made));
    return false;
  }
  return true;
}

static void words_destroy(omni_channel *channel) {
  for (int made = WORDS; made--;) platform_word_destroy(word(channel, made));
}

omni_channel *channel_new(const void *name, size_t name_size, uint64_t capacity, uint64_t max_message_size) {
  if (name_size > SIZE_MAX / 2) return NULL;
  omni_channel *channel = platform_allocate(sizeof *channel + name_size);
  if (!channel) return NULL;
  omni_ring *ring = &channel->ring;
  ring->capacity = capacity;
  channel->mapping_size = pool_lay_out(&ring->pool, capacity, max_message_size, NULL);
  channel->max_message_size = max_message_size;
  uint8_t *memory = platform_map(channel->mapping_size);
  if (!memory) {
    platform_free(channel);
    return NULL;
  }
  pool_lay_out(&ring->pool, capacity, max_message_size, memory);
  if (!words_init(channel)) {
    platform_unmap(memory, channel->mapping_size);
    platform_free(channel);
    return NULL;
  }
  ring_begin(ring, start_index_of_next());
  atomic_init(&channel->mapping_users, 2); /* the two sides */
  atomic_init(&channel->references, 3);    /* the two handles and the mapping */
  channel->producer.channel = channel->consumer.channel = channel;
  channel->core = channel->producer.core = channel->consumer.core = omni_core;
  channel->open_handles = 2;
  channel->name_size = name_size;
  memcpy(channel->name, name, name_size);
  return channel;
}

/* Its mapping is private, so what is read stays as it is, and closing gives back what is the child's alone. What a
 * thread of the parent's was about to change stays half changed: nothing here reads it. */
void channel_inherit(omni_channel *channel) {
  eventcount_inherit(&channel->ring.producer_waiter);
  eventcount_inherit(&channel->ring.consumer_waiter);
  platform_word_init(&channel->producer.guard.waiters); /* a thread of the parent's may sleep on it */
  platform_word_init(&channel->consumer.guard.waiters);
  guard_inherit(&channel->producer.guard);
  guard_inherit(&channel->consumer.guard);
  atomic_init(&channel->consumer.open, 0); /* the end of an open pop answers OMNI_EXPIRED, and its call begins anew */
  channel->sequence = 0;
}

bool channel_pin(omni_channel *channel) {
  uint64_t users = platform_load(&channel->mapping_users, relaxed);
  do {
    if (users == 0) return false;
    /* relaxed: only whether it is 0 matters; channel_unpin orders the uses */
  } while (!platform_compare_exchange(&channel->mapping_users, &users, users + 1, relaxed));
  return true;
}

void channel_unpin(omni_channel *channel) {
  /* acq_rel: pairs with channel_unpin of the other users; without it the last one unmaps buffers still in use */
  if (platform_add(&channel->mapping_users, (uint64_t)-1, acq_rel) != 1) return;
  platform_unmap(channel->ring.pool.buffers, channel->mapping_size);
  channel_release(channel);
}

void channel_release(omni_channel *channel) {
  /* acq_rel: pairs with channel_release of the other holders; without it the last one frees a channel still in use */
  if (platform_add(&channel->references, (uint64_t)-1, acq_rel) != 1) return;
  words_destroy(channel);
  omni_broker_free(channel->broker);
  platform_free(channel);
}

bool channel_shut(omni_channel *channel) {
  const omni_ring *ring = &channel->ring;
  /* relaxed: where both have ended already there is nothing to order */
  if (!platform_load(&ring->consumer_alive, relaxed) && !platform_load(&ring->producer_alive, relaxed)) return true;
  ring_end_consumer(&channel->ring); /* no push begun from now on goes through */
  /* and none is under way: else its message came after CHANNEL_CLOSED */
  if (!guard_is_vacated(&channel->producer.guard)) return false;
  ring_end_producer(&channel->ring);
  return true;
}

enum { PRODUCER_OPEN = 1, CONSUMER_OPEN = 2, SENDS = 4, RECEIVES = 8 };

/* Which handles are open, and which ends of the ring are. None begins again. */
static uint32_t channel_stands(const omni_channel *channel) {
  /* A handle's close ends its side after the guard, so a side that has ended beside an open guard was shut. acquire:
   * pairs with ring_end_consumer and ring_end_producer; without it the guard could still be found open */
  uint32_t stands = platform_load(&channel->ring.consumer_alive, acquire) ? RECEIVES : 0;
  if (platform_load(&channel->ring.producer_alive, acquire)) stands |= SENDS;
  if (!guard_is_closed(&channel->producer.guard)) stands |= PRODUCER_OPEN;
  if (!guard_is_closed(&channel->consumer.guard)) stands |= CONSUMER_OPEN;
  return stands;
}

void channel_describe(const omni_channel *channel, omni_channel_info *info) {
  const omni_ring *ring = &channel->ring;
  /* What two looks find alike was so at one moment. In a single one an end may be as it was before a shutdown, and a
   * handle as it is after a later close */
  uint32_t stands = channel_stands(channel);
  for (uint32_t again; (again = channel_stands(channel)) != stands;) stands = again;
  bool producer_open = stands & PRODUCER_OPEN, consumer_open = stands & CONSUMER_OPEN;
  *info = (omni_channel_info){.name_size = channel->name_size,
                              .capacity = ring->capacity,
                              .max_message_size = channel->max_message_size,
                              .waiting = ring_length(ring),
                              .producer_sleeps = platform_asleep(&ring->producer_waiter.flags),
                              .consumer_sleeps = platform_asleep(&ring->consumer_waiter.flags),
                              .producer_open = producer_open,
                              .consumer_open = consumer_open,
                              .shut = (consumer_open && !(stands & RECEIVES)) || (producer_open && !(stands & SENDS))};
  omni_consumer_get_stats(&channel->consumer, &info->consumer); /* first: what it received has been sent */
  omni_producer_get_stats(&channel->producer, &info->producer);
}

void channel_sent(const omni_channel *channel, omni_handle_stats *stats) {
  const omni_ring *ring = &channel->ring;
  stats->messages = ring_number(ring, platform_load(&ring->write_index, relaxed)); /* relaxed: possibly stale */
  stats->bytes = platform_load(&ring->bytes_sent, relaxed);
  /* acquire: pairs with count; without it who finds a call counted that the end refused could still miss that end */
  stats->failed = platform_load(&ring->failed_pushes, acquire);
}
