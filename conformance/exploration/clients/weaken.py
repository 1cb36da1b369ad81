"""The core's atomic accesses, fences and wakes as they stand in its source, and copies with one of them weakened."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CALL = re.compile(
    r"\b(platform_(?:load|store|exchange|add|or|and|compare_exchange|fence_full|fence_light|fence_heavy|wake)|eventcount_wake)\("
)
_FUNCTION = re.compile(r"^(?:#define |[a-z_].*?)\b(?!__attribute__)(\w+)\([^;]*(?:\{| \\)$", re.MULTILINE)
_READING = {"seq_cst": ("acquire",), "acquire": ("relaxed",), "relaxed": ("nonatomic",)}
_WRITING = {"seq_cst": ("release",), "release": ("relaxed",), "relaxed": ("nonatomic",)}
_BOTH = {
    "seq_cst": ("acq_rel",),
    "acq_rel": ("acquire", "release"),
    "acquire": ("relaxed",),
    "release": ("relaxed",),
    "relaxed": ("nonatomic",),
}
WITHOUT = "left out"
ACQ_REL = "acq_rel"
_PLATFORM = "platform"
"""The platform is what the explorer replaces; it has no protocol of its own."""


class Access(NamedTuple):
    """One of them, in a function of a file. times: which of several alike in it, from 1. start: offset in the file."""

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


def functions(source: str) -> list[tuple[int, str]]:
    """Where each function of a file begins, and its name."""
    return [(match.start(), match.group(1)) for match in _FUNCTION.finditer(source)]


def _of(file: str, source: str) -> Iterator[Access]:
    begun = functions(source)
    comments = [match.span() for match in re.finditer(r"/\*.*?\*/", source, re.DOTALL)]
    met: Counter[tuple[str, str]] = Counter()
    for call in _CALL.finditer(source):
        at = call.start()
        if any(start <= at < end for start, end in comments):
            continue
        function = next(name for start, name in reversed(begun) if start <= at)
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


class Weakening(NamedTuple):
    """An access, and its weaker form: an order, or WITHOUT."""

    access: Access
    weaker: str

    @property
    def key(self) -> str:
        """Names it as its access is named."""
        return f"{self.access.key} -> {self.weaker}"


def weakenings(access: Access) -> list[Weakening]:
    """The steps down from what it is: one, or two where neither half of acq_rel is weaker than the other."""
    if access.operation == "wake":
        return [Weakening(access, WITHOUT)]
    if access.operation == "fence":
        return [Weakening(access, ACQ_REL)]
    steps = {"load": _READING, "store": _WRITING}.get(access.operation, _BOTH)
    return [Weakening(access, order) for order in steps[access.order]]


def every_weakening(core: Path) -> list[Weakening]:
    """Of all accesses of a core: the rows of docs/necessity.md, in its order."""
    return [weakening for access in accesses(core) for weakening in weakenings(access)]


def _end(access: Access, source: str) -> int:
    """The offset in its file at which the access ends."""
    return _closing(source, source.index("(", access.start) + 1)


def weakened(core: Path, weakening: Weakening, folder: Path) -> Path:
    """A copy of the core in `folder` with that access weakened, to be explored."""
    copy = folder / "core"
    shutil.copytree(core, copy)
    file = copy / weakening.access.file
    source = file.read_text()
    start, end = weakening.access.start, _end(weakening.access, source)
    file.write_text(source[:start] + weakened_text(weakening, source[start:end]) + source[end:])
    return copy


def weakened_text(weakening: Weakening, text: str) -> str:
    """The access, which stands so in the source, in its weaker form."""
    if weakening.weaker == WITHOUT:
        return "(void)0"
    if weakening.access.operation == "fence":
        return "atomic_thread_fence(memory_order_acq_rel)"
    before, order = text[:-1].rsplit(",", 1)
    return f"{before},{order.replace(weakening.access.order, weakening.weaker)})"


SWITCH = "core_weakening"
"""The variable of a switched core: the number of the weakening that is in force, from 1; 0 for none."""


def switched(core: Path, folder: Path) -> Path:
    """A copy of the core in `folder` with every weakening in it, of which SWITCH chooses one as it runs.

    It is compiled once, and its lines are those of the core. A wake that is left out is a step of its executions too: a
    nonatomic fence, which orders nothing.
    """
    copy, numbers, orders = folder / "core", dict[Access, list[tuple[int, str]]](), list[str]()
    shutil.copytree(core, copy)
    for number, weakening in enumerate(every_weakening(core), 1):
        numbers.setdefault(weakening.access, []).append((number, weakening.weaker))
    for access in sorted(numbers, key=lambda each: -each.start):  # so that what is before it stays where it is
        file = copy / access.file
        source = file.read_text()
        end = _end(access, source)
        text = source[access.start : end]
        if access.operation in ("wake", "fence"):
            ((number, weaker),) = numbers[access]
            order, called = ("nonatomic", access.text) if weaker == WITHOUT else (weaker, "")
            other = f'wm_fence(wm_{order}, WM_SITE("{called}"))'
            text = f"({SWITCH} == {number} ? {other} : {text})"
        else:
            before, order = text[:-1].rsplit(",", 1)
            text = f"{before},{order.replace(access.order, f'switched_{len(orders)}')})"
            chosen = "".join(f"{SWITCH} == {number} ? wm_{weaker} : " for number, weaker in numbers[access])
            orders.append(f"#define wm_switched_{len(orders)} ({chosen}wm_{access.order})\n")
        file.write_text(source[: access.start] + text + source[end:])
    (copy / "switched.h").write_text(f"extern int {SWITCH};\n{''.join(orders)}")
    (copy / "switched.c").write_text(f"int {SWITCH};\n")
    for name in {access.file for access in numbers}:
        (copy / name).write_text(f'#include "switched.h"\n#line 1\n{(copy / name).read_text()}')
    return copy
