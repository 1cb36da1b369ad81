"""The comparison with independent checkers: what they are given, how they are understood, what it takes to agree."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance.exploration.crosscheck import Answer, CheckerError, TooLong, genmc, herd
from conformance.exploration.crosscheck.__main__ import main
from conformance.exploration.crosscheck.compare import (
    DIFFERS,
    MODEL,
    PASSED_OVER,
    SAME,
    Case,
    compared,
    difference,
    random_cases,
    suite,
    under,
)
from conformance.exploration.litmus import Program, library, program
from conformance.exploration.litmus.brute_force import candidates, executions
from conformance.exploration.litmus.rc11 import Rules

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
CASES = {each.id: each for each in suite()}
EVERYTHING = program(
    "x = 1 rel; fence sc; r0 = xchg y 2 ar; plain z = 1; if r0 == 1: add x 3 rlx",
    "r2 = await y 0 acq; r0 = cas x 1 5 sc; cas x 2 6 rel; if r0 == 1: r1 = plain z; r3 = z sc; await x 9 rlx",
)


def test_herd_gets_its_c() -> None:
    """Every kind of operation has its form in herd7's C; awaits become a filter."""
    assert (
        herd.text(EVERYTHING, "1:r0=1 & x=6")
        == """\
C test
{e1_1 = 1; e1_2 = 2;}

P0(atomic_int* x, atomic_int* y, atomic_int* z) {
  int r0 = 0;
  atomic_store_explicit(x, 1, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  r0 = atomic_exchange_explicit(y, 2, memory_order_acq_rel);
  *z = 1;
  if (r0 == 1) { atomic_fetch_add_explicit(x, 3, memory_order_relaxed); }
}

P1(atomic_int* x, atomic_int* y, atomic_int* z, int* e1_1, int* e1_2) {
  int r0 = 0;
  int r1 = 0;
  int r2 = 0;
  int r3 = 0;
  int a0 = -1;
  int a5 = -1;
  a0 = atomic_load_explicit(y, memory_order_acquire); r2 = a0;
  atomic_compare_exchange_strong_explicit(x, e1_1, 5, memory_order_seq_cst, memory_order_relaxed); r0 = *e1_1;
  atomic_compare_exchange_strong_explicit(x, e1_2, 6, memory_order_release, memory_order_relaxed);
  if (r0 == 1) { r1 = *z; }
  r3 = atomic_load_explicit(z, memory_order_seq_cst);
  a5 = atomic_load_explicit(x, memory_order_relaxed);
}

locations [0:r0; 1:r0; 1:r1; 1:r2; 1:r3; x; y; z;]
filter (not (1:a0=0) /\\ not (1:a5=9))
exists (1:r0=1 /\\ x=6)
"""
    )


