"""`make implementations`: runs the suite on each implementation of this repository, and keeps what it said in
docs/implementations/. `ARGS="--only NAME"` runs one of them; `ARGS="--add REPORT.json --name NAME"` adds a report that
`omni-conformance run --json` wrote, in its short form."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.reports import short
from conformance.reports.document import Document, read
from docs.book.implementations import FOLDER, ROOT
from tests.mutation import deviants, workspace
from tests.native import programs


class Implementation(NamedTuple):
    """An implementation of this repository.

    target: makes it in a folder, and is what the suite loads. sources: files below the root; their digest, with `more`,
    tells whether a report is of what is there now. variables: its environment. layers: what is run of the suite.
    """

    title: str
    target: Callable[[Path], str]
    sources: Sequence[str]
    more: str = ""
    variables: Mapping[str, str] = {}
    layers: Sequence[str] = ()

    def digest(self) -> str:
        """Of the sources, by name and content."""
        paths = {path for pattern in self.sources for path in ROOT.glob(pattern)}
        sums = [f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(paths)]
        return f"sha256:{hashlib.sha256(chr(10).join([*sums, self.more]).encode()).hexdigest()[:16]}"


def _environment(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """That of a run: the variables, none other of ours, and what was made in the folder before what is installed."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("OMNI_")}
    return {**rest, **variables, "PYTHONPATH": str(folder)}


def _fast_impl(variables: Mapping[str, str], expected: str, folder: Path) -> str:
    """The module, where it is what was chosen."""
    command = [sys.executable, "-c", "import fast_impl as f; print(f.binding, f.platform, f.fences)"]
    where = _environment(variables, folder)
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, check=False)
    if done.stdout.strip() != expected:
        raise programs.CannotBuild(f"fast_impl should be {expected}, and is {(done.stdout or done.stderr).strip()}")
    return "fast_impl"


def _types_over_portable(variables: Mapping[str, str], folder: Path) -> str:
    """The types in C over the portable platform layer, as they are built where the system is not Linux.

    The name of the platform is what the environment says; its fences, full without being asked for, are its own.
    """
    package = folder / "fast_impl"
    shutil.copytree(ROOT / "fast_impl", package, ignore=shutil.ignore_patterns("__pycache__", "_handles.*"))
    workspace.compile_handles(package, "-O3", "-DOMNI_PORTABLE")
    return _fast_impl(variables, "c futex full", folder)


