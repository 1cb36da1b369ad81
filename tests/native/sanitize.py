"""The core under sanitizers and valgrind, or on aarch64; or the bindings under the thread sanitizer.

python -m tests.native.sanitize [--quick | --aarch64 | --python PATH [TEST...]]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.native.instrumented import run_bindings, still
from tests.native.programs import PLATFORMS, SANITIZERS, CannotBuild, Steps, library, native

MESSAGES = {"full": 10_000_000, "quick": 200_000}
ROUNDS = {"full": 2000, "quick": 50}
SUITE = {
    "full": ["tests"],
    "quick": [f"tests/{name}" for name in (
        "spec_model/reference", "fast_impl/bindings/test_reentry.py", "fast_impl/bindings/test_binding.py",
    )],
}  # fmt: skip
"""Which of the Python tests run on the sanitized core."""
VERIFIER = ("agreement", "runtime", "schema", "verify")
NOT_HERE = (
    # They compile or start other programs, which would load the sanitizer too, or say nothing of the core.
    "tests/bench", "tests/conformance", "tests/docs", "tests/native", "tests/mutation",
    "tests/spec_model/test_contracts.py", "tests/spec_model/test_model.py",
    *(f"tests/fast_impl/flatbuffers/test_{name}.py" for name in VERIFIER),
    "tests/fast_impl/core/test_builds.py",
    "tests/fast_impl/threads/test_signals.py", "tests/fast_impl/threads/test_held_memory.py",
    "tests/fast_impl/bindings/test_native.py",
)  # fmt: skip

CROSS_COMPILER = "aarch64-linux-gnu-gcc"
EMULATORS = ("qemu-aarch64", "qemu-aarch64-static")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where all that could be run is clean, 1 where something is not, 2 where nothing could be compiled."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tests.native.sanitize", description=about)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--quick", action="store_true", help="less of everything: some two minutes")
    one.add_argument("--aarch64", action="store_true", help="for aarch64 instead, emulated, and without sanitizers")
    one.add_argument("--python", metavar="PATH", help="the bindings' tests instead, on a CPython built with the thread "
                     "sanitizer: .ci/pythons get 3.13t-tsan")  # fmt: skip
    parser.add_argument("tests", nargs="*", metavar="TEST", help="of these, with --python: files, or what pytest takes")
    options = parser.parse_args(arguments)
    if options.aarch64:
        return aarch64()
    if options.python:
        return bindings(options.python, options.tests)
    size = "quick" if options.quick else "full"
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        print("error: no C compiler on the PATH (Debian: apt-get install gcc)", file=sys.stderr)
        return 2
    steps = Steps()
    with tempfile.TemporaryDirectory() as folder:
        for sanitizer, flags in SANITIZERS.items():
            for platform, more in PLATFORMS.items():
                what = f"{sanitizer} sanitizer, {platform} platform"
                _stress(steps, compiler, Path(folder), what, [*flags, *more], size)
        _python_suite(steps, compiler, Path(folder), size)
        _valgrind(steps, compiler, Path(folder))
    return steps.end()


def _stress(steps: Steps, compiler: str, folder: Path, what: str, flags: Sequence[str], size: str) -> None:
    try:
        program = native(compiler, folder / "native", flags)
    except CannotBuild as error:
        steps.skip(what, str(error))
        return
    steps.run(what, [*still(), str(program), str(MESSAGES[size]), str(ROUNDS[size]), "120"], limit=1800)


def _python_suite(steps: Steps, compiler: str, folder: Path, size: str) -> None:
    what = "the Python tests on a core with address and undefined-behaviour sanitizers"
    try:
        sanitized = library(compiler, folder / "libomni.so", SANITIZERS["address"])
    except CannotBuild as error:
        steps.skip(what, str(error))
        return
    without = [f"--ignore={path}" for path in NOT_HERE]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=300", *SUITE[size], *without]
    steps.run(what, command, 1800, watched(compiler, sanitized))


def watched(compiler: str, sanitized: Path) -> dict[str, str]:
    """The environment in which Python uses that library, compiled with the address sanitizer."""
    runtime = subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return {
        "LD_PRELOAD": runtime.stdout.strip(),
        # The interpreter itself keeps memory until it ends.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "OMNI_TEST_LIBRARY": str(sanitized),
    }


def _valgrind(steps: Steps, compiler: str, folder: Path) -> None:
    what = "valgrind"
    tool = shutil.which("valgrind")
    if tool is None:
        steps.skip(what, "not on the PATH (Debian: apt-get install valgrind)")
        return
    program = native(compiler, folder / "plain")
    command = [tool, "--quiet", "--error-exitcode=9", "--leak-check=full", "--fair-sched=yes", str(program)]
    steps.run(what, [*command, "3000", "3", "300"], limit=900)


def bindings(python: str, chosen: Sequence[str]) -> int:
    """The bindings' tests on that interpreter: 0 where they are clean, 1 where not, 2 where they cannot be run."""
    steps = Steps()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run_bindings(steps, python, Path(folder), chosen)
        except CannotBuild as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return steps.end()


def aarch64() -> int:
    """The native program for aarch64, under qemu-user: 0 where it passes or cannot be run, 1 where it fails."""
    steps, what = Steps(), "aarch64"
    emulator = next((path for name in EMULATORS if (path := shutil.which(name))), None)
    if shutil.which(CROSS_COMPILER) is None or emulator is None:
        lacking = "gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user"
        steps.skip(what, f"needs {CROSS_COMPILER} and qemu (Debian: {lacking})")
        return steps.end()
    with tempfile.TemporaryDirectory() as folder:
        for platform, flags in PLATFORMS.items():
            try:
                program = native(CROSS_COMPILER, Path(folder) / platform, ["-static", *flags])
            except CannotBuild as error:
                steps.skip(f"{what}, {platform} platform", str(error))
                continue
            name = f"{what}, {platform} platform, under {Path(emulator).name}"
            steps.run(name, [emulator, str(program), "20000", "10"], 600)
    return steps.end()


if __name__ == "__main__":
    sys.exit(main())
