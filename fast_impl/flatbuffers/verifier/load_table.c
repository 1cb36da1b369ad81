/* Tables: what is in each slot of the vtable. */
#include "load.h"

/* The number of a union, checked; -1 where it is none. */
static int64_t union_at(loading *loading, name_type owner, place field, int32_t index) {
  if (index >= 0 && (uint32_t)index < loading->schema->union_count &&
      read8(element_of(loading->enums, (uint32_t)index), ENUM_IS_UNION))
    return index;
  refuse(loading, owner, field, "index %d is not one of a union", index);
  return -1;
}

static bool load_vector(loading *loading, name_type owner, place field, slot_type *slot) {
  place type = read_target(field, FIELD_TYPE);
  uint8_t element = read8(type, TYPE_ELEMENT);
  int32_t index = read32(type, TYPE_INDEX, -1);
  slot->kind = VECTOR;
  slot->size = base_size(element);
  if (slot->size) return true;
  if (element == BASE_STRING) {
    slot->kind = VECTOR_OF_STRINGS;
    return true;
  }
  if (element == BASE_UNION) {
    slot->kind = VECTOR_OF_UNIONS;
    slot->size = (uint32_t)index;
    return union_at(loading, owner, field, index) >= 0;
  }
  if (element != BASE_OBJECT) return refuse(loading, owner, field, "base type %u cannot be in a vector", element);
  const object_type *object = object_at(loading, index);
  if (!object) return refuse(loading, owner, field, "there is no object %d", index);
  slot->kind = object->is_struct ? VECTOR : VECTOR_OF_TABLES;
  slot->size = object->is_struct ? object->size : (uint32_t)index;
  return true;
}

static bool load_slot(loading *loading, name_type owner, place field, slot_type *slot) {
  place type = read_target(field, FIELD_TYPE);
  uint8_t base = read8(type, TYPE_BASE);
  int32_t index = read32(type, TYPE_INDEX, -1);
  if (read8(field, FIELD_OFFSET64)) return refuse(loading, owner, field, "64-bit offsets are not supported");
  slot->required = read8(field, FIELD_REQUIRED) && !base_size(base);
  switch (base) {
    case BASE_STRING:
      slot->kind = STRING;
      return true;
    case BASE_VECTOR:
      return load_vector(loading, owner, field, slot);
    case BASE_UNION:
      slot->kind = UNION;
      slot->size = (uint32_t)index;
      return union_at(loading, owner, field, index) >= 0;
    case BASE_OBJECT: {
      const object_type *object = object_at(loading, index);
      if (!object) return refuse(loading, owner, field, "there is no object %d", index);
      slot->kind = object->is_struct ? INLINE : TABLE;
      slot->size = object->is_struct ? object->size : (uint32_t)index;
      slot->align = (uint16_t)object->align;
      return true;
    }
    default:
      slot->kind = INLINE;
      slot->size = base_size(base);
      slot->align = (uint16_t)slot->size;
      return slot->size || refuse(loading, owner, field, "base type %u cannot be in a table", base);
  }
}

/* The object called `space` and `name` in one, or -1. */
static int64_t find_in(const omni_schema *schema, name_type space, name_type name) {
  char whole[LONGEST_NAME];
  if ((uint64_t)space.length + name.length > sizeof whole) return -1;
  memcpy(whole, space.characters, space.length);
  memcpy(whole + space.length, name.characters, name.length);
  return omni_schema_find(schema, whole, space.length + name.length);
}

/* A table by its name as it stands in the schema: in full, or as seen from a namespace or from one around that. */
static int64_t table_named(const omni_schema *schema, name_type name, name_type seen_from) {
  int64_t found = omni_schema_find(schema, name.characters, name.length);
  uint32_t spaces = 0;
  for (uint32_t end = seen_from.length; found < 0 && end > 0 && spaces < MOST_NAMESPACES; end--) {
    if (seen_from.characters[end - 1] != '.') continue;
    found = find_in(schema, (name_type){seen_from.characters, end}, name);
    spaces++;
  }
  return found >= 0 && !schema->objects[found].is_struct ? found : -1;
}

static bool load_nested(loading *loading, name_type owner, place field, slot_type *slot) {
  place attributes = read_target(field, FIELD_ATTRIBUTES);
  for (uint32_t i = 0; i < count_of(attributes); i++) {
    place attribute = element_of(attributes, i);
    if (!name_is(read_name(attribute, KEY_VALUE_KEY), "nested_flatbuffer")) continue;
    int64_t table = table_named(loading->schema, read_name(attribute, KEY_VALUE_VALUE), owner);
    uint8_t element = read8(read_target(field, FIELD_TYPE), TYPE_ELEMENT);
    if (slot->kind != VECTOR || element != BASE_UBYTE || table < 0)
      return refuse(loading, owner, field, "nested_flatbuffer is for a vector of bytes, and names a table");
    slot->kind = NESTED;
    slot->size = (uint32_t)table;
  }
  return true;
}

/* The slot before a union's holds its type. */
static bool types_come_first(loading *loading, name_type owner, const place *fields, uint32_t slot, uint8_t base,
                             uint8_t element) {
  place type = read_target(fields[slot], FIELD_TYPE);
  place before = slot ? read_target(fields[slot - 1], FIELD_TYPE) : NULL;
  if (before && read8(before, TYPE_BASE) == base && read8(before, TYPE_ELEMENT) == element &&
      read32(before, TYPE_INDEX, -1) == read32(type, TYPE_INDEX, -1) && !read8(fields[slot - 1], FIELD_DEPRECATED))
    return true;
  return refuse(loading, owner, fields[slot], "the field before it is not this union's type");
}

bool load_table(loading *loading, uint32_t number, slot_type **slots) {
  object_type *type = &loading->schema->objects[number];
  place fields = read_target(element_of(loading->objects, number), OBJECT_FIELDS);
  uint32_t count = count_of(fields);
  place *ordered = loading->ordered;
  memset(ordered, 0, count * sizeof *ordered);
  for (uint32_t i = 0; i < count; i++) {
    place field = element_of(fields, i);
    uint32_t id = read16(field, FIELD_ID);
    if (id >= count || ordered[id] || read16(field, FIELD_OFFSET) != 4 + 2 * id)
      return refuse(loading, type->name, field, "id %u and offset %u are not those of one of %u fields", id,
                    read16(field, FIELD_OFFSET), count);
    ordered[id] = field;
  }
  type->slots = *slots;
  type->slot_count = count;
  *slots += count;
  for (uint32_t i = 0; i < count; i++) {
    slot_type *slot = (slot_type *)&type->slots[i];
    if (!load_slot(loading, type->name, ordered[i], slot)) return false;
    if (!load_nested(loading, type->name, ordered[i], slot)) return false;
    if (read8(ordered[i], FIELD_DEPRECATED)) *slot = (slot_type){.kind = IGNORED};
    if (slot->kind == UNION && !types_come_first(loading, type->name, ordered, i, BASE_UTYPE, BASE_NONE)) return false;
    if (slot->kind == VECTOR_OF_UNIONS && !types_come_first(loading, type->name, ordered, i, BASE_VECTOR, BASE_UTYPE))
      return false;
    if (slot->required) type->required_slots = i + 1;
  }
  return true;
}
