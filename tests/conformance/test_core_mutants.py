"""Wrong C cores: they fit the sources, they compile, and the suite notices them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fast_impl
from conformance.rules import RULES
from tests.mutation.core_copy import CannotBuild, build, compiler, copy_core
from tests.mutation.core_mutants import CORE_MUTANTS
from tests.mutation.mutant import Mutant

SOURCES = Path(fast_impl.get_include())
BY_ID = {mutant.id: mutant for mutant in CORE_MUTANTS}

CHECK = """
import sys
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally
from conformance.targets import FEATURES, Target, c_library

omni = c_library.load(sys.argv[2])
check = next(each for each in CHECKS if each.id == sys.argv[1])
try:
    check.run(Target("a copy", omni, frozenset(FEATURES), ""), new_tally())
except Exception as error:
    print(getattr(error, "rule", check.rule), error, flush=True)
else:
    print("held", flush=True)
sys.stdout.flush()
import os
os._exit(0)  # a thread that hangs in the core cannot be waited for
"""

CAUGHT = [
    ("one_slot_lost", "PSH-2/exactly-capacity-fit", "PSH-2"),
    ("published_before_it_is_copied", "CON-3/large-messages-arrive-whole", "CON-3"),
    ("a_batch_is_published_before_it_is_copied", "CON-3/large-messages-arrive-whole", "CON-3"),
    ("for_ever_is_no_time", "CON-5/data-and-space-wake-blocked-calls", "POP-4"),
    ("polls_every_millisecond", "CON-6/a-blocked-call-uses-no-processor", "CON-6"),
    ("shutdown_overtakes_a_push", "SHD-1/shutdown-waits-for-the-push-inside", "SHD-1"),
]
CRASHES = ("an_export_does_not_hold_the_memory", "MSG-1/a-full-queue-of-pushes-changes-no-held-message")
HANGS = ("publish_does_not_wake", "CON-5/data-and-space-wake-blocked-calls")


@pytest.fixture(autouse=True)
def _with_a_compiler(request: pytest.FixtureRequest) -> None:
    if "tmp_path" in request.fixturenames:
        try:
            compiler()
        except CannotBuild as reason:
            pytest.skip(str(reason))


def _judge(library: Path, check: str) -> subprocess.CompletedProcess[str]:
    """What a check says of a library, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", CHECK, check, str(library)],
        env=environment, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_every_mutant_fits() -> None:
    """Each has an id of its own, rules of the catalogue, and a text that its file holds exactly once."""
    assert len(BY_ID) == len(CORE_MUTANTS) >= 45
    for mutant in CORE_MUTANTS:
        assert mutant.rules, mutant.id
        assert set(mutant.rules) <= set(RULES), mutant.id
        assert (SOURCES / mutant.file).read_text().count(mutant.text) == 1, mutant.id
        assert mutant.text != mutant.instead, mutant.id


def test_a_text_that_is_not_there_once_is_refused(tmp_path: Path) -> None:
    """The error names the mutant, the file and how often the text is there."""
    for text in ("no such text", "#include"):
        times = (SOURCES / "ring.h").read_text().count(text)
        with pytest.raises(CannotBuild, match=rf"mutant wrong: ring\.h says .* {times} times, not once"):
            copy_core(SOURCES, tmp_path, Mutant("wrong", ("PSH-2",), "ring.h", text, ""))
    with pytest.raises(CannotBuild, match=r"there is no lost\.c among"):
        copy_core(SOURCES, tmp_path, Mutant("wrong", ("PSH-2",), "lost.c", "x", "y"))


def test_what_does_not_compile_is_refused(tmp_path: Path) -> None:
    """The error carries the compiler's own words."""
    wrong = Mutant("wrong", ("PSH-2",), "ring.h", "#define OMNI_RING_H", "#define OMNI_RING_H\nint here")
    with pytest.raises(CannotBuild, match=r"mutant wrong does not compile:\n(.*\n)*.*error"):
        build(SOURCES, tmp_path, wrong)


def test_without_a_compiler_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the two that are looked for."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotBuild, match="neither cc nor gcc is on the PATH"):
        compiler()


def test_a_sound_copy_keeps_the_rules(tmp_path: Path) -> None:
    """The checks that catch the mutants below hold for a copy of the core without one."""
    library = build(SOURCES, tmp_path)
    for check in {check for _, check, _ in CAUGHT} | {CRASHES[1], HANGS[1]}:
        done = _judge(library, check)
        assert done.stdout == "held\n", (check, done.stdout, done.stderr)


@pytest.mark.parametrize(("mutant", "check", "rule"), CAUGHT, ids=[mutant for mutant, _, _ in CAUGHT])
def test_a_mutant_is_caught(mutant: str, check: str, rule: str, tmp_path: Path) -> None:
    """A check breaks, by a rule that the mutant is tagged with."""
    assert rule in BY_ID[mutant].rules
    done = _judge(build(SOURCES, tmp_path, BY_ID[mutant]), check)
    assert done.stdout.split()[:1] == [rule], (done.stdout, done.stderr)


def test_a_crash_ends_the_check_that_found_it(tmp_path: Path) -> None:
    """Memory unmapped under an export kills the process by a signal."""
    mutant, check = CRASHES
    assert check.partition("/")[0] in BY_ID[mutant].rules
    assert _judge(build(SOURCES, tmp_path, BY_ID[mutant]), check).returncode < 0


def test_a_hang_is_named_by_its_operation(tmp_path: Path) -> None:
    """A consumer that is never woken is found within the limit, and the failure says where it hangs."""
    mutant, check = HANGS
    assert check.partition("/")[0] in BY_ID[mutant].rules
    done = _judge(build(SOURCES, tmp_path, BY_ID[mutant]), check)
    assert done.stdout.startswith("CON-5 hung in blocking_pop ("), (done.stdout, done.stderr)
