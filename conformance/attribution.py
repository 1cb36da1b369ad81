"""From a difference to the rule that it breaks."""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.observation import What
from conformance.outcome import Raised
from conformance.program import Operation
from spec_model.vocabulary import ChannelError, PopResult, PushResult


class Context(NamedTuple):
    """What the model knew: of the operation's receiver before it, and of the subject of a query."""

    waiting: int = 0
    capacity: int = 0
    subject_capacity: int = 0
    subject_moved: bool = False


_PUSHES = ("try_push", "blocking_push", "batch_push", "send")
_POPS = ("try_pop", "blocking_pop", "batch_pop", "receive", "list", "next")
_REFUSALS = ("TypeError", "ValueError", "BufferError")
_ENDS = ("close", "del", "with", "move", "assign", "shutdown")
_BROKER_TOTALS = ("total_channels_created", "total_messages_sent", "total_bytes_transferred")


def attribute(operation: Operation, what: What, expected: Any, got: Any, context: Context) -> str | None:
    """The rule that a difference breaks, or None where no rule is named by the difference alone."""
    if what.query == "result":
        return _of_result(operation, expected, got, context)
    if what.query == "get_stats":
        return _of_stats(operation, what, expected, got, context)
    if what.kind in ("message", "messages"):
        return _of_message(operation, expected, got)
    if what.kind == "export":
        return "MSG-3"
    if what.kind == "reservation":
        return _of_reservation(operation, expected, got)
    if what.query == "has_channel":
        return "BRK-7" if isinstance(got, Raised) else "BRK-8" if operation.kind in _ENDS else "BRK-10"
    if what.query in ("capacity", "max_message_size", "get_config"):
        return "LIF-5" if context.subject_moved or operation.kind in _ENDS else "BRK-2"
    if what.query == "available_slots" and expected == context.subject_capacity != 0:
        return "PSH-2" if operation.kind not in ("commit", "rollback") else "RSV-5"
    if what.query in ("available_slots", "available_messages"):
        return "LIF-4" if context.subject_moved else "STA-3"
    if what.query == "is_connected":
        return "SHD-1" if operation.kind == "shutdown" else "LIF-3" if operation.kind == "move" else "LIF-2"
    return None


def _of_result(operation: Operation, expected: Any, got: Any, context: Context) -> str | None:
    kind = operation.kind
    wanted = expected[0] if isinstance(expected, tuple) and expected and not isinstance(expected, Raised) else expected
    found = got[0] if isinstance(got, tuple) and got and not isinstance(got, Raised) else got
    if type(wanted).__name__ == type(found).__name__ and type(wanted) is not type(found):
        return "VOC-5"
    if isinstance(expected, Raised) and expected.error in _REFUSALS and kind not in ("commit", "rollback"):
        refusal = _of_refusal(kind, expected)
        if refusal:
            return refusal
    if kind in _PUSHES:
        return _of_push(kind, wanted, found, context)
    if kind in _POPS:
        if kind == "batch_pop" and wanted is found is PopResult.SUCCESS and _as_many(expected, got):
            return "POP-2"
        return _of_pop(kind, wanted, found)
    if kind == "request_channel":
        return _of_request(wanted, found)
    return {
        "reserve": "PSH-2" if got is None and 0 < context.capacity == context.waiting + 1 else "RSV-1",
        "commit": "RSV-7" if _is(expected, "BufferError") else "RSV-4",
        "rollback": "RSV-7" if _is(expected, "BufferError") or _is(got, "BufferError") else "RSV-5",
        "remove_channel": "BRK-9",
        "has_channel": "BRK-10",
        "shutdown": "SHD-2",
        "move": "LIF-3",
        "assign": "LIF-6",
        "copy": "LIF-7",
        "deepcopy": "LIF-7",
        "dumps": "LIF-7",
        "close": "LIF-1",
        "with": "LIF-1",
        "del": "LIF-1",
        "write": "RSV-2",
    }.get(kind)


def _is(outcome: Any, error: str) -> bool:
    return isinstance(outcome, Raised) and outcome.error == error


