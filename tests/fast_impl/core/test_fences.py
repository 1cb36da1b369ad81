"""Which fences the core uses, and that the environment can choose the full ones."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.programs import PLATFORMS, library

COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
MEMBARRIER = {"x86_64": 324, "aarch64": 283}
"""The number of the system call."""
EXPEDITED = 1 << 3
PROGRAM = """
import threading
import fast_impl

with fast_impl.open_channel(capacity=8) as (producer, consumer):
    thread = threading.Thread(target=lambda: [producer.send(bytes([n % 256])) for n in range(2000)])
    thread.start()
    assert [consumer.receive()[0] for _ in range(2000)] == [n % 256 for n in range(2000)]
    thread.join()
"""


def _environment(wanted: str | None) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if name != "OMNI_FENCES"}
    return rest if wanted is None else {**rest, "OMNI_FENCES": wanted}


def _fences(library: Path, wanted: str | None) -> str:
    program = (
        f"import ctypes; ask = ctypes.CDLL({str(library)!r}).omni_fences; ask.restype = ctypes.c_char_p; print(ask())"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=_environment(wanted), capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip().removeprefix("b").strip("'")


def _possible(portable: bool) -> bool:
    """Whether this system has an expedited membarrier, and the platform would use it."""
    number = MEMBARRIER.get(platform.machine())
    if portable or number is None or not sys.platform.startswith("linux"):
        return False
    commands = ctypes.CDLL(None).syscall(number, 0, 0, 0)
    return bool(commands > 0 and commands & EXPEDITED)


@pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")
@pytest.mark.parametrize("variant", PLATFORMS)
def test_asymmetric_where_the_system_can(variant: str, tmp_path: Path) -> None:
    """By default the waiter's fence is membarrier's, if the system has it; OMNI_FENCES=full keeps the full ones."""
    core = library(COMPILER, tmp_path / "libomni.so", PLATFORMS[variant])
    assert _fences(core, None) == ("asymmetric" if _possible(variant == "portable") else "full")
    assert _fences(core, "full") == "full"


@pytest.mark.parametrize("binding", ["c", "cffi"])
@pytest.mark.parametrize("wanted", [None, "full"])
def test_fences_says_which(wanted: str | None, binding: str) -> None:
    """`fast_impl.fences` is what the core uses, by either binding."""
    if binding == "c" and sys.implementation.name != "cpython":
        pytest.skip("the types in C are for CPython")
    if binding == "cffi":
        pytest.importorskip("fast_impl._core", reason="built without cffi")
    environment = {**_environment(wanted), "OMNI_BINDING": binding}
    command = [sys.executable, "-c", "import fast_impl; print(fast_impl.fences)"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == (wanted or ("asymmetric" if _possible(portable=False) else "full"))


@pytest.mark.parametrize("wanted", [None, "full"])
def test_two_threads_with_either(wanted: str | None) -> None:
    """Two thousand messages through a small channel, both sides sleeping, arrive in order."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=_environment(wanted), capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
