/* The target of libFuzzer: the input is a buffer of a known schema, or a schema and a buffer of it.
 *
 * A first byte below SCHEMAS is the index of a schema of the environment variable FUZZ_SCHEMAS, a list of paths
 * separated by colons; the next byte is 1 for a size prefix. After any other first byte come the size of a schema in
 * three bytes, the schema, and the buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiled.h"

enum { SCHEMAS = 5, DEPTH = 32, TABLES = 1000, LARGEST_FILE = 1 << 20 };

static omni_schema *known[SCHEMAS];

static void demand(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

/* In memory of exactly its size, so that the address sanitizer reports a read beyond it. */
static uint8_t *copy_of(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  demand(copy != NULL, "no memory");
  if (size) memcpy(copy, data, size);
  return copy;
}

/* A reader without checks: it must not fail under the address sanitizer on any buffer that verifies. */
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

/* Reads every byte that a reader of this table may; a checksum, so that no read is optimised away. */
static uint64_t read_all(const omni_schema *schema, uint32_t table, const uint8_t *data, int size_prefixed) {
  reading reading = {schema, 0};
  data += size_prefixed ? OFFSET : 0;
  read_table(&reading, data + load32(data), table);
  return reading.sum;
}

static void verify(const omni_schema *schema, uint32_t table, const uint8_t *data, size_t size, int size_prefixed) {
  uint8_t *copy = copy_of(data, size);
  int verdict = omni_verify(schema, table, copy, size, NULL, size_prefixed, DEPTH, TABLES);
  demand(verdict == omni_verify(schema, table, copy, size, NULL, size_prefixed, DEPTH, TABLES), "two verdicts");
  if (verdict == OMNI_VERIFY_TRUE) {
    volatile uint64_t sum = read_all(schema, table, copy, size_prefixed);
    (void)sum;
    demand(omni_verify(schema, table, copy, size, NULL, size_prefixed, 100, TABLES), "false with a higher limit");
  }
  free(copy);
}

static void load(const uint8_t *data, size_t size, const uint8_t *buffer, size_t buffer_size) {
  uint8_t *copy = copy_of(data, size);
  char why[64];
  omni_schema *schema;
  int result = omni_schema_load(copy, size, &schema, why, sizeof why);
  free(copy);
  demand((result == OMNI_SCHEMA_LOADED) == (schema != NULL), "a schema without one");
  if (result == OMNI_SCHEMA_REFUSED) demand(strlen(why) > 0, "refused without a reason");
  if (!schema) return;
  for (uint32_t i = 0; i < omni_schema_objects(schema); i++) {
    size_t length;
    const char *name = omni_schema_name(schema, i, &length);
    demand(omni_schema_find(schema, name, length) == i, "an object that its name does not find");
    demand(omni_schema_same(schema, i, schema, i), "an object unlike itself");
    if (omni_schema_is_table(schema, i) && i < 8) verify(schema, i, buffer, buffer_size, 0);
  }
  if (omni_schema_root(schema) >= 0) verify(schema, (uint32_t)omni_schema_root(schema), buffer, buffer_size, 0);
  omni_schema_free(schema);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
  (void)count, (void)arguments;
  char *paths = getenv("FUZZ_SCHEMAS");
  demand(paths != NULL, "FUZZ_SCHEMAS is not set");
  for (int i = 0; i < SCHEMAS; i++) {
    char *path = strtok(i ? NULL : paths, ":");
    FILE *file = path ? fopen(path, "rb") : NULL;
    demand(file != NULL, "a schema that cannot be read");
    static uint8_t bytes[LARGEST_FILE];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    char why[256];
    demand(omni_schema_load(bytes, size, &known[i], why, sizeof why) == OMNI_SCHEMA_LOADED, why);
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 4) return 0;
  if (data[0] < SCHEMAS) {
    verify(known[data[0]], (uint32_t)omni_schema_root(known[data[0]]), data + 2, size - 2, data[1] == 1);
    return 0;
  }
  size_t schema = (size_t)(data[1] | data[2] << 8 | data[3] << 16);
  if (schema > size - 4) schema = size - 4;
  load(data + 4, schema, data + 4 + schema, size - 4 - schema);
  return 0;
}
