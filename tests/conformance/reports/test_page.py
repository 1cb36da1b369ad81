"""The report as one page: as text, and as a browser lays it out at the width of a screen and of a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.link import BOOK
from conformance.reports import html
from conformance.reports.html import Markup, _anchor, join, tag
from conformance.results import Report
from conformance.rules import RULES
from tests.conformance.reports.documents import HOSTILE, PYTHON, TIMELINE, breaking, holding, hostile

pytestmark = pytest.mark.once

REPORTS = {
    "holding": holding(), "breaking": breaking(), "hostile": hostile(), "nothing": Report("nothing", whole=False),
}  # fmt: skip


def _page(report: Report) -> ET.Element:
    """The page as a strict parser reads it, which fails on anything left open or unescaped."""
    text = html.render(report.document())
    assert text.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(text.encode())


def _text(element: ET.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_page_is_well_formed_and_needs_nothing(report: Report) -> None:
    """No script, no style sheet, image or font from elsewhere, and no link that leaves the page but to the book."""
    page = _page(report)
    policies = [
        each.attrib["content"] for each in page.iter("meta") if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none'; style-src 'unsafe-inline';")
    tags = {element.tag for element in page.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "svg", "audio", "video"}
    identities = [element.attrib["id"] for element in page.iter() if "id" in element.attrib]
    assert len(identities) == len(set(identities))
    for element in page.iter():
        assert not [name for name in element.attrib if name.startswith("on") or name in ("src", "srcset", "action")]
        if "href" in element.attrib:
            address, _, place = element.attrib["href"].partition("#")
            assert (address == "" and place in identities) or (address == BOOK and re.fullmatch(r"[\w-]+", place))
    assert all(not re.search(r"url\(|@import|https?:|//", _text(style)) for style in page.iter("style"))


@pytest.mark.parametrize("report", [REPORTS["holding"], REPORTS["breaking"]], ids=["holding", "breaking"])
def test_every_rule_is_reported(report: Report) -> None:
    """Its verdict, its text, the checks that cover it, and how much they ran."""
    folds = [each for each in _page(report).iter("details") if each.get("class", "").startswith("rule ")]
    assert len(folds) == len(RULES)
    for rule, fold in zip(RULES.values(), folds, strict=True):
        assert fold.find(f"div[@id='{_anchor(rule.id)}']") is not None
        text = _text(fold)
        assert rule.id in text and rule.section in text and rule.text.replace("`", "") in text
        assert report.verdict(rule.id) in text
        for check in report.of_rule(rule.id):
            assert check.id in text and check.claim in text and check.outcome in text
            assert f"{check.layer}, {check.operations:,} operations" in text


def test_every_failure_is_reported() -> None:
    """What was seen, the shortest program, the same to run, and every call of the timeline with what it saw."""
    articles = list(_page(breaking()).iter("article"))
    text = "\n".join(map(_text, articles))
    assert all(failure.seen in text and failure.check in text for failure in breaking().failures)
    assert "p.try_push(b'x')  # x8\np.try_push(b'y')" in text
    assert PYTHON.rstrip() in text
    assert "signal: 11" in text
    assert all(call["call"] in text and str(call["result"] or "did not return") in text for call in TIMELINE)
    assert "b'\\x01' was sent before the close and never came" in text
    folded = [each for each in articles if any(inner is not each and inner.tag == "article" for inner in each.iter())]
    assert [_text(each).count("1 more failure of this rule") for each in folded] == [1]
    assert "a longer program" in _text(folded[0])
    named = [each.attrib["id"] for each in articles if "id" in each.attrib]
    assert named == [*(f"failure-{number}" for number in range(1, len(breaking().failures))), "expected-1"]
    assert "listed as an expected failure, and passed" in text


def test_the_verdict_stands_on_top() -> None:
    """In words, with a note where only a part was run."""
    for report, says in ((holding(), "good_target keeps every rule checked"), (breaking(), "does not keep the rules")):
        head = _page(report).find("body/header/h1")
        assert head is not None and says in _text(head)
    assert "Only a part of the checks was run." in _text(_page(REPORTS["nothing"]))
    assert "Only a part" not in _text(_page(holding()))


def test_unexpected_results_stand_out() -> None:
    """One never reached, and one that the rules do not list."""
    report = holding()
    report.coverage["try_push", "QUEUE_FULL"] = 0
    report.coverage["try_push", "TIMEOUT"] = 2
    bad = [_text(each) for each in _page(report).iter("span") if each.get("class") == "cell bad"]
    assert bad == ["QUEUE_FULL never reached", "TIMEOUT 2 not in the rules"]


def test_what_a_target_says_is_text() -> None:
    """It is there to be read, with what cannot be seen as escapes, and is nowhere an element."""
    page = _page(hostile())
    assert "</script></style><img src=http://evil.example/x onerror=alert(1)>&\"'`|*_[a]" in _text(page)
    html.render(hostile().document()).encode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b]", _text(page))


def test_elements_escape_what_is_not_markup() -> None:
    """In content and in attributes; markup is put in as it is."""
    inner = tag("b", HOSTILE)
    element = ET.fromstring(tag("p", inner, "<i>", title='"<&\x00'))
    assert [child.tag for child in element] == ["b"]
    assert element.attrib == {"title": '"<&\\x00'}
    assert join("<", Markup("<b />")) == "&lt;<b />"


def _palettes() -> list[dict[str, str]]:
    style = _text(next(_page(holding()).iter("style")))
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", _palettes(), ids=["light", "dark"])
def test_colours_can_be_read(palette: dict[str, str]) -> None:
    """Text has a contrast of at least 4.5 to what it stands on, by day and by night."""
    inks = ("ink", "faint", "link", "bad", "good", "expected")
    pairs = [(ink, ground) for ink in inks for ground in ("ground", "panel")]
    pairs += [(kind, f"{kind}-ground") for kind in ("good", "bad", "expected", "absent")]
    pairs += [("ink", "bad-ground"), ("absent", "ground")]
    palette = palette | {"white": "#ffffff"}
    for ink, ground in [*pairs, ("white", "bad-solid")]:
        light, dark = sorted((_luminance(palette[ink]), _luminance(palette[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


# ---- in a browser

WIDTHS = (1280, 390)
LAID_OUT = {name: REPORTS[name] for name in ("holding", "breaking", "hostile")}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """Every page at every width, in one start of the browser."""
    cases = [(name, width) for name in LAID_OUT for width in WIDTHS]
    pages = [(html.render(LAID_OUT[name].document()), width) for name, width in cases]
    return dict(zip(cases, measure(pages, tmp_path_factory.mktemp("browser")), strict=True))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAID_OUT)
def test_nothing_overflows(measured: dict[tuple[str, int], dict[str, Any]], name: str, width: int) -> None:
    """With everything unfolded, the page does not scroll sideways, and no text leaves its box."""
    page = measured[name, width]
    assert page["width"] > width - 20
    assert page["scrolls"] <= page["width"]
    assert page["outside"] == []
    assert page["spilling"] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAID_OUT)
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
