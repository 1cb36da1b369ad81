"""`verify(data, T)`, and the registry of the tables of all loaded schemas, in which it finds the table of a class."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from threading import Lock
from weakref import WeakKeyDictionary

from fast_impl.flatbuffers.table import MAX_DEPTH, MAX_TABLES, Table
from spec_model.errors import SchemaError, UnknownTableError
from spec_model.vocabulary import Buffer

_lock = Lock()
_by_name: dict[str, Table] = {}
_added: WeakKeyDictionary[type, Table] = WeakKeyDictionary()
"""By `Schema.add`."""
_found: WeakKeyDictionary[type, Table] = WeakKeyDictionary()
"""A cache of look-ups by name, cleared when a schema is loaded, which may have a table of the same name."""


def register(objects: Iterable[Table]) -> None:
    """Register tables and structs by their full names; all or none.

    The first of several equal definitions is kept. SchemaError for one that differs from the registered one.
    """
    new = {one.name: one for one in objects}
    with _lock:
        for name, one in new.items():
            known = _by_name.get(name)
            if known is not None and not known.same(one):
                raise SchemaError(
                    f"{one.source} defines {name} differently from {known.source}, which was loaded before; "
                    "Schema.load(..., register=False).add(T, name) keeps the two apart"
                )
        _by_name.update({name: one for name, one in new.items() if name not in _by_name})
        _found.clear()


def add(T: type, table: Table) -> None:
    """Register `table` as the one that `T` reads, whatever its name."""
    if not isinstance(T, type):
        raise TypeError(f"T must be a class, not {T!r}")
    with _lock:
        _added[T] = table


def table_of(T: type) -> Table:
    """The table that `T` reads. UnknownTableError if no loaded schema has it, or it is ambiguous."""
    try:
        found = _added.get(T) or _found.get(T)
    except TypeError:
        found = None
    return found or _look_up(T)


def verify(
    data: Buffer,
    T: type,
    *,
    size_prefixed: bool = False,
    file_identifier: bytes | str | None = None,
    max_depth: int = MAX_DEPTH,
    max_tables: int = MAX_TABLES,
) -> bool:
    """Whether `data` is a well-formed buffer whose root is the table that `T` reads [FLB-4].

    The verdict is that of `T::Verify` of C++: bounds, alignment within the buffer, vtables, required fields, strings,
    vectors, unions and nested buffers. A schema with the table must have been loaded (`Schema.load`).

    data: any C-contiguous bytes-like object; it must not change during the call.
    size_prefixed: whether the buffer begins with its size, as written by `FinishSizePrefixed`.
    file_identifier: the four bytes required at bytes 4 to 8 of the buffer; None for no check.
    max_depth: levels of nested tables, 1 to 10,000. max_tables: number of tables, 1 to 2**32 - 1, counted once per
    reference. Both include nested buffers.

    Raises UnknownTableError if no loaded schema has the table, or it is ambiguous.
    """
    return table_of(T).verify(data, size_prefixed, file_identifier, max_depth, max_tables)


def _look_up(T: type) -> Table:
    if not isinstance(T, type):
        raise TypeError(f"T must be a class that flatc generated, not {T!r}")
    with _lock:
        names = _matching(T.__module__, T.__name__, _by_name)
        if len(names) > 1:
            raise UnknownTableError(
                f"{T.__module__}.{T.__qualname__} may read any of {', '.join(sorted(names))}; "
                "choose one: schema.add(T, name)"
            )
        if not names:
            raise UnknownTableError(
                f"no schema with the table of {T.__module__}.{T.__qualname__} is loaded: make it with "
                "`flatc --schema -b --bfbs-builtins <file>.fbs` and load it with Schema.load('<file>.bfbs'). "
                f"{_known()}"
            )
        found = _by_name[names[0]]
        if not found.is_table:
            raise UnknownTableError(f"{found.name} is a struct; only a table can be the root of a buffer")
        _found[T] = found
        return found


def _matching(module: str, name: str, tables: Collection[str]) -> list[str]:
    """Those of the `tables` that the class `name` of `module` may read.

    flatc makes a module for each table, whose path is the table's full name. Where the code was moved into a package,
    the path ends with that; a table without a namespace is not searched there, since any of that name could be
    meant. With `--gen-onefile` the module says nothing, and only the name is left.
    """
    if module.rpartition(".")[2] != name:
        return [table for table in tables if table.rpartition(".")[2] == name]
    if module in tables:
        return [module]
    return [table for table in tables if "." in table and module.endswith("." + table)]


def _known() -> str:
    names = sorted(_by_name)
    if not names:
        return "None is loaded."
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"Loaded are {', '.join(names[:8])}{more}; if one of these is meant, register it: schema.add(T, name)."
