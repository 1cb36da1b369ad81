/* The gate of a handle: lets one thread in at a time, counts entries, and closes for good.
 *
 * A second thread is turned away, never made to wait; only who closes waits for the one inside to leave. The
 * thread that uses a handle has a seat: it comes and goes with plain stores to a word of its own, and light
 * fences. Another thread takes one atomic step, a heavy fence and, if nobody is inside, the next seat, for good.
 * When no seat is left, every entry takes that atomic step. */
#ifndef OMNI_GATE_H
#define OMNI_GATE_H

#include <stdalign.h>
#include <stdbool.h>

#include "seam.h"

enum {
  GATE_BUSY = 1,   /* somebody is inside, or on the way, without a seat */
  GATE_CLOSED = 2, /* for good */
  GATE_KNOCK = 4   /* somebody waits for the one inside to leave */
};

typedef struct {
  alignas(OMNI_LINE) _Atomic uint32_t state;
  _Atomic uint32_t seat;                /* the one that counts; SEAM_SEATS: none any more. Changed by who is BUSY */
  _Atomic uint64_t entries;             /* of the kind that expires messages; written by who is inside */
  _Atomic uint64_t sitter[SEAM_SEATS];  /* the thread that each belongs to, once it has been taken */
  _Atomic uint32_t inside[SEAM_SEATS];  /* written by its sitter only */
  seam_word left; /* counts who left after a knock, for those who knocked to sleep on */
} omni_gate;

typedef enum { GATE_ENTERED, GATE_TURNED_AWAY, GATE_INACTIVE } gate_answer;

/* Those who knocked look again. */
static inline void gate_answer_knock(omni_gate *gate, uint32_t state) {
  if (!(state & GATE_KNOCK)) return;
  /* A count and not a flag, for several may wait: a close and a shutdown. A flag that the second sets again would hide
   * from the first that the one inside has left. relaxed: gate_wait looks again at what it counts */
  seam_add(&gate->left.value, 1, relaxed);
  seam_wake(&gate->left);
}

static inline void gate_stand_up(omni_gate *gate, uint32_t seat) {
  seam_store(&gate->inside[seat], 0, release); /* pairs with the looks in gate_take_seat and gate_wait */
  seam_fence_light();                          /* pairs with the heavy fence in gate_wait */
  if (seam_load(&gate->state, relaxed) & GATE_KNOCK)
    gate_answer_knock(gate, seam_and(&gate->state, ~(uint32_t)GATE_KNOCK, relaxed));
}

static inline void gate_leave(omni_gate *gate) {
  uint32_t seat = seam_load(&gate->seat, relaxed); /* does not change while somebody is inside */
  if (seat < SEAM_SEATS) gate_stand_up(gate, seat);
  /* release: pairs with the acquire of the next to enter, and of gate_wait */
  else gate_answer_knock(gate, seam_and(&gate->state, ~(uint32_t)(GATE_BUSY | GATE_KNOCK), release));
}

/* Whether nobody is inside; who is BUSY asks. Then the next seat is that thread's, while there is one. */
static inline bool gate_take_seat(omni_gate *gate) {
  uint32_t seat = seam_load(&gate->seat, relaxed);
  if (seat == SEAM_SEATS) return true;
  uint64_t self = seam_self(), sitter = seam_load(&gate->sitter[seat], relaxed);
  if (sitter && sitter != self) {
    seam_fence_heavy(); /* pairs with the light one in gate_enter: the sitter sees BUSY, or is seen */
    if (seam_load(&gate->inside[seat], acquire)) return false; /* pairs with gate_stand_up */
    seam_store(&gate->seat, ++seat, relaxed);
    seam_fence_heavy(); /* pairs with the light one in gate_is_sitting */
  }
  if (seat == SEAM_SEATS) return true;
  seam_store(&gate->sitter[seat], self, relaxed);
  seam_store(&gate->inside[seat], 1, relaxed);
  seam_and(&gate->state, ~(uint32_t)GATE_BUSY, release); /* pairs with gate_enter of who comes next */
  return true;
}

