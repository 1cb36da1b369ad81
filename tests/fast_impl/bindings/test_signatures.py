"""The model and both bindings have the same public names, with the same parameters."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from typing import Any

import pytest

Signatures = dict[str, list[tuple[str, str, str]] | None]

ONLY_IN_THE_MODEL = {"WouldBlockForever"}
ONLY_IN_FAST_IMPL = {"get_include", "ProducerHandle.native_handle", "ConsumerHandle.native_handle"}
"""What native code is built with and called by; each of their parameters is the binding's own business."""


def signatures(omni: Any) -> Signatures:
    """Of each public name of a module, and of each public member of its classes, the parameters; None without any."""
    found: Signatures = {}
    for name in omni.__all__:
        value = getattr(omni, name)
        found[name] = _parameters(value) if inspect.isfunction(value) else None
        if inspect.isclass(value):
            for member in dir(value):
                owner = next((each for each in value.__mro__ if member in vars(each)), object)
                if not member.startswith("_") and owner.__module__ not in ("builtins", "enum"):
                    static = inspect.getattr_static(value, member)
                    found[f"{name}.{member}"] = _parameters(getattr(value, member)) if _is_call(static) else None
    return found


def _is_call(member: Any) -> bool:
    return callable(member) or isinstance(member, (staticmethod, classmethod))


def _parameters(function: Any) -> list[tuple[str, str, str]]:
    """The name, the kind and the default of each, but for self."""
    parameters = inspect.signature(function).parameters.values()
    return [(each.name, each.kind.name, repr(each.default)) for each in parameters if each.name != "self"]


def _of(module: str, binding: str) -> Signatures:
    """The signatures of a module, in a process that has chosen a binding."""
    program = f"import {module}, tests.fast_impl.bindings.test_signatures as t; print(t.signatures({module}))"
    environment = {**os.environ, "OMNI_BINDING": binding, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: Signatures = ast.literal_eval(done.stdout)
    return found


@pytest.mark.parametrize("binding", ["c", "cffi"])
def test_whoever_calls_the_one_can_call_the_other(binding: str) -> None:
    """The same names; the same parameters, by name, kind and default."""
    if binding == "c" and sys.implementation.name != "cpython":
        pytest.skip("the types in C are for CPython")
    if binding == "cffi":
        pytest.importorskip("fast_impl._core", reason="built without cffi")
    model, fast = _of("spec_model", binding), _of("fast_impl", binding)
    assert set(model) - set(fast) == ONLY_IN_THE_MODEL
    assert set(fast) - set(model) - ONLY_IN_FAST_IMPL == set()
    assert {name: fast[name] for name in model if name in fast} == {name: model[name] for name in model if name in fast}
    assert len(model) > 80
