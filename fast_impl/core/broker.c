/* The registry: channels by name, in a hash table and in order of creation, behind a reader-writer lock. */
#include "channel.h"
#include "omni_internal.h"

struct omni_broker {
  const void *core;
  platform_rwlock lock;
  _Atomic uint64_t references; /* the caller of omni_broker_new, and each channel until it is freed */
  platform_word closed_count;  /* counts channels unregistered; shutdowns sleep on it */
  omni_channel **buckets;
  uint64_t bucket_count; /* a power of two */
  omni_channel *oldest, *newest;
  uint64_t active, created;
  uint64_t inherited; /* of those created: by a parent of this process */
  uint64_t memory_limit, memory_used;
  uint64_t retired_messages, retired_bytes; /* of channels that are gone */
  omni_listed listed;
};

/* FNV-1a */
static uint64_t hash_name(const uint8_t *name, size_t size) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ name[i]) * 0x100000001b3u;
  return hash;
}

static omni_channel **bucket_of(omni_broker *broker, uint64_t hash) {
  return &broker->buckets[hash & (broker->bucket_count - 1)];
}

static omni_channel *find(omni_broker *broker, uint64_t hash, const void *name, size_t size) {
  omni_channel *channel = *bucket_of(broker, hash);
  while (channel && !(channel->hash == hash && channel->name_size == size && memcmp(channel->name, name, size) == 0))
    channel = channel->next_in_bucket;
  return channel;
}

/* Without memory the table stays as it is, with longer chains. */
static void grow(omni_broker *broker) {
  uint64_t count = 2 * broker->bucket_count;
  omni_channel **buckets = platform_allocate(count * sizeof *buckets);
  if (!buckets) return;
  platform_free(broker->buckets);
  broker->buckets = buckets;
  broker->bucket_count = count;
  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {
    omni_channel **bucket = bucket_of(broker, channel->hash);
    channel->next_in_bucket = *bucket;
    *bucket = channel;
  }
}

static void link_channel(omni_broker *broker, omni_channel *channel) {
  if (broker->active >= broker->bucket_count) grow(broker);
  omni_channel **bucket = bucket_of(broker, channel->hash);
  channel->next_in_bucket = *bucket;
  *bucket = channel;
  channel->older = broker->newest;
  *(broker->newest ? &broker->newest->newer : &broker->oldest) = channel;
  broker->newest = channel;
  broker->active++;
}

