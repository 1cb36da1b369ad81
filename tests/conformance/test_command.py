"""The command `omni-conformance`: exit codes, files, and errors that say what would be right."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.checks import CHECKS
from conformance.differential import plain
from conformance.differential.exhaustive import part
from conformance.differential.lockstep import execute
from conformance.differential.shrink import commented
from conformance.failure import Failure
from conformance.reports import rules_page
from conformance.targets import load

FITS = "PSH-2/exactly-capacity-fit"

ONE_SHORT = """
from fast_impl import *
from fast_impl import ProducerHandle
plain = ProducerHandle.try_push
def try_push(self, data):
    return PushResult.QUEUE_FULL if self.available_slots() == 1 else plain(self, data)
ProducerHandle.try_push = try_push
"""


@pytest.fixture
def one_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handles_in_python: None) -> Path:
    """A folder to work in, with a target `one_short` that uses one slot too few."""
    (tmp_path / "one_short.py").write_text(ONE_SHORT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> int:
    return main(["run", "--workers", "1", *arguments])


def test_a_target_that_holds_gives_0_and_every_report(one_short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is printed, and each format is written."""
    files = [f"--{name}={one_short / name}" for name in ("json", "junit", "markdown", "html")]
    assert _run("--target", "spec_model", "--only", "PSH-2", *files) == 0
    assert "PSH" in capsys.readouterr().out
    assert json.loads((one_short / "json").read_text())["verdict"] == "holds"
    assert all((one_short / name).stat().st_size > 100 for name in ("junit", "markdown", "html"))


