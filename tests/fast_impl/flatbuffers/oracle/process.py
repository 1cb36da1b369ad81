"""The oracle as a process that is asked in batches."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.fast_impl.flatbuffers.schemas import NAMES, path
from tests.fast_impl.flatbuffers.toolchain import HERE, cpp


class Request(NamedTuple):
    """A buffer, and how it is to be judged."""

    schema: str
    data: bytes
    size_prefixed: bool = False
    max_depth: int = 64
    max_tables: int = 1_000_000


class Verdicts(NamedTuple):
    """0: False. 1: True. 2: it crashed."""

    generated: int
    generic: int


class Oracle:
    """`with Oracle(folder) as oracle`: compiles it there, and starts it. Raises Missing where that cannot be."""

    def __init__(self, folder: Path) -> None:
        self.program = cpp(folder, HERE / "oracle" / "oracle.cpp")

    def __enter__(self) -> Oracle:
        schemas = [str(path(name)) for name in NAMES]
        self.process = subprocess.Popen(
            [str(self.program), *schemas], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def judge(self, requests: Sequence[Request]) -> list[Verdicts]:
        """What C++ says of each."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        parts = [struct.pack("<I", len(requests))]
        for one in requests:
            numbers = (NAMES.index(one.schema), one.size_prefixed, one.max_depth, one.max_tables, len(one.data))
            parts.append(struct.pack("<5I", *numbers) + one.data)
        self.process.stdin.write(b"".join(parts))
        self.process.stdin.flush()
        answer = self.process.stdout.read(2 * len(requests))
        if len(answer) != 2 * len(requests):
            raise RuntimeError(f"the oracle ended with {self.process.wait(10)}")
        return [Verdicts(*pair) for pair in zip(answer[::2], answer[1::2], strict=True)]
