#include "read_all.h"

#include "reading.h"

typedef struct {
  const omni_schema *schema;
  uint64_t sum;
} reading;

static void read_table(reading *reading, place table, uint32_t object);

static void read_bytes(reading *reading, place at, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) reading->sum += at[i];
}

static void read_string(reading *reading, place at) { read_bytes(reading, at, OFFSET + (uint64_t)load32(at) + 1); }

static void read_member(reading *reading, place at, uint32_t number, uint8_t kind) {
  const member_type *member = member_of(&reading->schema->unions[number], kind);
  if (!member) return;
  if (member->kind == STRING) read_string(reading, at);
  if (member->kind == INLINE) read_bytes(reading, at, member->size);
  if (member->kind == TABLE) read_table(reading, at, member->size);
}

static void read_slot(reading *reading, place table, uint32_t number, slot_type type) {
  place target = read_target(table, number);
  switch (type.kind) {
    case STRING:
      read_string(reading, target);
      return;
    case VECTOR:
      read_bytes(reading, target, OFFSET + (uint64_t)count_of(target) * type.size);
      return;
    case TABLE:
      read_table(reading, target, type.size);
      return;
    case UNION:
      read_member(reading, target, type.size, read8(table, number - 1));
      return;
    case NESTED:
      read_table(reading, target + OFFSET + load32(target + OFFSET), type.size);
      return;
    default:
      for (uint32_t i = 0; i < count_of(target); i++) {
        place element = element_of(target, i);
        if (type.kind == VECTOR_OF_STRINGS) read_string(reading, element);
        if (type.kind == VECTOR_OF_TABLES) read_table(reading, element, type.size);
        if (type.kind == VECTOR_OF_UNIONS)
          read_member(reading, element, type.size, read_target(table, number - 1)[OFFSET + i]);
      }
  }
}

static void read_table(reading *reading, place table, uint32_t object) {
  const object_type *type = &reading->schema->objects[object];
  for (uint32_t i = 0; i < type->slot_count; i++) {
    place at = slot_of(table, i);
    if (!at || type->slots[i].kind == IGNORED) continue;
    if (type->slots[i].kind == INLINE) read_bytes(reading, at, type->slots[i].size);
    else read_slot(reading, table, i, type->slots[i]);
  }
}

uint64_t read_all(const omni_schema *schema, uint32_t table, const uint8_t *data, int size_prefixed) {
  reading reading = {schema, 0};
  data += size_prefixed ? OFFSET : 0;
  read_table(&reading, data + load32(data), table);
  return reading.sum;
}