def test_genmc_gets_c() -> None:
    """Every kind of operation has its form in C with pthreads; main sees what the locations end with."""
    assert (
        genmc.text(EVERYTHING)
        == """\
#include <genmc.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int x;
static atomic_int y;
static atomic_int z;
static int out0;
static int out1;
static int out2;
static int out3;
static int out4;
static int out5;
static int out6;
static int out7;

static void *thread0(void *unused) {
  int r0 = 0;
  atomic_store_explicit(&x, 1, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  r0 = atomic_exchange_explicit(&y, 2, memory_order_acq_rel);
  *(int *)&z = 1;
  if (r0 == 1) { atomic_fetch_add_explicit(&x, 3, memory_order_relaxed); }
  out0 = r0;
  return NULL;
}

static void *thread1(void *unused) {
  int r0 = 0;
  int r1 = 0;
  int r2 = 0;
  int r3 = 0;
  { int seen = atomic_load_explicit(&y, memory_order_acquire); __VERIFIER_assume(seen != 0); r2 = seen; }
  { int seen = 1; atomic_compare_exchange_strong_explicit(&x, &seen, 5, memory_order_seq_cst, memory_order_relaxed);\
 r0 = seen; }
  { int seen = 2; atomic_compare_exchange_strong_explicit(&x, &seen, 6, memory_order_release, memory_order_relaxed); }
  if (r0 == 1) { r1 = *(int *)&z; }
  r3 = atomic_load_explicit(&z, memory_order_seq_cst);
  { int seen = atomic_load_explicit(&x, memory_order_relaxed); __VERIFIER_assume(seen != 9); }
  out1 = r0;
  out2 = r1;
  out3 = r2;
  out4 = r3;
  return NULL;
}

int main(void) {
  pthread_t t0, t1;
  pthread_create(&t0, NULL, thread0, NULL);
  pthread_create(&t1, NULL, thread1, NULL);
  pthread_join(t0, NULL);
  pthread_join(t1, NULL);
  out5 = atomic_load_explicit(&x, memory_order_relaxed);
  out6 = atomic_load_explicit(&y, memory_order_relaxed);
  out7 = atomic_load_explicit(&z, memory_order_relaxed);
  return 0;
}
"""
    )


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on the PATH")
@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_what_genmc_gets_compiles(step: int, tmp_path: Path) -> None:
    """A C compiler takes the programs that GenMC can be asked about (a twentieth, or all), without a warning."""
    (tmp_path / "genmc.h").write_text("void __VERIFIER_assume(_Bool);\n")
    asked = [each for each in CASES.values() if genmc.unknown(each.program) is None][::step]
    files = [tmp_path / f"{number}.c" for number in range(len(asked))]
    for each, file in zip(asked, files, strict=True):
        file.write_text(genmc.text(each.program))
    command = ["gcc", "-std=c11", "-fsyntax-only", "-Wall", "-Wno-unused-but-set-variable", "-Werror", f"-I{tmp_path}"]
    ended = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, timeout=50, check=False)
    assert len(asked) > 180 / step and ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("threads", "why"),
    [
        (["sleep x 0", "x = 1 rlx; wake x"], "futex"),
        (["x = 1 rlx; fence light", "fence sc"], "asymmetric fence"),
        (["fence heavy"], "asymmetric fence"),
        (["r0 = choose 2"], "choice"),
        (["x = 1 sc", "r0 = x sc"], None),
    ],
)
def test_what_no_checker_supports_is_passed_over_by_name(threads: list[str], why: str | None) -> None:
    """Sleeping, asymmetric fences and choices are not compared; all else is."""
    assert herd.Herd("herd7").cannot(program(*threads), False) == why
    assert genmc.unknown(program(*threads)) == why


@pytest.mark.parametrize(
    ("threads", "cxx20", "why"),
    [
        (["x = 1 sc"], True, "release sequences of C++20"),
        (["r0 = await x 0 rlx; plain y = 1", "r0 = plain y"], False, "plain memory and await"),
        (["add x 1 rlx; add y 1 rlx; add z 1 rlx"] * 4, False, "too many candidate executions"),
    ],
)
def test_what_herd_does_not_support_is_passed_over_by_name(threads: list[str], cxx20: bool, why: str) -> None:
    """Neither what rc11.cat has otherwise on purpose, nor what herd7 drops, nor what it cannot enumerate."""
    assert (herd.Herd("herd7").cannot(program(*threads), cxx20) or "").startswith(why)


SAID_BY_HERD = """\
Test test Allowed
States 2
1:r0=1; [x]=0;
1:r0=1; [x]=1;
{flag}
Witnesses
Positive: 1 Negative: 4
{more}Condition exists ([x]=1)
Observation test Sometimes 1 4
"""


@pytest.mark.parametrize(("flag", "more", "races"), [("Ok", "", False), ("Undef", "Flag *undef*\n", True)])
def test_herd_is_understood(flag: str, more: str, races: bool) -> None:
    """States, witnesses and the flag of a race are taken from what herd7 says."""
    threads = program("x = 1 rlx", "r0 = x rlx")
    said = SAID_BY_HERD.format(flag=flag, more=more)
    assert herd.answer(threads, said, 1, 4) == Answer(frozenset({(1, 0), (1, 1)}), 5, races, 1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [("States 2", "States 3", "counts 3 states and says 2"), ("1:r0=1; [x]=0;", "[x]=0;", "nothing of 1:r0")],
)
def test_herd_is_not_misunderstood(old: str, new: str, says: str) -> None:
    """Output that is not as expected is an error, not an answer."""
    threads, said = program("x = 1 rlx", "r0 = x rlx"), SAID_BY_HERD.format(flag="Ok", more="").replace(old, new)
    with pytest.raises(CheckerError, match=says):
        herd.answer(threads, said, 1, 4)


GRAPH = "<-1, 0> main:\n\t(0, 5): Wna (out1, {1})\n<0, 1> thread0:\n\t(1, 2): Wna (out0, {0})\n\n"
WARNING = "Warning: Unordered writes!\nEvent (2, 1) conflicts with event (1, 1) in graph:\n<-1, 0> main:\n<0, 1> t:\n\n"


