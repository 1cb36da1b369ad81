"""What is known of a target is passed over, and what it explains stands under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.causes import explained, uses_of
from conformance.checks import CHECKS, Check
from conformance.checks.registry import of_program as of_program_check
from conformance.differential.program import parse
from conformance.execution import execute_check
from conformance.failure import Failure
from conformance.learned import CAPACITY, CRASHES, HANGS, SUSPECTED, Fact, Learned, here
from conformance.reports import html, junit, markdown, terminal
from conformance.reports.document import Document, failures
from conformance.results import CheckResult, Report
from conformance.targets import Target
from conformance.workers.postmortem import of_program
from spec_model.channel.value import Channel
from spec_model.config import ChannelConfig
from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS

BY_ID = {mutant.id: mutant for mutant in MUTANTS}
TIMEOUT = Fact("PSH-4", "blocking_push", "TIMEOUT", state="blocking_push(b'late')")


def _check(id: str) -> Check:
    return next(check for check in CHECKS if check.id == id)


def _failure(
    rule: str, check: str, seen: str, kind: str = "claim", *program: str, facts: tuple[Fact, ...] = ()
) -> Failure:
    return Failure(rule, check, kind, seen, "target", program, facts=facts)


def test_a_check_goes_on_behind_what_it_finds(broken: Callable[[Mutant], Target]) -> None:
    """A capacity that is short is taken as that: the check of another rule passes, and the model is as before."""
    target = broken(BY_ID["capacity_one_short"])
    check = _check("PSH-1/precedence-of-try-push")
    result, _, failures = execute_check(check, target)
    assert [failure.rule for failure in failures] == ["PSH-2"]
    assert result.decided
    known = Learned(fact for failure in failures for fact in failure.facts)
    assert known.shortfall == 1
    result, _, failures = execute_check(check, target, known=known)
    assert (result.outcome, result.decided, failures) == ("passed", True, [])
    assert here.facts == set()
    assert Channel(ChannelConfig(8, 64)).free_slots == 8


def test_arguments_shrink_as_well_as_operations(broken: Callable[[Mutant], Target]) -> None:
    """A count, what is sent, a capacity: each as small as what it shows allows."""
    target = broken(BY_ID["batch_reversed"])
    text = """
    b = omni.MailboxBroker()
    _, k = b.request_channel("a", omni.ChannelConfig(1024, 4096))
    p, c = k
    p.try_push(b"before")
    p.batch_push([b"one", b"two", b"three", b"four"])
    c.batch_pop(300)
    """
    check = of_program_check("POP-2/it", "POP-2", "in order", parse(text))
    (failure,) = execute_check(check, target)[2]
    assert failure.program[1:] == (
        "_, k = b.request_channel('a', omni.ChannelConfig(64, 64))", "p, c = k", "p.batch_push([b'o', b't'])",
        "c.batch_pop(2)",
    )  # fmt: skip


def test_what_is_known_hides_no_other_mistake(broken: Callable[[Mutant], Target]) -> None:
    """With a rule assumed, what breaks it is passed over, and what breaks another is found."""
    target = broken(BY_ID["queue_full_counts_as_failed"])
    check = _check("STA-1/what-counts-as-a-failed-push")
    assert [failure.rule for failure in execute_check(check, target)[2]] == ["STA-1"]
    assert execute_check(check, target, known=Learned((), ["STA-1"]))[2] == []
    assert [failure.rule for failure in execute_check(check, target, known=Learned((), ["STA-3"]))[2]] == ["STA-1"]


def test_a_query_that_differs_is_masked_by_its_field() -> None:
    """Of statistics one field, by a rule that the difference may break; another field is not known by it."""
    known = Learned([Fact("STA-1", "get_stats", field="failed", after="try_push")])
    assert known.knows(Fact("STA-1", "get_stats", field="failed", after="send"), ["STA-1"])
    assert known.knows(Fact("LIF-5", "get_stats", field="failed", after="move"), ["LIF-5"], "CON-3")
    assert not known.knows(Fact("LIF-5", "get_stats", field="failed", after="move"), ["LIF-5"], "LIF-5")
    assert not known.knows(Fact("STA-1", "get_stats", field="counts", after="try_push"), ["STA-1"])


def test_what_was_given_to_another_rule_is_found_in_the_check_of_its_own() -> None:
    """Where a check suspected another rule, the likeliest one is not hidden by that."""
    known = Learned([Fact("ARG-1", "get_stats", field="counts", after="try_push", state=SUSPECTED)])
    likeliest = Fact("STA-1", "get_stats", field="counts", after="try_push")
    assert not known.knows(likeliest, ["STA-1", "ARG-1"], "STA-1")
    assert known.knows(likeliest, ["STA-1", "ARG-1"], "CON-3")


def test_a_call_that_crashed_is_not_made_again() -> None:
    """On an inactive handle in no check, on another in the check in which it did; everywhere after several."""
    known = Learned([Fact("LIF-4", "try_push", CRASHES, after="one", state="closed")])
    assert known.avoids("try_push", "closed")
    assert not known.avoids("try_push", "moved from")
    assert not known.avoids("try_pop", "closed")
    known.learn(Fact("LIF-4", call, CRASHES, state="closed") for call in ("reserve", "commit"))
    assert known.avoids("try_pop", "closed")
    known.learn([Fact("POP-1", "try_pop", CRASHES, after="one", state="try_pop()")])
    assert not known.avoids("try_pop", "try_pop()")
    known.check = "one"
    assert known.avoids("try_pop", "try_pop()")


def test_a_known_answer_explains_a_claim_that_tells_of_it() -> None:
    """In a check that makes the call, and not a claim about something else; a crash reached twice is one."""
    cause = _failure(
        "PSH-4", "PSH-4/blocking-push", "PSH-4: it answers TIMEOUT", "difference", "p.x()", facts=(TIMEOUT,)
    )
    same = "CON-1/both-sides-run-at-once-and-threads-may-change"
    behind = _failure("CON-1", same, "message 8 answered TIMEOUT")
    other = _failure("CON-1", same, "message 8 is torn")
    crash = Fact("LIF-8", "close", CRASHES, state="in a check")
    crashes = [_failure(rule, f"{rule}/of-nothing", "killed", "crash", facts=(crash,)) for rule in ("LIF-8", "CON-6")]
    found = explained([cause, behind, other, *crashes])
    assert [failure.cause for failure in found] == ["", "PSH-4", "", "", "LIF-8"]
    assert "blocking_push" in uses_of(same)


def test_a_claim_that_needs_a_broken_call_is_explained_by_it() -> None:
    """By the longest program whose calls its check makes too; what no program's calls lead to stands by itself."""
    opening = ("b = omni.MailboxBroker()", "_, k = b.request_channel('a', omni.ChannelConfig(8, 64))", "p, c = k")
    rollback = _failure(
        "RSV-5", "RSV-5/rollback", "RSV-5: the slot is not free", "difference",
        *opening, "r = p.reserve(1)", "p.rollback()", "p.try_push(b'x')",
    )  # fmt: skip
    push = _failure("PSH-1", "PSH-1/it", "PSH-1: QUEUE_FULL", "difference", *opening, "p.try_push(b'')")
    behind = _failure("FLB-1", "FLB-1/an-exception-inside-a-build-rolls-back", "the slot is still reserved")
    other = _failure("VOC-1", "VOC-1/values-of-pushresult", "TIMEOUT is 2")
    assert [failure.cause for failure in explained([rollback, push, behind, other])] == ["", "", "RSV-5", ""]


