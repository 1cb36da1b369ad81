"""Attribution: the rules that a difference between target and model may break, the likeliest first."""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.differential.context import Context, HandleState, state_of
from conformance.differential.observe import ObjectSummary, Observable, Raised, label
from conformance.differential.program import Operation
from conformance.learned import CAPACITY, HANGS, SUSPECTED, Fact, here
from spec_model.vocabulary import ChannelError, PopResult, PushResult

Rules = tuple[str, ...]
"""Ids of rules, the likeliest first."""

_CODED_PUSHES = ("try_push", "blocking_push", "batch_push")
_CODED_POPS = ("try_pop", "blocking_pop", "batch_pop")
_PUSHES = (*_CODED_PUSHES, "send", "send_many")
_POPS = (*_CODED_POPS, "receive", "receive_many", "list", "next")
_CLOSES = ("close", "del", "with")
ENDS = (*_CLOSES, "move", "assign", "shutdown")
"""Operations after which a handle is inactive or its peer gone."""

_ARGUMENTS = (
    *_CODED_PUSHES, *_CODED_POPS, "send", "receive_many", "wait", "reserve", "commit",
    "request_channel", "has_channel", "remove_channel", "shutdown",
)  # fmt: skip
_BROKER_TOTALS = ("total_channels_created", "total_messages_sent", "total_bytes_transferred")
_REFUSALS = ("TypeError", "ValueError", "BufferError", "OverflowError")


def result_code(outcome: Any) -> Any:
    """The result code of an outcome that has one, else the outcome."""
    coded = isinstance(outcome, tuple) and outcome and not isinstance(outcome, (Raised, ObjectSummary))
    return outcome[0] if coded else outcome


def is_error(outcome: Any, error: str) -> bool:
    """Whether an operation raised this error."""
    return isinstance(outcome, Raised) and outcome.error == error


def refused(outcome: Any) -> bool:
    """Whether an operation raised an error that a refused argument may raise."""
    return isinstance(outcome, Raised) and outcome.error in _REFUSALS


class Difference(NamedTuple):
    """One observation that differs from the model; `subject` is the state of the handle observed, if it was one."""

    seen: Observable
    expected: Any
    got: Any
    subject: HandleState | None = None


class Attributed(NamedTuple):
    """A difference, the rule that it breaks, what is learned, and the likeliest of the rules that it may break."""

    difference: Difference
    rule: str
    facts: tuple[Fact, ...]
    likeliest: str


def attribute(
    operation: Operation, differences: list[Difference], context: Context, suspect: str | None = None
) -> Attributed | None:
    """The most specific difference that is not known already, and the rule that it breaks; None if all are known.

    That is `suspect` where it is among the candidates.
    """
    # A broker's totals are sums over its channels: if a handle differs too, that difference is the more specific.
    specific = [difference for difference in differences if not _of_totals_alone(difference)]
    named = [
        (difference, rules)
        for difference in [*specific, *(each for each in differences if each not in specific)]
        for rules in [candidates(operation, difference, context)]
        for likeliest in [rules[0] if rules else suspect or "CON-3"]
        if not here.knows(fact_of(operation, difference, context, likeliest), rules, suspect)
    ]
    if not named:
        return None
    suspected = [each for each in named if suspect is not None and suspect in each[1]]
    difference, rules = suspected[0] if suspected else named[0]
    likeliest = rules[0] if rules else ""
    rule = suspect or "CON-3" if suspected or not likeliest else likeliest
    facts = [fact_of(operation, each, context, rule) for each, _ in named]
    if suspected and likeliest != rule:
        facts = [fact if fact.answer else fact._replace(state=SUSPECTED) for fact in facts]
    return Attributed(difference, rule, (*facts, *_capacity(rule, difference, context)), likeliest or rule)


def fact_of(operation: Operation, difference: Difference, context: Context, rule: str) -> Fact:
    """What is known of a target that shows a difference, if it breaks the rule."""
    seen, expected, got, _ = difference
    if seen.query != "result":
        return Fact(rule, seen.query, field=seen.field, after=operation.kind)
    hung = is_error(got, HANGS)
    state = state_of(context.receiver) or operation.form
    if hung:
        return Fact(rule, operation.kind, HANGS, label(expected), after=here.check, state=state)
    return Fact(rule, operation.kind, label(got), label(expected))


