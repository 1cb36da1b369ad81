"""A channel between threads that run (§8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conformance.checks.registry import function
from conformance.threads import LIMIT, Task, open_pair, promptly, try_until

MANY = 20_000
LARGE = 256 * 1024
"""Bytes of a message that takes long enough to copy for the other side to come in between."""

HUGE = 16 * LARGE
"""Bytes of a message that takes longer to copy than a thread that sleeps takes to wake."""


def _send(producer: Any, numbers: Iterable[int]) -> None:
    for number in numbers:
        result = producer.blocking_push(number.to_bytes(8, "little") * 8)
        assert result, f"message {number} answered {result.name}"


def _send_and_close(producer: Any, numbers: Iterable[int]) -> None:
    try:
        _send(producer, numbers)
    finally:
        producer.close()


def _drain(consumer: Any) -> list[int]:
    got: list[int] = []
    while True:
        result, message = consumer.blocking_pop()
        if not result:
            assert result.name == "CHANNEL_CLOSED", f"{result.name} after {len(got)} messages"
            return got
        data = bytes(message)
        assert data == data[:8] * (len(data) // 8), f"message {len(got)} is torn: {data[:64]!r}"
        got.append(int.from_bytes(data[:8], "little"))


@function("CON-1", "threads")
def both_sides_run_at_once_and_threads_may_change(omni: Any) -> None:
    """A handle goes from thread to thread; the other side runs meanwhile."""
    _, pair = open_pair(omni)
    consumer = Task(_drain, pair.consumer)
    for turn in range(10):
        Task(_send, pair.producer, range(turn * 100, turn * 100 + 100)).finish()
    pair.producer.close()
    assert consumer.finish() == list(range(1000))
    pair.close()


@function("CON-1", "threads")
def threads_may_change_between_any_two_calls(omni: Any) -> None:
    """What one thread reserved, another commits; what one popped, another reads; each call by a thread of its own."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    for number in range(20):
        reservation = promptly(producer.reserve, 1)
        assert reservation is not None, "a reservation that another thread committed is still outstanding"
        promptly(reservation.data.__setitem__, 0, number)
        del reservation
        assert promptly(producer.commit, 1), "commit found nothing that another thread had reserved"
        assert promptly(producer.try_push, b"pushed")
        for expected in (bytes([number]), b"pushed"):
            result, message = promptly(consumer.try_pop)
            assert result, result
            assert promptly(bytes, message) == expected
    pair.close()


@function("CON-3", "threads")
def nothing_lost_duplicated_reordered_or_torn(omni: Any) -> None:
    """Numbers arrive as they were sent, each whole."""
    _, pair = open_pair(omni)
    sending, receiving = Task(_send_and_close, pair.producer, range(MANY)), Task(_drain, pair.consumer)
    got = receiving.finish(2 * LIMIT)
    sending.finish()
    assert got == list(range(MANY)), _first_difference(got)
    pair.close()


def _first_difference(got: list[int]) -> str:
    """Of a list of numbers from what it should be, 0, 1, 2 and so on."""
    place = next((index for index, number in enumerate(got) if number != index), len(got))
    return f"{len(got)} messages came, not {MANY}; after {place} in order came {got[place : place + 4]}"


