"""The reports in docs/implementations/: of the catalogue of today, of every implementation, and what a run gives."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from conformance.reports import short
from conformance.rules import RULES
from docs.book import implementations, judging
from docs.book.implementations import FOLDER, ROOT, documents, evidence, verdicts
from docs.book.judging import IMPLEMENTATIONS
from tests.conformance.reports.documents import breaking
from tests.mutation.deviants import DEVIANTS, UNDECIDED

pytestmark = pytest.mark.once


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder of reports."""
    monkeypatch.setattr(implementations, "FOLDER", tmp_path)
    monkeypatch.setattr(judging, "FOLDER", tmp_path)
    monkeypatch.setattr(judging, "ROOT", tmp_path)
    monkeypatch.setattr(implementations, "documents", documents.__wrapped__)
    return tmp_path


def test_every_implementation_has_a_report() -> None:
    """The model first and the deviants last; others may be beside them."""
    names = list(documents())
    assert set(IMPLEMENTATIONS) <= set(names)
    assert names[0] == "model"
    assert names[-len(DEVIANTS) :] == [f"deviant-{deviant.id}" for deviant in DEVIANTS]


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_a_report_is_of_the_catalogue_of_today(name: str) -> None:
    """It has every rule and no other one, and only checks that the suite still has; else `make implementations`."""
    document = documents()[name]
    assert [rule["id"] for rule in document["rules"]] == list(RULES)
    assert [check["id"] for check in document["checks"] if check["layer"] == "unknown"] == []
    assert {"made by", "run", "sources", "random programs", "omnimailbox"} <= set(document["environment"])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_report_names_no_machine(path: Path) -> None:
    """No folder of whoever made it, and no name of a machine."""
    text = path.read_text(encoding="utf-8")
    places = {str(ROOT), str(Path.home()), tempfile.gettempdir(), os.uname().nodename}
    assert [place for place in places if len(place) > 3 and place in text] == []
    assert re.findall(r"/(?:home|tmp|root|Users|var)/\S*", text) == []


@pytest.mark.parametrize("name", [name for name in IMPLEMENTATIONS if not name.startswith("deviant")])
def test_whoever_should_keep_the_rules_does(name: str) -> None:
    """Nothing is broken or undecided, and everything was run."""
    said = {rule: verdicts(rule)[name] for rule in RULES}
    assert {rule: verdict for rule, verdict in said.items() if verdict not in ("holds", "not provided")} == {}
    assert (documents()[name]["whole"], documents()[name]["verdict"]) == (True, "holds")


@pytest.mark.parametrize("deviant", DEVIANTS, ids=lambda deviant: f"deviant-{deviant.id}")
def test_a_deviant_is_said_to_break_what_it_breaks(deviant: Any) -> None:
    """Each planted rule and none that is not allowed, with a program where the evidence leads."""
    name = f"deviant-{deviant.id}"
    broken = {rule for rule in RULES if verdicts(rule)[name] == "broken"}
    assert set(deviant.rules) <= broken <= deviant.allowed
    assert sum(verdicts(rule)[name] == "undecided" for rule in RULES) <= UNDECIDED
    failures = [each for each in documents()[name]["failures"] if not each["cause"]]
    shown = {each["rule"] for each in failures if each["program"] or each["python"]}
    assert set(deviant.rules) <= shown
    assert all(evidence(name, rule).startswith(f"implementations/{name}.html#failure-") for rule in broken)
    assert evidence(name, "VOC-1") == f"implementations/{name}.html#rule-VOC-1"


def test_all_together_stay_small() -> None:
    """They are part of every clone."""
    assert sum((FOLDER / f"{name}.json").stat().st_size for name in IMPLEMENTATIONS) < 400_000


def test_a_report_of_somebody_else_is_added(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In its short form, before the deviants; of rules that it does not have it says so."""
    (folder / "deviant-z.json").write_text(json.dumps(breaking().document()))
    document = breaking("/home/someone/libmine.so").document()
    document["rules"] = [rule for rule in document["rules"] if rule["id"] != "VOC-2"]
    report = folder / "report.txt"
    report.write_text(json.dumps(document))
    assert judging.main(["--add", str(report), "--name", "mine"]) == 0
    assert "mine.json: " in capsys.readouterr().out
    assert "someone" not in (folder / "mine.json").read_text()
    assert list(verdicts("PSH-2")) == ["mine", "deviant-z"]
    assert verdicts("PSH-2")["mine"] == "broken"
    assert verdicts("VOC-2")["mine"] == "not run"
    assert implementations.title("mine") == "mine"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--only", "fast_impl"], "no implementation is called 'fast_impl'; there are model, fast_impl-c-asymmetric,"),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--add", "report", "--name", "Mine!"], "must be new, of lower-case letters, digits, - and _, not 'Mine!'"),
        (["--add", "report", "--name", "model"], "must be new, of lower-case letters, digits, - and _, not 'model'"),
        (["--add", "report"], "--name must be new"),
        (["--add", "odd", "--name", "mine"], "is not JSON"),
        (["--add", "none", "--name", "mine"], "No such file"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_command(
    folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ends it with 2 and says what would be right; nothing is written."""
    (folder / "report").write_text(json.dumps(breaking().document()))
    (folder / "odd").write_text("{")
    words = [str(folder / word) if word in ("report", "odd", "none") else word for word in words]
    assert judging.main(words) == 2
    assert says in capsys.readouterr().err
    assert list(folder.glob("*.json")) == []


def test_a_report_with_links_is_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `omni-conformance run --json` writes it: its links lead to another page of the model."""
    pytest.importorskip("sphinx", reason="make docs installs it")
    from docs.book import matrix

    monkeypatch.setattr(matrix, "documents", documents.__wrapped__)
    document = breaking().document()
    with_program = [each for each in document["failures"] if each["program"]]
    for each in with_program:
        each["link"] = "http://localhost:8000/model.html#x"
    (folder / "mine.json").write_text(json.dumps(document))
    drawn = matrix.page("mine")
    assert drawn.count('href="../model.html#') == len(with_program) > 0 and "localhost" not in drawn


def test_a_file_that_is_no_report(folder: Path) -> None:
    """It is named, with what is wrong."""
    (folder / "mine.json").write_text('{"format": 3}')
    with pytest.raises(ValueError, match=r"mine\.json: the report has format 3; this version reads format 4 only"):
        verdicts("PSH-2")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_report_of_the_model_is_what_a_run_gives() -> None:
    """Verdicts, outcomes and failures; operations, but of random programs, which Hypothesis' version may change."""
    made = judging.judged("model", 2)
    kept = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    for name in ("verdicts", "not_provided", "reasons", "failures", "implied", "verdict", "figures"):
        assert made[name] == kept[name], name

    def counted(report: dict[str, Any]) -> dict[str, tuple[str, int]]:
        checks = short.restored(report)["checks"]
        random = "differential-random"
        return {each["id"]: (each["outcome"], each["operations"] * (each["layer"] != random)) for each in checks}

    assert counted(made) == counted(kept)
