"""From a difference to the rules that it may break, the likeliest first."""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.differential.attribution.answers import Rules
from conformance.differential.attribution.context import Context, Standing
from conformance.differential.attribution.results import of_result
from conformance.differential.observation import What
from conformance.differential.outcome import Raised
from conformance.differential.program import Operation
from spec_model.vocabulary import ChannelError


class Difference(NamedTuple):
    """One thing that the target shows otherwise than the model; `subject` is the handle looked at, if it was one."""

    what: What
    expected: Any
    got: Any
    subject: Standing | None = None


_PUSHES = ("try_push", "blocking_push", "batch_push")
_POPS = ("try_pop", "blocking_pop", "batch_pop")
_POPPING = (*_POPS, "receive", "list", "next")
ENDS = ("close", "del", "with", "move", "assign", "shutdown")
"""Operations after which a handle is inactive, or its peer gone."""

_CLOSES = ("close", "del", "with")
_ARGUMENTS = (*_PUSHES, *_POPS, "reserve", "commit", "request_channel", "has_channel", "remove_channel", "shutdown")
_BROKER_TOTALS = ("total_channels_created", "total_messages_sent", "total_bytes_transferred")


def attribute(
    operation: Operation, differences: list[Difference], context: Context, suspect: str | None = None
) -> tuple[Difference, str]:
    """The difference that tells most, and the rule that it breaks: `suspect`, where that is among those it may."""
    # A broker's totals are sums over its channels: where a handle differs too, the fault is the handle's.
    telling = [difference for difference in differences if not _of_totals_alone(difference)] or differences
    named = [(difference, candidates(operation, difference, context)) for difference in telling]
    for difference, rules in named:
        if suspect is not None and suspect in rules:
            return difference, suspect
    difference, rules = named[0]
    return difference, rules[0] if rules else suspect or "CON-3"


def _of_totals_alone(difference: Difference) -> bool:
    what, expected, got, _ = difference
    return what.kind == "broker" and what.query == "get_stats" and expected[0] == getattr(got, "active_channels", None)


def candidates(operation: Operation, difference: Difference, context: Context) -> Rules:
    """The rules that a difference may break; none where it names none by itself."""
    what, expected, got, _ = difference
    if what.query == "result":
        return of_result(operation, expected, got, context)
    return (*_of_what_changes_nothing(operation, context.outcome), *_of_sight(operation, difference, context))


def _of_what_changes_nothing(operation: Operation, outcome: Any) -> Rules:
    """Rules by which an operation with this outcome leaves everything as it was."""
    kind = operation.kind
    if isinstance(outcome, Raised):
        if outcome.error == "BufferError" and kind in _POPS:
            return ("MSG-3",)
        if outcome.error == "BufferError" and kind in ("commit", "rollback"):
            return ("RSV-7",)
        refused = outcome.error in ("TypeError", "ValueError", "BufferError") and kind in _ARGUMENTS
        return () if not refused else ("ARG-4", "PSH-6") if kind == "batch_push" else ("ARG-4",)
    error = outcome[0] if isinstance(outcome, tuple) and outcome else None
    if isinstance(error, ChannelError) and error is not ChannelError.SUCCESS:
        return {
            ChannelError.NAME_EXISTS: ("BRK-3",),
            ChannelError.INVALID_CONFIG: ("BRK-4",),
            ChannelError.ALLOCATION_FAILED: ("BRK-5",),
        }[error]
    return ()


def _of_sight(operation: Operation, difference: Difference, context: Context) -> Rules:
    what, expected, got, subject = difference
    if what.query == "get_stats":
        return _of_broker_stats(operation, expected, got) if what.kind == "broker" else _of_stats(operation, difference)
    if what.kind in ("message", "messages"):
        return _of_message(operation, expected)
    if what.kind == "export":
        ended = isinstance(expected, Raised) or operation.kind in ("commit", "rollback")
        return ("RSV-6", "RSV-7") if ended else ("MSG-3", "MSG-4")
    if what.kind == "reservation":
        return _of_reservation(operation, expected, got)
    if what.query == "has_channel":
        if isinstance(got, Raised):
            return ("BRK-7",)
        return ("BRK-8", "BRK-10", "LIF-1") if operation.kind in ENDS else ("BRK-10", "BRK-7")
    if what.query in ("capacity", "max_message_size", "get_config"):
        inactive = subject is not None and subject.inactive
        return ("LIF-5",) if inactive or operation.kind in ENDS else ("BRK-2", "CFG-1", "CFG-2")
    if what.query in ("available_slots", "available_messages"):
        return _of_available(operation, difference, context)
    if what.query == "is_connected":
        return _of_connection(operation, difference, context)
    return ()


