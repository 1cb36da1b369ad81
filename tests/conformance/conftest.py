"""Fixtures of the tests of the suite: copies of the model that can be imported, and handles that can be changed."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.targets import Target, load
from tests.mutation import workspace
from tests.mutation.mutant import Mutant


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Callable[[Mutant], Target]]:
    """Makes a copy of the model with a mistake, as a target that is gone with the test."""
    sys.path.insert(0, str(tmp_path))
    packages: list[str] = []

    def make(mutant: Mutant) -> Target:
        packages.append(workspace.target(mutant, tmp_path))
        return load(packages[-1])

    yield make
    sys.path.remove(str(tmp_path))
    for name in [each for each in sys.modules if each.partition(".")[0] in packages]:
        del sys.modules[name]


@pytest.fixture
def handles_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """For targets that change methods of fast_impl's handles, which the types in C forbid."""
    monkeypatch.setenv("OMNI_BINDING", "cffi")
