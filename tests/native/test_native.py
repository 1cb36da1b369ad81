"""The native program is clean over the core that ships."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.native.programs import PLATFORMS, CannotBuild, native

COMPILER = shutil.which("gcc") or shutil.which("cc") or ""

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(200),
    pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH"),
]


def _program(folder: Path, flags: Sequence[str] = ()) -> Path:
    try:
        return native(COMPILER, folder / "native", flags)
    except CannotBuild as error:
        pytest.skip(str(error))


def _run(native: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([native, *arguments], capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_core_makes_no_mistake(platform: str, tmp_path: Path) -> None:
    """Unit tests, 10^6 messages between native threads in every way, and each race many times, in each variant."""
    done = _run(_program(tmp_path, PLATFORMS[platform]), "1000000", "200")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1000000 messages, 200 rounds of each race: no mistake\n")


def test_arguments_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    """The error shows what was given and what would be right."""
    done = _run(_program(tmp_path), "many", "1")
    assert done.returncode == 64
    assert 'not a number: "many"; usage: native MESSAGES ROUNDS' in done.stderr
