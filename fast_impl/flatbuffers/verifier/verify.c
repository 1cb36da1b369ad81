/* A whole buffer: its size, its identifier, and everything from its root down. */
#include <stdlib.h>

#include "walk.h"

enum { USUAL_DEPTH = 64 };

bool enter_root(walk *walk, span buffer, uint64_t start, uint32_t object) {
  if (buffer.size < SMALLEST_BUFFER) return false;
  uint64_t table = follow(&buffer, start);
  return table && enter_table(walk, buffer, table, object);
}

static bool everything(walk *walk) {
  while (walk->depth) {
    level *here = &walk->levels[walk->depth - 1];
    progress progress = here->left ? look_at_elements(walk, here) : FINISHED;
    if (progress == FINISHED) progress = look_at_table(walk, here);
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

  level usual[USUAL_DEPTH];
  walk walk = {.schema = schema, .levels = usual, .tables = max_tables, .elements = (uint64_t)max_tables + size};
  walk.max_depth = max_depth < OMNI_VERIFY_DEEPEST ? max_depth : OMNI_VERIFY_DEEPEST;
  if (walk.max_depth > USUAL_DEPTH && !(walk.levels = malloc(walk.max_depth * sizeof *walk.levels)))
    return OMNI_VERIFY_NO_MEMORY;
  bool sound = enter_root(&walk, buffer, start, table) && everything(&walk);
  if (walk.levels != usual) free(walk.levels);
  return sound ? OMNI_VERIFY_TRUE : OMNI_VERIFY_FALSE;
}
