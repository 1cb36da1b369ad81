"""Outcomes of operations and observable state, in a form in which two implementations can be compared."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from conformance.differential.program import Namespace
from spec_model.config import ChannelConfig


class Raised(NamedTuple):
    """An error, by the name of the type a program would catch, and `sent` of one that has it [WAI-5]."""

    error: str
    sent: int | None = None


class ObjectSummary(NamedTuple):
    """An object of the implementation, reduced to its type's name and what can be compared of its content."""

    type_name: str
    content: Any = None


OWN_ERRORS = ("MessageExpiredError", "ConcurrentUseError", "ChannelClosedError", "ChannelNameError")
_BUILTIN: tuple[type[BaseException], ...] = (
    BufferError, TimeoutError, MemoryError, TypeError, ValueError, OverflowError, StopIteration, AttributeError,
)  # fmt: skip


def raised(omni: Any, error: BaseException) -> Raised:
    """The error as a program sees it: own types first, then the builtin ones."""
    sent = getattr(error, "sent", None)
    for name in OWN_ERRORS:
        if isinstance(error, getattr(omni, name)):
            return Raised(name, sent)
    for builtin in _BUILTIN:
        if isinstance(error, builtin):
            return Raised(builtin.__name__, sent)
    return Raised(type(error).__name__, sent)


def canonical(omni: Any, value: Any) -> Any:
    """`value` without the identity of the implementation's objects; enum members keep theirs [VOC-5]."""
    if value is None or isinstance(value, (Enum, bool, int, float, str, bytes)):
        return value
    if isinstance(value, tuple):
        return tuple(canonical(omni, each) for each in value)
    if isinstance(value, list):
        return [canonical(omni, each) for each in value]
    if isinstance(value, omni.Message):
        return ObjectSummary("Message", read(omni, value))
    if isinstance(value, omni.Reservation):
        return ObjectSummary("Reservation", region(omni, value))
    if isinstance(value, memoryview):
        # The content of a fresh region is unspecified: only its size is compared.
        return ObjectSummary("memoryview", (bytes(value) if value.readonly else len(value), value.readonly))
    if isinstance(value, omni.ChannelConfig):
        return ObjectSummary("ChannelConfig", (value.capacity, value.max_message_size))
    for name in ("ChannelPair", "ProducerHandle", "ConsumerHandle", "MailboxBroker"):
        if isinstance(value, getattr(omni, name)):
            return ObjectSummary(name)
    return ObjectSummary(type(value).__name__)


def read(omni: Any, message: Any) -> Any:
    """The bytes of a message or export, or the error that reading it raises [MSG-1, MSG-2]."""
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
    if isinstance(outcome, ObjectSummary):
        return "granted" if outcome.type_name == "Reservation" else outcome.type_name
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


NOT_ASKED = Raised("not asked")
"""Of a query that is not made, since it did not come back before."""

HANDLE_QUERIES = ("is_connected", "capacity", "max_message_size", "get_config", "get_stats")
QUERIES = {
    "message": ("bytes",),
    "reservation": ("data",),
    "export": ("bytes",),
    "producer": (*HANDLE_QUERIES, "available_slots"),
    "consumer": (*HANDLE_QUERIES, "available_messages"),
    "broker": ("get_stats",),
}


class Observable(NamedTuple):
    """A query, the kind of object that it is made on, the variable that holds it, the name asked for, and a field."""

    query: str
    kind: str = ""
    variable: str = ""
    name: str | None = None
    field: str = ""

    def render(self) -> str:
        """The query as Python."""
        if self.query == "result":
            return self.variable
        if self.kind in ("message", "export"):
            return f"bytes({self.variable})"
        if self.kind in ("messages", "exports"):
            return f"[bytes(each) for each in {self.variable}]"
        if self.kind == "reservation":
            return f"len({self.variable}.data)"
        field = f".{self.field}" if self.field else ""
        return f"{self.variable}.{self.query}({'' if self.name is None else repr(self.name)}){field}"


def kind_of(omni: Any, value: Any) -> str | None:
    """The kind of object that is observed in lockstep, if it is one."""
    for kind, cls in (
        ("producer", omni.ProducerHandle),
        ("consumer", omni.ConsumerHandle),
        ("broker", omni.MailboxBroker),
        ("message", omni.Message),
        ("reservation", omni.Reservation),
        ("export", memoryview),
    ):
        if isinstance(value, cls):
            return kind
    if isinstance(value, list) and value and isinstance(value[0], omni.Message):
        return "messages"
    if isinstance(value, list) and value and isinstance(value[0], memoryview):
        return "exports"
    return None


Avoids = Callable[[str, str], bool]
"""Whether a query on a variable is not to be made."""


def observe(
    omni: Any,
    names: Namespace,
    watched: dict[str, str],
    asked: dict[str, set[str]],
    avoids: Avoids | None = None,
) -> list[Any]:
    """The answer to every query on every watched variable, in the order of `observables`."""
    seen: list[Any] = []
    for variable, kind in watched.items():
        value = names[variable]
        if kind in ("message", "export"):
            seen.append(read(omni, value))
        elif kind in ("messages", "exports"):
            seen.append([read(omni, each) for each in value])
        elif kind == "reservation":
            seen.append(region(omni, value))
        elif kind == "broker":
            seen.append(_ask(omni, value, "get_stats"))
            for name in sorted(asked.get(variable, ())):
                seen.append(_ask(omni, value, "has_channel", name))
        else:
            for query in QUERIES[kind]:
                avoided = avoids is not None and avoids(query, variable)
                seen.append(NOT_ASKED if avoided else _ask(omni, value, query))
    return seen


def observables(watched: dict[str, str], asked: dict[str, set[str]]) -> list[Observable]:
    """The queries that `observe` makes, in its order."""
    result: list[Observable] = []
    for variable, kind in watched.items():
        result.extend(Observable(query, kind, variable) for query in QUERIES.get(kind, ("bytes",)))
        if kind == "broker":
            result.extend(Observable("has_channel", kind, variable, name) for name in sorted(asked.get(variable, ())))
    return result


def _ask(omni: Any, value: Any, query: str, *arguments: str) -> Any:
    try:
        answer = getattr(value, query)(*arguments)
        # A target may have a ChannelConfig of its own [VOC-5 is of the result codes alone].
        return ChannelConfig(answer.capacity, answer.max_message_size) if query == "get_config" else answer
    except Exception as error:
        return raised(omni, error)


def spoken(outcome: Any) -> str:
    """An outcome in the API's words."""
    if isinstance(outcome, Raised):
        return f"an error, {outcome.error}" if outcome.sent is None else f"{outcome.error} with sent={outcome.sent}"
    if isinstance(outcome, ObjectSummary):
        article = "an" if outcome.type_name[0] in "AEIOUaeiou" else "a"
        named = f"{article} {outcome.type_name}"
        return named if outcome.content is None else f"{named} of {_content(outcome)}"
    if isinstance(outcome, Enum):
        return outcome.name
    if isinstance(outcome, tuple) and type(outcome) is tuple:
        return f"({', '.join(map(spoken, outcome))}{',' * (len(outcome) == 1)})"
    if isinstance(outcome, list):
        return f"[{', '.join(map(spoken, outcome))}]"
    return repr(outcome)


def _content(summary: ObjectSummary) -> str:
    content = summary.content
    if summary.type_name in ("Reservation", "memoryview") and type(content) is tuple and len(content) == 2:
        size, readonly = content
        what = f"{size} bytes" if isinstance(size, int) else repr(size)
        return f"{what}, {'read-only' if readonly else 'writable'}"
    return spoken(content)
