"""The mutex and condition-variable variant of the seam, beneath the same tests and checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = """
import fast_impl
from conformance.runner import Report, run_checks, run_random
assert fast_impl.seam == "portable"
report = Report("fast_impl")
run_checks(fast_impl, report, lambda: None)
run_random(fast_impl, report, lambda: None, "quick", programs=50, table=False)
assert report.holds, report.failures
"""


def run(*command: str) -> None:
    environment = {**os.environ, "OMNI_SEAM": "portable"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(160)
def test_the_thread_tests_pass() -> None:
    """Waking, signals, deadlines and concurrent use are as on the futex."""
    run("-m", "pytest", "-q", "tests/threads", "--deselect", "tests/threads/test_million_messages.py")


@pytest.mark.timeout(160)
def test_the_conformance_checks_pass() -> None:
    """Every direct check holds, and so do random programs."""
    run("-c", CHECKS)
