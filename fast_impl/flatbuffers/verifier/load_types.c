/* The types of a binary schema: structs, then unions, then tables. */
#include "load.h"

enum { WIDEST_ALIGN = 256, INSIDE_ITSELF = 255 };

static bool load_size(loading *loading, uint32_t number) {
  place object = element_of(loading->objects, number);
  object_type *type = &loading->schema->objects[number];
  int32_t size = read32(object, OBJECT_SIZE, 0), align = read32(object, OBJECT_ALIGN, 0);
  if (align < 1 || align > WIDEST_ALIGN || (align & (align - 1)))
    return refuse(loading, type->name, NULL, "alignment %d is not a power of two up to %d", align, WIDEST_ALIGN);
  if (size < 1 || size % align)
    return refuse(loading, type->name, NULL, "size %d is not a positive multiple of the alignment %d", size, align);
  type->size = (uint32_t)size;
  type->align = (uint32_t)align;
  return true;
}

/* Size and alignment of a struct's field; its type in `*inner` if that is a struct. */
static bool load_field(loading *loading, name_type owner, place field, uint64_t *size, uint32_t *align,
                       const object_type **inner) {
  place type = read_target(field, FIELD_TYPE);
  uint8_t base = read8(type, TYPE_BASE);
  uint64_t times = 1;
  if (base == BASE_ARRAY) {
    base = read8(type, TYPE_ELEMENT);
    times = read16(type, TYPE_LENGTH);
    if (!times) return refuse(loading, owner, field, "an array of length 0");
  }
  int32_t index = read32(type, TYPE_INDEX, -1);
  if (base == BASE_OBJECT) {
    *inner = object_at(loading, index);
    if (!*inner || !(*inner)->is_struct) return refuse(loading, owner, field, "index %d is not one of a struct", index);
    *align = (*inner)->align;
    *size = times * (*inner)->size;
    return true;
  }
  *align = base_size(base);
  if (!*align) return refuse(loading, owner, field, "base type %u cannot be in a struct", base);
  *size = times * *align;
  return true;
}

/* `depths`: nesting depth of finished structs; INSIDE_ITSELF for those in progress; 0 for the others.
 * `allowed`: how many more levels. */
static bool load_fields(loading *loading, uint32_t number, uint32_t allowed) {
  object_type *objects = loading->schema->objects, *outer = &objects[number];
  place fields = read_target(element_of(loading->objects, number), OBJECT_FIELDS);
  uint8_t deepest = 0, *depths = loading->depths;
  depths[number] = INSIDE_ITSELF;
  for (uint32_t i = 0; i < count_of(fields); i++) {
    place field = element_of(fields, i);
    const object_type *inner = NULL;
    uint64_t size = 0;
    uint32_t align = 1, offset = read16(field, FIELD_OFFSET);
    if (!load_field(loading, outer->name, field, &size, &align, &inner)) return false;
    if (align > outer->align || offset % align)
      return refuse(loading, outer->name, field, "offset %u is not aligned to %u bytes", offset, align);
    if (offset + size > outer->size)
      return refuse(loading, outer->name, field, "it ends outside the %u bytes of the struct", outer->size);
    if (!inner) continue;
    uint32_t its = (uint32_t)(inner - objects);
    if (depths[its] == INSIDE_ITSELF) return refuse(loading, outer->name, field, "the struct contains itself");
    if (!depths[its] && allowed && !load_fields(loading, its, allowed - 1)) return false;
    if (!depths[its] || depths[its] >= DEEPEST_STRUCT)
      return refuse(loading, outer->name, field, "structs nested more than %d deep", DEEPEST_STRUCT);
    if (depths[its] > deepest) deepest = depths[its];
  }
  depths[number] = deepest + 1;
  return true;
}

bool load_structs(loading *loading) {
  uint32_t count = loading->schema->object_count;
  for (uint32_t i = 0; i < count; i++) {
    loading->schema->objects[i].is_struct = read8(element_of(loading->objects, i), OBJECT_IS_STRUCT);
    if (loading->schema->objects[i].is_struct && !load_size(loading, i)) return false;
  }
  for (uint32_t i = 0; i < count; i++)
    if (loading->schema->objects[i].is_struct && !loading->depths[i] && !load_fields(loading, i, DEEPEST_STRUCT))
      return false;
  return true;
}

