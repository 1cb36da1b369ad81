"""The book as its readers use it, in a browser."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.book.conftest import BOOK, HEIGHT, WIDTHS
from tests.conftest import SAMPLE

MAIN = ("index", "README", "design", "api", "rules", "verification", "examples", "tutorial", "glossary", "search")
"""The pages that axe reads."""


@pytest.mark.slow
@pytest.mark.parametrize("name", MAIN)
def test_a_page_keeps_nobody_out(page: Any, accessible: Callable[[], None], name: str) -> None:
    """In light and dark colours axe finds no violation."""
    page.goto(f"/{name}.html")
    accessible()


@pytest.mark.parametrize("page", WIDTHS[:1], indirect=True)
def test_every_page_fits_its_window(page: Any, fits: Callable[[], None]) -> None:
    """Nothing is wider than the window, on any page, at any width; of the sources' pages, made alike, CI takes some."""
    pages = sorted(path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.html"))
    sources = [path for path in pages if path.startswith("source/")]
    assert "index.html" in pages and sources
    left_out = set(sources) - set(random.Random(SAMPLE).sample(sources, 10)) if SAMPLE else set()
    for path in sorted(set(pages) - left_out):
        page.goto(f"/{path}", wait_until="domcontentloaded")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            fits()


def test_search_needs_no_network(page: Any) -> None:
    """A word is found, by keyboard alone, in the page that it stands in; a narrow window has the field in its menu."""
    page.goto("/index.html")
    menu = page.get_by_role("button", name="Pages of the book")
    if menu.is_visible():
        menu.focus()
        page.keyboard.press("Enter")
    page.get_by_placeholder("Search").focus()
    page.keyboard.type("membarrier")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=membarrier**")
    page.get_by_text("Search finished").wait_for()
    page.locator("#search-results").get_by_role("link", name="Design", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/design.html**")
    assert page.get_by_text("membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)").count() == 1


def test_a_rule_unfolds_the_lines_that_state_it(page: Any) -> None:
    """They are those of the model, and a link leads to them in their file."""
    page.goto("/rules.html#psh-2")
    rule = page.locator("section#psh-2")
    lines = rule.get_by_text("QUEUE_FULL: a reservation is outstanding, or `capacity` messages wait [PSH-2];")
    assert not lines.is_visible()
    rule.locator("summary").focus()
    page.keyboard.press("Enter")
    lines.wait_for(state="visible")
    number = lines.evaluate("line => line.closest('pre > span').dataset.line")
    rule.get_by_role("link", name="spec_model/channel/pushing.py").click()
    page.wait_for_url("**/source/spec_model/channel/pushing.py.html#L*")
    assert "or `capacity` messages wait [PSH-2];" in page.locator(f"#{number}").inner_text()


def test_a_link_into_a_file_shows_its_line(page: Any) -> None:
    """The line is in the window, numbered and marked."""
    page.goto("/source/fast_impl/core/ring.h.html#L40")
    line = page.locator("#L40")
    assert line.evaluate("line => getComputedStyle(line, '::before').content") != "none"
    page.wait_for_function("document.querySelector('#L40').getBoundingClientRect().top < window.innerHeight")
    assert page.evaluate("document.querySelector(':target').id") == "L40"
