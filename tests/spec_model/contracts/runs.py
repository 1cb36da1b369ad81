"""Running CrossHair on functions of the model, or of a copy of it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECONDS = 1.0
"""Processor time for each postcondition. All of them: about 70 s one at a time, about 40 s two at a time."""


@dataclass(frozen=True)
class Verdict:
    """The output of CrossHair, by line of the source, and its exit code."""

    lines: dict[int, str]
    output: str
    exit_code: int


def check(target: str, folder: Path = ROOT, seconds: float = SECONDS) -> Verdict:
    """CrossHair's verdict on every contract in `target`, a dotted name importable from `folder`."""
    command = [sys.executable, "-m", "tests.spec_model.contracts.states", "check", target, "--analysis_kind=PEP316"]
    command += [f"--per_condition_timeout={seconds}", "--per_path_timeout=1", "--report_all"]
    # `folder` first: a copy of the model there hides the one that is installed.
    paths = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    found = re.findall(r"^.*?\.py:(\d+): (\w+: .*)$", done.stdout, re.MULTILINE)
    return Verdict({int(line): text for line, text in found}, done.stdout + done.stderr, done.returncode)


def functions_with_contracts(source: Path) -> dict[str, range]:
    """The functions in `source` whose docstring has a postcondition, and the lines of each."""
    return {
        node.name: range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef) and re.search(r"^\s*post:", ast.get_docstring(node) or "", re.MULTILINE)
    }