def test_of_one_side_a_hang_explains_the_others() -> None:
    """A wait that nobody ends, shown by a program of threads; and a wait for room that a short channel has not."""
    hangs = Fact("LIF-2", "blocking_pop", HANGS)
    cause = replace(_failure("LIF-2", "LIF-2/it", "hung", "hang", facts=(hangs,)), python="# threads")
    receiving = Fact("WAI-5", "receive_many", HANGS)
    same = _failure("WAI-5", "WAI-5/batches-of-bytes-wait-for-each-other", "hung", "hang", facts=(receiving,))
    assert [failure.cause for failure in explained([cause, same])] == ["", "LIF-2"]
    short = _failure("PSH-2", "PSH-2/it", "7, not 8", "difference", "p.x()", facts=(Fact("PSH-2", CAPACITY, "1"),))
    sending = Fact("CON-1", "blocking_push", HANGS)
    waits = _failure("CON-1", "CON-1/both-sides-run-at-once-and-threads-may-change", "hung", "hang", facts=(sending,))
    assert [failure.cause for failure in explained([short, waits])] == ["", "PSH-2"]


def test_a_capacity_that_reads_wrong_is_not_one_that_is_short() -> None:
    """The query of that name says nothing of how many messages fit."""
    known = Learned([Fact("LIF-5", "capacity", after="move")])
    assert known.shortfall == 0
    known.learn([Fact("PSH-2", CAPACITY, "1")])
    assert known.shortfall == 1


