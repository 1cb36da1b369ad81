"""The list of deliberate mistakes fits the sources, and what no tool catches is reported."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from conformance.checks import CHECKS
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.every import draft_of
from conformance.exploration.clients.verdict import explore
from conformance.rules import RULES
from conformance.workers.process import Worker
from tests.mutation import __main__ as command
from tests.mutation import tools, workspace
from tests.mutation.deviants import DEVIANTS, UNDECIDED, Deviant, Said, table
from tests.mutation.mutant import Mutant, cbmc, native, suite, suite_any, verifier
from tests.mutation.mutants import MUTANTS
from tests.mutation.tools import TOOLS, Found
from tests.native.programs import SANITIZERS, Refused
from tests.native.prove import PROOFS
from tests.spec_model.contracts import functions_with_contracts

PAGE = workspace.ROOT / "docs" / "mutation.md"
TRIALS = [(mutant, catch) for mutant in MUTANTS for catch in mutant.caught_by]
PUSHING = "spec_model/channel/pushing.py"
ONE = next(mutant for mutant in MUTANTS if mutant.id == "capacity_one_short")
SOUND = {
    "PSH-2/exactly-capacity-fit", "CON-3/large-messages-arrive-whole", "CON-5/data-and-space-wake-blocked-calls",
    "MSG-1/a-full-queue-of-pushes-changes-no-held-message",
}  # fmt: skip
BEYOND = {
    "ASY-2", "ASY-3", "ASY-4", "BRK-12", "LIF-8", "LIF-9", "LIF-11", "LIF-12",
    *(f"CON-{number}" for number in (1, 2, 3, 5, 6, 7, 9)),
}  # fmt: skip
"""Rules that no copy of the model can break, which one thread uses: mutants of the core break them."""

pytestmark = pytest.mark.once


def _result(mutant: Mutant, caught: bool, by: str = "", seen: str = "nothing failed") -> command.Result:
    return command.Result(mutant, mutant.caught_by[0], Found(caught, by, seen))


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in MUTANTS}))
def test_every_text_occurs_once(file: str) -> None:
    """Each mutant of a file fits today's source, and changes it."""
    source = (workspace.ROOT / file).read_text()
    for mutant in MUTANTS:
        if mutant.file == file:
            assert mutant.apply(source) != source, mutant


def test_every_mutant_is_one() -> None:
    """No id stands for two, no two make the same change, and each names a tool."""
    ids = Counter(mutant.id for mutant in MUTANTS)
    changes = Counter((mutant.file, mutant.edits) for mutant in MUTANTS)
    assert [each for each, count in [*ids.items(), *changes.items()] if count > 1] == []
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", mutant.id) for mutant in MUTANTS)
    assert all(mutant.caught_by for mutant in MUTANTS)


def test_every_tag_names_what_exists() -> None:
    """Rules of the catalogue, clients of the explorer, sanitizers, proofs, and functions with a contract."""
    known: dict[str, set[str]] = {
        "suite": set(RULES),
        "explorer": {client.name for client in (*QUICK, *FULL)},
        "sanitizer": set(SANITIZERS),
        "cbmc": {proof.name for proof in PROOFS},
    }
    for mutant, catch in TRIALS:
        assert catch.tool in TOOLS, mutant
        names = catch.by if catch.tool == "suite" else catch.by[:1]
        if catch.tool == "crosshair":
            functions = functions_with_contracts(workspace.ROOT / mutant.file)
            assert names[0].rpartition(".")[2] in functions, mutant
        assert set(names) <= known.get(catch.tool, set(names)), mutant


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on the PATH")
def test_every_mutant_of_the_core_compiles(tmp_path: Path) -> None:
    """A tool that cannot build it has caught nothing."""
    for mutant in MUTANTS:
        if mutant.file.startswith(f"{workspace.CORE}/") and "/platform/" not in mutant.file:
            core = workspace.patched(mutant, tmp_path) / workspace.CORE
            changed = tmp_path / f"tree_{mutant.id}" / mutant.file
            source = changed if changed.suffix == ".c" else core / "broker.c"  # which includes every header
            command_line = ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-w", "-I", str(core), str(source)]
            done = subprocess.run(command_line, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{mutant.id}: {done.stderr}"
            shutil.rmtree(tmp_path / f"tree_{mutant.id}")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on the PATH")
def test_generated_clients_find_mutants_of_the_core(tmp_path: Path) -> None:
    """Of two dozen by chance, of those whose client in the catalogue is a generated one, that finds twenty at least.

    Where one is not found, its client in the catalogue has its first calls in a setup, before all others.
    """
    drafts = {client.name: draft for client in FULL if (draft := draft_of(client))}
    catches = {mutant: [catch.by[0] for catch in mutant.caught_by if catch.tool == "explorer"] for mutant in MUTANTS}
    of_core = [mutant for mutant in MUTANTS if mutant.file.startswith(workspace.CORE)]
    missed = []
    chosen = random.Random(18).sample([each for each in of_core if drafts.keys() & catches[each][:1]], 24)
    for mutant in chosen:
        core = workspace.patched(mutant, tmp_path) / workspace.CORE
        if not explore(drafts[catches[mutant][0]].client, True, core, 20_000).result.failure:
            missed.append(mutant.id)
    assert len(missed) <= 4, missed


def test_every_rule_has_a_mutant() -> None:
    """Each is broken by some mutant, and by one of the model where one thread can break it."""
    assert {rule for mutant in MUTANTS for rule in mutant.rules} == set(RULES)
    model = {rule for mutant in MUTANTS if mutant.file.startswith("spec_model/") for rule in mutant.rules}
    assert set(RULES) - model == BEYOND


def test_the_quick_subset_has_every_tool_and_package() -> None:
    """Of each tool at least one, and of the suite each kind of implementation."""
    chosen = command.quick(TRIALS)
    assert {catch.tool for _, catch in chosen} == set(TOOLS)
    of_the_suite = {mutant.file.split("/")[0] for mutant, catch in chosen if catch.tool == "suite"}
    assert of_the_suite == {"spec_model", "fast_impl"}
    assert len(chosen) < len(TRIALS) / 10


def test_the_page_has_every_mutant() -> None:
    """The page in the documentation lists today's mutants with their tools, none missed, and every rule broken."""
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\w+/[\w/.]+) \| (\w+) \| (\w+) \|", page, re.MULTILINE)
    assert sorted(listed) == sorted((mutant.file, mutant.id, catch.tool) for mutant, catch in TRIALS)
    assert page.startswith(command.ABOVE), 'make mutation ARGS="--all --markdown docs/mutation.md"'
    assert "NOT CAUGHT" not in page
    assert "rules that no mutant breaks: none" in page


