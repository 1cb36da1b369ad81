"""What a deliberately wrong implementation is: one text of a file, and what stands there instead."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """id: stable. rules: those it breaks. file: within the sources. text: occurs exactly once there."""

    id: str
    rules: tuple[str, ...]
    file: str
    text: str
    instead: str
