"""A copy of the package that a mutant changes, with the mistake in it, and what can be built from the copy."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from sysconfig import get_config_var, get_path

from fast_impl._sources import handles, includes, make_headers
from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.native import programs

ROOT = Path(__file__).parents[2]
CORE = "fast_impl/core"
VERIFIER = "fast_impl/flatbuffers/verifier"
EXTENSION = str(get_config_var("EXT_SUFFIX"))

SHARED = ("vocabulary", "config", "errors")
"""What a copy of the model takes from the model, so that its results compare by identity [VOC-5].

A mistake in one of these modules is the exception: the copy has that module to itself.
"""

_BINDING = """\
import os

os.environ["OMNI_BINDING"] = {binding!r}
from fast_impl import *
"""
"""A target that has the copy of fast_impl beside it."""


NAIVE = "docs/examples/target_c/omni_naive.c"
"""The example of a library in C, from the root."""


def patched(mutant: Mutant, folder: Path, *more: Mutant) -> Path:
    """Copy the package that the mutant changes, with the mistake, below a new root in `folder`; that root.

    more: mutants of the same package, whose mistakes the copy has too.

    ValueError where the mutant's file is missing, or an old text does not occur in it exactly once.
    """
    package, root = Path(mutant.file).parts[0], folder / f"tree_{mutant.id}"
    if not (ROOT / mutant.file).is_file():
        raise ValueError(f"mutant {mutant.id}: there is no file {mutant.file}")
    text = mutant.apply((ROOT / mutant.file).read_text())
    shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    (root / mutant.file).write_text(text)
    for other in more:
        (root / other.file).write_text(other.apply((root / other.file).read_text()))
    return root


# ---- cores that are changed for a test ----


def changed(folder: Path, file: str, text: str, instead: str) -> Path:
    """A copy of the core's sources in `folder`, with one text in one file another."""
    return patched(Mutant("changed", f"{CORE}/{file}", (), text, instead), folder) / CORE


def racing(folder: Path) -> Path:
    """What is published is not released: a data race."""
    return _mistaken("write_index_not_released", folder)


def sleepy(folder: Path) -> Path:
    """The waker has no fence: a lost wakeup."""
    return _mistaken("no_fence_of_the_waker", folder)


def _mistaken(id: str, folder: Path) -> Path:
    return patched(next(mutant for mutant in MUTANTS if mutant.id == id), folder) / CORE


# ---- what is built of a copy ----


def compiler() -> str:
    """The C compiler on the PATH; CannotBuild without one."""
    if found := shutil.which("gcc") or shutil.which("cc"):
        return found
    raise programs.CannotBuild("no C compiler: neither gcc nor cc is on the PATH")


def native(mutant: Mutant, folder: Path, flags: Sequence[str] = ()) -> Path:
    """The native program over the core with the mistake; CannotBuild where the machine lacks what that needs."""
    return programs.native(compiler(), folder / "native", flags, core=patched(mutant, folder) / CORE)


def target(mutant: Mutant, folder: Path, *more: Mutant) -> str:
    """What the conformance suite can load: the name of a module in `folder`, or the path of a shared library."""
    root = patched(mutant, folder, *more)
    if mutant.file == NAIVE:
        (root / "naive").mkdir()
        (root / NAIVE).rename(root / "naive" / "omni_naive.c")
        return str(programs.example(compiler(), folder / "libomni.so", root / "naive"))
    if mutant.file.startswith(f"{CORE}/"):
        return str(programs.library(compiler(), folder / "libomni.so", core=root / CORE))
    name = f"mutant_{mutant.id}"
    if mutant.file.startswith("spec_model/"):
        rename_model(root / "spec_model", folder / name, Path(mutant.file).stem)
        return name
    package = (root / "fast_impl").rename(folder / "fast_impl")
    for extension in (ROOT / "fast_impl").glob(f"*{EXTENSION}"):
        (package / extension.name).symlink_to(extension)
    if mutant.file.endswith(".c"):
        compile_handles(package, "-DOMNI_POINTS")
    binding = "cffi" if mutant.file.startswith("fast_impl/cffi/") else "c"
    (folder / f"{name}.py").write_text(_BINDING.format(binding=binding))
    return name


def compile_handles(package: Path, *more_flags: str) -> None:
    """The types in C of a copy of fast_impl; CannotBuild without a compiler, Refused with its words."""
    library = package / f"_handles{EXTENSION}"
    library.unlink(missing_ok=True)
    make_headers(package, headers := package / "headers")
    # Hidden, because one of its functions has the name of one of the C library's.
    flags = ["-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread", *more_flags]
    folders = [*includes(package), headers, get_path("include")]
    command = [compiler(), *flags, *(f"-I{each}" for each in folders), *handles(package), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise programs.Refused(f"the compiler refused the sources:\n{done.stderr.strip()}")


def rename_model(model: Path, package: Path, changed: str = "") -> None:
    """Make the copy of the model a package of another name, which can be imported beside the model.

    changed: a module that it does not take from the model, though it would.
    """
    shared = "|".join(each for each in SHARED if each != changed)
    ours = re.compile(rf"^(\s*(?:from|import) )spec_model(?!\.(?:{shared})\b)\b", re.MULTILINE)
    model.rename(package)
    for file in package.rglob("*.py"):
        file.write_text(ours.sub(rf"\g<1>{package.name}", file.read_text()))
