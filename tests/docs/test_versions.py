"""The version is written in two places, and they agree."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_newest_entry_of_the_changelog_is_the_projects_version() -> None:
    """pyproject.toml and the first heading of CHANGELOG.md name the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == project["version"]


def test_the_installed_version_is_the_projects_version() -> None:
    """What is being tested is what the tree says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version("omnimailbox") == project["version"]
