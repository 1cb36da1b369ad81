/* Unions: which of their values is which table, struct or string. */
#include "load.h"

static bool load_member(loading *loading, name_type owner, place value, member_type *member) {
  int64_t number = read64(value, ENUM_VALUE_VALUE);
  place type = read_target(value, ENUM_VALUE_TYPE);
  if (number < 0 || number > UINT8_MAX)
    return refuse(loading, owner, value, "value %lld does not fit into a byte", (long long)number);
  if (!type) return refuse(loading, owner, value, "a union's value without a type");
  member->value = (uint8_t)number;
  uint8_t base = read8(type, TYPE_BASE);
  if ((base == BASE_NONE) != (number == 0))
    return refuse(loading, owner, value, "value %lld of base type %u (NONE is 0, and nothing else)", (long long)number,
                  base);
  if (base == BASE_NONE) return true; /* IGNORED */
  if (base == BASE_STRING) {
    member->kind = STRING;
    return true;
  }
  if (base != BASE_OBJECT) return refuse(loading, owner, value, "base type %u cannot be in a union", base);
  int32_t index = read32(type, TYPE_INDEX, -1);
  const object_type *object = object_at(loading, index);
  if (!object) return refuse(loading, owner, value, "there is no object %d", index);
  if (object->is_struct) *member = (member_type){INLINE, member->value, (uint16_t)object->align, object->size};
  else *member = (member_type){TABLE, member->value, 0, (uint32_t)index};
  return true;
}

bool load_union(loading *loading, uint32_t number, member_type **members) {
  place one = element_of(loading->enums, number);
  union_type *type = &loading->schema->unions[number];
  if (!read8(one, ENUM_IS_UNION)) return true;
  uint8_t base = read8(read_target(one, ENUM_UNDERLYING), TYPE_BASE);
  if (base != BASE_UTYPE)
    return refuse(loading, type->name, NULL, "a union told by base type %u; only by a byte is supported", base);
  place values = read_target(one, ENUM_VALUES);
  type->members = *members;
  for (uint32_t i = 0; i < count_of(values); i++) {
    member_type *member = (*members)++;
    if (!load_member(loading, type->name, element_of(values, i), member)) return false;
    if (i && member[-1].value >= member->value)
      return refuse(loading, type->name, element_of(values, i), "out of order, or defined twice");
    type->count++;
  }
  return true;
}