def _of_broker_stats(operation: Operation, expected: Any, got: Any) -> Rules:
    if any(getattr(expected, total) != getattr(got, total, None) for total in _BROKER_TOTALS):
        return ("BRK-11",)
    if operation.kind == "move":
        return ("LIF-3", "BRK-8")
    return ("BRK-8", "BRK-11", "LIF-1") if operation.kind in ENDS else ("BRK-11",)


def _of_stats(operation: Operation, difference: Difference) -> Rules:
    what, expected, got, subject = difference
    own = "STA-1" if what.kind == "producer" else "STA-2"
    if isinstance(got, Raised) or len(expected) != len(got):
        return (own,)
    if subject is not None and subject.inactive:
        return ("LIF-5", own)
    if operation.kind in ("move", "rollback"):
        return ("LIF-3" if operation.kind == "move" else "RSV-5", own)
    if operation.kind in ENDS:
        return (own, "LIF-5")
    if expected[0] == got[0] and expected[1] != got[1]:  # as many messages, of other sizes
        if operation.kind == "commit":
            return ("RSV-3", own)
        return (own, "ARG-1") if operation.kind in _PUSHES else (own,)
    return (own,)


def _of_message(operation: Operation, expected: Any) -> Rules:
    if operation.kind == "batch_pop" and operation.args[:1] == (0,):
        return ("MSG-5",)
    each = expected if isinstance(expected, list) else [expected]
    if any(isinstance(one, Raised) for one in each):
        return ("MSG-2",)
    return ("LIF-3", "MSG-1") if operation.kind == "move" else ("MSG-1",)


def _of_reservation(operation: Operation, expected: Any, got: Any) -> Rules:
    if isinstance(expected, Raised):
        return ("RSV-6",) if operation.kind != "commit" else ("RSV-4", "RSV-6")
    if isinstance(got, Raised):
        return {"commit": ("RSV-4",), "rollback": ("RSV-7",)}.get(operation.kind, ("RSV-6",))
    return ("RSV-2",)


def _of_available(operation: Operation, difference: Difference, context: Context) -> Rules:
    kind, (what, expected, _, subject) = operation.kind, difference
    if subject is not None and subject.inactive:
        return ("LIF-4",)
    if kind in ("move", "reserve", "rollback", "shutdown"):
        return ({"move": "LIF-3", "reserve": "RSV-2", "rollback": "RSV-5", "shutdown": "SHD-1"}[kind], "STA-3")
    if kind == "commit":
        return ("RSV-3" if context.outcome is True else "RSV-4", "STA-3")
    if what.query == "available_slots":
        if kind in _POPPING:
            return ("POP-3", "STA-3")
        if subject is not None and expected == subject.capacity:
            return ("PSH-2", "STA-3")
    return ("STA-3",)


def _of_connection(operation: Operation, difference: Difference, context: Context) -> Rules:
    kind, (_, _, got, subject) = operation.kind, difference
    if kind == "shutdown":
        return ("SHD-1", "SHD-2")
    if kind == "assign":
        return ("LIF-6",)
    if subject is not None and subject.inactive:
        return ("LIF-1", "LIF-4") if kind in _CLOSES else ("LIF-4", "LIF-3")
    if kind == "move":
        return ("LIF-3",)
    if kind in _CLOSES:
        return ("LIF-2", "LIF-1") if kind == "close" else ("LIF-1", "LIF-2")
    return ("SHD-3", "LIF-2") if got is False and "shutdown" in context.before else ("LIF-2",)
