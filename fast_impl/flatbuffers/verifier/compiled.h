/* A compiled schema: the type of every slot of every table, by number. */
#ifndef OMNI_VERIFIER_COMPILED_H
#define OMNI_VERIFIER_COMPILED_H

#include "bytes.h"
#include "omni_flatbuffers.h"

enum kind {
  IGNORED, /* deprecated */
  INLINE,  /* a scalar or a struct, in the table itself */
  STRING,
  VECTOR, /* of scalars or structs */
  VECTOR_OF_STRINGS,
  VECTOR_OF_TABLES,
  VECTOR_OF_UNIONS, /* the slot before holds the vector of their types */
  TABLE,
  UNION,     /* the slot before holds its type */
  NESTED,    /* a vector of bytes that is a buffer of its own */
  FLEXBUFFER /* a vector of bytes that is a FlexBuffer */
};

/* A slot of a table. */
typedef struct {
  uint8_t kind;
  uint8_t required;
  uint16_t align; /* INLINE */
  uint32_t size;  /* in bytes of an INLINE or of an element of a VECTOR; else the number of the table or union */
} slot_type;

/* A value of a union. */
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

static inline name_type read_name(place table, uint32_t slot) {
  place at = read_target(table, slot);
  return at ? (name_type){(const char *)at + OFFSET, load32(at)} : (name_type){"", 0};
}

static inline int compare_names(name_type one, name_type other) {
  uint32_t shorter = one.length < other.length ? one.length : other.length;
  int order = memcmp(one.characters, other.characters, shorter);
  return order ? order : (one.length > other.length) - (one.length < other.length);
}

static inline bool name_is(name_type name, const char *text) {
  return compare_names(name, (name_type){text, (uint32_t)strlen(text)}) == 0;
}

/* A table or a struct. */
typedef struct {
  name_type name;
  const slot_type *slots;
  uint32_t slot_count;
  uint32_t required_slots; /* least number of slots of a vtable with all required fields */
  uint32_t size, align;    /* structs only */
  bool is_struct;
} object_type;

/* A union, or an enum, which has no members. */
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
  /* Storage for the above. */
  slot_type *slots;
  member_type *members;
  uint8_t *copy;
};

/* The schema of binary schemas, and its root table. */
extern const omni_schema reflection;
enum { REFLECTION_SCHEMA = 8 };

/* `elements`: the budget for elements that are looked at one by one, of which those of this one are taken. */
bool flexbuffer_is_sound(span buffer, uint64_t *elements);

/* NULL if the union has no such value. The first test covers the usual values 0, 1, 2, ... */
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
