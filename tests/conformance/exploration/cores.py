"""Cores that are changed for a test."""

from __future__ import annotations

from pathlib import Path

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.workspace import CORE, patched


def changed(folder: Path, file: str, text: str, instead: str) -> Path:
    """A copy of the core's sources in `folder`, with one text in one file another."""
    return patched(Mutant("changed", f"{CORE}/{file}", (), text, instead), folder) / CORE


def racing(folder: Path) -> Path:
    """What is published is not released: a data race."""
    return _wrong("write_index_not_released", folder)


def sleepy(folder: Path) -> Path:
    """The waker has no fence: a lost wakeup."""
    return _wrong("no_fence_of_the_waker", folder)


def _wrong(id: str, folder: Path) -> Path:
    return patched(next(mutant for mutant in MUTANTS if mutant.id == id), folder) / CORE
