"""The state of the model after a step as values to be drawn: every broker and channel that its variables reach.

All is read from the immutable values behind the handles (Registry and Channel of the model) and from the variables of
the steps. Reading takes nothing and expires nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import spec_model
from spec_model.channel.lifecycle import is_abandoned
from spec_model.channel.popping import is_readable
from spec_model.channel.value import Channel, Side
from spec_model.handles.endpoint import DETACHED
from spec_model.handles.reservation import _is_released
from spec_model.words import PEER

Values = dict[str, Any]
SHOWN = 24
"""Bytes of a message that are shown."""


def expressions(names: Mapping[str, Any], kind: type) -> Iterator[tuple[str, Any]]:
    """The objects of a type among variables, in lists and in pairs, each with the first expression that gives it."""
    seen: set[int] = set()
    single = [(name, value) for name, value in names.items() if not isinstance(value, (list, spec_model.ChannelPair))]
    listed = [
        (f"{name}[{number}]", each)
        for name, value in names.items()
        if isinstance(value, list)
        for number, each in enumerate(value)
    ]
    pairs = [(name, value) for name, value in names.items() if isinstance(value, spec_model.ChannelPair)]
    paired = [(f"{name}.{side}", getattr(pair, side)) for name, pair in pairs for side in ("producer", "consumer")]
    for name, value in [*single, *listed, *paired]:
        if isinstance(value, kind) and id(value) not in seen:
            seen.add(id(value))
            yield name, value


def shown(data: bytes) -> str:
    """Bytes as Python writes them, cut where there are many."""
    return repr(data) if len(data) <= SHOWN else f"{data[:SHOWN]!r}... ({len(data)} bytes)"


def snapshot(names: Mapping[str, Any]) -> Values:
    """Brokers, channels, and what can be called."""
    brokers = list(expressions(names, spec_model.MailboxBroker))
    handles = [
        *expressions(names, spec_model.ProducerHandle),
        *expressions(names, spec_model.ConsumerHandle),
    ]
    channels: dict[str, Values] = {}
    for expression, broker in brokers:
        for name, channel in broker._store.registry.channels:
            channels[f"{expression}: {name}"] = _channel(names, expression, name, channel, broker._store, handles)
    for _, handle in handles:
        endpoint = handle._endpoint
        owner = next((name for name, broker in brokers if broker._store is endpoint._store), "")
        last = endpoint._final
        gone = last is not None and is_abandoned(last) and Side.MOVED not in (last.producer, last.consumer)
        if gone and f"{owner}: {endpoint.name}" not in channels:
            found = _channel(names, owner, endpoint.name, last, endpoint._store, handles)
            channels[f"{owner}: {endpoint.name}"] = {**found, "registered": False}
    return {
        "brokers": [_broker(expression, broker) for expression, broker in brokers],
        "channels": list(channels.values()),
        "choices": {
            "producer": [[name, _standing(each)] for name, each in expressions(names, spec_model.ProducerHandle)],
            "consumer": [[name, _standing(each)] for name, each in expressions(names, spec_model.ConsumerHandle)],
            "broker": [[name, ""] for name, _ in brokers],
            "message": [[name, _state_of(each)] for name, each in expressions(names, spec_model.Message)],
            "view": [[name, "released" if _is_released(each) else ""] for name, each in expressions(names, memoryview)],
            "reservation": [[name, ""] for name, _ in expressions(names, spec_model.Reservation)],
            "token": [
                [name, "" if value in DETACHED else "used"] for name, value in names.items() if type(value) is int
            ],
        },
    }


def _broker(expression: str, broker: Any) -> Values:
    registry = broker._store.registry
    stats = broker.get_stats()
    figures = {
        "registered names": ", ".join(repr(name) for name, _ in registry.channels) or "none",
        "memory": f"{registry.memory:,} of {registry.memory_limit:,} bytes" if registry.memory_limit is not None
        else f"{registry.memory:,} bytes, no limit",
        "channels created": str(stats.total_channels_created),
        "messages sent": str(stats.total_messages_sent),
        "bytes sent": str(stats.total_bytes_transferred),
    }  # fmt: skip
    return {"key": expression, "figures": figures}


def _standing(handle: Any) -> str:
    """How a handle stands, in the words of its repr."""
    standing: str = handle._handle_state().value
    return standing.format(peer=PEER[handle._kind])


def _state_of(message: Any) -> str:
    return "readable" if is_readable(message._endpoint.channel, message._number) else "expired"


def _channel(
    names: Mapping[str, Any], broker: str, name: str, channel: Channel, store: Any, handles: list[tuple[str, Any]]
) -> Values:
    mine = [(each, handle) for each, handle in handles if handle._endpoint._store is store and handle.name == name]
    sides: dict[str, list[list[str]]] = {"producer": [], "consumer": []}
    for expression, handle in mine:
        sides[handle._kind].append([expression, _standing(handle)])
    endpoints = [handle._endpoint for _, handle in mine]
    popped, waiting = channel.received.messages_received, channel.waiting
    messages = _messages(names, endpoints)
    views = _views(names, endpoints)
    held = [
        {"number": number, **messages.get(number, {"text": "", "variable": ""}), "views": views.get(number, [])}
        for number in range(popped - channel.held, popped)
    ]
    earlier = [
        {"number": number, **messages.get(number, {"text": "", "variable": ""}), "views": views.get(number, [])}
        for number in channel.exported
        if number < popped - channel.held
    ]
    sent, received = channel.sent, channel.received
    figures = {
        "waiting": f"{len(waiting)} of {channel.config.capacity}",
        "held": _numbers(each["number"] for each in held),
        "live exports": _numbers(iter(channel.exported)),
        "reservation": "outstanding" if channel.reserved else "none",
        "producer": channel.producer.value,
        "consumer": channel.consumer.value,
        "shut down": "yes" if channel.shut else "no",
        "sent": _counted(sent.messages_sent, sent.bytes_sent),
        "failed pushes": str(sent.failed_pushes),
        "received": _counted(received.messages_received, received.bytes_received),
        "failed pops": str(received.failed_pops),
    }
    return {
        "key": f"{broker}: {name}" if broker else name,
        "name": name,
        "broker": broker,
        "registered": True,
        "capacity": channel.config.capacity,
        "size": channel.config.max_message_size,
        "waiting": [{"number": popped + place, "text": shown(data)} for place, data in enumerate(waiting)],
        "held": held,
        "earlier": earlier,
        "reserved": _reservation(names, endpoints) if channel.reserved else None,
        "sides": sides,
        "figures": figures,
    }


def _numbers(numbers: Iterator[int]) -> str:
    text = ", ".join(map(str, numbers))
    return f"message {text}" if text else "none"


def _messages(names: Mapping[str, Any], endpoints: list[Any]) -> dict[int, Values]:
    return {
        message._number: {"text": shown(message._data), "variable": expression}
        for expression, message in expressions(names, spec_model.Message)
        if message._endpoint in endpoints
    }


def _views(names: Mapping[str, Any], endpoints: list[Any]) -> dict[int, list[str]]:
    """The variables that hold a view of each message; "" for one that no variable holds."""
    views: dict[int, list[str]] = {}
    held = [(name, view.obj) for name, view in expressions(names, memoryview) if not _is_released(view)]
    for endpoint in endpoints:
        for number, reference in getattr(endpoint.resources, "_exporters", {}).items():
            exporter = reference()
            if exporter is not None:
                views[number] = [name for name, each in held if each is exporter] or [""]
    return views


def _reservation(names: Mapping[str, Any], endpoints: list[Any]) -> Values:
    for endpoint in endpoints:
        if isinstance(endpoint.resources, spec_model.Reservation):
            data = endpoint.resources._read().rstrip(b"\0")
            found = next(
                (n for n, each in expressions(names, spec_model.Reservation) if each is endpoint.resources), ""
            )
            exporter = endpoint.resources._exporter()
            views = [
                name for name, view in expressions(names, memoryview) if not _is_released(view) and view.obj is exporter
            ]
            return {"variable": found, "text": shown(data), "views": views}
    return {"variable": "", "text": "", "views": []}


def _counted(messages: int, size: int) -> str:
    return f"{messages} message{'' if messages == 1 else 's'}, {size} byte{'' if size == 1 else 's'}"


def changes(before: Values | None, after: Values) -> list[Values]:
    """What differs, figure by figure: of which broker or channel, which figure, and both texts."""
    found: list[Values] = []
    for kind in ("channels", "brokers"):
        old = {each["key"]: each for each in (before or {}).get(kind, [])}
        new = {each["key"]: each for each in after[kind]}
        for key, each in new.items():
            known = old.get(key, {}).get("figures", {})
            for figure, text in each["figures"].items():
                if key not in old:
                    continue
                if known.get(figure) != text:
                    found.append({"of": key, "figure": figure, "before": known.get(figure, ""), "after": text})
            if key not in old:
                found.append({"of": key, "figure": "", "before": "", "after": "new"})
            elif old[key].get("registered") != each.get("registered"):
                found.append({"of": key, "figure": "registered", "before": "yes", "after": "no"})
        found += [{"of": key, "figure": "", "before": "", "after": "gone"} for key in old if key not in new]
    return found
