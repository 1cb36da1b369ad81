/* How long a consumer that has caught up looks away, by what came of it before. */
#include "native.h"
#include "platform/platform.h"

static uint32_t lingered; /* pauses; 0: it did not */
#define platform_back_off(pauses) (lingered = (pauses))
#include "ring.h"

static omni_ring ring;

static uint64_t look(uint64_t wanted) {
  bool ended;
  lingered = 0;
  return ring_waiting(&ring, wanted, &ended);
}

/* So many messages are found by one look; then the consumer has caught up, and asks again. */
static uint32_t caught_up_after(uint64_t messages) {
  ring_publish(&ring, messages, messages);
  CHECK(look(1) == messages && lingered == 0);
  ring_release(&ring, messages, messages);
  CHECK(look(1) == 0);
  return lingered;
}

void patience(void) {
  ring.capacity = 8;
  ring_begin(&ring, UINT64_MAX - 5);
  CHECK(look(1) == 0 && lingered == 0);
  CHECK(caught_up_after(1) == BACK_OFF_MIN);
  CHECK(look(1) == 0 && lingered == 0); /* once at each index */
  CHECK(caught_up_after(2) == 2 * BACK_OFF_MIN && caught_up_after(8) == 4 * BACK_OFF_MIN);
  CHECK(caught_up_after(3) == BACK_OFF_MAX);
  CHECK(caught_up_after(1) == BACK_OFF_MAX / 2 && caught_up_after(1) == BACK_OFF_MAX / 4);
  CHECK(caught_up_after(1) == BACK_OFF_MIN);
  ring_publish(&ring, 1, 1);
  CHECK(look(2) == 1 && look(2) == 1 && lingered == 0); /* a batch that is cut short has not caught up */
}
