/* The C ABI of the verifier of FlatBuffers against a binary schema.
 *
 * There is no global state. A loaded schema is read-only, so any number of threads may verify with it concurrently. No
 * function reads outside the bytes it is given, whatever they are [FLB-4]. */
#ifndef OMNI_FLATBUFFERS_H
#define OMNI_FLATBUFFERS_H

#include <stddef.h>
#include <stdint.h>

/* declarations begin */

typedef struct omni_schema omni_schema;

enum {
  OMNI_SCHEMA_LOADED = 0,
  OMNI_SCHEMA_REFUSED = 1, /* not a binary schema, or a malformed one */
  OMNI_SCHEMA_NO_MEMORY = 2
};

/* Check a binary schema (`flatc --schema -b`) and compile it. The bytes are copied. The reason for
 * OMNI_SCHEMA_REFUSED is written to `why`, truncated to `why_size` bytes including the terminator. */
int omni_schema_load(const uint8_t *data, size_t size, omni_schema **schema, char *why, size_t why_size);
void omni_schema_free(omni_schema *schema);

/* Objects are its tables and its structs, sorted by name. */
uint32_t omni_schema_objects(const omni_schema *schema);
int omni_schema_is_table(const omni_schema *schema, uint32_t object);
/* Not terminated; valid as long as the schema. */
const char *omni_schema_name(const omni_schema *schema, uint32_t object, size_t *length);
/* The object of a full name, or -1. */
int64_t omni_schema_find(const omni_schema *schema, const char *name, size_t length);
/* The root table, or -1. */
int64_t omni_schema_root(const omni_schema *schema);
/* Four bytes, or NULL. */
const char *omni_schema_file_identifier(const omni_schema *schema);
/* Whether two objects are the same to a verifier: name, fields, and the names of what those refer to. */
int omni_schema_same(const omni_schema *one, uint32_t object, const omni_schema *other, uint32_t its_object);

enum { OMNI_VERIFY_FALSE = 0, OMNI_VERIFY_TRUE = 1, OMNI_VERIFY_NO_MEMORY = 2 };

/* The upper bound of `max_depth`: every level takes memory. */
enum { OMNI_VERIFY_DEEPEST = 10000 };

/* Whether `data` is a well-formed buffer whose root is `table` [FLB-4].
 * identifier: the four bytes that must follow the root offset, or NULL.
 * size_prefixed: whether four bytes with the size of the rest come first.
 * max_depth: nesting depth of tables, the root being level 1; values above OMNI_VERIFY_DEEPEST are clamped.
 * max_tables: number of tables, counted once per reference. Both limits include nested buffers.
 * Time: O(size + max_tables). */
int omni_verify(const omni_schema *schema, uint32_t table, const uint8_t *data, size_t size, const char *identifier,
                int size_prefixed, uint32_t max_depth, uint32_t max_tables);

/* declarations end */

#endif
