"""The repository is what it says: its layout, its version, and a documentation whose links and commands are true."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

import fast_impl
import spec_model
from tests.docs.pages import PAGE, ROOT, api

# ---- layout and version ----


TOP_LEVEL = {
    ".ci",
    ".clang-format",
    ".clang-tidy",
    ".editorconfig",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "conformance",
    "docs",
    "fast_impl",
    "pyproject.toml",
    "spec_model",
    "tests",
}


def tracked() -> list[str]:
    """Paths under version control; skips where there is none, as in a source distribution."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git does not answer: {error}")
    return [path for path in listing.stdout.split("\0") if path]


def test_the_top_level_has_the_agreed_names() -> None:
    """Every tracked top-level name is one of the agreed ones."""
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_nothing_built_is_tracked() -> None:
    """No compiled file is under version control."""
    assert [path for path in tracked() if path.endswith((".so", ".o", ".pyc", ".pyd"))] == []


def test_packages_are_marked_as_typed() -> None:
    """Each package carries the marker that lets type checkers use its hints."""
    assert all((ROOT / package / "py.typed").exists() for package in ("spec_model", "fast_impl", "conformance"))


def test_the_version_is_stated_once() -> None:
    """`spec_model.__version__`, the first heading of CHANGELOG.md and what is installed name the same version."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version("omnimailbox") == spec_model.__version__


# ---- pages: links resolve, commands exist, generated pages are up to date ----


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The README's first fenced block in that language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the README has no {language} block"
    return found.group(1)


def test_every_make_target_that_a_page_names_exists() -> None:
    """`make x` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z0-9-]+)", page.read_text(encoding="utf-8")))
        assert named <= targets, f"{page.name} names make {', '.join(named - targets)}"
    assert set(re.findall(r"^make ([a-z-]+)", block("sh"), re.MULTILINE)) == {"conformance", "test"}


@cache
def anchors(page: Path) -> set[str]:
    """What a link into a page can name: its headings, as GitHub writes them, and explicit anchors."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def test_every_link_resolves() -> None:
    """Links to files of the project name files that exist, and anchors that these have."""
    lost = []
    for page in PAGES:
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text(encoding="utf-8")):
            target = (page.parent / path).resolve() if path else page
            known = target.exists() and (not anchor or target.suffix != ".md" or anchor in anchors(target))
            lost += [] if known else [f"{page.relative_to(ROOT)}: {path}#{anchor}"]
    assert lost == []


@pytest.mark.skipif(fast_impl.binding != "c", reason="the page has the members in the order of the types in C")
def test_the_api_page_is_up_to_date() -> None:
    """docs/api.md is what `make pages` writes."""
    assert PAGE.read_text(encoding="utf-8") == api(), "docs/api.md is stale: make pages"