def _capacity(rule: str, difference: Difference, context: Context) -> list[Fact]:
    """That one message fewer fits, where a difference shows that."""
    seen, expected, got, _ = difference
    if rule != "PSH-2" or type(expected) is not int:
        free = context.receiver.capacity - context.receiver.waiting if context.receiver is not None else 0
        last = free == 1 and expected is PushResult.SUCCESS and got in (PushResult.QUEUE_FULL, PushResult.TIMEOUT)
        return [Fact(rule, CAPACITY, "1")] if rule == "PSH-2" and last else []
    pushed = seen.query == "result" and context.receiver is not None
    free = context.receiver.capacity - context.receiver.waiting if pushed and context.receiver is not None else expected
    one = type(got) is int and got + 1 == expected == free and (pushed or seen.query == "available_slots")
    return [Fact(rule, CAPACITY, "1")] if one else []


def _of_totals_alone(difference: Difference) -> bool:
    seen, expected, got, _ = difference
    of_broker = seen.kind == "broker" and seen.query == "get_stats"
    return of_broker and expected[0] == getattr(got, "active_channels", None)


def candidates(operation: Operation, difference: Difference, context: Context) -> Rules:
    """The rules that a difference may break; none where it indicates none by itself."""
    seen, expected, got, _ = difference
    if seen.query == "result":
        return rules_of_result(operation, expected, got, context)
    return (*_of_no_effect(operation, context.outcome), *_of_observation(operation, difference, context))


def _of_no_effect(operation: Operation, outcome: Any) -> Rules:
    """Rules by which an operation with this outcome has no effect."""
    kind = operation.kind
    if isinstance(outcome, Raised):
        if outcome.error == "BufferError" and kind in _POPS:
            return ("MSG-3",)
        if outcome.error == "BufferError" and kind in ("commit", "rollback"):
            return ("RSV-7",)
        refused = outcome.error in ("TypeError", "ValueError", "BufferError") and kind in _ARGUMENTS
        other = {"batch_push": ("PSH-6",), "blocking_pop": ("POP-6",), "batch_pop": ("POP-6",)}.get(kind, ())
        return ("ARG-4", *other) if refused else ()
    error = outcome[0] if isinstance(outcome, tuple) and outcome else None
    if isinstance(error, ChannelError) and error is not ChannelError.SUCCESS:
        return {
            ChannelError.NAME_EXISTS: ("BRK-3",),
            ChannelError.INVALID_CONFIG: ("BRK-4",),
            ChannelError.ALLOCATION_FAILED: ("BRK-5",),
        }[error]
    return ()


def _of_observation(operation: Operation, difference: Difference, context: Context) -> Rules:
    seen, expected, got, subject = difference
    if operation.kind == "wait":
        return ("WAI-1",)  # it changes nothing
    if seen.query == "get_stats":
        return _of_broker_stats(operation, expected, got) if seen.kind == "broker" else _of_stats(operation, difference)
    if seen.kind in ("message", "messages"):
        return _of_message(operation, expected)
    if seen.kind in ("export", "exports"):
        ended = isinstance(expected, Raised) or operation.kind in ("commit", "rollback")
        return ("RSV-6", "RSV-7") if ended else ("MSG-3", "MSG-4")
    if seen.kind == "reservation":
        return _of_reservation(operation, expected, got)
    if seen.query == "has_channel":
        if isinstance(got, Raised):
            return ("BRK-7",)
        return ("BRK-8", "BRK-10", "LIF-1") if operation.kind in ENDS else ("BRK-10", "BRK-7")
    if seen.query in ("capacity", "max_message_size", "get_config"):
        inactive = subject is not None and subject.inactive
        return ("LIF-5",) if inactive or operation.kind in ENDS else ("BRK-2", "CFG-1", "CFG-2")
    if seen.query in ("available_slots", "available_messages"):
        return _of_available(operation, difference, context)
    if seen.query == "is_connected":
        return _of_connection(operation, difference, context)
    return ()


