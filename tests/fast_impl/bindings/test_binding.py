"""What the environment chooses: binding, platform and fences; and that both bindings have the names of the model."""

from __future__ import annotations

import ast
import copy
import ctypes
import inspect
import os
import pickle
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import fast_impl
from tests.native.programs import PLATFORMS, library

# ---- which binding, and that both offer the same ----


needs_c = pytest.mark.skipif(sys.implementation.name != "cpython", reason="the types in C are for CPython")

TYPES = {
    "ProducerHandle": fast_impl.ProducerHandle,
    "ConsumerHandle": fast_impl.ConsumerHandle,
    "Message": fast_impl.Message,
    "Reservation": fast_impl.Reservation,
    "Batch": fast_impl.Batch,
}


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMNI_")}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, timeout=30, check=False)


SAY = "import fast_impl; print(fast_impl.binding, fast_impl.ProducerHandle.__module__)"


@needs_c
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "c fast_impl"),
        ({"OMNI_BINDING": "c"}, "c fast_impl"),
        ({"OMNI_BINDING": "cffi"}, "cffi fast_impl.cffi.producer"),
        ({"OMNI_PLATFORM": "portable"}, "cffi fast_impl.cffi.producer"),
        ({"OMNI_PLATFORM": "portable", "OMNI_BINDING": "cffi"}, "cffi fast_impl.cffi.producer"),
    ],
)
def test_the_environment_chooses(environment: dict[str, str], said: str) -> None:
    """C unless cffi is requested, or the portable core, which only cffi can drive."""
    if said.startswith("cffi"):
        pytest.importorskip("fast_impl._core", reason="built without cffi")
    done = run(SAY, **environment)
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"OMNI_BINDING": "rust"}, "OMNI_BINDING must be one of c, cffi, not 'rust'"),
        ({"OMNI_BINDING": ""}, "OMNI_BINDING must be one of c, cffi, not ''"),
        ({"OMNI_BINDING": "c", "OMNI_PLATFORM": "portable"}, "OMNI_PLATFORM=portable needs OMNI_BINDING=cffi"),
        ({"OMNI_PLATFORM": "paper"}, "OMNI_PLATFORM must be one of futex, portable, not 'paper'"),
        ({"OMNI_FENCES": "wooden"}, "OMNI_FENCES must be one of asymmetric, full, not 'wooden'"),
        (
            {"OMNI_FENCES": "asymmetric", "OMNI_PLATFORM": "portable"},
            "OMNI_FENCES=asymmetric: this system, or this platform, has",
        ),
    ],
)
def test_impossible_choices_are_refused(environment: dict[str, str], complaint: str) -> None:
    """The import fails, and names the possible values."""
    if "this platform" in complaint:
        pytest.importorskip("fast_impl._core", reason="built without cffi")
    done = run(SAY, **environment)
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.parametrize("binding", ["c", "cffi"])
def test_modules_that_are_missing_are_named(binding: str) -> None:
    """Without cffi at build time there is no binding over it; the import error says so, and what works."""
    if binding == "c" and sys.implementation.name != "cpython":
        pytest.skip("the types in C are for CPython")
    missing = "fast_impl._handles" if binding == "c" else "fast_impl._core"
    done = run(f"import sys; sys.modules[{missing!r}] = None; import fast_impl", OMNI_BINDING=binding)
    assert done.returncode != 0
    assert f"{missing} is not built: install again with" in done.stderr


@needs_c
def test_the_types_in_c_need_no_cffi() -> None:
    """The import, FlatBuffers and their schemas included, loads one extension module."""
    done = run(
        "import sys, fast_impl, fast_impl.flatbuffers\n"
        "print(sorted(name for name in sys.modules if 'cffi' in name), sorted(\n"
        "    name for name, module in sys.modules.items() if name.startswith('fast_impl')\n"
        "    and not (module.__file__ or '').endswith('.py')))",
        OMNI_BINDING="c",
    )
    assert done.stdout.strip() == "[] ['fast_impl._handles']", done.stderr


