"""The core that ships with one thing changed, beside the ring's protocol: each change is found by a small client."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.weakmemory.core.clients import QUICK
from conformance.weakmemory.core.verdict import explore
from tests.weakmemory.changes.broker import BROKER
from tests.weakmemory.changes.ends import ENDS
from tests.weakmemory.changes.gate import GATE
from tests.weakmemory.changes.mishaps import MISHAPS
from tests.weakmemory.changes.pins import PINS

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
BY_NAME = {each.name: each for each in QUICK}
CHANGES = {**GATE, **ENDS, **PINS, **BROKER, **MISHAPS}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found(name: str, tmp_path: Path) -> None:
    """With one order weaker, or one step left out, some execution of a small client fails."""
    change = CHANGES[name]
    verdict = explore(BY_NAME[change.shown_by], True, change.made(tmp_path))
    assert not verdict.proved
    assert verdict.why.startswith(change.kind), verdict.why
