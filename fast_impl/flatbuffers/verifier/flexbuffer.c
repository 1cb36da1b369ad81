/* Verifying a FlexBuffer in a field, as flexbuffers::VerifyBuffer of 2.0.8 does.
 *
 * A value is an inline scalar, or an offset back to what comes before it. The last byte is the width of the root in
 * bytes, the one before it the root's type and the width of what it refers to. Each number is loaded once. */
#include "compiled.h"

enum { DEEPEST = 64, SMALLEST_FLEXBUFFER = 3 };

/* flexbuffers::Type */
enum {
  FLEX_FLOAT = 3,
  FLEX_KEY,
  FLEX_STRING,
  FLEX_INDIRECT_INT,
  FLEX_INDIRECT_FLOAT = 8,
  FLEX_MAP,
  FLEX_VECTOR,
  FLEX_VECTOR_INT,
  FLEX_VECTOR_FLOAT = 13,
  FLEX_VECTOR_KEY,
  FLEX_VECTOR_STRING,
  FLEX_VECTOR_INT2,
  FLEX_VECTOR_FLOAT4 = 24,
  FLEX_BLOB,
  FLEX_BOOL,
  FLEX_VECTOR_BOOL = 36
};

typedef struct {
  span buffer;
  uint32_t depth, vectors;
  uint64_t *elements; /* budget left */
} flex;

static bool is_width(uint64_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

static uint64_t load_wide(const flex *flex, uint64_t at, uint32_t width) {
  const uint8_t *from = flex->buffer.start + at;
  return width == 1 ? *from : width == 2 ? load16(from) : width == 4 ? load32(from) : load64(from);
}

static bool value_is_sound(flex *flex, uint64_t at, uint32_t own, uint32_t width, uint32_t kind);

/* The count, of `width` bytes, is before the elements of `unit` bytes. */
static bool flex_vector_is_sound(flex *flex, uint64_t at, uint32_t width, uint32_t unit, uint64_t *count) {
  if (++flex->depth > DEEPEST || ++flex->vectors > flex->buffer.size || at < width) return false;
  *count = load_wide(flex, at - width, width);
  return *count < flex->buffer.size && inside(&flex->buffer, at, *count * unit);
}

static bool spend_elements(flex *flex, uint64_t count) {
  if (count > *flex->elements) return false;
  *flex->elements -= count;
  return true;
}

/* Elements that have types of their own, a byte each behind them. */
static bool elements_are_sound(flex *flex, uint64_t at, uint32_t width) {
  uint64_t count;
  if (!flex_vector_is_sound(flex, at, width, width, &count)) return false;
  uint64_t types = at + count * width;
  if (!inside(&flex->buffer, types, count) || !spend_elements(flex, count)) return false;
  for (uint64_t i = 0; i < count; i++) {
    uint8_t packed = flex->buffer.start[types + i];
    if (!value_is_sound(flex, at + i * width, width, 1u << (packed & 3), packed >> 2)) return false;
  }
  flex->depth--;
  return true;
}

static bool keys_are_sound(flex *flex, uint64_t at, uint32_t width) {
  uint64_t count;
  if (!flex_vector_is_sound(flex, at, width, width, &count) || !spend_elements(flex, count)) return false;
  for (uint64_t i = 0; i < count; i++)
    if (!value_is_sound(flex, at + i * width, width, 1, FLEX_KEY)) return false;
  flex->depth--;
  return true;
}

/* The offset and the width of a map's keys are before the count of its values. */
static bool keys_of_map_are_sound(flex *flex, uint64_t at, uint32_t width) {
  if (at < 3 * (uint64_t)width) return false;
  uint64_t place = at - 3 * (uint64_t)width, offset = load_wide(flex, place, width);
  uint8_t its_width = (uint8_t)load_wide(flex, place + width, width);
  return offset <= place && is_width(its_width) && keys_are_sound(flex, place - offset, its_width);
}

/* A value of `own` bytes at `at`; width: of what it refers to, or of the elements of that. */
static bool value_is_sound(flex *flex, uint64_t at, uint32_t own, uint32_t width, uint32_t kind) {
  uint64_t count;
  if (kind <= FLEX_FLOAT || kind == FLEX_BOOL) return true;
  uint64_t offset = load_wide(flex, at, own), to = at - offset;
  if (offset > at || !aligned(to, width)) return false;
  if (kind == FLEX_KEY) return true; /* C++ only checks that it begins in the buffer: what ends it may be any byte */
  if (kind >= FLEX_INDIRECT_INT && kind <= FLEX_INDIRECT_FLOAT) return inside(&flex->buffer, to, width);
  if (kind == FLEX_MAP) return elements_are_sound(flex, to, width) && keys_of_map_are_sound(flex, to, width);
  if (kind == FLEX_VECTOR) return elements_are_sound(flex, to, width);
  if (kind == FLEX_VECTOR_KEY || kind == FLEX_VECTOR_STRING) return keys_are_sound(flex, to, width);
  if (kind >= FLEX_VECTOR_INT2 && kind <= FLEX_VECTOR_FLOAT4)
    return inside(&flex->buffer, to, width * ((uint64_t)(kind - FLEX_VECTOR_INT2) / 3 + 2));
  bool is_bytes = kind == FLEX_STRING || kind == FLEX_BLOB;
  if (!is_bytes && kind != FLEX_VECTOR_BOOL && (kind < FLEX_VECTOR_INT || kind > FLEX_VECTOR_FLOAT)) return false;
  if (!flex_vector_is_sound(flex, to, width, is_bytes ? 1 : width, &count)) return false;
  flex->depth--;
  return kind != FLEX_STRING || inside(&flex->buffer, to, count + 1);
}

bool flexbuffer_is_sound(span buffer, uint64_t *elements) {
  if (buffer.size < SMALLEST_FLEXBUFFER) return false;
  uint8_t width = buffer.start[buffer.size - 1], packed = buffer.start[buffer.size - 2];
  if (!is_width(width) || buffer.size - 2 < width) return false;
  flex flex = {buffer, 0, 0, elements};
  return value_is_sound(&flex, buffer.size - 2 - width, width, 1u << (packed & 3), packed >> 2);
}
