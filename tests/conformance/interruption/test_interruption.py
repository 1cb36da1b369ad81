"""The layer that interrupts calls finds each kind of fault in a face made of Python, and names its rule."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from itertools import count as count_from
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import CHECKS
from conformance.execution import again, execute_check
from conformance.failure import Failure
from conformance.interruption import experiment, memory
from conformance.interruption.__main__ import main, place, rows
from conformance.interruption.catalogue import BY_CALL, CALLS, KINDS
from conformance.interruption.oracle import assign
from conformance.interruption.points import Hooks, Waits
from conformance.interruption.series import Result, Series, parse, replay
from conformance.page import END
from conformance.targets import Target, load
from tests.mutation.mutant import Mutant, suite

FACE = Path(__file__).with_name("face.py")
UNCHANGED = "tests.conformance.interruption.face"

MISTAKES = {
    "a message is put aside when a handler raises": (
        "try_pop", "handler", "POP-6",
        "        result, message = self._inner.try_pop()\n        steps.tell()\n",
        "        if aside := self.__dict__.pop('aside', None):\n            return aside\n"
        "        result, message = self._inner.try_pop()\n        try:\n            steps.tell()\n"
        "        except BaseException:\n            self.aside = (result, message)\n            raise\n",
    ),
    "bytes are made after the message was taken": (
        "receive", "thread", "LIF-8",
        "        return self._received(steps.receive, timeout)\n",
        "        def step(inner: Any) -> Any:\n            got, message = inner.try_pop()\n"
        "            return got if message is None else bytes(message)\n\n"
        "        return self._received(step, timeout)\n",
    ),
    "one too many are said to be sent": (
        "send_many", "thread", "WAI-5",
        "raise not_all_sent(error, sent) from None\n", "raise not_all_sent(error, sent + 1) from None\n",
    ),
    "an exception is swallowed": (
        "commit", "handler", "CON-6",
        "        return self._inner.commit(n)\n",
        "        try:\n            return self._inner.commit(n)\n"
        "        except BaseException:\n            return False\n",
    ),
    "a reservation that only a later line makes known": (
        "reserve", "handler", "CON-6",
        "        self._inner.rollback()\n",
        "        if self.__dict__.get('known'):\n            self._inner.rollback()\n",
    ),
    "a handle has nothing while it is moved": (
        "move the consumer", "thread", "LIF-3",
        "        return type(self)(self._inner.move())\n",
        "        inner, self._inner = self._inner, None\n        moved = type(self)(inner.move())\n"
        "        self._inner = inner\n        return moved\n",
    ),
    "a view of memory that the next message gets": (
        "message.data", "handler", "MSG-3",
        "        return self._inner.data\n\n    def __bytes__",
        "        global SCRATCH\n        SCRATCH[:3] = self._inner.data\n"
        "        return memoryview(SCRATCH).toreadonly()\n\n    def __bytes__",
    ),
    "a close that waits for the call that it interrupts": (
        "try_pop", "handler", "LIF-8",
        "        self._inner.close()\n        steps.tell()\n",
        "        while self.__dict__.get('inside'):\n            steps.wait(1)\n        self._inner.close()\n",
        "        result, message = self._inner.try_pop()\n        steps.tell()\n",
        "        self.inside = True\n        result, message = self._inner.try_pop()\n        self.inside = False\n",
    ),
    "a call that goes on with the old state": (
        "batch_pop_buffer", "handler", "CON-2",
        "        return steps.pop_as_buffer(self._inner, most)\n",
        "        waiting = self._inner.available_messages()\n"
        "        result, batch = steps.pop_as_buffer(self._inner, most)\n"
        "        return result if waiting else PopResult.EMPTY, batch\n",
    ),
}  # fmt: skip
"""By what is wrong: the call and the kind that show it, the rule, and what changes in the face."""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What a laboratory keeps from the collector is collected again: Hypothesis looks at who refers to what."""
    yield
    gc.unfreeze()


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Target]]:
    """Makes a copy of the face with other lines, as a target that is gone with the test."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"face_{tmp_path.name}"

    def make(*texts: str) -> Target:
        source = Mutant("face", str(FACE), suite("CON-2"), *texts).apply(FACE.read_text())
        (tmp_path / f"{name}.py").write_text(source + "\n\nSCRATCH = bytearray(3)\n")
        return load(name)

    yield make
    sys.modules.pop(name, None)


def _check(name: str, kind: str) -> Any:
    return next(check for check in CHECKS if check.id.endswith(f"/{name.replace('.', '-')}-interrupted-by-{kind}"))


@pytest.mark.parametrize("wrong", MISTAKES)
def test_a_mistake_is_found_and_named(changed: Callable[..., Target], wrong: str, monkeypatch: Any) -> None:
    """Each is reported by its rule, with a string that replays it, which passes on the face as it was."""
    monkeypatch.setattr("conformance.interruption.experiment.LIMIT", 1.0)
    call, kind, rule, *texts = MISTAKES[wrong]
    target = changed(*texts)
    result = Series(target, BY_CALL[call], kind, False).run()
    found = next((each for each in result.found if each.rule == rule), None)
    assert found is not None, [(each.rule, each.seen) for each in result.found[:3]]
    string = found.experiment.replay
    assert parse(string) == found.experiment
    same = replay(target, parse(string))
    assert same is not None
    assert same.rule == rule
    assert bool(same.stacks) == ("did not come back" in same.seen)
    assert replay(load(UNCHANGED), parse(string)) is None


@pytest.mark.parametrize("call", ["try_pop", "receive", "move the consumer", "commit", "close the producer"])
@pytest.mark.parametrize("kind", ["handler", "thread"])
def test_a_right_face_passes(call: str, kind: str) -> None:
    """What the layer reports is the mistake, and not that it interrupts; and it counts the points.

    Of every call: `test_the_binding_over_cffi_at_every_bytecode` (tests/fast_impl/bindings), a face in Python too.
    """
    result = Series(load(UNCHANGED), BY_CALL[call], kind, False).run()
    assert [(each.rule, each.seen) for each in result.found] == []
    assert result.points > 0
    assert result.experiments > 0


def test_a_failure_is_a_failure_of_the_suite(changed: Callable[..., Target]) -> None:
    """It has the replay string, and is replayed by it alone."""
    call, kind, rule, *texts = MISTAKES["an exception is swallowed"]
    check, target = _check(call, kind), changed(*texts)
    result, tally, [failure] = execute_check(check, target)
    assert result.outcome == "failed"
    assert failure.rule == rule
    assert failure.kind == "interruption"
    assert tally.coverage["commit", "handler: points"] > 0
    assert tally.coverage["commit", "handler: failures"] == sum(failure.details["failed"].values())
    alone = again(Failure.of(failure.document()))
    result, tally, [same] = execute_check(alone, target)
    assert tally.operations == 1
    assert same.details["replay"] == failure.details["replay"]
    assert execute_check(alone, load(UNCHANGED))[2] == []


def test_every_call_has_a_check_of_every_kind() -> None:
    """None is left out, and none is of an unknown rule."""
    checks = [check for check in CHECKS if check.layer == "interruption"]
    assert len(checks) == len(CALLS) * len(KINDS)


def test_the_model_is_not_interrupted() -> None:
    """It is sequential: a handler in the middle of it may tear it, and the layer is not provided."""
    provides = load("spec_model").provides
    assert all(not check.needs <= provides for check in CHECKS if check.layer == "interruption")


def test_a_face_in_c_is_interrupted_at_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test build calls a function at its checks for signals, and around each release of the GIL."""
    target = load(UNCHANGED)
    install: list[Any] = [None]

    def at(name: str) -> None:
        if install[0] is not None:
            install[0](name)

    whole = target.omni.ConsumerHandle.try_pop

    def try_pop(self: Any) -> Any:
        at("signals")
        at("release")
        answer = whole(self)
        at("retake")
        return answer

    monkeypatch.setattr(target.omni.ConsumerHandle, "try_pop", try_pop)
    points_of = staticmethod(lambda call: install.__setitem__(0, call))
    monkeypatch.setattr(target.omni.ProducerHandle, "_interruption_points", points_of, raising=False)
    seen = {}
    for kind, names in (("handler", {"signals"}), ("thread", {"release", "retake"})):
        series = Series(target, BY_CALL["try_pop"], kind, False)
        hooks = next(way for way in _ways(target, kind) if issubclass(way, Hooks))
        points = series._lab.run(parse(f"try_pop/waiting/{kind}/pop/x:0").scenario, hooks, 0).passed
        assert points == len(names)
        seen[kind] = series.run()
    assert seen["handler"].found == [] == seen["thread"].found


