/* Queries to a loaded schema. */
#include <stdlib.h>

#include "compiled.h"

void omni_schema_free(omni_schema *schema) {
  if (!schema) return;
  free(schema->objects);
  free(schema->unions);
  free(schema->slots);
  free(schema->members);
  free(schema->copy);
  free(schema);
}

uint32_t omni_schema_objects(const omni_schema *schema) { return schema->object_count; }

int omni_schema_is_table(const omni_schema *schema, uint32_t object) { return !schema->objects[object].is_struct; }

const char *omni_schema_name(const omni_schema *schema, uint32_t object, size_t *length) {
  *length = schema->objects[object].name.length;
  return schema->objects[object].name.characters;
}

int64_t omni_schema_find(const omni_schema *schema, const char *name, size_t length) {
  if (length > UINT32_MAX) return -1;
  name_type wanted = {name, (uint32_t)length};
  uint32_t low = 0, high = schema->object_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = compare_names(schema->objects[middle].name, wanted);
    if (order == 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1;
}

int64_t omni_schema_root(const omni_schema *schema) { return schema->root; }

const char *omni_schema_file_identifier(const omni_schema *schema) { return schema->identifier; }

static bool same_name(const omni_schema *one, uint32_t object, const omni_schema *other, uint32_t its_object) {
  return compare_names(one->objects[object].name, other->objects[its_object].name) == 0;
}

static bool same_union(const omni_schema *one, uint32_t number, const omni_schema *other, uint32_t its_number) {
  const union_type *a = &one->unions[number], *b = &other->unions[its_number];
  if (compare_names(a->name, b->name) != 0 || a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    member_type x = a->members[i], y = b->members[i];
    if (x.kind != y.kind || x.value != y.value || x.align != y.align) return false;
    if (x.kind == TABLE ? !same_name(one, x.size, other, y.size) : x.size != y.size) return false;
  }
  return true;
}

static bool same_slot(const omni_schema *one, slot_type a, const omni_schema *other, slot_type b) {
  if (a.kind != b.kind || a.required != b.required || a.align != b.align) return false;
  switch (a.kind) {
    case TABLE:
    case VECTOR_OF_TABLES:
    case NESTED:
      return same_name(one, a.size, other, b.size);
    case UNION:
    case VECTOR_OF_UNIONS:
      return same_union(one, a.size, other, b.size);
    default:
      return a.size == b.size;
  }
}

int omni_schema_same(const omni_schema *one, uint32_t object, const omni_schema *other, uint32_t its_object) {
  const object_type *a = &one->objects[object], *b = &other->objects[its_object];
  if (!same_name(one, object, other, its_object) || a->is_struct != b->is_struct || a->size != b->size ||
      a->align != b->align || a->slot_count != b->slot_count)
    return 0;
  for (uint32_t i = 0; i < a->slot_count; i++)
    if (!same_slot(one, a->slots[i], other, b->slots[i])) return 0;
  return 1;
}
