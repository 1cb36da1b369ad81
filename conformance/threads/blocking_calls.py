"""The calls that wait, and a thread that is blocked in one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from conformance.failure import Broken
from conformance.threads.waiting import Task, fill, open_full, open_pair


class Call(NamedTuple):
    """name: as a program would write it. rule: which says that it waits. pushes: the side that it is of."""

    name: str
    rule: str
    pushes: bool
    run: Callable[[Any], Any]


CALLS = (
    Call("blocking_pop()", "POP-4", False, lambda pair: pair.consumer.blocking_pop()[0]),
    Call("blocking_pop(60)", "POP-4", False, lambda pair: pair.consumer.blocking_pop(60)[0]),
    Call("batch_pop(4, None)", "POP-5", False, lambda pair: pair.consumer.batch_pop(4, None)[0]),
    Call("batch_pop(4, 60)", "POP-5", False, lambda pair: pair.consumer.batch_pop(4, 60)[0]),
    Call("blocking_push(b'late')", "PSH-4", True, lambda pair: pair.producer.blocking_push(b"late")),
    Call("blocking_push(b'late', 60)", "PSH-4", True, lambda pair: pair.producer.blocking_push(b"late", 60)),
)


class Blocked:
    """A thread that is asleep in a call: on a full queue for a push, on an empty one for a pop."""

    def __init__(self, omni: Any, call: Call, broker: Any = None) -> None:
        """On a channel of its own; raises Broken if the call does not wait."""
        self.call = call
        if broker is None:
            self.broker, self.pair = open_full(omni) if call.pushes else open_pair(omni)
        else:
            self.broker, self.pair = broker, _another_pair(omni, broker)
            if call.pushes:
                fill(self.pair)
        self.own, self.peer = self.pair.producer, self.pair.consumer
        if not call.pushes:
            self.own, self.peer = self.peer, self.own
        self.task = Task(lambda: call.run(self.pair))
        self.still("nothing had come for it")

    def still(self, why: str) -> None:
        """Raises Broken, by the rule that says that the call waits, unless it is blocked now."""
        if not self.task.asleep():
            raise Broken(self.call.rule, f"{self.call.name} answered {_name(self.task.finish())}, though {why}")

    def answers(self, result: str, event: str) -> None:
        """The call ends with this result after what has just been done; raises Hung or AssertionError."""
        got = _name(self.task.finish())
        assert got == result, f"{self.call.name} answered {got} when {event}, not {result}"


def _another_pair(omni: Any, broker: Any) -> Any:
    name = f"blocked {broker.get_stats().total_channels_created}"
    error, pair = broker.request_channel(name, omni.ChannelConfig(8, 64))
    assert not error, error
    return pair


def _name(result: Any) -> str:
    return str(getattr(result, "name", result))