def test_the_import_brings_along_what_is_needed() -> None:
    """No handles of the model, no FlatBuffers, no NumPy, no logs, no sockets: whoever uses them waits for them."""
    done = run("import sys, fast_impl; print(*sys.modules)")
    packages = (
        "spec_model.handles", "spec_model.channel", "fast_impl.flatbuffers", "flatbuffers", "numpy",
        "logging", "socket", "fast_impl.status", "prometheus_client",
    )  # fmt: skip
    assert [name for name in done.stdout.split() if name.startswith(packages)] == [], done.stderr


def test_what_is_imported_later_is_listed() -> None:
    """`dir` of both packages has every public name before its first use."""
    done = run(
        "import fast_impl, spec_model; print([{*each.__all__} - {*dir(each)} for each in (fast_impl, spec_model)])"
    )
    assert done.stdout.strip() == "[set(), set()]", done.stderr


@needs_c
def test_the_bindings_have_the_same_interface() -> None:
    """The same public names with the same docstrings, and calls that take the same arguments by name and default."""
    pytest.importorskip("fast_impl._core", reason="built without cffi")
    program = """
import inspect
import fast_impl

for name in ("ProducerHandle", "ConsumerHandle", "Message", "Reservation", "Batch"):
    kind = getattr(fast_impl, name)
    print(name, repr(inspect.getdoc(kind)))
    for member in sorted(dir(kind)):
        found = inspect.getattr_static(kind, member)
        if member.startswith("_") or type(found).__name__.endswith("module"):
            continue
        assert inspect.getdoc(found), (name, member)
        parameters = list(inspect.signature(found).parameters.values())[1:] if callable(found) else []
        print(name, member, [(p.name, p.kind.name, p.default) for p in parameters], repr(inspect.getdoc(found)))
"""
    c, cffi = run(program, OMNI_BINDING="c"), run(program, OMNI_BINDING="cffi")
    assert c.stdout == cffi.stdout, c.stderr + cffi.stderr
    assert len(c.stdout.splitlines()) > 40


@pytest.mark.parametrize("name", ["ProducerHandle", "ConsumerHandle"])
def test_a_handle_cannot_be_copied(name: str) -> None:
    """Neither by `copy` nor by `pickle`; the error names `move()` instead [LIF-7]."""
    pair = fast_impl.open_channel(capacity=8, max_message_size=64)
    handle: Any = pair.producer if name == "ProducerHandle" else pair.consumer
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=rf"{name} cannot be copied or pickled; use move\(\)"):
            duplicate(handle)


@needs_c
def test_types_in_c_are_not_made_by_calling() -> None:
    """Their constructors are refused, so no uninitialised object exists."""
    if fast_impl.binding != "c":
        pytest.skip("the binding over cffi is Python")
    for kind in TYPES.values():
        with pytest.raises(TypeError, match="cannot create"):
            kind()
        with pytest.raises(TypeError):
            kind.__new__(kind)


# ---- the model and both bindings have the same public names, with the same parameters ----


Signatures = dict[str, list[tuple[str, str, str]] | None]
Hints = dict[str, dict[str, str]]

ONLY_IN_THE_MODEL = {"WouldBlockForever"}
ONLY_IN_FAST_IMPL = {
    "get_include", "ProducerHandle.native_handle", "ConsumerHandle.native_handle", "serve_status",
}  # fmt: skip
"""What native code is built with and called by, whose parameters are the binding's own business; a process's status."""


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


def hints(omni: Any) -> Hints:
    """Of each call and property that is a function in Python, its annotations as written; each can be evaluated."""
    found: Hints = {}
    for name in signatures(omni):
        owner, _, member = name.rpartition(".")
        value = inspect.getattr_static(getattr(omni, owner), member) if owner else getattr(omni, name)
        value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if inspect.isfunction(value):
            found[name] = {each: inspect.formatannotation(kind) for each, kind in value.__annotations__.items()}
            assert get_type_hints(value).keys() == found[name].keys() != set(), name
    return found


