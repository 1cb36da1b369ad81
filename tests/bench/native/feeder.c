/* A producer that is a thread in C, for a channel that Python opened: numbered messages, from 0. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "omni_mailbox.h"

#define PUBLIC __attribute__((visibility("default")))

enum { BATCH = 32, SIZE_MOST = 4096 };

typedef struct {
  pthread_t thread;
  omni_producer *producer;
  uint64_t from, count;
  size_t size;
} feeder;

/* Messages [from, from + count), sleeping while the queue is full: how many were pushed before the consumer closed. */
PUBLIC uint64_t feed(omni_producer *producer, size_t size, uint64_t from, uint64_t count) {
  static _Thread_local uint8_t bytes[BATCH][SIZE_MOST];
  omni_bytes batch[BATCH];
  for (int i = 0; i < BATCH; i++) batch[i] = (omni_bytes){bytes[i], size};
  uint64_t done = 0;
  while (done < count) {
    uint64_t some = count - done < BATCH ? count - done : BATCH;
    for (uint64_t i = 0; i < some; i++) {
      uint64_t number = from + done + i;
      memset(bytes[i], '.', size);
      memcpy(bytes[i], &number, sizeof number);
    }
    for (uint64_t in = 0; in < some;) {
      int64_t pushed = omni_batch_push(producer, batch + in, some - in);
      if (pushed == 0) {
        int result = omni_blocking_push(producer, batch[in].data, size, -1);
        if (result == OMNI_PUSH_SUCCESS) pushed = 1;
        else if (result != OMNI_INTERRUPTED) return done + in;
      } else if (pushed < 0) {
        return done + in;
      }
      in += (uint64_t)pushed;
    }
    done += some;
  }
  return done;
}

static void *run(void *argument) {
  feeder *self = argument;
  feed(self->producer, self->size, self->from, self->count);
  return NULL;
}

PUBLIC feeder *feeder_start(omni_producer *producer, size_t size, uint64_t from, uint64_t count) {
  feeder *self = malloc(sizeof *self);
  if (!self) return NULL;
  *self = (feeder){.producer = producer, .from = from, .count = count, .size = size};
  if (pthread_create(&self->thread, NULL, run, self) == 0) return self;
  free(self);
  return NULL;
}

PUBLIC void feeder_join(feeder *self) {
  pthread_join(self->thread, NULL);
  free(self);
}
