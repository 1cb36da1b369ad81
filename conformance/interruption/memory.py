"""The interpreter's allocators with a hook, which counts what a call allocates and refuses one request."""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from conformance.exploration.explorer import CompilerError, extension
from conformance.targets.target import FREE_THREADED

SOURCE = Path(__file__).with_name("memory.c")


@lru_cache(maxsize=1)
def hooks() -> Any:
    """The extension module, compiled for this interpreter; CompilerError where it cannot be."""
    include = sysconfig.get_paths()["include"]
    if not (Path(include) / "Python.h").is_file():
        raise CompilerError(f"no Python.h in {include}: install the interpreter's C headers, such as python3-dev")
    built = extension(SOURCE, [f"-I{include}"])
    loader = ExtensionFileLoader("_omni_memory", str(built))
    spec = spec_from_loader("_omni_memory", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def obstacle() -> str:
    """Why memory cannot be refused here; "" where it can."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} has no allocators that could be hooked"
    if FREE_THREADED:
        return "CPython without a GIL crashes where it has no memory for the elements of a new list"
    try:
        hooks()
    except (CompilerError, ImportError, OSError) as error:
        return str(error)
    return ""


def danger(in_python: bool) -> str:
    """Why a target, whose calls may be written in Python, could crash without a mistake of its own; "" otherwise."""
    if in_python and sys.version_info >= (3, 12):
        return "CPython 3.12 and later crash where they have no memory for a function, as a call in Python may make one"
    return ""
