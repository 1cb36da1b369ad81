"""What the tests of schemas share."""

from __future__ import annotations

from typing import Any

import pytest

from fast_impl.flatbuffers import Schema, registry, verify
from spec_model.flatbuffers import Schema as ModelSchema
from spec_model.flatbuffers import schema as model_schema
from spec_model.flatbuffers import verify as model_verify


@pytest.fixture(params=[(Schema, verify), (ModelSchema, model_verify)], ids=["fast", "model"])
def implementation(request: pytest.FixtureRequest) -> Any:
    """`Schema` and `verify` of each in turn."""
    return request.param


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No schema is known, and afterwards those that were are known again."""
    for module, names in ((registry, ("_by_name", "_said", "_found")), (model_schema, ("_by_name", "_added"))):
        for name in names:
            monkeypatch.setattr(module, name, type(getattr(module, name))())
