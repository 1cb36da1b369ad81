"""The suite as a whole: the model keeps its own rules, and gaps are failures."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import spec_model
from conformance.catalogue import AREAS, RULES
from conformance.cells import ALLOWED, unlisted, unreached
from conformance.checks import CHECKS
from conformance.cli import main
from conformance.lockstep import new_tally
from conformance.machine import machine_for
from conformance.runner import Report, run_checks, run_random
from conformance.state import KEPT, config


def test_the_model_keeps_the_rules() -> None:
    """Every direct check, and a few random programs, hold for the model against itself."""
    report = Report("spec_model")
    run_checks(spec_model, report, lambda: None)
    run_random(spec_model, report, lambda: None, "quick", 40, table=False)
    assert [failure.seen for failure in report.failures] == []
    assert report.holds


def test_every_rule_has_a_check() -> None:
    """No rule of the catalogue is without a check, and no check is of an unknown rule."""
    assert {check.rule for check in CHECKS} == set(RULES)
    assert {rule.area for rule in RULES.values()} == set(AREAS)


def test_a_rule_without_a_check_fails() -> None:
    """A report with nothing run does not hold."""
    report = Report("spec_model")
    assert report.uncovered == list(RULES)
    assert not report.holds


def test_a_cell_never_reached_fails() -> None:
    """A cell that is listed and was not reached, or reached and not listed, is told and fails the run."""
    cells = Counter({(kind, result): 1 for kind, results in ALLOWED.items() for result in results})
    assert unreached(cells) == [] == unlisted(cells)
    del cells["try_push", "QUEUE_FULL"]
    cells["try_push", "TIMEOUT"] = 1
    assert unreached(cells) == [("try_push", "QUEUE_FULL")]
    assert unlisted(cells) == [("try_push", "TIMEOUT")]
    report = Report("spec_model")
    run_checks(spec_model, report, lambda: None)
    assert report.holds
    run_random(spec_model, report, lambda: None, "quick", 1)
    assert report.missing
    assert not report.holds


def test_what_was_chosen_is_still_there() -> None:
    """Choosing a producer with no consumer of its own, among as many as are kept, drops neither of the two."""
    machine = machine_for("spec_model", new_tally(), lambda: None)()
    machine.begin(None)
    while len(machine.d.producers) < KEPT:
        machine.request(0, machine.d.fresh("n"), config(8, 64))
    lonely = machine.d.producers[0]
    machine.d.drop([each for each in machine.d.consumers if machine.d.channel[each] == machine.d.channel[lonely]])
    for consumer in list(machine.d.consumers):
        machine.d.call(consumer, "close")
    for number in range(12):
        producer, consumer = machine._facing(number)
        assert producer in machine.d.producers
        assert consumer in machine.d.consumers
    machine.teardown()


def test_a_target_that_cannot_be_imported_is_a_usage_error() -> None:
    """Exit code 2, and the reason."""
    assert main(["run", "--target", "no_such_module"]) == 2


def test_the_command_says_what_it_takes() -> None:
    """`python -m conformance` without a command is a usage error."""
    ended = subprocess.run([sys.executable, "-m", "conformance"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "usage: omni-conformance" in ended.stderr
