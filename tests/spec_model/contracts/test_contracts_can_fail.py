"""The contracts can fail: CrossHair reports each of these mistakes in a copy of the model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.spec_model.contracts.runs import ROOT, check

pytestmark = pytest.mark.once

pytest.importorskip("crosshair", reason="CrossHair runs on CPython only")

SECONDS = 4.0


class Mistake(NamedTuple):
    """A change to one module, and the function whose contract must fail."""

    claim: str
    module: str
    right: str
    wrong: str
    function: str


MISTAKES = (
    Mistake(
        "a reservation is granted without a slot",
        "channel/reserving.py",
        "        and channel.free_slots > 0\n",
        "",
        "reserve",
    ),
    Mistake(
        "a closed consumer still holds",
        "channel/lifecycle.py",
        "consumer=Side.CLOSED, held=0",
        "consumer=Side.CLOSED",
        "close_consumer",
    ),
    Mistake(
        "sizes are not clamped from above",
        "config.py",
        "MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE)",
        "MIN_MESSAGE_SIZE), SIZE_MAX)",
        "ChannelConfig.normalize",
    ),
    Mistake(
        "a channel in use can be removed",
        "registry.py",
        "channel is None or not lifecycle.is_abandoned(channel)",
        "channel is None",
        "remove_channel",
    ),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.claim.replace(" ", "_") for mistake in MISTAKES])
def test_crosshair_reports(mistake: Mistake, tmp_path: Path) -> None:
    """The mistake is found within its time, in the function that made it."""
    shutil.copytree(ROOT / "spec_model", tmp_path / "spec_model", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "spec_model" / mistake.module
    text = source.read_text()
    assert text.count(mistake.right) == 1, f"the source no longer says {mistake.right!r} once"
    source.write_text(text.replace(mistake.right, mistake.wrong))
    module = "spec_model." + mistake.module[: -len(".py")].replace("/", ".")
    verdict = check(f"{module}.{mistake.function}", tmp_path, SECONDS)
    assert verdict.exit_code == 1, f"{mistake.claim}: not found\n{verdict.output}"
    assert any(text.startswith("error: false when calling") for text in verdict.lines.values()), verdict.output
