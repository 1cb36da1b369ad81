"""What a wrong result of a push or a pop may break."""

from __future__ import annotations

from typing import Any

from conformance.differential.attribution.answers import POPS, Rules, answer, is_error, refused
from conformance.differential.attribution.context import Context
from conformance.differential.outcome import Raised
from spec_model.vocabulary import PopResult, PushResult


def of_push(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result of a push may break."""
    free = 0 if context.receiver is None else context.receiver.capacity - context.receiver.waiting
    if PushResult.INVALID_SIZE in (expected, got):
        return ("PSH-1", "PSH-4")
    if refused(got) and not isinstance(expected, Raised):
        return ("ARG-2", "ARG-1") if kind in ("blocking_push", "send") else ("ARG-1",)
    if expected is PushResult.SUCCESS and (got in (PushResult.QUEUE_FULL, PushResult.TIMEOUT) or _waits(got)):
        return of_no_room(free == 1, context)
    if expected is PushResult.QUEUE_FULL and got is PushResult.SUCCESS:
        reserved = ("RSV-4", "PSH-1") if "commit" in context.before else ("PSH-1", "RSV-1")
        return ("PSH-2",) if free <= 0 else reserved
    if kind == "batch_push":
        return _of_batch_push(expected, got, free, context)
    if kind == "blocking_push":
        if expected is PushResult.TIMEOUT and got is PushResult.SUCCESS and free <= 0:
            return ("PSH-2", "PSH-4")
        return ("PSH-5",) if expected is PushResult.TIMEOUT and free > 0 else ("PSH-4",)
    closed = PushResult.CHANNEL_CLOSED
    return ("PSH-1", "SHD-3") if got is closed is not expected and "shutdown" in context.before else ("PSH-1",)


def _of_batch_push(expected: Any, got: Any, free: int, context: Context) -> Rules:
    if type(got) is not int or type(expected) is not int:
        return ("PSH-6",)
    if got > free or got + 1 == expected == free:
        return ("PSH-2",) if got == free + 1 or got < free else ("PSH-2", "PSH-6")
    return (*of_no_room(False, context), "PSH-6") if got == 0 and "reserve" in context.before else ("PSH-6", "PSH-2")


def of_no_room(last: bool, context: Context) -> Rules:
    """No slot where the model has one: it is the last one, or a reservation is in the way that should be gone."""
    if not last:
        for kind, rule in (("rollback", "RSV-5"), ("commit", "RSV-4"), ("move", "RSV-6")):
            if kind in context.before:
                return (rule, "PSH-2")
    popped = any(kind in context.before for kind in POPS)
    return ("PSH-2", "POP-3") if popped else ("PSH-2",)


def _waits(got: Any) -> bool:
    return is_error(got, "hangs") or is_error(got, "WouldBlockForever")


def of_pop(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result of a pop may break."""
    wanted, found = answer(expected), answer(got)
    own = {"batch_pop": "POP-5", "blocking_pop": "POP-4"}.get(kind, "POP-1")
    closed = found is PopResult.CHANNEL_CLOSED or is_error(found, "ChannelClosedError") or found == []
    if closed and (wanted is PopResult.SUCCESS or is_error(wanted, "BufferError") or isinstance(wanted, (list, bytes))):
        return ("POP-1", own, "CON-4")
    if is_error(wanted, "BufferError") or is_error(found, "BufferError"):
        return ("MSG-3", own)
    if refused(found) and kind in ("blocking_pop", "batch_pop"):
        return ("ARG-2", own)
    if PopResult.SUCCESS in (wanted, found) and wanted is not found:
        return (own, "POP-1")
    if wanted is found and wanted is PopResult.SUCCESS:
        if isinstance(expected[1], list) and isinstance(got[1], list) and len(expected[1]) != len(got[1]):
            limited = context.receiver is not None and context.receiver.channel.exported
            return ("MSG-3", "POP-5") if limited else ("POP-5",)
        contents = str(got[1])
        if "MessageExpiredError" in contents:
            return ("MSG-1",)
        return ("POP-2", "PSH-3", "RSV-3", "ARG-1")
    return (own, "ARG-2") if (wanted, found) == (PopResult.TIMEOUT, PopResult.EMPTY) and kind == "batch_pop" else (own,)
