"""`.ci/pythons`: finds a Python of this machine, and names one that cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "pythons"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.implementation.name != "cpython", reason="the script is for CPython"),
]


def get(version: str, folder: Path, *, without: str = "") -> str:
    """What `.ci/pythons get` prints, with this interpreter on the PATH, and a program on it that fails."""
    programs = folder / "programs"
    programs.mkdir()
    own = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    (programs / f"python{sys.version_info[0]}.{sys.version_info[1]}{own}").symlink_to(sys.executable)
    if without:
        (programs / without).write_text("#!/bin/sh\nexit 1\n")
        (programs / without).chmod(0o755)
    environment = {**os.environ, "OMNI_PYTHONS": str(folder), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", str(SCRIPT), "get", version]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_that_is_here(tmp_path: Path) -> None:
    """The first on the PATH that can build the project."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}" + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    assert get(version, tmp_path).startswith(f"   Python {version}: {tmp_path}/programs/python")


@pytest.mark.parametrize(("version", "without"), [("9.9", "debootstrap"), ("9.9t", "apt-get")])
def test_one_that_cannot_be_had(version: str, without: str, tmp_path: Path) -> None:
    """It is named, with the reason; that is no failure."""
    said = get(version, tmp_path, without=without)
    assert f"-- Python {version} cannot be had: " in said
    assert f"not to be had here: {version}: " in said
