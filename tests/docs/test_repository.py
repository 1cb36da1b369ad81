"""The layout of the repository, and the version that it states in two places."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

import spec_model

ROOT = Path(__file__).resolve().parents[2]

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
