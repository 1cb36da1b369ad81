"""The suite under pytest: `pytest --omni-target X` runs it on X, one test per check; loaded by `omnimailbox_pytest`.

So that -k, -n, --junitxml and --lf work as on any test. Every check runs in a worker process of its
own making: a target that crashes or hangs fails one test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import CHECKS, Check
from conformance.runner import NoSuchCheck, Selection, excused, read_ids
from conformance.targets import Unusable
from conformance.workers.process import Worker

TESTS = Path(__file__)
"""What pytest collects: this file, for its one test."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is skipped or expected to fail; an id that matches nothing is an error."""
    try:
        selection = Selection(
            (), read_ids(config.getoption("--omni-skips")), read_ids(config.getoption("--omni-xfails"))
        )
        selection.chosen(CHECKS)
    except (NoSuchCheck, OSError) as error:
        raise pytest.UsageError(str(error)) from None
    skips, xfails = dict(selection.skips), dict(selection.xfails)
    for item in items:
        name = getattr(item, "callspec", None) and item.callspec.id  # type: ignore[attr-defined]
        if item.path != TESTS:
            continue
        if name in skips:
            item.add_marker(pytest.mark.skip(reason=skips[name] or "asked for"))
        if name in xfails:
            item.add_marker(pytest.mark.xfail(reason=xfails[name], strict=True))


class Session:
    """The workers of one pytest process: one at a time, replaced when a check spoils it."""

    def __init__(self, target: str, without: tuple[str, ...], profile: str) -> None:
        self._target, self._without, self._profile = target, without, profile
        self._worker: Worker | None = None

    def run(self, check: Check) -> None:
        """Fail, or skip, the current test by what the check does."""
        if self._worker is None:
            try:
                self._worker = Worker(self._target, self._without, self._profile)
            except Unusable as unusable:
                pytest.exit(f"--omni-target: {unusable}", returncode=pytest.ExitCode.USAGE_ERROR)
        excuse = excused(check, self._worker.provides, Selection())
        if excuse is not None:
            pytest.skip(f"{excuse.outcome}: {excuse.reason}")
        found = self._worker.run(check)
        if found.result.outcome != "passed":
            self.stop()
            first = found.failure
            python = first.python if first is not None else ""
            rule = first.rule if first is not None else check.rule
            pytest.fail(f"{rule}: {found.result.reason}\n\n{python}", pytrace=False)

    def stop(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


@pytest.fixture(scope="session")
def omni_session(pytestconfig: Any) -> Iterator[Session]:
    """The workers that run the checks."""
    without = tuple(filter(None, pytestconfig.getoption("--omni-without").split(",")))
    session = Session(pytestconfig.getoption("--omni-target"), without, pytestconfig.getoption("--omni-profile"))
    yield session
    session.stop()


@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in CHECKS])
def test_conformance(check: Check, omni_session: Session) -> None:
    """The check holds for the target."""
    omni_session.run(check)
