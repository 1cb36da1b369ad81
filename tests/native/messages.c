#include <string.h>

#include "native.h"

uint64_t random_of(uint64_t seed) {
  /* splitmix64 */
  seed += 0x9e3779b97f4a7c15u;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return seed ^ (seed >> 31);
}

size_t message_write(uint64_t number, uint8_t *to, size_t longest) {
  size_t size = MESSAGE_MIN + random_of(number) % (longest - MESSAGE_MIN + 1);
  memcpy(to, &number, MESSAGE_MIN);
  memset(to + MESSAGE_MIN, (int)(number * 31 + 7), size - MESSAGE_MIN);
  return size;
}

void message_check(uint64_t number, const omni_message *message, size_t longest) {
  uint8_t expected[longest];
  size_t size = message_write(number, expected, longest);
  CHECK(message->number == number);
  CHECK(message->size == size);
  CHECK(memcmp(message->data, expected, size) == 0);
}

void channel_open(omni_broker *broker, const char *name, uint64_t capacity, uint64_t longest, omni_producer **producer,
                  omni_consumer **consumer) {
  CHECK(omni_request_channel(broker, name, strlen(name), capacity, longest, producer, consumer) ==
        OMNI_CHANNEL_SUCCESS);
}

void thread_start(pthread_t *thread, void *(*run)(void *), void *argument) {
  CHECK(pthread_create(thread, NULL, run, argument) == 0);
}

void thread_join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }
