"""One test per check, for `pytest --omni-target`: collected by the plugin, never on its own."""

from __future__ import annotations

import pytest

from conformance.checks import CHECKS, Check
from conformance.pytest_plugin import Session


@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in CHECKS])
def test_conformance(check: Check, omni_session: Session) -> None:
    """The check holds for the target."""
    omni_session.run(check)
