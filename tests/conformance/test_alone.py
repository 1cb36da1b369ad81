"""A check's verdict is its own: it holds without another that ran before it, loaded modules, or warmed anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.checks import CHECKS, Check
from conformance.workers.process import Worker

pytestmark = pytest.mark.once

SHORT = [check for check in CHECKS if check.layer in ("direct", "waiting")]


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A process that has run no check."""
    worker = Worker("fast_impl")
    yield worker
    worker.stop()


@pytest.mark.parametrize("check", SHORT, ids=[check.id for check in SHORT])
def test_it_holds_alone(worker: Worker, check: Check) -> None:
    """In a new process, the first check passes, whichever it is."""
    if not check.needs <= worker.provides:
        pytest.skip("fast_impl does not provide what it needs")
    result = worker.run(check).result
    assert result.outcome == "passed", result.reason
