"""The book as its readers use it, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.book.conftest import BOOK

MAIN = ("index", "README", "design", "api", "rules", "verification", "examples", "glossary", "search")
"""The pages that axe reads."""


@pytest.mark.parametrize("name", MAIN)
def test_a_page_keeps_nobody_out(page: Any, accessible: Callable[[], None], name: str) -> None:
    """In light and dark colours axe finds no violation."""
    page.goto(f"/{name}.html")
    accessible()


def test_every_page_fits_its_window(page: Any, fits: Callable[[], None]) -> None:
    """Nothing is wider than the window, on any page."""
    pages = sorted(path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.html"))
    assert "index.html" in pages
    for path in pages:
        page.goto(f"/{path}")
        fits()