def test_genmc_is_understood() -> None:
    """Each graph printed is an execution, but for one that belongs to a warning."""
    said = WARNING + "".join(GRAPH.format(*each) for each in ((0, 7), (1, 7), (0, 7)))
    assert genmc.answer(said, 2, 3) == Answer(frozenset({(0, 7), (1, 7)}), 3, False, each={(0, 7): 2, (1, 7): 1})


@pytest.mark.parametrize(("wide", "count", "says"), [(3, 1, "with 2 results instead of 3"), (2, 2, "counts 2")])
def test_genmc_is_not_misunderstood(wide: int, count: int, says: str) -> None:
    """A graph with a result too few, or a graph too few, is an error, not an answer."""
    with pytest.raises(CheckerError, match=says):
        genmc.answer(GRAPH.format(0, 7), wide, count)


@dataclass(frozen=True)
class Stated:
    """A checker that answers as brute force does under some rules."""

    rules: Rules
    deviations: Mapping[str, Rules] = field(default_factory=dict)
    name = version = "stated"

    def cannot(self, threads: Program, cxx20: bool) -> str | None:
        """Nothing."""
        return None

    def ask(self, threads: Program, question: str | None, seconds: float) -> Answer:
        """Every execution."""
        found = executions(threads, self.rules)
        return Answer(frozenset(found.outcomes), found.complete, found.races, each=found.outcomes)


DEVIATIONS = {
    "sequences": Rules(cxx20=True),
    "locations": Rules(any_location=True),
    "swaps": Rules(failing_as_success=True),
}


@pytest.mark.parametrize(
    ("case", "deviation", "count"),
    [
        ("relseq, RC11", "sequences", 20),
        ("RS+own-store-RC11", "sequences", 5),
        ("WWmerge1", "locations", 17),
        ("Z6.U", "locations", 22),
        ("CAS+MP-failing", "swaps", 3),
    ],
)
def test_a_known_difference_of_model_is_explained(case: str, deviation: str, count: int) -> None:
    """What GenMC 0.10 counts otherwise is what its rules give; without the name of the rule it is a difference."""
    rules = DEVIATIONS[deviation]
    assert executions(CASES[case].program, rules).complete == count
    verdict = compared(Stated(rules, DEVIATIONS), CASES[case], 1)
    assert verdict.kind == MODEL and verdict.says.startswith(f"{deviation}: ")
    others = {name: each for name, each in DEVIATIONS.items() if name != deviation}
    assert compared(Stated(rules, others), CASES[case], 1).kind == DIFFERS


@pytest.mark.parametrize("limit", [300, pytest.param(3_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rules", [Rules(cxx20=True), Rules(failing_as_success=True), Rules(True, False, True)])
def test_explorer_and_brute_force_agree_on_other_rules(rules: Rules, limit: int) -> None:
    """Where the explorer has a rule itself, it finds the same under it, in random programs too.

    limit: programs with more candidate executions are left out.
    """
    programs = [each.program for each in (*CASES.values(), *random_cases(0, 100))]
    known = [each for each in programs if herd.unknown(each) != "futex" and candidates(each) < limit]
    for threads in known:
        found, seen = executions(threads, rules), under(rules, threads)
        assert seen is not None and (seen.races, seen.races or seen.each) == (
            found.races,
            found.races or found.outcomes,
        )
    assert len(known) > 150 and any(under(rules, each) != under(Rules(), each) for each in known)


def test_differences_of_model_may_come_together() -> None:
    """A program on which two of them show is explained by both, and by no one of them."""
    both = Rules(cxx20=True, failing_as_success=True)
    threads = program(
        "x = 1 rlx; y = 1 rel; y = 2 rlx; z = 1 rel", "r0 = cas z 2 3 acq; r1 = x rlx; r2 = y acq; r3 = x rlx"
    )
    verdict = compared(Stated(both, DEVIATIONS), Case("both", threads), 1)
    assert verdict.kind == MODEL and verdict.says.startswith("sequences, and swaps: ")


def test_the_paper_needs_no_explanation() -> None:
    """A checker that has the paper's rules agrees on all tests that brute force can decide."""
    kinds = Counter(
        compared(Stated(Rules(cxx20=each.cxx20), DEVIATIONS), each, 1).kind
        for each in CASES.values()
        if each.litmus is not None and herd.unknown(each.program) != "futex"
    )
    assert set(kinds) == {SAME} and kinds[SAME] > 150


OURS = Case("SB", CASES["SB-rlx+rlx+rlx+rlx"].program, litmus=CASES["SB-rlx+rlx+rlx+rlx"].litmus)
EACH = {(0, 0, 1, 1): 1, (0, 1, 1, 1): 1, (1, 0, 1, 1): 1, (1, 1, 1, 1): 1}
FEWER = frozenset(sorted(EACH)[1:])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(frozenset(EACH), 4, False, 1, EACH), None),
        (Answer(frozenset(EACH), 4, False), None),
        (Answer(frozenset(EACH), 5, False), "5 executions, and 4 explored"),
        (Answer(frozenset(EACH), 4, False, 2), "2 executions with 0:r0=0 & 1:r0=0, and 1 explored"),
        (Answer(frozenset(EACH) | {(2, 0, 1, 1)}, 4, False), r"outcome (2, 0, 1, 1) is not met by the explorer"),
        (Answer(FEWER, 4, False), r"outcome (0, 0, 1, 1) is met only by the explorer"),
        (
            Answer(frozenset(EACH), 4, False, 1, {**EACH, (0, 0, 1, 1): 2}),
            "outcome (0, 0, 1, 1) in 2 executions, and 1",
        ),
        (Answer(frozenset(EACH), 4, True), "a data race, not seen here"),
    ],
)
def test_every_difference_is_reported(answer: Answer, says: str | None) -> None:
    """An outcome more or less, an execution more or less, or a race."""
    wrong = difference(OURS, OURS.explored, answer)
    assert wrong == says if says is None else wrong is not None and wrong.startswith(says)


