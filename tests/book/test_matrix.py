"""Who keeps the rules: the matrix and the reports behind it, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from conformance.rules import RULES
from docs.book.implementations import documents, title, verdicts
from docs.book.npm import installed
from tests.book.conftest import AXE, BOOK

MATRIX = "/implementations/README.html"
FOCUSED = "document.activeElement.getAttribute('href')"


class _Page(HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.ids = set[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links |= {value for name, value in attributes if tag == "a" and name == "href" and value}
        self.ids |= {value for name, value in attributes if name == "id" and value}


def test_every_cell_leads_somewhere(site: str) -> None:
    """Of each rule and implementation: to an element of the report, or of the page of the rules."""
    page, cells = cache(lambda path: _Page(BOOK / path[1:])), set()
    for link in page(MATRIX).links:
        address = urlsplit(urljoin(MATRIX, link))
        name = address.path.removeprefix("/implementations/").removesuffix(".html")
        if not address.scheme and (name in documents() or address.path == "/rules.html") and address.fragment:
            assert address.fragment in page(address.path).ids, link
            cells.add(link)
    failures = {(name, rule) for rule in RULES for name, verdict in verdicts(rule).items() if verdict == "broken"}
    assert len([cell for cell in cells if "#failure-" in cell]) == len(failures)
    assert len(cells) == len(RULES) * (len(documents()) + 1)


def test_the_matrix_keeps_nobody_out(page: Any, accessible: Callable[[], None], fits: Callable[[], None]) -> None:
    """A row for each rule, a column for each implementation, verdicts in words; nothing is wider than the window."""
    page.goto(MATRIX)
    assert page.locator("table.matrix tbody tr:not(.area)").count() == len(RULES)
    heads = page.locator("table.matrix thead th").all_inner_texts()
    assert heads == ["rule", *map(title, documents())]
    row = page.locator("table.matrix tbody tr", has=page.get_by_role("link", name="PSH-2", exact=True))
    assert [cell[2:] for cell in row.locator("td").all_inner_texts()] == list(verdicts("PSH-2").values())
    fits()
    accessible()


def test_a_cell_of_a_deviant_shows_its_program(page: Any, fits: Callable[[], None]) -> None:
    """The shortest program, with what was seen and what the model gives; and a way back."""
    page.goto(MATRIX)
    row = page.locator("table.matrix tbody tr", has=page.get_by_role("link", name="BRK-4", exact=True))
    row.locator('a[href^="deviant-a.html#failure-"]').click()
    failure = page.locator("article.failure:target")
    assert failure.locator("h3").inner_text().startswith("BRK-4")
    assert "b.request_channel('')" in failure.locator("pre").first.inner_text()
    assert "not (INVALID_CONFIG, None)" in failure.locator(".seen").inner_text()
    fits()
    page.evaluate((installed("axe-core") / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []
    page.get_by_role("link", name="who keeps the rules").click()
    page.wait_for_url(f"**{MATRIX}")


def test_a_rule_that_holds_shows_its_checks(page: Any) -> None:
    """Those of that run, with their outcomes and operations: what is folded is open where the cell leads."""
    page.goto(MATRIX)
    page.locator('td a[href="model.html#rule-PSH-2"]').click()
    check = page.locator("li", has_text="PSH-2/exactly-capacity-fit-after-wrapping")
    assert check.is_visible()
    kept = next(each for each in documents()["model"]["checks"] if each["id"].endswith("fit-after-wrapping"))
    assert "passed" in check.inner_text() and f"unit, {kept['operations']} operations" in check.inner_text()


def test_by_keyboard_alone(page: Any) -> None:
    """The matrix takes one place in the order of Tab; arrows, Home and End go through it, and Enter opens a verdict."""
    page.goto(MATRIX)
    page.locator("#only-differing").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Rules by implementation"
    names = list(documents())
    for key, link in (
        ("Tab", f"{names[0]}.html#rule-VOC-1"),
        ("ArrowRight", f"{names[1]}.html#rule-VOC-1"),
        ("ArrowDown", f"{names[1]}.html#rule-VOC-2"),
        ("ArrowLeft", f"{names[0]}.html#rule-VOC-2"),
        ("End", f"{names[-1]}.html#rule-VOC-2"),
        ("Home", "../rules.html#voc-2"),
        ("ArrowUp", "../rules.html#voc-1"),
        ("ArrowUp", "../rules.html#voc-1"),
        ("ArrowRight", f"{names[0]}.html#rule-VOC-1"),
        ("ArrowUp", f"{names[0]}.html"),
        ("ArrowDown", f"{names[0]}.html#rule-VOC-1"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == link, key
    page.keyboard.press("Tab")
    assert not page.evaluate("document.querySelector('table.matrix').contains(document.activeElement)")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{names[0]}.html#rule-VOC-1")


@pytest.mark.parametrize("name", ["model", "deviant-a"])
def test_a_focused_cell_is_in_sight(page: Any, name: str) -> None:
    """The heads, which stay where they are, do not cover it."""
    page.goto(MATRIX)
    page.locator("div.scroll", has=page.locator("table.matrix")).scroll_into_view_if_needed()
    for rule in ("OBS-3", "VOC-1", "PSH-2"):
        cell = page.locator(f"tr:has(th > a[href$='#{rule.lower()}']) td a[href^='{name}.html#']")
        cell.focus()
        assert cell.evaluate(
            """link => {
                const box = link.getBoundingClientRect();
                const corners = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2]];
                return corners.every(corner => link.contains(document.elementFromPoint(...corner)));
            }"""
        ), rule


def test_only_rules_on_which_they_differ(page: Any) -> None:
    """What is hidden is what no implementation breaks."""
    page.goto(MATRIX)
    page.locator("#only-differing").check()
    shown = page.locator("table.matrix tbody tr:not(.area) th:visible").all_inner_texts()
    judged = {rule: {each for each in verdicts(rule).values() if not each.startswith("not ")} for rule in RULES}
    assert shown == [rule for rule, said in judged.items() if len(said) > 1]
    assert 0 < len(shown) < len(RULES)
    page.locator("#only-differing").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('table.matrix').contains(document.activeElement)")
