"""The C ABI of an installed fast_impl, for native code beside Python: its functions, what it holds, what is refused."""

from __future__ import annotations

import copy
import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import fast_impl
from fast_impl._common import PINNED
from fast_impl._sources import CORE, functions

HERE = Path(fast_impl.get_include())
COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "native"
HEAD = 4 * (2 + 8)
"""Bytes before the pointers in omni_functions: version, size, and the size of each struct."""

needs_compiler = pytest.mark.skipif(not COMPILER, reason="no C compiler on the PATH")
needs_capsule = pytest.mark.skipif(fast_impl._C_API is None, reason="capsules are CPython's")

FOREIGN = -6


def call(name: str, *types: Any) -> Any:
    """A function of the core by its address; of an int, with a handle first."""
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *types)(fast_impl.native.functions()[name])


def push(native: Any, data: bytes) -> int:
    """What omni_try_push answers."""
    return int(call("omni_try_push", ctypes.c_char_p, ctypes.c_size_t)(native, data, len(data)))


# ---- the functions ----


def test_every_function_of_the_header_has_its_address() -> None:
    """By name, each a different one; as many as the header has comments that end in a declaration."""
    found = fast_impl.native.functions()
    assert sorted(found) == sorted(each.name for each in functions())
    assert len(set(found.values())) == len(found) == len(re.findall(r"\bomni_\w+\(\w", _declared()))
    assert all(found.values())


