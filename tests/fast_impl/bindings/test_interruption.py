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
from conformance.interruption import memory
from tests.mutation.workspace import compile_handles

ROOT = Path(__file__).parents[3]


def interrupted(folder: Path, binding: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What the layer says of fast_impl, imported from that folder."""
    environment = {**os.environ, "OMNI_BINDING": binding, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    command = [sys.executable, "-P", "-m", "conformance.interruption", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=380, check=False)


def found(done: subprocess.CompletedProcess[str]) -> str:
    """What it printed of failures."""
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if not re.search(r", 0 failed,|: not provided: ", line)) + done.stderr


FIRST = """
import fast_impl
from conformance.interruption.memory import hooks
broker, config = fast_impl.MailboxBroker(), fast_impl.ChannelConfig(8, 64)
for number in range(1, 200):
    error, pair = hooks().refusing(lambda: broker.request_channel("a", config), number)
    if pair is not None:
        break
    assert error is fast_impl.ChannelError.ALLOCATION_FAILED, error
    assert not broker.has_channel("a")
assert number > 3, number
"""


@pytest.mark.skipif(bool(memory.obstacle()), reason=memory.obstacle() or "memory can be refused")
def test_memory_is_refused_in_the_first_call() -> None:
    """Nothing is left to be prepared in it, and nothing stays registered [BRK-5]. (cffi crashes where it parses.)"""
    done = subprocess.run([sys.executable, "-P", "-c", FIRST], env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=100, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(bool(memory.obstacle()), reason=memory.obstacle() or "memory can be refused")
def test_memory_is_refused_at_every_allocation() -> None:
    """On every interpreter: no call makes a function, for which CPython 3.12 and 3.13 must have memory."""
    done = interrupted(ROOT, fast_impl.binding, "--kind", "memory")
    assert done.returncode == 0, found(done)
    assert "0 of which no order explains" in done.stdout


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
