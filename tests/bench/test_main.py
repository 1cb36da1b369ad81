"""The command: its exit code and its output."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.page import END
from tests.bench.measuring import Contender, Series
from tests.bench.report import BEGIN, markdown
from tests.bench.results import Measured, read
from tests.bench.workload import OURS, CannotRun, Threshold, Workload

pytestmark = pytest.mark.once

ROWS = {
    "c-64", "c-batch-32-64", "c-batch-32-64-boost", "c-copies-8", "c-4KiB", "c-1MiB", "c-waking", "single-64",
    "single-popped-64", "single-copied-64", "send-64", "batch-512-64", "many-512-64", "threads-64",
    "threads-new-64", "threads-batch-512-64", "threads-many-512-64", "interpreters-64", "interpreters-ping-pong",
    "ping-pong", "new-ping-pong", "streaming", "large", "thread-coroutine-64-janus", "thread-coroutine-64-culsans",
    "thread-coroutine-many-64", "coroutine-thread-64-janus", "coroutine-thread-64-culsans", "coroutines-64-janus",
    "coroutines-64-culsans", "large-array", "resident",
}  # fmt: skip
"""The rows of the table of thresholds."""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, with an environment that needs no compiler."""
    module = importlib.import_module("tests.bench.__main__")
    monkeypatch.setattr(module, "environment", lambda: {"machine": "made up"})
    return module


def made(name: str, ours: float, theirs: float, threshold: Threshold | None) -> Workload:
    """A workload whose two contenders take these times; its row has its name."""
    contenders = (
        Contender(OURS, lambda count, check: ours * count),
        Contender("rival", lambda count, check: theirs * count),
    )
    rows = (threshold._replace(name=name),) if threshold else ()
    return Workload(name, f"made up: {name}", lambda: contenders, rows)


TWICE = Threshold("twice", "twice as fast", ("rival",), at_least=2.0)
HALF = Threshold("half", "half its time", ("rival",), at_most=0.5)
MET = (made("fast", 100.0, 200.0, TWICE), made("quick", 50.0, 100.0, HALF))
MISSED = (made("slow", 100.0, 199.0, TWICE), made("late", 51.0, 100.0, HALF))


def lacking() -> Any:
    """Contenders on a machine that lacks something."""
    raise CannotRun("no such thing here")


def test_every_row_has_a_name(bench: Any) -> None:
    """The rows are these, and no name is taken twice."""
    for names in (
        [workload.name for workload in bench.WORKLOADS],
        [row.name for workload in bench.WORKLOADS for row in workload.rows],
    ):
        assert len(names) == len(set(names))
    assert set(names) == ROWS


