"""The verifier with one mistake in it, beside the one that is installed: some buffer or schema tells them apart."""

from __future__ import annotations

import itertools
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from conformance.checks.sample import MALFORMED, WELL_FORMED
from tests.fast_impl.flatbuffers.agree import requests
from tests.fast_impl.flatbuffers.buffers import mutated
from tests.fast_impl.flatbuffers.changes import CHANGES
from tests.fast_impl.flatbuffers.corners import CORNERS
from tests.fast_impl.flatbuffers.oracle import ROOT, VERIFIER, Request
from tests.fast_impl.flatbuffers.other_library import Cases
from tests.fast_impl.flatbuffers.schemas import INCONSISTENT, NAMES, path

COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler on the PATH"),
]
BUFFERS = 4000
SCHEMAS = 1000
"""Of each schema."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both are given."""
    random = Random(1)
    known = [Request("sampling", data) for data in (*WELL_FORMED.values(), *MALFORMED.values())]
    known += [request for request, _ in CORNERS.values()]
    for name in NAMES:
        known += itertools.islice(requests(name, random), BUFFERS)
    whole = [path(name).read_bytes() for name in NAMES]
    schemas = [mutated(one, whole, random) for one in whole for _ in range(SCHEMAS)]
    file = tmp_path_factory.mktemp("cases") / "cases"
    file.write_bytes(pickle.dumps(Cases(known, [*INCONSISTENT.values(), *schemas])))
    return file


def judged_otherwise(sources: Path, cases: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """How the comparison with a build of these sources ends."""
    library = folder / "changed.so"
    files = sorted(map(str, sources.glob("*.c")))
    command = [str(COMPILER), "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", *files, "-o", str(library)]
    subprocess.run(command, check=True, timeout=60)
    compare = [sys.executable, "-m", "tests.fast_impl.flatbuffers.other_library", str(library), str(cases)]
    return subprocess.run(compare, cwd=ROOT, capture_output=True, text=True, timeout=90)


def test_the_same_again_judges_alike(cases: Path, tmp_path: Path) -> None:
    """Without a mistake nothing is told."""
    done = judged_otherwise(VERIFIER, cases, tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("name", CHANGES)
def test_a_mistake_is_told(name: str, cases: Path, tmp_path: Path) -> None:
    """Two verdicts, or a crash of the one with the mistake."""
    change, sources = CHANGES[name], tmp_path / "verifier"
    shutil.copytree(VERIFIER, sources)
    for text, instead in change.edits:
        source = (sources / change.file).read_text()
        assert source.count(text) == 1, f"{text!r} is not once in {change.file}"
        (sources / change.file).write_text(source.replace(text, instead))
    done = judged_otherwise(sources, cases, tmp_path)
    assert done.returncode == 3 or done.returncode < 0, done.stderr
