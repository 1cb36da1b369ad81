/* The gate of a handle: lets one thread in at a time, counts entries, and closes for good.
 *
 * One word says it all, so that entering, leaving and closing are each one atomic step. A second thread
 * is turned away, never made to wait; only who closes waits for the one inside to leave. */
#ifndef OMNI_GATE_H
#define OMNI_GATE_H

#include <stdbool.h>

#include "seam.h"

enum {
  GATE_BUSY = 1,   /* somebody is inside */
  GATE_CLOSED = 2, /* for good */
  GATE_KNOCK = 4,  /* somebody waits for the one inside to leave */
  GATE_ENTRY = 8   /* the bits from here up count entries of the kind that expires messages */
};

typedef struct {
  _Atomic uint64_t state;
  seam_word left; /* counts who left after a knock, for those who knocked to sleep on */
} omni_gate;

typedef enum { GATE_ENTERED, GATE_TURNED_AWAY, GATE_INACTIVE } gate_answer;

/* `step`: GATE_ENTRY to count this entry, or 0. */
static inline gate_answer gate_enter(omni_gate *gate, uint64_t step) {
  uint64_t state = seam_load(&gate->state, relaxed);
  do {
    if (state & GATE_CLOSED) return GATE_INACTIVE;
    if (state & GATE_BUSY) return GATE_TURNED_AWAY;
    /* acquire: pairs with the release in gate_leave of whoever was in before. seq_cst: against
     * omni_message_pin, which counts itself first and then looks at the entries */
  } while (!seam_replace(&gate->state, &state, (state | GATE_BUSY) + step, seq_cst));
  return GATE_ENTERED;
}

static inline void gate_leave(omni_gate *gate) {
  /* release: pairs with the acquire of the next to enter, and of gate_wait */
  uint64_t state = seam_and(&gate->state, ~(uint64_t)(GATE_BUSY | GATE_KNOCK), acq_rel);
  if (state & GATE_KNOCK) {
    /* release: pairs with the looks in gate_wait. A count and not a flag, for several may wait: a close and a
     * shutdown. A flag that the second sets again would hide from the first that the one inside has left */
    seam_add(&gate->left.value, 1, release);
    seam_wake(&gate->left);
  }
}

/* Returns at a moment at which nobody is inside; whoever enters later sees all that came before this call.
 * Several may wait at once (a close and a shutdown), so a waiter must write nothing that another one looks at. */
static inline void gate_wait(omni_gate *gate) {
  for (;;) {
    uint32_t left = seam_load(&gate->left.value, relaxed); /* before the knock, by its release */
    /* acquire: pairs with gate_leave of who was inside. release: pairs with gate_enter of who comes next */
    if (!(seam_or(&gate->state, GATE_KNOCK, acq_rel) & GATE_BUSY)) return;
    while (seam_load(&gate->left.value, acquire) == left) seam_sleep(&gate->left, left, SEAM_NEVER);
  }
}

/* Whether this call closed it; who is inside stays inside. */
static inline bool gate_close(omni_gate *gate) {
  return !(seam_or(&gate->state, GATE_CLOSED, acq_rel) & GATE_CLOSED);
}

static inline bool gate_is_closed(const omni_gate *gate) {
  return seam_load(&gate->state, relaxed) & GATE_CLOSED; /* a hint; gate_enter is what decides */
}

/* How many counted entries there have been. */
static inline uint64_t gate_entries(const omni_gate *gate) {
  return seam_load(&gate->state, seq_cst) / GATE_ENTRY; /* seq_cst: see gate_enter */
}

#endif