static void unlink_channel(omni_broker *broker, omni_channel *channel) {
  omni_channel **link = bucket_of(broker, channel->hash);
  while (*link != channel) link = &(*link)->next_in_bucket;
  *link = channel->next_in_bucket;
  *(channel->older ? &channel->older->newer : &broker->oldest) = channel->newer;
  *(channel->newer ? &channel->newer->older : &broker->newest) = channel->older;
  broker->active--;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* CFG-2 */
static uint64_t normal_capacity(uint64_t capacity) {
  uint64_t power = PLATFORM_MIN_CAPACITY;
  while (power < clamp(capacity, PLATFORM_MIN_CAPACITY, 524288)) power *= 2;
  return power;
}

omni_broker *omni_broker_new(uint64_t memory_limit) {
  omni_broker *broker = platform_allocate(sizeof *broker);
  if (!broker) return NULL;
  broker->buckets = platform_allocate(PLATFORM_FIRST_BUCKETS * sizeof *broker->buckets);
  if (broker->buckets && platform_word_init(&broker->closed_count) == 0) {
    if (platform_lock_init(&broker->lock) == 0) {
      broker->core = omni_core;
      broker->bucket_count = PLATFORM_FIRST_BUCKETS;
      broker->memory_limit = memory_limit;
      atomic_init(&broker->references, 1);
      process_list(&broker->listed, broker);
      return broker;
    }
    platform_word_destroy(&broker->closed_count);
  }
  platform_free(broker->buckets);
  platform_free(broker);
  return NULL;
}

void omni_broker_free(omni_broker *broker) {
  /* acq_rel: pairs with omni_broker_free of the other holders; without it the last one frees a broker still in use */
  if (platform_add(&broker->references, (uint64_t)-1, acq_rel) != 1) return;
  process_unlist(&broker->listed);
  platform_lock_destroy(&broker->lock);
  platform_word_destroy(&broker->closed_count);
  platform_free(broker->buckets);
  platform_free(broker);
}

int omni_request_channel(omni_broker *broker, const void *name, size_t name_size, uint64_t capacity,
                         uint64_t max_message_size, omni_producer **producer, omni_consumer **consumer) {
  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG; /* BRK-4 */
  capacity = normal_capacity(capacity);
  max_message_size = clamp(max_message_size, 64, 16 * 1024 * 1024);
  uint64_t memory = capacity * max_message_size, hash = hash_name(name, name_size);
  int result = OMNI_CHANNEL_ALLOCATION_FAILED;
  platform_lock_exclusive(&broker->lock);
  if (find(broker, hash, name, name_size)) {
    result = OMNI_CHANNEL_NAME_EXISTS;
  } else if (memory <= broker->memory_limit - broker->memory_used) { /* BRK-5 */
    omni_channel *channel = channel_new(name, name_size, capacity, max_message_size);
    if (channel) {
      channel->broker = broker;
      channel->hash = hash;
      channel->sequence = ++broker->created;
      broker->memory_used += memory;
      platform_add(&broker->references, 1, relaxed); /* relaxed: the caller holds one, so it is not the first */
      link_channel(broker, channel);
      *producer = &channel->producer;
      *consumer = &channel->consumer;
      result = OMNI_CHANNEL_SUCCESS;
    }
  }
  platform_unlock(&broker->lock);
  return result;
}

int omni_has_channel(omni_broker *broker, const void *name, size_t name_size) {
  uint64_t hash = hash_name(name, name_size);
  platform_lock_shared(&broker->lock);
  int found = find(broker, hash, name, name_size) != NULL;
  platform_unlock(&broker->lock);
  return found;
}

int omni_remove_channel(omni_broker *broker, const void *name, size_t name_size) {
  /* A registered channel has an open handle: broker_side_ended unregisters it with the last (BRK-8, BRK-9). */
  (void)broker, (void)name, (void)name_size;
  return 0;
}

bool broker_side_ended(omni_channel *channel, _Atomic bool *ended) {
  omni_broker *broker = channel->broker;
  omni_handle_stats sent;
  platform_lock_exclusive(&broker->lock);
  bool first = !platform_load(ended, relaxed), last = first && --channel->open_handles == 0 && channel->sequence;
  if (last) {
    unlink_channel(broker, channel);
    broker->memory_used -= channel->ring.capacity * channel->max_message_size;
    channel_sent(channel, &sent); /* final: no thread is inside a closed producer */
    broker->retired_messages += sent.messages;
    broker->retired_bytes += sent.bytes;
    platform_add(&broker->closed_count.value, 1, relaxed); /* the lock orders what it counts */
  }
  platform_store(ended, true, release); /* pairs with omni_producer_close_begin: a later close returns after this one */
  platform_unlock(&broker->lock);
  if (last) platform_wake(&broker->closed_count);
  return first;
}

void omni_broker_get_stats(omni_broker *broker, omni_broker_stats *stats) {
  omni_handle_stats sent;
  platform_lock_shared(&broker->lock);
  *stats = (omni_broker_stats){broker->active, broker->created - broker->inherited, broker->retired_messages,
                               broker->retired_bytes};
  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) {
    channel_sent(channel, &sent);
    stats->total_messages_sent += sent.messages;
    stats->total_bytes_transferred += sent.bytes;
  }
  platform_unlock(&broker->lock);
}

uint64_t omni_broker_get_channels(omni_broker *broker, omni_channel_info *channels, uint64_t room, void *names,
                                  uint64_t *names_size) {
  uint64_t size = 0;
  platform_lock_shared(&broker->lock);
  uint64_t count = broker->active;
  for (const omni_channel *channel = broker->oldest; channel; channel = channel->newer) size += channel->name_size;
  if (count <= room && size <= *names_size) {
    uint8_t *name = names;
    for (const omni_channel *channel = broker->oldest; channel; channel = channel->newer) {
      channel_describe(channel, channels++);
      memcpy(name, channel->name, channel->name_size);
      name += channel->name_size;
    }
  }
  platform_unlock(&broker->lock);
  *names_size = size;
  return count;
}