def _of_broker_stats(operation: Operation, expected: Any, got: Any) -> Rules:
    if any(getattr(expected, total) != getattr(got, total, None) for total in _BROKER_TOTALS):
        return ("BRK-11",)
    if operation.kind == "move":
        return ("LIF-3", "BRK-8")
    return ("BRK-8", "BRK-11", "LIF-1") if operation.kind in ENDS else ("BRK-11",)


def _of_stats(operation: Operation, difference: Difference) -> Rules:
    seen, expected, got, subject = difference
    own = "STA-1" if seen.kind == "producer" else "STA-2"
    if isinstance(got, Raised) or len(expected) != len(got):
        return (own,)
    if subject is not None and subject.inactive:
        return ("LIF-5", own, "STA-4")
    if operation.kind in ("move", "rollback"):
        return ("LIF-3" if operation.kind == "move" else "RSV-5", own)
    if operation.kind in ENDS:
        return (own, "LIF-5", "STA-4")
    if operation.kind in ("send_many", "receive_many"):
        return ("WAI-5", own)
    if operation.kind == "reserve":
        return (own, "WAI-2")
    if expected[0] == got[0] and expected[1] != got[1]:  # as many messages, of other sizes
        if operation.kind == "commit":
            return ("RSV-3", own)
        return (own, "ARG-1") if operation.kind in _CODED_PUSHES else (own,)
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
    kind, (seen, expected, _, subject) = operation.kind, difference
    if subject is not None and subject.inactive:
        return ("LIF-4",)
    if kind in ("move", "reserve", "rollback", "shutdown"):
        return ({"move": "LIF-3", "reserve": "RSV-2", "rollback": "RSV-5", "shutdown": "SHD-1"}[kind], "STA-3")
    if kind == "commit":
        return ("RSV-3" if context.outcome is True else "RSV-4", "STA-3")
    if seen.query == "available_slots":
        if kind in _POPS:
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