def _of(module: str, binding: str, what: str = "signatures") -> Any:
    """The signatures of a module, in a process that has chosen a binding."""
    program = f"import {module}, tests.fast_impl.bindings.test_binding as t; print(t.{what}({module}))"
    environment = {**os.environ, "OMNI_BINDING": binding, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


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


def test_whoever_calls_the_one_with_types_can_call_the_other() -> None:
    """The model and the binding over cffi, from which type checkers read both bindings, have the same annotations."""
    pytest.importorskip("fast_impl._core", reason="built without cffi")
    model, fast = _of("spec_model", "cffi", "hints"), _of("fast_impl", "cffi", "hints")
    assert {name: fast[name] for name in model if name in fast} == {name: model[name] for name in model if name in fast}
    assert len(model.keys() & fast.keys()) > 50


@needs_c
def test_the_types_in_c_have_no_annotations() -> None:
    """Names, kinds and defaults are all that CPython takes for a method in C; what is in Python there has the rest."""
    pytest.importorskip("fast_impl._core", reason="built without cffi")
    c, cffi = _of("fast_impl", "c", "hints"), _of("fast_impl", "cffi", "hints")
    assert c == {name: cffi[name] for name in c}
    assert "ProducerHandle.send" in cffi.keys() - c.keys()
    assert {"ProducerHandle.build", "ConsumerHandle.get_config", "Message.verify"} <= c.keys()


# ---- which fences the core uses, and that the environment can choose the full ones ----


COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
MEMBARRIER = {"x86_64": 324, "aarch64": 283}
"""The number of the system call."""
EXPEDITED = 1 << 3
PROGRAM = """
import threading
import fast_impl

with fast_impl.open_channel(capacity=8) as (producer, consumer):
    thread = threading.Thread(target=lambda: [producer.send(bytes([n % 256])) for n in range(2000)])
    thread.start()
    assert [consumer.receive()[0] for _ in range(2000)] == [n % 256 for n in range(2000)]
    thread.join()
"""


def _environment(wanted: str | None) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if name != "OMNI_FENCES"}
    return rest if wanted is None else {**rest, "OMNI_FENCES": wanted}


def _fences(library: Path, wanted: str | None) -> str:
    program = (
        f"import ctypes; ask = ctypes.CDLL({str(library)!r}).omni_fences; ask.restype = ctypes.c_char_p; print(ask())"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=_environment(wanted), capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip().removeprefix("b").strip("'")


def _possible(portable: bool) -> bool:
    """Whether this system has an expedited membarrier, and the platform would use it."""
    number = MEMBARRIER.get(platform.machine())
    if portable or number is None or not sys.platform.startswith("linux"):
        return False
    commands = ctypes.CDLL(None).syscall(number, 0, 0, 0)
    return bool(commands > 0 and commands & EXPEDITED)


@pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")
@pytest.mark.parametrize("variant", PLATFORMS)
def test_asymmetric_where_the_system_can(variant: str, tmp_path: Path) -> None:
    """By default the waiter's fence is membarrier's, if the system has it; OMNI_FENCES=full keeps the full ones."""
    core = library(COMPILER, tmp_path / "libomni.so", PLATFORMS[variant])
    assert _fences(core, None) == ("asymmetric" if _possible(variant == "portable") else "full")
    assert _fences(core, "full") == "full"


@pytest.mark.parametrize("binding", ["c", "cffi"])
@pytest.mark.parametrize("wanted", [None, "full"])
def test_fences_says_which(wanted: str | None, binding: str) -> None:
    """`fast_impl.fences` is what the core uses, by either binding."""
    if binding == "c" and sys.implementation.name != "cpython":
        pytest.skip("the types in C are for CPython")
    if binding == "cffi":
        pytest.importorskip("fast_impl._core", reason="built without cffi")
    environment = {**_environment(wanted), "OMNI_BINDING": binding}
    command = [sys.executable, "-c", "import fast_impl; print(fast_impl.fences)"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == (wanted or ("asymmetric" if _possible(portable=False) else "full"))


@pytest.mark.parametrize("wanted", [None, "full"])
def test_two_threads_with_either(wanted: str | None) -> None:
    """Two thousand messages through a small channel, both sides sleeping, arrive in order."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=_environment(wanted), capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
