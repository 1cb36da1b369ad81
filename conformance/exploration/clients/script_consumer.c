#include "script.h"

/* What a message says, every byte of it read: its token, or 255 where it is torn. */
static uint64_t token_of(const omni_message *message) {
  uint8_t first = message->data[0];
  for (size_t i = 0; i < message->size; i++)
    if (message->data[i] != first) return 255;
  return message->size == (size_t)first + 1 ? first : 255;
}

/* A pop's result code, and the tokens of the messages that came. */
static uint64_t popped(actor *me, int result, const omni_message *messages, size_t count) {
  uint64_t value = code(result);
  if (result != OMNI_POP_SUCCESS) return value;
  me->held_count = count;
  for (size_t i = 0; i < count; i++) {
    value |= token_of(&messages[i]) << (8 * (i + 1));
    me->held[i] = messages[i];
  }
  return value;
}

static uint64_t pop_batch(actor *me, size_t wanted, int64_t timeout) {
  omni_message messages[OPERATIONS];
  size_t count = 0;
  int result = omni_batch_pop(me->consumer, wanted, timeout, messages, &count);
  return popped(me, result, messages, count);
}

static int pin(actor *me, const omni_message *message) {
  int result = omni_message_pin(me->consumer, message);
  if (result == 0) me->pinned = *message;
  return result;
}

bool consume(actor *me, script_kind kind, int argument, uint64_t *result) {
  omni_consumer *consumer = me->consumer;
  omni_handle_stats stats;
  omni_message message;
  if (kind >= HELD && kind <= PIN && (size_t)argument >= me->held_count) return false; /* it has no such message */
  if ((kind == VIEW || kind == UNPIN) && !me->pinned.data) return false;
  switch (kind) {
    case TRY_POP:
      *result = popped(me, omni_try_pop(consumer, &message), &message, 1);
      return true;
    case UNREAD_POP: {
      int popping = omni_try_pop(consumer, &message);
      if (popping == OMNI_POP_SUCCESS) me->held[0] = message, me->held_count = 1;
      *result = code(popping);
      return true;
    }
    case BLOCKING_POP:
      *result = popped(me, omni_blocking_pop(consumer, -1, &message), &message, 1);
      return true;
    case TIMED_POP:
      *result = popped(me, omni_blocking_pop(consumer, 1, &message), &message, 1);
      return true;
    case BATCH_POP:
      *result = pop_batch(me, (size_t)argument, 0);
      return true;
    case BLOCKING_BATCH_POP:
      *result = pop_batch(me, (size_t)argument, -1);
      return true;
    case TIMED_BATCH_POP:
      *result = pop_batch(me, (size_t)argument, 1);
      return true;
    case HELD:
      *result = token_of(&me->held[argument]);
      return true;
    case READABLE:
      *result = code(omni_message_is_readable(consumer, &me->held[argument]));
      return true;
    case PIN:
      *result = code(pin(me, &me->held[argument]));
      return true;
    case VIEW:
      *result = token_of(&me->pinned);
      return true;
    case UNPIN:
      omni_message_unpin(consumer, me->pinned.number);
      return false;
    case CLOSE_CONSUMER:
      omni_consumer_close(consumer);
      return false;
    case FREE_CONSUMER:
      omni_consumer_free(consumer);
      return false;
    case CONSUMER_CONNECTED:
      *result = code(omni_consumer_is_connected(consumer));
      return true;
    case CONSUMER_STATISTICS:
      omni_consumer_get_stats(consumer, &stats);
      *result = statistics(&stats);
      return true;
    case AVAILABLE_MESSAGES:
      *result = omni_consumer_available_messages(consumer);
      return true;
    default:
      return false;
  }
}
