"""The model's verifier runs where nothing is installed, on CPython and on PyPy."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.fast_impl.flatbuffers.schemas import path
from tests.fast_impl.flatbuffers.toolchain import ROOT

PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from spec_model.flatbuffers import Schema
schema = Schema.load({str(path("tree"))!r})
node = bytes([8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0, 0])
print(schema.root, schema.verify(node), schema.verify(node[:11]))
"""


@pytest.mark.parametrize("interpreter", ["python", "pypy3"])
def test_a_program_runs_with_nothing_installed(interpreter: str) -> None:
    """No environment variable, no site-packages: load, and verify."""
    found = sys.executable if interpreter == "python" else shutil.which(interpreter)
    if found is None:
        pytest.skip(f"no {interpreter} on this machine")
    done = subprocess.run([found, "-I", "-S", "-B", "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "judged.tree.Node True False\n"), done.stderr
