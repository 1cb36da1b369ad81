"""The C core over its C ABI, without Python in between, in both variants of the platform."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

Build = Callable[..., Path]

FAILING = [f"-Wl,--wrap={name}" for name in ("aligned_alloc", "mmap", "munmap", "free")]
SANITIZERS = {
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "thread": ["-fsanitize=thread", "-Wno-tsan"],
}


def run(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.mark.timeout(200)
def test_ten_million_messages_between_native_threads(build: Build) -> None:
    """None of 10^7 messages is lost, duplicated, torn or out of order (CON-3)."""
    assert run(build("stress.c"), "10000000") == "10000000 messages\n"


def test_memory_that_cannot_be_had_leaves_nothing_behind(build: Build) -> None:
    """Whichever allocation fails, nothing is registered, counted or leaked (BRK-5)."""
    assert int(run(build("failing_memory.c", *FAILING)).split()[0]) > 200


@pytest.mark.timeout(200)
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_sanitizers_find_nothing(build: Build, sanitizer: str) -> None:
    """No undefined behaviour, leak or data race that a sanitizer sees in 10^5 messages."""
    assert run(build("stress.c", *SANITIZERS[sanitizer]), "100000") == "100000 messages\n"
