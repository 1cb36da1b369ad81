"""Mistakes in the verifier, each of which some buffer or schema must show."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """edits: texts in a file of fast_impl/flatbuffers/verifier, and what stands there instead."""

    file: str
    edits: tuple[tuple[str, str], ...]


def change(file: str, *edits: tuple[str, str]) -> Change:
    """One or more edits of a file."""
    return Change(file, edits)


CHANGES = {
    "nothing is ever behind the buffer": change("bytes.h", (" && at <= buffer->size - size;", ";")),
    "everything is aligned": change("bytes.h", ("return (at & (align - 1)) == 0;", "return at + align > 0;")),
    "an offset may lead to itself": change("bytes.h", ("offset == 0 || ", "")),
    "an offset may lead anywhere": change("bytes.h", (" || !inside(buffer, at + offset, 1)", "")),
    "a string need not end": change("bytes.h", (" && buffer->start[end] == 0;", ";")),
    "a string may end behind the buffer": change("bytes.h", ("inside(buffer, end, 1) && ", "")),
    "a vector's bytes are its elements": change("bytes.h", ("(uint64_t)*count * element_size", "*count")),
    "a vector may be anywhere": change("bytes.h", ("if (!holds(buffer, at, OFFSET, OFFSET)) return false;\n", "")),
    "a vtable need not be aligned": change("verify.c", ("(uint64_t)vtable, 2, 2", "(uint64_t)vtable, 2, 1")),
    "a vtable may have an odd size": change("verify.c", ("size % 2 || ", "")),
    "a vtable may end behind the buffer": change("verify.c", (" || !inside(&buffer, (uint64_t)vtable, size)", "")),
    "a table need not be aligned": change(
        "verify.c", ("holds(&buffer, at, OFFSET, OFFSET)", "inside(&buffer, at, OFFSET)")
    ),
    "what a short vtable lacks is not required": change(
        "verify.c", ("if (present < type->required_slots) return false;", "")
    ),
    "what is absent is not required": change("verify.c", ("if (type->required) return MALFORMED;", "")),
    "one level more": change("verify.c", ("walk->depth >= walk->max_depth", "walk->depth > walk->max_depth")),
    "any number of tables": change("verify.c", (" || walk->tables == 0", "")),
    "the last type of a vtable has no union": change("verify.c", ("here->present + 1 :", "here->present :")),
    "a scalar may be anywhere": change(
        "verify.c", ("if (!holds(&here->buffer, at, type->size, type->align)) return", "if (0) return")
    ),
    "a union is of the type in the slot after": change(
        "verify.c",
        ("slot_offset(here, here->slot - 2);\n  uint64_t at", "slot_offset(here, here->slot);\n  uint64_t at"),
    ),
    "unions may be more than their types": change("verify.c", (" || count != unions", "")),
    "unions without types are empty": change("verify.c", ("if (!offset) return 0;", "if (!offset) return 4;")),
    "types without unions are fine": change("verify.c", ("return !slot_offset(here, here->slot - 2);", "return true;")),
    "a type without its struct is fine": change(
        "verify.c", ("return !member || member->kind != INLINE;", "return true;")
    ),
    "a nested buffer is not looked at": change(
        "verify.c", ("return enter_root(walk, nested, 0, type->size) ? DEEPER : MALFORMED;", "return FINISHED;")
    ),
    "a nested buffer may be of any size": change(
        "verify.c", ("if (buffer.size < SMALLEST_BUFFER) return false;\n", "")
    ),
    "the prefix says nothing": change("verify.c", ("load32(data) != size - OFFSET", "0")),
    "a struct in a union need not be aligned": change(
        "verify.c", ("holds(buffer, at, member->size, member->align)", "inside(buffer, at, member->size)")
    ),
    "a string in a union is not looked at": change(
        "verify.c", ("return string_is_sound(buffer, at) ? FINISHED : MALFORMED;", "return FINISHED;")
    ),
    "a table in a union is not looked at": change(
        "verify.c", ("return enter_table(walk, *buffer, at, member->size) ? DEEPER : MALFORMED;", "return FINISHED;")
    ),
    "a type that is not known is refused": change(
        "verify.c", ("if (!member) return FINISHED;", "if (!member) return MALFORMED;")
    ),
    "the first string of a vector is enough": change(
        "verify.c",
        (
            "case VECTOR_OF_STRINGS:\n      return string_is_sound(buffer, target)",
            "case VECTOR_OF_STRINGS:\n      here->left = 0;\n      return string_is_sound(buffer, target)",
        ),
    ),
    "every other table of a vector is enough": change(
        "verify.c", ("  here->left--;\n", "  here->left -= here->left > 1 ? 2 : 1;\n")
    ),
    "unions are counted, whatever their values": change("compiled.h", (" && type->members[value].value == value", "")),
    "deprecated fields are looked at": change(
        "load_types.c", ("if (read8(ordered[i], FIELD_DEPRECATED)) *slot = (slot_type){.kind = IGNORED};", "")
    ),
    "no field is nested": change("load_types.c", ('"nested_flatbuffer")) continue;', '"nested")) continue;')),
    "no field is required": change(
        "load_types.c", ("slot->required = read8(field, FIELD_REQUIRED) && !base_size(base);", "")
    ),
    "any id is one of the fields": change("load_types.c", ("id >= count || ordered[id] || ", "id >= count || ")),
    "any index is one of an object": change(
        "load.h", ("index < 0 || (uint32_t)index >= loading->schema->object_count", "index < -1")
    ),
    "any index is one of a union": change(
        "load_types.c",
        (
            "index >= 0 && (uint32_t)index < loading->schema->union_count &&\n"
            "      read8(element_of(loading->enums, (uint32_t)index), ENUM_IS_UNION)",
            "index < 1000",
        ),
    ),
    "any slot may be before a union": change(
        "load_types.c", ("  if (before && read8(before", "  if (!before || read8(before")
    ),
    "a struct may contain itself": change(
        "load_types.c",
        ("if (depths[its] == INSIDE_ITSELF) return", "if (depths[its] == INSIDE_ITSELF) continue;\n    if (0) return"),
    ),
    "structs may be nested as deep as can be": change(
        "load_types.c", ("if (!depths[its] || depths[its] >= DEEPEST_STRUCT)", "if (0)")
    ),
    "a field may end outside its struct": change("load_types.c", ("offset + size > outer->size", "0")),
    "a field of a struct need not be aligned": change("load_types.c", ("align > outer->align || offset % align", "0")),
    "a struct may have any size": change("load_types.c", ("size < 1 || size % align", "0")),
    "a union may have any order": change("load_types.c", ("i && member[-1].value >= member->value", "0")),
    "names may have any order": change("load.c", ("before && compare_names(*before, *name) >= 0", "0")),
    "the schema is not verified": change(
        "load.c",
        ("!omni_verify(&reflection, REFLECTION_SCHEMA, schema->copy, size, NULL, 0, DEEPEST_SCHEMA, MOST_TABLES)", "0"),
    ),
}
