"""Binary schemas: what is loaded, and what is refused and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fast_impl
from fast_impl.flatbuffers import Schema, SchemaError, UnknownTableError, registry
from tests.fast_impl.flatbuffers.corners import chain
from tests.fast_impl.flatbuffers.schemas import path
from tests.fast_impl.flatbuffers.strange_schemas import STRANGE
from tests.fast_impl.flatbuffers.structs_in_structs import structs

pytestmark = pytest.mark.usefixtures("nothing_loaded")


def test_a_schema_is_loaded_from_a_path_or_from_bytes(implementation: Any) -> None:
    """And tells its tables, its root and its identifier."""
    schema_type, _ = implementation
    file = path("telemetry")
    for source in (file, str(file), file.read_bytes(), bytearray(file.read_bytes()), memoryview(file.read_bytes())):
        schema = schema_type.load(source)
        assert schema.tables == tuple(
            f"judged.telemetry.{name}" for name in ("Batch", "Fault", "Heartbeat", "KeyText", "Message")
        )
        assert (schema.root, schema.file_identifier) == ("judged.telemetry.Message", b"TLMY")
    assert schema_type.load(path("creature")).file_identifier is None


def test_the_package_has_it() -> None:
    """Where the reference's users look."""
    assert fast_impl.Schema is Schema
    assert issubclass(SchemaError, ValueError) and issubclass(UnknownTableError, LookupError)
    assert {SchemaError, UnknownTableError} <= {fast_impl.SchemaError, fast_impl.UnknownTableError}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no identifier BFBS"),
        (b"table Monster { name:string; }", "no identifier BFBS"),
        (path("tree").read_bytes()[:-20], "damaged"),
        (path("tree").read_bytes()[:40], "damaged"),
        (STRANGE["a union that there is not"], r"judged\.features\.Everything\.any: index 99 is not one of a union"),
        (STRANGE["an alignment of 0"], r"judged\.features\.Wide: alignment 0 is not a power of two up to 256"),
    ],
    ids=["nothing", "text", "truncated", "truncated more", "a union", "an alignment"],
)
def test_what_is_no_schema_is_refused_with_the_reason(data: bytes, why: str) -> None:
    """A ValueError that names the place."""
    with pytest.raises(SchemaError, match=why):
        Schema.load(data)


def test_every_truncation_is_refused() -> None:
    """And nothing of it is known afterwards."""
    whole = path("telemetry").read_bytes()
    for size in range(len(whole) - 8):
        with pytest.raises(SchemaError):
            Schema.load(whole[:size])
    assert registry._by_name == {}


def test_what_is_not_there_or_not_bytes_is_told(tmp_path: Path) -> None:
    """OSError for a path, TypeError for anything else, and the path in what is said of a malformed one."""
    with pytest.raises(FileNotFoundError):
        Schema.load(tmp_path / "none.bfbs")
    with pytest.raises(TypeError, match="bytes-like"):
        Schema.load(None)
    (tmp_path / "bad.bfbs").write_bytes(b"bad")
    with pytest.raises(SchemaError, match=r"bad\.bfbs"):
        Schema.load(tmp_path / "bad.bfbs")


def test_a_schema_verifies_by_name_without_any_class() -> None:
    """Its root without a name."""
    schema = Schema.load(path("telemetry"), register=False)
    assert not schema.verify(chain(1), "judged.telemetry.Heartbeat", file_identifier="TLMY")
    assert schema.verify(chain(1), "judged.telemetry.Heartbeat")
    assert not schema.verify(chain(1))  # a Message requires its body
    with pytest.raises(SchemaError, match=r"has no table 'Heartbeat'; it has judged\.telemetry\.Batch"):
        schema.verify(chain(1), "Heartbeat")


def test_structs_are_nested_sixty_four_deep(implementation: Any) -> None:
    """And no deeper, nor so deep that loading one runs out of stack."""
    schema_type, _ = implementation
    assert schema_type.load(structs(64)).tables == ()
    for depth in (65, 500):
        with pytest.raises(SchemaError):
            schema_type.load(structs(depth))
