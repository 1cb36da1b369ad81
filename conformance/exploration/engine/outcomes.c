/* The different outcomes, and the executions met, as hash tables that grow. */
#include <stdlib.h>

#include "run.h"

static wm_outcome_seen *outcomes;
static size_t count, room;
static uint32_t *index_of; /* number + 1, by hash */
static size_t index_room;
static uint64_t *signatures;
static size_t signature_count, signature_room;

void outcomes_start(void) {
  count = signature_count = 0;
  if (index_of) memset(index_of, 0, index_room * sizeof *index_of);
  if (signatures) memset(signatures, 0, signature_room * sizeof *signatures);
}

static void *checked(void *memory) {
  if (!memory) abort();
  return memory;
}

static size_t hash_of(const wm_outcome_seen *o) {
  uint64_t hash = o->length;
  for (uint32_t i = 0; i < o->length; i++) hash = (hash ^ o->values[i]) * 0x9E3779B97F4A7C15u, hash ^= hash >> 31;
  return (size_t)hash;
}

static uint32_t *entry(const wm_outcome_seen *o) {
  size_t at = hash_of(o) % index_room;
  for (; index_of[at]; at = (at + 1) % index_room) {
    const wm_outcome_seen *old = &outcomes[index_of[at] - 1];
    if (old->length == o->length && !memcmp(old->values, o->values, o->length * sizeof *o->values)) break;
  }
  return &index_of[at];
}

bool outcomes_add(const wm_outcome_seen *outcome) {
  if (2 * (count + 1) > index_room) {
    index_room = index_room ? 2 * index_room : 64;
    free(index_of);
    index_of = checked(calloc(index_room, sizeof *index_of));
    for (size_t i = 0; i < count; i++) *entry(&outcomes[i]) = (uint32_t)i + 1;
  }
  uint32_t *at = entry(outcome);
  if (!*at) {
    if (count == room) outcomes = checked(realloc(outcomes, (room = room ? 2 * room : 64) * sizeof *outcomes));
    outcomes[count] = *outcome;
    outcomes[count].count = 0;
    outcomes[count].allowed =
        !run.options->allowed || run.options->allowed(run.client->context, outcome->values, outcome->length);
    *at = (uint32_t)++count;
    run.report->outcomes = count;
  }
  outcomes[*at - 1].count++;
  return outcomes[*at - 1].allowed;
}

bool wm_outcome_at(uint64_t number, wm_outcome_seen *outcome) {
  if (number >= count) return false;
  *outcome = outcomes[number];
  return true;
}

static uint64_t *slot(uint64_t signature) {
  size_t at = signature % signature_room;
  while (signatures[at] && signatures[at] != signature) at = (at + 1) % signature_room;
  return &signatures[at];
}

bool signatures_add(uint64_t signature) {
  signature += !signature;
  if (2 * (signature_count + 1) > signature_room) {
    uint64_t *old = signatures;
    size_t old_room = signature_room;
    signature_room = old_room ? 2 * old_room : 1024;
    signatures = checked(calloc(signature_room, sizeof *signatures));
    for (size_t i = 0; i < old_room; i++)
      if (old[i]) *slot(old[i]) = old[i];
    free(old);
  }
  uint64_t *at = slot(signature);
  if (*at) return false;
  *at = signature;
  signature_count++;
  return true;
}
