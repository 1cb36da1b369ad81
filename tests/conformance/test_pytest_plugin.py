"""`pytest --omni-target`: a test per check."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ONE_SHORT = """
from fast_impl import *
from fast_impl import ProducerHandle
plain = ProducerHandle.try_push
def try_push(self, data):
    return PushResult.QUEUE_FULL if self.available_slots() == 1 else plain(self, data)
ProducerHandle.try_push = try_push
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    if "omnimailbox" not in _plugins():
        command += ["-p", "conformance.pytest_plugin"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False)


def _plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.name for point in entry_points(group="pytest11")}


def test_every_check_is_a_test_and_k_chooses(tmp_path: Path) -> None:
    """-k takes ids, and what the target lacks is skipped with the reason."""
    done = _pytest(tmp_path, "--omni-target", "spec_model", "-k", "PSH-2 or CON-2", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not provided: concurrent-use" in done.stdout
    assert "passed" in done.stdout


@pytest.mark.usefixtures("handles_in_python")
def test_a_failure_names_the_rule_and_shows_the_program(tmp_path: Path) -> None:
    """One test fails; xfails and skips are taken by id; one that matches nothing is a usage error."""
    (tmp_path / "one_short.py").write_text(ONE_SHORT)
    run = ["--omni-target", "one_short", "-k", "exactly-capacity-fit and not after and not by and not at"]
    done = _pytest(tmp_path, *run)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "import one_short as omni" in done.stdout
    ids = tmp_path / "ids.txt"
    ids.write_text("PSH-2/exactly-capacity-fit # known\n")
    assert "1 xfailed" in _pytest(tmp_path, *run, "--omni-xfails", "ids.txt").stdout
    assert "1 skipped" in _pytest(tmp_path, *run, "--omni-skips", "ids.txt").stdout
    ids.write_text("PSH-2/no-such-check\n")
    wrong = _pytest(tmp_path, *run, "--omni-xfails", "ids.txt")
    assert wrong.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no check is called 'PSH-2/no-such-check'" in wrong.stdout + wrong.stderr


def test_a_target_that_cannot_be_loaded_ends_the_run(tmp_path: Path) -> None:
    """Not a failure per check, but one message."""
    done = _pytest(tmp_path, "--omni-target", "no_such_module")
    assert done.returncode != 0
    assert "cannot import 'no_such_module'" in done.stdout + done.stderr


def test_without_the_option_the_plugin_does_nothing(tmp_path: Path) -> None:
    """A project's own tests are what they were."""
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
