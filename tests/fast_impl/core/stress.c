/* Two native threads over the C ABI: every message arrives once, whole and in order, and the last close ends it.
 * Usage: stress MESSAGES. Mixes single and batch calls, blocking and not, reservations and views held across pops. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "omni_mailbox.h"

#define CHECK(what) ((what) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what), exit(1)))
enum { BATCH = 7, LONGEST = 64 };

static uint64_t messages;

/* Message i: i itself, and as many bytes of i's pattern as its size asks for. */
static size_t write_message(uint64_t i, uint8_t *to) {
  size_t size = 8 + i % (LONGEST - 7);
  memcpy(to, &i, 8);
  memset(to + 8, (int)(i * 31), size - 8);
  return size;
}

static void check_message(uint64_t i, const omni_message *message) {
  uint8_t expected[LONGEST];
  size_t size = write_message(i, expected);
  CHECK(message->number == i && message->size == size && memcmp(message->data, expected, size) == 0);
}

static void *produce(void *handle) {
  omni_producer *producer = handle;
  uint8_t memory[BATCH][LONGEST], *region;
  omni_bytes batch[BATCH];
  for (uint64_t i = 0; i < messages;) {
    if (i % 5 == 0 && messages - i >= BATCH) {
      for (size_t k = 0; k < BATCH; k++) batch[k] = (omni_bytes){memory[k], write_message(i + k, memory[k])};
      i += (uint64_t)omni_batch_push(producer, batch, BATCH);
    }
    if (i % 5 == 1 && i < messages && omni_reserve(producer, LONGEST, &region)) {
      size_t offset = i % 3;
      uint8_t message[LONGEST];
      size_t size = write_message(i, message);
      if (offset + size > LONGEST) offset = LONGEST - size;
      memcpy(region + offset, message, size);
      CHECK(omni_commit(producer, size, offset) == 1);
      i++;
    }
    if (i < messages) {
      size_t size = write_message(i, memory[0]);
      int result = omni_blocking_push(producer, memory[0], size, -1);
      CHECK(result == OMNI_PUSH_SUCCESS || result == OMNI_INTERRUPTED);
      i += result == OMNI_PUSH_SUCCESS;
    }
  }
  omni_producer_free(producer);
  return NULL;
}

static void *consume(void *handle) {
  omni_consumer *consumer = handle;
  omni_message batch[BATCH];
  size_t count;
  for (uint64_t i = 0;;) {
    int result = i % 4 ? omni_batch_pop(consumer, BATCH, -1, batch, &count) : omni_blocking_pop(consumer, -1, batch);
    if (result == OMNI_INTERRUPTED) continue;
    if (result == OMNI_POP_CHANNEL_CLOSED) {
      CHECK(i == messages);
      break;
    }
    CHECK(result == OMNI_POP_SUCCESS);
    if (i % 4 == 0) count = 1;
    for (size_t k = 0; k < count; k++) check_message(i + k, &batch[k]);
    i += count;
  }
  omni_consumer_free(consumer);
  return NULL;
}

int main(int argc, char **argv) {
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_producer *producer;
  omni_consumer *consumer;
  omni_broker_stats stats;
  pthread_t threads[2];
  CHECK(argc == 2);
  messages = strtoull(argv[1], NULL, 10);
  CHECK(omni_request_channel(broker, "stress", 6, 64, LONGEST, &producer, &consumer) == OMNI_CHANNEL_SUCCESS);
  CHECK(pthread_create(&threads[0], NULL, produce, producer) == 0);
  CHECK(pthread_create(&threads[1], NULL, consume, consumer) == 0);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  omni_broker_get_stats(broker, &stats);
  CHECK(stats.total_messages_sent == messages && stats.active_channels == 0);
  CHECK(!omni_has_channel(broker, "stress", 6));
  omni_broker_free(broker);
  printf("%" PRIu64 " messages\n", messages);
}
