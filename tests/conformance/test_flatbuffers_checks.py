"""The checks of FLB hold for what does as they say, copied and slow, and tell what does not."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import spec_model
from conformance.checks import CHECKS
from conformance.execution import execute_check
from conformance.targets import FEATURES, Target

flatbuffers = pytest.importorskip("flatbuffers")
FLB = {check.id: check for check in CHECKS if check.rule.startswith("FLB") and "in-place" not in check.needs}
TARGET = Target("naive", spec_model, frozenset(FEATURES) - {"in-place"}, "import spec_model as omni")


@contextlib.contextmanager
def build(self: Any) -> Iterator[Any]:
    """An ordinary Builder, whose output is copied into the slot."""
    builder = flatbuffers.Builder(16)
    yield builder
    data = bytes(builder.Output())
    if not self.try_push(data):
        raise ValueError(f"{len(data)} bytes do not fit into {self.max_message_size()}")


def get_flatbuffer(self: Any, table: Any) -> Any:
    """The table, over the message's view."""
    return table.GetRootAs(self.data)


def verify(self: Any, table: Any) -> bool:
    """Whether a Sample's fields lie within the buffer."""
    data = bytes(self)
    try:
        root = struct.unpack_from("<I", data)[0]
        vtable = root - struct.unpack_from("<i", data, root)[0]
        size, _, *offsets = struct.unpack_from("<5H", data, vtable)
        if vtable < 0 or size != 10 or not offsets[1]:
            return False
        struct.unpack_from("<I", data, root + offsets[0])
        for offset in filter(None, offsets[1:]):
            at = root + offset
            at += struct.unpack_from("<I", data, at)[0]
            end = at + 4 + struct.unpack_from("<I", data, at)[0]
            if end >= len(data) + (offset == offsets[2]):
                return False
    except struct.error:
        return False
    return True


@pytest.fixture
def naive(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives the model these functions, or others in their place."""

    def give(**others: Any) -> None:
        functions = {"build": build, "get_flatbuffer": get_flatbuffer, "verify": verify, **others}
        monkeypatch.setattr(spec_model.ProducerHandle, "build", functions["build"])
        monkeypatch.setattr(spec_model.Message, "get_flatbuffer", functions["get_flatbuffer"])
        monkeypatch.setattr(spec_model.Message, "verify", functions["verify"])

    return give


def _failed() -> dict[str, str]:
    failures = {identity: execute_check(check, TARGET)[2] for identity, check in FLB.items()}
    return {failure.rule: failure.seen for failure in failures.values() if failure is not None}


def test_every_rule_has_a_check() -> None:
    """All four, and they need what most targets lack."""
    assert {check.rule for check in FLB.values()} == {"FLB-1", "FLB-2", "FLB-3", "FLB-4"}
    assert all("flatbuffers" in check.needs for check in FLB.values())


def test_what_does_as_the_rules_say_holds(naive: Callable[..., None]) -> None:
    """An ordinary Builder whose output is copied passes all of them."""
    naive()
    assert _failed() == {}


@contextlib.contextmanager
def from_the_front(self: Any) -> Iterator[Any]:
    """As many bytes as the buffer has, but from the front of the builder's memory, which is filled from the back."""
    builder = flatbuffers.Builder(1024)
    yield builder
    self.try_push(bytes(builder.Bytes[: len(builder.Output())]))


@pytest.mark.parametrize(
    ("name", "wrong", "rules"),
    [
        ("build", from_the_front, {"FLB-1", "FLB-2"}),
        ("verify", lambda self, table: True, {"FLB-4"}),
        ("verify", lambda self, table: False, {"FLB-4"}),
    ],
    ids=["committed from the front", "everything verified", "nothing verified"],
)
def test_what_does_not_is_told(naive: Callable[..., None], name: str, wrong: Any, rules: set[str]) -> None:
    """The reference's own example of committing, and verdicts that are always the same."""
    naive(**{name: wrong})
    assert set(_failed()) == rules
