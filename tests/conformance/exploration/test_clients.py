"""The core that ships, explored: small clients are clean, failures are printed; and the command that does it."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main as omni_conformance
from conformance.exploration import explorer
from conformance.exploration.clients import report
from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import SEQUENCES, STUCK, Operation, client
from conformance.exploration.clients.state import Code
from conformance.exploration.clients.verdict import explore
from conformance.exploration.explorer import FAILURES
from conformance.failure import Failure
from conformance.page import END
from conformance.rules import RULES
from tests.mutation.workspace import changed, racing, sleepy

# ---- clients, and what is allowed of them ----


pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
ROOT = Path(__file__).resolve().parents[3]
BY_NAME = {each.name: each for each in QUICK}
PINNED, INTERRUPTED = Code.PINNED, Code.INTERRUPTED


SELECTION = (
    "try", "views held, two slots", "timed", "producer contended, one is bias owner", "consumer closed during a pop",
    "view handed over", "two request one name", "pop interrupted", "allocation fails for two",
    "receive, signal handler pops", "export, another thread pops, no GIL", "cffi, receive, finaliser pops",
)  # fmt: skip
"""One small client of each kind; `make explore` explores all of them, in the same three modes."""


@pytest.mark.parametrize("mode", ["asymmetric fences", "full fences", "C++20"])
@pytest.mark.parametrize("name", SELECTION)
def test_a_client_of_each_kind_is_clean(name: str, mode: str) -> None:
    """Every execution that RC11 allows ends in an outcome that the model allows; none races, fails or sleeps for ever.

    C++20 leaves later stores of the same thread out of a release sequence: the core does not depend on them.
    """
    verdict = explore(BY_NAME[name], mode == "asymmetric fences", cxx20=mode == "C++20")
    assert verdict.clean, verdict.why


def test_client_names_are_unique() -> None:
    """A name identifies a client."""
    names = [each.name for each in FULL]
    assert len(set(names)) == len(names)


def test_a_failure_is_printed_by_thread_and_source_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command exits with 1, and prints the execution with the lines of the core, and a string that replays it."""
    assert omni_conformance(["explore", "--core", str(racing(tmp_path)), "--only", "try", "--fences", "full"]) == 1
    printed = capsys.readouterr().out
    assert "data race: write by thread 0 at" in printed
    assert "thread 0" in printed and "thread 1" in printed
    assert re.search(r"ring\.h:\d+ write", printed)
    assert "replay: " in printed


def test_what_is_allowed_is_what_the_model_does() -> None:
    """Two orders of a push and a pop, three results of a push on a full queue with a time limit and a close."""
    assert outcomes(client("", 1, "try_push 1", "try_pop")) == {(0, 0 | 1 << 8, 4), (0, 3, 4)}
    assert outcomes(client("", 1, "try_push 1; timed_push 2", "close_consumer")) == {(0, 1, 4), (0, 2, 4), (2, 2, 4)}


def test_where_a_thread_may_wait_for_ever_is_an_outcome_too() -> None:
    """What the threads have got, and the operation that each is in; a watch waits while a pop would find nothing."""
    assert outcomes(client("", 1, "blocking_pop")) == {(STUCK,)}
    assert outcomes(client("", 1, "try_push 1; blocking_push 2", "try_pop")) == {
        (0, 3, STUCK | 1, STUCK | 1),
        (0, 0, 0 | 1 << 8, 4),
    }
    assert (4, STUCK | 2) not in outcomes(client("", 1, "fileno_consumer; watch_consumer", setup="try_push 1"))
    watching = client("watch", 1, "try_pop; watch_consumer", setup="fileno_consumer; poll_message")
    assert outcomes(watching) == {(3, 5), (3, STUCK | 1)}
    assert explore(watching).result.outcomes == {(3, STUCK | 1): 1}
    reserved = client("reserved", 1, "poll_space; watch_producer", setup="fileno_producer; reserve")
    assert explore(reserved).clean and (1, STUCK | 1) in outcomes(reserved)


