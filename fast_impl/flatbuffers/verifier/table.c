/* A table: its vtable, and each of its slots. */
#include "vectors.h"
#include "walk.h"

bool enter_table(walk *walk, span buffer, uint64_t at, uint32_t object) {
  if (!holds(&buffer, at, OFFSET, OFFSET)) return false;
  int64_t vtable = (int64_t)at - (int32_t)load32(buffer.start + at);
  if (vtable < 0 || !holds(&buffer, (uint64_t)vtable, 2, 2)) return false;
  uint32_t size = load16(buffer.start + vtable);
  if (size % 2 || !inside(&buffer, (uint64_t)vtable, size)) return false;

  const object_type *type = &walk->schema->objects[object];
  uint32_t present = size < 4 ? 0 : size / 2 - 2; /* its own size and the table's come first */
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

/* What the union in the slot looked at holds by its type, which is the slot before; NULL where that is absent, or of
 * a newer schema. That slot has been looked at: the bounds are checked again lest somebody change it meanwhile. */
static const member_type *member_told(const walk *walk, const level *here, const slot_type *type) {
  uint32_t offset = slot_offset(here, here->slot - 2);
  uint64_t at = (uint64_t)here->table + offset;
  if (!offset || !inside(&here->buffer, at, 1)) return NULL;
  return member_of(&walk->schema->unions[type->size], here->buffer.start[at]);
}

/* Where the types of the unions in the vector in the slot looked at are, which must be as many; 0 where they are not.
 */
static uint32_t kinds_told(const level *here, uint32_t unions) {
  uint32_t offset = slot_offset(here, here->slot - 2), count;
  if (!offset) return 0;
  uint64_t vector = follow(&here->buffer, (uint64_t)here->table + offset);
  if (!vector || !vector_is_sound(&here->buffer, vector, 1, &count) || count != unions) return 0;
  return (uint32_t)vector + OFFSET;
}

/* Begin with the elements of a vector. */
static progress look_at_vector(walk *walk, level *here, const slot_type *type, uint64_t at) {
  uint32_t count;
  if (!vector_is_sound(&here->buffer, at, OFFSET, &count)) return MALFORMED;
  if (type->kind != VECTOR_OF_TABLES && !spend(walk, count)) return MALFORMED;
  if (type->kind == VECTOR_OF_UNIONS && !(here->kinds = kinds_told(here, count))) return MALFORMED;
  here->left = count;
  here->element = (uint32_t)at + OFFSET;
  return look_at_elements(walk, here);
}

/* One that leads elsewhere, and is there. */
static progress look_at_target(walk *walk, level *here, const slot_type *type, uint64_t at) {
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
      return look_at_member(walk, buffer, target, member_told(walk, here, type));
    case NESTED: {
      if (!vector_is_sound(buffer, target, 1, &count)) return MALFORMED;
      span nested = {buffer->start + target + OFFSET, count};
      return enter_root(walk, nested, 0, type->size) ? DEEPER : MALFORMED;
    }
    default:
      return look_at_vector(walk, here, type, target);
  }
}

/* The type of a union is there, and the union is not. Where it would be a table or a string, readers find nothing. */
static bool may_be_absent(const walk *walk, const level *here, const slot_type *type) {
  if (type->kind == VECTOR_OF_UNIONS) return !slot_offset(here, here->slot - 2);
  const member_type *member = member_told(walk, here, type);
  return !member || member->kind != INLINE;
}

progress look_at_table(walk *walk, level *here) {
  /* One further than the vtable: the type of a union may be its last. */
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
      progress progress = look_at_target(walk, here, type, at);
      if (progress != FINISHED) return progress;
    }
  }
  return FINISHED;
}
