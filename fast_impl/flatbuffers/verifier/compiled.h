/* A schema as the verifier walks it: what each slot of a table's vtable holds, by number. */
#ifndef OMNI_VERIFIER_COMPILED_H
#define OMNI_VERIFIER_COMPILED_H

#include "bytes.h"
#include "omni_flatbuffers.h"

enum kind {
  IGNORED, /* deprecated: nobody reads it */
  INLINE,  /* a scalar or a struct, in the table itself */
  STRING,
  VECTOR, /* of scalars or structs */
  VECTOR_OF_STRINGS,
  VECTOR_OF_TABLES,
  VECTOR_OF_UNIONS, /* their types are a vector in the slot before */
  TABLE,
  UNION, /* its type is in the slot before */
  NESTED /* a vector of bytes that is a buffer of its own */
};

/* A slot of a table. */
typedef struct {
  uint8_t kind;
  uint8_t required;
  uint16_t align; /* INLINE */
  uint32_t size;  /* INLINE: its own, VECTOR: an element's; of any other kind the number of the table or the union */
} slot_type;

/* What a union may hold. */
typedef struct {
  uint8_t kind; /* IGNORED for NONE, or STRING, INLINE (a struct), TABLE */
  uint8_t value;
  uint16_t align;
  uint32_t size;
} member_type;

typedef struct {
  const char *characters;
  uint32_t length;
} name_type;

/* A table or a struct. */
typedef struct {
  name_type name;
  const slot_type *slots;
  uint32_t slot_count;
  uint32_t required_slots; /* how many slots a vtable has at least, to hold all that is required */
  uint32_t size, align;    /* of a struct */
  bool is_struct;
} object_type;

/* Of an enum that is no union: no members. */
typedef struct {
  name_type name;
  const member_type *members; /* by value, ascending */
  uint32_t count;
} union_type;

struct omni_schema {
  object_type *objects;
  union_type *unions;
  uint32_t object_count, union_count;
  int64_t root;
  const char *identifier;
  /* What the above points into. */
  slot_type *slots;
  member_type *members;
  uint8_t *copy;
};

/* The schema of binary schemas, and its root. */
extern const omni_schema reflection;
enum { REFLECTION_SCHEMA = 8 };

/* NULL where the union has no such value. Mostly its values are 0, 1, 2 and so on. */
static inline const member_type *member_of(const union_type *type, uint8_t value) {
  if (value < type->count && type->members[value].value == value) return &type->members[value];
  uint32_t low = 0, high = type->count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (type->members[middle].value == value) return &type->members[middle];
    if (type->members[middle].value < value) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

#endif
