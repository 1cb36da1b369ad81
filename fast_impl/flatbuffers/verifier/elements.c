/* The elements of vectors that lead elsewhere, and what unions hold. */
#include "vectors.h"
#include "walk.h"

progress look_at_member(walk *walk, const span *buffer, uint64_t at, const member_type *member) {
  if (!member) return FINISHED; /* of a newer schema: no reader of this one looks at it */
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

static progress look_at_element(walk *walk, level *here, const slot_type *type) {
  const span *buffer = &here->buffer;
  /* As in C++, an element's offset is held to nothing of its own: what it leads to is. */
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
      return look_at_member(walk, buffer, target, member_of(&walk->schema->unions[type->size], kind));
    }
  }
}

progress look_at_elements(walk *walk, level *here) {
  const slot_type *type = &here->type->slots[here->slot - 1];
  while (here->left) {
    progress progress = look_at_element(walk, here, type);
    if (progress != FINISHED) return progress;
  }
  return FINISHED;
}
