/* From any state, a push, reserve or commit with any arguments touches no slot but that of the next message, stays
 * inside it and inside what it was given, and leaves a state of the same kind and a whole message behind.
 * WAY: 0 try_push, 1 blocking_push, 2 batch_push, 3 reserve, 4 commit. */
#include "producer.c"
#include "state.h"

int main(void) {
  uint64_t size = nondet_u64(), offset = nondet_u64();
  uint8_t *region = NULL, *data = NULL;
  any_state();
  own_from = channel.ring.write_index;
  own[0] = new_slot(false);
  if (WAY == 2) own[1] = new_slot(false);
  uint32_t guard_before = channel.producer.guard.state;
  bool was_reserved = channel.producer.reserved;
  if (size <= channel.max_message_size) {
    data = malloc(size); /* else it may not even be looked at */
    ASSUME(data != NULL);
  }
#if WAY == 0
  if (omni_try_push(&channel.producer, data, size) == OMNI_PUSH_SUCCESS) REACHED("pushed");
#elif WAY == 1
  int result = omni_blocking_push(&channel.producer, data, size, nondet_i64());
  CLAIM(result != OMNI_PUSH_QUEUE_FULL);
  if (result == OMNI_PUSH_SUCCESS) REACHED("pushed");
  if (result == OMNI_INTERRUPTED) REACHED("interrupted");
#elif WAY == 2
  omni_bytes batch[] = {{data, size}, {data, size}};
  int64_t pushed = omni_batch_push(&channel.producer, batch, OWN);
  if (pushed == OWN) REACHED("pushed two");
  CLAIM((pushed > 0 ? (uint64_t)pushed : 0) == channel.ring.write_index - own_from);
  if (pushed == OWN) CLAIM(own[1]->length == size && own[1]->offset == 0);
#elif WAY == 3
  if (omni_reserve(&channel.producer, size, &region) == 1) {
    REACHED("reserved");
    CLAIM(!was_reserved && __CPROVER_w_ok(region, channel.max_message_size)); /* RSV-2 */
  }
#elif WAY == 4
  if (omni_commit(&channel.producer, size, offset) == 1) {
    REACHED("committed");
    CLAIM(was_reserved && own[0]->offset == offset);
  }
#endif
  CLAIM(state_holds());
  CLAIM(guard_is_left(&channel.producer.guard, guard_before));
  CLAIM(channel.ring.write_index - own_from <= OWN);
  if (channel.ring.write_index != own_from) {
    CLAIM(own[0]->length == size && size >= 1 && size <= channel.max_message_size);
    CLAIM(own[0]->offset <= channel.max_message_size - size);
  }
  CLAIM(omni_producer_available_slots(&channel.producer) <= channel.ring.capacity);
}
