#include "script.h"

/* From here on the thread works on the channel it got, or on none. */
static uint64_t request(actor *me, const script *s, uint8_t name) {
  me->producer = NULL;
  me->consumer = NULL;
  return code(
      omni_request_channel(broker, &name, 1, (uint64_t)s->capacity, MESSAGE_SIZE, &me->producer, &me->consumer));
}

static uint64_t counters(void) {
  omni_broker_stats stats;
  omni_broker_get_stats(broker, &stats);
  return stats.active_channels | stats.total_channels_created << 8 | stats.total_messages_sent << 16 |
         stats.total_bytes_transferred << 24;
}

static uint64_t another_broker(void) {
  omni_broker *another = omni_broker_new(UINT64_MAX);
  if (another) omni_broker_free(another);
  return another != NULL;
}

bool administer(actor *me, const script *s, script_kind kind, int argument, uint64_t *result) {
  uint8_t name = (uint8_t)argument;
  switch (kind) {
    case REQUEST:
      *result = request(me, s, name);
      return true;
    case HAS:
      *result = code(omni_has_channel(broker, &name, 1));
      return true;
    case REMOVE:
      *result = code(omni_remove_channel(broker, &name, 1));
      return true;
    case BROKER_STATISTICS:
      *result = counters();
      return true;
    case SHUTDOWN:
      me->ticket = omni_shutdown_begin(broker);
      return false;
    case SHUTDOWN_WAIT:
      *result = code(omni_shutdown_wait(broker, me->ticket, -1));
      return true;
    case TIMED_SHUTDOWN_WAIT:
      *result = code(omni_shutdown_wait(broker, me->ticket, 1));
      return true;
    case NEW_BROKER:
      *result = another_broker();
      return true;
    case FREE_BROKER:
      omni_broker_free(broker);
      return false;
    default:
      return false;
  }
}
