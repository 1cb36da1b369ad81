"""FlatBuffers in channels (§5.3, §6.1, §9.3): verified against the binary schema that `flatc --schema -b` writes."""

from fast_impl.flatbuffers.registry import verify
from fast_impl.flatbuffers.schema import Schema
from spec_model.errors import SchemaError, UnknownTableError

__all__ = ["Schema", "SchemaError", "UnknownTableError", "verify"]