@pytest.mark.parametrize("line", ["p.try_push(b'x')", "list(c)"])
def test_a_crash_in_an_inactive_handle_is_lif_4(line: str) -> None:
    """Whichever rule the check is of."""
    program = ("b = omni.MailboxBroker()", "_, k = b.request_channel('a', omni.ChannelConfig(8, 64))", "p, c = k",
               "k.close()", line)  # fmt: skip
    found = of_program(Failure("PSH-1", "PSH-1/it", "crash", "killed", "target"), program, "")
    assert found.rule == "LIF-4"
    assert found.seen == f"killed in {line} of a handle that is closed"
    assert [(fact.answer, fact.state) for fact in found.facts] == [(CRASHES, "closed")]


@pytest.mark.parametrize(
    ("rule", "line", "querying", "broken"),
    [
        ("POP-1", "bytes(x)", False, "MSG-3"), ("POP-1", "bytes(m)", False, "MSG-1"),
        ("MSG-3", "c.close()", True, "MSG-3"), ("POP-1", "c.close()", True, "LIF-4"),
    ],
)  # fmt: skip
def test_a_crash_in_what_is_read_is_of_what_should_be_readable(
    rule: str, line: str, querying: bool, broken: str
) -> None:
    """An export or a message; where that is not known yet, a close leaves exports to the check of their rule."""
    program = ("b = omni.MailboxBroker()", "_, k = b.request_channel('a', omni.ChannelConfig(8, 64))", "p, c = k",
               "p.try_push(b'x')", "_, m = c.try_pop()", "x = m.data", line)  # fmt: skip
    found = of_program(Failure(rule, f"{rule}/it", "crash", "killed", "target"), program, "", querying)
    assert found.rule == broken


def _report() -> Report:
    checks = [
        CheckResult("PSH-4/a", "PSH-4", "unit", "it waits", "failed", decided=False),
        CheckResult("CON-1/b", "CON-1", "unit", "they run at once", "failed", decided=False),
        CheckResult("CON-3/c", "CON-3", "unit", "nothing is lost", "passed"),
    ]
    failures = [
        _failure("CON-1", "CON-1/b", "message 8 answered TIMEOUT"),
        _failure("PSH-4", "PSH-4/a", "it answers TIMEOUT", "difference", "p.blocking_push(b'x')"),
    ]
    failures[0] = Failure(**{**vars(failures[0]), "cause": "PSH-4"})
    return Report("target", checks=checks, failures=failures, whole=False)


def test_an_undecided_rule_says_what_stood_in_the_way() -> None:
    """It is not broken, and the rule to be mended first is named."""
    report = _report()
    assert [report.verdict(rule) for rule in ("PSH-4", "CON-1", "CON-3")] == ["broken", "undecided", "holds"]
    assert "PSH-4" in report.why("CON-1")
    assert report.why("CON-3") == ""


@pytest.mark.parametrize("render", [terminal.render, markdown.render, html.render, junit.render])
def test_every_output_has_the_cause_before_its_consequences(render: Callable[[Document], str]) -> None:
    """Where to start, what was seen with it, and what is undecided for it."""
    text = render(_report().document()).lower()
    assert "start here" in text
    assert "seen with" in text
    assert "undecided" in text
    assert text.index("it answers timeout") < text.index("message 8 answered timeout") or render is junit.render


def test_a_failure_with_a_program_comes_first() -> None:
    """Before one that has only a timeline, and of those with a program the shortest."""
    document = _report().document()
    timeline = {"timeline": [{}] * 11}
    longer = {**document["failures"][1], "program": ["a", "b", "c"]}
    document["failures"] = [
        {**document["failures"][1], "program": [], "details": timeline},
        longer,
        *document["failures"],
    ]
    shown = failures(document)
    assert [len(failure["program"]) for failure in shown] == [1, 3, 0]


def test_a_rule_that_is_none_cannot_be_assumed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command names it."""
    from conformance.__main__ import main

    assert main(["run", "--target", "spec_model", "--assume", "PSH-99", "--only", "CFG-1"]) == 2
    assert "no rule is called 'PSH-99'" in capsys.readouterr().err
