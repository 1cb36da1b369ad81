"""Everything that can be seen of an implementation's objects without changing them."""

from __future__ import annotations

from typing import Any, NamedTuple

from conformance.differential.outcome import raised, read, region
from conformance.differential.program import Namespace
from spec_model.config import ChannelConfig

HANDLE_QUERIES = ("is_connected", "capacity", "max_message_size", "get_config", "get_stats")
QUERIES = {
    "message": ("bytes",),
    "reservation": ("data",),
    "export": ("bytes",),
    "producer": (*HANDLE_QUERIES, "available_slots"),
    "consumer": (*HANDLE_QUERIES, "available_messages"),
    "broker": ("get_stats",),
}


class What(NamedTuple):
    """What was looked at: a query, of what kind of object, in which variable, and for which name."""

    query: str
    kind: str = ""
    variable: str = ""
    name: str | None = None

    def render(self) -> str:
        """The query as Python."""
        if self.query == "result":
            return self.variable
        if self.kind == "message":
            return f"bytes({self.variable})"
        if self.kind == "messages":
            return f"[bytes(each) for each in {self.variable}]"
        if self.kind == "export":
            return f"bytes({self.variable})"
        if self.kind == "reservation":
            return f"len({self.variable}.data)"
        return f"{self.variable}.{self.query}({'' if self.name is None else repr(self.name)})"


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
    return None


def observe(omni: Any, names: Namespace, watched: dict[str, str], asked: dict[str, set[str]]) -> list[Any]:
    """The answer to every query on every watched variable, in the order of `subjects`."""
    seen: list[Any] = []
    for variable, kind in watched.items():
        value = names[variable]
        if kind == "message":
            seen.append(read(omni, value))
        elif kind == "messages":
            seen.append([read(omni, each) for each in value])
        elif kind == "export":
            seen.append(_export(omni, value))
        elif kind == "reservation":
            seen.append(region(omni, value))
        elif kind == "broker":
            seen.append(_ask(omni, value, "get_stats"))
            for name in sorted(asked.get(variable, ())):
                seen.append(_ask(omni, value, "has_channel", name))
        else:
            for query in QUERIES[kind]:
                seen.append(_ask(omni, value, query))
    return seen


def subjects(watched: dict[str, str], asked: dict[str, set[str]]) -> list[What]:
    """What `observe` looks at, in its order."""
    result: list[What] = []
    for variable, kind in watched.items():
        result.extend(What(query, kind, variable) for query in QUERIES.get(kind, ("bytes",)))
        if kind == "broker":
            result.extend(What("has_channel", kind, variable, name) for name in sorted(asked.get(variable, ())))
    return result


def _ask(omni: Any, value: Any, query: str, *arguments: str) -> Any:
    try:
        answer = getattr(value, query)(*arguments)
        # A target may have a ChannelConfig of its own [VOC-5 is of the result codes alone].
        return ChannelConfig(answer.capacity, answer.max_message_size) if query == "get_config" else answer
    except Exception as error:
        return raised(omni, error)


def _export(omni: Any, view: memoryview) -> Any:
    try:
        return bytes(view)
    except Exception as error:
        return raised(omni, error)
