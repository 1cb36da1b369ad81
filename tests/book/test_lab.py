"""The lab's first exercise, by what its page says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs.lab.exercises import ANSWER, find

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
def test_the_first_exercise(page: Any, tmp_path: Path) -> None:
    """The command on the page begins it, with the report on the page; mended and named, the same command grades it."""
    page.goto("/lab/README.html")
    lines = "\n".join(page.locator("article pre").all_inner_texts()).splitlines()
    line = next(line for line in lines if line.startswith("make lab EXERCISE=1") and "ARGS" not in line)
    command = [*shlex.split(line, comments=True), f"PYTHON={sys.executable}", f"ARGS=--folder {tmp_path}"]
    # Without the variables of the make that runs this.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def given() -> str:
        done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, timeout=250, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    exercise, folder = find(1), tmp_path / "1"
    (title,) = page.get_by_role("heading", name=f"1. {exercise.title}").all()
    report = title.locator("xpath=following-sibling::p").inner_text()
    assert " ".join(report.split()) in " ".join(given().split())
    change = exercise.mistakes[0].change
    source = folder / "broken" / Path(change.file).relative_to("spec_model")
    for true, planted in change.edits:
        source.write_text(source.read_text().replace(planted, true))
    (folder / ANSWER).write_text("PSH-1\n")
    assert given().endswith("named 1 of 1 broken rules (PSH-1), 0 wrongly; mended 1 of 1 (PSH-1); complete\n")


def test_the_sheet_keeps_nobody_out(page: Any, accessible: Callable[[], None], fits: Callable[[], None]) -> None:
    """It fits its window, and axe finds no violation."""
    page.goto("/lab/README.html")
    fits()
    accessible()


@pytest.mark.parametrize(("word", "found"), [("liar", 0), ("flush", 1)], ids=["solutions", "sheet"])
def test_solutions_are_apart(page: Any, word: str, found: int) -> None:
    """One link leads to them, and the search, which finds the sheet, does not."""
    page.goto("/lab/README.html")
    assert page.locator("article a[href*=solutions]").count() == 1
    page.goto(f"/search.html?q={word}")
    page.get_by_text(re.compile("Search finished|did not match any")).wait_for()
    assert page.locator("#search-results a[href*='lab/README.html']").count() >= found
    assert page.locator("#search-results a[href*='lab/solutions.html']").count() == 0
