"""The schemas that the verifiers are compared on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fast_impl.flatbuffers import Schema
from spec_model.flatbuffers.definitions import Definitions
from spec_model.flatbuffers.load import load

FOLDER = Path(__file__).parent / "schemas"

NAMES = ("features", "creature", "tree", "telemetry", "sampling")
"""In the order of the oracle."""


def path(name: str) -> Path:
    """The binary schema."""
    return FOLDER / f"{name}.bfbs"


@cache
def fast(name: str) -> Schema:
    """As the fast verifier has it; known to nobody else."""
    return Schema.load(path(name), register=False)


@cache
def model(name: str) -> Definitions:
    """As the model has it."""
    return load(path(name).read_bytes())
