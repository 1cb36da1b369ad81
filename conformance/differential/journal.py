"""The operations of the program under way, in a file that survives the process which ran them."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from conformance.differential.program import Operation

SIZE = 1 << 20
"""Bytes: more than any program of the suite takes. What does not fit is left out, and the end with it."""

_HEAD = struct.Struct("<QB")  # where the text ends; whether the last operation is done and looked at
_map: mmap.mmap | None = None
_end = _HEAD.size


def create(path: Path) -> None:
    """An empty journal."""
    path.write_bytes(bytes(SIZE))


def keep(path: Path) -> None:
    """From now on, note this process's operations in the journal at `path`."""
    global _map
    with path.open("r+b") as file:
        _map = mmap.mmap(file.fileno(), SIZE)
    restart()


def restart() -> None:
    """A new program begins."""
    global _end
    if _map is not None:
        _end = _HEAD.size
        _HEAD.pack_into(_map, 0, _end, False)


def note(operation: Operation) -> None:
    """The operation is about to run."""
    global _end
    if _map is None:
        return
    line = operation.render().encode("utf-8", "backslashreplace") + b"\n"
    if _end + len(line) <= SIZE:
        _map[_end : _end + len(line)] = line
        _end += len(line)
        _HEAD.pack_into(_map, 0, _end, False)


def looking() -> None:
    """The operation is done; now everything that can be observed is asked for."""
    if _map is not None:
        _HEAD.pack_into(_map, 0, _end, True)


def read(path: Path) -> tuple[list[str], bool]:
    """The operations of the last program in the journal, each as Python, and whether the last one is done."""
    content = path.read_bytes()
    end, done = _HEAD.unpack_from(content)
    return content[_HEAD.size : end].decode().splitlines(), bool(done)