def test_a_wrong_verdict_of_the_suite_is_reported() -> None:
    """Where explorer and checker agree, and the suite's source says otherwise, that is a difference too."""
    assert OURS.litmus is not None
    wrong = Case("SB", OURS.program, litmus=type(OURS.litmus)(**{**vars(OURS.litmus), "allowed": False}))
    assert "should be forbidden" in compared(Stated(Rules()), wrong, 1).says
    wrong = Case("SB", OURS.program, executions=3)
    assert compared(Stated(Rules()), wrong, 1).says == "4 executions instead of the known 3"


# ---- a stand-in on the PATH, which answers by the text it is given ----

ANSWERS = """#!/bin/sh
PATH=/usr/bin:/bin
[ "$1" = -version ] && { echo '7.99, Rev: exported'; exit 0; }
for file; do :; done
exec cat "$0.answers/$(sha256sum < "$file" | cut -c 1-64)"
"""
Alter = Callable[[Case, dict[tuple[int, ...], int]], dict[tuple[int, ...], int]]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a herd7 alone on the PATH: a script, or one that answers as the explorer, altered."""
    library()  # while a compiler is on the PATH

    def put(cases: Sequence[Case] = (), alter: Alter = lambda _, each: each, script: str = ANSWERS) -> None:
        file = tmp_path / "herd7"
        file.write_text(script)
        file.chmod(0o755)
        answers = tmp_path / "herd7.answers"
        answers.mkdir()
        for case in cases:
            if herd.Herd("herd7").cannot(case.program, case.cxx20) is None:
                each = alter(case, dict(case.explored.each))
                name = hashlib.sha256(herd.text(case.program, case.question).encode()).hexdigest()
                (answers / name).write_text(_as_herd(case, each))
        monkeypatch.setenv("PATH", str(tmp_path))

    return put


def _as_herd(case: Case, each: dict[tuple[int, ...], int]) -> str:
    lines = [
        " ".join(f"{name}={value};" for name, value in zip(herd.names(case.program), outcome, strict=True))
        for outcome in each
    ]
    total = sum(each.values())
    positive = total if case.question is None else case.matching(each) or 0
    states = "\n".join([f"States {len(each)}", *lines, "Undef" if case.explored.races else "Ok"])
    flag = "Flag *undef*\n" if case.explored.races else ""
    return f"Test test Allowed\n{states}\nWitnesses\nPositive: {positive} Negative: {total - positive}\n{flag}\n"


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_a_checker_that_agrees(
    step: int, stand_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing differs, in a sixth of the suite or in all of it: exit 0, with what was not compared, by name."""
    cases = list(CASES.values())[::step]
    monkeypatch.setattr("conformance.exploration.crosscheck.__main__.suite", lambda: cases)
    stand_in(cases)
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "skipped: genmc is not on the PATH" in said
    why = Counter(herd.Herd("herd7").cannot(each.program, each.cxx20) for each in cases)
    same = why.pop(None)
    counts = f"{same} the same, 0 explained by its model, 0 different, {why.total()} not compared"
    assert f"herd7 7.99, rc11.cat: {len(cases)} programs, {counts}" in said and same > 150 / step
    assert all(f"not compared: {count} ({each})" in said for each, count in why.items())


