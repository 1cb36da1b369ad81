"""The native program: clean over the core that ships, and quick to find a core that is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance.exploration.cores import changed
from tests.native.programs import CORE, PLATFORMS, SANITIZERS, CannotBuild, native

COMPILER = shutil.which("gcc") or shutil.which("cc") or ""

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(200),
    pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH"),
]


def _program(folder: Path, flags: Sequence[str] = (), *, core: Path = CORE) -> Path:
    try:
        return native(COMPILER, folder / "native", flags, core=core)
    except CannotBuild as error:
        pytest.skip(str(error))


def _run(native: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}
    return subprocess.run(
        [native, *arguments], env=environment, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_core_makes_no_mistake(platform: str, tmp_path: Path) -> None:
    """Unit tests, 10^6 messages between native threads in every way, and each race many times, in each variant."""
    done = _run(_program(tmp_path, PLATFORMS[platform]), "1000000", "200")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1000000 messages, 200 rounds of each race: no mistake\n")


MISTAKES = {
    "as many slots as capacity": (
        "ring.h", "(index & (2 * ring->capacity - 1))", "(index & (ring->capacity - 1))", "unit: ",
    ),
    "a slot is free one too soon": (
        "ring.h", "return ring->capacity - (write - ring->cached_read);",
        "return ring->capacity + 1 - (write - ring->cached_read);", "unit: pushes",
    ),
    "a name comes free with the first handle": (
        "broker.c", "int last = --channel->open_handles == 0;", "int last = --channel->open_handles == 1;", "unit: ",
    ),
    "a pin is not looked at": (
        "consumer.c", "if (platform_load(&consumer->pins, acquire) == 0) return wanted;", "return wanted;",
        "unit: views",
    ),
    "the consumer lingers at every look": ("ring.h", "if (came == 0) return;", "", "unit: back-off"),
    "the consumer learns nothing": ("ring.h", "ring->back_off *= 2;", ";", "unit: back-off"),
}  # fmt: skip
"""A change of the core: file, text, what stands there instead, the phase in which a check fails."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_phase(name: str, tmp_path: Path) -> None:
    """A check that fails ends the program with 1, the line and the phase."""
    file, text, instead, where = MISTAKES[name]
    native = _program(tmp_path, core=changed(tmp_path, file, text, instead))
    done = _run(native, "100000", "100", "20")
    assert done.returncode == 1, (done.returncode, done.stdout[-500:], done.stderr)
    assert f'in phase "{where}' in done.stderr
    assert "not so: " in done.stderr


HANGS = {
    "the consumer's end does not wake": (
        "ring.h", "eventcount_wake orders it */\n  eventcount_wake(&ring->producer_waiter);",
        "eventcount_wake orders it */", "race, ",
    ),
    "a push does not wake": (
        "ring.h", "write + count, release);\n  eventcount_wake(&ring->consumer_waiter);\n}\n\n/* ---- consumer",
        "write + count, release);\n}\n\n/* ---- consumer", "exchange ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HANGS)
def test_a_hang_is_told_with_its_phase(name: str, tmp_path: Path) -> None:
    """Without progress for the limit the program ends with 2, the phase, and stacks where gdb is there."""
    file, text, instead, where = HANGS[name]
    native = _program(tmp_path, core=changed(tmp_path, file, text, instead))
    done = _run(native, "100000", "2000", "3")
    assert done.returncode == 2, (done.returncode, done.stdout[-500:], done.stderr)
    assert f'hung: no progress for 3 s in phase "{where}' in done.stderr
    assert "platform_sleep" in done.stderr or "no stacks: " in done.stderr


UNSOUND = {
    "write_index not released": (
        "thread", "ring.h", "(&ring->write_index, write + count, release)",
        "(&ring->write_index, write + count, relaxed)", "data race",
    ),
    "read_index not acquired": (
        "thread", "ring.h", "overwritten while the consumer reads it */\n"
        "    ring->cached_read = platform_load(&ring->read_index, acquire)",
        "*/\n    ring->cached_read = platform_load(&ring->read_index, relaxed)", "data race",
    ),
    "freed with one handle left": (
        "address", "channel.c", "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 2);",
        "heap-use-after-free",
    ),
    "a channel that is never freed": (
        "address", "channel.c", "atomic_init(&channel->references, 3);", "atomic_init(&channel->references, 4);",
        "LeakSanitizer",
    ),
    "a shift too far": (
        "address", "channel.c", "channel->mapping_size = 2 * capacity * ring->stride;",
        "channel->mapping_size = 2 * capacity * ring->stride + (1 << (int)capacity) * 0;", "runtime error: shift",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSOUND)
def test_a_sanitizer_finds(name: str, tmp_path: Path) -> None:
    """What no check of the program's own can see ends it too, with the sanitizer's report."""
    sanitizer, file, text, instead, report = UNSOUND[name]
    native = _program(tmp_path, SANITIZERS[sanitizer], core=changed(tmp_path, file, text, instead))
    done = _run(native, "100000", "20", "30")
    assert done.returncode not in (0, 2), (done.returncode, done.stdout[-500:], done.stderr)
    assert report in done.stderr, done.stderr


def test_arguments_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    """The error shows what was given and what would be right."""
    done = _run(_program(tmp_path), "many", "1")
    assert done.returncode == 64
    assert 'not a number: "many"; usage: native MESSAGES ROUNDS' in done.stderr
