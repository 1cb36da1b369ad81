"""Every link within the built book leads somewhere, and nothing that a page loads is elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from conformance.link import decode
from tests.book.conftest import BOOK

LOADED = {
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "object": "data",
    "link": "href",
    "use": "href",
}
"""What a browser fetches by itself."""


class Links(HTMLParser):
    """The ids of a page, where it leads, and what it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = {name: value for name, value in attrs if value is not None}
        self.ids.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.leads.append(given["href"])
        if LOADED.get(tag) in given:
            self.loads.append(given[LOADED[tag]])


MODEL = BOOK / "model.html"


def _opens(fragment: str) -> bool:
    """Whether the page of the model opens it: a whole history."""
    try:
        return bool(decode(fragment)["steps"])
    except ValueError:
        return False


@pytest.fixture(scope="module")
def pages() -> dict[Path, Links]:
    """The built pages."""
    if not (BOOK / "index.html").exists():
        pytest.skip("the book is not built: make docs")
    return {page: Links(page) for page in BOOK.rglob("*.html")}


def test_every_link_leads_somewhere(pages: dict[Path, Links]) -> None:
    """Each link within the book names a file that is there, and an anchor that the page has."""
    lost = []
    for page, links in pages.items():
        for link in [*links.leads, *links.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            path = path / "index.html" if path.is_dir() else path
            anchor = "" if "=" in parts.fragment else unquote(parts.fragment)  # KEY=VALUE is for the page's script
            if not path.is_relative_to(BOOK) or not path.exists():
                lost.append(f"{page.relative_to(BOOK)}: {link}")
            elif anchor and path in pages and anchor not in pages[path].ids and not (path == MODEL and _opens(anchor)):
                lost.append(f"{page.relative_to(BOOK)}: {link} has no such anchor")
    assert lost == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Links]) -> None:
    """Scripts, styles and images are the book's own."""
    foreign = {
        f"{page.relative_to(BOOK)}: {link}"
        for page, links in pages.items()
        for link in links.loads
        if urlsplit(link).scheme not in ("", "data") or urlsplit(link).netloc
    }
    assert foreign == set()


REWRITTEN = {
    "[x](rules.md#psh-2)": "[x](project:/rules.md#psh-2)",
    "[x](../README.md)": "[x](project:/README.md)",
    "[x](decisions/README.md)": "[x](project:/decisions/README.md)",
    "[x](../fast_impl/core/ring.h#L12-L14)": "[x](repository:fast_impl/core/ring.h#L12-L14)",
    "![x](performance-c.svg)": "![x](performance-c.svg)",
    "[x](https://flatbuffers.dev)": "[x](https://flatbuffers.dev)",
    "[x](nowhere.md)": "[x](nowhere.md)",
    "`[x](rules.md)`": "`[x](rules.md)`",
    "```python\nf[x](rules.md)\n```": "```python\nf[x](rules.md)\n```",
    "```{note}\n[x](rules.md)\n```": "```{note}\n[x](project:/rules.md)\n```",
    '<a id="psh-2"></a>': "[]{#psh-2}",
    '<a id="a_name"></a>': '<a id="a_name"></a>[]{#a_name}',
}


@pytest.mark.parametrize("text", REWRITTEN)
def test_links_are_rewritten_for_sphinx(text: str) -> None:
    """To pages, to files at a line, and anchors; not what leads nowhere, which Sphinx warns of, nor what is code."""
    repository = pytest.importorskip("docs.book.repository")
    written, files = repository.rewritten(f"A page.\n\n{text}\n", "design", {"rules", "README", "decisions/README"})
    assert written == f"A page.\n\n{REWRITTEN[text]}\n"
    assert files == ({"fast_impl/core/ring.h"} if "ring.h" in text else set())
