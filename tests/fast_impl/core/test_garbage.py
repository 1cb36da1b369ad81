"""What is garbage together with objects that still use it."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import pytest

import fast_impl


class Recorder:
    """Stands before the core, and notes the names of the calls."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lib, name)
        if not name.startswith(("omni_", "slot_")) or name.endswith(("_pin", "_abandon")):
            return found

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            return found(*arguments)

        return call


class User:
    """Uses a broker and both handles in its finaliser."""

    def __init__(self, broker: Any, pair: Any, seen: list[Any]) -> None:
        self.broker, self.pair, self.seen = broker, pair, seen

    def __del__(self) -> None:
        self.seen.append(self.pair.producer.try_push(b"x"))
        self.seen.append(self.pair.consumer.try_pop()[0])
        self.seen.append(self.broker.get_stats().active_channels)
        self.pair.close()
        self.seen.append(self.broker.get_stats().active_channels)


def cycle_of_garbage(seen: list[Any]) -> list[Any]:
    """A broker, both ends of a channel and their user, each referring to all."""
    broker = fast_impl.MailboxBroker()
    _, pair = broker.request_channel("cycle", fast_impl.ChannelConfig(8, 64))
    cycle: list[Any] = [pair, User(broker, pair, seen), broker]
    cycle.append(cycle)
    return cycle


def test_finalisers_may_use_handles_that_are_garbage_too(fast: ModuleType) -> None:
    """A finaliser gets answers from a broker and handles of its own cycle, which the collector may have ended."""
    seen: list[Any] = []
    cycle = cycle_of_garbage(seen)
    del cycle
    gc.collect()
    assert seen in (
        [fast.PushResult.SUCCESS, fast.PopResult.SUCCESS, 1, 0],
        [fast.PushResult.CHANNEL_CLOSED, fast.PopResult.CHANNEL_CLOSED, 0, 0],
    )


@pytest.mark.skipif(fast_impl.binding != "cffi", reason="types in C are out of the collector's reach")
def test_the_core_is_not_asked_about_what_it_has_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the collector orders a cycle's finalisers, the core's objects are freed after all else."""
    from fast_impl.cffi import consumer, core, message, producer, registry

    lib = Recorder(core.lib)
    for module in (consumer, core, message, producer, registry):
        monkeypatch.setattr(module, "lib", lib)
    cycle = cycle_of_garbage([])
    gc.collect()
    lib.calls.clear()
    del cycle
    gc.collect()
    frees = [place for place, name in enumerate(lib.calls) if name.startswith("slot_free")]
    assert len(frees) == 3
    assert all(name.startswith("slot_") for name in lib.calls[frees[0] :])
    for side in ("producer", "consumer"):
        assert lib.calls.index(f"slot_close_{side}") < lib.calls.index(f"slot_free_{side}")
    assert {"omni_try_push", "omni_pop_begin", "omni_broker_get_stats"} <= set(lib.calls)