def test_a_wait_for_ever_that_the_model_does_not_know_is_a_lost_wakeup(tmp_path: Path) -> None:
    """As it was where no client might wait for ever."""
    verdict = explore(client("sleeps", 1, "blocking_pop", "try_push 1"), core=sleepy(tmp_path))
    assert verdict.result.failure == "lost wakeup" and verdict.forbidden == {(0, STUCK, STUCK | 1)}


def test_a_setup_comes_before_the_threads() -> None:
    """They begin with its channel, its messages and its pin, and its results are no part of the outcome."""
    held = client("", 1, "try_pop", "held; view; unpin", setup="try_push 1; try_pop; pin; try_push 2")
    assert outcomes(held) == {(PINNED, 1, 1, 4), (0 | 2 << 8, 1, 1, 4)}


def test_memory_that_is_left_is_a_part_of_the_outcome() -> None:
    """Two blocks for a broker, two for a channel; a view keeps those of its channel."""
    assert outcomes(client("", 1, "free_producer", "free_consumer")) == {(2,)}
    assert outcomes(client("", 1, "free_producer; free_consumer", "free_broker")) == {(0,)}
    assert outcomes(client("", 1, "free_producer; free_consumer", setup="try_push 1; try_pop; pin")) == {(4,)}


def test_a_fault_is_injected_as_often_as_the_client_says() -> None:
    """A sleep ends with a signal, or a request is refused memory, so many times in each thread."""
    asleep = "blocking_pop; blocking_pop; try_push 1; try_pop"
    assert outcomes(client("", 1, asleep, signals=1)) == {(STUCK,), (INTERRUPTED, STUCK | 1)}
    interrupted = (INTERRUPTED, INTERRUPTED, 0, 0 | 1 << 8, 4)
    assert interrupted in outcomes(client("", 1, asleep, signals=2))
    refused = outcomes(client("", 1, "request 0; request 0; request 0", bare=True, refusals=2))
    assert {results[:3] for results in refused} == {(0, 1, 1), (3, 0, 1), (3, 3, 0)}


def test_two_requests_share_a_name_only_one_after_the_other() -> None:
    """One answers SUCCESS and the other NAME_EXISTS; where the first gave it back, both answer SUCCESS."""
    assert outcomes(client("", 1, "request 1", "request 1", bare=True)) == {(0, 1, 4), (1, 0, 4)}
    both = "request 1; free_producer; free_consumer"
    assert outcomes(client("", 1, both, both, bare=True)) == {(0, 0, 2), (0, 1, 2), (1, 0, 2)}


def test_an_operation_that_is_none_is_refused() -> None:
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="no operation is called 'push'; there are try_push"):
        client("", 1, "push 1")


def test_a_thread_with_too_many_operations_is_refused() -> None:
    """The error says how many there are, and how many there may be."""
    with pytest.raises(ValueError, match="a thread has at most 16 operations, not 17"):
        client("", 1, "; ".join(["try_pop"] * 17))


# ---- the sequences of the bindings ----

CALLS = {
    "c_try_pop": "try_pop", "c_receive": "blocking_pop", "c_receive_large": "blocking_pop",
    "c_timed_receive": "timed_pop", "c_close_consumer": "close_consumer", "c_send": "blocking_push",
    "c_timed_send": "timed_push", "c_close_producer": "close_producer", "cffi_try_pop": "try_pop",
    "cffi_receive": "blocking_pop", "cffi_close_consumer": "close_consumer", "cffi_send": "blocking_push",
}  # fmt: skip
"""The one call of the core that answers as a sequence does."""


def _calls(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    several = {"blocking_pop": "blocking_batch_pop"}
    named = (Operation(CALLS.get(kind, kind), argument) for kind, argument in operations)
    return tuple(each._replace(kind=several.get(each.kind, each.kind)) if each.argument > 1 else each for each in named)


def _has_calls(operations: tuple[Operation, ...]) -> bool:
    return all(each.kind in CALLS or each.kind not in SEQUENCES for each in operations)


@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in FULL
        if all(map(_has_calls, (each.setup, *each.threads)))
        and any(operation.kind in CALLS for thread in each.threads for operation in thread)
    ],
)
def test_a_sequence_may_answer_as_its_one_call_may(name: str) -> None:
    """Where nothing comes in the middle: so what is allowed of it is what the rules allow, and not what it does."""
    given = next(each for each in FULL if each.name == name)._replace(signals=0, handler=())
    calls = given._replace(threads=tuple(map(_calls, given.threads)), setup=_calls(given.setup))
    assert outcomes(given) == outcomes(calls)


