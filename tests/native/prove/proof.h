/* What the proofs share. A value of `nondet_*` is every value of its type, to CBMC. */
#ifndef OMNI_TESTS_PROOF_H
#define OMNI_TESTS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "channel.h"

uint64_t nondet_u64(void);
int64_t nondet_i64(void);
bool nondet_bool(void);

#define ASSUME(what) __CPROVER_assume(what)
#define CLAIM(what) __CPROVER_assert(what, "claim: " #what)
/* Must be reachable, or the proof is vacuous. */
#define REACHED(what) __CPROVER_assert(false, "reached: " what)

/* What the registry hands to channel_new: proved with REQUESTS in shapes.c, assumed elsewhere. */
static inline bool valid_shape(uint64_t capacity, uint64_t max_message_size) {
  return capacity >= 8 && capacity <= 524288 && (capacity & (capacity - 1)) == 0 && max_message_size >= 64 &&
         max_message_size <= 16777216;
}

#endif