static bool load_member(loading *loading, name_type owner, place value, member_type *member) {
  int64_t number = read64(value, ENUM_VALUE_VALUE);
  place type = read_target(value, ENUM_VALUE_TYPE);
  if (number < 0 || number > UINT8_MAX)
    return refuse(loading, owner, value, "value %lld does not fit into a byte", (long long)number);
  if (!type) return refuse(loading, owner, value, "a union's value without a type");
  member->value = (uint8_t)number;
  uint8_t base = read8(type, TYPE_BASE);
  if ((base == BASE_NONE) != (number == 0))
    return refuse(loading, owner, value, "value %lld of base type %u (NONE is 0, and nothing else)", (long long)number,
                  base);
  if (base == BASE_NONE) return true; /* IGNORED */
  if (base == BASE_STRING) {
    member->kind = STRING;
    return true;
  }
  if (base != BASE_OBJECT) return refuse(loading, owner, value, "base type %u cannot be in a union", base);
  int32_t index = read32(type, TYPE_INDEX, -1);
  const object_type *object = object_at(loading, index);
  if (!object) return refuse(loading, owner, value, "there is no object %d", index);
  if (object->is_struct) *member = (member_type){INLINE, member->value, (uint16_t)object->align, object->size};
  else *member = (member_type){TABLE, member->value, 0, (uint32_t)index};
  return true;
}

bool load_union(loading *loading, uint32_t number, member_type **members) {
  place one = element_of(loading->enums, number);
  union_type *type = &loading->schema->unions[number];
  if (!read8(one, ENUM_IS_UNION)) return true;
  uint8_t base = read8(read_target(one, ENUM_UNDERLYING), TYPE_BASE);
  if (base != BASE_UTYPE)
    return refuse(loading, type->name, NULL, "a union with types of base type %u; only bytes are supported", base);
  place values = read_target(one, ENUM_VALUES);
  type->members = *members;
  for (uint32_t i = 0; i < count_of(values); i++) {
    member_type *member = (*members)++;
    if (!load_member(loading, type->name, element_of(values, i), member)) return false;
    if (i && member[-1].value >= member->value)
      return refuse(loading, type->name, element_of(values, i), "out of order, or defined twice");
    type->count++;
  }
  return true;
}

/* The checked number of a union, or -1. */
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
  if (read8(field, FIELD_OFFSET64)) return refuse(loading, owner, field, "a 64-bit offset, which is not supported");
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

/* The object of the name `space` + `name`, or -1. */
static int64_t find_in(const omni_schema *schema, name_type space, name_type name) {
  char whole[LONGEST_NAME];
  if ((uint64_t)space.length + name.length > sizeof whole) return -1;
  memcpy(whole, space.characters, space.length);
  memcpy(whole + space.length, name.characters, name.length);
  return omni_schema_find(schema, whole, space.length + name.length);
}

/* A table by its full name, or by one relative to a namespace or to one that encloses it; -1 for none. */
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
    bool is_flexbuffer = name_is(read_name(attribute, KEY_VALUE_KEY), "flexbuffer");
    if (!is_flexbuffer && !name_is(read_name(attribute, KEY_VALUE_KEY), "nested_flatbuffer")) continue;
    uint8_t element = read8(read_target(field, FIELD_TYPE), TYPE_ELEMENT);
    bool is_of_bytes = slot->kind == VECTOR && element == BASE_UBYTE;
    if (is_flexbuffer) {
      if (!is_of_bytes) return refuse(loading, owner, field, "flexbuffer is for a vector of bytes");
      slot->kind = FLEXBUFFER;
      continue;
    }
    int64_t table = table_named(loading->schema, read_name(attribute, KEY_VALUE_VALUE), owner);
    if (!is_of_bytes || table < 0)
      return refuse(loading, owner, field, "nested_flatbuffer is for a vector of bytes, and names a table");
    slot->kind = NESTED;
    slot->size = (uint32_t)table;
  }
  return true;
}

/* Whether the slot before a union's holds its type. */
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
