#include "script.h"

static uint64_t push_batch(omni_producer *producer, size_t count) {
  static const uint8_t tokens[][4] = {{1, 1}, {2, 2, 2}, {3, 3, 3, 3}};
  omni_bytes several[sizeof tokens / sizeof *tokens];
  for (size_t i = 0; i < count; i++) several[i] = (omni_bytes){tokens[i], i + 2};
  return (uint64_t)omni_batch_push(producer, several, count);
}

bool produce(actor *me, script_kind kind, int argument, uint64_t *result) {
  omni_producer *producer = me->producer;
  omni_handle_stats stats;
  uint8_t data[16];
  memset(data, argument, sizeof data); /* a message repeats its token, token + 1 times */
  size_t size = (size_t)argument % 8 + 1;
  switch (kind) {
    case TRY_PUSH:
      *result = code(omni_try_push(producer, data, size));
      return true;
    case BLOCKING_PUSH:
      *result = code(omni_blocking_push(producer, data, size, -1));
      return true;
    case TIMED_PUSH:
      *result = code(omni_blocking_push(producer, data, size, 1));
      return true;
    case BATCH_PUSH:
      *result = code((int)push_batch(producer, (size_t)argument));
      return true;
    case RESERVE:
      me->region = NULL;
      *result = code(omni_reserve(producer, 1, &me->region));
      return true;
    case WRITE_REGION:
      if (me->region) platform_copy(me->region, data, 8);
      return false;
    case COMMIT:
      if (me->region) platform_copy(me->region + 8, data, size);
      me->region = NULL;
      *result = code(omni_commit(producer, size, 8));
      return true;
    case ROLLBACK:
      me->region = NULL;
      *result = code(omni_rollback(producer));
      return true;
    case PRODUCER_PIN:
      *result = code(omni_producer_pin(producer));
      return true;
    case PRODUCER_UNPIN:
      omni_producer_unpin(producer);
      return false;
    case CLOSE_PRODUCER:
      omni_producer_close(producer);
      return false;
    case FREE_PRODUCER:
      omni_producer_free(producer);
      return false;
    case PRODUCER_CONNECTED:
      *result = code(omni_producer_is_connected(producer));
      return true;
    case PRODUCER_STATISTICS:
      omni_producer_get_stats(producer, &stats);
      *result = statistics(&stats);
      return true;
    case AVAILABLE_SLOTS:
      *result = omni_producer_available_slots(producer);
      return true;
    default:
      return false;
  }
}
