/* Ends that nobody has at the moment: a token names each, until an attach or a close [LIF-10]. */
#include "channel.h"

static platform_rwlock lock = PLATFORM_LOCK_INITIALISER;
static omni_detached *newest; /* each linked to the next older one */
static uint64_t last_token;   /* so that none is used again */

/* Whoever has the end next has a reference of its own; the former owner may still use its own for queries. */
static uint64_t keep(omni_channel *channel, omni_detached *end, bool sends) {
  eventcount_end_descriptor(sends ? &channel->ring.producer_waiter : &channel->ring.consumer_waiter);
  platform_add(&channel->references, 1, relaxed); /* relaxed: the caller has one */
  platform_lock_exclusive(&lock);
  uint64_t token = ++last_token;
  *end = (omni_detached){channel, sends, token, newest};
  newest = end;
  platform_unlock(&lock);
  return token;
}

/* The end that this token names, which it does no more; or NULL. */
static omni_detached *take(uint64_t token) {
  platform_lock_exclusive(&lock);
  omni_detached **link = &newest, *end;
  while ((end = *link) && end->token != token) link = &end->next;
  if (end) *link = end->next;
  platform_unlock(&lock);
  return end;
}

static void end_unattached(const omni_detached *end) {
  if (end->sends) omni_producer_free(&end->channel->producer);
  else omni_consumer_free(&end->channel->consumer);
}

int omni_producer_detach(omni_producer *producer, uint64_t *token) {
  guard_entry answer = guard_enter(&producer->guard); /* so that no thread is inside */
  if (answer != GUARD_ENTERED) return refused_or_expired(answer);
  int result = platform_load(&producer->region, relaxed) ? OMNI_RESERVED : 0; /* written by the thread inside */
  if (result == 0) *token = keep(producer->channel, &producer->detached, true);
  guard_leave(&producer->guard);
  return result;
}

int omni_consumer_detach(omni_consumer *consumer, uint64_t *token) {
  guard_entry answer = guard_enter(&consumer->guard);
  if (answer != GUARD_ENTERED) return refused_or_expired(answer);
  /* acquire: pairs with omni_message_pin. Before the count too, so that a refusal expires nothing; after it, as every
   * pop does */
  int result = platform_load(&consumer->exports, acquire) ? OMNI_PINNED : 0;
  if (result == 0) {
    guard_count(&consumer->guard);
    if (platform_load(&consumer->exports, acquire)) result = OMNI_PINNED; /* pairs with omni_message_pin */
  }
  if (result == 0) *token = keep(consumer->channel, &consumer->detached, false);
  guard_leave(&consumer->guard);
  return result;
}

int omni_attach(uint64_t token, omni_producer **producer, omni_consumer **consumer) {
  const omni_detached *end = take(token);
  if (!end) return OMNI_EXPIRED;
  if (end->sends) *producer = &end->channel->producer;
  else *consumer = &end->channel->consumer;
  return 0;
}

int omni_close_detached(uint64_t token) {
  const omni_detached *end = take(token);
  if (!end) return OMNI_EXPIRED;
  end_unattached(end);
  return 0;
}

void omni_producer_release(omni_producer *producer) { channel_release(producer->channel); }

void omni_consumer_release(omni_consumer *consumer) { channel_release(consumer->channel); }

/* ---- fork ---- */

void detached_hold(void) { platform_lock_exclusive(&lock); }

void detached_release(void) { platform_unlock(&lock); }

/* Nobody in the child can have these ends; its tokens go on from the last, so that none of before names one of them. */
void detached_renew(void) {
  platform_lock_init(&lock);
  while (newest) {
    const omni_detached *end = newest;
    newest = end->next;
    end_unattached(end);
  }
}
