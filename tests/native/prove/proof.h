/* What the proofs share. CBMC takes each value of `nondet_*` to be every value of its type. */
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
/* Must be reachable, or the proof is one of nothing. */
#define REACHED(what) __CPROVER_assert(false, "reached: " what)

/* What the registry hands to channel_new: proved in requests.c, assumed in the others. */
static inline bool valid_shape(uint64_t capacity, uint64_t max_message_size) {
  return capacity >= 8 && capacity <= 524288 && (capacity & (capacity - 1)) == 0 && max_message_size >= 64 &&
         max_message_size <= 16777216;
}

#endif