def test_the_page_has_every_deviant() -> None:
    """Its table is of today's deviants and their planted rules, and says of each that the suite is good enough."""
    written = command._written(PAGE)
    lines = [re.split(r" ?\| ?", line)[1:-1] for line in written.splitlines()[2:]]
    known = [(deviant.id, deviant.what, " ".join(deviant.rules)) for deviant in DEVIANTS]
    assert [tuple(line[:3]) for line in lines] == known, 'make mutation ARGS="--deviants --markdown docs/mutation.md"'
    for deviant, (*_, found, besides, undecided, _seconds) in zip(DEVIANTS, lines, strict=True):
        assert found == f"{len(deviant.rules)} of {len(deviant.rules)}", deviant.id
        assert set(re.findall(r"\b[A-Z]{3}-\d+", besides)) <= deviant.allowed
        assert len(undecided.split()) <= UNDECIDED


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        (PUSHING, "nothing like it", r"mutant wrong: spec_model/channel/pushing\.py has 'nothing like it' 0 times"),
        (PUSHING, "channel", r"has 'channel' \d+ times, not once"),
        ("fast_impl/core/lost.c", "x", r"mutant wrong: there is no file fast_impl/core/lost\.c"),
    ],
    ids=["a text that is not there", "a text that is there twice", "no such file"],
)
def test_a_mutant_that_does_not_fit_is_refused(file: str, text: str, why: str, tmp_path: Path) -> None:
    """The error names the mutant, the file and how often the text is there."""
    with pytest.raises(ValueError, match=why):
        workspace.patched(Mutant("wrong", file, suite("PSH-2"), text, ""), tmp_path)


def test_an_old_text_without_a_new_one_is_refused() -> None:
    """Texts come in pairs."""
    with pytest.raises(ValueError, match="mutant wrong: 3 texts, which are no pairs"):
        Mutant("wrong", PUSHING, suite("PSH-2"), "one", "other", "alone")


def test_what_does_not_compile_is_refused(tmp_path: Path) -> None:
    """The error carries the compiler's own words."""
    wrong = Mutant(
        "wrong", "fast_impl/core/ring.h", suite("PSH-2"), "#define OMNI_RING_H", "#define OMNI_RING_H\nint here"
    )
    with pytest.raises(Refused, match=r"refused the sources:\n(.*\n)*.*error"):
        workspace.native(wrong, tmp_path)


