"""Documents to print, made from reports of invented runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from conformance.failure import Failure
from conformance.results import ALLOWED, CheckResult, Report
from conformance.rules import RULES

HOSTILE = (
    "</script></style><img src=http://evil.example/x onerror=alert(1)>&\"'`|*_[a](http://evil.example)]]>\n"
    "\x00\x01\x1b[2J\x7f\x9b\ud800\ufffe\u202e\u200b ```` <!-- --> \r\n| - # x"
)
"""What a target may put into a name or a message to break whatever prints it."""

PROGRAM = (
    "b = omni.MailboxBroker()",
    '_, k = b.request_channel("a", omni.ChannelConfig(8, 64))',
    "p, c = k",
    *["p.try_push(b'x')"] * 8,
    "p.try_push(b'y')",
)

PYTHON = """\
# PSH-2: Exactly `capacity` messages fit.
import broken_target as omni

b = omni.MailboxBroker()
_, k = b.request_channel("a", omni.ChannelConfig(8, 64))
p, c = k
for _ in range(7):
    assert p.try_push(b"x") is omni.PushResult.SUCCESS
result = p.try_push(b"x")
assert result is omni.PushResult.SUCCESS, result
"""

TIMELINE = [
    {"thread": "producer", "call": "try_push(b'\\x01')", "result": "SUCCESS", "begin": 1, "end": 2, "wrong": False},
    {"thread": "producer", "call": "try_push(b'\\x02')", "result": "SUCCESS", "begin": 3, "end": 6, "wrong": False},
    {
        "thread": "consumer",
        "call": "blocking_pop(0.5)",
        "result": "SUCCESS b'\\x02'",
        "begin": 4,
        "end": 9,
        "wrong": True,
    },
    {"thread": "closer", "call": "p.close()", "result": "None", "begin": 7, "end": 8, "wrong": False},
    {
        "thread": "consumer",
        "call": "blocking_pop(0.5)",
        "result": "CHANNEL_CLOSED",
        "begin": 10,
        "end": 12,
        "wrong": "b'\\x01' was sent before the close and never came",
    },
    {"thread": "producer", "call": "p.is_connected()", "result": None, "begin": 11, "end": None, "wrong": False},
]


def _checks() -> dict[str, CheckResult]:
    """A check per rule, and one of each other layer."""
    checks = {
        f"{rule.id}/unit": CheckResult(f"{rule.id}/unit", rule.id, "unit", f"as it says: {rule.text}", "passed", 7)
        for rule in RULES.values()
    }
    others = [
        CheckResult(
            "CON-3/random-programs", "CON-3", "differential-random", "random programs agree", "passed", 234_567, 41.5
        ),
        CheckResult("CON-5/wakes-on-data", "CON-5", "blocking", "a blocked pop wakes for data", "passed", 12, 1.5),
        CheckResult("CON-3/history", "CON-3", "linearizability", "a history has an order", "passed", 200_000, 9.25),
        CheckResult("PSH-1/exhaustive", "PSH-1", "differential-exhaustive", "every transition", "passed", 123_456, 5.0),
    ]
    return checks | {check.id: check for check in others}


def _report(target: str, checks: dict[str, CheckResult], failures: list[Failure], **more: Any) -> Report:
    coverage = Counter({(kind, result): 3 for kind, results in ALLOWED.items() for result in results})
    environment = {"python": "CPython 3.12.1", "system": "Linux x86_64"}
    figures = Counter({"states": 1_234, "transitions": 34_210, "history operations": 40})
    return Report(
        target,
        environment=environment,
        checks=list(checks.values()),
        failures=failures,
        coverage=coverage,
        figures=figures,
        seconds=81.25,
        **more,
    )


def holding(target: str = "good_target") -> Report:
    """Everything was run, and holds."""
    return _report(target, _checks(), [])


def breaking(target: str = "broken_target") -> Report:
    """A failure of each kind, and a check with each outcome."""
    checks = _checks()

    def ends(check: str, outcome: str, reason: str = "", decided: bool = True) -> None:
        known = checks[check]
        operations = 0 if outcome in ("skipped", "not provided") else known.operations
        checks[check] = replace(known, outcome=outcome, operations=operations, reason=reason, decided=decided)

    failures = [
        Failure(
            "CON-4",
            "CON-3/history",
            "history",
            "the drain lost b'\\x01'",
            target,
            details={"timeline": TIMELINE, "payloads": 2},
        ),
        Failure("PSH-2", "PSH-1/exhaustive", "difference", "a longer program", target, (*PROGRAM, *PROGRAM), "pass"),
        Failure(
            "PSH-2",
            "PSH-2/unit",
            "difference",
            "p.try_push(b'x') is QUEUE_FULL, not SUCCESS",
            target,
            PROGRAM,
            PYTHON,
        ),
        Failure(
            "LIF-4",
            "LIF-4/unit",
            "crash",
            "killed by signal 11 in p.try_push",
            target,
            PROGRAM[:4],
            details={"signal": 11},
        ),
        Failure(
            "LIF-2",
            "LIF-2/unit",
            "hang",
            "hung in blocking_pop",
            target,
            PROGRAM[:3],
            details={"stack": "line 1\nline 2"},
        ),
        Failure("CON-5", "CON-5/wakes-on-data", "claim", "returned at once from an infinite wait", target),
        Failure("CON-1", "CON-1/unit", "exploration", "a store overtook another", target),
        Failure("VOC-1", "VOC-1/unit", "error", "KeyError: 'x'", target),
        Failure("BRK-5", "BRK-5/unit", "claim", "the limit is off by one", target, PROGRAM[:2]),
    ]
    ends("CON-3/history", "failed")
    ends("PSH-2/unit", "failed")
    ends("PSH-1/exhaustive", "failed")
    ends("MSG-2/unit", "failed", "ended by what PSH-2 is about", decided=False)
    ends("LIF-4/unit", "crashed", "killed by signal 11")
    ends("LIF-2/unit", "hung", "no answer for 60 s")
    ends("CON-5/wakes-on-data", "failed")
    ends("CON-1/unit", "failed")
    ends("VOC-1/unit", "error")
    ends("BRK-5/unit", "expected failure", "known, issue 17")
    ends("CFG-1/unit", "unexpected pass", "listed as an expected failure, and passed")
    ends("BRK-12/unit", "skipped", "takes too long here")
    for number in (1, 2, 3, 4):
        ends(f"FLB-{number}/unit", "not provided", "needs flatbuffers")
    return _report(target, checks, failures, not_provided={"flatbuffers": "the target declares none"})


def hostile() -> Report:
    """Every text that a target or its author chooses tries to break out of where it is printed."""
    checks = _checks()
    checks["ARG-1/unit"] = CheckResult("ARG-1/unit", "ARG-1", "unit", HOSTILE, "not provided", 0, 0.0, HOSTILE)
    checks[HOSTILE] = CheckResult(HOSTILE, "ARG-2", HOSTILE, HOSTILE, "failed", 1, 0.0, HOSTILE)
    call = {"thread": HOSTILE, "call": HOSTILE, "result": HOSTILE, "begin": 1, "end": 3, "wrong": HOSTILE}
    failure = Failure(
        "ARG-2",
        HOSTILE,
        "claim",
        HOSTILE,
        HOSTILE,
        (HOSTILE, HOSTILE),
        HOSTILE,
        {"timeline": [call, {**call, "begin": 2, "end": 4, "thread": "other"}], HOSTILE: {HOSTILE: [HOSTILE]}},
    )
    report = _report(HOSTILE, checks, [failure], not_provided={HOSTILE: HOSTILE})
    report.environment = {HOSTILE: HOSTILE}
    report.figures = Counter({HOSTILE: 3})
    report.coverage[HOSTILE, HOSTILE] = 2
    return report