@function("CON-3", "threads")
def large_messages_arrive_whole(omni: Any) -> None:
    """A consumer that sleeps gets a message only when all of it is there, whichever way it was pushed."""
    _, pair = open_pair(omni, capacity=1, size=HUGE)
    pushes: tuple[Callable[[bytes], Any], ...] = (
        lambda payload: pair.producer.try_push(payload),
        lambda payload: pair.producer.blocking_push(payload),
        lambda payload: pair.producer.batch_push([payload]),
    )
    for number, push in enumerate(pushes * 4, 1):
        payload = number.to_bytes(8, "little") * (HUGE // 8)
        receiving = Task(_pop_from_its_end, pair.consumer)
        receiving.asleep()
        assert push(payload), f"message {number} did not fit into an empty queue"
        whole = receiving.finish() == payload  # not in the assert: pytest would print the difference
        assert whole, f"message {number} is torn"
    pair.close()


def _pop_from_its_end(consumer: Any) -> bytes:
    """A message, its last half read before its first: a copy under way has not come that far."""
    result, message = consumer.blocking_pop()
    assert result, result
    middle = len(message) // 2
    last = bytes(message.data[middle:])
    return bytes(message.data[:middle]) + last


@function("CON-4", "threads")
def closed_is_seen_only_after_everything(omni: Any) -> None:
    """A producer that pushes and closes at once loses nothing."""
    for turn in range(200):
        _, pair = open_pair(omni)
        task = Task(_push_and_close, pair.producer, turn % 8 + 1)
        assert promptly(_drain, pair.consumer) == list(range(turn % 8 + 1))
        task.finish()
        pair.close()


@function("CON-4")
def every_pop_drains_before_it_sees_closed(omni: Any) -> None:
    """In one thread, too, whichever way it pops."""
    pops: tuple[Callable[[Any], Any], ...] = (
        lambda consumer: consumer.try_pop(),
        lambda consumer: consumer.blocking_pop(0),
        lambda consumer: consumer.batch_pop(2),
    )
    for count in (1, 8):
        for pop in pops:
            _, (producer, consumer) = open_pair(omni)
            sent = producer.batch_push([b"x"] * count)
            producer.close()
            popped = 0
            result, taken = pop(consumer)
            while result.name == "SUCCESS":
                popped += len(taken) if isinstance(taken, list) else 1
                result, taken = pop(consumer)
            assert result.name != "CHANNEL_CLOSED" or popped == sent, (
                f"CHANNEL_CLOSED after {popped} of {sent} messages"
            )
            consumer.close()


@function("CON-2", "concurrent-use")
def concurrent_use_is_a_runtime_error(omni: Any) -> None:
    """ConcurrentUseError can be caught as a RuntimeError."""
    assert issubclass(omni.ConcurrentUseError, RuntimeError)


def _push_and_close(producer: Any, count: int) -> None:
    for number in range(count):
        assert producer.try_push(number.to_bytes(8, "little") * 8)
    producer.close()


def _push_until_closed(producer: Any, sent: list[int]) -> None:
    payload = bytes(LARGE)
    while (result := producer.blocking_push(payload)).name == "SUCCESS":
        sent.append(1)
    assert result.name == "CHANNEL_CLOSED", f"blocking_push answered {result.name}, with a consumer popping"


def _pop_until_closed(consumer: Any, popped: list[int]) -> None:
    while (result := consumer.blocking_pop()[0]).name == "SUCCESS":
        popped.append(1)
    assert result.name == "CHANNEL_CLOSED", f"blocking_pop answered {result.name}, with a producer pushing"


def _amid_pushes(omni: Any, end: Callable[[Any, Any], Any]) -> Iterator[tuple[Any, Any, int, int]]:
    """`end(broker, pair)` comes while a thread pushes large messages and another pops them, 25 times.

    Large, so that a call is inside nearly always. Yields the broker, the pair, how many pushes answered
    SUCCESS, and how many messages came before CHANNEL_CLOSED.
    """
    for _ in range(25):
        broker, pair = open_pair(omni, size=LARGE)
        sent: list[int] = []
        popped: list[int] = []
        tasks = [Task(_push_until_closed, pair.producer, sent), Task(_pop_until_closed, pair.consumer, popped)]
        _arrived(popped)
        promptly(end, broker, pair)
        for task in tasks:
            task.finish()
        yield broker, pair, len(sent), len(popped)
        promptly(pair.close)


def _arrived(popped: list[int]) -> None:
    try_until(lambda: len(popped) >= 3, "three messages did not arrive")


@function("LIF-8", "threads")
def closing_waits_for_the_push_inside(omni: Any) -> None:
    """A producer closed by another thread amid pushes loses none that answered SUCCESS."""
    for _, _, sent, popped in _amid_pushes(omni, lambda broker, pair: pair.producer.close()):
        assert popped == sent, f"{sent} pushes answered SUCCESS, {popped} messages came before CHANNEL_CLOSED"


@function("SHD-1", "threads")
def shutdown_waits_for_the_push_inside(omni: Any) -> None:
    """A shutdown amid pushes loses none that answered SUCCESS."""
    for _, _, sent, popped in _amid_pushes(omni, lambda broker, pair: broker.shutdown(0)):
        assert popped == sent, f"{sent} pushes answered SUCCESS, {popped} messages came before CHANNEL_CLOSED"


@function("LIF-8", "threads")
def memory_outlives_the_call_inside(omni: Any) -> None:
    """Both handles are closed amid a push and a pop: the calls inside end safely, and the name is free."""
    for broker, _, _, _ in _amid_pushes(omni, lambda broker, pair: pair.close()):
        assert not broker.has_channel("a"), "both handles are closed, and the name is still registered"


@function("CON-2", "threads concurrent-use")
def a_second_thread_is_refused(omni: Any) -> None:
    """While one thread is blocked in a handle, another gets ConcurrentUseError, and nothing is lost."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    inside = Task(consumer.blocking_pop, 2 * LIMIT)
    inside.asleep()
    for call in (consumer.try_pop, lambda: consumer.blocking_pop(0), lambda: consumer.batch_pop(1)):
        _refused(omni, call)
    assert producer.try_push(b"x")
    result, message = inside.finish()
    assert result
    assert message is not None
    producer.batch_push([b"x"] * 8)
    pushing = Task(producer.blocking_push, b"y", 2 * LIMIT)
    pushing.asleep()
    for call in (
        lambda: producer.try_push(b"z"),
        lambda: producer.blocking_push(b"z", 0),
        lambda: producer.batch_push([b"z"]),
        lambda: producer.reserve(1),
    ):
        _refused(omni, call)
    assert consumer.try_pop()[0]
    assert pushing.finish()
    assert consumer.batch_pop(99)[0]
    assert producer.get_stats().messages_sent == consumer.get_stats().messages_received == 10
    pair.close()


def _refused(omni: Any, call: Any) -> None:
    try:
        answer = promptly(call)
    except omni.ConcurrentUseError:
        return
    raise AssertionError(f"a second thread inside a handle got {answer}, and no ConcurrentUseError")
