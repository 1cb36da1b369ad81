"""What the third thread does in a recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from conformance.linearizability.plan import Plan
from conformance.linearizability.scribe import Scribe
from conformance.linearizability.world import NAME

PAUSE = 0.0002
"""Seconds between looks, so that the other two have the interpreter to themselves most of the time."""


class Aside:
    """Closes, shuts down, requests or reads statistics, once or for as long as `going` says."""

    def __init__(self, plan: Plan, omni: Any, broker: Any, pair: Any, scribe: Scribe) -> None:
        self._plan, self._omni, self._broker, self._pair, self._scribe = plan, omni, broker, pair, scribe

    def run(self, going: Callable[[], bool]) -> None:
        """To the end."""
        if self._plan.side == "shutdown":
            timeout = self._plan.random("side").choice((0, 0.0005, None))
            self._scribe.call("shutdown", None, self._broker.shutdown, timeout, timeout=timeout)
        elif self._plan.side.startswith("close"):
            closed = self._pair.producer if self._plan.side == "close_producer" else self._pair.consumer
            self._scribe.call(self._plan.side, None, closed.close)
        else:
            looks = self._figures if self._plan.side == "statistics" else self._requests
            while going():
                looks()
                time.sleep(PAUSE)
            looks()

    def _figures(self) -> None:
        producer, consumer = self._pair
        self._scribe.call("producer_stats", None, producer.get_stats)
        self._scribe.call("consumer_stats", None, consumer.get_stats)
        self._scribe.call("broker_stats", None, self._broker.get_stats)

    def _requests(self) -> None:
        self._scribe.call("has_channel", None, self._broker.has_channel, NAME)
        self._scribe.call("request_channel", None, self._request, NAME)
        self._scribe.call("request_another", None, self._request, "another")

    def _request(self, name: str) -> Any:
        """Ask for a channel, and give it back at once."""
        error, pair = self._broker.request_channel(name, self._omni.ChannelConfig(8, 64))
        if pair is not None:
            pair.close()
        return error