def _ways(target: Target, kind: str) -> Any:
    from conformance.interruption.series import ways

    return ways(target, kind)


@pytest.mark.skipif(bool(memory.obstacle()), reason=memory.obstacle() or "memory can be refused")
def test_memory_is_refused_once_and_counted() -> None:
    """The allocation of that number fails, the others do not, and after the call none is counted."""
    hooks = memory.hooks()
    assert hooks.refusing(lambda: [object() for _ in range(3)], 0)
    count = hooks.counted()
    assert count >= 4
    failed = 0
    for number in range(1, count + 1):
        try:
            hooks.refusing(lambda: [object() for _ in range(3)], number)
        except MemoryError:
            failed += 1
    assert failed >= 4


@pytest.mark.parametrize("text", ["", "try_pop", "no/waiting/handler/pop/x:1", "try_pop/waiting/handler/pop/x:one"])
def test_what_is_no_replay_string_is_refused(text: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ValueError, match="CALL/STATE/KIND/INTRUDER/PLACE:NUMBER"):
        parse(text)


def test_the_command_writes_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between the marks of a page; a page without them is refused, as is a call that there is not."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{place(load(UNCHANGED))}\nold\n{END}\nafter\n")
    given = ["--target", UNCHANGED, "--only", "rollback", "--kind", "thread"]
    assert main([*given, "--markdown", str(page)]) == 0
    table = page.read_text()
    assert "| rollback |" in table
    assert "old" not in table
    assert table.startswith("before") and table.endswith("after\n")
    page.write_text("nothing")
    assert main([*given, "--markdown", str(page)]) == 2
    assert main(["--target", UNCHANGED, "--only", "no such"]) == 2
    assert main(["--target", "spec_model"]) == 2
    assert "sequential" in capsys.readouterr().err


