"""The mutex and condition-variable variant of the platform, beneath the same tests and checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(*command: str) -> None:
    environment = {**os.environ, "OMNI_BINDING": "cffi", "OMNI_PLATFORM": "portable"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(160)
def test_the_thread_tests_pass() -> None:
    """Waking, signals, deadlines and concurrent use are as on the futex."""
    threads = "tests/fast_impl/threads"
    run("-m", "pytest", "-q", threads, "--deselect", f"{threads}/test_under_load.py::test_million_messages")


@pytest.mark.slow
@pytest.mark.timeout(160)
def test_the_conformance_checks_pass() -> None:
    """Every unit and every blocking check holds, and so do a part of the random programs and some histories."""
    chosen = ("unit", "blocking", "CON-3/random-programs-0", "SHD-1/linearizability-shutdown")
    run("-c", "import fast_impl; assert fast_impl.platform == 'portable'")
    run("-m", "conformance", "run", *(f"--only={name}" for name in chosen))