uint64_t omni_shutdown_begin(omni_broker *broker) {
  platform_lock_shared(&broker->lock); /* keeps the channels registered, and so in memory */
  uint64_t generation = broker->created;
  omni_channel *channel = broker->oldest;
  while (channel && channel->sequence <= generation) {
    if (channel_shut(channel)) {
      channel = channel->newer;
      continue;
    }
    /* Waits without the lock, which a close of any channel needs; from there it begins again with the oldest */
    platform_add(&channel->references, 1, relaxed); /* relaxed: a registered channel has others */
    platform_unlock(&broker->lock);
    guard_wait(&channel->producer.guard);
    ring_end_producer(&channel->ring); /* as in channel_shut: a push begun since does not go through */
    channel_release(channel);
    platform_lock_shared(&broker->lock);
    channel = broker->oldest;
  }
  platform_unlock(&broker->lock);
  return generation;
}

/* Whether this thread has to leave a pop before one of the channels can end. */
static bool waits_for_itself(omni_broker *broker, uint64_t generation) {
  bool waits = false;
  platform_lock_shared(&broker->lock);
  for (omni_channel *channel = broker->oldest; channel && channel->sequence <= generation; channel = channel->newer)
    waits |= consumer_defers_close(&channel->consumer);
  platform_unlock(&broker->lock);
  return waits;
}

int omni_shutdown_wait(omni_broker *broker, uint64_t generation, int64_t timeout) {
  int64_t deadline = platform_deadline(timeout);
  if (waits_for_itself(broker, generation)) return OMNI_CONCURRENT_USE;
  for (int slept = PLATFORM_AWAKE;;) {
    /* relaxed: the lock orders what it counts; a close after this load ends the sleep */
    uint32_t closed_count = platform_load(&broker->closed_count.value, relaxed);
    platform_lock_shared(&broker->lock);
    int done = !broker->oldest || broker->oldest->sequence > generation;
    platform_unlock(&broker->lock);
    if (done) return 1;
    if (slept == PLATFORM_SIGNAL) return OMNI_INTERRUPTED;
    if (slept == PLATFORM_TIME_UP || timeout == 0) return 0;
    slept = platform_sleep(&broker->closed_count, closed_count, deadline);
  }
}

int omni_shutdown(omni_broker *broker, int64_t timeout) {
  return omni_shutdown_wait(broker, omni_shutdown_begin(broker), timeout);
}

omni_consumer *broker_find_opened(omni_broker *broker) {
  omni_consumer *found = NULL;
  platform_lock_shared(&broker->lock);
  for (omni_channel *channel = broker->oldest; channel && !found; channel = channel->newer)
    if (consumer_is_opened_here(&channel->consumer)) found = &channel->consumer;
  if (found) platform_add(&found->channel->references, 1, relaxed); /* relaxed: a registered channel has others */
  platform_unlock(&broker->lock);
  return found;
}

/* ---- fork ---- */

void broker_hold(omni_broker *broker) { platform_lock_exclusive(&broker->lock); }

void broker_release(omni_broker *broker) { platform_unlock(&broker->lock); }

/* As new, but that sequence numbers go on: a shutdown under way in the forking thread must not wait for what the child
 * requests. The lock is not released but made: threads of the parent that wait for it are counted in it. */
void broker_renew(omni_broker *broker) {
  platform_lock_init(&broker->lock);
  platform_word_init(&broker->closed_count);
  for (omni_channel *channel = broker->oldest; channel; channel = channel->newer) channel_inherit(channel);
  memset(broker->buckets, 0, broker->bucket_count * sizeof *broker->buckets);
  broker->oldest = broker->newest = NULL;
  broker->inherited = broker->created;
  broker->active = broker->memory_used = broker->retired_messages = broker->retired_bytes = 0;
}
