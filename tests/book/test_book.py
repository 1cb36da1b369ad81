"""The book as its readers use it, in a browser."""

from __future__ import annotations

from typing import Any


def test_the_first_page_fits_its_window(page: Any) -> None:
    """Nothing is wider than the window."""
    page.goto("/index.html")
    assert page.title().startswith("OmniMailbox for Python")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