def rules_of_result(operation: Operation, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result may break; none where it indicates none by itself."""
    kind, receiver = operation.kind, context.receiver
    wanted, found = result_code(expected), result_code(got)
    if type(wanted).__name__ == type(found).__name__ and type(wanted) is not type(found):
        return ("VOC-5",)
    if is_error(expected, "MessageExpiredError"):
        return ("MSG-6", "MSG-2") if kind == "tobytes" else ("MSG-2",)
    if isinstance(expected, ObjectSummary) and expected.type_name == "memoryview":
        return _of_view(expected, got)
    if refused(expected):
        refusal = _of_refusal(kind, expected)
        if refusal:
            return refusal
    rules = _of_kind(kind, expected, got, context)
    if receiver is None or kind in ("wait", "repr", "name"):
        return rules
    if receiver.inactive:
        sharper = kind == "close" or PushResult.INVALID_SIZE in (wanted, found)
        return (*rules, "LIF-4") if sharper else ("LIF-4", *rules)
    exported = is_error(expected, "BufferError") or is_error(got, "BufferError")
    if receiver.shut and wanted is not found and not exported and PushResult.INVALID_SIZE not in (wanted, found):
        return ("SHD-1", *rules)
    return (*rules, "LIF-2") if receiver.alone else rules


def _of_view(expected: ObjectSummary, got: Any) -> Rules:
    content, readonly = expected.content
    if not readonly:
        return ("RSV-2",)
    shown = got.content if isinstance(got, ObjectSummary) and got.type_name == "memoryview" else None
    overwritten = shown is not None and shown[1] and shown[0] != content
    return ("MSG-3", "MSG-4") if overwritten else ("MSG-4",)


def _of_kind(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    if kind in _PUSHES:
        return _of_push(kind, expected, got, context)
    if kind in _POPS:
        return _of_pop(kind, expected, got, context)
    if kind in ("wait", "tobytes", "build", "eq", "__enter__"):
        return _of_addition(kind, expected, got)
    if kind == "request_channel":
        return _of_request(result_code(expected), result_code(got), context)
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
        "repr": ("OBS-1",),
        "name": ("OBS-1",),
        "channels": ("OBS-2",),
        "len": ("MSG-4",),
        "bytes": ("MSG-4",),
    }.get(kind, ())


def _of_addition(kind: str, expected: Any, got: Any) -> Rules:
    """The rules that a wrong result of an addition to the reference may break."""
    if kind == "wait":
        return ("ARG-2", "WAI-1") if refused(got) or refused(expected) else ("WAI-1",)
    if kind in ("tobytes", "eq"):
        return ("MSG-6",)
    return ("WAI-2", "FLB-1", "FLB-2")


def _of_refusal(kind: str, expected: Raised) -> Rules:
    """Rules by which an argument is refused that the target accepted or refused with another error."""
    if kind in _PUSHES:
        argument = "ARG-2" if expected.error == "ValueError" else "ARG-1"
        if kind == "send_many":
            return ("WAI-5", argument, "PSH-1")
        if kind == "send" and argument == "ARG-2":
            return ("PSH-1", "ARG-2")  # the size, or the timeout
        return ("ARG-1", "PSH-6") if kind == "batch_push" else (argument, "ARG-2")
    if expected.error == "BufferError":
        return ()
    return {
        "MailboxBroker": ("ARG-3",),
        "broker": ("ARG-3",),
        "try_pop": ("ARG-2",),
        "blocking_pop": ("ARG-2",),
        "batch_pop": ("ARG-3", "ARG-2"),
        "receive_many": ("WAI-5", "ARG-3", "ARG-2"),
        "wait": ("ARG-2",),
        "reserve": ("ARG-3", "ARG-2", "WAI-2"),
        "commit": ("ARG-3",),
        "shutdown": ("ARG-2",),
    }.get(kind, ())


def _of_reserve(expected: Any, got: Any, context: Context) -> Rules:
    if expected is not None and isinstance(got, ObjectSummary):
        return ("RSV-2",)
    if refused(got):
        return ("ARG-3", "RSV-1", "WAI-2")
    if _waits(got):
        return ("WAI-2", "PSH-5")
    if got is None and context.receiver is not None:
        return (*_of_no_room(context.receiver.waiting + 1 == context.receiver.capacity, context), "RSV-1")
    return ("RSV-1",)


def _of_commit(expected: Any, got: Any, context: Context) -> Rules:
    if is_error(expected, "BufferError") or (is_error(got, "BufferError") and expected is not False):
        return ("RSV-7",)
    if is_error(got, "BufferError"):
        return ("RSV-4", "RSV-7")  # a size out of range takes precedence
    if refused(got):
        return ("ARG-3", "RSV-4")
    if expected is True and "move" in context.before and "commit" not in context.before:
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


def _of_push(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result of a push may break."""
    if kind == "send_many":
        return ("WAI-5",)
    free = 0 if context.receiver is None else context.receiver.capacity - context.receiver.waiting
    if PushResult.INVALID_SIZE in (expected, got):
        return ("PSH-1", "PSH-4")
    if refused(got) and not isinstance(expected, Raised):
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
    """Full where the model has a free slot: the last one, or one still held by a reservation that has ended."""
    if not last:
        for kind, rule in (("rollback", "RSV-5"), ("commit", "RSV-4"), ("move", "RSV-6")):
            if kind in context.before:
                return (rule, "PSH-2")
    popped = any(kind in context.before for kind in _POPS)
    return ("PSH-2", "POP-3") if popped else ("PSH-2",)


def _waits(got: Any) -> bool:
    return is_error(got, "hangs") or is_error(got, "WouldBlockForever")


def _of_pop(kind: str, expected: Any, got: Any, context: Context) -> Rules:
    """The rules that a wrong result of a pop may break."""
    wanted, found = result_code(expected), result_code(got)
    own = {"batch_pop": "POP-5", "blocking_pop": "POP-4", "receive_many": "WAI-5"}.get(kind, "POP-1")
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
        copied = ("POP-2", "PSH-3", "ARG-1")
        return ("RSV-3", *copied) if "commit" in context.before else copied
    return (own, "ARG-2") if (wanted, found) == (PopResult.TIMEOUT, PopResult.EMPTY) and kind == "batch_pop" else (own,)
