"""Every client of so many calls: what is left out loses nothing; the exploration of the rest counts what it does."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main as omni_conformance
from conformance.exploration.clients.client import (
    CONSUMERS,
    PRODUCERS,
    STUCK,
    Client,
    Operation,
    client,
    operation,
    operations,
)
from conformance.exploration.clients.every import CAPACITIES, TIMED, Draft, drafts, generated, starts
from conformance.exploration.clients.parallel import ProcessPool
from conformance.exploration.clients.state import Outcome
from conformance.exploration.clients.sweep import SECONDS, SLOWEST, Part, Record, Tally, parts, sample, sweep
from conformance.exploration.clients.transitions import GUARDED
from conformance.exploration.clients.verdict import explore
from tests.mutation.workspace import racing

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
MEMORY = {"write_region", "held", "view", "reread", "unread_pop", "commit_written"}
"""Operations that are no calls, or calls without what they read."""
FOR_EVER = {timed: call for call, timed in TIMED.items()}


def seen(given: Client) -> set[Outcome]:
    """The outcomes that an exploration meets; the client is clean."""
    verdict = explore(given, True)
    assert verdict.clean, f"{given.name}: {verdict.why}"
    return set(verdict.result.outcomes)


def ended(outcomes: set[Outcome]) -> set[Outcome]:
    """Those in which no thread waits for ever."""
    return {each for each in outcomes if not any(value & STUCK for value in each if value < 2 * STUCK)}


# ---- what is generated ----


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_each_client_is_there_once_and_is_found_by_its_name(capacity: int) -> None:
    """From every state."""
    for start in starts(capacity):
        clients = [draft.client for draft in drafts(2, capacity, start)]
        assert len({each.name for each in clients}) == len(clients)
        assert len({(each.setup, each.threads, each.unread) for each in clients}) == len(clients)
        assert all(generated(each.name) == each for each in clients)


@pytest.mark.parametrize(
    "name",
    [
        "try",
        "empty 1: try_push",
        "empty 3: try_push | - | -",
        "empty 1: try_push 1 | - | -",
        "empty 1: - | - | shutdown | channels",
        "empty 1: try_push | - | channels | shutdown",
        "empty 1: - | - | try_push | shutdown",
    ],
)
def test_another_name_is_no_client(name: str) -> None:
    """Of the catalogue, of too few threads, of another capacity, or with another payload id.

    Nor one whose fourth thread is the third, is beside a side's own thread, or beside one that has only one side.
    """
    assert generated(name) is None
    with pytest.raises(ValueError, match="no operation is called 'no'"):
        generated("full 1: reserve | try_pop | no")


def test_only_the_thread_of_one_side_has_another_role() -> None:
    """Rule "roles": a third thread may begin with a call to a side without a thread of its own, and have others."""
    for calls, there in (("close_consumer; try_push", True), ("try_pop; close_producer", True), ("try_pop", False)):
        assert bool(generated(f"empty 1: try_push; producer_connected | - | {calls}")) is there


@pytest.mark.parametrize(
    ("name", "threads", "unread"),
    [
        (
            "empty 2: reserve; commit | begin_pop 2; end_pop 1; pin; try_pop | unpin",
            (
                "reserve; write_region 7; commit 1",
                "reread; begin_pop 2; end_pop 1; pin; hand 2; reread; try_pop; reread; view",
                "take 2; view; unpin",
            ),
            False,
        ),
        ("held 1: timed_push | - | -", ("timed_push 2", "reread"), False),
        ("held 1: - | try_pop | pin; try_push", ("reread; try_pop; reread", "pin; try_push 2; view"), False),
        ("held 1: - | begin_pop 1 | pin; abandon", ("begin_pop 1; hand 1", "pin; take 1; abandon; view"), True),
        ("held 1: - | pin | unpin; pin", ("pin; hand 2; reread; view", "take 2; view; unpin; pin; view"), False),
        (
            "pinned 2: try_push | begin_pop 1 | abandon",
            ("try_push 2", "begin_pop 1; hand 1; view", "take 1; abandon"),
            True,
        ),
        ("pinned 1: - | begin_pop 1 | unpin; abandon", ("begin_pop 1; hand 1", "view; unpin; take 1; abandon"), True),
        (
            "pinned 2: try_push | try_pop | close_producer",
            ("try_push 2", "reread; try_pop; reread; view", "close_producer"),
            False,
        ),
        (
            "region pinned 1: commit | try_pop | unpin_region",
            ("commit_written", "reread; try_pop; reread", "write_region 7; unpin_region"),
            False,
        ),
        (
            "empty 1: reserve; commit | try_pop | close_producer",
            ("reserve; commit_written", "try_pop", "close_producer"),
            True,
        ),
        (
            "held 1: try_push | try_pop | reserve",
            ("try_push 2", "reread; try_pop; reread", "reserve; write_region 7"),
            False,
        ),
        ("empty 1: close_producer | - | reserve", ("close_producer", "reserve"), False),
        (
            "full 1: detach_producer | try_pop | attach; try_push",
            ("detach_producer", "reread; try_pop; reread", "attach; try_push 2"),
            False,
        ),
    ],
)
def test_reads_and_writes_of_memory_are_put_in_between(name: str, threads: tuple[str, ...], unread: bool) -> None:
    """At the latest moment; not where another thread may make a message expire, or end a reservation."""
    found = generated(name)
    assert found is not None and found.unread is unread
    assert found.threads == client("", 1, *threads).threads


@pytest.mark.parametrize(
    ("threads", "outcomes"),
    [
        # what it may not call after a detach is nothing, until it has attached
        (("detach_producer; try_push 1; attach; available_slots; try_push 2",), {(0, 0, 1, 0, 4)}),
        (("detach_producer; release_producer; available_slots; attach; available_slots",), {(0, 0, 1, 4)}),
        (("detach_producer; attach; free_producer; release_producer; release_producer",), {(0, 0, 4)}),
        # of a detach that is refused, nothing has come
        (("reserve; detach_producer; rollback; release_producer; free_producer",), {(0, 251, 0, 4)}),
        # nor of a claim that is
        (("claim_producer; hand; try_push 1", "take; claim_producer; unclaim_producer"), {(0, 255, 255, 4)}),
        # the payload ids are those of the calls, also of what is not called
        (("detach_producer; try_push 1; attach; batch_push 1; try_pop",), {(0, 0, 1, 0 | 2 << 8, 4)}),
        # one of two has the end, and the broker is there while the channel's memory is
        (("detach_producer; release_producer", "attach; producer_connected"), {(0, 0, 1, 4), (0, 252, 4)}),
        (("detach_producer; attach", "close_detached"), {(0, 0, 252, 4), (0, 252, 0, 4)}),
        (("free_producer", "close_consumer; free_broker"), {(3,)}),
        (("free_producer", "free_consumer; free_broker"), {(0,)}),
        # an end after a free is of the pop that is open, if one is
        (("begin_pop 1; free_consumer; end_pop 1; free_producer",), {(3, 252, 2)}),
    ],
)
def test_a_client_keeps_to_what_it_may_call(threads: tuple[str, ...], outcomes: set[Outcome]) -> None:
    """Of an end that it has detached or freed: the last number is of the blocks of memory that are left."""
    assert seen(client("; ".join(threads), 1, *threads)) == outcomes


# ---- what is left out, by each rule (see every.py) ----


def test_one_thread_with_both_sides_does_nothing_that_two_threads_do_not() -> None:
    """Rule "split": every outcome of the one thread is one of the two."""
    lost = []
    for draft in drafts(2, 1, "empty"):
        if not (draft.producer and draft.consumer):
            continue
        both = draft.client
        apart = ended(seen(both))
        produces, consumes = both.threads
        alone = ended(seen(both._replace(name=f"{both.name}, one side", threads=(consumes,))))
        answers = len(next(iter(alone))) - 1
        together = both._replace(name=f"{both.name}, one thread", threads=(produces + consumes,))
        lost += [(together.name, each) for each in ended(seen(together)) - apart]
        together = both._replace(name=f"{both.name}, one thread, the other way round", threads=(consumes + produces,))
        others = {(*each[answers:-1], *each[:answers], each[-1]) for each in ended(seen(together))}
        lost += [(together.name, each) for each in others - apart]
    assert not lost


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_each_client_is_a_prefix_of_one_with_another_call(capacity: int) -> None:
    """Rule "prefix": one more query at the end of a thread, or in a thread of its own."""
    queries = {"producer": "producer_connected", "consumer": "consumer_connected", "third": "broker_statistics"}
    queries["fourth"] = "broker_statistics"
    for calls in (1, 2):
        longer = set(drafts(calls + 1, capacity, "empty"))
        for each in drafts(calls, capacity, "empty"):
            more = {each._replace(**{role: (*getattr(each, role), Operation(queries[role]))}) for role in queries}
            assert more & longer, each


def calls_of(kinds: tuple[str, ...]) -> Iterator[Operation]:
    """Every call of a side, with each argument that differs at capacity 1."""
    for kind in kinds:
        if kind in MEMORY:
            continue
        if kind == "end_pop":
            yield from (Operation(kind, count) for count in (0, 1))
        elif kind == "batch_push":
            yield from (Operation(kind, count) for count in (1, 2, 3))
        elif kind in ("begin_pop", "late_begin_pop"):
            yield Operation(kind, 1)
        elif "batch" in kind or kind in TIMED:
            pass  # rule "alike"
        else:
            yield Operation(kind)


GONE = ("free_producer", "free_consumer", "release_producer", "release_consumer")


def left_out(side: str) -> Iterator[tuple[Operation, Operation]]:
    """Two calls of one thread that are left out together, though C allows them: of a handle that it has still."""
    kinds = PRODUCERS if side == "producer" else CONSUMERS
    kept = {getattr(draft, side) for draft in drafts(2, 1, "empty")}
    for pair in product(calls_of(kinds), repeat=2):
        gone = pair[0].kind in GONE or pair[1].kind.startswith("release")
        if pair not in kept and not gone:
            yield pair


OTHERS = {"producer": ("timed_pop", "close_consumer"), "consumer": ("timed_push 1", "close_producer")}


@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_what_a_call_that_is_left_out_answers_no_other_thread_can_change(side: str) -> None:
    """Rules "ended" and "owner": the others answer as they do without it, and it has one answer beside theirs."""
    first_calls = {getattr(draft, side) for draft in drafts(1, 1, "empty")}
    pairs, wrong = list(left_out(side)), []
    assert len(pairs) > 100
    for pair, other in product(pairs, OTHERS[side]):
        place = 0 if (pair[0],) not in first_calls else 1
        rest = (pair[1 - place],), (operation(other),)
        without = ended(seen(Client(f"{rest}", 1, rest)))
        with_it = ended(seen(Client(f"{pair} | {other}", 1, (pair, rest[1]))))
        length = len(next(iter(without)))
        at = length - 1 - other.startswith("timed") if place else 0
        answers = len(next(iter(with_it))) > length
        rid = {each[:at] + each[at + 1 :] for each in with_it} if answers else with_it
        if rid != without or len(with_it) != len(without):
            wrong.append((*pair, other, sorted(with_it), sorted(without)))
    assert not wrong, len(wrong)


UNWRITTEN = {"commit": "commit_written"}


@pytest.mark.parametrize("start", ["empty", "full", "reserved"])
@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_a_second_caller_changes_no_answer_that_one_of_the_explored_calls_does_not(side: str, start: str) -> None:
    """Rule "owner": whatever it calls, the first caller answers what it answers alone, or beside one of these."""
    own = sorted({getattr(draft, side)[0] for draft in drafts(1, 1, start) if getattr(draft, side)})
    own = [call for call in own if call.kind in GUARDED and "detach" not in call.kind]
    setup = operations(starts(1)[start].setup)
    kinds = PRODUCERS if side == "producer" else CONSUMERS
    explored = {(getattr(draft, side), draft.third) for draft in drafts(2, 1, start) if draft.third}

    def answers(call: Operation, *others: Operation) -> set[int]:
        # a query after it, so that there is always an answer of its thread; and two do not write to one region
        threads = (call, Operation(f"{side}_connected")), others
        unwritten = tuple(tuple(each._replace(kind=UNWRITTEN.get(each.kind, each.kind)) for each in t) for t in threads)
        first = Client(f"{call} | {others}", 1, unwritten, setup, unread=True)
        return {each[0] for each in ended(seen(first))}

    compared = 0
    for call in own:
        stand_ins = [third for first, third in explored if first == (call,) and third[0].kind in kinds]
        known = answers(call).union(*(answers(call, *third) for third in stand_ins))
        for other in own:
            compared += 1
            assert answers(call, other) <= known, (call, other)
    assert compared > 60


def test_a_batch_of_one_or_of_too_many_is_like_another_call() -> None:
    """Rule "alike": the same outcomes, in as many executions."""
    pairs = (
        (1, "batch_pop 1", "try_pop"), (1, "timed_batch_pop 1", "timed_pop"),
        (2, "timed_batch_pop 1", "timed_pop"), (1, "batch_pop 2", "try_pop"), (2, "batch_pop 3", "batch_pop 2"),
        (1, "begin_pop 2", "begin_pop 1"), (2, "timed_batch_pop 3", "timed_batch_pop 2"),
    )  # fmt: skip
    for capacity, one, other in pairs:
        for peer in ("batch_push 3", "try_push 1; close_producer", "timed_push 1; timed_push 2"):
            verdicts = [explore(client(each, capacity, peer, each), True) for each in (one, other)]
            assert verdicts[0].clean and verdicts[0].result.outcomes == verdicts[1].result.outcomes, (one, peer)


WAITS = {
    "timed_push 1": ("producer", "try_push 1"),
    "timed_wait_space": ("producer", "poll_space"),
    "timed_pop": ("consumer", "try_pop"),
    "timed_wait_message": ("consumer", "poll_message"),
}
"""The side of a call that waits, and the call that only tries."""


@pytest.mark.parametrize("closed", ["", "close_consumer", "close_producer"])
@pytest.mark.parametrize("end", ["", "close", "free", "detach"])
def test_a_snapshot_tells_beside_a_call_that_waits_what_it_tells_beside_one_that_tries(end: str, closed: str) -> None:
    """Rule "snapshot": and the others answer what they answer without it. It tells what `has` does: rule "alike"."""
    for waits, (side, tries) in WAITS.items():
        setup = "; ".join(filter(None, ("try_push 1" if side == "producer" else "", closed)))
        waiting, trying = ("; ".join((call, f"{end}_{side}") if end else (call,)) for call in (waits, tries))

        def outcomes(*threads: str, setup: str = setup) -> set[Outcome]:
            return ended(seen(client(f"{setup}: {threads}", 1, *threads, setup=setup)))

        beside, other = outcomes(waiting, "channels"), outcomes(trying, "channels")
        told = {each[-2] for each in beside}
        assert told == {each[-2] for each in other}, waiting
        assert {answer & 255 for answer in told} == {each[-2] for each in outcomes(trying, "has")}, waiting
        assert {(*each[:-2], each[-1]) for each in beside} == outcomes(waiting), waiting


def test_a_call_that_waits_for_ever_is_one_whose_time_is_never_up() -> None:
    """Rule "alike": each outcome of a client that waits for ever, a deadlock too, is one of the client with a time."""
    deadlocks = 0
    for part, numbers in sample([(part, range(part.size)) for part in parts(3)], 150, "for ever"):
        for _, draft in part.drafts(numbers):
            timed = draft.client
            threads = tuple(tuple(each._replace(kind=FOR_EVER.get(each.kind, each.kind)) for each in thread)
                            for thread in timed.threads)  # fmt: skip
            if threads == timed.threads:
                continue
            results = [explore(each, True).result for each in (timed, timed._replace(threads=threads))]
            assert results[1].complete <= results[0].complete and results[1].blocked <= results[0].blocked, timed.name
            assert results[1].outcomes.keys() <= results[0].outcomes.keys(), timed.name
            deadlocks += results[1].blocked > 0
    assert deadlocks > 5


# ---- the exploration of all of them ----


SMALL = [(part, range(part.size)) for part in parts(2)[:2]]


@pytest.fixture(scope="module")
def whole() -> list[Tally]:
    """Every client of two calls from an empty channel, by one process."""
    with ProcessPool(1) as pool:
        return sweep(SMALL, pool)


def same(one: list[Tally], other: list[Tally]) -> bool:
    """But for the time."""
    return [(each.part, each.numbers, each.executions, each.found) for each in one] == [
        (each.part, each.numbers, each.executions, each.found) for each in other
    ]


def test_a_worker_has_the_time_that_a_client_of_all_its_executions_takes() -> None:
    """Also where the machine has little time for it: it does not count as hung before."""
    given = []

    class Asking(ProcessPool):
        def put(self, *arguments: Any, seconds: float = 0.0) -> None:
            given.append(seconds)
            super().put(*arguments, seconds=seconds)

    part, _ = SMALL[0]
    with Asking(1) as pool:
        sweep([(part, range(1))], pool, most=1_000_000)
    assert given == [SECONDS + 1_000_000 / SLOWEST]


def test_every_client_of_two_calls_is_clean(whole: list[Tally]) -> None:
    """At both capacities, and none is left over."""
    assert [len(tally.numbers) for tally in whole] == [part.size for part, _ in SMALL]
    assert not any(tally.found for tally in whole)
    assert all(tally.executions > part.size for tally, (part, _) in zip(whole, SMALL, strict=True))


def test_full_fences_and_c11_only_take_executions_away() -> None:
    """So each client is explored once: what no execution without them shows, none with them does."""
    fewer = 0
    for part, numbers in sample([(part, range(part.size)) for part in parts(3)], 250, "fewer"):
        for _, draft in part.drafts(numbers):
            modes = ((True, True), (True, False), (False, True), (False, False))
            results = [explore(draft.client, fences, cxx20=cxx20).result for fences, cxx20 in modes]
            for result in results[1:]:
                assert result.complete <= results[0].complete and result.blocked <= results[0].blocked, draft
                assert result.outcomes.keys() <= results[0].outcomes.keys(), draft
            fewer += results[-1].complete < results[0].complete
    assert fewer > 5


def test_one_that_is_broken_off_goes_on(whole: list[Tally], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was explored is not explored again, and all is counted once, also where a line was broken off."""
    file = tmp_path / "every.jsonl"
    monkeypatch.setattr("conformance.exploration.clients.sweep.PIECE", 50)
    pieces = 0

    def stop(found: object, left: int) -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 7:
            raise KeyboardInterrupt

    with ProcessPool(2) as pool, pytest.raises(KeyboardInterrupt):
        sweep(SMALL, pool, record=Record(file), progress=stop)
    with file.open("a") as broken:
        broken.write('{"part": [2, 1,')
    begun = Record(file)
    explored = sum(len(begun.tally(part).numbers) for part, _ in SMALL)
    assert 50 <= explored <= 350
    with ProcessPool(2) as pool:
        assert same(sweep(SMALL, pool, record=begun), whole)
        again = Record(file)
        assert same([again.tally(part) for part, _ in SMALL], whole)
        assert same(sweep(SMALL, pool, record=again), whole)


