/* A producer that is a thread in C: compiled with omni_mailbox.c, which calls the core that made the handle. */
#include <pthread.h>
#include <stdlib.h>

#include "omni_mailbox.h"

typedef struct {
  pthread_t thread;
  omni_producer *producer;
  uint64_t count;
  int result;
} job;

static void *run(void *argument) {
  job *self = argument;
  for (uint64_t number = 0; number < self->count; number++) {
    do self->result = omni_blocking_push(self->producer, &number, sizeof number, -1);
    while (self->result == OMNI_INTERRUPTED);
    if (self->result != OMNI_PUSH_SUCCESS) break; /* the consumer has closed; or OMNI_FOREIGN: compile again */
  }
  omni_producer_close(self->producer); /* so the consumer's loop ends */
  return NULL;
}

/* Pushes the numbers 0, 1, ... below `count`. The caller keeps the native handle until join: NULL without a thread. */
void *start(omni_producer *producer, uint64_t count) {
  job *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->producer = producer;
  self->count = count;
  if (pthread_create(&self->thread, NULL, run, self) == 0) return self;
  free(self);
  return NULL;
}

/* The result of the last push. */
int join(void *running) {
  job *self = running;
  pthread_join(self->thread, NULL);
  int result = self->result;
  free(self);
  return result;
}
