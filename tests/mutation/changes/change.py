"""A change of the core that a client must find."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from conformance.exploration.clients.client import sources

RACE, ASLEEP, UNEXPLAINED = "data race", "lost wakeup", "outcomes that no order explains"


class Change(NamedTuple):
    """edits: texts in a file, and what stands there instead. shown_by: the client that shows it, and as what kind."""

    file: str
    shown_by: str
    kind: str
    edits: tuple[tuple[str, str], ...]

    def made(self, folder: Path) -> Path:
        """A copy of the core's sources in `folder`, changed so."""
        core = folder / "core"
        shutil.copytree(sources(), core)
        for text, instead in self.edits:
            source = (core / self.file).read_text()
            assert source.count(text) == 1, f"{text!r} is not once in {self.file}"
            (core / self.file).write_text(source.replace(text, instead))
        return core


def change(file: str, shown_by: str, kind: str, *edits: tuple[str, str]) -> Change:
    """One or more edits of a file."""
    return Change(file, shown_by, kind, edits)
