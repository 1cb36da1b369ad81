/* Loading a binary schema: verified as a buffer, then checked for consistency, then compiled. */
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEEPEST_SCHEMA = 64, MOST_TABLES = 1000000, LONGEST_NAME_SHOWN = 200 };

static int shown_length(name_type name) {
  return (int)(name.length < LONGEST_NAME_SHOWN ? name.length : LONGEST_NAME_SHOWN);
}

bool refuse(loading *loading, name_type owner, place part, const char *format, ...) {
  name_type name = part ? read_name(part, FIELD_NAME) : (name_type){"", 0};
  int length = snprintf(loading->why, loading->why_size, "%.*s%s%.*s%s", shown_length(owner), owner.characters,
                        part ? "." : "", shown_length(name), name.characters, owner.length ? ": " : "");
  if (length < 0 || (size_t)length >= loading->why_size) return false;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(loading->why + length, loading->why_size - (size_t)length, format, arguments);
  va_end(arguments);
  return false;
}

#define REFUSE_SCHEMA(loading, ...) refuse(loading, (name_type){"", 0}, NULL, __VA_ARGS__)

/* Letters, digits, underscores, and the dots between namespaces. */
static bool is_name(name_type name) {
  for (uint32_t i = 0; i < name.length; i++) {
    char c = name.characters[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
      return false;
  }
  return true;
}

/* `before`: the previous name, or NULL. Names ascend. */
static bool load_name(loading *loading, place owner, const name_type *before, name_type *name) {
  *name = read_name(owner, OBJECT_NAME);
  if (name->length == 0 || name->length > LONGEST_NAME)
    return refuse(loading, *name, NULL, "a name of %u bytes, not of 1 to %d", name->length, LONGEST_NAME);
  if (!is_name(*name)) return refuse(loading, *name, NULL, "a name of other than letters, digits, '_' and '.'");
  if (before && compare_names(*before, *name) >= 0)
    return refuse(loading, *name, NULL, "out of order, or defined twice");
  return true;
}

static bool load_names(loading *loading) {
  object_type *objects = loading->schema->objects;
  for (uint32_t i = 0; i < loading->schema->object_count; i++)
    if (!load_name(loading, element_of(loading->objects, i), i ? &objects[i - 1].name : NULL, &objects[i].name))
      return false;
  union_type *unions = loading->schema->unions;
  for (uint32_t i = 0; i < loading->schema->union_count; i++)
    if (!load_name(loading, element_of(loading->enums, i), i ? &unions[i - 1].name : NULL, &unions[i].name))
      return false;
  return true;
}

static bool load_root(loading *loading, place root, place identifier) {
  omni_schema *schema = loading->schema;
  schema->root = -1;
  if (root) {
    name_type name = read_name(root, OBJECT_NAME);
    schema->root = omni_schema_find(schema, name.characters, name.length);
    if (schema->root < 0 || schema->objects[schema->root].is_struct)
      return refuse(loading, name, NULL, "the root type is not one of the tables");
  }
  if (count_of(identifier)) {
    if (count_of(identifier) != 4)
      return REFUSE_SCHEMA(loading, "the file identifier has %u bytes, not 4", count_of(identifier));
    schema->identifier = (const char *)identifier + OFFSET;
  }
  return true;
}

static bool load_all(loading *loading, place root) {
  slot_type *slots = loading->schema->slots;
  member_type *members = loading->schema->members;
  if (!load_names(loading) || !load_structs(loading)) return false;
  for (uint32_t i = 0; i < loading->schema->union_count; i++)
    if (!load_union(loading, i, &members)) return false;
  for (uint32_t i = 0; i < loading->schema->object_count; i++)
    if (!loading->schema->objects[i].is_struct && !load_table(loading, i, &slots)) return false;
  return load_root(loading, read_target(root, SCHEMA_ROOT), read_target(root, SCHEMA_IDENTIFIER));
}

/* The total length of the vectors in `slot` of these tables; it is bounded by what was verified. */
static size_t counted(place tables, uint32_t slot) {
  size_t count = 0;
  for (uint32_t i = 0; i < count_of(tables); i++) count += count_of(read_target(element_of(tables, i), slot));
  return count;
}

/* One more than `count`, since calloc(0) may return NULL. */
static void *several(size_t count, size_t size) { return calloc(count + 1, size); }

/* Allocates what the schema is compiled into; false without memory. */
static bool make_room(loading *loading) {
  omni_schema *schema = loading->schema;
  schema->object_count = count_of(loading->objects);
  schema->union_count = count_of(loading->enums);
  size_t fields = counted(loading->objects, OBJECT_FIELDS);
  schema->objects = several(schema->object_count, sizeof *schema->objects);
  schema->unions = several(schema->union_count, sizeof *schema->unions);
  schema->slots = several(fields, sizeof *schema->slots);
  schema->members = several(counted(loading->enums, ENUM_VALUES), sizeof *schema->members);
  loading->depths = several(schema->object_count, sizeof *loading->depths);
  loading->ordered = several(fields, sizeof *loading->ordered);
  return schema->objects && schema->unions && schema->slots && schema->members && loading->depths && loading->ordered;
}

int omni_schema_load(const uint8_t *data, size_t size, omni_schema **loaded, char *why, size_t why_size) {
  loading loading = {.why = why, .why_size = why_size};
  int result = OMNI_SCHEMA_NO_MEMORY;
  *loaded = NULL;
  if (size < SMALLEST_BUFFER || size >= LARGEST_BUFFER || memcmp(data + OFFSET, "BFBS", 4) != 0) {
    REFUSE_SCHEMA(&loading, "not a binary schema: it has no identifier BFBS (flatc --schema -b makes one)");
    return OMNI_SCHEMA_REFUSED;
  }
  omni_schema *schema = loading.schema = calloc(1, sizeof *schema);
  if (!schema || !(schema->copy = malloc(size))) goto end;
  memcpy(schema->copy, data, size);
  /* Only the copy is read: the caller's bytes may change. */
  if (!omni_verify(&reflection, REFLECTION_SCHEMA, schema->copy, size, NULL, 0, DEEPEST_SCHEMA, MOST_TABLES)) {
    REFUSE_SCHEMA(&loading, "damaged: offsets or lengths in it lead nowhere");
    result = OMNI_SCHEMA_REFUSED;
    goto end;
  }
  place root = schema->copy + load32(schema->copy);
  loading.objects = read_target(root, SCHEMA_OBJECTS);
  loading.enums = read_target(root, SCHEMA_ENUMS);
  if (!make_room(&loading)) goto end;
  result = load_all(&loading, root) ? OMNI_SCHEMA_LOADED : OMNI_SCHEMA_REFUSED;
end:
  free(loading.depths);
  free(loading.ordered);
  if (result == OMNI_SCHEMA_LOADED) *loaded = schema;
  else omni_schema_free(schema);
  return result;
}