def test_a_failure_gives_1_and_a_file_to_replay(one_short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is replayed on the target that failed, 1, and on one that does not, 0."""
    assert _run("--target", "one_short", "--only", FITS, "--failures", str(one_short / "failures")) == 1
    printed = capsys.readouterr().out
    assert "PSH-2" in printed
    assert "import one_short as omni" in printed
    (file,) = (one_short / "failures").iterdir()
    assert Failure.read(file).rule == "PSH-2"
    assert main(["replay", str(file)]) == 1
    assert "one_short: the program fails" in capsys.readouterr().out
    assert main(["replay", str(file), "--target", "spec_model"]) == 0
    assert "passes" in capsys.readouterr().out


BEYOND = {
    "__import__('os').system('touch ran')": "__import__('os').system",
    "omni.os.system('touch ran')": "omni.os",
    "p = omni.MailboxBroker().__class__": "omni.MailboxBroker().__class__",
    "(lambda: open('ran', 'w'))()": "(lambda: open('ran', 'w'))()",
    "eval('1')": "eval()",
    "pickle.loads(b'cos\\nsystem\\n(Vtouch ran\\ntR.')": "pickle.loads",
    "ctypes.string_at(0)": "ctypes",
    "import os": "Import",
    "p.try_push(open('ran', 'w'))": "open()",
    "[each for each in ()][0]((1))": "[each for each in ()][0]()",
    "'{0.__globals__}'.format(p)": "'{0.__globals__}'.format",
    "f'{p}'": "JoinedStr",
    "b'x'; omni.MailboxBroker()": "2 statements",
    "p.try_push(b'x'": "no Python",
    "p.try_push(b'x') # x1000000000": "asks to be repeated",
    "b.has_channel(\n'a')": "2 lines",
}
"""Lines that a failure file could have, and what is refused in each."""


@pytest.mark.parametrize("line", BEYOND)
def test_a_failure_file_can_only_call_the_target(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is refused by name, before anything of the file has run."""
    monkeypatch.chdir(tmp_path)
    Failure("PSH-2", FITS, "difference", "seen", "spec_model", ("b = omni.MailboxBroker()", line)).write(Path("f.json"))
    assert main(["replay", "f.json"]) == 2
    said = capsys.readouterr()
    assert BEYOND[line] in said.err and said.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.json"]


def test_what_a_target_says_stays_a_comment() -> None:
    """In the program of a failure, each of its lines, whatever ends them."""
    assert commented("gave a\nraise SystemExit\rb") == "# gave a\n# raise SystemExit\n# b"


def test_a_failure_file_of_no_rule_or_of_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which field is wrong."""
    good = Failure("PSH-2", FITS, "difference", "seen", "spec_model").document()
    for wrong, says in (({"rule": "PSH-99"}, "no rule 'PSH-99'"), ({"program": [3]}, "each line of program are text")):
        (tmp_path / "f.json").write_text(json.dumps({**good, **wrong}))
        assert main(["replay", str(tmp_path / "f.json")]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.slow
def test_programs_of_the_suite_can_be_replayed_as_others() -> None:
    """What random programs and all transitions do, and most checks, is carried out from a file as by Python itself."""
    target, lines = load("fast_impl"), set[str]()
    for name in ("plain", "shut", "producer moved", "consumer moved", "region exported", "message exported"):
        for reached in part(name):
            lines.update(each.render() for transition in reached.transitions for each in transition.operations)
    assert len(plain.program(lines).operations) == len(lines) > 1000
    ran = 0
    for check in CHECKS:
        if check.program is not None and check.needs <= target.provides:
            own = [operation.render() for operation in check.program.operations]
            with suppress(plain.Refused):
                execute(plain.program(own), target.omni, None, check.rule)
                ran += 1
            assert plain.program(own, check.program) == check.program
    assert ran > 100


def test_what_is_expected_to_fail_may_and_what_passes_may_not(one_short: Path) -> None:
    """An expected failure gives 0, an unexpected pass 1, and a skipped check is not run."""
    ids = one_short / "ids.txt"
    ids.write_text(f"# known\n\n{FITS}  # one short, fixed in the next release\n")
    report = one_short / "report.json"
    run = ["--only", FITS, "--json", str(report)]
    assert _run("--target", "one_short", *run, "--xfails", str(ids)) == 0
    (check,) = json.loads(report.read_text())["checks"]
    assert (check["outcome"], check["reason"]) == ("expected failure", "one short, fixed in the next release")
    assert _run("--target", "spec_model", *run, "--xfails", str(ids)) == 1
    assert json.loads(report.read_text())["checks"][0]["outcome"] == "unexpected pass"
    assert _run("--target", "one_short", *run, "--skips", str(ids)) == 0
    (check,) = json.loads(report.read_text())["checks"]
    assert (check["outcome"], check["operations"]) == ("skipped", 0)


def test_what_a_target_lacks_is_not_provided_and_not_passed(one_short: Path) -> None:
    """A check that needs it is reported so, and its rule does not hold for it."""
    report = one_short / "report.json"
    only = ("--only", "BRK-5", "--only", "PSH-2", "--json", str(report))
    assert _run("--target", "spec_model", "--without", "memory-limit", *only) == 0
    document = json.loads(report.read_text())
    verdicts = {rule["id"]: rule["verdict"] for rule in document["rules"]}
    assert verdicts["PSH-2"] == "holds"
    limited = [check for check in document["checks"] if check["rule"] == "BRK-5"]
    assert "not provided" in {check["outcome"] for check in limited}
    assert document["not_provided"]["memory-limit"] == "--without"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--target", "no_such_module"], "cannot import 'no_such_module'"),
        (["run", "--target", "./no_such.so"], "no_such.so"),
        (["run", "--only", "PSH-99"], "no check, rule, area or layer is called 'PSH-99'"),
        (["run", "--xfails", "ids.txt"], "no check is called 'PSH-2/no-such-check'"),
        (["run", "--skips", "absent.txt"], "absent.txt"),
        (["run", "--without", "wings"], "no such feature: wings"),
        (["run", "--workers", "0"], "--workers must be at least 1"),
        (["explain", "PSH-99"], "no rule or check is called 'PSH-99'"),
        (["replay", "ids.txt"], "is not JSON"),
        (["replay", "other.json"], "no failure file of format 1"),
        (["compare", "other.json"], "other.json"),
    ],
)
def test_mistakes_in_the_command_give_2_and_a_reason(
    one_short: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """Nothing is run, and the error says what was wrong."""
    (one_short / "ids.txt").write_text("PSH-2/no-such-check\n")
    (one_short / "other.json").write_text("{}\n")
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_rules_and_checks_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has every rule and check; a rule's explanation has its text, a check's its program."""
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "Exactly `capacity` messages fit." in listed
    assert FITS in listed
    assert main(["list", "--ids"]) == 0
    assert FITS in capsys.readouterr().out.splitlines()
    assert main(["explain", "PSH-2"]) == 0
    assert FITS in capsys.readouterr().out
    assert main(["explain", "PSH-5"]) == 0
    assert "waiting could never help" in capsys.readouterr().out
    assert main(["explain", FITS]) == 0
    assert "p.try_push(b'x')" in capsys.readouterr().out


def test_the_page_of_the_rules_is_up_to_date(tmp_path: Path) -> None:
    """docs/rules.md is what the command that it names writes."""
    page = Path(__file__).parents[2] / "docs" / "rules.md"
    assert main(["list", "--markdown", str(tmp_path / "rules.md")]) == 0
    current = (tmp_path / "rules.md").read_text() == page.read_text()
    assert current, f"docs/rules.md is stale; make it with: {rules_page.COMMAND}"


def test_two_reports_are_compared(one_short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row per rule, with the verdict on each."""
    for target in ("spec_model", "one_short"):
        _run("--target", target, "--only", FITS, "--json", f"{target}.json")
    capsys.readouterr()
    assert main(["compare", "spec_model.json", "one_short.json"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "PSH-2" in line]
    assert any("holds" in row and "broken" in row for row in rows)