def _library(example: str, library: str, folder: Path) -> str:
    """An example that its own Makefile compiles."""
    shutil.copytree(ROOT / "docs" / "examples" / example, folder / example, ignore=shutil.ignore_patterns("*.so"))
    done = subprocess.run(
        ["make", "-s", "-C", folder / example, f"PYTHON={sys.executable}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise programs.CannotBuild(f"docs/examples/{example} cannot be made:\n{done.stderr.strip()}")
    return f"./{example}/{library}"


def _copied(module: Path, folder: Path) -> str:
    shutil.copy(module, folder)
    return module.stem


def _deviant(deviant: deviants.Deviant) -> Implementation:
    sources = sorted({mistake.file for mistake in deviant.mistakes}) or FAST_IMPL
    return Implementation(
        f"deviant {deviant.id}, {deviant.what}",
        lambda folder: deviants.made(deviant, folder).replace(f"{folder}/", "./"),
        sources,
        repr([(mistake.file, mistake.edits) for mistake in deviant.mistakes]) + deviant.module,
        layers=deviants.QUICK,
    )


def _variant(binding: str, platform: str, fences: str) -> Implementation:
    """One of `fast_impl`. The portable platform layer has full fences only, and none to choose."""
    variables = {"OMNI_BINDING": binding, "OMNI_PLATFORM": platform, "OMNI_FENCES": fences}
    target: Callable[[Path], str] = partial(_fast_impl, variables, f"{binding} {platform} {fences}")
    if (binding, platform) == ("c", "portable"):
        variables = {"OMNI_BINDING": "c"}
        target = partial(_types_over_portable, variables)
    handles = {"c": "types in C", "cffi": "over cffi"}[binding]
    layer = {"futex": f"Linux, {fences} fences", "portable": "portable"}[platform]
    return Implementation(f"fast_impl, {handles}, {layer}", target, FAST_IMPL, variables=variables)


EXAMPLES = ROOT / "docs" / "examples"
FAST_IMPL = (
    "fast_impl/*.py", "fast_impl/*/**/*.py", "fast_impl/c*/**/*.[ch]", "fast_impl/flatbuffers/**/*.[ch]",
    *(f"spec_model/{shared}.py" for shared in ("vocabulary", "config", "errors", "words")),
)  # fmt: skip
"""What is compiled or imported; not what the build puts beside it."""

IMPLEMENTATIONS = {
    "model": Implementation("spec_model, the model", lambda folder: "spec_model", ("spec_model/**/*.py",)),
    "fast_impl-c-asymmetric": _variant("c", "futex", "asymmetric"),
    "fast_impl-c-full": _variant("c", "futex", "full"),
    "fast_impl-c-portable": _variant("c", "portable", "full"),
    "fast_impl-cffi-asymmetric": _variant("cffi", "futex", "asymmetric"),
    "fast_impl-cffi-full": _variant("cffi", "futex", "full"),
    "fast_impl-cffi-portable": _variant("cffi", "portable", "full"),
    "example-c": Implementation(
        "the example in C", partial(_library, "target_c", "libomni_naive.so"),
        ("docs/examples/target_c/*.c", "docs/examples/target_c/Makefile"),
    ),
    "example-cpp": Implementation(
        "the example in C++", partial(_library, "target_cpp", "libomni_cpp.so"),
        ("docs/examples/target_cpp/*.cpp", "docs/examples/target_cpp/Makefile"),
    ),
    "example-deque": Implementation(
        "the example over deque", partial(_copied, EXAMPLES / "target_python" / "omni_deque.py"),
        ("docs/examples/target_python/*.py",),
    ),
    **{f"deviant-{deviant.id}": _deviant(deviant) for deviant in deviants.DEVIANTS},
}  # fmt: skip


def judged(name: str, workers: int) -> Document:
    """The report of a run of the suite on an implementation, in its short form; raises what making it does.

    RuntimeError where the suite does not take it.
    """
    made = IMPLEMENTATIONS[name]
    with TemporaryDirectory(prefix="omni-judged-") as place:
        folder = Path(place)
        target = made.target(folder)
        command = ["run", "--target", target, *(word for layer in made.layers for word in ("--only", layer))]
        report = folder / "report.json"
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *command, "--workers", str(workers), "--json", str(report)],
            cwd=folder, env=_environment(made.variables, folder), stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            raise RuntimeError(f"the suite does not take {target}: it ended with status {done.returncode}")
        document = read(report)
    variables = [f"{variable}={value}" for variable, value in made.variables.items()]
    return short.shortened(
        document,
        made.title,
        **{
            "made by": f'make implementations ARGS="--only {name}"',
            "run": " ".join([*variables, "omni-conformance", *command]),
            "sources": made.digest(),
            "random programs": f"those of the profile {document['profile']}, which are the same in every run",
        },
    )


def main(words: Sequence[str] | None = None) -> int:
    """0 if every report was made, whatever it says; 1 if one was not; 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(prog="python -m docs.book.judging", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", default=[], metavar="NAME", help=f"only this one of {', '.join(IMPLEMENTATIONS)}")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: %(default)s)")
    add("--add", type=Path, metavar="REPORT.json", help="a report that `omni-conformance run --json` wrote, instead")
    add("--name", default="", help="of the file that it goes into, and of its column")
    given = parser.parse_args(words)
    try:
        if given.workers < 1:
            raise ValueError(f"--workers must be at least 1, not {given.workers}")
        if unknown := [name for name in given.only if name not in IMPLEMENTATIONS]:
            raise ValueError(f"no implementation is called {unknown[0]!r}; there are {', '.join(IMPLEMENTATIONS)}")
        if given.add is not None:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", given.name) or given.name in IMPLEMENTATIONS:
                raise ValueError(f"--name must be new, of lower-case letters, digits, - and _, not {given.name!r}")
            _keep(given.name, short.shortened(read(given.add), given.name))
            return 0
    except (OSError, ValueError) as error:
        print(f"implementations: {error}", file=sys.stderr)
        return 2
    failed = []
    chosen = given.only or list(IMPLEMENTATIONS)
    for number, name in enumerate(chosen, 1):
        print(f"== {number} of {len(chosen)}: {name}, {IMPLEMENTATIONS[name].title}", flush=True)
        try:
            _keep(name, judged(name, given.workers))
        except (programs.CannotBuild, programs.Refused, OSError, RuntimeError, ValueError) as error:
            failed.append(name)
            print(f"   FAILED: {error}", file=sys.stderr, flush=True)
    if failed:
        print(f"implementations: not made: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _keep(name: str, report: Document) -> None:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(short.text(report), encoding="utf-8")
    counts = ", ".join(f"{len(rules)} {verdict}" for verdict, rules in report["verdicts"].items())
    print(f"   {path.relative_to(ROOT)}: {counts}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
