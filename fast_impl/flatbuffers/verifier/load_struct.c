/* Structs: of fixed size, made of scalars, of other structs, and of arrays of either. */
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

/* Size and alignment of a field; what it is made of in `*inner`, if that is a struct. */
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

/* `depths`: of structs that are known to end; INSIDE_ITSELF of those being looked at; 0 of the others.
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
