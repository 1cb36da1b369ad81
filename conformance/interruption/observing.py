"""Everything that can be seen of a channel after an interrupted call, in a form in which two runs can be compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

from conformance.differential.observe import canonical, raised, read, region
from conformance.interruption.catalogue import CAPACITY, OPENING, STATES
from spec_model.errors import WouldBlockForever

Names = dict[str, Any]
Record = dict[str, str]
"""What was seen, by what it is of; values as text, which tells 1 from True."""


SHORT = 0.001
"""Seconds that a call waits in vain where an intruder has taken what it would have got."""


@lru_cache(maxsize=1024)
def compiled(text: str, mode: str = "eval") -> CodeType:
    """A text of the catalogue."""
    return compile(text, f"<{text}>", mode)


def opened(omni: Any, state: str, seconds: float | None) -> Names:
    """The variables of a run, on a new channel in a state; a blocked call waits for `seconds` seconds."""
    if not state.startswith("blocked"):
        seconds = SHORT
    names: Names = {"omni": omni, "b": omni.MailboxBroker(), "views": [], "T": seconds}
    names.update(_helpers(omni, names))
    pair = eval(compiled(OPENING), names)
    names["p"], names["c"] = names["p0"], names["c0"] = pair
    exec(compiled(STATES[state], "exec"), names)
    return names


def _helpers(omni: Any, names: Names) -> dict[str, Any]:
    """The functions that the texts call, over the variables of one run."""

    def move(side: str) -> None:
        names[side] = names[side].move()

    def reserve() -> Any:
        granted = names["p"].reserve(3)
        if granted is not None:
            names["r"] = granted
        return granted is not None

    def error_of(answer: tuple[Any, Any]) -> Any:
        error, pair = answer
        if pair is not None:
            pair.close()
        return error

    def summary(answer: tuple[Any, Any]) -> Any:
        result, messages = answer
        return result, len(messages), sorted({bytes(each) for each in messages})

    return {"take": lambda value: settled(omni, value), "move": move, "reserve": reserve, "error_of": error_of,
            "summary": summary, "CONFIG": omni.ChannelConfig(8, 64)}  # fmt: skip


def perform(names: Names, text: str, then: str = "") -> Any:
    """What a text answers, or the error that it raises, settled; WouldBlockForever passes, of the model.

    then: what is made of the answer, which is called `popped` in it.
    """
    omni = names["omni"]
    try:
        answer = eval(compiled(text), names)
        if then:
            answer = eval(compiled(then), {**names, "popped": answer})
        return settled(omni, answer)
    except WouldBlockForever:
        raise
    except Exception as error:
        return raised(omni, error)


def settled(omni: Any, value: Any) -> Any:
    """A result by its content: messages as the bytes that they have now, or the error of one that has expired."""
    if isinstance(value, tuple) and len(value) == 2 and hasattr(value[1], "offsets"):
        return value[0], _batch(omni, value[1])
    try:
        return canonical(omni, value)
    except ValueError as error:  # a view of a region that has ended
        return raised(omni, error)


def _batch(omni: Any, batch: Any) -> Any:
    try:
        data = bytes(batch.data)
    except Exception as error:
        return raised(omni, error)
    return [data[start : start + size] for start, size in zip(batch.offsets, batch.lengths, strict=True)]


_BEFORE = {
    "p0.stats": "p0.get_stats()", "c0.stats": "c0.get_stats()", "p.stats": "p.get_stats()", "c.stats": "c.get_stats()",
    "connected": "p.is_connected(), c.is_connected()", "old connected": "p0.is_connected(), c0.is_connected()",
    "capacity": "p0.capacity(), c0.capacity()", "free slots": "p.available_slots()",
    "waiting": "c.available_messages()", "registered": "b.has_channel('a'), b.has_channel('n')",
    "broker": "b.get_stats()",
}  # fmt: skip

_AFTER = {
    "rollback": "p.rollback()", "push afterwards": "p.try_push(b'after')", "reserve afterwards": "reserve()",
    "rollback afterwards": "p.rollback()",
}  # fmt: skip

_ROUND = {"filled": f"p.batch_push([b'-'] * {CAPACITY})", "emptied": f"summary(c.batch_pop({CAPACITY}))"}
"""A pin that is left makes room for fewer messages; two rounds, for the places in a ring of twice the capacity."""

_CLOSED = {
    "close": "p.close(), c.close(), p0.close(), c0.close()", "closed p": "p.get_stats(), p.available_slots()",
    "closed c": "c.get_stats(), c.available_messages()", "name": "b.has_channel('a'), b.has_channel('n')",
    "broker afterwards": "b.get_stats()", "pop of closed": "take(c.try_pop())", "push to closed": "p.try_push(b'x')",
}  # fmt: skip


def aftermath(names: Names, record: Record, freed: Callable[[], None]) -> None:
    """Look at everything, use the channel, close it, and write down what was seen.

    freed: returns when what other threads made, and this one has let go of, is freed.
    """
    omni = names["omni"]
    views = names["views"]
    record["views"] = repr(sorted(str(read(omni, view)) for view in views))
    record["message"] = repr(read(omni, names["m"]) if "m" in names else None)
    record["reservation"] = repr(region(omni, names["r"]) if names.get("r") is not None else None)
    for label, text in _BEFORE.items():
        record[label] = repr(perform(names, text))
    names.pop("e", None)
    freed()
    for label, text in _AFTER.items():
        record[label] = repr(perform(names, text))
    record["drained"] = repr(drained(names))
    record["views afterwards"] = repr(sorted(str(read(omni, view)) for view in views))
    views.clear()
    names.pop("m", None)
    names.pop("q", None)
    freed()
    for turn in range(2):
        for label, text in _ROUND.items():
            record[f"{label} {turn}"] = repr(perform(names, text))
    for label, text in _CLOSED.items():
        record[label] = repr(perform(names, text))


def drained(names: Names) -> list[Any]:
    """What every pop gives, up to the first that gives no message."""
    found: list[Any] = []
    while len(found) < 3 * CAPACITY:
        found.append(perform(names, "take(c.try_pop())"))
        if not (isinstance(found[-1], tuple) and len(found[-1]) == 2 and found[-1][1] is not None):
            break
    return found
