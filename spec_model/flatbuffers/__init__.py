"""When a FlatBuffer is well-formed [FLB-4]: `verifier` says it, of bytes and the definitions of a schema."""

from spec_model.flatbuffers.schema import Schema, verify

__all__ = ["Schema", "verify"]
