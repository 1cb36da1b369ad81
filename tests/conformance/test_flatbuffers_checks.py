"""The checks of FLB hold for what does as they say, copied and slow, and tell what does not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import fast_impl
from conformance.checks import CHECKS
from conformance.checks.sample import SCHEMA
from conformance.execution import execute_check
from conformance.targets import FEATURES, Target
from spec_model.flatbuffers import Schema
from spec_model.flatbuffers import verify as model_verify

flatbuffers = pytest.importorskip("flatbuffers")
FLB = {check.id: check for check in CHECKS if check.rule.startswith("FLB") and "in-place" not in check.needs}
"""Those that a copy can keep."""


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
    """The verdict of the model's verifier on a copy."""
    Schema.load(SCHEMA)
    return model_verify(bytes(self), table)


class Around:
    """A handle or a message of fast_impl, whose types in C take no other functions, with some of ours."""

    def __init__(self, inner: Any, functions: dict[str, Any]) -> None:
        self._inner, self._functions = inner, functions

    def __getattr__(self, name: str) -> Any:
        if name in self._functions:
            return partial(self._functions[name], self)
        found = getattr(self._inner, name)
        return self._popping(found) if name == "try_pop" else found

    def _popping(self, pop: Any) -> Any:
        def try_pop() -> Any:
            result, message = pop()
            return result, message and Around(message, self._functions)

        return try_pop

    def __bytes__(self) -> bytes:
        return bytes(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


def _failed(**others: Any) -> dict[str, str]:
    """What fails of fast_impl with these functions, or others in their place."""
    functions = {"build": build, "get_flatbuffer": get_flatbuffer, "verify": verify, **others}

    def broker() -> Any:
        inner = fast_impl.MailboxBroker()

        def request_channel(*arguments: Any) -> Any:
            error, pair = inner.request_channel(*arguments)
            ends = (Around(pair.producer, functions), Around(pair.consumer, functions))
            return error, SimpleNamespace(producer=ends[0], consumer=ends[1], close=pair.close)

        return SimpleNamespace(request_channel=request_channel)

    omni: Any = SimpleNamespace(**{**vars(fast_impl), "MailboxBroker": broker})
    target = Target("naive", omni, frozenset(FEATURES), "import fast_impl as omni")
    failures = {identity: execute_check(check, target)[2] for identity, check in FLB.items()}
    return {failure.rule: failure.seen for found in failures.values() for failure in found}


def test_every_rule_has_a_check() -> None:
    """All four, and they need what most targets lack."""
    assert {check.rule for check in FLB.values()} == {"FLB-1", "FLB-2", "FLB-3", "FLB-4"}
    assert all("flatbuffers" in check.needs for check in FLB.values())


def test_what_does_as_the_rules_say_holds() -> None:
    """An ordinary Builder whose output is copied passes all of them."""
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
        ("verify", lambda self, table: verify(self, table) or len(self) == 56, {"FLB-4"}),
    ],
    ids=["committed from the front", "everything verified", "nothing verified", "sizes verified"],
)
def test_what_does_not_is_reported(name: str, wrong: Any, rules: set[str]) -> None:
    """The reference's own example of committing, and verdicts that are always the same."""
    assert set(_failed(**{name: wrong})) == rules
