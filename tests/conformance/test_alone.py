"""A check's verdict is its own: it holds without another that ran before it, loaded modules, or warmed anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.checks import CHECKS, Check
from conformance.results import CheckResult
from conformance.workers.process import Worker

SHORT = [check for check in CHECKS if check.layer in ("direct", "waiting")]


def _alone(check: Check) -> CheckResult | None:
    """What a process that has run no check says of this one; nothing where fast_impl lacks what it needs."""
    worker = Worker("fast_impl")
    try:
        return worker.run(check).result if check.needs <= worker.provides else None
    finally:
        worker.stop()


@pytest.mark.once
@pytest.mark.timeout(300)
def test_every_short_check_holds_alone() -> None:
    """In a new process, the first check passes, whichever it is; two at a time."""
    with ThreadPoolExecutor(2) as pool:
        results = [result for result in pool.map(_alone, SHORT) if result is not None]
    assert len(results) > 100
    assert [(result.id, result.outcome, result.reason) for result in results if result.outcome != "passed"] == []