def _declared() -> str:
    return re.sub(r"/\*.*?\*/", "", (CORE / "omni_mailbox.h").read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_pop_respects_views(when: str) -> None:
    """Through a native handle that was taken before the views or after them, it is refused as well [MSG-3]."""
    producer, consumer = fast_impl.open_channel(capacity=16)
    producer.batch_push([b"viewed"] * 16)
    native = consumer.native_handle if when == "before" else None
    views = [message.data for message in consumer.batch_pop(16)[1]]
    native, raw = native or consumer.native_handle, (ctypes.c_uint64 * 4)()
    producer.try_push(b"other")
    pop = call("omni_try_pop", ctypes.c_void_p)
    assert pop(native, raw) == PINNED
    assert views.pop() == b"viewed"
    assert pop(native, raw) == fast_impl.PopResult.SUCCESS.value


@needs_capsule
def test_the_capsule_points_to_the_table() -> None:
    """Version and size, the sizes of the structs, then each function in the header's order."""
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    address = get(("PyCapsule_GetPointer", ctypes.pythonapi))(fast_impl._C_API, b"fast_impl._C_API")
    known = fast_impl.native.functions()
    pointers = (HEAD + 7) // 8 * 8
    version, size, *sizes = (ctypes.c_uint32 * (HEAD // 4)).from_address(address)
    assert f"#define OMNI_ABI_VERSION {version}\n" in (CORE / "omni_mailbox.h").read_text()
    assert size == pointers + 8 * len(known)
    assert sizes == [16, 32, 24, 16, 16, 32, 24, 112]
    assert [*(ctypes.c_size_t * len(known)).from_address(address + pointers)] == [known[f.name] for f in functions()]


# ---- what keeps an end of a channel ----


def test_a_native_handle_keeps_its_end() -> None:
    """While it lives the channel goes on without the handle, and ends with it [LIF-1]."""
    broker = fast_impl.MailboxBroker()
    producer, consumer = broker.request_channel("kept", fast_impl.ChannelConfig(8, 64))[1]
    native, other = producer.native_handle, producer.native_handle
    del producer
    assert push(native, b"first") == 0
    del native
    assert push(other, b"second") == 0
    assert [consumer.receive(0), consumer.receive(0), consumer.is_connected()] == [b"first", b"second", True]
    del other
    with pytest.raises(fast_impl.ChannelClosedError):
        consumer.receive(5)
    native = consumer.native_handle
    del consumer
    assert broker.has_channel("kept")
    del native
    assert not broker.has_channel("kept")


def test_a_closed_end_can_still_be_called() -> None:
    """The address stays valid: pushes answer CHANNEL_CLOSED, queries what they were [LIF-4, LIF-5]."""
    with fast_impl.open_channel(capacity=8, max_message_size=64) as (producer, consumer):
        native = producer.native_handle
        assert push(native, b"message") == 0
    del producer, consumer
    assert push(native, b"message") == fast_impl.PushResult.CHANNEL_CLOSED.value
    assert call("omni_producer_capacity")(native) == 8


def test_a_native_handle_after_a_move() -> None:
    """It is of the end, not of the Python handle: a move changes nothing for it, and leaves nothing to ask [LIF-3]."""
    producer, consumer = fast_impl.open_channel(capacity=8, max_message_size=64)
    native = producer.native_handle
    moved = producer.move()
    assert int(native) == int(moved.native_handle) == native._as_parameter_.value != 0
    assert push(native, b"moved") == 0
    assert consumer.receive(0) == b"moved"
    for handle in (producer, fast_impl.ConsumerHandle.move(consumer) and consumer):
        with pytest.raises(ValueError, match="moved from"):
            handle.native_handle  # noqa: B018  (a property)


@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_a_native_handle_forbids_a_detach(side: str) -> None:
    """BufferError, and nothing has happened; the detached handle has none, the attached one has it again [LIF-10]."""
    producer, consumer = fast_impl.open_channel(capacity=8, max_message_size=64)
    handle = {"producer": producer, "consumer": consumer}[side]
    native = handle.native_handle
    moved = handle.move()
    with pytest.raises(BufferError, match=f"the {side} of channel '.*' has .* native handle: let go of each first"):
        moved.detach()
    assert moved.is_connected()
    address = int(native)
    del native
    attached = fast_impl.attach(moved.detach())
    with pytest.raises(ValueError, match="moved from or detached"):
        moved.native_handle  # noqa: B018  (a property)
    native = attached.native_handle
    assert int(native) == address
    del attached, handle, moved
    assert {"producer": consumer, "consumer": producer}[side].is_connected()
    del native
    assert not {"producer": consumer, "consumer": producer}[side].is_connected()


def test_a_native_handle_is_one_of_a_kind() -> None:
    """No copy, no pickle [LIF-7]; its repr has the side and the address."""
    with fast_impl.open_channel(capacity=8) as pair:
        for side, handle in (("producer", pair.producer), ("consumer", pair.consumer)):
            native = handle.native_handle
            assert isinstance(native, fast_impl.native.NativeHandle)
            with pytest.raises(TypeError, match="cannot be copied"):
                copy.copy(native)
            assert repr(native) == f"<native handle of a {side} at {int(native):#x}>"


# ---- native code that was built apart ----


def headers(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of what native code is built with, changed: (file, old text, new text) each."""
    include = folder / "native"
    shutil.copytree(HERE, include)
    shutil.copytree(CORE, folder / "core", ignore=shutil.ignore_patterns("*.c", "platform"))
    for file, old, new in edits:
        text = (folder / file).read_text()
        assert text.count(old) == 1
        (folder / file).write_text(text.replace(old, new))
    return include


def built(target: Path, include: Path, *more: str) -> Path:
    command = [COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{include}", *more]
    subprocess.run([*command, "-o", str(target)], check=True, timeout=60)
    return target


PUSH_THROUGH = """
import ctypes, sys
import fast_impl
library = ctypes.CDLL(sys.argv[1])
producer, consumer = fast_impl.open_channel(capacity=8, max_message_size=64)
library.omni_producer_capacity.restype = ctypes.c_uint64
print(library.omni_try_push(producer.native_handle, b"abc", ctypes.c_size_t(3)), consumer.available_messages(),
      library.omni_producer_capacity(producer.native_handle), library.omni_try_push(None, b"abc", ctypes.c_size_t(3)))
"""

OTHER_ABIS = {
    "another version": ("core/omni_mailbox.h", "#define OMNI_ABI_VERSION 2", "#define OMNI_ABI_VERSION 3"),
    "another struct": ("core/omni_mailbox.h", "  uint64_t pop;\n", "  uint64_t pop, more;\n"),
    "a longer table": ("native/omni_functions.h", "} omni_functions;", "void (*omni_new)(void);\n} omni_functions;"),
}


@needs_compiler
@pytest.mark.parametrize("platform", ["futex", "portable"])
def test_native_code_calls_the_core_that_made_the_handle(tmp_path: Path, platform: str) -> None:
    """Whichever variant that is: one library serves both."""
    library = built(tmp_path / "mine.so", HERE, str(HERE / "omni_mailbox.c"))
    environment = {**os.environ, "OMNI_PLATFORM": platform}
    if platform == "portable":
        pytest.importorskip("fast_impl._core_portable", reason="built without cffi")
        environment["OMNI_BINDING"] = "cffi"
    command = [sys.executable, "-c", PUSH_THROUGH, library]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"0 1 8 {FOREIGN}\n"), done.stderr


@needs_compiler
@pytest.mark.parametrize("differs", OTHER_ABIS)
def test_a_core_of_another_abi_is_refused(tmp_path: Path, differs: str) -> None:
    """Nothing is called, and nothing happens."""
    include = headers(tmp_path, OTHER_ABIS[differs])
    library = built(tmp_path / "mine.so", include, "-Wno-error", str(include / "omni_mailbox.c"))
    done = subprocess.run([sys.executable, "-c", PUSH_THROUGH, library], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{FOREIGN} 0 0 {FOREIGN}\n"), done.stderr


EXTENSION = """
#include <Python.h>
#include "omni_functions.h"
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "mine", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_mine(void) { return omni_import() ? PyModule_Create(&definition) : NULL; }
"""


@needs_compiler
@needs_capsule
@pytest.mark.parametrize("differs", [None, *OTHER_ABIS])
def test_an_extension_module_of_another_abi_is_refused(tmp_path: Path, differs: str | None) -> None:
    """`omni_import()` raises ImportError, which says what to do."""
    include = headers(tmp_path, *([OTHER_ABIS[differs]] if differs else []))
    (tmp_path / "mine.c").write_text(EXTENSION)
    python = f"-isystem{sysconfig.get_paths()['include']}"
    target = tmp_path / f"mine{sysconfig.get_config_var('EXT_SUFFIX')}"
    built(target, include, python, str(tmp_path / "mine.c"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), *sys.path]))}
    done = subprocess.run([sys.executable, "-c", "import mine"], env=environment, capture_output=True, text=True)
    if differs is None:
        assert done.returncode == 0, done.stderr
    else:
        assert "ImportError: compiled for version" in done.stderr
        assert "fast_impl.get_include()" in done.stderr


# ---- the examples ----


def _lacks(language: str) -> str:
    """What the example needs and this machine does not have."""
    modules = {"cython": ["Cython"], "numba": ["numba", "numpy"]}.get(language, [])
    programs = {"c": ["cc"], "cython": ["cc"], "rust": ["rustc"]}.get(language, [])
    lacking = [name for name in modules if importlib.util.find_spec(name) is None]
    return ", ".join([*lacking, *(name for name in programs if shutil.which(name) is None)])


@pytest.mark.once
@pytest.mark.timeout(120)
@pytest.mark.parametrize("language", ["c", "cython", "numba", "rust"])
def test_an_example(language: str, tmp_path: Path) -> None:
    """Every number that the thread without the GIL pushes comes in order, and the consumer's loop ends."""
    if lacks := _lacks(language):
        pytest.skip(f"the example in {language} needs {lacks}")
    if language in ("cython", "rust") and fast_impl._C_API is None:
        pytest.skip("capsules are CPython's")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(EXAMPLES / "consume.py"), language, "--count", "20000", "--build", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, f"20000 messages from {language}, in order\n"), done.stderr
