"""Which table a class reads: the tables of all loaded schemas, for the life of the process."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from weakref import WeakKeyDictionary

from fast_impl.flatbuffers.library import lib
from fast_impl.flatbuffers.table import Table
from spec_model.errors import SchemaError, UnknownTableError
from spec_model.flatbuffers.schema import matching

_lock = Lock()
_by_name: dict[str, Table] = {}
_said: WeakKeyDictionary[type, Table] = WeakKeyDictionary()
_found: WeakKeyDictionary[type, Table] = WeakKeyDictionary()
"""What was found by name, until another schema is loaded: it may have a table of the same name."""


def register(objects: Iterable[Table]) -> None:
    """Make tables, and structs, known by their full names; all or none.

    The first of those that are the same is kept. Raises SchemaError for one that is not the same.
    """
    new = {one.name: one for one in objects}
    with _lock:
        for name, one in new.items():
            known = _by_name.get(name)
            if known is not None and not known.same(one):
                raise SchemaError(
                    f"{one.source} defines {name} otherwise than {known.source}, which was loaded before; "
                    "Schema.load(..., register=False).add(T, name) keeps the two apart"
                )
        _by_name.update({name: one for name, one in new.items() if name not in _by_name})
        _found.clear()


def add(T: type, table: Table) -> None:
    """`T` reads `table`, whatever its name."""
    if not isinstance(T, type):
        raise TypeError(f"T must be a class, not {T!r}")
    with _lock:
        _said[T] = table


def table_of(T: type) -> Table:
    """The table that `T` reads. Raises UnknownTableError where no loaded schema has it, or several may."""
    try:
        found = _said.get(T) or _found.get(T)
    except TypeError:
        found = None
    return found or _look_up(T)


def _look_up(T: type) -> Table:
    if not isinstance(T, type):
        raise TypeError(f"T must be a class that flatc generated, not {T!r}")
    with _lock:
        names = matching(T.__module__, T.__name__, _by_name)
        if len(names) > 1:
            raise UnknownTableError(
                f"{T.__module__}.{T.__qualname__} may read any of {', '.join(sorted(names))}; "
                "say which: schema.add(T, name)"
            )
        if not names:
            raise UnknownTableError(
                f"no schema with the table of {T.__module__}.{T.__qualname__} is loaded: make it with "
                "`flatc --schema -b --bfbs-builtins <file>.fbs` and load it with Schema.load('<file>.bfbs'). "
                f"{_known()}"
            )
        found = _by_name[names[0]]
        if not lib.omni_schema_is_table(found.pointer, found.number):
            raise UnknownTableError(f"{found.name} is a struct; only a table can be the root of a buffer")
        _found[T] = found
        return found


def _known() -> str:
    names = sorted(_by_name)
    if not names:
        return "None is loaded."
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"Loaded are {', '.join(names[:8])}{more}; if one of these is meant, say so: schema.add(T, name)."