def test_the_table_names_the_rules() -> None:
    """A cell has the number of points, and the rules of the failures."""
    results: dict[tuple[str, str], Result | str] = {
        ("try_pop", "handler"): Result(1234, 5000), ("try_pop", "memory"): "no point",
    }  # fmt: skip
    assert rows(results)[0] == ["try_pop", "1,234", "", "", "-"]


def test_an_intruder_comes_once() -> None:
    """Though a second signal is sent before its handler has begun, as where a sleep does not end with a signal."""
    laboratory = experiment.Laboratory(load("spec_model"))
    run = experiment._Run(laboratory, experiment.Scenario("send_many", "blocked, full", "handler", "reserve"), Waits, 2)
    came = []
    for _ in range(2):
        run._on_signal = lambda: came.append("the intruder")
        run._signalled(0, None)
    laboratory.close()
    assert came == ["the intruder"]


@pytest.mark.parametrize("leaks", [False, True], ids=["once", "each time"])
def test_only_memory_that_is_left_each_time_is_a_leak(monkeypatch: pytest.MonkeyPatch, leaks: bool) -> None:
    """The interpreter's own grows now and then by as much."""
    sizes = map(experiment.LEAK.__mul__, count_from(1) if leaks else (1 + look // 5 for look in count_from()))
    monkeypatch.setattr(experiment, "mapped", lambda: next(sizes))
    result = Series(load(UNCHANGED), BY_CALL["commit"], "handler", False).run()
    assert result.experiments > 5
    assert {(each.rule, each.seen.splitlines()[-1]) for each in result.found} == (
        {("CON-6", f"{experiment.LEAK >> 10:,} KiB stay mapped when everything is closed")} if leaks else set()
    )


@pytest.mark.parametrize("first", ["call", "thread"])
def test_what_another_thread_was_granted_stays(first: str) -> None:
    """Whichever of the two writes its answer down first: a call that was granted nothing has none to keep."""
    names: dict[str, Any] = {}
    granted = object()
    for writes in ("call", "thread") if first == "call" else ("thread", "call"):
        if writes == "call":
            assign(names, BY_CALL["reserve that waits"], None)
        else:
            names["r"] = granted
    assert names == {"r": granted}
