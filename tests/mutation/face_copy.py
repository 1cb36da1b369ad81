"""The default target's Python face with one of its modules changed, as a module beside it."""

from __future__ import annotations

import importlib
from pathlib import Path

from conformance.targets import DEFAULT
from tests.mutation.mutant import Mutant

_TARGET = """\
import sys
from importlib.util import module_from_spec, spec_from_file_location

import {package}

spec = spec_from_file_location({module!r}, {path!r})
sys.modules[{module!r}] = changed = module_from_spec(spec)
spec.loader.exec_module(changed)

from {package} import *
"""


def break_module(mutant: Mutant, folder: Path) -> str:
    """Write the changed module into `folder`, and a target that has it in its place; the target's name.

    It must be a module that the package imports late. ValueError where it no longer has the text that the mutant
    replaces.
    """
    source = Path(importlib.import_module(DEFAULT).__path__[0]) / mutant.file
    if not source.is_file():
        raise ValueError(f"mutant {mutant.id}: {DEFAULT} has no file {mutant.file}")
    changed = folder / source.name
    changed.write_text(mutant.apply(source.read_text()))
    module = ".".join([DEFAULT, *Path(mutant.file).with_suffix("").parts])
    name = f"mutant_{mutant.id}"
    (folder / f"{name}.py").write_text(_TARGET.format(package=DEFAULT, module=module, path=str(changed)))
    return name
