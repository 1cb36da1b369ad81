"""Binary schemas: loading, refusing, and the table of a class."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import fast_impl
from conformance.checks.sample import SCHEMA
from fast_impl.flatbuffers import Schema, SchemaError, UnknownTableError, registry, verify
from tests.fast_impl.flatbuffers.buffers import chain
from tests.fast_impl.flatbuffers.schemas import CONFLICTING, INCONSISTENT, path, structs

pytestmark = pytest.mark.usefixtures("nothing_loaded")


def test_a_schema_is_loaded_from_a_path_or_from_bytes(implementation: Any) -> None:
    """With its tables, root and file identifier."""
    schema_type, _ = implementation
    file = path("telemetry")
    for source in (file, str(file), file.read_bytes(), bytearray(file.read_bytes()), memoryview(file.read_bytes())):
        schema = schema_type.load(source)
        assert schema.tables == tuple(
            f"judged.telemetry.{name}" for name in ("Batch", "Fault", "Heartbeat", "KeyText", "Message")
        )
        assert (schema.root, schema.file_identifier) == ("judged.telemetry.Message", b"TLMY")
    assert schema_type.load(path("creature")).file_identifier is None


def test_the_package_exports_it() -> None:
    """Schema and its exceptions."""
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
        (
            INCONSISTENT["an index of no union"],
            r"judged\.features\.Everything\.any: index 99 is not one of a union",
        ),
        (INCONSISTENT["a 64-bit offset"], r"T\.far: a 64-bit offset, which is not supported"),
        (INCONSISTENT["an alignment of 0"], r"judged\.features\.Wide: alignment 0 is not a power of two up to 256"),
    ],
    ids=["nothing", "text", "truncated", "truncated more", "a union", "64 bits", "an alignment"],
)
def test_an_invalid_schema_is_refused_with_a_reason(data: bytes, why: str) -> None:
    """A SchemaError that names the faulty part."""
    with pytest.raises(SchemaError, match=why):
        Schema.load(data)


def test_every_truncation_is_refused() -> None:
    """And nothing of it is registered."""
    whole = path("telemetry").read_bytes()
    for size in range(len(whole) - 8):
        with pytest.raises(SchemaError):
            Schema.load(whole[:size])
    assert registry._by_name == {}


def test_unreadable_sources(tmp_path: Path) -> None:
    """OSError for a missing file, TypeError for other objects, and the path in the message for a malformed file."""
    with pytest.raises(FileNotFoundError):
        Schema.load(tmp_path / "none.bfbs")
    with pytest.raises(TypeError, match="bytes-like"):
        Schema.load(None)
    (tmp_path / "bad.bfbs").write_bytes(b"bad")
    with pytest.raises(SchemaError, match=r"bad\.bfbs"):
        Schema.load(tmp_path / "bad.bfbs")


def test_a_schema_verifies_by_table_name() -> None:
    """Without a name, the root."""
    schema = Schema.load(path("telemetry"), register=False)
    assert not schema.verify(chain(1), "judged.telemetry.Heartbeat", file_identifier="TLMY")
    assert schema.verify(chain(1), "judged.telemetry.Heartbeat")
    assert not schema.verify(chain(1))  # a Message requires its body
    with pytest.raises(SchemaError, match=r"has no table 'Heartbeat'; it has judged\.telemetry\.Batch"):
        schema.verify(chain(1), "Heartbeat")


def test_structs_are_nested_at_most_sixty_four_deep(implementation: Any) -> None:
    """Deeper ones are refused without exhausting the stack."""
    schema_type, _ = implementation
    assert schema_type.load(structs(64)).tables == ()
    for depth in (65, 500):
        with pytest.raises(SchemaError):
            schema_type.load(structs(depth))


def generated(module: str, name: str) -> type:
    """A class like one that flatc generates, in that module."""
    return type(name, (), {"__module__": module})


@pytest.mark.parametrize(
    "module",
    ["judged.tree.Node", "app.generated.judged.tree.Node", "tree_generated", "anything.at.all"],
    ids=["as generated", "moved into a package", "one file", "hand-written"],
)
def test_a_class_is_found_by_its_name(implementation: Any, module: str) -> None:
    """If its module identifies the table, or only one table has the name."""
    schema_type, verify = implementation
    schema_type.load(path("tree"))
    assert verify(chain(3), generated(module, "Node"))
    assert not verify(chain(3)[:20], generated(module, "Node"))


@pytest.mark.parametrize(
    ("module", "name"),
    [("judged.tree.Leaf", "Leaf"), ("tree.Node", "Node"), ("other.judged.Node", "Node"), ("app.Creature", "Creature")],
    ids=["another table", "half a namespace", "another namespace", "no namespace, in a package"],
)
def test_an_unknown_class(implementation: Any, module: str, name: str) -> None:
    """UnknownTableError, which says how to load the schema."""
    schema_type, verify = implementation
    schema_type.load(path("tree"))
    schema_type.load(path("creature"))
    with pytest.raises(UnknownTableError, match="load"):
        verify(chain(1), generated(module, name))


def test_the_error_names_the_command_and_the_loaded_tables() -> None:
    """With flatc's options."""
    with pytest.raises(UnknownTableError, match=r"flatc --schema -b --bfbs-builtins.*Schema\.load.*None is loaded"):
        verify(b"", generated("My.Monster", "Monster"))
    Schema.load(SCHEMA)
    with pytest.raises(UnknownTableError, match=r"Loaded are sampling\.Sample; .*schema\.add\(T, name\)"):
        verify(b"", generated("My.Monster", "Monster"))