def test_met(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Where every threshold is met, --check exits with 0 and prints wanted and measured."""
    assert bench.main(["--check", "--rounds", "3"], MET) == 0
    said = capsys.readouterr().out
    assert "met           fast" in said
    assert "wanted at least 2.00x, measured 2.00x (2.00 to 2.00)" in said
    assert "wanted at most 0.50x its time, measured 0.50x (0.50 to 0.50)" in said
    assert "2 of 2 thresholds met" in said


@pytest.mark.parametrize("place", [0, 1])
def test_missed(bench: Any, capsys: pytest.CaptureFixture[str], place: int) -> None:
    """A threshold that is missed makes --check exit with 1, and is named; without --check it is reported too."""
    workloads = (*MET, MISSED[place])
    assert bench.main(["--check", "--rounds", "3"], workloads) == 1
    said = capsys.readouterr().out
    assert f"MISSED        {MISSED[place].name}" in said
    assert "2 of 3 thresholds met" in said
    assert f"; missed: {MISSED[place].name}\n" in said
    assert bench.main(["--quick", "--rounds", "3"], workloads) == 0
    assert f"missed: {MISSED[place].name}" in capsys.readouterr().out


def test_what_was_not_measured_is_not_met(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine that lacks something cannot say that the threshold is met, and says why."""
    workloads = (*MET, Workload("absent", "made up", lacking, (TWICE,)))
    assert bench.main(["--check", "--rounds", "2"], workloads) == 1
    said = capsys.readouterr().out
    assert "NOT MEASURED  twice" in said
    assert "no such thing here" in said
    assert bench.main(["--quick", "--rounds", "2"], workloads) == 0
    assert bench.main(["--quick", "--rounds", "2"], workloads[-1:]) == 2


def test_a_rival_that_is_not_here_is_named(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The best of the rivals present counts, and the row names those missing."""
    threshold = TWICE._replace(rivals=("rival", "another"))
    assert bench.main(["--check", "--rounds", "2"], [made("fast", 1.0, 2.0, threshold)]) == 0
    assert "without another" in capsys.readouterr().out


def test_what_is_missed_comes_first(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """--check prints the rows that are missed first, then those where a rival is faster; all with their verdict."""
    behind = made("behind", 100.0, 90.0, TWICE._replace(at_least=0.8))
    assert bench.main(["--check", "--rounds", "2"], (MET[0], behind, *MISSED)) == 1
    verdicts = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if " wanted " in line]
    assert verdicts == [["MISSED", "slow"], ["MISSED", "late"], ["met", "behind"], ["met", "fast"]]


def test_two_rows_of_one_workload(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row has a contender of ours, and one asks of that alone; nothing is asked of a third."""
    fast = made("fast", 100.0, 200.0, TWICE)
    more = fast._replace(
        contenders=lambda: [*fast.contenders(), Contender(f"{OURS}: slowly", lambda count, check: 400.0 * count)],
        rows=(
            *fast.rows,
            TWICE._replace(name="slowly", ours=f"{OURS}: slowly"),
            Threshold("small", "small enough", (), below=101.0, unit="MiB"),
            Threshold("known", "only known", ("rival",)),
        ),
    )
    assert bench.main(["--check", "--rounds", "2"], [more]) == 1
    said = capsys.readouterr().out
    assert "MISSED        slowly                 wanted at least 2.00x, measured 0.50x" in said
    assert "met           small                  wanted below 101 MiB, measured 100.00 MiB" in said
    assert "reported      known                  wanted reported, measured 2.00x" in said
    assert "2 of 3 thresholds met" in said


def test_where_a_peer_is_faster(bench: Any) -> None:
    """The page begins with the peers that are faster: each of our ways beside the peer's alike, the slowest first."""
    way, twice = f"{OURS}: in batches", "rival: in batches"
    series = [Series(OURS, (9.0,) * 3), Series("rival", (6.0,) * 3), Series(way, (4.0,) * 3), Series(twice, (1.0,) * 3)]
    measured = Measured(Workload("it", "it is measured", lacking), (*series, Series("two memcpys", (0.1,) * 3)))
    assert [(win.ours.name, win.peer.name, round(win.ratio, 2)) for win in measured.wins] == [
        (OURS, "rival", 0.67), (way, twice, 0.25),
    ]  # fmt: skip
    page = markdown([measured], {}, "make bench").splitlines()
    assert page[4] == f"| it is measured: in batches | 4.0 | 1.0 | {twice} | 0.25x |"


def test_check_measures_only_what_it_needs(bench: Any) -> None:
    """Neither workloads without a threshold nor contenders that it does not name run."""

    def fails(count: int, check: bool) -> float:
        raise AssertionError("was measured")

    wanted = made("fast", 1.0, 2.0, TWICE)
    more = wanted._replace(contenders=lambda: [*wanted.contenders(), Contender("third", fails)])
    idle = Workload("idle", "made up", lambda: [Contender(OURS, fails)])
    assert bench.main(["--check", "--rounds", "2"], [more, idle]) == 0


@pytest.mark.parametrize("ns", [0.0, -1.0, float("nan"), float("inf")])
def test_an_invalid_measurement(bench: Any, capsys: pytest.CaptureFixture[str], ns: float) -> None:
    """InvalidMeasurement makes every run exit with 2, and its contender is named."""
    assert bench.main(["--quick"], [made("fast", 1.0, ns, TWICE)]) == 2
    assert "error: InvalidMeasurement: rival" in capsys.readouterr().err


def test_only(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Single rows by name; a name that is none, or has no threshold to check, is refused."""
    plain = made("plain", 1.0, 2.0, None)
    assert bench.main(["--check", "--only", "fast", "--rounds", "2"], (*MET, *MISSED)) == 0
    assert bench.main(["--check", "--only", "plain"], (*MET, plain)) == 2
    assert "no threshold is asked of plain" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        bench.main(["--only", "nobody"], MET)
    assert ended.value.code == 2


@pytest.mark.parametrize("option", [("--rounds", "0"), ("--rounds", "x"), ("--turn", "-1"), ("--turn", "inf")])
def test_numbers_are_above_zero(bench: Any, option: tuple[str, str]) -> None:
    """No rounds, or turns without time, are refused before anything runs."""
    with pytest.raises(SystemExit) as ended:
        bench.main(option, MET)
    assert ended.value.code == 2


def test_json_and_compare(bench: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What one run wrote, another is set against: ratios, and the median of each contender."""
    file = tmp_path / "before.json"
    assert bench.main(["--quick", "--rounds", "3", "--json", str(file)], [made("fast", 100.0, 200.0, TWICE)]) == 0
    assert read(file)["workloads"]["fast"]["measured"] == {OURS: [100.0] * 3, "rival": [200.0] * 3}
    assert bench.main(["--quick", "--compare", str(file)], [made("fast", 50.0, 200.0, TWICE)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("fast ")]
    assert lines == [
        ["fast", "row,", "at", "least", "2.00x", "2.00", "4.00", "2.00"],
        ["fast", OURS, "100.00", "50.00", "0.50"],
        ["fast", "rival", "200.00", "200.00", "1.00"],
    ]


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"format": 0})])
def test_another_file_is_not_compared(
    bench: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    """A file that --json did not write is refused before anything runs."""
    file = tmp_path / "other.json"
    file.write_text(text)
    assert bench.main(["--quick", "--compare", str(file)], MET) == 2
    assert "other.json" in capsys.readouterr().err


def test_the_page(bench: Any, tmp_path: Path) -> None:
    """The table goes between the page's marks, what is around them stays, and plots lie beside it."""
    pytest.importorskip("matplotlib")
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert bench.main(["--docs", str(tmp_path), "--rounds", "3"], (*MET, *MISSED)) == 0
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| fast | twice as fast | at least 2.00x | 2.00x (2.00 to 2.00) | met |" in text
    assert "| slow | twice as fast | at least 2.00x | 1.99x (1.99 to 1.99) | **missed** |" in text
    assert "| made up: fast | 100 | 200 |" in text
    assert {path.name for path in tmp_path.iterdir()} == {"performance.md", "performance-python.svg"}


def test_a_page_without_marks_is_left_alone(bench: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where there is no place for the table nothing is written, and the error says what is missing."""
    page = tmp_path / "performance.md"
    page.write_text("no marks\n")
    assert bench.main(["--docs", str(tmp_path), "--rounds", "2"], MET) == 2
    assert BEGIN in capsys.readouterr().err
    assert page.read_text() == "no marks\n"
