"""The core's own files, compiled for the explorer."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

from conformance.targets import DEFAULT
from conformance.weakmemory.compile import ENGINE, CompilerError, compiler, shared_library

HERE = Path(__file__).parent
# The sanitizer's calls tell the explorer of plain accesses; its library is not linked.
FLAGS = ("-std=gnu11", "-g", "-O1", "-fPIC", "-fsanitize=thread", "-Wno-tsan")


def sources() -> Path:
    """The folder of the core's files."""
    return Path(import_module(DEFAULT).get_include())


@cache
def library(asymmetric: bool = False, core: Path | None = None) -> ctypes.CDLL:
    """The explorer with the core, or with a changed copy of it in `core`."""
    core = core or sources()
    files = [path for path in sorted(core.glob("*.c")) if path.name != "seam.c"]
    define = ["-DEXPLORE_ASYMMETRIC"] if asymmetric else []
    with tempfile.TemporaryDirectory(prefix="omni-explore-") as folder:
        objects = []
        for file in [*files, HERE / "script.c"]:
            made = Path(folder) / f"{file.stem}.o"
            command = [compiler(), *FLAGS, *define, f"-I{ENGINE}", f"-I{core}", "-include", str(HERE / "seam.h")]
            ended = subprocess.run(
                [*command, "-c", str(file), "-o", str(made)], capture_output=True, text=True, check=False
            )
            if ended.returncode:
                raise CompilerError(f"the core does not compile for the explorer:\n{ended.stderr.strip()}")
            objects.append(made)
        return ctypes.CDLL(str(shared_library(objects)))
