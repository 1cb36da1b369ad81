"""The guide for implementers is true: its commands are run, in order, as one session."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "implementers.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ?([\w.]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""Language, the name of the file that the block is, where it is one, and text."""

# The whole suite takes minutes: a run that asks for everything gets what fails or passes fastest.
COMMAND = """#!/bin/sh
case "$1 $*" in
"run "*--only*) ;;
"run "*) set -- "$@" --only unit --only blocking ;;
esac
exec {python} -m conformance "$@"
"""


def _session() -> str:
    """The guide's commands as a script, which ends where one exits otherwise than the guide says."""
    script = ['fail() { echo "exited with $1: $2" >&2; exit 99; }']
    for language, file, text in BLOCK.findall(TEXT):
        if file:
            script.append(f"cat > {file} <<'END'\n{text}END")
        if language != "sh" or "pip install" in text:
            continue
        for line in text.splitlines():
            command, _, comment = line.partition("  # exits ")
            name = command.replace("'", "")
            script.append(f"{command}\ncode=$?; [ $code = {comment or 0} ] || fail $code '{name}'")
    return "\n".join(script)


def _plugin() -> str:
    """The plugin by its name, where an older installation does not bring it along."""
    installed = any(point.value == "omnimailbox_pytest" for point in entry_points(group="pytest11"))
    return "" if installed else "-p conformance.omnimailbox_pytest"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_works_and_prints_what_the_guide_says(tmp_path: Path) -> None:
    """From the copy of the example to the sanitizer and pytest, each command exits as the guide says."""
    for tool in ("make", "cc", "g++", "sh"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on the PATH")
    runtime = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, timeout=20).stdout
    if not Path(runtime.strip()).is_absolute():
        pytest.skip("no libasan.so that cc knows of")
    tools, clone = tmp_path / "bin", tmp_path / "clone"
    tools.mkdir()
    shutil.copytree(ROOT / "docs", clone / "docs", ignore=shutil.ignore_patterns("*.so"))
    for name, text in (
        ("omni-conformance", COMMAND.format(python=sys.executable)),
        ("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
        ("pytest", f'#!/bin/sh\nexec {sys.executable} -m pytest {_plugin()} "$@"\n'),
    ):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path])),
    }
    done = subprocess.run(
        ["sh", "-c", _session()], cwd=clone, env=environment, capture_output=True, text=True, timeout=580
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    for language, file, text in BLOCK.findall(TEXT):
        if language == "text" and not file and not text.startswith("omni-conformance "):
            assert [line for line in text.splitlines() if _plain(line) not in _plain(done.stdout)] == []


def test_the_program_works(tmp_path: Path) -> None:
    """The Python program, pasted into a file and run, says that the rule holds."""
    (program,) = [text for language, _, text in BLOCK.findall(TEXT) if language == "python"]
    (tmp_path / "program.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *sys.path]))}
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stdout) == (0, "holds\n"), done.stderr


def test_the_features_are_those_there_are() -> None:
    """The table of what a target may lack names every feature, and no other."""
    from conformance.targets import FEATURES

    table = TEXT.split("| feature | means |")[1].split("\n\n")[0]
    names = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert set(re.findall(r"`([a-z-]+)`", "".join(names))) == set(FEATURES)
