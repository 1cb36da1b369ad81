"""The bindings' tests on a CPython that is built with the thread sanitizer, and what of its reports is about them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.native.programs import CannotBuild, Steps

ROOT = Path(__file__).parents[2]
COPIED = ("fast_impl", "spec_model", "conformance", "tests")

NEEDED = ("hatchling", "setuptools", "flatbuffers", "pytest", "pytest-timeout", "hypothesis", "numpy")
"""With wheels for that Python: nothing here is to be compiled with the sanitizer, which then sees less of it."""

SUITE = ("tests/fast_impl/threads", "tests/fast_impl/bindings")
NOT_HERE = (
    # They compile or start what has no sanitizer, refuse it memory too, or measure memory, of which it takes much.
    "tests/fast_impl/bindings/test_interruption.py", "tests/fast_impl/bindings/test_memory.py",
    "tests/fast_impl/bindings/test_native.py", "tests/fast_impl/threads/test_held_memory.py",
)  # fmt: skip

DESELECTED = ("tests/fast_impl/threads/test_fork.py::test_multiprocessing[fork]",)
"""The sanitizer ends some of its processes: "dup thread with used id", of one that a child of fork starts."""

ABOUT = """
import sys, sysconfig
print("%d.%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
print("--with-thread-sanitizer" in sysconfig.get_config_var("CONFIG_ARGS"))
"""

BUILD = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
package, scratch = map(Path, sys.argv[1:])
spec = spec_from_file_location("build", package / "_build.py")
spec.loader.exec_module(build := module_from_spec(spec))
for made, name in build.build_all(package, scratch).items():
    build.place(made, package / name)
"""
"""As for an installation, whose flags are those that this Python was built with."""

KNOWN = {
    r" _PyThreadState_DeleteList ": "the interpreter's end frees the states of daemon threads, which only let go",
    r" generic_pycdata_new ": "ctypes marks a type as used in a word that all its objects share, which no lock guards",
    r": (read|double) lock of a .*mutex": "a child of fork makes the core's locks anew, which is not seen",
}
"""What a report has that is not about us, whoever has called what it is about, and why."""

OPTIONS = {
    # A test's own verdict is one thing, a report another, which may come from any process that it started.
    "exitcode": "0",
    "die_after_fork": "0",  # a child that begins threads: the tests of fork
    "report_thread_leaks": "0",  # daemon threads, at the end of every process that has some
    "history_size": "4",
}


def run_bindings(steps: Steps, python: str, folder: Path, chosen: Sequence[str]) -> None:
    """The tests of threads and bindings, or those chosen, with each binding that this Python can have.

    Raises CannotBuild, with what is lacking.
    """
    version = _about(python)
    mine = ROOT / ".venv" / f"{version}-tsan" / "bin" / "python"
    cffi = _environment(python, mine)
    # All of it, so that no process finds this tree's own modules, which are built without the sanitizer.
    tree = folder / "tree"
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    build = [str(mine), "-c", BUILD, str(tree / "fast_impl"), str(folder / "built")]
    _quiet(build, "the package cannot be compiled for it")
    for binding in ("c", "cffi") if cffi else ("c",):
        what = f"the bindings' tests on CPython {version} under the thread sanitizer, OMNI_BINDING={binding}"
        reports = folder / f"reports-{binding}"
        reports.mkdir()
        options = {**OPTIONS, "log_path": str(reports / "of")}
        environment = {
            "OMNI_BINDING": binding,
            "OMNI_PATIENCE": "10",
            "PYTHONPATH": str(tree),
            "TSAN_OPTIONS": " ".join(f"{name}={value}" for name, value in options.items()),
        }
        command = [str(mine), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=900"]
        tests = [*chosen] or [*SUITE, *(f"--ignore={path}" for path in NOT_HERE)]
        tests += [f"--deselect={test}" for test in DESELECTED]
        steps.run(what, [*still(), *command, "-m", "not slow", *tests], 7200, environment, tree)
        _judge(steps, f"reports of the thread sanitizer, OMNI_BINDING={binding}", reports)
    if not cffi:
        steps.skip("OMNI_BINDING=cffi", f"there is no cffi for CPython {version}")


def still() -> list[str]:
    """Where addresses are laid out at random over too many bits, the thread sanitizer finds its own taken."""
    return [tool, "-R"] if (tool := shutil.which("setarch")) else []


def _about(python: str) -> str:
    said = _quiet([python, "-c", ABOUT], f"{python} does not run").split()
    if said[1] != "True":
        raise CannotBuild(f"{python} was not built with the thread sanitizer (.ci/pythons get 3.13t-tsan builds one)")
    return said[0]


def _environment(python: str, mine: Path) -> bool:
    """Made once: what the tests need. Whether that has cffi."""
    if not mine.exists() or subprocess.run([*still(), str(mine), "-c", "import numpy"], check=False).returncode:
        _quiet([python, "-m", "venv", "--clear", "--without-pip", str(mine.parents[1])], "no virtual environment")
        _quiet([*_pip(mine), *NEEDED], "pip cannot install what the tests need")
        subprocess.run([*still(), *_pip(mine), "cffi"], env=_environ(), capture_output=True, check=False)
    return not subprocess.run([*still(), str(mine), "-c", "import cffi"], capture_output=True, check=False).returncode


def _pip(mine: Path) -> list[str]:
    """This Python's pip: the other one would first have to install it, which takes longer than all the rest."""
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"]
    return [sys.executable, "-m", "pip", "--python", str(mine), "install", *options]


def _environ() -> dict[str, str]:
    return {**os.environ, "TSAN_OPTIONS": "report_bugs=0"}


def _quiet(command: Sequence[str], otherwise: str) -> str:
    """What a command prints that must succeed."""
    try:
        done = subprocess.run([*still(), *command], env=_environ(), capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotBuild(f"{otherwise}: {error.strerror}") from None
    if done.returncode:
        raise CannotBuild(f"{otherwise}: {done.stderr.strip()[-2000:]}")
    return done.stdout


# ---- reports ----


class Report(NamedTuple):
    """What happened, where, and whether it did so in code of ours, as far as its stacks tell."""

    summary: str
    ours: bool
    text: str


def read(text: str) -> Iterator[Report]:
    """The reports in what the sanitizer wrote.

    A report is ours if one of the stacks that met has a frame of ours above the interpreter's loop: what is called from
    there is called by Python code, not by us.
    """
    for part in re.split(r"^=+$", text, flags=re.MULTILINE):
        head = re.search(r"WARNING: ThreadSanitizer: (.*?) \(pid=", part)
        if head is None:
            continue
        # The other stacks say where things come from only.
        stacks = [each for each in part.split("\n\n") if not re.match(r"\s*(Location|Thread|Mutex) ", each)]
        where = re.search(r"SUMMARY: ThreadSanitizer: (.*)", part)
        known = any(re.search("|".join(KNOWN), stack) for stack in stacks)
        ours = not known and any(map(_is_ours, stacks))
        # Below the interpreter's loop, how the Python code came there.
        short = re.sub(r"(_PyEval_EvalFrameDefault .*\n)(?:    #\d+ .*\n)+", r"\1", part)
        yield Report(where[1] if where else head[1], ours, short.strip())


def _is_ours(stack: str) -> bool:
    for frame in re.findall(r"^\s+#\d+ (.*)", stack, flags=re.MULTILINE):
        if "_PyEval_EvalFrame" in frame:
            return False
        if re.search(r"/fast_impl/\S+\.[ch]:\d+", frame):
            return True
    return False


def _judge(steps: Steps, what: str, folder: Path) -> None:
    print(f"== {what} ...", flush=True)
    reports = [each for file in sorted(folder.iterdir()) for each in read(file.read_text(errors="replace"))]
    others = Counter(each.summary for each in reports if not each.ours)
    for summary, count in others.most_common():
        print(f"   not ours, {count} times: {summary}", flush=True)
    if ours := {each.summary: each.text for each in reports if each.ours}:  # one for each place
        steps.fail("\n".join(ours.values()))
    else:
        steps.clean(f"none of a race in this project's code, {others.total()} others")
