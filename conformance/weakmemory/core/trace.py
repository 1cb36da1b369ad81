"""A failing execution of a client, by the core's source lines."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.weakmemory.core.build import library
from conformance.weakmemory.explorer import Result
from conformance.weakmemory.trace import source_lines, table


def trace(result: Result, asymmetric: bool = False, core: Path | None = None) -> str:
    """A column per thread; the core as it was explored, for its lines."""
    addresses = re.findall(r"0x[0-9a-f]+", " ".join([result.message, *(step.file for step in result.trace)]))
    return table(result, source_lines(Path(library(asymmetric, core)._name), addresses))
