/* Compiling a binary schema. Each step checks what it reads, and says what is wrong with it. */
#ifndef OMNI_VERIFIER_LOAD_H
#define OMNI_VERIFIER_LOAD_H

#include "reading.h"

typedef struct {
  omni_schema *schema;
  place objects, enums; /* vectors */
  uint8_t *depths;      /* of the structs, by number */
  place *ordered;       /* the fields of a table, by number */
  char *why;
  size_t why_size;
} loading;

/* More than any real schema has; without an end to each, a small schema could take for ever to load. */
enum { DEEPEST_STRUCT = 64, LONGEST_NAME = 1000, MOST_NAMESPACES = 64 };

/* Write what is wrong with `owner`, or with its field or value `part` (NULL for none); always false. */
bool refuse(loading *loading, name_type owner, place part, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Sizes and alignments of all structs, then what is in them. */
bool load_structs(loading *loading);

/* The members of a union, appended at `*members`. */
bool load_union(loading *loading, uint32_t number, member_type **members);

/* The slots of a table, appended at `*slots`; after the structs and the unions. */
bool load_table(loading *loading, uint32_t number, slot_type **slots);

/* Whether a type's index names an object; and a struct, or a table. */
static inline const object_type *object_at(const loading *loading, int32_t index) {
  if (index < 0 || (uint32_t)index >= loading->schema->object_count) return NULL;
  return &loading->schema->objects[index];
}

#endif
