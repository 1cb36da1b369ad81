"""One step weaker: what could stand in place of an access, a fence or a wake."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from conformance.exploration.necessity.accesses import Access, end_of

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


class Change(NamedTuple):
    """An access, and what it is made: an order, or WITHOUT."""

    access: Access
    weaker: str

    @property
    def key(self) -> str:
        """Names it as its access is named."""
        return f"{self.access.key} -> {self.weaker}"


def changes(access: Access) -> list[Change]:
    """The steps down from what it is: one, or two where neither half of acq_rel is weaker than the other."""
    if access.operation == "wake":
        return [Change(access, WITHOUT)]
    if access.operation == "fence":
        return [Change(access, ACQ_REL)]
    steps = {"load": _READING, "store": _WRITING}.get(access.operation, _BOTH)
    return [Change(access, order) for order in steps[access.order]]


def changed(core: Path, change: Change, folder: Path) -> Path:
    """A copy of the core in `folder` with that change, to be explored."""
    copy = folder / "core"
    shutil.copytree(core, copy)
    file = copy / change.access.file
    source = file.read_text()
    start, end = change.access.start, end_of(change.access, source)
    file.write_text(source[:start] + _instead(change, source[start:end]) + source[end:])
    return copy


def _instead(change: Change, text: str) -> str:
    if change.weaker == WITHOUT:
        return "(void)0"
    if change.access.operation == "fence":
        return "atomic_thread_fence(memory_order_acq_rel)"
    before, order = text[:-1].rsplit(",", 1)
    return f"{before},{order.replace(change.access.order, change.weaker)})"
