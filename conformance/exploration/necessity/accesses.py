"""The core's atomic accesses, fences and wakes, as they stand in its source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CALL = re.compile(r"\b(platform_(?:load|store|exchange|add|or|and|compare_exchange|fence_light|fence_heavy|wake)|eventcount_wake)\(")
_FUNCTION = re.compile(r"^(?:#define |[a-z].*?)(\w+)\([^;]*(?:\{| \\)$", re.MULTILINE)
_PLATFORM = "platform"
"""The platform is what the explorer replaces; it has no protocol of its own."""


class Access(NamedTuple):
    """One of them: text[start:end] of a file, in a function. `times`: which of several alike in it, from 1."""

    file: str
    function: str
    text: str
    times: int
    start: int

    @property
    def key(self) -> str:
        """Names it as long as its function and its text stay the same."""
        again = f" ({self.times})" if self.times > 1 else ""
        return f"{self.file} {self.function}: {self.text}{again}"

    @property
    def operation(self) -> str:
        """load, store, exchange, add, or, and, compare_exchange, fence or wake."""
        name = self.text[: self.text.index("(")]
        return "wake" if "wake" in name else "fence" if "fence" in name else name.removeprefix("platform_")

    @property
    def order(self) -> str:
        """Its memory order; "" for a wake, and for a fence, whose strength is the platform's."""
        return "" if self.operation in ("wake", "fence") else self.text[:-1].rsplit(",", 1)[1].strip()


def accesses(core: Path) -> list[Access]:
    """All of them, in the order of files and lines."""
    files = [path for path in sorted(core.iterdir()) if path.suffix in (".c", ".h") and path.stem != _PLATFORM]
    return [access for path in files for access in _of(path.name, path.read_text())]


def _of(file: str, source: str) -> Iterator[Access]:
    functions = [(match.start(), match.group(1)) for match in _FUNCTION.finditer(source)]
    comments = [match.span() for match in re.finditer(r"/\*.*?\*/", source, re.DOTALL)]
    met: Counter[tuple[str, str]] = Counter()
    for call in _CALL.finditer(source):
        at = call.start()
        if any(start <= at < end for start, end in comments):
            continue
        function = next(name for start, name in reversed(functions) if start <= at)
        if function == call.group(1):
            continue  # its definition
        text = " ".join(source[at : _closing(source, call.end())].split())
        met[function, text] += 1
        yield Access(file, function, text, met[function, text], at)


def _closing(source: str, at: int) -> int:
    """Behind the parenthesis that closes the one before `at`."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(source[at], 0)
        at += 1
    return at


def end_of(access: Access, source: str) -> int:
    """Where in its file it ends."""
    return _closing(source, source.index("(", access.start) + 1)
