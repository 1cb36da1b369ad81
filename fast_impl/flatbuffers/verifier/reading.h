/* Reading a binary schema that has been verified: no bounds are left to check. */
#ifndef OMNI_VERIFIER_READING_H
#define OMNI_VERIFIER_READING_H

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

/* Of a scalar; 0 for anything else. */
static inline uint32_t base_size(uint8_t base) {
  static const uint8_t sizes[] = {0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return base < sizeof sizes ? sizes[base] : 0;
}

typedef const uint8_t *place; /* of a table, a vector or a string; NULL where there is none */

static inline place slot_of(place table, uint32_t slot) {
  place vtable = table - (int32_t)load32(table);
  uint32_t at = 4 + 2 * slot;
  uint32_t offset = at < load16(vtable) ? load16(vtable + at) : 0;
  return offset ? table + offset : NULL;
}

static inline uint8_t read8(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? *at : 0;
}

static inline uint16_t read16(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? load16(at) : 0;
}

static inline int32_t read32(place table, uint32_t slot, int32_t otherwise) {
  place at = slot_of(table, slot);
  return at ? (int32_t)load32(at) : otherwise;
}

static inline int64_t read64(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? (int64_t)load64(at) : 0;
}

static inline place read_target(place table, uint32_t slot) {
  place at = slot_of(table, slot);
  return at ? at + load32(at) : NULL;
}

static inline uint32_t count_of(place vector) { return vector ? load32(vector) : 0; }

static inline place element_of(place vector, uint32_t index) {
  place at = vector + OFFSET + (size_t)index * OFFSET;
  return at + load32(at);
}

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

#endif
