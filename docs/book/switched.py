"""The core with every weakening in it, explored with one of them; and what its steps and failures are called."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.client import Client, Operation, library, run, sources
from conformance.exploration.clients.weaken import SWITCH, switched
from conformance.exploration.result import Execution, source_lines, worded
from spec_model.vocabulary import PopResult, PushResult

BOUND = 100_000
"""Executions of a client with one weakening: more than any has."""

_OF_GUARD = ("state", "bias", "entries", "owner[0]", "owner[1]", "inside[0]", "inside[1]", "waiters.value")
_OF_BOTH = ("ended", *(f"guard.{name}" for name in _OF_GUARD))
_OF_RING = ("write_index", "read_index", "released_index", "bytes_sent", "bytes_received", "failed_pushes",
    "failed_pops", "producer_alive", "consumer_alive", "pool.returned")  # fmt: skip
PLACES = (
    *(f"ring.{name}" for name in _OF_RING),
    *(f"ring.{side}_waiter.flags.value" for side in ("producer", "consumer")),
    *(f"producer.{name}" for name in (*_OF_BOTH, "region", "region_pins")),
    *(f"consumer.{name}" for name in (*_OF_BOTH, "exports", "open", "opened_by")),
    "mapping_users",
    "references",
)
"""Members of a channel, to name what a step accesses."""

_MEMBER = re.compile(r"&(?:\w+->)?(ring|producer|consumer)(?:->|\.)(\w+)")


def core_with_all(folder: Path) -> Path:
    """The core with every weakening in it, and where the members of a channel are."""
    copy = switched(sources(), folder)
    offsets = ", ".join(f"offsetof(omni_channel, {name})" for name in PLACES)
    (copy / "places.c").write_text(
        f'#include <stddef.h>\n#include "channel.h"\nconst size_t core_places[] = {{{offsets}}};\n'
    )
    return copy


def every_execution(client: Client, core: Path, take: Callable[[Execution], None], weakening: int = 0) -> None:
    """Give all that there are with that weakening of `core_with_all`, from 1, or without one."""
    ctypes.c_int.in_dll(library(True, core), SWITCH).value = weakening
    result = run(
        client, asymmetric=True, core=core, allowed=outcomes(client), every_failure=True, executions=BOUND,
        ended=take,
    )  # fmt: skip
    if result.cut or "misuse" in result.failures:
        raise ValueError(f"weakening {weakening} with {client.name!r}: {result.cut} cut, {result.says or 'no failure'}")


# ---- what a step accesses, and what a failure says ----


def place_names(accesses: Iterable[tuple[str, str]], core: Path) -> dict[str, str]:
    """What to call each place, of those with what the source calls it: a member of a channel, or else that."""
    loaded = library(True, core)
    offsets = dict(zip(PLACES, (ctypes.c_size_t * len(PLACES)).in_dll(loaded, "core_places"), strict=True))
    called: dict[int, str] = {}
    for place, text in accesses:
        if place:
            called.setdefault(int(place, 16), text)
    channels = set()
    for address, text in called.items():
        member = _MEMBER.fullmatch(text)
        if member and f"{member[1]}.{member[2]}" in offsets:
            channels.add(address - offsets[f"{member[1]}.{member[2]}"])
    known: dict[int, str] = {}
    for number, channel in enumerate(sorted(channels), 1):
        which = "" if number == 1 else f" of channel {number}"
        for name, offset in offsets.items():
            known[channel + offset] = f"{name.removesuffix('.value')}{which}"
    names = {address: known[address] for address in called if address in known}
    alike: dict[str, list[int]] = {}
    for address in sorted(called.keys() - names.keys()):
        alike.setdefault(re.sub(r"^&|\.value$", "", called[address]), []).append(address)
    for text, addresses in alike.items():
        for number, address in enumerate(addresses, 1):
            names[address] = text if len(addresses) == 1 else f"{text} #{number}"
    return {hex(address): name for address, name in names.items()}


_SILENT = (
    "write_region", "unpin_region", "unclaim_producer", "unclaim_consumer", "close_producer", "close_consumer",
    "free_producer", "free_consumer", "release_producer", "release_consumer", "watch_producer", "watch_consumer",
    "abandon", "reread", "unpin", "shutdown", "free_broker", "hand", "take",
)  # fmt: skip
"""Operations that answer nothing."""
_MAY_BE_SILENT = ("held", "readable", "pin", "view")
"""Those that answer nothing where there is no message."""
_REFUSED = {255: "CONCURRENT_USE", 254: "PINNED", 252: "EXPIRED", 251: "RESERVED"}


def answers(client: Client, values: Sequence[int]) -> str:
    """An outcome in words, as far as it is plain which operation has answered what."""
    asked = [
        [(number, each) for each in thread if each.kind not in _SILENT] for number, thread in enumerate(client.threads)
    ]
    every = [each for thread in asked for each in thread]
    if len(every) != len(values) - 1:  # the last is how much memory is left
        every = [each for each in every if each[1].kind not in _MAY_BE_SILENT]
    if len(every) != len(values) - 1:
        return "the calls answer " + ", ".join(map(str, values[:-1]))
    return "; ".join(
        f"thread {number}'s {operation.kind} answers {_answer(operation, value)}"
        for (number, operation), value in zip(every, values, strict=False)
    )


def _answer(operation: Operation, value: int) -> str:
    code, messages = value & 255, [value >> shift & 255 for shift in range(8, 64, 8) if value >> shift & 255]
    if operation.kind.endswith(("_push", "commit")) or operation.kind == "reserve":
        return _REFUSED.get(code) or PushResult(code).name
    if operation.kind.endswith("_pop") and operation.kind != "end_pop":
        answer = _REFUSED.get(code) or PopResult(code).name
        return f"{answer} with {' and '.join(f'message {each}' for each in messages)}" if messages else answer
    return _REFUSED.get(value, str(value))


def said(client: Client, failure: str, message: str, lines: dict[str, str]) -> str:
    """A failure's message in words."""
    if failure == "forbidden":
        values = [int(each) for each in message.partition(":")[2].split()]
        return f"no order of the calls explains this outcome: {answers(client, values)}"
    return worded(message, lines)


def code_lines(core: Path, texts: Iterable[str]) -> dict[str, str]:
    """file:line of each address of code in these."""
    return source_lines(Path(library(True, core)._name), re.findall("0x[0-9a-f]+", " ".join(set(texts))))
