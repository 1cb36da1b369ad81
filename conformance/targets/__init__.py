"""What is judged, and the one way by which the checks reach it: a module by name, or a shared library by its path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conformance.targets import c_library
from conformance.targets.singleton import own_names
from conformance.targets.target import FEATURES, SHARED, Target, Unusable, absent, check_features, complete

__all__ = ["DEFAULT", "FEATURES", "SHARED", "Target", "Unusable", "absent", "check_features", "is_library", "load"]

DEFAULT = "fast_impl"
"""Judged when nothing else is asked for."""


def is_library(name: str) -> bool:
    """Whether a target's name is a path to a shared library rather than a module's name."""
    return os.sep in name or Path(name).suffix in (".so", ".dylib")


def load(name: str, without: Iterable[str] = ()) -> Target:
    """The target called `name`, which lacks also the features in `without`; Unusable for what cannot be judged."""
    check_features(without)
    try:
        omni, preamble = _library(name) if is_library(name) else _module(name)
    except ImportError as error:
        raise Unusable(str(error)) from error
    omni = complete(omni, name)
    lacks = {**absent(omni), **declared(omni), **dict.fromkeys(without, "--without")}
    if is_library(name):
        lacks |= c_library.not_provided(name) | {
            "interruption": "what could be interrupted is the adapter's Python",
            "interpreters": "the adapter's cffi loads in one interpreter only",
        }
    if not hasattr(omni.Message, "get_flatbuffer"):
        lacks.setdefault("flatbuffers", "not there")
    elif find_spec("flatbuffers") is None:
        lacks.setdefault("flatbuffers", "the package flatbuffers is not installed")
    if "flatbuffers" in lacks:
        lacks.setdefault("in-place", "no FlatBuffers")
    if "brokers" in lacks:
        lacks.setdefault("memory-limit", "no brokers of its own")
        omni = own_names(omni, omni.MailboxBroker.instance)
    return Target(name, omni, frozenset(FEATURES) - frozenset(lacks), preamble, lacks)


def declared(omni: Any) -> dict[str, str]:
    """What an implementation says that it lacks: `OMNI_NOT_PROVIDED`, features with reasons; Unusable for others."""
    said = getattr(omni, "OMNI_NOT_PROVIDED", {})
    lacks = dict(said) if isinstance(said, Mapping) else dict.fromkeys(said, "says the target")
    check_features(lacks, "OMNI_NOT_PROVIDED names no feature")
    return {feature: str(reason) for feature, reason in lacks.items()}


def _module(name: str) -> tuple[Any, str]:
    try:
        return import_module(name), f"import {name} as omni"
    except ImportError as error:
        raise ImportError(f"cannot import {name!r}: {error}") from error


def _library(name: str) -> tuple[Any, str]:
    path = str(Path(name).resolve())
    return c_library.load(path), f"from conformance.targets import c_library\n\nomni = c_library.load({path!r})"
