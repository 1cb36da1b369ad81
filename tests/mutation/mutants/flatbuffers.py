"""Mistakes in what FlatBuffers need: the model, the Python that both bindings share, and the verifier in C."""

from __future__ import annotations

from tests.mutation.mutant import Mutant, suite, verifier

MODEL_BUILDING_PY = "spec_model/handles/producer.py"
MESSAGE_PY = "spec_model/handles/message.py"
BUILDING_PY = "fast_impl/flatbuffers/building.py"
READING_PY = "fast_impl/flatbuffers/reading.py"
BYTES_H = "fast_impl/flatbuffers/verifier/bytes.h"
VERIFY_C = "fast_impl/flatbuffers/verifier/verify.c"
COMPILED_H = "fast_impl/flatbuffers/verifier/compiled.h"
FLEXBUFFER_C = "fast_impl/flatbuffers/verifier/flexbuffer.c"
LOAD_TYPES_C = "fast_impl/flatbuffers/verifier/load_types.c"
LOAD_H = "fast_impl/flatbuffers/verifier/load.h"
LOAD_C = "fast_impl/flatbuffers/verifier/load.c"

MODEL = (
    Mutant(
        "build_is_the_front_of_the_memory", MODEL_BUILDING_PY, suite("FLB-1"),
        "output = bytes(self._builder.Output())", "output = bytes(self._builder.Bytes[: self._builder.Offset()])",
    ),
    Mutant(
        "build_loses_its_end", MODEL_BUILDING_PY, suite("FLB-1"),
        "self._producer.commit(len(output))", "self._producer.commit(len(output) - 1)",
    ),
    Mutant(
        "build_is_not_rolled_back", MODEL_BUILDING_PY, suite("FLB-1", "FLB-2"),
        "            self._producer.rollback()", "            pass",
    ),
    Mutant(
        "build_is_sent_on_errors", MODEL_BUILDING_PY, suite("FLB-1"),
        "            if error is None:\n", "            if error is None or self._builder.finished:\n",
    ),
    Mutant(
        "build_too_large_is_cut", MODEL_BUILDING_PY, suite("FLB-2"),
        "            raise FlatBufferTooLarge(len(output), self._available)\n",
        "            output = output[: self._available]\n",
    ),
    Mutant(
        "build_too_large_for_what", MODEL_BUILDING_PY, suite("FLB-2"),
        "            raise FlatBufferTooLarge(len(output), self._available)\n",
        '            raise ValueError("too large")\n',
    ),
    Mutant(
        "expired_is_a_table", MESSAGE_PY, suite("FLB-3"),
        "data, begin = self.data,", "data, begin = memoryview(self._data),",
    ),
    Mutant(
        "table_begins_with_its_offset", MESSAGE_PY, suite("FLB-3"),
        "T.GetRootAs(data, begin)", "T.GetRootAs(data, begin + 4)",
    ),
    Mutant(
        "everything_is_verified", MESSAGE_PY, suite("FLB-4"),
        "        return verify(\n", "        return bool(self._read()) or verify(\n",
    ),
    Mutant(
        "nothing_is_verified", MESSAGE_PY, suite("FLB-4"),
        "        return verify(\n", "        return not self._read() and verify(\n",
    ),
)  # fmt: skip
"""The model."""

