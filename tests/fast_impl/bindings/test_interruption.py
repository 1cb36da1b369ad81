"""Both bindings, interrupted at every point of every call; the types in C in a build that tells of its points."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fast_impl
from tests.mutation.workspace import compile_handles

ROOT = Path(__file__).parents[3]


def interrupted(folder: Path, binding: str) -> subprocess.CompletedProcess[str]:
    """What the layer says of fast_impl, imported from that folder."""
    environment = {**os.environ, "OMNI_BINDING": binding, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    command = [sys.executable, "-P", "-m", "conformance.interruption"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=380, check=False)


def found(done: subprocess.CompletedProcess[str]) -> str:
    """What it printed of failures."""
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if not re.search(r", 0 failed,|: not provided: ", line)) + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_types_in_c_at_their_own_points(tmp_path: Path) -> None:
    """At each check for signals, around each release of the GIL, and where memory is allocated."""
    if fast_impl.binding != "c":
        pytest.skip("the binding over cffi has a point at every bytecode")
    package = tmp_path / "fast_impl"
    shutil.copytree(Path(fast_impl.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    compile_handles(package, "-DOMNI_POINTS")
    done = interrupted(tmp_path, "c")
    assert done.returncode == 0, found(done)
    assert "blocking_pop, handler: 4 points" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_binding_over_cffi_at_every_bytecode() -> None:
    """The suite in CI runs it with the binding in use; here with the other one."""
    if fast_impl.binding == "cffi":
        pytest.skip("the suite itself runs over cffi")
    done = interrupted(ROOT, "cffi")
    assert done.returncode == 0, found(done)
    assert "0 of which no order explains" in done.stdout
