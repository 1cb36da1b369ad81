"""Which fences the core uses, and that the environment can choose the full ones."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the portable seam has full fences only")
PROGRAM = """
import ctypes
import threading
import fast_impl
from fast_impl import _core

with fast_impl.open_channel(capacity=8) as (producer, consumer):
    thread = threading.Thread(target=lambda: [producer.send(bytes([n % 256])) for n in range(2000)])
    thread.start()
    assert [consumer.receive()[0] for _ in range(2000)] == [n % 256 for n in range(2000)]
    thread.join()
libc = ctypes.CDLL(None)
print(ctypes.c_int.in_dll(ctypes.CDLL(_core.__file__), "seam_asymmetric").value, libc.syscall(324, 0, 0, 0) & 8)
"""
"""Two thousand messages between two threads; then whether fences are asymmetric, and whether membarrier could do it."""


def _fences(wanted: str | None) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("OMNI_FENCES", "OMNI_LIBRARY")}
    if wanted is not None:
        environment["OMNI_FENCES"] = wanted
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of the system call is x86-64's")
def test_asymmetric_where_the_system_can() -> None:
    """By default the sleeper's fence is membarrier's, if the kernel has it, and full if not."""
    asymmetric, possible = _fences(None)
    assert (asymmetric == "1") == (possible != "0")


def test_full_fences_on_demand() -> None:
    """OMNI_FENCES=full keeps the full ones."""
    assert _fences("full")[0] == "0"
