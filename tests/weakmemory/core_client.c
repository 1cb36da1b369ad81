/* Blocking pushes and pops over the shipped core, at capacity 1. MESSAGES: how many. LEAVES: the producer closes,
 * and the consumer pops until it is told so. */
#include "channel.h"

#ifndef MESSAGES
#define MESSAGES 1
#endif
#ifdef LEAVES
enum { POPS = MESSAGES + 1 };
#else
enum { POPS = MESSAGES };
#endif

static omni_producer *producer;
static omni_consumer *consumer;
static struct {
  int result;
  uint8_t message;
} pushed[MESSAGES], popped[POPS];

static void begin(void *context) {
  (void)context;
  memset(pushed, 0, sizeof pushed);
  memset(popped, 0, sizeof popped);
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  if (!broker || omni_request_channel(broker, "a", 1, 8, 64, &producer, &consumer) != OMNI_CHANNEL_SUCCESS)
    wm_fail("no channel", WM_SITE(""));
  producer->channel->ring.capacity = 1; /* the least that can be asked for is 8 */
  wm_name(&producer->channel->ring.write_index, "write_index");
  wm_name(&producer->channel->ring.read_index, "read_index");
}

static void thread(void *context, int number) {
  (void)context;
  if (number == 0) {
    for (int i = 0; i < MESSAGES; i++) {
      uint8_t message = (uint8_t)(i + 1);
      pushed[i].result = omni_blocking_push(producer, &message, 1, -1);
    }
#ifdef LEAVES
    omni_producer_close(producer);
#endif
    return;
  }
  for (int i = 0; i < POPS; i++) {
    omni_message message;
    popped[i].result = omni_blocking_pop(consumer, -1, &message);
    if (popped[i].result == OMNI_POP_SUCCESS) popped[i].message = message.data[0];
  }
}

static void end(void *context) {
  (void)context;
  for (int i = 0; i < MESSAGES; i++) wm_outcome((uint64_t)pushed[i].result);
  for (int i = 0; i < POPS; i++) wm_outcome((uint64_t)popped[i].result), wm_outcome(popped[i].message);
}

void core_explore(const wm_options *options, wm_report *report) {
  wm_client client = {2, begin, thread, end, NULL};
  wm_explore(&client, options, report);
}
