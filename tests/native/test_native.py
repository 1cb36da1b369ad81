"""The native program, the sanitized core and the proofs: the commands of this folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation.workspace import changed
from tests.native import instrumented, sanitize
from tests.native.programs import CORE, PLATFORMS, SANITIZERS, CannotBuild, library, native
from tests.native.prove import HARNESSES, PROOFS, Proof, main
from tests.native.sanitize import NOT_HERE, SUITE, watched

ROOT = Path(__file__).parents[2]
COMPILER = shutil.which("gcc") or shutil.which("cc") or ""

pytestmark = pytest.mark.once

needs_compiler = pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")


# ---- the native program over the core that ships ----


def _program(folder: Path, flags: Sequence[str] = ()) -> Path:
    try:
        return native(COMPILER, folder / "native", flags)
    except CannotBuild as error:
        pytest.skip(str(error))


def _run(native: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([native, *arguments], capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.slow
@needs_compiler
@pytest.mark.timeout(200)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_core_makes_no_mistake(platform: str, tmp_path: Path) -> None:
    """Unit tests, 10^6 messages between native threads in every way, and each race many times, in each variant."""
    done = _run(_program(tmp_path, PLATFORMS[platform]), "1000000", "200")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1000000 messages, 200 rounds of each race: no mistake\n")


@needs_compiler
@pytest.mark.timeout(200)
def test_arguments_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    """The error shows what was given and what would be right."""
    done = _run(_program(tmp_path), "many", "1")
    assert done.returncode == 64
    assert 'not a number: "many"; usage: native MESSAGES ROUNDS' in done.stderr


# ---- what Python hands to a core under the address sanitizer is watched ----


PROGRAM = """
import os
from conformance.targets import c_library
omni = c_library.load(os.environ["OMNI_TEST_LIBRARY"])
with omni.open_channel(capacity=8, max_message_size=4096) as channel:
    channel.producer.send(bytes(1000))
    print(len(channel.consumer.receive()))
"""


def test_what_is_left_out_exists() -> None:
    """A test that was moved or renamed is not left out unseen."""
    for path in (*NOT_HERE, *SUITE["quick"], *instrumented.NOT_HERE, *instrumented.SUITE):
        assert (ROOT / path).exists(), path


@pytest.mark.slow
@needs_compiler
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


# ---- the bindings on a Python built with the thread sanitizer ----


def test_on_another_python_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2: where there is none, and where it was built without the sanitizer."""
    assert sanitize.main(["--python", "/nowhere/python"]) == 2
    assert "/nowhere/python does not run: " in capsys.readouterr().err
    assert sanitize.main(["--python", sys.executable]) == 2
    assert "was not built with the thread sanitizer (.ci/pythons get 3.13t-tsan" in capsys.readouterr().err


REPORTS = """\
==================
WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 8 at 0x1 by thread T1:
    #0 memcpy <null> (libtsan.so+0x1)
    #1 pop_one /src/fast_impl/cpython/popping.c:120 (_handles.so+0x1)
    #2 _PyEval_EvalFrameDefault Python/generated_cases.c.h:1 (python+0x1)

  Previous read of size 8 at 0x1 by main thread:
    #0 list_traverse Objects/listobject.c:1 (python+0x1)

SUMMARY: ThreadSanitizer: data race popping.c:120 in pop_one
==================
==================
WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 8 at 0x1 by thread T1:
    #0 list_append Objects/listobject.c:1 (python+0x1)
    #1 _PyEval_EvalFrameDefault Python/generated_cases.c.h:1 (python+0x1)
    #2 consumer_snapshot /src/fast_impl/cpython/consumer.c:1 (_handles.so+0x1)

  Previous read of size 8 at 0x1 by main thread:
    #0 list_traverse Objects/listobject.c:1 (python+0x1)

  Location is heap block of size 8 at 0x1 allocated by main thread:
    #0 producer_new /src/fast_impl/cpython/producer.c:1 (_handles.so+0x1)

SUMMARY: ThreadSanitizer: data race listobject.c:1 in list_append
==================
"""


def test_a_report_is_ours_where_our_code_met() -> None:
    """Not where Python code did that ours had called, nor for memory that ours had made."""
    read = list(instrumented.read(REPORTS))
    assert [(each.summary, each.ours) for each in read] == [
        ("data race popping.c:120 in pop_one", True),
        ("data race listobject.c:1 in list_append", False),
    ]


# ---- the proofs, where there is no CBMC ----


def test_without_cbmc_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every proof is skipped by name, counted, and nothing fails."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "-- skipped: buffers: no cbmc, goto-cc, goto-instrument on the PATH (Debian: cbmc)" in printed
    assert f"0 clean, 0 failed, {len(PROOFS)} skipped" in printed


def test_a_proof_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists those that there are."""
    with pytest.raises(SystemExit):
        main(["--only", "push"])
    assert "no proof is called push; there are requests, buffers, pool: take" in capsys.readouterr().err


CPROVER = (
    "assume(x)=(void)(x)", "assert(x,y)=(void)(x)", "w_ok(x,y)=(x)", "r_ok(x,y)=(x)", "same_object(x,y)=(x)==(y)",
)  # fmt: skip
NOT_REACHED = ("broker_side_ended", "platform_descriptor_close")
"""By a close that is completed inside a pop: there, `no_close` stands for it."""


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_all_that_a_proof_reaches_has_a_body(proof: Proof, tmp_path: Path) -> None:
    """CBMC takes a call of a function without one for a mistake of the core; a linker finds it sooner."""
    command = [COMPILER, "-std=gnu11", "-w", "-ffunction-sections", "-Wl,--gc-sections", f"-I{CORE}"]
    command += [f"-D{define}" for define in (*proof.defines, *(f"__CPROVER_{each}" for each in CPROVER))]
    linked = subprocess.run(
        [*command, HARNESSES / proof.source, "-o", tmp_path / "linked"], capture_output=True, text=True, check=False
    )
    lacking = set(re.findall(r"undefined references? to `(\w+)'", linked.stderr))
    assert " error: " not in linked.stderr.replace("collect2: error: ld", "") and lacking, linked.stderr
    assert {name for name in lacking if not name.startswith("nondet_")} <= set(NOT_REACHED)