@pytest.mark.parametrize(
    ("ours", "file", "theirs"),
    [
        ("c_begin", "cpython/popping.c", ["begin"]),
        ("c_begin_waiting", "cpython/popping.c", ["begin_waiting"]),
        ("c_wait_for_space", "cpython/pushing.c", ["wait_for_space"]),
        ("c_close_consumer", "cpython/consumer.c", ["begin", "finish"]),
        ("c_close_producer", "cpython/producer.c", ["close_by", "finish"]),
        ("cffi_pop", "cffi/consumer.py", ["_pop"]),
    ],
)
def test_a_sequence_makes_the_calls_of_its_binding(ours: str, file: str, theirs: list[str]) -> None:
    """The same ones in the same places of the source: what is explored is what the binding does today."""
    harness = (ROOT / "conformance/exploration/clients/sequences.h").read_text()
    binding = (ROOT / "fast_impl" / file).read_text()
    made = [call for name in theirs for call in _made(binding, name, python=file.endswith(".py"))]
    mine = _made(harness, ours)
    assert ([call for call in mine if call.startswith("omni_")] if file.endswith(".py") else mine) == made


def _made(source: str, function: str, python: bool = False) -> list[str]:
    """The calls of the core, and those that have to do with the GIL, in a function's loop or all of it."""
    if python:
        found = re.search(rf"    def {function}\(.*?while True:\n(.*?)\n\n", source, re.DOTALL)
    else:
        found = re.search(rf"^static .*?\b{function}\([^;{{]*\{{\n(.*?)^\}}", source, re.DOTALL | re.MULTILINE)
    assert found is not None, function
    return re.findall(r"\b(?:gil_give|gil_take|check_signals|pin_live_exports|omni_\w+)(?=[(,])", found[1])


def test_a_handler_runs_in_the_first_thread() -> None:
    """Its answers come before the sequence's own; one that raises is an answer too."""
    popping = client("", 1, "c_receive", setup="try_push 1; close_producer", signals=1, handler="c_try_pop")
    assert outcomes(popping) == {(0 | 1 << 8, 4)}  # with nothing to wait for, it is not asked
    copying = popping._replace(threads=((Operation("cffi_receive"),),))
    assert outcomes(copying) == {(0 | 1 << 8, 4), (0 | 1 << 8, 2, 4)}
    raising = copying._replace(handler=())
    assert outcomes(raising) == {(0 | 1 << 8, 4), (INTERRUPTED, INTERRUPTED, 4)}
    second = raising._replace(threads=((), raising.threads[0]))
    assert outcomes(second) == {(0 | 1 << 8, 4)}


# ---- the command: its files, its page, its progress, and its errors ----


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A core with a data race, and the file that an exploration of it wrote."""
    folder = tmp_path_factory.mktemp("race")
    core = racing(folder)
    only = ["--only", "try", "--fences", "asymmetric"]
    assert omni_conformance(["explore", "--core", str(core), *only, "--failures", str(folder / "failures")]) == 1
    (file,) = (folder / "failures").iterdir()
    return core, file


@pytest.fixture
def race(found: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The same, with a copy of the file that a test may change."""
    core, file = found
    return core, Path(shutil.copy(file, tmp_path))


def test_a_failure_file_has_what_is_needed_to_see_it(race: tuple[Path, Path]) -> None:
    """The rule, the client, the steps with source lines, the string that replays it: in the suite's own form."""
    core, file = race
    failure = Failure.read(file)
    assert (failure.rule, failure.kind, failure.target) == ("CON-3", "exploration", str(core))
    assert re.fullmatch(r"data race: write by thread 0 at \w+\.h:\d+, and read by thread 1 at \w+\.c:\d+", failure.seen)
    assert failure.details["client"]["threads"][1] == "try_pop; try_pop; try_pop"
    assert re.search(r"ring\.h:\d+ write &ring->write_index = 1 relaxed", failure.details["execution"])
    assert len(failure.details["trace"]) > 5 and failure.details["replay"]


