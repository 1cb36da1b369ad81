"""Any library with the C ABI of omni_mailbox.h stands behind the Python face."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fast_impl
from conformance.targets import c_library

PROGRAM = """
import sys
from conformance.targets import c_library

omni = c_library.load(sys.argv[1])
with omni.open_channel(capacity=8) as channel:
    channel.producer.send(b"through another library")
    print(channel.consumer.receive().decode())
"""


def _run(library: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PROGRAM, str(library)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def _compile(target: Path, *sources: str) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on the PATH")
    command = [compiler, "-std=c11", "-O1", "-shared", "-fPIC", "-pthread", f"-I{fast_impl.get_include()}"]
    subprocess.run([*command, *sources, "-o", str(target)], check=True, timeout=60)


def test_a_library_that_exports_the_c_abi_is_driven(tmp_path: Path) -> None:
    """Given a shared library, here of the core's own sources, a message goes through it."""
    library = tmp_path / "libomni.so"
    _compile(library, *map(str, Path(fast_impl.get_include()).rglob("*.c")))
    done = _run(library)
    assert (done.returncode, done.stdout) == (0, "through another library\n"), done.stderr


def test_a_library_that_lacks_a_function_is_refused(tmp_path: Path) -> None:
    """The error names what is missing."""
    source = tmp_path / "half.c"
    source.write_text("int omni_has_channel(void) { return 0; }\n")
    _compile(tmp_path / "half.so", str(source))
    done = _run(tmp_path / "half.so")
    assert done.returncode != 0
    assert "does not export omni_broker_new" in done.stderr
    assert "omni_has_channel" not in done.stderr


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """The error names the path."""
    done = _run(tmp_path / "absent.so")
    assert done.returncode != 0
    assert "absent.so cannot be loaded as a shared library" in done.stderr


def test_the_adapter_comes_first(tmp_path: Path) -> None:
    """Where fast_impl is in use already, the adapter refuses: it would go on with the core that it has."""
    with pytest.raises(ImportError, match="fast_impl is in use already"):
        c_library.load(tmp_path / "any.so")
