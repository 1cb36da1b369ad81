"""The report as one page, as text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from conformance.reports import html
from conformance.reports.html import Markup, _anchor, join, tag
from conformance.results import Report
from conformance.rules import RULES
from tests.conformance.reports.documents import HOSTILE, PYTHON, TIMELINE, breaking, holding, hostile

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
    """No script, no style sheet, image or font from elsewhere, and no link that leaves the page."""
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
            assert element.attrib["href"].startswith("#")
            assert element.attrib["href"][1:] in identities
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
