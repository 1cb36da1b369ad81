/* Compiling a binary schema. Each step checks what it reads and reports the first fault. */
#ifndef OMNI_VERIFIER_LOAD_H
#define OMNI_VERIFIER_LOAD_H

#include "compiled.h"

/* Slots, in the order of reflection.c. */
enum { TYPE_BASE, TYPE_ELEMENT, TYPE_INDEX, TYPE_LENGTH };
enum { KEY_VALUE_KEY, KEY_VALUE_VALUE };
enum { ENUM_VALUE_NAME, ENUM_VALUE_VALUE, ENUM_VALUE_TYPE = 3 };
enum { ENUM_NAME, ENUM_VALUES, ENUM_IS_UNION, ENUM_UNDERLYING };
enum { FIELD_NAME, FIELD_TYPE, FIELD_ID, FIELD_OFFSET };
enum { FIELD_DEPRECATED = 6, FIELD_REQUIRED, FIELD_ATTRIBUTES = 9, FIELD_OFFSET64 = 13 };
enum { OBJECT_NAME, OBJECT_FIELDS, OBJECT_IS_STRUCT, OBJECT_ALIGN, OBJECT_SIZE };
enum { SCHEMA_OBJECTS, SCHEMA_ENUMS, SCHEMA_IDENTIFIER, SCHEMA_ROOT = 4 };

/* reflection.BaseType */
enum base {
  BASE_NONE,
  BASE_UTYPE,
  BASE_BOOL,
  BASE_BYTE,
  BASE_UBYTE,
  BASE_SHORT,
  BASE_USHORT,
  BASE_INT,
  BASE_UINT,
  BASE_LONG,
  BASE_ULONG,
  BASE_FLOAT,
  BASE_DOUBLE,
  BASE_STRING,
  BASE_VECTOR,
  BASE_OBJECT,
  BASE_UNION,
  BASE_ARRAY
};

/* The size of a scalar; 0 for any other type. */
static inline uint32_t base_size(uint8_t base) {
  static const uint8_t sizes[] = {0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return base < sizeof sizes ? sizes[base] : 0;
}

typedef struct {
  omni_schema *schema;
  place objects, enums; /* vectors */
  uint8_t *depths;      /* of the structs, by number */
  place *ordered;       /* the fields of a table, by number */
  char *why;
  size_t why_size;
} loading;

/* More than any real schema has. Without them the time to load a small schema would be unbounded. */
enum { DEEPEST_STRUCT = 64, LONGEST_NAME = 1000, MOST_NAMESPACES = 64 };

/* Report a fault of `owner`, or of its field or value `part` (NULL for none). Always false. */
bool refuse(loading *loading, name_type owner, place part, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* All structs: sizes and alignments first, then fields. */
bool load_structs(loading *loading);

/* A union; its members are appended at `*members`. */
bool load_union(loading *loading, uint32_t number, member_type **members);

/* A table; its slots are appended at `*slots`. Structs and unions must have been loaded. */
bool load_table(loading *loading, uint32_t number, slot_type **slots);

/* The struct or table of that index, or NULL. */
static inline const object_type *object_at(const loading *loading, int32_t index) {
  if (index < 0 || (uint32_t)index >= loading->schema->object_count) return NULL;
  return &loading->schema->objects[index];
}

#endif