def test_without_a_compiler_it_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names what is missing."""
    monkeypatch.setenv("PATH", "")
    mutant = next(mutant for mutant in MUTANTS if mutant.file.startswith(workspace.CORE))
    with pytest.raises(tools.Missing, match="neither gcc nor cc is on the PATH"):
        tools.run(mutant, native("unit: "))


def test_a_mutant_is_caught_through_workers() -> None:
    """It is caught by the rule that it breaks, and by which check is known."""
    found = tools.run(ONE, ONE.caught_by[0])
    assert found.caught
    assert found.by == "PSH-2"
    assert found.seen.startswith("PSH-2/")


@pytest.mark.parametrize("deviant", DEVIANTS, ids=[deviant.id for deviant in DEVIANTS])
def test_a_deviant_has_many_mistakes(deviant: Deviant, tmp_path: Path) -> None:
    """They fit one copy together, and break eight rules or more."""
    assert len(deviant.rules) >= 8
    assert set(deviant.allowed) <= set(RULES)
    assert len(deviant.consequences) <= 3
    if deviant.mistakes:
        workspace.patched(deviant.mistakes[0], tmp_path, *deviant.mistakes[1:])
    else:
        compile(deviant.module, deviant.id, "exec")


def test_of_a_deviant_every_mistake_must_be_named() -> None:
    """What is missing, unplanted or left undecided is said, and is not enough."""
    deviant = DEVIANTS[0]
    good = Said(deviant, deviant.rules, [], [], ["CON-6"], 1.0)
    assert good.passes
    assert not good._replace(missing=["PSH-2"]).passes
    assert not good._replace(unplanted=["VOC-1"]).passes
    assert not good._replace(undecided=["CON-6", "LIF-8", "MEM-2", "CON-7"]).passes
    assert f"| {len(deviant.rules) - 1} of {len(deviant.rules)} |" in table([good._replace(missing=["PSH-2"])])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("fast_impl/core/ring.h", "#define OMNI_RING_H"),
        ("fast_impl/cpython/pushing.c", '#include "handles.h"'),
        ("fast_impl/cffi/producer.py", "from __future__ import annotations"),
    ],
    ids=["the core", "the types in C", "cffi"],
)
def test_a_copy_without_a_mistake_passes(file: str, line: str, tmp_path: Path) -> None:
    """What checks find in a copy is its mistake, and not that it is a copy."""
    worker = Worker(workspace.target(Mutant("sound", file, (), line, line), tmp_path), path=(str(tmp_path),))
    try:
        for check in CHECKS:
            if check.id in SOUND:
                failure = worker.run(check).failure
                assert failure is None, failure.seen
    finally:
        worker.stop()


@pytest.mark.slow
def test_a_verifier_without_a_mistake_gives_the_same_verdicts() -> None:
    """The same sources built again give the same verdicts."""
    line = "#define OMNI_VERIFIER_BYTES_H"
    sound = Mutant("sound", f"{workspace.VERIFIER}/bytes.h", verifier(), line, line)
    found = tools.run(sound, sound.caught_by[0])
    assert not found.caught
    assert found.seen == "exit status 0: nothing printed"


def test_one_rule_of_several_may_be_enough() -> None:
    """`suite` asks for every rule, and `suite_any` for one; the page shows those that failed."""
    assert not suite("PSH-1", "PSH-2").one_of
    assert suite_any("PSH-1", "PSH-2").one_of


def test_what_no_tool_catches_is_reported() -> None:
    """The summary names the mutant, the tool, what it had to name and what was seen instead; rules left are listed."""
    results = [_result(ONE, False, seen="STA-1 by STA-1/it (unit, failed)"), _result(MUTANTS[0], True, "VOC-1")]
    said = command.summary(results, whole=False)
    assert f"NOT CAUGHT: capacity_one_short ({PUSHING}), which suite must catch by PSH-2: STA-1 by STA-1/it" in said
    assert said.endswith("1 of 2 mutants caught by the tool and rule named")
    assert "NOT CAUGHT" in command.text(results)
    assert "VOC-1" not in command.unbroken(results)
    assert "PSH-2" in command.unbroken(results)
    assert command.unbroken([]) == list(RULES)


def test_what_the_machine_lacks_is_skipped_by_name() -> None:
    """It is neither caught nor missed, and the end of the summary says why."""
    mutant = Mutant("one", "fast_impl/core/ring.h", cbmc("buffers", ""), "x", "y")
    skipped = command.Result(mutant, mutant.caught_by[0], None, "no cbmc on the PATH")
    said = command.summary([skipped], whole=False)
    assert said == "0 of 0 mutants caught by the tool and rule named; skipped: 1 by cbmc, no cbmc on the PATH"
    assert "not run" in command.text([skipped])


@pytest.mark.parametrize(("caught", "status"), [(True, 0), (False, 1)])
def test_the_exit_status_says_whether_all_are_caught(
    caught: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where the mutant is caught, 1 where it is not."""
    monkeypatch.setattr(tools, "run", lambda mutant, catch: Found(caught, "PSH-2", "PSH-2/it"))
    assert command.main(["--only", ONE.id]) == status
    printed = capsys.readouterr().out
    assert f"{int(caught)} of 1 mutants caught by the tool and rule named" in printed
    assert ("NOT CAUGHT" in printed) is not caught


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "no_such"], "no mutant, file or tool is called no_such"),
        (["--workers", "0"], "least 1"),
        (["--only", ONE.id, "--markdown", "page.md"], "needs --all"),
    ],
)
def test_mistakes_in_the_command_are_reported(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, and the reason."""
    assert command.main(arguments) == 2
    assert says in capsys.readouterr().err
