"""Result codes, configuration, and arguments that are refused (§2.1, §3, §5.1, §5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import spec_model as model
from conformance.checks.registry import function, program
from conformance.threads import open_pair


def _members(rule: str, name: str, *members: str) -> None:
    # Names and values rather than the members: that these are the model's own is VOC-5.
    lines = [f"omni.{name}.{member}.value" for member in members]
    lines += [f"omni.{name}({value}).name" for value in range(len(members) + 1)]
    lines += [f"[(each.name, each.value) for each in omni.{name}]"]
    program(rule, f"members and values of {name}", "\n".join(lines), opened=False)
    truths = "\n".join(f"bool(omni.{name}.{member})" for member in members)
    program("VOC-4", f"truth of {name}", truths, opened=False)


_members("VOC-1", "PushResult", "SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "INVALID_SIZE", "QUEUE_FULL")
_members("VOC-2", "PopResult", "SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "EMPTY")
_members("VOC-3", "ChannelError", "SUCCESS", "NAME_EXISTS", "INVALID_CONFIG", "ALLOCATION_FAILED")


@function("VOC-5")
def result_codes_are_the_models_own(omni: Any) -> None:
    """The enums are the very objects of the model."""
    for name in ("PushResult", "PopResult", "ChannelError"):
        assert getattr(omni, name) is getattr(model, name), name


program(
    "CFG-1",
    "defaults",
    "omni.ChannelConfig()\nb = omni.MailboxBroker()\n_, k = b.request_channel('a')\np, c = k",
    opened=False,
)
program(
    "CFG-2",
    "normalisation",
    "\n".join(
        f"omni.ChannelConfig({capacity}, {size}).normalize()"
        for capacity, size in [
            (0, 0), (1, 1), (7, 63), (8, 64), (9, 65), (100, 100), (1000, 4097), (1024, 4096), (1025, 5000),
            (524287, 16777215), (524288, 16777216), (524289, 16777217), (2**64 - 1, 2**64 - 1), (262145, 64),
        ]
    ),
    opened=False,
)  # fmt: skip
program(
    "CFG-3",
    "a new value, idempotent",
    # What it gives is CFG-2's; here only that it changes nothing, however often it is called.
    "\n".join(
        f"config = omni.ChannelConfig({capacity}, {size})\n"
        "config.normalize().normalize() == config.normalize()\nconfig\nsetattr(config, 'capacity', 3)\nconfig"
        for capacity, size in [(0, 0), (8, 64), (9, 65), (2**64 - 1, 2**64 - 1)]
    ),
    opened=False,
)
program(
    "CFG-4",
    "validity",
    "\n".join(
        f"omni.ChannelConfig({capacity}, {size}).is_valid()"
        for capacity in (0, 4, 7, 8, 9, 2000, 2048, 524288, 524289, 2**20)
        for size in (0, 63, 64, 65, 16777216, 16777217)
    ),
    opened=False,
)
program(
    "CFG-5",
    "domain of the fields",
    """
    omni.ChannelConfig(-1, 64)
    omni.ChannelConfig(8, -1)
    omni.ChannelConfig(2**64, 64)
    omni.ChannelConfig(8, 2**64)
    omni.ChannelConfig(2**64 - 1, 0)
    omni.ChannelConfig(True, 64)
    omni.ChannelConfig(8, False)
    omni.ChannelConfig(8.0, 64)
    omni.ChannelConfig('8', 64)
    omni.ChannelConfig(8, None)
    """,
    opened=False,
)


DATA = (
    "'text'", "None", "3", "[1]", "object()", "memoryview(b'abcd')[::2]", "bytearray(b'x')",
    "array.array('H', [1, 2])", "memoryview(b'abcd').cast('B', (2, 2))", "type('Text', (str,), {})('text')",
    "(ctypes.py_object * 2)(1, 2)", "(ctypes.c_uint16 * 2)(1, 2)", "bytes", "{}", "1.5",
)  # fmt: skip
TIMEOUTS = (
    "0", "0.0", "1e-6", "timedelta(microseconds=1)", "-1", "-1e-9", "float('nan')", "'1'", "True", "[]",
    "timedelta(-1)", "-float('inf')", "-10**400", "object()", "b'1'", "bytearray(1)", "0j", "1j", "()", "range(1)",
    "Fraction(1, 10**6)", "Fraction(-1, 10**400)", "Fraction(-10**400, 3)", "Fraction(0)", "Decimal('0.000001')",
    "Decimal('-1e-400')", "Decimal('-Infinity')", "Decimal('NaN')", "Decimal('sNaN')", "Decimal(0)",
    "type('Soon', (timedelta,), {'__floordiv__': lambda self, other: 2.5})(microseconds=1)",
    "type('Soon', (timedelta,), {'__floordiv__': lambda self, other: 0})(microseconds=1)",
    "type('Soon', (timedelta,), {'total_seconds': lambda self: 'soon'})(microseconds=1)",
    "type('Soon', (float,), {})(1e-6)", "type('Soon', (int,), {})(0)", "type('Soon', (Decimal,), {})('1e-6')",
    "type('Converts', (), {'__float__': lambda self: 0.0})()", "type('Indexes', (), {'__index__': lambda self: 0})()",
)  # fmt: skip
COUNTS = ("-1", "-10**30", "True", "1.0", "'1'", "None", "10**30", "0")

program("ARG-1", "what can be pushed", "\n".join(f"p.try_push({each})\np.batch_push([{each}])" for each in DATA))
program("ARG-1", "what can be pushed, waiting", "\n".join(f"p.blocking_push({each}, 0)\nc.try_pop()" for each in DATA))
program(
    "ARG-2",
    "timeouts",
    # The other broker has no channel, so its shutdown has nothing to wait for.
    "other = omni.MailboxBroker()\n"
    + "\n".join(f"c.blocking_pop({each})\nc.batch_pop(1, {each})\nother.shutdown({each})" for each in TIMEOUTS)
    + "\np.batch_push([b'x'] * 8)\n"
    + "\n".join(f"p.blocking_push(b'x', {each})" for each in TIMEOUTS),
)
program(
    "ARG-2",
    "times too long to represent",
    "other = omni.MailboxBroker()\n"
    + "\n".join(
        f"p.blocking_push(b'x', {each})\nc.blocking_pop({each})\n"
        f"p.blocking_push(b'x', {each})\nc.batch_pop(1, {each})\nother.shutdown({each})"
        for each in (
            "float('inf')", "1e300", "10**400", "2.0**63 / 1e9", "timedelta.max", "Fraction(10**400)",
            "Fraction(10**400, 3)", "Decimal('1e400')", "Decimal('Infinity')", "Decimal(10**400)",
        )
    ),
)  # fmt: skip
program(
    "ARG-2",
    "timeouts of waits",
    "\n".join(f"c.wait({each})\np.reserve(1, {each})\np.rollback()" for each in TIMEOUTS)
    + "\np.batch_push([b'x'] * 8)\n"
    + "\n".join(f"p.wait({each})\np.reserve(1, {each})" for each in TIMEOUTS),
)
program(
    "ARG-2",
    "timeouts of batches of bytes",
    "\n".join(f"c.receive_many(1, {each})\nc.receive({each})" for each in TIMEOUTS)
    + "\np.batch_push([b'x'] * 8)\n"
    + "\n".join(f"p.send_many([b'x'], {each})\np.send(b'x', {each})" for each in TIMEOUTS),
)


@function("ARG-1")
def an_error_says_which_element(omni: Any) -> None:
    """The message of the error of a batch has the number of the first element that is refused."""
    _, (producer, _) = open_pair(omni)
    for kind, bad in ((TypeError, "text"), (TypeError, None), (BufferError, memoryview(b"abcd")[::2])):
        for place in (0, 3, 11):
            batch: list[Any] = [b"x"] * place + [bad, b"x", bad]
            said = _refusal(kind, producer.batch_push, batch)
            assert re.search(rf"\b{place}\b", said), f"element {place} of a batch is refused with {said!r}"
    assert producer.get_stats().messages_sent == 0


def _refusal(kind: type[Exception], call: Callable[[Any], object], argument: object) -> str:
    """The message of the error that a call raises for an argument."""
    try:
        call(argument)
    except kind as error:
        return str(error)
    raise AssertionError(f"{argument!r} was not refused")


def _accepts(consumer: Any, timeout: object) -> str:
    """What a pop from an empty queue makes of a timeout: the result, or the error."""
    try:
        return str(consumer.blocking_pop(timeout)[0].name)
    except (TypeError, ValueError) as error:
        return type(error).__name__


@function("ARG-2")
def numbers_of_numpy(omni: Any) -> None:
    """NumPy's integers and floats are timeouts; its bool, complex, times and arrays are not."""
    try:
        numpy: Any = import_module("numpy")
    except ImportError:
        return
    _, (_, consumer) = open_pair(omni)
    for kind in ("int8", "int64", "uint64", "float16", "float32", "float64", "longdouble"):
        assert _accepts(consumer, getattr(numpy, kind)(0)) == "TIMEOUT", f"numpy.{kind} is no timeout"
        if not kind.startswith("uint"):
            assert _accepts(consumer, getattr(numpy, kind)(-1)) == "ValueError", f"numpy.{kind} may be negative"
    assert _accepts(consumer, numpy.float64("nan")) == "ValueError"
    for each in (
        numpy.bool_(0), numpy.complex64(0), numpy.timedelta64(0, "ns"), numpy.timedelta64(0, "s"),
        numpy.datetime64(0, "s"), numpy.array(0.0), numpy.array([0.0]), numpy.str_("0"), numpy.bytes_(b"0"),
    ):  # fmt: skip
        assert _accepts(consumer, each) == "TypeError", f"{each!r} is taken for a timeout"


