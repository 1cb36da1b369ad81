"""A copy of the model with one mistake in it, as a package that can be imported beside the model."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import spec_model
from tests.mutation.mutant import Mutant

SHARED = ("vocabulary", "config", "errors")
"""What a copy takes from the model, so that its results compare by identity [VOC-5].

A mistake in one of these modules is the exception: the copy has that module to itself.
"""


def break_copy(mutant: Mutant, folder: Path) -> str:
    """Copy the model into `folder` with the mistake; the name of the copy's package.

    ValueError where the model no longer has the text that the mutant replaces.
    """
    package = f"mutant_{mutant.id}"
    source = Path(spec_model.__file__).parent
    shared = [module for module in SHARED if f"{module}.py" != mutant.file]
    ours = re.compile(rf"^(\s*(?:from|import) )spec_model(?!\.(?:{'|'.join(shared)})\b)\b", re.MULTILINE)
    for file in source.rglob("*.py"):
        path = file.relative_to(source)
        text = file.read_text()
        if path == Path(mutant.file):
            text = mutant.apply(text)
        copy = folder / package / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(ours.sub(rf"\g<1>{package}", text))
    if not (folder / package / mutant.file).is_file():
        shutil.rmtree(folder / package)
        raise ValueError(f"mutant {mutant.id}: the model has no file {mutant.file}")
    return package
