"""A core whose indices begin anywhere keeps the rules where 64 bits wrap, and a mistake there is caught."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fast_impl

pytestmark = pytest.mark.once

SETTABLE = "-DOMNI_START_INDEX_SETTABLE"

LOAD = """
import sys
from conformance.targets import Target, c_library

omni = c_library.load(sys.argv[1])
"""

REPLAY = LOAD + """
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally

target = Target("core", omni, frozenset({"start-index"}), "")
for check in CHECKS:
    if check.layer == "transitions" and check.id.endswith("index-wrap-08"):
        tally = new_tally()
        check.run(target, tally)
        print(check.id, tally.figures["transitions replayed"])
"""


def _build(target: Path, core: Path, *flags: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on the PATH")
    command = [compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-shared", "-fPIC", "-pthread"]
    sources = map(str, sorted(core.rglob("*.c")))
    subprocess.run([*command, *flags, f"-I{core}", *sources, "-o", str(target)], check=True, timeout=60)
    return target


def _run(library: Path, program: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program, str(library)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.timeout(200)
def test_every_transition_at_the_wrap(tmp_path: Path) -> None:
    """Nothing changes where the indices wrap: neither results, nor statistics, nor what exports hold back."""
    done = _run(_build(tmp_path / "libomni.so", Path(fast_impl.get_include()), SETTABLE), REPLAY)
    assert done.returncode == 0, done.stderr
    figures = dict(line.split() for line in done.stdout.splitlines())
    assert set(figures) == {
        "CON-3/transitions-index-wrap-08",
        "MSG-3/transitions-with-a-message-exported-index-wrap-08",
    }
    assert all(int(replayed) > 5000 for replayed in figures.values())


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
    shutil.copytree(fast_impl.get_include(), core)
    ring = core / "ring.h"
    assert right in ring.read_text()
    ring.write_text(ring.read_text().replace(right, wrong))
    done = _run(_build(tmp_path / "libomni.so", core, SETTABLE), REPLAY)
    assert done.returncode != 0
    assert f"Divergence: {rule}" in done.stderr


def test_no_other_build_has_it(tmp_path: Path) -> None:
    """Neither the installed core nor a library without the flag lets its start index be set."""
    library = _build(tmp_path / "libomni.so", Path(fast_impl.get_include()))
    done = _run(library, LOAD + "print(hasattr(omni, 'set_start_index'))")
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert not hasattr(fast_impl, "set_start_index")