def _without_an_outcome(case: Case, each: dict[tuple[int, ...], int]) -> dict[tuple[int, ...], int]:
    return {outcome: count for outcome, count in each.items() if case.id != "MP-rlx+rlx" or outcome[:2] != (1, 0)}


def _with_an_execution_more(case: Case, each: dict[tuple[int, ...], int]) -> dict[tuple[int, ...], int]:
    return {outcome: count + (case.id == "MP-rlx+rlx" and outcome[:2] == (0, 0)) for outcome, count in each.items()}


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (_without_an_outcome, "outcome (1, 0, 1, 1) is met only by the explorer"),
        (_with_an_execution_more, "5 executions, and 4 explored"),
    ],
)
def test_a_checker_that_disagrees(
    stand_in: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    alter: Alter,
    says: str,
) -> None:
    """One outcome or one execution otherwise, in one test of many, is reported: exit 1."""
    cases = list(CASES.values())[:12]
    monkeypatch.setattr("conformance.exploration.crosscheck.__main__.suite", lambda: cases)
    stand_in(cases, alter)
    assert main([]) == 1
    said = capsys.readouterr().out
    differing = [line.split(maxsplit=2) for line in said.splitlines() if line.startswith(DIFFERS)]
    assert differing == [[DIFFERS, "MP-rlx+rlx", says]] and " 1 different, " in said


def test_a_checker_that_refuses(stand_in: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """A checker that cannot read what it is given agrees with nothing: exit 1, with what it said."""
    stand_in(script='#!/bin/sh\n[ "$1" = -version ] && { echo 7.99; exit 0; }\necho unexpected token >&2; exit 3\n')
    assert main(["--random", "0", "12"]) == 1
    said = capsys.readouterr().out
    assert "herd7 refused a program (exit status 3):" in said and "unexpected token" in said
    assert "nothing was the same" in said


def test_a_checker_that_does_not_start(stand_in: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """Without so much as a version, nothing is compared: exit 2."""
    stand_in(script="#!/bin/sh\necho no library >&2; exit 127\n")
    assert main([]) == 2
    assert "-version: exit status 127: no library" in capsys.readouterr().err


def test_a_checker_that_takes_too_long(stand_in: Callable[..., None]) -> None:
    """Its time is limited, and what it did not answer was not compared."""
    stand_in(script="#!/bin/sh\nexec /bin/sleep 60\n")
    checker = herd.Herd(shutil.which("herd7") or "")
    with pytest.raises(TooLong, match=r"no answer in 0\.1 s"):
        checker.ask(OURS.program, None, 0.1)
    assert compared(checker, OURS, 0.1).kind == PASSED_OVER


def test_without_a_checker_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither on the PATH: both are named, and that is no failure."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == 0
    assert capsys.readouterr().out == "skipped: herd7 is not on the PATH\nskipped: genmc is not on the PATH\n"


@pytest.mark.parametrize(("said", "generated"), [("GenMC v0.9", False), ("GenMC v0.10.3", True), ("GenMC v1.0", True)])
def test_genmc_is_known_by_its_version(tmp_path: Path, said: str, generated: bool) -> None:
    """Up to 0.9 it has the paper's release sequences and seq_cst axiom, and overlooks some races."""
    file = tmp_path / "genmc"
    file.write_text(f"#!/bin/sh\necho 'GenMC (its address):'\necho '  {said}'\n")
    file.chmod(0o755)
    checker = genmc.GenMC(str(file))
    assert len(checker.deviations) == (3 if generated else 1)
    assert (checker.cannot(OURS.program, True) is None) is generated
    assert (checker.cannot(program("plain x = 1; add x 1 sc"), False) is None) is generated


def test_random_programs_are_the_same_each_time() -> None:
    """A seed names a program."""
    assert [each.program for each in random_cases(0, 20)] == [each.program for each in random_cases(0, 20)]
