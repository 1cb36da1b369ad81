"""The installed verifier compared with another build: python -m tests.fast_impl.flatbuffers.other_library LIBRARY CASES

Exits with 3 at the first buffer or schema with different verdicts, and prints it.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any, NamedTuple

from fast_impl._sources import VERIFIER, declarations
from tests.fast_impl.flatbuffers.oracle import Request
from tests.fast_impl.flatbuffers.schemas import FLEXIBLE, NAMES, path


class Cases(NamedTuple):
    """The input of both."""

    requests: list[Request]
    schemas: list[bytes]


class Build:
    """One of the two builds."""

    def __init__(self, ffi: Any, lib: Any) -> None:
        self.ffi, self.lib = ffi, lib
        self.schemas = {name: self.load(path(name).read_bytes()) for name in (*NAMES, FLEXIBLE)}

    def load(self, data: bytes) -> Any:
        """A schema, or None."""
        out, why = self.ffi.new("omni_schema **"), self.ffi.new("char[]", 256)
        self.lib.omni_schema_load(self.ffi.from_buffer(data), len(data), out, why, 256)
        return out[0] or None

    def takes(self, data: bytes) -> bool:
        """Whether it is a schema."""
        schema = self.load(data)
        if schema is not None:
            self.lib.omni_schema_free(schema)
        return schema is not None

    def verify(self, request: Request) -> bool:
        """Whether it is well-formed."""
        schema, data = self.schemas[request.schema], request.data
        verdict = self.lib.omni_verify(
            schema, self.lib.omni_schema_root(schema), self.ffi.from_buffer(data), len(data), self.ffi.NULL,
            request.size_prefixed, request.max_depth, request.max_tables,
        )  # fmt: skip
        return bool(verdict == 1)


def main(other: str, cases: str) -> int:
    """0 if all verdicts are equal."""
    from cffi import FFI  # not everywhere

    from fast_impl.flatbuffers import over_cffi

    ffi = FFI()
    ffi.cdef(declarations(VERIFIER / "omni_flatbuffers.h"))
    installed, changed = Build(over_cffi.ffi, over_cffi.lib), Build(ffi, ffi.dlopen(other))
    given: Cases = pickle.loads(Path(cases).read_bytes())
    for name, schema in changed.schemas.items():
        if schema is None:
            print(f"{name} is refused")
            return 3
    for request in given.requests:
        if installed.verify(request) != changed.verify(request):
            print(f"{changed.verify(request)}, not {installed.verify(request)}: {request}")
            return 3
    for data in given.schemas:
        if installed.takes(data) != changed.takes(data):
            print(f"{changed.takes(data)}, not {installed.takes(data)}: a schema, {data!r}")
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
