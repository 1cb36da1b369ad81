"""The adapter: a target as every check sees it, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """An implementation under judgement.

    name: as the user gave it. omni: its public names (API.md's), as attributes.
    provides: of FEATURES, what it has. preamble: Python that makes `omni`, for reproductions.
    make_full: a broker and a full channel of capacity 8 and size 64, where the target makes its own.
    """

    name: str
    omni: Any
    provides: frozenset[str]
    preamble: str
    make_full: Callable[[], Any] | None = None
