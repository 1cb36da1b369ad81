"""The schema of binary schemas: reflection.fbs, as flatc 25 has it. Older ones wrote fewer of its fields."""

from __future__ import annotations

from spec_model.flatbuffers.definitions import Definitions, Inline, Slot, TableOf, Text, Vector

BYTE, SHORT, INT, LONG = Inline(1, 1), Inline(2, 2), Inline(4, 4), Inline(8, 8)
TEXT, TEXTS = Text(), Vector(Text())


def _slots(**types: Inline | Text | TableOf | Vector | None) -> tuple[Slot, ...]:
    """Names that end in `_` are required."""
    return tuple(Slot(name.rstrip("_"), type_, name.endswith("_")) for name, type_ in types.items())


def _many(name: str) -> Vector:
    return Vector(TableOf(name))


_ATTRIBUTES = _many("KeyValue")

REFLECTION = Definitions(
    tables={
        "Type": _slots(base_type=BYTE, element=BYTE, index=INT, fixed_length=SHORT, base_size=INT, element_size=INT),
        "KeyValue": _slots(key_=TEXT, value=TEXT),
        "EnumVal": _slots(
            name_=TEXT, value=LONG, object=None, union_type=TableOf("Type"), documentation=TEXTS, attributes=_ATTRIBUTES
        ),
        "Enum": _slots(
            name_=TEXT, values_=_many("EnumVal"), is_union=BYTE, underlying_type_=TableOf("Type"),
            attributes=_ATTRIBUTES, documentation=TEXTS, declaration_file=TEXT,
        ),
        "Field": _slots(
            name_=TEXT, type_=TableOf("Type"), id=SHORT, offset=SHORT, default_integer=LONG, default_real=LONG,
            deprecated=BYTE, required=BYTE, key=BYTE, attributes=_ATTRIBUTES, documentation=TEXTS, optional=BYTE,
            padding=SHORT, offset64=BYTE,
        ),
        "Object": _slots(
            name_=TEXT, fields_=_many("Field"), is_struct=BYTE, minalign=INT, bytesize=INT, attributes=_ATTRIBUTES,
            documentation=TEXTS, declaration_file=TEXT,
        ),
        "RPCCall": _slots(
            name_=TEXT, request_=TableOf("Object"), response_=TableOf("Object"), attributes=_ATTRIBUTES,
            documentation=TEXTS,
        ),
        "Service": _slots(
            name_=TEXT, calls=_many("RPCCall"), attributes=_ATTRIBUTES, documentation=TEXTS, declaration_file=TEXT
        ),
        "Schema": _slots(
            objects_=_many("Object"), enums_=_many("Enum"), file_ident=TEXT, file_ext=TEXT,
            root_table=TableOf("Object"), services=_many("Service"), advanced_features=LONG,
            fbs_files=_many("SchemaFile"),
        ),
        "SchemaFile": _slots(filename_=TEXT, included_filenames=TEXTS),
    },
    structs={},
    unions={},
    root="Schema",
    file_identifier=b"BFBS",
)  # fmt: skip