def test_an_ambiguous_class(implementation: Any) -> None:
    """UnknownTableError, also if a later schema makes it ambiguous; `add` resolves it."""
    schema_type, verify = implementation
    schema = schema_type.load(path("tree"))
    one = generated("all_generated", "Node")
    assert verify(chain(1), one)
    schema_type.load(path("tree").read_bytes().replace(b"judged.tree.Node", b"judged.tref.Node"))
    with pytest.raises(UnknownTableError, match=r"judged\.tree\.Node.*judged\.tref\.Node"):
        verify(chain(1), one)
    schema.add(one, "judged.tree.Node")
    assert verify(chain(1), one)


@pytest.mark.parametrize("what", CONFLICTING)
def test_a_conflicting_schema_is_refused(implementation: Any, what: str) -> None:
    """The same definition may be loaded again, another one of the same name may not."""
    schema_type, _ = implementation
    for source in (path("features"), path("features").read_bytes()):
        schema_type.load(source)
    with pytest.raises(SchemaError, match=r"judged\.features\."):
        schema_type.load(CONFLICTING[what])
    schema_type.load(path("features"))


def test_schemas_can_be_kept_apart(implementation: Any) -> None:
    """With register=False only classes given to `add` find them."""
    schema_type, verify = implementation
    node = generated("judged.tree.Node", "Node")
    schema_type.load(path("features"))
    apart = schema_type.load(path("tree"), register=False)
    schema_type.load(CONFLICTING["a larger struct"], register=False)
    with pytest.raises(UnknownTableError):
        verify(chain(1), node)
    apart.add(node, "judged.tree.Node")
    assert verify(chain(1), node)


def test_a_struct_is_no_root(implementation: Any) -> None:
    """By class or by name."""
    schema_type, verify = implementation
    schema = schema_type.load(path("features"))
    with pytest.raises(UnknownTableError, match="struct"):
        verify(b"", generated("judged.features.Wide", "Wide"))
    with pytest.raises(SchemaError):
        schema.add(generated("m", "Wide"), "judged.features.Wide")
    with pytest.raises(SchemaError):
        schema.add(generated("m", "Wide"), "judged.features.None")


def test_a_value_that_is_no_class(implementation: Any) -> None:
    """TypeError."""
    _, verify = implementation
    for wrong in ("judged.tree.Node", object(), None):
        with pytest.raises(TypeError, match="class"):
            verify(b"", wrong)


def test_many_threads_may_load_and_verify() -> None:
    """All find the same table."""
    node, failed = generated("judged.tree.Node", "Node"), []

    def work() -> None:
        try:
            for name in ("tree", "features", "creature") * 20:
                Schema.load(path("tree"))
                Schema.load(path(name))
                assert verify(chain(1), node)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert failed == [] and not any(thread.is_alive() for thread in threads)
