"""The operations that the page offers, by side, and the line of a step that each one makes of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Offer(NamedTuple):
    """A button: its side, what stands on it, the call with its fields in braces, and the variables for the answer.

    waits: whether it may wait, so that the other side can be played meanwhile.
    """

    side: str
    label: str
    form: str
    into: str = ""
    waits: bool = False

    @property
    def name(self) -> str:
        """By which it is pressed."""
        return f"{self.side}.{self.label}"


_BOTH = (
    ("close()", "{on}.close()", ""),
    ("move()", "{on}.move()", "{on}"),
    ("detach()", "{on}.detach()", "t"),
    ("is_connected()", "{on}.is_connected()", ""),
    ("get_config()", "{on}.get_config()", ""),
    ("get_stats()", "{on}.get_stats()", ""),
)

OFFERS = (
    Offer("producer", "try_push(data)", "{on}.try_push({data})"),
    Offer("producer", "blocking_push(data, timeout)", "{on}.blocking_push({data}, {timeout})", waits=True),
    Offer("producer", "batch_push(messages)", "{on}.batch_push({messages})"),
    Offer("producer", "send(data, timeout)", "{on}.send({data}, {timeout})", waits=True),
    Offer("producer", "send_many(messages, timeout)", "{on}.send_many({messages}, {timeout})"),
    Offer("producer", "wait(timeout)", "{on}.wait({timeout})", waits=True),
    Offer("producer", "reserve(n, timeout)", "{on}.reserve({n}, {timeout})", "r", waits=True),
    Offer("producer", "write data", "{reservation}.data.__setitem__(slice(0, len({data})), {data})"),
    Offer("producer", "view of the region", "{reservation}.data[0:4]", "v"),
    Offer("producer", "commit(n, offset)", "{on}.commit({n}, {offset})"),
    Offer("producer", "rollback()", "{on}.rollback()"),
    Offer("producer", "available_slots()", "{on}.available_slots()"),
    *(Offer("producer", label, form, into.replace("{on}", "p")) for label, form, into in _BOTH),
    Offer("consumer", "try_pop()", "{on}.try_pop()", "_, m"),
    Offer("consumer", "blocking_pop(timeout)", "{on}.blocking_pop({timeout})", "_, m", waits=True),
    Offer("consumer", "batch_pop(max_count, timeout)", "{on}.batch_pop({max_count}, {timeout})", "_, m", waits=True),
    Offer("consumer", "receive(timeout)", "{on}.receive({timeout})", waits=True),
    Offer("consumer", "receive_many(max_count, timeout)", "{on}.receive_many({max_count}, {timeout})", waits=True),
    Offer("consumer", "list(consumer)", "list({on})"),
    Offer("consumer", "wait(timeout)", "{on}.wait({timeout})", waits=True),
    Offer("consumer", "bytes(message)", "bytes({message})"),
    Offer("consumer", "view = message.data", "{message}.data", "v"),
    Offer("consumer", "bytes(view)", "bytes({view})"),
    Offer("consumer", "view.release()", "{view}.release()"),
    Offer("consumer", "available_messages()", "{on}.available_messages()"),
    *(Offer("consumer", label, form, into.replace("{on}", "c")) for label, form, into in _BOTH),
    Offer("broker", "request_channel(name, config)",
          "{on}.request_channel({name}, omni.ChannelConfig({capacity}, {max_message_size}))", "_, k"),
    Offer("broker", "open_channel(name, ...)",
          "omni.open_channel({name}, capacity={capacity}, max_message_size={max_message_size}, broker={on})", "p, c"),
    Offer("broker", "has_channel(name)", "{on}.has_channel({name})"),
    Offer("broker", "remove_channel(name)", "{on}.remove_channel({name})"),
    Offer("broker", "get_stats()", "{on}.get_stats()"),
    Offer("broker", "channels()", "{on}.channels()"),
    Offer("broker", "shutdown(timeout)", "{on}.shutdown({timeout})", waits=True),
    Offer("broker", "attach(token)", "omni.attach({token})", "h"),
    Offer("broker", "close_detached(token)", "omni.close_detached({token})"),
    Offer("broker", "MailboxBroker(memory_limit)", "omni.MailboxBroker(memory_limit={memory_limit})", "b"),
)  # fmt: skip
"""FlatBuffers are not among them: building and reading one needs a package that the page does not have."""

FIELDS: dict[str, list[str]] = {
    "data": ["b'a'", "b''", "b'x' * 64", "b'x' * 65", "'text'", "bytearray(b'abc')"],
    "messages": ["[b'a', b'b', b'c']", "[b'x'] * 9", "[b'a', b'', b'c']", "[b'a', 'text']", "[]"],
    "timeout": ["1", "0", "None", "0.25", "-1", "'soon'"],
    "n": ["4", "0", "64", "65", "-1", "'four'"],
    "offset": ["0", "1", "63", "64"],
    "max_count": ["2", "0", "1", "8", "-1"],
    "name": ["'b'", "'a'", "''", "b'bytes'"],
    "capacity": ["8", "0", "1000", "-1"],
    "max_message_size": ["64", "1", "4096", "'large'"],
    "memory_limit": ["None", "1024", "512", "-1"],
}
"""Fields that hold an expression of Python: what stands there first, and what else is worth trying."""

CHOSEN = ("on", "message", "view", "reservation", "token")
"""Fields that hold one of the objects there are."""

_BY_NAME = {each.name: each for each in OFFERS}


def result_variables(offer: str, names: Mapping[str, Any]) -> list[str]:
    """Variables for the answer of an offer, not used before; `_` is used again."""
    found: list[str] = []
    for variable in filter(None, _BY_NAME[offer].into.split(", ") if offer in _BY_NAME else []):
        count, fresh = 1, variable
        while fresh != "_" and fresh in names:
            count += 1
            fresh = f"{variable}{count}"
        found.append(fresh)
    return found


def line_of(offer: str, given: Mapping[str, str], into: list[str]) -> str:
    """The line of a step; ValueError names a field that is empty, or that would be more than one line."""
    if offer not in _BY_NAME:
        raise ValueError(f"there is no operation {offer!r}")
    found = _BY_NAME[offer]
    values = {name: str(value).strip() for name, value in given.items()}
    wanted = [name for name in (*CHOSEN, *FIELDS) if f"{{{name}}}" in found.form]
    for name in wanted:
        if not values.get(name):
            raise ValueError(f"{found.label} needs {'something to be called on' if name == 'on' else f'a {name}'}")
        if "\n" in values[name]:
            raise ValueError(f"{name} must be one line")
    line = found.form.format(**{name: values[name] for name in wanted})
    line = f"{', '.join(into)} = {line}" if into else line
    return f"& {line}" if found.waits else line
