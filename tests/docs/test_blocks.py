"""Every block of Python on every page is run, and prints the block of text that follows it, if one does.

A block that imports the library begins a program; the blocks after it go on with that one, as the reader does. A line
`<!-- not run: WHY -->` above a block says why it cannot be run by itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.book.notebook import BLOCK

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IMPORT = re.compile(r"^import (?:fast_impl|conformance)\b", re.MULTILINE)
NEEDS = {"numpy", "trio", "zmq"}
"""What a program may import beside the project; without it, its test is skipped."""
END = "\x1e"
"""Printed after each block."""


class Block(NamedTuple):
    """A block of Python: its first line on the page, its text, and what it must print, if the page says so."""

    line: int
    code: str
    output: str | None


def programs(page: Path) -> list[list[Block]]:
    """The programs of a page, each as its blocks."""
    text = page.read_text(encoding="utf-8")
    found: list[list[Block]] = []
    for block in BLOCK.finditer(text):
        if not block["why"]:
            if not found or IMPORT.search(block["code"]):
                found.append([])
            line = text.count("\n", 0, block.start("code")) + 1
            found[-1].append(Block(line, block["code"], block["output"]))
    assert text.count("\n```python\n") == sum(1 for _ in BLOCK.finditer(text)), f"{page}: a block is not seen"
    return found


PROGRAMS = [
    pytest.param(page, program, id=f"{page.relative_to(ROOT).as_posix()}:{program[0].line}")
    for page in PAGES
    for program in programs(page)
]


@pytest.mark.parametrize(("page", "program"), PROGRAMS)
def test_a_program_of_a_page_prints_what_the_page_says(page: Path, program: list[Block], tmp_path: Path) -> None:
    """Its blocks, pasted one after the other into a file; a traceback has the lines of the page."""
    source = ""
    for block in program:
        source += "\n" * (block.line - 1 - source.count("\n")) + f'{block.code}print("{END}", end="")\n'
    for module in NEEDS & set(re.findall(r"^\s*(?:import|from) (\w+)", source, re.MULTILINE)):
        pytest.importorskip(module)
    (tmp_path / "program.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "docs" / "examples"), *sys.path])},
        capture_output=True,
        text=True,
        timeout=50,
    )
    printed = done.stdout.split(END)
    assert (done.returncode, printed.pop()) == (0, ""), done.stderr
    for block, output in zip(program, printed, strict=True):
        assert block.output in (None, output), f"line {block.line}"


def test_there_are_programs() -> None:
    """On the pages that consist of them."""
    assert {page.name for page in PAGES if programs(page)} >= {"README.md", "examples.md", "tutorial.md", "threads.md"}
