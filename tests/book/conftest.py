"""The book in headless Chromium, which reaches nothing but the server that a test starts."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from docs.book.npm import installed

BOOK = Path(__file__).resolve().parents[2] / "build" / "book"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
collect_ignore_glob = [] if find_spec("sphinx") else ["test_*.py"]
"""An environment without what `make docs` installs has no book, and nothing to import for these tests."""

WIDTHS = (1280, 390)
HEIGHT = 900
"""Pixels: a desk's screen, and a phone's, which is as high here."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it needs what `make docs` has built, and a browser: `make docs-test`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            if not item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.slow(every=3))
            item.add_marker(pytest.mark.timeout(300))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address that the built book is served at."""
    if not (BOOK / "index.html").exists():
        pytest.skip("the book is not built: make docs")
    with ThreadingHTTPServer(("localhost", 0), partial(_Quiet, directory=str(BOOK))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, with no name that resolves but localhost."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is on the PATH")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Any, site: str) -> Iterator[Any]:
    """A page of each width; errors of its scripts, and requests to anywhere else, fail the test."""
    context = browser.new_context(base_url=site, viewport={"width": request.param, "height": HEIGHT})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("console", lambda message: wrong.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("request", lambda sent: None if sent.url.startswith((site, "data:", "blob:")) else wrong.append(sent.url))
    yield page
    context.close()
    assert wrong == []


AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .flatMap(found => found.nodes.map(node => `${found.id}: ${node.html.slice(0, 200)}\n${node.failureSummary}`))"""


@pytest.fixture
def accessible(page: Any) -> Callable[[], None]:
    """Fails, when called, if axe finds what keeps readers out of the page as it stands, in light and dark colours."""
    axe = str(installed("axe-core") / "axe.min.js")

    def check() -> None:
        page.add_script_tag(path=axe)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate(AXE) == [], f"{page.url} in its {scheme} colours"

    return check


@pytest.fixture
def fits(page: Any) -> Callable[[], None]:
    """Fails, when called, if anything of the page as it stands is wider than the window, with what is."""

    def check() -> None:
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth") and page.evaluate(
            """() => [...document.querySelectorAll("body *")].filter(each =>
                each.getBoundingClientRect().right > window.innerWidth + 1).slice(0, 9).map(each =>
                each.cloneNode(false).outerHTML)"""
        )
        assert not wide, f"{page.url} is wider than the window: {wide}"

    return check