BINDING = (
    Mutant(
        "build_is_committed_from_the_front", BUILDING_PY, suite("FLB-1"),
        "self._producer.commit(size, offset)", "self._producer.commit(size)",
    ),
    Mutant(
        "build_is_copied", BUILDING_PY, suite("FLB-1"),
        "        self.Bytes = self._slot\n", "        self.Bytes = bytearray(self._available + SLACK)\n",
    ),
    Mutant(
        "build_keeps_the_slot", BUILDING_PY, suite("FLB-1", "FLB-2"),
        "            self._producer.rollback()\n", "            pass\n",
    ),
    Mutant(
        "build_hides_the_exception", BUILDING_PY, suite("FLB-1", "FLB-2"),
        "            self._give_up(error)\n            return\n",
        "            self._give_up(error)\n            return True\n",
    ),
    Mutant(
        "build_is_sent_despite_the_exception", BUILDING_PY, suite("FLB-1"),
        "        if error is not None:\n", "        if error is not None and not self._builder.finished:\n",
    ),
    Mutant(
        "build_is_sent_unfinished", BUILDING_PY, suite("FLB-1"),
        "            if not self.finished:\n", "            if False:\n",
    ),
    Mutant(
        "padding_is_what_the_slot_held", BUILDING_PY, suite("FLB-1"),
        "        if padding:\n", "        if False:\n",
    ),
    Mutant(
        "builder_is_not_cleared", BUILDING_PY, suite("FLB-1"),
        "        self.Clear()\n", "        self.Bytes, self.head, self.finished = self._slot, len(self._slot), False\n",
    ),
    Mutant(
        "output_is_the_slot", BUILDING_PY, suite("FLB-1"),
        "            return bytearray(output)\n", "            return memoryview(output)\n",
    ),
    Mutant(
        "build_may_use_less_than_the_slot", BUILDING_PY, suite("FLB-2"),
        "        if used + more > self._available:\n", "        if True:\n",
    ),
    Mutant(
        "outgrown_without_the_size", BUILDING_PY, suite("FLB-2"),
        "            raise FlatBufferTooLarge(used + more, self._available)\n",
        '            raise ValueError("too large")\n',
    ),
    Mutant(
        "a_copy_is_read", READING_PY, suite("FLB-3"),
        "data = message.data\n", "data = memoryview(bytes(message.data))\n",
    ),
    Mutant(
        "the_offset_is_taken_for_the_table", READING_PY, suite("FLB-3"),
        "T.GetRootAs(data, begin)", "T.GetRootAs(data, begin + 4)",
    ),
)  # fmt: skip
"""What both bindings share: building in the slot, and reading."""

