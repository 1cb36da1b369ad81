"""One run on one target reports four mistakes by rule: a crash and a hang among them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

EXPECTED = {
    "PSH-2/exactly-capacity-fit": ("PSH-2", "failed", "QUEUE_FULL"),
    "LIF-4/moved-handles-are-safe": ("LIF-4", "crashed", "killed by signal 11 (SIGSEGV)"),
    "LIF-2/the-end-of-one-side-wakes-the-other": ("LIF-2", "hung", "hung in blocking_pop"),
    "CON-5/data-and-space-wake-blocked-calls": ("PSH-4", "failed", "answered TIMEOUT, though nothing had come for it"),
}
"""By check: the rule that the report names, how the check ended, and what was seen."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run on the target with the four mistakes found."""
    file = tmp_path_factory.mktemp("run") / "report.json"
    command = [sys.executable, "-m", "conformance", "run", "--target", "four_mistakes", "--json", str(file)]
    for check in EXPECTED:
        command += ["--only", check]
    environment = {**os.environ, "OMNI_BINDING": "cffi"}  # the types in C have their methods for good
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(file.read_text())
    return document


@pytest.mark.timeout(150)
@pytest.mark.parametrize("identity", EXPECTED)
def test_each_is_reported_by_rule(report: dict[str, Any], identity: str) -> None:
    """The rule is broken by the verdict; the check says how it ended and what was seen."""
    rule, outcome, seen = EXPECTED[identity]
    check = next(check for check in report["checks"] if check["id"] == identity)
    assert check["outcome"] == outcome, check
    assert seen in check["reason"]
    verdicts = {each["id"]: each["verdict"] for each in report["rules"]}
    assert verdicts[rule] == "broken"