def test_a_file_of_another_core_or_of_nothing_is_refused(tmp_path: Path) -> None:
    """What it counts was explored on something else."""
    file = tmp_path / "every.jsonl"
    Record(file)
    with pytest.raises(ValueError, match="it is of another core, engine or model; give another file, or remove it"):
        Record(file, racing(tmp_path))
    head = file.read_text()
    for nothing in ("once upon a time\n", head + '{"part": 2}\n', "[]\n"):
        file.write_text(nothing)
        with pytest.raises(ValueError, match=r"every\.jsonl cannot be resumed: "):
            Record(file)


def test_a_client_that_has_more_executions_than_it_may_is_left_over(tmp_path: Path) -> None:
    """It is listed, and not counted; where it may have more it is explored again, and nothing else is."""
    part = Part(2, 1, "full")
    wanted = [(part, range(part.size - 300, part.size))]
    with ProcessPool(1) as pool:
        record = Record(tmp_path / "file")
        (few,) = sweep(wanted, pool, most=50, record=record)
        left = few.left_over
        assert left and all(each.left == 50 and "not exhaustive" in each.why for each in left)
        (all_of_them,) = sweep(wanted, pool, most=10_000)
        (more,) = sweep(wanted, pool, most=10_000, record=Record(tmp_path / "file"))
        assert not more.found and len(more.numbers) == 300
        assert more.executions == all_of_them.executions


