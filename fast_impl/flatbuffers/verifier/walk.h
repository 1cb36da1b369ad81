/* Where a verification is: the tables from the root down to the one being looked at.
 *
 * Kept here and not on C's stack, so that `max_depth` may be any number. The order in which things are looked at is
 * no part of the verdict, which is true when nothing at all is wrong. */
#ifndef OMNI_VERIFIER_WALK_H
#define OMNI_VERIFIER_WALK_H

#include "compiled.h"

typedef struct {
  const object_type *type;
  span buffer;                   /* that the table lies in: the message, or one nested in it */
  uint32_t table, vtable;        /* where they begin */
  uint32_t present;              /* slots of the vtable */
  uint32_t slot;                 /* to be looked at next */
  uint32_t left, element, kinds; /* of a vector in the slot before: how many to go, the next one, its union type */
} level;

typedef struct {
  const omni_schema *schema;
  level *levels;
  uint32_t depth, max_depth;
  uint32_t tables;   /* that may still be entered */
  uint64_t elements; /* of vectors of strings and of unions, that may still be looked at */
} walk;

typedef enum { MALFORMED, FINISHED, DEEPER } progress;

/* Begin with a table; false where it is none, or one too many. */
bool enter_table(walk *walk, span buffer, uint64_t at, uint32_t object);

/* Begin with the root of a buffer; `start`: where its root offset is. */
bool enter_root(walk *walk, span buffer, uint64_t start, uint32_t object);

/* From the next slot on, up to the first thing that is a table itself: that is entered, and looked at first. */
progress look_at_table(walk *walk, level *here);

/* Likewise the rest of the vector that the slot before the next one leads to. */
progress look_at_elements(walk *walk, level *here);

/* What a union holds: DEEPER where that is a table. */
progress look_at_member(walk *walk, const span *buffer, uint64_t at, const member_type *member);

/* How far a slot lies from the start of the table; 0 where it is absent. */
static inline uint32_t slot_offset(const level *here, uint32_t slot) {
  if (slot >= here->present) return 0;
  return load16(here->buffer.start + here->vtable + 4 + 2 * (uint64_t)slot);
}

/* Many tables may share one vector, so their number alone does not bound the work. */
static inline bool spend(walk *walk, uint64_t elements) {
  if (elements > walk->elements) return false;
  walk->elements -= elements;
  return true;
}

#endif
