"""What an operation did, brought into a form in which two implementations can be compared."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Raised(NamedTuple):
    """An error, by the name of the type a program would catch."""

    error: str


class Thing(NamedTuple):
    """An object of the implementation, by what can be said of it at once."""

    what: str
    content: Any = None


_OWN = (
    "MessageExpiredError",
    "ConcurrentUseError",
    "ChannelClosedError",
    "ChannelNameError",
)
_BUILTIN: tuple[type[BaseException], ...] = (
    BufferError,
    TimeoutError,
    MemoryError,
    TypeError,
    ValueError,
    OverflowError,
    StopIteration,
    AttributeError,
)


def raised(omni: Any, error: BaseException) -> Raised:
    """The error as a program sees it: own types first, then the builtin ones."""
    for name in _OWN:
        if isinstance(error, getattr(omni, name)):
            return Raised(name)
    for builtin in _BUILTIN:
        if isinstance(error, builtin):
            return Raised(builtin.__name__)
    return Raised(type(error).__name__)


def canonical(omni: Any, value: Any) -> Any:
    """`value` without the identity of the implementation's objects; enum members keep theirs [VOC-5]."""
    if value is None or isinstance(value, (Enum, bool, int, float, str, bytes)):
        return value
    if isinstance(value, tuple):
        return tuple(canonical(omni, each) for each in value)
    if isinstance(value, list):
        return [canonical(omni, each) for each in value]
    if isinstance(value, omni.Message):
        return Thing("Message", read(omni, value))
    if isinstance(value, omni.Reservation):
        return Thing("Reservation", region(omni, value))
    if isinstance(value, memoryview):
        # What a fresh region holds is anybody's guess: only its size is compared.
        return Thing("memoryview", (bytes(value) if value.readonly else len(value), value.readonly))
    if isinstance(value, omni.ChannelConfig):
        return Thing("ChannelConfig", (value.capacity, value.max_message_size))
    for name in ("ChannelPair", "ProducerHandle", "ConsumerHandle", "MailboxBroker"):
        if isinstance(value, getattr(omni, name)):
            return Thing(name)
    return Thing(type(value).__name__)


def read(omni: Any, message: Any) -> Any:
    """The bytes of a message, or the error that reading it raises [MSG-1, MSG-2]."""
    try:
        return bytes(message)
    except Exception as error:
        return raised(omni, error)


def region(omni: Any, reservation: Any) -> Any:
    """The size of a reservation's region, or the error of an ended one [RSV-2, RSV-6]."""
    try:
        return len(reservation.data), reservation.data.readonly
    except Exception as error:
        return raised(omni, error)


def same(expected: Any, got: Any) -> bool:
    """Whether two canonical outcomes agree: equal and of one type, so that 1 is not True."""
    if expected is got:
        return True
    if isinstance(expected, (tuple, list)):
        return (
            type(expected).__name__ == type(got).__name__
            and len(expected) == len(got)
            and all(map(same, expected, got))
        )
    return type(expected) is type(got) and bool(expected == got)


def label(outcome: Any) -> str:
    """The column of the coverage table that an outcome belongs to."""
    if isinstance(outcome, Raised):
        return outcome.error
    if isinstance(outcome, Thing):
        return "granted" if outcome.what == "Reservation" else outcome.what
    if isinstance(outcome, tuple) and outcome and isinstance(outcome[0], Enum):
        return outcome[0].name
    if isinstance(outcome, Enum):
        return outcome.name
    if isinstance(outcome, bool) or outcome is None:
        return str(outcome)
    if isinstance(outcome, int):
        return "0" if outcome == 0 else "some"
    if isinstance(outcome, list):
        return "[]" if not outcome else "some"
    return type(outcome).__name__