def test_the_clients_of_two_threads_come_first() -> None:
    """So that they can be explored alone, and the others after them."""
    for part in parts(2):
        two = [draft.of_two for _, draft in part.drafts(range(part.size))]
        assert two == sorted(two, reverse=True) and sum(two) == part.of_two_threads


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    """Of all parts together, in their order."""
    wanted = [(part, range(part.size)) for part in parts(3)]
    chosen = sample(wanted, 40, "abc")
    assert chosen == sample(wanted, 40, "abc") != sample(wanted, 40, "abd")
    assert sum(len(numbers) for _, numbers in chosen) == 40
    assert all(list(numbers) == sorted(set(numbers)) and numbers[-1] < part.size for part, numbers in chosen)
    of_two = [(part, range(part.of_two_threads)) for part in parts(2)]
    assert sample(of_two, 10**6, "") == [(part, tuple(numbers)) for part, numbers in of_two]


def test_the_command_explores_all_and_reports_what_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that races: its trace, a file to replay, and the report in the suite's own forms."""
    assert omni_conformance(["explore", "--calls", "1", "--workers", "1", "--json", str(tmp_path / "clean.json")]) == 0
    printed = capsys.readouterr().out
    assert "73 of 73 clients exhaustively explored and clean, for all fences; 0 fail" in printed
    assert json.loads((tmp_path / "clean.json").read_text())["verdict"] == "holds"
    core, report, failures = racing(tmp_path), tmp_path / "racing.json", tmp_path / "failures"
    given = ["explore", "--calls", "2", "--sample", "400", "--core", str(core), "--workers", "1"]
    assert omni_conformance([*given, "--json", str(report), "--failures", str(failures)]) == 1
    assert "data race: " in capsys.readouterr().out
    document = json.loads(report.read_text())
    assert document["verdict"] == "broken" and {each["outcome"] for each in document["checks"]} >= {"passed", "failed"}
    first = sorted(failures.iterdir())[0]
    assert omni_conformance(["replay", str(first)]) == 1
    assert omni_conformance(["replay", str(first), "--target", "fast_impl"]) in (0, 2)


