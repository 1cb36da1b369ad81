"""The layout of the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
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


def test_nothing_strange_at_the_top_level() -> None:
    """Every tracked top-level name is one of the agreed ones."""
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_nothing_built_is_tracked() -> None:
    """No compiled file is under version control."""
    assert [path for path in tracked() if path.endswith((".so", ".o", ".pyc", ".pyd"))] == []


def test_packages_are_marked_as_typed() -> None:
    """Each package carries the marker that lets type checkers use its hints."""
    assert all((ROOT / package / "py.typed").exists() for package in ("spec_model", "fast_impl", "conformance"))
