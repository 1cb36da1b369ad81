"""The model runs where nothing is installed, on CPython and on PyPy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
before = set(sys.modules)
import spec_model as omni
foreign = sorted(
    name for name in set(sys.modules) - before
    if getattr(sys.modules[name], "__file__", None) and "site-packages" in sys.modules[name].__file__
)
assert not foreign, foreign
with omni.open_channel(capacity=8, max_message_size=64) as channel:
    region = channel.producer.reserve(4)
    region.data[2:6] = b"held"
    del region
    assert channel.producer.commit(4, offset=2)
    result, message = channel.consumer.try_pop()
    view = message.data
    for number in range(8):
        channel.producer.send(bytes([number]))
    assert channel.consumer.receive() == bytes([0])
    try:
        message.data
    except omni.MessageExpiredError:
        assert bytes(view) == b"held"
        print("kept")
"""


@pytest.mark.parametrize("interpreter", ["python", "pypy3"])
def test_a_program_runs_with_nothing_installed(interpreter: str) -> None:
    """No environment variable, no site-packages: import, reserve in place, pop, and hold a view."""
    path = sys.executable if interpreter == "python" else shutil.which(interpreter)
    if path is None:
        pytest.skip(f"no {interpreter} on this machine")
    command = [path, "-I", "-S", "-B", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "kept\n"), done.stderr
