"""The shortest program, as far as leaving things out leads, that still breaks the same rule."""

from __future__ import annotations

import time
from typing import Any

from conformance.differential.lockstep import Divergence, diverges
from conformance.differential.program import Program

SECONDS = 20.0
"""After which the shortest so far is good enough."""


def shorten(divergence: Divergence, target: Any) -> Divergence:
    """Leave out operations, in ever smaller runs, for as long as the same rule is broken."""
    until = time.monotonic() + SECONDS
    best = _again(divergence, divergence.program, target) or divergence
    size = max(1, len(best.program.operations) // 2)
    while size:
        start, shrunk = 0, False
        while start < len(best.program.operations) and time.monotonic() < until:
            operations = best.program.operations
            shorter = _again(divergence, Program(operations[:start] + operations[start + size :]), target)
            if shorter is not None and len(shorter.program.operations) < len(operations):
                best, shrunk = shorter, True
            else:
                start += size
        if not shrunk or size > 1 or time.monotonic() >= until:
            size //= 2
    return best


def _again(divergence: Divergence, program: Program, target: Any) -> Divergence | None:
    found = diverges(program, target)
    return found if found is not None and found.rule == divergence.rule else None
