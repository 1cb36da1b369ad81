"""What the adapter for a library never calls: whole pops, a whole shutdown, and every function on a closed handle.

In C a handle is moved by copying its pointer, and closed where C++ destroys it or moves from it: what is safe on a
moved-from handle is asked here of a closed one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function, measured
from conformance.failure import Broken
from conformance.threads import Task, try_until

FOREVER = -1
CONCURRENT_USE, EXPIRED = -1, -4


class Channel:
    """A channel of capacity 8 and size 64 of a broker of its own, through the functions of omni_mailbox.h alone."""

    def __init__(self, omni: Any) -> None:
        self.ffi, self.lib = omni.c_abi
        self.broker = self.lib.omni_broker_new(2**64 - 1)
        if self.broker == self.ffi.NULL:
            raise Broken("BRK-5", "omni_broker_new(UINT64_MAX) answered NULL")
        producer, consumer = self.ffi.new("omni_producer **"), self.ffi.new("omni_consumer **")
        code = self.lib.omni_request_channel(self.broker, b"a", 1, 8, 64, producer, consumer)
        if code != 0:
            raise Broken("BRK-2", f"omni_request_channel answered {code}, not OMNI_CHANNEL_SUCCESS")
        self.producer, self.consumer = producer[0], consumer[0]
        self.message, self.region = self.ffi.new("omni_message *"), self.ffi.new("omni_region *")
        self.pin, self.pop = self.ffi.new("omni_pin *"), self.ffi.new("omni_pop *")
        self.messages, self.count = self.ffi.new("omni_message[8]"), self.ffi.new("size_t *")

    def push(self, data: bytes) -> None:
        """One message more; Broken where there is no room."""
        if code := self.lib.omni_try_push(self.producer, data, len(data)):
            raise Broken("PSH-1", f"omni_try_push of {len(data)} bytes into a channel with room answered {code}, not 0")

    def shown(self, messages: Any, count: int) -> list[tuple[bytes, int]]:
        """The bytes and the number of each of the messages that a pop has given."""
        return [
            (bytes(self.ffi.buffer(messages[each].data, messages[each].size)), messages[each].number)
            for each in range(count)
        ]

    def popped(
        self, rule: str, call: str, code: int, wanted: int, messages: Any = None, *sent: tuple[bytes, int]
    ) -> None:
        """Broken unless a pop answered `wanted`, and with the messages sent and their numbers."""
        if code != wanted:
            raise Broken(rule, f"{call} answered {code}, not {wanted}")
        got = self.shown(messages, len(sent)) if sent else []
        if got != list(sent):
            raise Broken(rule, f"{call} gave {got}, as bytes and numbers; sent were {list(sent)}")

    def free(self) -> None:
        """Close and free everything."""
        self.lib.omni_producer_free(self.producer)
        self.lib.omni_consumer_free(self.consumer)
        self.lib.omni_broker_free(self.broker)


@function("POP-1", "c-abi")
def omni_try_pop(omni: Any) -> None:
    """EMPTY, messages in order with their numbers, and CHANNEL_CLOSED when they are drained."""
    c = Channel(omni)
    c.popped("POP-1", "omni_try_pop of an empty channel", c.lib.omni_try_pop(c.consumer, c.message), 3)
    c.push(b"first")
    c.push(b"second")
    c.popped("POP-1", "omni_try_pop", c.lib.omni_try_pop(c.consumer, c.message), 0, c.message, (b"first", 0))
    c.lib.omni_producer_close(c.producer)
    c.popped("POP-1", "omni_try_pop", c.lib.omni_try_pop(c.consumer, c.message), 0, c.message, (b"second", 1))
    c.popped("POP-1", "omni_try_pop of a drained channel", c.lib.omni_try_pop(c.consumer, c.message), 2)
    c.free()


@function("POP-4", "c-abi")
def omni_blocking_pop(omni: Any) -> None:
    """TIMEOUT where there is no time, a message that waits at once, and CHANNEL_CLOSED without waiting."""
    c = Channel(omni)
    c.popped("POP-4", "omni_blocking_pop with timeout 0", c.lib.omni_blocking_pop(c.consumer, 0, c.message), 1)
    c.push(b"first")
    pop = c.lib.omni_blocking_pop(c.consumer, FOREVER, c.message)
    c.popped("POP-4", "omni_blocking_pop for ever", pop, 0, c.message, (b"first", 0))
    c.lib.omni_producer_close(c.producer)
    pop = c.lib.omni_blocking_pop(c.consumer, FOREVER, c.message)
    c.popped("POP-4", "omni_blocking_pop of a drained channel", pop, 2)
    c.free()


@function("POP-5", "c-abi")
def omni_batch_pop(omni: Any) -> None:
    """EMPTY for a batch of none or with none waiting, what waits without waiting for more, and CHANNEL_CLOSED."""
    c = Channel(omni)

    def batch(most: int, timeout: int, wanted: int, *sent: tuple[bytes, int]) -> None:
        c.count[0] = 9
        code = c.lib.omni_batch_pop(c.consumer, most, timeout, c.messages, c.count)
        call = f"omni_batch_pop of {most} with timeout {timeout}"
        c.popped("POP-5", call, code, wanted, c.messages, *sent)
        if c.count[0] != len(sent):
            raise Broken("POP-5", f"{call} says that {c.count[0]} came, not {len(sent)}")

    batch(4, 0, 3)
    c.push(b"first")
    c.push(b"second")
    c.push(b"third")
    batch(0, FOREVER, 3)
    batch(2, 0, 0, (b"first", 0), (b"second", 1))
    batch(8, FOREVER, 0, (b"third", 2))
    c.lib.omni_producer_close(c.producer)
    batch(4, FOREVER, 2)
    c.free()


@function("POP-6", "c-abi")
def a_pop_in_two_steps_in_c(omni: Any) -> None:
    """What is shown and not taken goes on waiting, with the same number, and cannot be read any more."""
    c = Channel(omni)
    sent = (b"first", 0), (b"second", 1)
    c.push(b"first")
    c.push(b"second")
    for taken, shown in ((0, sent), (1, sent), (1, sent[1:])):
        code = c.lib.omni_pop_begin(c.consumer, 8, 3, c.ffi.NULL, c.count, c.pop)
        if (code, c.count[0]) != (0, len(shown)):
            raise Broken("POP-6", f"omni_pop_begin answered {code} with {c.count[0]} messages, not 0 with {len(shown)}")
        for nth in range(len(shown)):
            c.lib.omni_pop_message(c.pop, nth, c.ffi.addressof(c.messages, nth))
        c.popped("POP-6", "omni_pop_message", code, 0, c.messages, *shown)
        waiting = c.lib.omni_consumer_available_messages(c.consumer)
        if waiting != len(shown):
            raise Broken("POP-6", f"during a pop that has not ended, {waiting} messages wait, not {len(shown)}")
        code = c.lib.omni_pop_end(c.consumer, c.pop, taken)
        if code != 0:
            raise Broken("POP-6", f"omni_pop_end of {taken} answered {code}, not 0")
        if c.lib.omni_message_is_readable(c.consumer, c.messages) != (taken > 0):
            raise Broken(
                "POP-6", f"after omni_pop_end of {taken}, omni_message_is_readable of the first is not {taken}"
            )
    code = c.lib.omni_pop_end(c.consumer, c.pop, 1)
    if code != EXPIRED:
        raise Broken("POP-6", f"omni_pop_end of a pop that has ended answered {code}, not OMNI_EXPIRED")
    c.free()


@function("SHD-2", "c-abi")
def omni_shutdown(omni: Any) -> None:
    """0 while a handle is open and there is no time, and 1 when the last is closed."""
    c = Channel(omni)
    for closed, wanted in ((None, 0), (c.lib.omni_producer_close, 0), (c.lib.omni_consumer_close, 1)):
        if closed is not None:
            closed(c.producer if closed is c.lib.omni_producer_close else c.consumer)
        code = c.lib.omni_shutdown(c.broker, 0)
        if code != wanted:
            raise Broken("SHD-2", f"omni_shutdown with timeout 0 answered {code}, not {wanted}")
    c.free()


def _stats(c: Channel, side: str) -> tuple[int, int, int]:
    stats = c.ffi.new("omni_handle_stats *")
    getattr(c.lib, f"omni_{side}_get_stats")(getattr(c, side), stats)
    return stats.messages, stats.bytes, stats.failed


def _name(c: Channel, side: str) -> bytes:
    name = getattr(c.lib, f"omni_{side}_name")(getattr(c, side), c.count)
    return bytes(c.ffi.buffer(name, c.count[0]))


def _batch_of_one(c: Channel) -> int:
    data = c.ffi.from_buffer(b"x")
    return int(c.lib.omni_batch_push(c.producer, c.ffi.new("omni_bytes *", (data, 1)), 1))


def _begin(c: Channel) -> tuple[int, bool]:
    code = c.lib.omni_pop_begin(c.consumer, 8, 3, c.messages, c.count, c.pop)
    return code, c.pop.consumer == c.ffi.NULL


@function("LIF-12", "c-abi threads ended-threads")
def a_thread_ends_inside_a_pop(omni: Any) -> None:
    """Between omni_pop_begin and omni_pop_end: its messages wait on, its end comes too late, a close does not wait."""
    c = Channel(omni)
    c.push(b"first")

    def begin() -> int:
        code: int = c.lib.omni_pop_begin(c.consumer, 8, 3, c.messages, c.count, c.pop)
        return code

    c.popped("POP-1", "omni_pop_begin", Task(begin).finish(), 0, c.messages, (b"first", 0))
    # Python may have done with a thread before it has ended
    answered = [CONCURRENT_USE]

    def pop() -> bool:
        answered[0] = c.lib.omni_try_pop(c.consumer, c.message)
        return answered[0] != CONCURRENT_USE

    try_until(pop, "LIF-12: no thread can pop after the end of one inside")
    c.popped("LIF-12", "omni_try_pop after the end of a thread inside", answered[0], 0, c.message, (b"first", 0))
    late = c.lib.omni_pop_end(c.consumer, c.pop, 1)
    if late != EXPIRED:
        raise Broken("LIF-12", f"omni_pop_end after the end of the thread that began answered {late}, not OMNI_EXPIRED")
    c.push(b"second")
    c.popped("POP-1", "omni_pop_begin", Task(begin).finish(), 0, c.messages, (b"second", 1))
    Task(c.lib.omni_consumer_close, c.consumer).finish()
    c.free()


CLOSED: tuple[tuple[str, str, Callable[[Channel], Any], Any], ...] = (
    ("LIF-4", "omni_try_push", lambda c: c.lib.omni_try_push(c.producer, b"x", 1), 2),
    ("LIF-4", "omni_blocking_push", lambda c: c.lib.omni_blocking_push(c.producer, b"x", 1, FOREVER), 2),
    ("LIF-4", "omni_producer_wait", lambda c: c.lib.omni_producer_wait(c.producer, FOREVER), 2),
    ("LIF-4", "omni_batch_push", _batch_of_one, 0),
    ("LIF-4", "omni_reserve", lambda c: c.lib.omni_reserve(c.producer, 1, c.region), 2),
    ("LIF-4", "omni_commit", lambda c: c.lib.omni_commit(c.producer, 1, 0), 2),
    ("LIF-4", "omni_rollback", lambda c: c.lib.omni_rollback(c.producer), 0),
    ("RSV-6", "omni_region_is_writable", lambda c: c.lib.omni_region_is_writable(c.producer, c.region), 0),
    ("RSV-6", "omni_region_pin", lambda c: c.lib.omni_region_pin(c.producer, c.region, c.pin), EXPIRED),
    ("LIF-4", "omni_producer_is_connected", lambda c: c.lib.omni_producer_is_connected(c.producer), 0),
    ("LIF-4", "omni_producer_available_slots", lambda c: c.lib.omni_producer_available_slots(c.producer), 0),
    ("LIF-5", "omni_producer_capacity", lambda c: c.lib.omni_producer_capacity(c.producer), 8),
    ("LIF-5", "omni_producer_max_message_size", lambda c: c.lib.omni_producer_max_message_size(c.producer), 64),
    ("LIF-5", "omni_producer_get_stats", lambda c: _stats(c, "producer"), (2, 11, 0)),
    ("LIF-5", "omni_producer_name", lambda c: _name(c, "producer"), b"a"),
    ("LIF-1", "omni_producer_close", lambda c: c.lib.omni_producer_close(c.producer), None),
    ("LIF-1", "omni_producer_close_begin", lambda c: c.lib.omni_producer_close_begin(c.producer), 0),
    ("LIF-1", "omni_producer_close_end", lambda c: c.lib.omni_producer_close_end(c.producer), None),
    ("LIF-4", "omni_try_pop", lambda c: c.lib.omni_try_pop(c.consumer, c.message), 2),
    ("LIF-4", "omni_blocking_pop", lambda c: c.lib.omni_blocking_pop(c.consumer, FOREVER, c.message), 2),
    ("LIF-4", "omni_batch_pop", lambda c: c.lib.omni_batch_pop(c.consumer, 8, FOREVER, c.messages, c.count), 2),
    ("LIF-4", "omni_consumer_wait", lambda c: c.lib.omni_consumer_wait(c.consumer, FOREVER), 2),
    ("LIF-4", "omni_pop_begin", _begin, (2, True)),
    ("LIF-4", "omni_pop_end", lambda c: c.lib.omni_pop_end(c.consumer, c.pop, 1), EXPIRED),
    ("LIF-4", "omni_pop_abandon", lambda c: c.lib.omni_pop_abandon(c.pop), None),
    ("MSG-2", "omni_message_pin", lambda c: c.lib.omni_message_pin(c.consumer, c.message, c.pin), EXPIRED),
    ("MSG-2", "omni_message_is_readable", lambda c: c.lib.omni_message_is_readable(c.consumer, c.message), 0),
    ("LIF-4", "omni_unpin", lambda c: c.lib.omni_unpin(c.pin), None),
    ("LIF-4", "omni_consumer_is_connected", lambda c: c.lib.omni_consumer_is_connected(c.consumer), 0),
    ("LIF-4", "omni_consumer_available_messages", lambda c: c.lib.omni_consumer_available_messages(c.consumer), 0),
    ("LIF-5", "omni_consumer_capacity", lambda c: c.lib.omni_consumer_capacity(c.consumer), 8),
    ("LIF-5", "omni_consumer_max_message_size", lambda c: c.lib.omni_consumer_max_message_size(c.consumer), 64),
    ("LIF-5", "omni_consumer_get_stats", lambda c: _stats(c, "consumer"), (1, 5, 0)),
    ("LIF-5", "omni_consumer_name", lambda c: _name(c, "consumer"), b"a"),
    ("LIF-1", "omni_consumer_close", lambda c: c.lib.omni_consumer_close(c.consumer), None),
    ("LIF-1", "omni_consumer_close_begin", lambda c: c.lib.omni_consumer_close_begin(c.consumer), 0),
    ("LIF-1", "omni_consumer_close_end", lambda c: c.lib.omni_consumer_close_end(c.consumer), None),
)
"""Rule, name, the call on a closed handle, and its answer."""


def _of_closed(rule: str, name: str, call: Callable[[Channel], Any], wanted: Any) -> None:
    """Register the call as a check of its own, so that one that crashes hides no other."""

    def body(target: Any, tally: Any) -> None:
        c = Channel(target.omni)
        c.push(b"first")
        c.push(b"second")
        c.popped("POP-1", "omni_try_pop", c.lib.omni_try_pop(c.consumer, c.message), 0, c.message, (b"first", 0))
        c.lib.omni_reserve(c.producer, 1, c.region)
        c.lib.omni_producer_close(c.producer)
        c.lib.omni_consumer_close(c.consumer)
        got = call(c)
        if got != wanted:
            raise Broken(rule, f"{name} of a closed handle answered {got}, not {wanted}")
        c.free()

    claim = f"{name}, on a handle that was closed, is safe and answers {wanted}."
    needs = "c-abi pins" if name in ("omni_message_pin", "omni_region_pin") else "c-abi"
    measured(rule, f"{name} of a closed handle", needs, limit=20.0)(body, claim)


for _each in CLOSED:
    _of_closed(*_each)
