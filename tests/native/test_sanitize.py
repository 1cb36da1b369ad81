"""What Python hands to a core under the address sanitizer is watched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.exploration.cores import changed
from tests.native.programs import SANITIZERS, CannotBuild, library
from tests.native.sanitize import NOT_HERE, SUITE, watched

ROOT = Path(__file__).parents[2]
COMPILER = shutil.which("gcc") or shutil.which("cc") or ""
PROGRAM = """
import os
from conformance.targets import c_library
omni = c_library.load(os.environ["OMNI_TEST_LIBRARY"])
with omni.open_channel(capacity=8, max_message_size=4096) as channel:
    channel.producer.send(bytes(1000))
    print(len(channel.consumer.receive()))
"""

pytestmark = pytest.mark.once


def test_what_is_left_out_exists() -> None:
    """A test that was moved or renamed is not left out unseen."""
    for path in (*NOT_HERE, *SUITE["quick"]):
        assert (ROOT / path).exists(), path


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")
@pytest.mark.parametrize("beyond", [0, 64])
def test_a_read_past_an_object_of_python_is_reported(beyond: int, tmp_path: Path) -> None:
    """A push that copies more than it was given ends the process with a report; one that does not is let through."""
    core = changed(
        tmp_path,
        "producer.c",
        "platform_copy(payload, data, size);",
        f"platform_copy(payload, data, size + {beyond});",
    )
    try:
        sanitized = library(COMPILER, tmp_path / "libomni.so", SANITIZERS["address"], core=core)
    except CannotBuild as error:
        pytest.skip(str(error))
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **watched(COMPILER, sanitized)}, capture_output=True,
        text=True, timeout=50, check=False,
    )  # fmt: skip
    if beyond:
        assert ended.returncode != 0
        assert "AddressSanitizer: heap-buffer-overflow" in ended.stderr
    else:
        assert (ended.returncode, ended.stdout) == (0, "1000\n"), ended.stderr
