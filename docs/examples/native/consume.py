"""A producer in C, Cython, Numba or Rust, in a thread that has no GIL, feeds a consumer in Python.

`python consume.py c`, or `cython`, `numba`, `rust`; `--count` says how many messages, `--build` in which folder the
producer is compiled.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fast_impl

HERE = Path(__file__).resolve().parent
INCLUDE = Path(fast_impl.get_include())
SHARED = ["-O2", "-shared", "-fPIC", "-pthread", f"-I{INCLUDE}"]


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def _module(folder: Path, name: str) -> Any:
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def build(language: str, folder: Path) -> Any:
    """Compile the producer into `folder`, and load it."""
    if language == "numba":
        return _module(HERE, "producer_numba")
    if language == "cython":
        made = folder / "producer_cython.c"
        _run(sys.executable, "-m", "cython", HERE / "producer_cython.pyx", "-o", made)
        target = made.with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
        _run("cc", *SHARED, f"-I{sysconfig.get_paths()['include']}", made, "-o", target)
        return _module(folder, "producer_cython")
    target = folder / f"producer_{language}.so"
    if language == "rust":
        _run("rustc", "--edition=2021", "-O", "--crate-type=cdylib", HERE / "producer.rs", "-o", target)
    else:
        _run("cc", "-std=c11", *SHARED, HERE / "producer.c", INCLUDE / "omni_mailbox.c", "-o", target)
    library = ctypes.CDLL(str(target))
    library.start.restype, library.join.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return library


def table() -> ctypes.c_void_p:
    """What the capsule points to."""
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    address = pointer(("PyCapsule_GetPointer", ctypes.pythonapi))(fast_impl._C_API, b"fast_impl._C_API")
    return ctypes.c_void_p(address)


def start(language: str, producer: Any, native: Any, count: int) -> Callable[[], None]:
    """Let the producer push `count` numbers in a thread of its own; what waits for its end."""
    if language in ("c", "rust"):
        first = (table(),) if language == "rust" else ()
        running = producer.start(*first, native, ctypes.c_uint64(count))
        if not running:
            raise RuntimeError("no thread, or the producer was compiled for another version of the ABI")

        def join(keeps: Any = native) -> None:  # the thread is none of Python's, so this holds what it uses
            producer.join(running)

        return join
    thread = threading.Thread(target=producer.produce, args=(native, count))
    thread.start()  # its arguments hold `native`
    return thread.join


def main() -> None:
    """Consume, and check that every number has come in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=["c", "cython", "numba", "rust"])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--build", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        built = build(options.language, options.build or Path(scratch))
        producer, consumer = fast_impl.open_channel(capacity=1024, max_message_size=64)
        join = start(options.language, built, producer.native_handle, options.count)
        del producer  # the native handle is the last owner of its end, which the thread closes when it has finished
        came = 0
        for payload in consumer:
            if int.from_bytes(payload, sys.byteorder) != came:
                raise SystemExit(f"{payload!r} came where number {came} was due")
            came += 1
        join()
    print(f"{came} messages from {options.language}, in order")
    if came != options.count:
        raise SystemExit(f"{options.count} were sent")


if __name__ == "__main__":
    main()