static gate_answer gate_enter_anew(omni_gate *gate) {
  uint32_t state = seam_load(&gate->state, relaxed);
  do {
    if (state & GATE_CLOSED) return GATE_INACTIVE;
    if (state & GATE_BUSY) return GATE_TURNED_AWAY;
    /* acquire: pairs with the release of whoever was in before */
  } while (!seam_replace(&gate->state, &state, state | GATE_BUSY, acquire));
  if (gate_take_seat(gate)) return GATE_ENTERED;
  gate_answer_knock(gate, seam_and(&gate->state, ~(uint32_t)(GATE_BUSY | GATE_KNOCK), relaxed)); /* it did nothing */
  return GATE_TURNED_AWAY;
}

static inline gate_answer gate_enter(omni_gate *gate) {
  uint32_t seat = seam_load(&gate->seat, relaxed);
  if (seat == SEAM_SEATS || seam_load(&gate->sitter[seat], relaxed) != seam_self()) return gate_enter_anew(gate);
  if (seam_load(&gate->inside[seat], relaxed)) return GATE_TURNED_AWAY; /* from a handler of a signal */
  seam_store(&gate->inside[seat], 1, relaxed);
  seam_fence_light(); /* pairs with the heavy ones in gate_take_seat and gate_wait */
  uint32_t state = seam_load(&gate->state, acquire); /* pairs with who took the seat and is gone again */
  if (!(state & (GATE_BUSY | GATE_CLOSED)) && seam_load(&gate->seat, relaxed) == seat) return GATE_ENTERED;
  gate_stand_up(gate, seat);
  return gate_enter_anew(gate);
}

/* Counts an entry that expires messages; from inside. */
static inline void gate_count(omni_gate *gate) {
  seam_store(&gate->entries, seam_load(&gate->entries, relaxed) + 1, relaxed);
  seam_fence_light(); /* pairs with the heavy one in gate_order: the pin is seen, or sees this */
}

/* How many counted entries there have been. */
static inline uint64_t gate_entries(const omni_gate *gate) { return seam_load(&gate->entries, relaxed); }

/* Between a store and a look at the entries: who counts an entry meanwhile sees the store, or is seen. */
static inline void gate_order(const omni_gate *gate) {
  uint32_t seat = seam_load(&gate->seat, relaxed);
  if (seat < SEAM_SEATS && seam_load(&gate->sitter[seat], relaxed) == seam_self()) {
    seam_fence_light(); /* only this thread counts, unless the seat has been taken */
    if (seam_load(&gate->seat, relaxed) == seat) return;
  }
  seam_fence_heavy();
}

/* Returns at a moment at which nobody is inside; whoever enters later sees all that came before this call.
 * Several may wait at once (a close and a shutdown), so a waiter must write nothing that another one looks at. */
static inline void gate_wait(omni_gate *gate) {
  for (;;) {
    uint32_t left = seam_load(&gate->left.value, relaxed); /* before the knock, by its release */
    /* release: pairs with gate_enter_anew of who comes next */
    uint32_t state = seam_or(&gate->state, GATE_KNOCK, release);
    seam_fence_heavy(); /* pairs with the light ones in gate_enter and gate_stand_up, and acquires what who left did */
    uint32_t seat = seam_load(&gate->seat, relaxed);
    if (!(state & GATE_BUSY) && (seat == SEAM_SEATS || !seam_load(&gate->inside[seat], acquire))) return;
    while (seam_load(&gate->left.value, relaxed) == left) seam_sleep(&gate->left, left, SEAM_NEVER);
  }
}

/* Whether this call closed it; who is inside stays inside. */
static inline bool gate_close(omni_gate *gate) {
  return !(seam_or(&gate->state, GATE_CLOSED, relaxed) & GATE_CLOSED); /* gate_wait comes after, and orders */
}

static inline bool gate_is_closed(const omni_gate *gate) {
  return seam_load(&gate->state, relaxed) & GATE_CLOSED; /* a hint; gate_enter is what decides */
}

#endif