def test_a_failure_file_is_replayed(race: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """It fails again where it failed, with what each thread runs, and passes on the core that ships."""
    _, file = race
    capsys.readouterr()
    assert omni_conformance(["replay", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "fails, data race" in printed and "thread 0: try_push 1; try_push 2; try_push 3" in printed
    assert Failure.read(file).details["execution"] in printed
    assert omni_conformance(["replay", str(file), "--target", "fast_impl"]) == 0
    assert "passes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("replay", "99", "has no such execution"),
        ("replay", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "has no such execution"),
        ("replay", "x", "not a replay string"),
        ("client", {"name": "no threads", "capacity": 1}, "no exploration is in this failure file"),
        ("client", {"name": "", "capacity": 1, "threads": ["jump"]}, "no operation is called 'jump'"),
    ],
)
def test_a_file_that_cannot_be_replayed_gives_2(
    race: tuple[Path, Path], capsys: pytest.CaptureFixture[str], key: str, value: Any, says: str
) -> None:
    """Decisions that the core does not leave, or a file that does not say what to explore, are an error."""
    _, file = race
    document = json.loads(file.read_text())
    document["details"][key] = value
    file.write_text(json.dumps(document))
    target = ["--target", "fast_impl"] if "." in str(value) else []
    assert omni_conformance(["replay", str(file), *target]) == 2
    assert says in capsys.readouterr().err


def test_a_core_that_is_gone_gives_2(race: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is compiled from a folder that is not there, and nothing passes there."""
    core, file = race
    assert omni_conformance(["replay", str(file), "--target", str(core / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_the_printed_string_replays_it(race: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """With the client it is of."""
    core, file = race
    string = Failure.read(file).details["replay"]
    assert omni_conformance(["explore", "--core", str(core), "--only", "try", "--replay", string]) == 1
    assert f"replay: {string}" in capsys.readouterr().out
    assert omni_conformance(["explore", "--only", "try", "--replay", string]) == 0
    assert "nothing fails below" in capsys.readouterr().out


def test_an_outcome_that_no_order_explains_has_a_trace(tmp_path: Path) -> None:
    """The results, and an execution that gives them, complete: nothing in it goes wrong but what it answers."""
    core = changed(
        tmp_path,
        "ring.h",
        "    ring->cached_write = platform_load(&ring->write_index, relaxed); /* again",
        "    ; /* again",
    )
    (ends,) = (each for each in QUICK if each.name == "producer closes")
    verdict = explore(ends, core=core)
    assert verdict.result.failure == "forbidden" and verdict.forbidden
    assert verdict.why.startswith("outcomes that no order explains")
    assert verdict.result.message.endswith(" ".join(map(str, max(verdict.forbidden))))
    assert len(verdict.result.trace) > 20


def test_every_kind_of_failure_breaks_a_rule_that_there_is() -> None:
    """Whatever the client."""
    for kind in FAILURES[1:]:
        assert {report.rule_of(each, kind) for each in FULL} <= set(RULES)
    assert report.rule_of(FULL[0], "lost wakeup") == "CON-5"
    assert report.rule_of(client("", 1, "try_push 1; close_producer", "try_pop"), "forbidden") == "CON-4"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "nobody"], "no client is called 'nobody'; there are: try, "),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--replay", "0"], "--replay needs the client whose decisions these are: --only NAME"),
        (["--only", "try", "--core", "/nowhere"], "there is no folder /nowhere"),
        (["--only", "try", "--page", "/nowhere/page.md"], "No such file"),
    ],
)
def test_a_mistake_in_the_command_gives_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be right."""
    assert omni_conformance(["explore", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_quick_exploration_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """A table, and nothing on standard error."""
    assert omni_conformance(["explore", "--only", "batches", "--only", "reserved"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "" and "2 of 2 clients exhaustively explored and clean" in printed.out


def test_the_page_gets_the_table_between_its_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stood there goes, all else stays; a page without marks is left alone, and reported."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{report.BEGIN}\nold\n{END}\n\nafter\n")
    assert omni_conformance(["explore", "--only", "reserved", "--page", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n\n") and text.endswith("\n\nafter\n") and "old" not in text
    threads = "`reserve; commit 3; reserve; rollback`<br>`try_pop; try_pop`"
    assert f"| reserved | 6 | 1 | {threads} | 13 | 13 | 5 | clean |" in text
    page.write_text("no marks\n")
    assert omni_conformance(["explore", "--only", "reserved", "--page", str(page)]) == 2
    assert "has no place for the table" in capsys.readouterr().err and page.read_text() == "no marks\n"


def test_the_documentation_lists_the_clients_of_today() -> None:
    """Each with its capacity and its operations, all of them clean; `make verify` writes the table."""
    page = (ROOT / "docs" / "verification.md").read_text()
    _, _, rest = page.partition(report.BEGIN)
    table, ended, _ = rest.partition(END)
    assert ended
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.strip().splitlines()[2:]]
    wanted = [[each.name, report.calls_of(each), str(each.capacity), report.threads(each)] for each in QUICK]
    assert [row[:4] for row in rows] == wanted
    assert {row[-1] for row in rows} == {"clean"}


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, times: list[float]) -> str:
    """What progress writes when it is called at these seconds."""
    ticks = iter([0.0, *times])
    progress = report.ProgressLine("3 of 4, blocking", stream, lambda: next(ticks))
    nothing = explore(QUICK[0], executions=1).result
    for number, _ in enumerate(times, 1):
        progress.of_one(replace(nothing, complete=1000 * number, cut=0), 3000.0 * number)
    progress.finish()
    return stream.getvalue()


def test_progress_is_a_line_now_and_then() -> None:
    """From the second on that an exploration lasts, every ten seconds, with an estimate of what is left."""
    lines = shown(io.StringIO(), [0.5, 2.0, 5.0, 11.9, 12.1, 300.0]).splitlines()
    assert lines == [
        "3 of 4, blocking: 2,000 executions in 2 s, 1,000 a second, about 25%, 6 s left",
        "3 of 4, blocking: 5,000 executions in 12 s, 413 a second, about 25%, 36 s left",
        "3 of 4, blocking: 6,000 executions in 5 min, 20 a second, about 25%, 15 min left",
    ]


def test_progress_stays_in_its_line_on_a_terminal() -> None:
    """And leaves it empty."""
    text = shown(Terminal(), [0.5, 2.0, 2.1, 2.3])
    assert text.count("executions") == 2 and "\n" not in text
    assert re.search(r"\r +\r$", text)
    assert shown(Terminal(), [0.5]) == ""


def test_only_what_changed_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's objects stay; a source that changed is compiled, and all of a client whose header did."""
    engine = tmp_path / "engine"
    engine.mkdir()
    (engine / "engine.c").write_text("int engine;\n")
    monkeypatch.setattr(explorer, "ENGINE", engine)
    compiled: list[str] = []
    plain = explorer._call
    monkeypatch.setattr(explorer, "_call", lambda command, what: (compiled.append(what.name), plain(command, what)))
    one, other, header = (tmp_path / name for name in ("one.c", "other.c", "header.h"))
    header.write_text("enum { SAID = 1 };\n")
    one.write_text('#include "header.h"\nint one(void) { return SAID; }\n')
    other.write_text('#include "header.h"\nint other(void) { return SAID; }\n')

    def build() -> list[str]:
        compiled.clear()
        explorer.shared_library([one, other], headers=[header], folder=tmp_path / "built")
        return [name for name in compiled if name.endswith(".c")]

    assert build() == ["engine.c", "one.c", "other.c"]
    assert build() == [] and compiled == []
    other.write_text(other.read_text() + "\n")
    assert build() == ["other.c"]
    header.write_text("enum { SAID = 2 };\n")
    assert build() == ["one.c", "other.c"]
