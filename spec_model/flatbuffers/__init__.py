"""When a FlatBuffer is well-formed [FLB-4], to be read: a schema is a value, and so is the verdict."""

from spec_model.errors import SchemaError
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.schema import Schema
from spec_model.flatbuffers.verifier import Limits, verify

__all__ = ["Limits", "Schema", "SchemaError", "load", "verify"]
