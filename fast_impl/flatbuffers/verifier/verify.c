/* Verifying a buffer: its size, its identifier, and every table from its root down.
 *
 * The path from the root to the table being checked is an array and not on C's stack, so that `max_depth` may be any
 * number. The order of the checks does not affect the verdict: the buffer is well-formed if every check passes. */
#include <stdlib.h>

#include "compiled.h"

enum { USUAL_DEPTH = 64 };

typedef struct {
  const object_type *type;
  span buffer;                   /* the one the table lies in: the message, or a buffer nested in it */
  uint32_t table, vtable;        /* positions in the buffer */
  uint32_t present;              /* number of slots in the vtable */
  uint32_t slot;                 /* the next one to check */
  uint32_t left, element, kinds; /* the vector of the previous slot: elements left, the next one, its union type */
} level;

typedef struct {
  const omni_schema *schema;
  level *levels;
  uint32_t depth, max_depth;
  uint32_t tables;   /* budget left */
  uint64_t elements; /* budget left for elements of vectors of strings and of unions, and in FlexBuffers */
} walk;

/* DEEPER: a table was entered and has to be checked before the rest of this one. */
typedef enum { MALFORMED, FINISHED, DEEPER } progress;

/* The offset of a field from the start of the table; 0 for an absent one. */
static uint32_t slot_offset(const level *here, uint32_t slot) {
  if (slot >= here->present) return 0;
  return load16(here->buffer.start + here->vtable + 4 + 2 * (uint64_t)slot);
}

/* Many tables may share one vector, so the limit on tables alone does not bound the work. */
static bool spend(walk *walk, uint64_t elements) {
  if (elements > walk->elements) return false;
  walk->elements -= elements;
  return true;
}

/* Push a table; false for an invalid vtable, and beyond the limits. */
static bool enter_table(walk *walk, span buffer, uint64_t at, uint32_t object) {
  if (!holds(&buffer, at, OFFSET, OFFSET)) return false;
  int64_t vtable = (int64_t)at - (int32_t)load32(buffer.start + at);
  if (vtable < 0 || !holds(&buffer, (uint64_t)vtable, 2, 2)) return false;
  uint32_t size = load16(buffer.start + vtable);
  if (size % 2 || !inside(&buffer, (uint64_t)vtable, size)) return false;

  const object_type *type = &walk->schema->objects[object];
  uint32_t present = size < 4 ? 0 : size / 2 - 2; /* the vtable begins with its own size and the table's */
  if (present < type->required_slots) return false;
  if (walk->depth >= walk->max_depth || walk->tables == 0) return false;
  walk->tables--;
  level *here = &walk->levels[walk->depth++];
  here->type = type;
  here->buffer = buffer;
  here->table = (uint32_t)at;
  here->vtable = (uint32_t)vtable;
  here->present = present;
  here->slot = here->left = 0;
  return true;
}

/* Push the root table of a buffer; `start`: the position of its root offset. */
static bool enter_root(walk *walk, span buffer, uint64_t start, uint32_t object) {
  if (buffer.size < SMALLEST_BUFFER) return false;
  uint64_t table = follow(&buffer, start);
  return table && enter_table(walk, buffer, table, object);
}

/* What a union holds. */
static progress check_member(walk *walk, const span *buffer, uint64_t at, const member_type *member) {
  if (!member) return FINISHED; /* from a newer schema: readers of this one ignore it */
  switch (member->kind) {
    case STRING:
      return string_is_sound(buffer, at) ? FINISHED : MALFORMED;
    case INLINE:
      return holds(buffer, at, member->size, member->align) ? FINISHED : MALFORMED;
    case TABLE:
      return enter_table(walk, *buffer, at, member->size) ? DEEPER : MALFORMED;
    default:
      return FINISHED;
  }
}

static progress check_element(walk *walk, level *here, const slot_type *type) {
  const span *buffer = &here->buffer;
  /* As in C++, the offset itself is not checked, only its target. */
  uint64_t target = (uint64_t)here->element + load32(buffer->start + here->element);
  here->element += OFFSET;
  here->left--;
  switch (type->kind) {
    case VECTOR_OF_STRINGS:
      return string_is_sound(buffer, target) ? FINISHED : MALFORMED;
    case VECTOR_OF_TABLES:
      return enter_table(walk, *buffer, target, type->size) ? DEEPER : MALFORMED;
    default: {
      uint8_t kind = buffer->start[here->kinds++];
      return check_member(walk, buffer, target, member_of(&walk->schema->unions[type->size], kind));
    }
  }
}

/* The rest of the vector that the previous slot refers to, up to the first element that is a table. */
static progress check_elements(walk *walk, level *here) {
  const slot_type *type = &here->type->slots[here->slot - 1];
  while (here->left) {
    progress progress = check_element(walk, here, type);
    if (progress != FINISHED) return progress;
  }
  return FINISHED;
}

/* The member that the type of the current union selects; NULL if the type, one slot before, is absent or from a newer
 * schema. The bounds of that slot are checked again in case the buffer has changed since. */
static const member_type *union_member(const walk *walk, const level *here, const slot_type *type) {
  uint32_t offset = slot_offset(here, here->slot - 2);
  uint64_t at = (uint64_t)here->table + offset;
  if (!offset || !inside(&here->buffer, at, 1)) return NULL;
  return member_of(&walk->schema->unions[type->size], here->buffer.start[at]);
}

