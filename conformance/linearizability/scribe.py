"""Writes down what one thread does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.linearizability.event import Event


class Scribe:
    """The calls of one thread, each between two tickets. doing: the call that has not returned, if any, without end."""

    def __init__(self, thread: str, ticket: Callable[[], int]) -> None:
        self.thread = thread
        self.ticket = ticket
        self.events: list[Event] = []
        self.doing: tuple[str, int, Any, float | None] | None = None

    def call(
        self, name: str, given: Any, function: Callable[..., Any], *arguments: Any, timeout: float | None = 0
    ) -> Any:
        """Call, write it down, and return what the call returned."""
        begin = self.ticket()
        self.doing = name, begin, given, timeout
        got = function(*arguments)
        self.events.append(Event(name, begin, self.ticket(), given, got, timeout))
        self.doing = None
        return got

    def hanging(self) -> list[Event]:
        """The call that has not returned, if any, as far as it has come."""
        if self.doing is None:
            return []
        name, begin, given, timeout = self.doing
        return [Event(name, begin, self.ticket(), given, "has not returned", timeout)]