VERIFIER = (
    Mutant("nothing_is_ever_behind_the_buffer", BYTES_H, verifier(), " && at <= buffer->size - size;", ";"),
    Mutant(
        "every_offset_counts_as_aligned", BYTES_H, verifier(),
        "return (at & (align - 1)) == 0;", "return at + align > 0;",
    ),
    Mutant("an_offset_may_lead_to_itself", BYTES_H, verifier(), "offset == 0 || ", ""),
    Mutant("an_offset_may_lead_anywhere", BYTES_H, verifier(), " || !inside(buffer, at + offset, 1)", ""),
    Mutant("a_string_need_not_end", BYTES_H, verifier(), " && buffer->start[end] == 0;", ";"),
    Mutant("a_string_may_end_behind_the_buffer", BYTES_H, verifier(), "inside(buffer, end, 1) && ", ""),
    Mutant("a_vectors_bytes_are_its_elements", BYTES_H, verifier(), "(uint64_t)*count * element_size", "*count"),
    Mutant(
        "a_vector_may_be_anywhere", BYTES_H, verifier(),
        "if (!holds(buffer, at, OFFSET, OFFSET)) return false;\n", "",
    ),
    Mutant("a_vtable_need_not_be_aligned", VERIFY_C, verifier(), "(uint64_t)vtable, 2, 2", "(uint64_t)vtable, 2, 1"),
    Mutant("a_vtable_may_have_an_odd_size", VERIFY_C, verifier(), "size % 2 || ", ""),
    Mutant(
        "a_vtable_may_end_behind_the_buffer", VERIFY_C, verifier(),
        " || !inside(&buffer, (uint64_t)vtable, size)", "",
    ),
    Mutant(
        "a_table_need_not_be_aligned", VERIFY_C, verifier(),
        "holds(&buffer, at, OFFSET, OFFSET)", "inside(&buffer, at, OFFSET)",
    ),
    Mutant(
        "what_a_short_vtable_lacks_is_not_required", VERIFY_C, verifier(),
        "if (present < type->required_slots) return false;", "",
    ),
    Mutant("what_is_absent_is_not_required", VERIFY_C, verifier(), "if (type->required) return MALFORMED;", ""),
    Mutant(
        "one_level_of_nesting_more", VERIFY_C, verifier(),
        "walk->depth >= walk->max_depth", "walk->depth > walk->max_depth",
    ),
    Mutant("any_number_of_tables", VERIFY_C, verifier(), " || walk->tables == 0", ""),
    Mutant("the_last_type_of_a_vtable_has_no_union", VERIFY_C, verifier(), "here->present + 1 :", "here->present :"),
    Mutant(
        "a_scalar_may_be_anywhere", VERIFY_C, verifier(),
        "if (!holds(&here->buffer, at, type->size, type->align)) return", "if (0) return",
    ),
    Mutant(
        "a_union_is_of_the_type_in_the_slot_after", VERIFY_C, verifier(),
        "slot_offset(here, here->slot - 2);\n  uint64_t at", "slot_offset(here, here->slot);\n  uint64_t at",
    ),
    Mutant("unions_may_be_more_than_their_types", VERIFY_C, verifier(), " || count != unions", ""),
    Mutant("unions_without_types_are_empty", VERIFY_C, verifier(), "if (!offset) return 0;", "if (!offset) return 4;"),
    Mutant(
        "types_without_unions_are_fine", VERIFY_C, verifier(),
        "return !slot_offset(here, here->slot - 2);", "return true;",
    ),
    Mutant(
        "a_type_without_its_struct_is_fine", VERIFY_C, verifier(),
        "return !member || member->kind != INLINE;", "return true;",
    ),
    Mutant(
        "a_nested_buffer_is_not_checked", VERIFY_C, verifier(),
        "return enter_root(walk, nested, 0, type->size) ? DEEPER : MALFORMED;", "return FINISHED;",
    ),
    Mutant(
        "a_nested_buffer_may_be_of_any_size", VERIFY_C, verifier(),
        "if (buffer.size < SMALLEST_BUFFER) return false;\n", "",
    ),
    Mutant("the_prefix_says_nothing", VERIFY_C, verifier(), "load32(data) != size - OFFSET", "0"),
    Mutant(
        "a_struct_in_a_union_need_not_be_aligned", VERIFY_C, verifier(),
        "holds(buffer, at, member->size, member->align)", "inside(buffer, at, member->size)",
    ),
    Mutant(
        "a_string_in_a_union_is_not_checked", VERIFY_C, verifier(),
        "return string_is_sound(buffer, at) ? FINISHED : MALFORMED;", "return FINISHED;",
    ),
    Mutant(
        "a_table_in_a_union_is_not_checked", VERIFY_C, verifier(),
        "return enter_table(walk, *buffer, at, member->size) ? DEEPER : MALFORMED;", "return FINISHED;",
    ),
    Mutant(
        "a_type_that_is_not_known_is_refused", VERIFY_C, verifier(),
        "if (!member) return FINISHED;", "if (!member) return MALFORMED;",
    ),
    Mutant(
        "the_first_string_of_a_vector_is_enough", VERIFY_C, verifier(),
        "case VECTOR_OF_STRINGS:\n      return string_is_sound(buffer, target)",
        "case VECTOR_OF_STRINGS:\n      here->left = 0;\n      return string_is_sound(buffer, target)",
    ),
    Mutant(
        "every_other_table_of_a_vector_is_enough", VERIFY_C, verifier(),
        "  here->left--;\n", "  here->left -= here->left > 1 ? 2 : 1;\n",
    ),
    Mutant(
        "unions_are_counted_whatever_their_values", COMPILED_H, verifier(),
        " && type->members[value].value == value", "",
    ),
    Mutant(
        "deprecated_fields_are_checked", LOAD_TYPES_C, verifier(),
        "if (read8(ordered[i], FIELD_DEPRECATED)) *slot = (slot_type){.kind = IGNORED};", "",
    ),
    Mutant("no_field_is_nested", LOAD_TYPES_C, verifier(), '"nested_flatbuffer")) continue;', '"nested")) continue;'),
    Mutant(
        "no_field_is_required", LOAD_TYPES_C, verifier(),
        "slot->required = read8(field, FIELD_REQUIRED) && !base_size(base);", "",
    ),
    Mutant(
        "any_id_is_one_of_the_fields", LOAD_TYPES_C, verifier(),
        "id >= count || ordered[id] || ", "id >= count || ",
    ),
    Mutant(
        "any_index_is_one_of_an_object", LOAD_H, verifier(),
        "index < 0 || (uint32_t)index >= loading->schema->object_count", "index < -1",
    ),
    Mutant(
        "any_index_is_one_of_a_union", LOAD_TYPES_C, verifier(),
        "index >= 0 && (uint32_t)index < loading->schema->union_count &&\n"
        "      read8(element_of(loading->enums, (uint32_t)index), ENUM_IS_UNION)",
        "index < 1000",
    ),
    Mutant(
        "any_slot_may_be_before_a_union", LOAD_TYPES_C, verifier(),
        "  if (before && read8(before", "  if (!before || read8(before",
    ),
    Mutant(
        "a_struct_may_contain_itself", LOAD_TYPES_C, verifier(),
        "if (depths[its] == INSIDE_ITSELF) return", "if (depths[its] == INSIDE_ITSELF) continue;\n    if (0) return",
    ),
    Mutant(
        "structs_may_be_nested_as_deep_as_can_be", LOAD_TYPES_C, verifier(),
        "if (!depths[its] || depths[its] >= DEEPEST_STRUCT)", "if (0)",
    ),
    Mutant("a_field_may_end_outside_its_struct", LOAD_TYPES_C, verifier(), "offset + size > outer->size", "0"),
    Mutant(
        "a_field_of_a_struct_need_not_be_aligned", LOAD_TYPES_C, verifier(),
        "align > outer->align || offset % align", "0",
    ),
    Mutant("a_struct_may_have_any_size", LOAD_TYPES_C, verifier(), "size < 1 || size % align", "0"),
    Mutant("a_union_may_have_any_order", LOAD_TYPES_C, verifier(), "i && member[-1].value >= member->value", "0"),
    Mutant("names_may_have_any_order", LOAD_C, verifier(), "before && compare_names(*before, *name) >= 0", "0"),
    Mutant(
        "the_schema_is_not_verified", LOAD_C, verifier(),
        "!omni_verify(&reflection, REFLECTION_SCHEMA, schema->copy, size, NULL, 0, DEEPEST_SCHEMA, MOST_TABLES)", "0",
    ),
    Mutant(
        "a_flexbuffer_may_be_any_bytes", VERIFY_C, verifier(),
        "flexbuffer_is_sound((span){buffer->start + target + OFFSET, count}, &walk->elements)", "1",
    ),
    Mutant("an_offset_of_a_flexbuffer_may_lead_out", FLEXBUFFER_C, verifier(), "offset > at || ", ""),
    Mutant("a_value_of_a_flexbuffer_need_not_be_aligned", FLEXBUFFER_C, verifier(), " || !aligned(to, width)", ""),
    Mutant(
        "a_flexbuffer_may_be_of_any_depth", FLEXBUFFER_C, verifier(), "++flex->depth > DEEPEST", "++flex->depth > 1000",
    ),
    Mutant(
        "the_types_of_a_flexbuffer_may_lie_outside", FLEXBUFFER_C, verifier(),
        "!inside(&flex->buffer, types, count) || ", "",
    ),
    Mutant(
        "a_string_of_a_flexbuffer_has_no_end", FLEXBUFFER_C, verifier(),
        "kind != FLEX_STRING || inside(&flex->buffer, to, count + 1)", "true",
    ),
    Mutant("the_keys_of_a_map_have_any_width", FLEXBUFFER_C, verifier(), "is_width(its_width) && ", ""),
    Mutant(
        "a_flexbuffer_has_any_type", FLEXBUFFER_C, verifier(),
        "kind != FLEX_VECTOR_BOOL && (kind < FLEX_VECTOR_INT || kind > FLEX_VECTOR_FLOAT)", "false",
    ),
    Mutant("the_attribute_flexbuffer_is_ignored", LOAD_TYPES_C, verifier(), "      slot->kind = FLEXBUFFER;\n", ""),
)  # fmt: skip
"""The verifier in C."""
