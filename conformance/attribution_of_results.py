"""From what an operation gave, and should have given, to the rules that this may break, the likeliest first."""

from __future__ import annotations

from typing import Any

from conformance.context import Context
from conformance.outcome import Raised, Thing
from conformance.program import Operation
from spec_model.vocabulary import ChannelError, PopResult, PushResult

Rules = tuple[str, ...]

_PUSHES = ("try_push", "blocking_push", "batch_push", "send")
_POPS = ("try_pop", "blocking_pop", "batch_pop", "receive", "list", "next")
_REFUSALS = ("TypeError", "ValueError", "BufferError", "OverflowError")


def of_result(operation: Operation, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result may break; none where it names none by itself."""
    kind, receiver = operation.kind, context.receiver
    wanted, found = _answer(expected), _answer(got)
    if type(wanted).__name__ == type(found).__name__ and type(wanted) is not type(found):
        return ("VOC-5",)
    if _is(expected, "MessageExpiredError"):
        return ("MSG-2",)
    if isinstance(expected, Thing) and expected.what == "memoryview":
        return _of_view(expected, got)
    if _refused(expected):
        refusal = _of_refusal(kind, expected)
        if refusal:
            return refusal
    rules = _of_kind(kind, expected, got, context)
    if receiver is None:
        return rules
    if receiver.inactive:
        sharper = kind == "close" or PushResult.INVALID_SIZE in (wanted, found)
        return (*rules, "LIF-4") if sharper else ("LIF-4", *rules)
    exported = _is(expected, "BufferError") or _is(got, "BufferError")
    if receiver.shut and wanted is not found and not exported and PushResult.INVALID_SIZE not in (wanted, found):
        return ("SHD-1", *rules)
    return (*rules, "LIF-2") if receiver.alone else rules


def _of_view(expected: Thing, got: Any) -> Rules:
    content, readonly = expected.content
    if not readonly:
        return ("RSV-2",)
    overwritten = isinstance(got, Thing) and got.what == "memoryview" and got.content[1] and got.content[0] != content
    return ("MSG-3", "MSG-4") if overwritten else ("MSG-4",)


def _answer(outcome: Any) -> Any:
    """The result code of an outcome that has one, else the outcome."""
    return (
        outcome[0] if isinstance(outcome, tuple) and outcome and not isinstance(outcome, (Raised, Thing)) else outcome
    )


def _of_kind(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    if kind in _PUSHES:
        return _of_push(kind, expected, got, context)
    if kind in _POPS:
        return _of_pop(kind, expected, got, context)
    if kind == "request_channel":
        return _of_request(_answer(expected), _answer(got), context)
    if kind == "reserve":
        return _of_reserve(expected, got, context)
    if kind == "commit":
        return _of_commit(expected, got, context)
    return {
        "rollback": ("RSV-7",) if _is(expected, "BufferError") or _is(got, "BufferError") else ("RSV-5",),
        "remove_channel": ("BRK-9",),
        "has_channel": ("BRK-10", "BRK-7"),
        "shutdown": ("SHD-2",),
        "move": ("LIF-3",),
        "assign": ("LIF-6",),
        "copy": ("LIF-7",),
        "deepcopy": ("LIF-7",),
        "dumps": ("LIF-7",),
        "close": ("MSG-3", "LIF-1") if _is(got, "BufferError") else ("LIF-1",),
        "with": ("LIF-1",),
        "del": ("LIF-1",),
        "write": ("RSV-2",),
        "len": ("MSG-4",),
        "bytes": ("MSG-4",),
    }.get(kind, ())


def _is(outcome: Any, error: str) -> bool:
    return isinstance(outcome, Raised) and outcome.error == error


def _refused(outcome: Any) -> bool:
    return isinstance(outcome, Raised) and outcome.error in _REFUSALS


def _of_refusal(kind: str, expected: Raised) -> Rules:
    """Rules by which an argument is refused that the target took, or refused otherwise."""
    if kind in _PUSHES:
        argument = "ARG-2" if expected.error == "ValueError" else "ARG-1"
        return ("ARG-1", "PSH-6") if kind == "batch_push" else (argument, "ARG-2")
    if expected.error == "BufferError":
        return ()
    return {
        "MailboxBroker": ("ARG-3",),
        "broker": ("ARG-3",),
        "try_pop": ("ARG-2",),
        "blocking_pop": ("ARG-2",),
        "batch_pop": ("ARG-3", "ARG-2"),
        "reserve": ("ARG-3",),
        "commit": ("ARG-3",),
        "shutdown": ("ARG-2",),
    }.get(kind, ())


def _of_push(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    free = 0 if context.receiver is None else context.receiver.capacity - context.receiver.waiting
    if PushResult.INVALID_SIZE in (expected, got):
        return ("PSH-1", "PSH-4")
    if _refused(got) and not isinstance(expected, Raised):
        return ("ARG-2", "ARG-1") if kind in ("blocking_push", "send") else ("ARG-1",)
    if expected is PushResult.SUCCESS and (got in (PushResult.QUEUE_FULL, PushResult.TIMEOUT) or _waits(got)):
        return _of_no_room(free == 1, context)
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
    return (*_of_no_room(False, context), "PSH-6") if got == 0 and "reserve" in context.before else ("PSH-6", "PSH-2")


def _of_no_room(last: bool, context: Context) -> Rules:
    """No slot where the model has one: it is the last one, or a reservation is in the way that should be gone."""
    if not last:
        for kind, rule in (("rollback", "RSV-5"), ("commit", "RSV-4"), ("move", "RSV-6")):
            if kind in context.before:
                return (rule, "PSH-2")
    popped = any(kind in context.before for kind in _POPS)
    return ("PSH-2", "POP-3") if popped else ("PSH-2",)


def _waits(got: Any) -> bool:
    return _is(got, "hangs") or _is(got, "WouldBlockForever")


def _of_pop(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    wanted, found = _answer(expected), _answer(got)
    own = {"batch_pop": "POP-5", "blocking_pop": "POP-4"}.get(kind, "POP-1")
    closed = found is PopResult.CHANNEL_CLOSED or _is(found, "ChannelClosedError") or found == []
    if closed and (wanted is PopResult.SUCCESS or _is(wanted, "BufferError") or isinstance(wanted, (list, bytes))):
        return ("POP-1", own, "CON-4")
    if _is(wanted, "BufferError") or _is(found, "BufferError"):
        return ("MSG-3", own)
    if _refused(found) and kind in ("blocking_pop", "batch_pop"):
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


def _of_reserve(expected: Any, got: Any, context: Context) -> Rules:
    if expected is not None and isinstance(got, Thing):
        return ("RSV-2",)
    if _refused(got):
        return ("ARG-3", "RSV-1")
    if got is None and context.receiver is not None:
        return (*_of_no_room(context.receiver.waiting + 1 == context.receiver.capacity, context), "RSV-1")
    return ("RSV-1",)


def _of_commit(expected: Any, got: Any, context: Context) -> Rules:
    if _is(expected, "BufferError") or (_is(got, "BufferError") and expected is not False):
        return ("RSV-7",)
    if _is(got, "BufferError"):
        return ("RSV-4", "RSV-7")  # a size out of range goes first
    if _refused(got):
        return ("ARG-3", "RSV-4")
    if expected is True and "move" in context.before:
        return ("RSV-6", "RSV-4", "RSV-3", "LIF-3")
    return ("RSV-4", "RSV-3")


def _of_request(wanted: Any, found: Any, context: Context) -> Rules:
    if isinstance(found, Raised):
        return ("BRK-5",) if found.error == "MemoryError" else ("BRK-7",) if _refused(found) else ("BRK-2",)
    later = ("SHD-3",) if wanted is ChannelError.SUCCESS and "shutdown" in context.before else ()
    if ChannelError.NAME_EXISTS in (wanted, found) and ChannelError.SUCCESS in (wanted, found):
        if wanted is ChannelError.NAME_EXISTS:
            return ("BRK-3",)
        return ("BRK-8", *later) if context.requested else ("BRK-7", "BRK-3", *later)
    if ChannelError.SUCCESS not in (wanted, found):
        return ("BRK-6",)
    if ChannelError.INVALID_CONFIG in (wanted, found):
        return (*later, "BRK-4", "BRK-7")
    return ("BRK-5", *later) if ChannelError.ALLOCATION_FAILED in (wanted, found) else ("BRK-2",)
