"""The page as a browser lays it out, at the width of a screen and of a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conformance.reports import html
from conformance.rules import RULES
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
def test_a_column_per_thread_is_in_sight(measured: dict[tuple[str, int], dict[str, Any]], width: int) -> None:
    """Three columns side by side, none cut off, each with its name on top and its calls within."""
    page = measured["breaking", width]
    columns = page["columns"]
    assert [thread["text"] for thread in page["threads"]] == ["producer", "consumer", "closer"]
    assert all(column["right"] - column["left"] > 60 and column["right"] <= page["width"] for column in columns)
    assert all(one["right"] <= other["left"] for one, other in pairwise(columns))
    assert len(page["calls"]) == len(TIMELINE)
    for column, thread in zip(columns, page["threads"], strict=True):
        inside = [call for call in page["calls"] if call["text"].startswith(f"{thread['text']}: ")]
        assert inside
        assert all(column["left"] <= call["left"] and call["right"] <= column["right"] for call in inside)
        assert all(column["top"] <= call["top"] and call["bottom"] <= column["bottom"] for call in inside)
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
    styles = {"show-good": "holds", "show-bad": "broken", "show-open": "undecided",
             "show-expected": "broken as expected", "show-absent": "not provided",
             "show-unknown": "not run"}  # fmt: skip
    chosen = measured["breaking", width]["chosen"]
    assert set(chosen) == {"show-all", *styles}
    assert len(chosen["show-all"]["rules"]) == len(RULES)
    for button, verdict in styles.items():
        style = f"rule {button.removeprefix('show-')}"
        assert chosen[button]["rules"] == [style] * verdicts.count(verdict)
        areas = {rule.area for rule in RULES.values() if report.verdict(rule.id) == verdict}
        assert chosen[button]["areas"] == len(areas)
    assert set(measured["holding", width]["chosen"]) == {"show-all", "show-good"}


NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip

# A frame is as wide as we say, whereas a headless window has a least width. `srcdoc` keeps it of one origin.
_HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="measured"></pre>
<script type="application/json" id="pages">%s</script>
<script>
const pages = JSON.parse(document.getElementById("pages").textContent);
const frames = pages.map(page => {
  const frame = document.createElement("iframe");
  frame.style = `border: 0; height: 900px; width: ${page.width}px`;
  frame.srcdoc = page.html;
  document.body.append(frame);
  return frame;
});
const box = element => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { left, right, top, bottom, text: element.textContent };
};
function measure(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, all = query => [...page.querySelectorAll(query)];
  const shown = query => all(query).filter(each => each.checkVisibility() && each.getBoundingClientRect().height > 0);
  const folded = all("details").filter(each => !each.open).length;
  const failures = shown("article.failure").map(each => each.innerText);
  const columns = shown(".column").map(box), threads = shown(".thread").map(box), calls = shown(".call").map(box);
  const chosen = Object.fromEntries(all("input[name=show]").map(button => {
    button.checked = true;
    return [button.id, { rules: shown(".rule").map(each => each.className), areas: shown(".area").length }];
  }));
  all("#show-all").forEach(button => { button.checked = true; });
  all("details").forEach(each => { each.open = true; });
  const width = page.documentElement.clientWidth;
  const free = all("body *").filter(each => !each.closest(".scroll, .heard, thead") || each.matches(".scroll"));
  const name = each => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 60)}`;
  const outside = free.filter(each => each.getBoundingClientRect().right > width + 0.5).map(name);
  const spilling = all("body *").filter(each => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1
    && !each.matches(".scroll, .heard, .scroll code, thead, thead *")
    && !(each.matches(".columns, .coverage, .coverage *"))).map(name);
  return {
    width, scrolls: page.documentElement.scrollWidth, outside, spilling, failures, columns, threads, calls, folded,
    chosen,
    loaded: view.performance.getEntriesByType("resource").map(each => each.name),
    active: all("script, img, iframe, object, embed, link, form").length,
  };
}
window.onload = () => {
  document.getElementById("measured").textContent = JSON.stringify(frames.map(measure));
};
</script>
"""


def browser() -> str:
    """The browser's path; skips where there is none."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"none of {', '.join(NAMES)} is on PATH")


def measure(pages: list[tuple[str, int]], folder: Path) -> list[dict[str, Any]]:
    """Lay out pages, each at a width in CSS pixels, and measure them."""
    described = json.dumps([{"html": page, "width": width} for page, width in pages]).replace("</", "<\\/")
    harness = folder / "harness.html"
    harness.write_text(_HARNESS % described.replace("<!--", "<\\u0021--"), "utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser(), *QUIET, profile, "--window-size=1400,1000", "--dump-dom", harness.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    found = re.search(r'<pre id="measured">(.+?)</pre>', ended.stdout, re.DOTALL)
    assert found, f"the browser measured nothing (exit code {ended.returncode}):\n{ended.stderr[-2000:]}"
    measured: list[dict[str, Any]] = json.loads(unescape(found[1]))
    return measured
