/* The schema of binary schemas, reflection.fbs, compiled by hand. Every schema is verified with it before it is loaded.
 *
 * The fields are those of flatc 25; older compilers write fewer. A deprecated slot is IGNORED. */
#include "compiled.h"

enum { TYPE, KEY_VALUE, ENUM_VALUE, ENUM, FIELD, OBJECT, CALL, SERVICE, SCHEMA = REFLECTION_SCHEMA, FILE_NAMES };

#define SCALAR(bytes) {INLINE, 0, bytes, bytes}
#define TEXT {STRING, 0, 0, 0}
#define REQUIRED_TEXT {STRING, 1, 0, 0}
#define TEXTS {VECTOR_OF_STRINGS, 0, 0, 0}
#define ONE(table) {TABLE, 0, 0, table}
#define REQUIRED_ONE(table) {TABLE, 1, 0, table}
#define MANY(table) {VECTOR_OF_TABLES, 0, 0, table}
#define REQUIRED_MANY(table) {VECTOR_OF_TABLES, 1, 0, table}
#define NOTHING {IGNORED, 0, 0, 0}

/* In the order of load.h's slots. */
static const slot_type type[] = {SCALAR(1), SCALAR(1), SCALAR(4), SCALAR(2), SCALAR(4), SCALAR(4)};
static const slot_type key_value[] = {REQUIRED_TEXT, TEXT};
static const slot_type enum_value[] = {REQUIRED_TEXT, SCALAR(8), NOTHING, ONE(TYPE), TEXTS, MANY(KEY_VALUE)};
static const slot_type enumeration[] = {
    REQUIRED_TEXT, REQUIRED_MANY(ENUM_VALUE), SCALAR(1), REQUIRED_ONE(TYPE), MANY(KEY_VALUE), TEXTS, TEXT};
static const slot_type field[] = {REQUIRED_TEXT, REQUIRED_ONE(TYPE), SCALAR(2), SCALAR(2), SCALAR(8),
                                  SCALAR(8),     SCALAR(1),          SCALAR(1), SCALAR(1), MANY(KEY_VALUE),
                                  TEXTS,         SCALAR(1),          SCALAR(2), SCALAR(1)};
static const slot_type object[] = {REQUIRED_TEXT, REQUIRED_MANY(FIELD), SCALAR(1), SCALAR(4),
                                   SCALAR(4),     MANY(KEY_VALUE),      TEXTS,     TEXT};
static const slot_type call[] = {REQUIRED_TEXT, REQUIRED_ONE(OBJECT), REQUIRED_ONE(OBJECT), MANY(KEY_VALUE), TEXTS};
static const slot_type service[] = {REQUIRED_TEXT, MANY(CALL), MANY(KEY_VALUE), TEXTS, TEXT};
static const slot_type schema[] = {REQUIRED_MANY(OBJECT), REQUIRED_MANY(ENUM), TEXT,      TEXT,
                                   ONE(OBJECT),           MANY(SERVICE),       SCALAR(8), MANY(FILE_NAMES)};
static const slot_type file_names[] = {REQUIRED_TEXT, TEXTS};

#define OBJECT_OF(slots, required) {{NULL, 0}, slots, sizeof slots / sizeof *slots, required, 0, 0, false}

static const object_type objects[] = {
    [TYPE] = OBJECT_OF(type, 0),
    [KEY_VALUE] = OBJECT_OF(key_value, 1),
    [ENUM_VALUE] = OBJECT_OF(enum_value, 1),
    [ENUM] = OBJECT_OF(enumeration, 4),
    [FIELD] = OBJECT_OF(field, 2),
    [OBJECT] = OBJECT_OF(object, 2),
    [CALL] = OBJECT_OF(call, 3),
    [SERVICE] = OBJECT_OF(service, 1),
    [SCHEMA] = OBJECT_OF(schema, 2),
    [FILE_NAMES] = OBJECT_OF(file_names, 1),
};

const omni_schema reflection = {
    .objects = (object_type *)objects,
    .object_count = sizeof objects / sizeof *objects,
    .root = SCHEMA,
};
