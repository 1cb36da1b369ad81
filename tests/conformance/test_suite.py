"""The suite as a whole: the model keeps its own rules, and gaps are failures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import spec_model
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally
from conformance.differential.stateful import stateful_test
from conformance.differential.stateful.driver import KEPT, config
from conformance.failure import Failure
from conformance.results import ALLOWED, ENOUGH, CheckResult, Report, allowed, unlisted, unreached
from conformance.rules import AREAS, REFERENCE, RULES
from conformance.runner import Selection, run_suite
from conformance.targets import FEATURES, load
from conformance.targets.target import FREE_THREADED


def _report(outcome: str, rule: str = "PSH-2") -> Report:
    """A report of one check on a part of the suite."""
    report = Report("somebody", whole=False)
    report.checks.append(CheckResult(f"{rule}/it", rule, "unit", "claims", outcome, 3))
    return report


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_model_keeps_the_rules() -> None:
    """Every unit check and a part of the random programs hold for the model, and what it lacks is not passed."""
    report = run_suite("spec_model", selection=Selection(("unit", "CON-3/random-programs-0")))
    assert [failure.seen for failure in report.failures] == []
    assert report.holds
    outcomes = {check.id: check.outcome for check in report.checks}
    assert outcomes["CON-3/random-programs-0"] == "passed"
    assert outcomes["CON-2/a-second-thread-is-refused"] == "not provided"
    assert report.verdict("CON-2") == "not provided"
    assert report.verdict("PSH-2") == "holds"


def test_every_rule_has_a_check() -> None:
    """No rule of the catalogue is without a check, and no check is of an unknown rule."""
    assert {check.rule for check in CHECKS} == set(RULES)
    assert {rule.area for rule in RULES.values()} == set(AREAS)


def test_ids_are_stable_names() -> None:
    """Every id is its rule and lower-case words, and needs only features that there are."""
    for check in CHECKS:
        rule, _, name = check.id.partition("/")
        assert rule == check.rule
        assert name.replace("-", "").isalnum()
        assert name == name.lower()
        assert check.needs <= set(FEATURES)
    assert all(set(rule.needs) <= set(FEATURES) for rule in RULES.values())
    assert REFERENCE.startswith("sha256:")


def test_a_report_of_nothing_does_not_hold() -> None:
    """With no check run there is no verdict in favour, and every rule is listed as not run."""
    report = Report("somebody")
    assert not report.holds
    assert report.not_run == list(RULES)


def test_how_checks_end_decides() -> None:
    """A pass and an expected failure hold; a failure, a crash, a hang, an error and an unexpected pass do not."""
    held = {
        outcome: _report(outcome).holds
        for outcome in ("passed", "expected failure", "failed", "crashed", "hung", "error", "unexpected pass")
    }
    assert [outcome for outcome, holds in held.items() if holds] == ["passed", "expected failure"]


def test_a_rule_is_broken_by_any_failure_of_its_name() -> None:
    """Also where the check that found it covers another rule."""
    report = _report("failed", "PSH-1")
    report.failures.append(Failure("STA-1", "PSH-1/it", "difference", "counts", "somebody"))
    assert report.verdict("STA-1") == "broken"
    assert report.document()["verdict"] == "broken"


def test_too_few_operations_do_not_hold() -> None:
    """Random programs that all passed but executed too little are reported and fail the run."""
    report = Report("somebody", coverage=Counter(dict.fromkeys(allowed(), 1)))
    report.checks = [CheckResult(f"{rule}/it", rule, "differential-random", "", "passed", 1) for rule in RULES]
    assert report.too_few == len(RULES)
    assert not report.holds
    report.checks[0] = CheckResult("VOC-1/it", "VOC-1", "differential-random", "", "passed", ENOUGH)
    assert report.too_few == 0
    assert report.holds


def test_what_was_never_reached_fails() -> None:
    """A result that is listed and not reached, or reached and not listed, is reported and fails the run."""
    reached = Counter({(kind, result): 1 for kind, results in ALLOWED.items() for result in results})
    assert unreached(reached) == [] == unlisted(reached)
    del reached["try_push", "QUEUE_FULL"]
    reached["try_push", "TIMEOUT"] = 1
    assert unreached(reached) == [("try_push", "QUEUE_FULL")]
    assert unlisted(reached) == [("try_push", "TIMEOUT")]
    report = Report("somebody", coverage=reached)
    report.checks = [CheckResult(f"{rule}/it", rule, "differential-random", "", "passed", ENOUGH) for rule in RULES]
    assert report.uncovered
    assert not report.holds


def test_what_is_lacking_needs_no_coverage() -> None:
    """A target without conveniences or a memory limit is not held to the results that only they reach."""
    assert ("send", "None") not in allowed(["conveniences"])
    assert ("request_channel", "ALLOCATION_FAILED") not in allowed(["memory-limit"])
    pinless = set(allowed()) - set(allowed(["pins"]))
    assert {("export", "memoryview"), ("commit", "BufferError"), ("batch_pop", "BufferError")} < pinless
    assert ("try_push", "BufferError") not in pinless, "what has no contiguous bytes is refused all the same [ARG-1]"
    assert len(allowed()) > len(allowed(["conveniences"])) > len(allowed(["conveniences", "memory-limit"]))


def test_what_was_chosen_is_still_there() -> None:
    """Choosing a producer with no consumer of its own, among as many as are kept, drops neither of the two."""
    programs = stateful_test(load("spec_model"), new_tally())()
    programs.begin(None)
    while len(programs.d.producers) < KEPT:
        programs.request(0, programs.d.fresh("n"), config(8, 64))
    lonely = programs.d.producers[0]
    programs.d.drop([each for each in programs.d.consumers if programs.d.channel[each] == programs.d.channel[lonely]])
    for consumer in list(programs.d.consumers):
        programs.d.call(consumer, "close")
    for number in range(12):
        producer, consumer = programs._facing(number)
        assert producer in programs.d.producers
        assert consumer in programs.d.consumers
    programs.teardown()


def test_the_model_says_what_it_lacks() -> None:
    """What needs threads is declared by the model itself."""
    detected = {"c-abi", "start-index", *([] if FREE_THREADED else ["free-threading"])}
    assert set(load("spec_model").lacks) == {*spec_model.OMNI_NOT_PROVIDED, *detected}


SHORT = [check for check in CHECKS if check.layer in ("unit", "blocking")]


ALONE = """
import faulthandler
import os
import sys

from conformance.execution import execute_check
from conformance.targets import load
from tests.conformance.test_suite import SHORT

target = load("fast_impl")
for check in SHORT:
    if check.needs <= target.provides and not check.obstacle():
        print(check.id, end=": ", flush=True)
        if os.fork() == 0:  # it has run no check
            faulthandler.dump_traceback_later(60, exit=True)
            result = execute_check(check, target)[0]
            print(result.outcome, result.reason, flush=True)
            os._exit(0)
        if status := os.wait()[1]:
            print("ended with status", status)
"""


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(300)
def test_every_short_check_holds_alone() -> None:
    """Each passes as the first one in a process: it needs no other that ran before."""
    command = [sys.executable, "-P", "-W", "error", "-c", ALONE]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=290, check=False)
    lines = done.stdout.splitlines()
    assert len(lines) > 100, done.stderr
    assert [line for line in lines if not line.endswith(": passed ")] == [], done.stderr
