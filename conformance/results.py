"""What a run found, and the JSON document of it that every report is made from; and what it should have reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from conformance.failure import Failure
from conformance.link import BOOK
from conformance.rules import AREAS, REFERENCE, RULES

FORMAT = 4
"""Of the JSON document."""

ENOUGH = 200_000
"""Operations that the random programs of a whole run must execute at least."""

BAD = ("failed", "crashed", "hung", "error", "unexpected pass")
OUTCOMES = ("passed", *BAD, "expected failure", "not provided", "skipped")
"""How a check can end."""

VERDICTS = ("holds", "broken", "undecided", "broken as expected", "not provided", "not run")
"""Of a rule; undecided where its own checks failed, and showed another rule broken."""


@dataclass(frozen=True)
class CheckResult:
    """How one check ended. seconds: of its run; reason: for any outcome but passed.

    decided: whether it came to its end, behind what it found and what was known, so that it says something of its rule.
    """

    id: str
    rule: str
    layer: str
    claim: str
    outcome: str
    operations: int = 0
    seconds: float = 0.0
    reason: str = ""
    decided: bool = True


@dataclass
class Report:
    """What a run found. whole: whether every check was meant to run; seconds: of the run.

    figures: what the layers counted beside operations: states, transitions, operations of histories.
    assumed: rules that were taken to be broken from the start.
    coverage: how often each operation gave each result, in the random programs. interruptions: of each call, by each
    kind, the points and the failures. book: the address of the page of the model, on which programs open; "" for
    none.
    """

    target: str
    profile: str = "quick"
    whole: bool = True
    not_provided: dict[str, str] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    interruptions: Counter[tuple[str, str]] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    book: str = BOOK

    @property
    def operations(self) -> int:
        """How many were executed on the target."""
        return sum(check.operations for check in self.checks)

    def of_rule(self, rule: str) -> list[CheckResult]:
        """The results of the checks that cover a rule."""
        return [check for check in self.checks if check.rule == rule]

    def verdict(self, rule: str) -> str:
        """What is known of a rule: one of VERDICTS."""
        outcomes = {check.outcome for check in self.of_rule(rule)}
        if any(failure.rule == rule and not failure.cause for failure in self.unexpected):
            return "broken"
        if "unexpected pass" in outcomes:
            return "broken"
        if not self._decided(rule) and (outcomes & set(BAD) or not all(check.decided for check in self.of_rule(rule))):
            return "undecided"
        if "expected failure" in outcomes:
            return "broken as expected"
        if self._decided(rule):
            return "holds"
        lacking = set(RULES[rule].needs) & set(self.not_provided)
        return "not provided" if outcomes == {"not provided"} or (lacking and not outcomes) else "not run"

    def _decided(self, rule: str) -> bool:
        """Whether some check of a rule came to its end without finding it broken."""
        found = {failure.check for failure in self.failures if failure.rule == rule}
        ran = ("passed", "failed", "crashed", "hung")
        return rule not in self.assumed and any(
            check.decided and check.outcome in ran and check.id not in found for check in self.of_rule(rule)
        )

    def why(self, rule: str) -> str:
        """Of an undecided rule: what stood in the way of its checks."""
        if self.verdict(rule) != "undecided":
            return ""
        if rule in self.assumed:
            return "it was taken to be broken"
        checks = {check.id for check in self.of_rule(rule)}
        broken = dict.fromkeys(failure.cause or failure.rule for failure in self.unexpected if failure.check in checks)
        behind = [other for other in broken if other != rule]
        if behind:
            return f"its checks meet {', '.join(behind)} first: mend that, and run them again"
        errors = [check.reason for check in self.of_rule(rule) if check.outcome == "error"]
        if errors:
            return f"a mistake of the suite's own: {errors[0]}"
        return "its checks end at a difference that is known already: mend what is broken, and run them again"

    @property
    def unexpected(self) -> list[Failure]:
        """Failures of checks that were not expected to fail."""
        expected = {check.id for check in self.checks if check.outcome == "expected failure"}
        return [failure for failure in self.failures if failure.check not in expected]

    @property
    def _random(self) -> list[CheckResult]:
        """The random programs, where all of them ran to their end, so that coverage should be full."""
        random = [check for check in self.checks if check.layer == "differential-random"]
        return random if self.whole and all(check.outcome == "passed" for check in random) else []

    @property
    def uncovered(self) -> list[tuple[str, str]]:
        """Results of operations that the rules allow and that the random programs never reached."""
        return unreached(self.coverage, self.not_provided) if self._random else []

    @property
    def unlisted(self) -> list[tuple[str, str]]:
        """Results of operations that were reached and that the rules do not list."""
        return unlisted(self.coverage) if self._random else []

    @property
    def not_run(self) -> list[str]:
        """Rules of which nothing can be said, though everything was meant to run."""
        return [rule for rule in RULES if self.whole and self.verdict(rule) == "not run"]

    @property
    def too_few(self) -> int:
        """How many operations the random programs executed, where that is not enough; else 0."""
        done = sum(check.operations for check in self._random)
        return done if self._random and done < ENOUGH else 0

    @property
    def holds(self) -> bool:
        """Whether everything that was run holds, and what was meant to run did."""
        bad = any(check.outcome in BAD for check in self.checks)
        gaps = self.uncovered or self.unlisted or self.not_run or self.too_few
        return bool(self.checks) and not (bad or gaps or self.unexpected)

    def document(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "format": FORMAT,
            "reference": REFERENCE,
            "target": self.target,
            "profile": self.profile,
            "whole": self.whole,
            "not_provided": self.not_provided,
            "assumed": self.assumed,
            "environment": self.environment,
            "verdict": "holds" if self.holds else "broken",
            "seconds": round(self.seconds, 1),
            "operations": self.operations,
            "figures": dict(self.figures),
            "areas": AREAS,
            "rules": [
                {
                    **rule._asdict(),
                    "verdict": self.verdict(rule.id),
                    "why": self.why(rule.id),
                    "checks": [check.id for check in self.of_rule(rule.id)],
                    "operations": sum(check.operations for check in self.of_rule(rule.id)),
                }
                for rule in RULES.values()
            ],
            "checks": [asdict(check) for check in self.checks],
            "coverage": [
                {"operation": operation, "result": result, "count": count}
                for (operation, result), count in sorted(self.coverage.items())
            ],
            "interruptions": [
                {"operation": operation, "result": result, "count": count}
                for (operation, result), count in self.interruptions.items()
            ],
            "uncovered": [list(pair) for pair in self.uncovered],
            "unlisted": [list(pair) for pair in self.unlisted],
            "not_run": self.not_run,
            "too_few": self.too_few,
            "failures": [{**failure.document(), "link": failure.link(self.book)} for failure in self.failures],
        }


# ---- operation x result coverage: every pair that the rules allow

_PUSH = "SUCCESS CHANNEL_CLOSED INVALID_SIZE"
_RESULTS = {
    "request_channel": "SUCCESS NAME_EXISTS INVALID_CONFIG ALLOCATION_FAILED TypeError",
    "has_channel": "True False TypeError",
    "remove_channel": "False TypeError",
    "shutdown": "True False TypeError ValueError",
    "try_push": f"{_PUSH} QUEUE_FULL TypeError BufferError",
    "blocking_push": f"{_PUSH} TIMEOUT TypeError ValueError BufferError",
    "batch_push": "0 some TypeError BufferError",
    "reserve": "granted None TypeError ValueError",
    "wait": "SUCCESS TIMEOUT CHANNEL_CLOSED TypeError ValueError",
    "write": "None ValueError",
    "commit": "True False BufferError TypeError ValueError",
    "rollback": "None BufferError",
    "try_pop": "SUCCESS EMPTY CHANNEL_CLOSED BufferError",
    "blocking_pop": "SUCCESS TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "batch_pop": "SUCCESS EMPTY TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "export": "memoryview some MessageExpiredError",
    "region": "memoryview ValueError",
    "release": "None",
    "move": "ProducerHandle ConsumerHandle",
    "close": "None",
    "del": "None",
    "assign": "None TypeError",
    "send": "None TimeoutError ChannelClosedError ValueError TypeError BufferError",
    "receive": "bytes TimeoutError ChannelClosedError BufferError",
    "list": "[] some BufferError",
    "send_many": "None TimeoutError ChannelClosedError ValueError TypeError BufferError",
    "receive_many": "[] some TimeoutError ChannelClosedError BufferError TypeError ValueError",
    "tobytes": "bytes MessageExpiredError",
    "build": "None TimeoutError ChannelClosedError ValueError RuntimeError TypeError",
    "copy": "TypeError",
    "broker": "MailboxBroker TypeError ValueError",
    "open_channel": "ChannelPair ChannelNameError MemoryError ValueError TypeError",
    "unpack": "ChannelPair",
}

ALLOWED = {kind: tuple(results.split()) for kind, results in _RESULTS.items()}
"""For each operation, the results that some state and some arguments give."""


_OF_FEATURE = {
    "conveniences": ("send", "receive", "list", "send_many", "receive_many", "tobytes", "open_channel"),
    "waiting": ("wait", "build"),
    "flatbuffers": ("build",),
    "pins": ("export", "region", "release"),
}
"""Operations that only a target with a feature has."""

_MEMORY_LIMIT = (("request_channel", "ALLOCATION_FAILED"), ("broker", "TypeError"), ("broker", "ValueError"))
_PINNED = ("commit", "rollback", "try_pop", "blocking_pop", "batch_pop", "receive", "list", "receive_many")
"""Operations that answer BufferError for an export that is alive."""


def allowed(lacking: Collection[str] = ()) -> list[tuple[str, str]]:
    """Every pair that the rules allow a target that lacks these features."""
    pairs = [(kind, result) for kind, results in ALLOWED.items() for result in results]
    for feature, kinds in _OF_FEATURE.items():
        if feature in lacking:
            pairs = [pair for pair in pairs if pair[0] not in kinds]
    if "memory-limit" in lacking:
        pairs = [pair for pair in pairs if pair not in _MEMORY_LIMIT and pair[1] != "MemoryError"]
    if "pins" in lacking:
        pairs = [pair for pair in pairs if pair[0] not in _PINNED or pair[1] != "BufferError"]
    return pairs


def unreached(coverage: Counter[tuple[str, str]], lacking: Collection[str] = ()) -> list[tuple[str, str]]:
    """Pairs that the rules allow and the run never reached."""
    return [pair for pair in allowed(lacking) if not coverage[pair]]


def unlisted(coverage: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs that the run reached and the rules do not allow."""
    return [(kind, result) for kind, result in sorted(coverage) if result not in ALLOWED.get(kind, ())]