@function("ARG-1")
def arrays_of_numpy(omni: Any) -> None:
    """A C-contiguous array is raw bytes, whatever the names of its fields; one with references to objects is not."""
    try:
        numpy: Any = import_module("numpy")
    except ImportError:
        return
    _, (producer, consumer) = open_pair(omni)
    named = numpy.zeros(2, dtype=[("Owner", "<i4"), ("O", "<i4")])
    for array in (numpy.arange(4, dtype="<u2"), named, numpy.zeros((2, 3)), numpy.zeros((2, 2), order="F")[:1, :1]):
        assert producer.try_push(array), f"{array!r} was not sent"
        _, message = consumer.try_pop()
        assert bytes(message) == array.tobytes()
    for references in (numpy.array([1, None]), numpy.zeros(2, dtype=[("a", "<i4"), ("b", object)])):
        _refusal(TypeError, producer.try_push, references)
        _refusal(TypeError, lambda each: producer.batch_push([each]), references)
    _refusal(BufferError, producer.try_push, numpy.zeros(8)[::2])


program(
    "ARG-3",
    "counts and sizes",
    "\n".join(
        f"p.reserve({each})\nc.batch_pop({each})\np.commit({each})\np.commit(1, {each})\np.rollback()"
        for each in COUNTS
    ),
)
program(
    "ARG-3",
    "memory limits",
    "\n".join(f"omni.MailboxBroker(memory_limit={each})" for each in COUNTS),
    opened=False,
)
program(
    "ARG-4",
    "a refused argument changes nothing",
    """
    p.batch_push([b"1", b"2", "3"])
    p.try_push("text")
    p.try_push(memoryview(b"abcd")[::2])
    p.blocking_push(b"x", -1)
    p.blocking_push(3, 0)
    p.try_push(b"1")
    _, m = c.try_pop()
    c.batch_pop(-1)
    c.blocking_pop("soon")
    c.batch_pop(1, -1)
    r = p.reserve(1)
    p.commit(-1)
    p.commit("x")
    p.commit(1, None)
    b.request_channel(3)
    b.request_channel("z", 3)
    b.request_channel(b"z")
    b.has_channel(3)
    b.remove_channel(None)
    k.close()
    p.try_push("text")
    p.blocking_push(b"x", -1)
    p.batch_push([3])
    c.batch_pop(-1)
    c.blocking_pop("soon")
    p.reserve(-1)
    p.commit(None)
    """,
)
