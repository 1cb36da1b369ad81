/* From any state, a pop with any arguments touches no slots but those of the messages that wait next and, for their
 * pins, those one capacity before; what it hands out lies inside them; and it leaves a state of the same kind.
 * WAY: 0 try_pop, 1 blocking_pop, 2 batch_pop of up to two. */
#include "consumer.c"
#include "state.h"

int main(void) {
  omni_message messages[OWN];
  size_t wanted = nondet_u64(), count = 0;
  int result;
  any_state();
  own_from = channel.ring.read_index;
  uint32_t guard_before = channel.consumer.guard.state;
  uint64_t waiting = channel.ring.write_index - own_from;
  for (uint64_t i = 0; i < OWN; i++) {
    own[i] = new_slot(i < waiting);
    pinned[i] = new_slot(false);
  }
#if WAY == 0
  result = omni_try_pop(&channel.consumer, messages);
  count = result == OMNI_POP_SUCCESS;
#elif WAY == 1
  result = omni_blocking_pop(&channel.consumer, nondet_i64(), messages);
  count = result == OMNI_POP_SUCCESS;
  CLAIM(result != OMNI_POP_EMPTY);
  if (result == OMNI_INTERRUPTED) REACHED("interrupted");
#elif WAY == 2
  ASSUME(wanted <= OWN || waiting <= OWN);
  result = omni_batch_pop(&channel.consumer, wanted, nondet_i64(), messages, &count);
  CLAIM(count <= wanted && count <= OWN);
  if (count == OWN) REACHED("popped two");
#endif
  CLAIM((result == OMNI_POP_SUCCESS) == (count > 0));
  CLAIM(channel.ring.read_index - own_from == count && count <= waiting);
  if (result == OMNI_PINNED) REACHED("pinned");
  if (count) {
    REACHED("popped");
    size_t i = count - 1;
    CLAIM(messages[i].size >= 1 && messages[i].size <= channel.max_message_size);
    CLAIM(__CPROVER_r_ok(messages[i].data, messages[i].size));
    CLAIM(messages[i].number == own_from + i);
  }
  CLAIM(state_holds());
  CLAIM(guard_is_left(&channel.consumer.guard, guard_before));
  CLAIM(omni_consumer_available_messages(&channel.consumer) <= channel.ring.capacity);
}
