"""A copy of the package that a mutant changes, with the mistake in it, and what can be built from the copy."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from conformance.targets import DEFAULT
from tests.mutation.mutant import Mutant
from tests.native import programs

ROOT = Path(__file__).parents[2]
CORE = "fast_impl/core"
VERIFIER = "fast_impl/flatbuffers/verifier"

SHARED = ("vocabulary", "config", "errors")
"""What a copy of the model takes from the model, so that its results compare by identity [VOC-5].

A mistake in one of these modules is the exception: the copy has that module to itself.
"""

_BINDING = """\
import sys
from importlib.util import module_from_spec, spec_from_file_location

import {package}

spec = spec_from_file_location({module!r}, {path!r})
sys.modules[{module!r}] = changed = module_from_spec(spec)
spec.loader.exec_module(changed)

from {package} import *
"""


def patched(mutant: Mutant, folder: Path) -> Path:
    """Copy the package that the mutant changes, with the mistake, below a new root in `folder`; that root.

    ValueError where the mutant's file is missing, or an old text does not occur in it exactly once.
    """
    package, root = Path(mutant.file).parts[0], folder / f"tree_{mutant.id}"
    if not (ROOT / mutant.file).is_file():
        raise ValueError(f"mutant {mutant.id}: there is no file {mutant.file}")
    text = mutant.apply((ROOT / mutant.file).read_text())
    shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    (root / mutant.file).write_text(text)
    return root


def compiler() -> str:
    """The C compiler on the PATH; CannotBuild without one."""
    if found := shutil.which("gcc") or shutil.which("cc"):
        return found
    raise programs.CannotBuild("no C compiler: neither gcc nor cc is on the PATH")


def native(mutant: Mutant, folder: Path, flags: Sequence[str] = ()) -> Path:
    """The native program over the core with the mistake; CannotBuild where the machine lacks what that needs."""
    return programs.native(compiler(), folder / "native", flags, core=patched(mutant, folder) / CORE)


def target(mutant: Mutant, folder: Path) -> str:
    """What the conformance suite can load: the name of a module in `folder`, or the path of a shared library."""
    root = patched(mutant, folder)
    if mutant.file.startswith(f"{CORE}/"):
        return str(programs.library(compiler(), folder / "libomni.so", core=root / CORE))
    name = f"mutant_{mutant.id}"
    if mutant.file.startswith("spec_model/"):
        _rename_model(root / "spec_model", folder / name, Path(mutant.file).stem)
    else:
        module = mutant.file.removesuffix(".py").replace("/", ".")
        text = _BINDING.format(package=DEFAULT, module=module, path=str(root / mutant.file))
        (folder / f"{name}.py").write_text(text)
    return name


def _rename_model(model: Path, package: Path, changed: str) -> None:
    """Make the copy of the model a package of another name, which can be imported beside the model."""
    shared = "|".join(each for each in SHARED if each != changed)
    ours = re.compile(rf"^(\s*(?:from|import) )spec_model(?!\.(?:{shared})\b)\b", re.MULTILINE)
    model.rename(package)
    for file in package.rglob("*.py"):
        file.write_text(ours.sub(rf"\g<1>{package.name}", file.read_text()))
