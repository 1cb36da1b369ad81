"""Other builds of the core: as a library to test, without memory, from any index, on a mutex in place of the futex."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fast_impl
from conformance.targets import c_library
from tests.native.programs import CORE, PLATFORMS, library, native

ROOT = Path(__file__).parents[3]
COMPILER = shutil.which("cc") or shutil.which("gcc") or ""

pytestmark = [pytest.mark.once, pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")]

STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
SETTABLE = "-DOMNI_START_INDEX_SETTABLE"

LOAD = """
import sys
from conformance.targets import Target, c_library

omni = c_library.load(sys.argv[1])
"""

REPLAY = (
    LOAD
    + """
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally

target = Target("core", omni, frozenset({"start-index"}), "")
for check in CHECKS:
    if check.layer == "differential-exhaustive" and check.id.endswith("index-wrap-08"):
        tally = new_tally()
        check.run(target, tally)
        print(check.id, tally.figures["transitions replayed"])
"""
)

PROGRAM = (
    LOAD
    + """
with omni.open_channel(capacity=8) as channel:
    channel.producer.send(b"through another library")
    print(channel.consumer.receive().decode())
"""
)


def _library(folder: Path, *flags: str, core: Path = CORE) -> Path:
    return library(COMPILER, folder / "libomni.so", [*STRICT, *flags], core=core)


def _run(library: Path, program: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("cffi", reason="the adapter for shared libraries is over cffi")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program, str(library)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=330, check=False)


# ---- another library ----


def test_a_library_that_exports_the_c_abi_is_driven(tmp_path: Path) -> None:
    """Given a shared library, here of the core's own sources, a message goes through it."""
    done = _run(_library(tmp_path), PROGRAM)
    assert (done.returncode, done.stdout) == (0, "through another library\n"), done.stderr


@pytest.mark.parametrize("more", ["", "int omni_attach(void) { return 0; }"], ids=["none", "one"])
def test_a_library_that_lacks_a_function_is_refused(tmp_path: Path, more: str) -> None:
    """The error names what is missing; of the functions of a feature, only where there is another one of them."""
    half = tmp_path / "half.c"
    half.write_text(f"int omni_has_channel(void) {{ return 0; }}\n{more}\n")
    target = tmp_path / "half.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", str(half), "-o", str(target)], check=True, timeout=60)
    done = _run(target, PROGRAM)
    assert done.returncode != 0
    assert "does not export omni_broker_new" in done.stderr
    assert "omni_has_channel" not in done.stderr
    assert ("omni_consumer_detach" in done.stderr) is bool(more)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """The error names the path."""
    done = _run(tmp_path / "absent.so", PROGRAM)
    assert done.returncode != 0
    assert "absent.so cannot be loaded as a shared library" in done.stderr


def test_the_adapter_comes_first(tmp_path: Path) -> None:
    """Where fast_impl is in use already, the adapter refuses: it would go on with the core that it has."""
    with pytest.raises(ImportError, match="fast_impl is in use already"):
        c_library.load(tmp_path / "any.so")


# ---- no memory ----


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_failed_allocation_leaves_nothing_behind(platform: str, tmp_path: Path) -> None:
    """Whichever fails, nothing is registered, counted or leaked (BRK-5); nor where nothing can be unmapped (MEM-2)."""
    wrapped = [f"-Wl,--wrap={name}" for name in ("aligned_alloc", "mmap", "munmap", "free")]
    flags = [*STRICT, *PLATFORMS[platform], *wrapped]
    program = native(COMPILER, tmp_path / "failing_memory", flags, folder=Path(__file__).parent)
    done = subprocess.run([program], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 200


# ---- indices that begin anywhere ----


@pytest.mark.slow
@pytest.mark.timeout(350)
def test_every_transition_at_the_wrap(tmp_path: Path) -> None:
    """Nothing changes where the indices wrap: neither results, nor statistics, nor what exports hold back."""
    done = _run(_library(tmp_path, SETTABLE), REPLAY)
    assert done.returncode == 0, done.stderr
    figures = dict(line.split() for line in done.stdout.splitlines())
    assert set(figures) == {
        "CON-3/exhaustive-index-wrap-08",
        "MSG-3/exhaustive-with-a-message-exported-index-wrap-08",
    }
    assert all(int(replayed) > 5000 for replayed in figures.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ("(write - ring->cached_read)", "(write > ring->cached_read ? write - ring->cached_read : 0)", "PSH-2"),
        ("ring->cached_write - read < wanted", "ring->cached_write < read + wanted", "POP-5"),
        ("index - START_INDEX(ring)", "index > START_INDEX(ring) ? index - START_INDEX(ring) : 0", "STA-1"),
    ],
    ids=["free slots", "waiting messages", "statistics"],
)  # fmt: skip
def test_indices_compared_and_not_subtracted(tmp_path: Path, right: str, wrong: str, rule: str) -> None:
    """A core that is right until its indices wrap, and wrong from then on, is caught by the rule that it breaks."""
    core = tmp_path / "core"
    shutil.copytree(CORE, core)
    ring = core / "ring.h"
    assert right in ring.read_text()
    ring.write_text(ring.read_text().replace(right, wrong))
    done = _run(_library(tmp_path, SETTABLE, core=core), REPLAY)
    assert done.returncode != 0
    assert f"Divergence: {rule}" in done.stderr


def test_no_other_build_has_it(tmp_path: Path) -> None:
    """Neither the installed core nor a library without the flag lets its start index be set."""
    done = _run(_library(tmp_path), LOAD + "print(hasattr(omni, 'set_start_index'))")
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert not hasattr(fast_impl, "set_start_index")


# ---- on a mutex and a condition variable ----


def run_portable(*command: str) -> None:
    environment = {**os.environ, "OMNI_BINDING": "cffi", "OMNI_PLATFORM": "portable"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr


ON_A_MUTEX = {
    "threads": (
        "-m", "pytest", "-q", "tests/fast_impl/threads", "-m", "not slow",
        "--deselect", "tests/fast_impl/threads/test_under_load.py::test_million_messages",
    ),
    "conformance": (
        "-m", "conformance", "run", "--only=unit", "--only=blocking", "--only=CON-3/random-programs-0",
        "--only=SHD-1/linearizability-shutdown",
    ),
}  # fmt: skip
"""Waking, signals, deadlines and concurrent use (under load: the native program); and every short check, a part of the
random programs, and some histories."""


@pytest.mark.slow
@pytest.mark.timeout(260)
@pytest.mark.parametrize("part", ON_A_MUTEX)
def test_on_a_mutex_all_is_as_on_the_futex(part: str) -> None:
    """On the portable platform layer."""
    run_portable("-c", "import fast_impl; assert fast_impl.platform == 'portable'")
    run_portable(*ON_A_MUTEX[part])
