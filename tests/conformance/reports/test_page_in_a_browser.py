"""The page as a browser lays it out, at the width of a screen and of a phone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from conformance.reports import html
from conformance.rules import RULES
from tests.conformance.reports.browser import measure
from tests.conformance.reports.documents import TIMELINE, breaking, holding, hostile

pytestmark = pytest.mark.once

WIDTHS = (1280, 390)
REPORTS = {"holding": holding, "breaking": breaking, "hostile": hostile}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """Every page at every width, in one start of the browser."""
    cases = [(name, width) for name in REPORTS for width in WIDTHS]
    pages = [(html.render(REPORTS[name]().document()), width) for name, width in cases]
    return dict(zip(cases, measure(pages, tmp_path_factory.mktemp("browser")), strict=True))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_overflows(measured: dict[tuple[str, int], dict[str, Any]], name: str, width: int) -> None:
    """With everything unfolded, the page does not scroll sideways, and no text leaves its box."""
    page = measured[name, width]
    assert page["width"] > width - 20
    assert page["scrolls"] <= page["width"]
    assert page["outside"] == []
    assert page["spilling"] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_loaded_or_run(measured: dict[tuple[str, int], dict[str, Any]], name: str, width: int) -> None:
    """The page asks for nothing, and holds nothing that a target could make run."""
    assert measured[name, width]["loaded"] == []
    assert measured[name, width]["active"] == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_failures_can_be_seen_at_once(measured: dict[tuple[str, int], dict[str, Any]], width: int) -> None:
    """Each is on the page without unfolding anything; of several of one rule, the one that shows it shortest."""
    shown = measured["breaking", width]["failures"]
    for failure in breaking().unexpected:
        longer = failure.seen == "a longer program"
        assert any(failure.seen in text and failure.check in text for text in shown) is not longer, failure.seen
    assert measured["holding", width]["failures"] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_lane_per_thread_is_in_sight(measured: dict[tuple[str, int], dict[str, Any]], width: int) -> None:
    """Three lanes side by side, none cut off, each with its name on top and its calls within."""
    page = measured["breaking", width]
    lanes = page["lanes"]
    assert [thread["text"] for thread in page["threads"]] == ["producer", "consumer", "closer"]
    assert all(lane["right"] - lane["left"] > 60 and lane["right"] <= page["width"] for lane in lanes)
    assert all(one["right"] <= other["left"] for one, other in pairwise(lanes))
    assert len(page["calls"]) == len(TIMELINE)
    for lane, thread in zip(lanes, page["threads"], strict=True):
        inside = [call for call in page["calls"] if call["text"].startswith(f"{thread['text']}: ")]
        assert inside
        assert all(lane["left"] <= call["left"] and call["right"] <= lane["right"] for call in inside)
        assert all(lane["top"] <= call["top"] and call["bottom"] <= lane["bottom"] for call in inside)
        assert all(one["bottom"] <= other["top"] for one, other in pairwise(inside))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_height_of_a_call_is_its_time(measured: dict[tuple[str, int], dict[str, Any]], width: int) -> None:
    """A call that was under way during another stands beside it; one that came after stands below."""
    calls = measured["breaking", width]["calls"]
    pop, close = (next(call for call in calls if name in call["text"]) for name in ("SUCCESS b'\\x02'", "p.close()"))
    first, after = (next(call for call in calls if name in call["text"]) for name in ("b'\\x01')", "CHANNEL_CLOSED"))
    assert pop["top"] < close["top"] < close["bottom"] <= pop["bottom"]
    assert first["bottom"] <= pop["top"] < pop["bottom"] <= after["top"]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_rules_can_be_chosen_by_verdict(measured: dict[tuple[str, int], dict[str, Any]], width: int) -> None:
    """Each button leaves the rules of its verdict, and the areas that have one; there is none for no rule."""
    report = breaking()
    verdicts = [report.verdict(rule) for rule in RULES]
    looks = {"show-good": "holds", "show-bad": "broken", "show-open": "undecided",
             "show-expected": "broken as expected", "show-absent": "not provided",
             "show-unknown": "not run"}  # fmt: skip
    chosen = measured["breaking", width]["chosen"]
    assert set(chosen) == {"show-all", *looks}
    assert len(chosen["show-all"]["rules"]) == len(RULES)
    for button, verdict in looks.items():
        look = f"rule {button.removeprefix('show-')}"
        assert chosen[button]["rules"] == [look] * verdicts.count(verdict)
        areas = {rule.area for rule in RULES.values() if report.verdict(rule.id) == verdict}
        assert chosen[button]["areas"] == len(areas)
    assert set(measured["holding", width]["chosen"]) == {"show-all", "show-good"}
