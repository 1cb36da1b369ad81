"""The suite notices mistakes and names the rule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from broken import MISTAKES, Mistake, break_copy

from conformance.lockstep import Divergence, new_tally
from conformance.machine.run import run
from conformance.runner import Report, explain, run_checks


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The name of a broken copy that can be imported."""
    sys.path.insert(0, str(tmp_path))
    package = break_copy(request.param, tmp_path)
    yield package
    sys.path.remove(str(tmp_path))
    for name in [each for each in sys.modules if each.split(".")[0] == package]:
        del sys.modules[name]


def _name(value: object) -> str:
    return value.name if isinstance(value, Mistake) else str(value)


BOTH = [(mistake, mistake.rule) for mistake in MISTAKES]


@pytest.mark.parametrize(("broken", "rule"), BOTH, indirect=["broken"], ids=_name)
def test_direct_checks_name_the_rule(broken: str, rule: str) -> None:
    """Every mistake is found by the direct checks and named, and its program shows it and no other."""
    report = Report(broken)
    run_checks(import_module(broken), report, lambda: None)
    assert rule in [failure.rule for failure in report.failures], [failure.seen for failure in report.failures]
    failure = next(failure for failure in report.failures if failure.rule == rule)
    with pytest.raises((AssertionError, ValueError)):
        exec(failure.program, {})
    exec(failure.program.replace(f"import {broken} as omni", "import spec_model as omni"), {})


@pytest.mark.parametrize(("broken", "rule"), BOTH, indirect=["broken"], ids=_name)
def test_random_programs_find_it(broken: str, rule: str) -> None:
    """Every mistake is found by random programs too, as a program that shows it."""
    with pytest.raises(Divergence) as caught:
        run(broken, new_tally(), lambda: None, "quick", 200)
    failure = explain(caught.value, import_module(broken), Report(broken))
    assert failure.rule == rule, failure.seen
    with pytest.raises((AssertionError, ValueError)):
        exec(failure.program, {})
    exec(failure.program.replace(f"import {broken} as omni", "import spec_model as omni"), {})
