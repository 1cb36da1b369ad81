"""What is garbage together with objects that still use it."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import pytest

import fast_impl._broker
import fast_impl._consumer
import fast_impl._producer


class Recorder:
    """Stands before the core, and notes the names of the calls."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lib, name)
        if not name.startswith("omni_"):
            return found

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            return found(*arguments)

        return call


class User:
    """Uses a broker and both handles in its finaliser."""

    def __init__(self, broker: Any, pair: Any) -> None:
        self.broker, self.pair = broker, pair

    def __del__(self) -> None:
        self.pair.producer.try_push(b"x")
        self.pair.consumer.try_pop()
        self.broker.get_stats()
        self.pair.close()


def test_finalisers_may_use_handles_that_are_garbage_too(fast: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the collector orders a cycle's finalisers, the core is asked nothing about what it has freed."""
    lib = Recorder(fast_impl._producer.lib)
    for module in (fast_impl._broker, fast_impl._producer, fast_impl._consumer):
        monkeypatch.setattr(module, "lib", lib)
    broker = fast.MailboxBroker()
    _, pair = broker.request_channel("cycle", fast.ChannelConfig(8, 64))
    cycle: list[Any] = [pair, User(broker, pair), broker]
    cycle.append(cycle)
    del broker, pair
    gc.collect()
    lib.calls.clear()
    del cycle
    gc.collect()
    frees = [place for place, name in enumerate(lib.calls) if name.endswith("_free")]
    assert sorted(lib.calls[frees[0] :]) == ["omni_broker_free", "omni_consumer_free", "omni_producer_free"]
    assert {"omni_try_push", "omni_try_pop", "omni_broker_get_stats"} <= set(lib.calls)
