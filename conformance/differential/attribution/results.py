"""From what an operation gave, and should have given, to the rules that this may break, the likeliest first."""

from __future__ import annotations

from typing import Any

from conformance.differential.attribution.answers import POPS, PUSHES, Rules, answer, is_error, refused
from conformance.differential.attribution.context import Context
from conformance.differential.attribution.transfers import of_no_room, of_pop, of_push
from conformance.differential.outcome import Raised, Thing
from conformance.differential.program import Operation
from spec_model.vocabulary import ChannelError, PushResult


def of_result(operation: Operation, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result may break; none where it names none by itself."""
    kind, receiver = operation.kind, context.receiver
    wanted, found = answer(expected), answer(got)
    if type(wanted).__name__ == type(found).__name__ and type(wanted) is not type(found):
        return ("VOC-5",)
    if is_error(expected, "MessageExpiredError"):
        return ("MSG-2",)
    if isinstance(expected, Thing) and expected.what == "memoryview":
        return _of_view(expected, got)
    if refused(expected):
        refusal = _of_refusal(kind, expected)
        if refusal:
            return refusal
    rules = _of_kind(kind, expected, got, context)
    if receiver is None:
        return rules
    if receiver.inactive:
        sharper = kind == "close" or PushResult.INVALID_SIZE in (wanted, found)
        return (*rules, "LIF-4") if sharper else ("LIF-4", *rules)
    exported = is_error(expected, "BufferError") or is_error(got, "BufferError")
    if receiver.shut and wanted is not found and not exported and PushResult.INVALID_SIZE not in (wanted, found):
        return ("SHD-1", *rules)
    return (*rules, "LIF-2") if receiver.alone else rules


def _of_view(expected: Thing, got: Any) -> Rules:
    content, readonly = expected.content
    if not readonly:
        return ("RSV-2",)
    overwritten = isinstance(got, Thing) and got.what == "memoryview" and got.content[1] and got.content[0] != content
    return ("MSG-3", "MSG-4") if overwritten else ("MSG-4",)


def _of_kind(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    if kind in PUSHES:
        return of_push(kind, expected, got, context)
    if kind in POPS:
        return of_pop(kind, expected, got, context)
    if kind == "request_channel":
        return _of_request(answer(expected), answer(got), context)
    if kind == "reserve":
        return _of_reserve(expected, got, context)
    if kind == "commit":
        return _of_commit(expected, got, context)
    return {
        "rollback": ("RSV-7",) if is_error(expected, "BufferError") or is_error(got, "BufferError") else ("RSV-5",),
        "remove_channel": ("BRK-9",),
        "has_channel": ("BRK-10", "BRK-7"),
        "shutdown": ("SHD-2",),
        "move": ("LIF-3",),
        "assign": ("LIF-6",),
        "copy": ("LIF-7",),
        "deepcopy": ("LIF-7",),
        "dumps": ("LIF-7",),
        "close": ("MSG-3", "LIF-1") if is_error(got, "BufferError") else ("LIF-1",),
        "with": ("LIF-1",),
        "del": ("LIF-1",),
        "write": ("RSV-2",),
        "len": ("MSG-4",),
        "bytes": ("MSG-4",),
    }.get(kind, ())


def _of_refusal(kind: str, expected: Raised) -> Rules:
    """Rules by which an argument is refused that the target took, or refused otherwise."""
    if kind in PUSHES:
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


def _of_reserve(expected: Any, got: Any, context: Context) -> Rules:
    if expected is not None and isinstance(got, Thing):
        return ("RSV-2",)
    if refused(got):
        return ("ARG-3", "RSV-1")
    if got is None and context.receiver is not None:
        return (*of_no_room(context.receiver.waiting + 1 == context.receiver.capacity, context), "RSV-1")
    return ("RSV-1",)


def _of_commit(expected: Any, got: Any, context: Context) -> Rules:
    if is_error(expected, "BufferError") or (is_error(got, "BufferError") and expected is not False):
        return ("RSV-7",)
    if is_error(got, "BufferError"):
        return ("RSV-4", "RSV-7")  # a size out of range goes first
    if refused(got):
        return ("ARG-3", "RSV-4")
    if expected is True and "move" in context.before:
        return ("RSV-6", "RSV-4", "RSV-3", "LIF-3")
    return ("RSV-4", "RSV-3")


def _of_request(wanted: Any, found: Any, context: Context) -> Rules:
    if isinstance(found, Raised):
        return ("BRK-5",) if found.error == "MemoryError" else ("BRK-7",) if refused(found) else ("BRK-2",)
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