def _of_refusal(kind: str, expected: Raised) -> str | None:
    if kind in _PUSHES:
        return "PSH-6" if kind == "batch_push" else "ARG-1" if expected.error != "ValueError" else "ARG-2"
    if kind in ("try_pop", "blocking_pop", "batch_pop"):
        if expected.error == "BufferError":
            return "MSG-3"
        return "ARG-3" if kind == "batch_pop" else "ARG-2"
    return {"reserve": "ARG-3", "shutdown": "ARG-2"}.get(kind)


def _of_push(kind: str, wanted: Any, found: Any, context: Context) -> str | None:
    full = 0 < context.capacity <= context.waiting + 1
    if PushResult.INVALID_SIZE in (wanted, found):
        return "PSH-1"
    if wanted is PushResult.SUCCESS and (found in (PushResult.QUEUE_FULL, PushResult.TIMEOUT) or _waits(found)):
        return "PSH-2"
    if wanted is PushResult.QUEUE_FULL and found is PushResult.SUCCESS:
        return "PSH-2" if context.waiting >= context.capacity else "RSV-4"
    if kind == "batch_push":
        full = full or (isinstance(wanted, int) and context.waiting + wanted == context.capacity)
        return "PSH-2" if full and wanted else "PSH-6"
    if kind == "blocking_push":
        return "PSH-5" if wanted is PushResult.TIMEOUT and context.waiting < context.capacity else "PSH-4"
    return "PSH-1"


def _waits(found: Any) -> bool:
    return _is(found, "hangs") or _is(found, "WouldBlockForever")


def _of_pop(kind: str, wanted: Any, found: Any) -> str | None:
    closed = found is PopResult.CHANNEL_CLOSED or _is(found, "ChannelClosedError") or found == []
    if closed and (wanted is PopResult.SUCCESS or _is(wanted, "BufferError") or isinstance(wanted, (list, bytes))):
        return "POP-1"
    if _is(wanted, "BufferError") or _is(found, "BufferError"):
        return "MSG-3"
    if PopResult.SUCCESS in (wanted, found) and wanted is not found:
        return "POP-1"
    if wanted is found and wanted is PopResult.SUCCESS:
        return "POP-5" if kind == "batch_pop" else "POP-2"
    return {"batch_pop": "POP-5", "blocking_pop": "POP-4", "try_pop": "POP-1"}.get(kind)


def _as_many(expected: Any, got: Any) -> bool:
    """Whether a batch has as many messages as it should, so that only their bytes are wrong."""
    return isinstance(got, tuple) and len(got) == 2 and isinstance(got[1], list) and len(got[1]) == len(expected[1])


def _of_request(wanted: Any, found: Any) -> str | None:
    if ChannelError.NAME_EXISTS in (wanted, found) and ChannelError.SUCCESS in (wanted, found):
        return "BRK-8" if wanted is ChannelError.SUCCESS else "BRK-3"
    if ChannelError.SUCCESS not in (wanted, found):
        return "BRK-6"
    if ChannelError.INVALID_CONFIG in (wanted, found):
        return "BRK-4"
    return "BRK-5" if ChannelError.ALLOCATION_FAILED in (wanted, found) else "BRK-2"


def _of_stats(operation: Operation, what: What, expected: Any, got: Any, context: Context) -> str | None:
    if isinstance(got, Raised) or len(expected) != len(got):
        return "STA-1" if what.kind == "producer" else "STA-2"
    if what.kind == "broker":
        if any(getattr(expected, total) != getattr(got, total, None) for total in _BROKER_TOTALS):
            return "BRK-11"
        return "BRK-8" if operation.kind in _ENDS else "BRK-11"
    if context.subject_moved or operation.kind in _ENDS:
        return "LIF-5"
    return "STA-1" if what.kind == "producer" else "STA-2"


def _of_message(operation: Operation, expected: Any, got: Any) -> str:
    if operation.kind == "batch_pop" and operation.args[:1] == (0,):
        return "MSG-5"
    expired = expected if not isinstance(expected, list) else next((e for e in expected if isinstance(e, Raised)), None)
    return "MSG-2" if isinstance(expired, Raised) else "MSG-1"


def _of_reservation(operation: Operation, expected: Any, got: Any) -> str:
    if isinstance(expected, Raised):
        return "RSV-6" if operation.kind != "commit" else "RSV-4"
    if isinstance(got, Raised):
        return {"commit": "RSV-4", "rollback": "RSV-7"}.get(operation.kind, "RSV-6")
    return "RSV-2"
