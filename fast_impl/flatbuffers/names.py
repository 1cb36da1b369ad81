"""From a class that flatc generated to the full name of its table."""

from __future__ import annotations

from collections.abc import Collection


def matching(module: str, name: str, tables: Collection[str]) -> list[str]:
    """Those of the `tables` that the class `name` of `module` may read.

    flatc makes a module for each table, whose path is the table's full name. Where the code was moved into a package,
    the path ends with that; a table without a namespace is not looked for there, since any of that name could be
    meant. With `--gen-onefile` the module tells nothing, and only the name is left.
    """
    if module.rpartition(".")[2] != name:
        return [table for table in tables if table.rpartition(".")[2] == name]
    if module in tables:
        return [module]
    return [table for table in tables if "." in table and module.endswith("." + table)]
