"""The core that ships with one thing changed, beside the ring's protocol: each change is found by a small client."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.clients.verdict import explore
from tests.mutation.changes.broker import BROKER
from tests.mutation.changes.ends import ENDS
from tests.mutation.changes.guard import GUARD
from tests.mutation.changes.mishaps import MISHAPS
from tests.mutation.changes.pins import PINS

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
BY_NAME = {each.name: each for each in QUICK}
CHANGES = {**GUARD, **ENDS, **PINS, **BROKER, **MISHAPS}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found(name: str, tmp_path: Path) -> None:
    """With one order weaker, or one step left out, some execution of a small client fails."""
    change = CHANGES[name]
    verdict = explore(BY_NAME[change.shown_by], True, change.made(tmp_path))
    assert not verdict.clean
    assert verdict.why.startswith(change.kind), verdict.why
