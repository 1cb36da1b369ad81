"""The README keeps its word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The README's first fenced block in that language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the README has no {language} block"
    return found.group(1)


def test_the_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    """Pasted into a file elsewhere and run, the example prints the block that follows it."""
    program = tmp_path / "example.py"
    program.write_text(block("python"), encoding="utf-8")
    run = subprocess.run([sys.executable, "-X", "dev", str(program)], capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stderr, run.stdout) == (0, "", block("text"))


def test_every_make_target_the_readme_names_exists() -> None:
    """`make x` in the README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))
    targets = {name for pair in named for name in pair if name}
    assert targets >= {"conformance", "test"}
    assert [name for name in sorted(targets) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Links to files of the project name files that exist."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