def test_what_is_left_over_is_counted_in_each_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no failure, and the report has it as skipped, with its name."""
    report = tmp_path / "report.json"
    given = ["explore", "--calls", "2", "--executions", "1", "--workers", "1", "--json", str(report)]
    assert omni_conformance([*given, "--sample", "300", "--threads", "3"]) == 0
    printed = capsys.readouterr().out
    checks = json.loads(report.read_text())["checks"]
    why = "; ".join(each["reason"] for each in checks)
    names = {name.strip() for name in re.findall(r"([a-z ]+ [12]: [^:]*): \d+ executions were cut", why)}
    assert f"{300 - len(names)} of 300 clients exhaustively explored" in printed and len(names) > 30
    assert f"0 fail, {len(names)} have more than 1 executions" in printed
    assert {each["outcome"] for each in checks} == {"passed", "skipped"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--calls", "0"], "--calls must be at least 1, not 0"),
        (["--calls", "2", "--only", "try"], "--calls explores every client, for all fences"),
        (["--resume", "file"], "--resume is for --calls"),
        (["--only", "try", "--threads", "2"], "--threads is for --calls"),
        (["--executions", "5"], "--executions is for --calls"),
        (["--calls", "2", "--executions", "0"], "--executions must be at least 1, not 0"),
        (["--calls", "2", "--sample", "0"], "--sample takes a number from 1 up"),
    ],
)
def test_a_mistake_in_the_command_gives_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be right."""
    assert omni_conformance(["explore", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_draft_is_a_value() -> None:
    """Its client follows from it alone."""
    draft = Draft(1, "empty", (Operation("try_push"),), (), ())
    assert draft.client == draft.client and draft.client.name == "empty 1: try_push | - | -"
