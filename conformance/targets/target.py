"""The adapter: a target as every check sees it, whatever it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """An implementation under judgement.

    name: as the user gave it. omni: its public names (API.md's), as attributes.
    provides: of FEATURES, what it has. preamble: Python that makes `omni`, for reproductions.
    lacks: the other features, and who says so.
    """

    name: str
    omni: Any
    provides: frozenset[str]
    preamble: str
    lacks: Mapping[str, str] = field(default_factory=dict)
