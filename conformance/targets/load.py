"""From what the user typed to a target: a module's name, or the path of a shared library."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conformance.targets.features import FEATURES
from conformance.targets.names import Incomplete, complete
from conformance.targets.target import Target

DEFAULT = "fast_impl"
"""Judged when nothing else is asked for; its Python face also stands before a library with the C ABI."""

LIBRARY = "OMNI_LIBRARY"
"""The environment variable by which that face takes another library in its core's place."""


class Unusable(Exception):
    """A target that cannot be judged at all, and why."""


def is_library(name: str) -> bool:
    """Whether a target's name is a path to a shared library rather than a module's name."""
    return os.sep in name or Path(name).suffix in (".so", ".dylib")


def load(name: str, without: Iterable[str] = ()) -> Target:
    """The target called `name`, which lacks also the features in `without`; Unusable for what cannot be judged."""
    unknown = sorted(set(without) - set(FEATURES))
    if unknown:
        raise Unusable(f"no such feature: {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    try:
        omni, preamble = _library(name) if is_library(name) else _module(name)
        omni = complete(omni, name)
    except (ImportError, Incomplete) as error:
        raise Unusable(str(error)) from error
    lacks = {**declared(omni), **dict.fromkeys(without, "--without")}
    if is_library(name):
        lacks.update(_declared_by_library(name))
    if not hasattr(omni.Message, "get_flatbuffer"):
        lacks.setdefault("flatbuffers", "not there")
    elif find_spec("flatbuffers") is None:
        lacks.setdefault("flatbuffers", "the package flatbuffers is not installed")
    if "flatbuffers" in lacks:
        lacks.setdefault("in-place", "no FlatBuffers")
    if not hasattr(omni, "set_start_index"):
        lacks.setdefault("start-index", "not there")
    return Target(name, omni, frozenset(FEATURES) - frozenset(lacks), preamble, lacks)


def declared(omni: Any) -> dict[str, str]:
    """What an implementation says that it lacks: `OMNI_NOT_PROVIDED`, features with reasons; Unusable for others."""
    said = getattr(omni, "OMNI_NOT_PROVIDED", {})
    lacks = dict(said) if isinstance(said, Mapping) else dict.fromkeys(said, "says the target")
    unknown = sorted(set(lacks) - set(FEATURES))
    if unknown:
        raise Unusable(f"OMNI_NOT_PROVIDED names no feature: {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    return {feature: str(reason) for feature, reason in lacks.items()}


def _module(name: str) -> tuple[Any, str]:
    try:
        return import_module(name), f"import {name} as omni"
    except ImportError as error:
        raise ImportError(f"cannot import {name!r}: {error}") from error


def _library(name: str) -> tuple[Any, str]:
    path = str(Path(name).resolve())
    if os.environ.get(LIBRARY) != path:
        if DEFAULT in sys.modules:
            raise ImportError(f"{DEFAULT} is in use already; a library is judged in a process of its own")
        os.environ[LIBRARY] = path
    return import_module(DEFAULT), f'import os\n\nos.environ["{LIBRARY}"] = {path!r}\nimport {DEFAULT} as omni'


def _declared_by_library(name: str) -> dict[str, str]:
    """What a library says through its optional `const char *omni_not_provided(void)`: features, spaces between."""
    try:
        ask = ctypes.CDLL(str(Path(name).resolve())).omni_not_provided
    except AttributeError:
        return {}
    ask.restype = ctypes.c_char_p
    lacks = ask().decode().split()
    unknown = sorted(set(lacks) - set(FEATURES))
    if unknown:
        raise Unusable(f"omni_not_provided() names no feature: {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    return dict.fromkeys(lacks, "says the library")
