"""A target whose only broker is the one of the process: each broker that a check makes is a part of it.

A part has names of its own, which begin with what no other part's names begin with, and counts from its beginning; so
checks find neither what was there before nor what another check does, and disturb nothing that the process has.
"""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from conformance.failure import NotProvided

_numbers = itertools.count(1)


def own_names(omni: Any, the_one: Callable[[], Any]) -> Any:
    """The names of a target, with parts of `the_one()` in place of brokers."""

    class Parts(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, Part) or type(instance) is type(the_one())

    class MailboxBroker(Part, metaclass=Parts):
        def __init__(self) -> None:
            super().__init__(the_one())

        instance = staticmethod(the_one)

    names = {each: getattr(omni, each) for each in dir(omni) if not each.startswith("_")}
    names["MailboxBroker"] = MailboxBroker
    if (opens := getattr(omni, "open_channel", None)) is not None:
        names["open_channel"] = _opener(opens)
    return SimpleNamespace(**names)


class Part:
    """What a broker has, of the channels that were requested through it."""

    _others = 0
    """Channels that were registered, and were not garbage, when last a part was made."""

    def __init__(self, broker: Any) -> None:
        if broker.get_stats().active_channels > Part._others:
            gc.collect()  # handles that an earlier check has left in cycles would end, and be counted, later
        Part._others = broker.get_stats().active_channels
        self._broker = broker
        self._prefix = f"conformance {os.getpid()}.{next(_numbers)}: "
        self._before = broker.get_stats()

    def request_channel(self, name: Any, *config: Any) -> Any:
        """As a broker's."""
        return self._broker.request_channel(self._name(name), *config)

    def has_channel(self, name: Any) -> Any:
        """As a broker's."""
        return self._broker.has_channel(self._name(name))

    def remove_channel(self, name: Any) -> Any:
        """As a broker's."""
        return self._broker.remove_channel(self._name(name))

    def get_stats(self) -> Any:
        """What has come since this part was made."""
        now = self._broker.get_stats()
        return type(now)(*(after - before for after, before in zip(now, self._before, strict=True)))

    def shutdown(self, *timeout: Any) -> Any:
        """As a broker's; NotProvided where it would close channels that were there before."""
        if self._before.active_channels:
            raise NotProvided("the process has channels of its own, which a shutdown of its one broker would close")
        return self._broker.shutdown(*timeout)

    def _name(self, name: Any) -> Any:
        """A name among this part's; what is none stays what it is."""
        return self._prefix + name if isinstance(name, str) and name else name


def _opener(opens: Callable[..., Any]) -> Callable[..., Any]:
    def open_channel(name: Any = None, *, broker: Any = None, **sizes: Any) -> Any:
        if isinstance(broker, Part):
            return opens(broker._name(name), broker=broker._broker, **sizes)
        return opens(name, broker=broker, **sizes)

    return open_channel