/* The position of the types of the current vector of unions; 0 if they are absent or not as many. */
static uint32_t union_types(const level *here, uint32_t unions) {
  uint32_t offset = slot_offset(here, here->slot - 2), count;
  if (!offset) return 0;
  uint64_t vector = follow(&here->buffer, (uint64_t)here->table + offset);
  if (!vector || !vector_is_sound(&here->buffer, vector, 1, &count) || count != unions) return 0;
  return (uint32_t)vector + OFFSET;
}

/* A vector whose elements are offsets. */
static progress check_vector(walk *walk, level *here, const slot_type *type, uint64_t at) {
  uint32_t count;
  if (!vector_is_sound(&here->buffer, at, OFFSET, &count)) return MALFORMED;
  if (type->kind != VECTOR_OF_TABLES && !spend(walk, count)) return MALFORMED;
  if (type->kind == VECTOR_OF_UNIONS && !(here->kinds = union_types(here, count))) return MALFORMED;
  here->left = count;
  here->element = (uint32_t)at + OFFSET;
  return check_elements(walk, here);
}

/* A field that is an offset, and present. */
static progress check_target(walk *walk, level *here, const slot_type *type, uint64_t at) {
  const span *buffer = &here->buffer;
  uint64_t target = follow(buffer, at);
  uint32_t count;
  if (!target) return MALFORMED;
  switch (type->kind) {
    case STRING:
      return string_is_sound(buffer, target) ? FINISHED : MALFORMED;
    case VECTOR:
      return vector_is_sound(buffer, target, type->size, &count) ? FINISHED : MALFORMED;
    case TABLE:
      return enter_table(walk, *buffer, target, type->size) ? DEEPER : MALFORMED;
    case UNION:
      return check_member(walk, buffer, target, union_member(walk, here, type));
    case NESTED: {
      if (!vector_is_sound(buffer, target, 1, &count)) return MALFORMED;
      span nested = {buffer->start + target + OFFSET, count};
      return enter_root(walk, nested, 0, type->size) ? DEEPER : MALFORMED;
    }
    case FLEXBUFFER:
      if (!vector_is_sound(buffer, target, 1, &count)) return MALFORMED;
      return flexbuffer_is_sound((span){buffer->start + target + OFFSET, count}, &walk->elements) ? FINISHED
                                                                                                  : MALFORMED;
    default:
      return check_vector(walk, here, type, target);
  }
}

/* Whether a union may be absent although its type is present: readers treat an absent table or string as None. */
static bool may_be_absent(const walk *walk, const level *here, const slot_type *type) {
  if (type->kind == VECTOR_OF_UNIONS) return !slot_offset(here, here->slot - 2);
  const member_type *member = union_member(walk, here, type);
  return !member || member->kind != INLINE;
}

/* The slots of a table from the next one on, up to the first field that is a table. */
static progress check_table(walk *walk, level *here) {
  /* One slot beyond the vtable: its last slot may be the type of a union. */
  uint32_t end = here->present < here->type->slot_count ? here->present + 1 : here->type->slot_count;
  while (here->slot < end) {
    const slot_type *type = &here->type->slots[here->slot];
    uint32_t offset = slot_offset(here, here->slot);
    uint64_t at = (uint64_t)here->table + offset;
    here->slot++;
    if (type->kind == IGNORED) continue;
    if (!offset) {
      if (type->required) return MALFORMED;
      if ((type->kind == UNION || type->kind == VECTOR_OF_UNIONS) && !may_be_absent(walk, here, type)) return MALFORMED;
    } else if (type->kind == INLINE) {
      if (!holds(&here->buffer, at, type->size, type->align)) return MALFORMED;
    } else {
      progress progress = check_target(walk, here, type, at);
      if (progress != FINISHED) return progress;
    }
  }
  return FINISHED;
}

/* Depth first. */
static bool check_all(walk *walk) {
  while (walk->depth) {
    level *here = &walk->levels[walk->depth - 1];
    progress progress = here->left ? check_elements(walk, here) : FINISHED;
    if (progress == FINISHED) progress = check_table(walk, here);
    if (progress == MALFORMED) return false;
    if (progress == FINISHED) walk->depth--;
  }
  return true;
}

int omni_verify(const omni_schema *schema, uint32_t table, const uint8_t *data, size_t size, const char *identifier,
                int size_prefixed, uint32_t max_depth, uint32_t max_tables) {
  if (size < SMALLEST_BUFFER || size >= LARGEST_BUFFER) return OMNI_VERIFY_FALSE;
  span buffer = {data, (uint32_t)size};
  uint32_t start = 0;
  if (size_prefixed) {
    if (load32(data) != size - OFFSET) return OMNI_VERIFY_FALSE;
    start = OFFSET;
  }
  if (identifier && memcmp(data + start + OFFSET, identifier, 4) != 0) return OMNI_VERIFY_FALSE;

  level usual[USUAL_DEPTH], *more = NULL;
  walk walk = {.schema = schema, .levels = usual, .tables = max_tables, .elements = (uint64_t)max_tables + size};
  walk.max_depth = max_depth < OMNI_VERIFY_DEEPEST ? max_depth : OMNI_VERIFY_DEEPEST;
  if (walk.max_depth > USUAL_DEPTH) {
    more = malloc(walk.max_depth * sizeof *more);
    if (!more) return OMNI_VERIFY_NO_MEMORY;
    walk.levels = more;
  }
  bool sound = enter_root(&walk, buffer, start, table) && check_all(&walk);
  free(more);
  return sound ? OMNI_VERIFY_TRUE : OMNI_VERIFY_FALSE;
}
