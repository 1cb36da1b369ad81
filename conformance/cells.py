"""The table operation x result: every cell that the rules allow, and how often a run reached it."""

from __future__ import annotations

from collections import Counter

_PUSH = "SUCCESS CHANNEL_CLOSED INVALID_SIZE"
_CELLS = {
    "request_channel": "SUCCESS NAME_EXISTS INVALID_CONFIG ALLOCATION_FAILED TypeError",
    "has_channel": "True False TypeError",
    "remove_channel": "False TypeError",
    "shutdown": "True False TypeError ValueError",
    "try_push": f"{_PUSH} QUEUE_FULL TypeError BufferError",
    "blocking_push": f"{_PUSH} TIMEOUT TypeError ValueError BufferError",
    "batch_push": "0 some TypeError BufferError",
    "reserve": "granted None TypeError ValueError",
    "write": "None ValueError",
    "commit": "True False BufferError TypeError ValueError",
    "rollback": "None BufferError",
    "try_pop": "SUCCESS EMPTY CHANNEL_CLOSED BufferError",
    "blocking_pop": "SUCCESS TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "batch_pop": "SUCCESS EMPTY TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "export": "memoryview MessageExpiredError",
    "region": "memoryview ValueError",
    "release": "None",
    "move": "ProducerHandle ConsumerHandle",
    "close": "None",
    "del": "None",
    "assign": "None TypeError",
    "send": "None TimeoutError ChannelClosedError ValueError TypeError BufferError",
    "receive": "bytes TimeoutError ChannelClosedError BufferError",
    "list": "[] some BufferError",
    "copy": "TypeError",
    "broker": "MailboxBroker TypeError ValueError",
    "open_channel": "ChannelPair ChannelNameError MemoryError ValueError TypeError",
    "unpack": "ChannelPair",
}

ALLOWED = {kind: tuple(results.split()) for kind, results in _CELLS.items()}
"""For each operation, the results that some state and some arguments give."""


def unreached(cells: Counter[tuple[str, str]], allowed: dict[str, tuple[str, ...]] = ALLOWED) -> list[tuple[str, str]]:
    """Cells that the rules allow and the run never saw."""
    return [(kind, result) for kind, results in allowed.items() for result in results if not cells[kind, result]]


def unlisted(cells: Counter[tuple[str, str]], allowed: dict[str, tuple[str, ...]] = ALLOWED) -> list[tuple[str, str]]:
    """Cells that the run saw and the rules do not allow."""
    return [(kind, result) for kind, result in sorted(cells) if result not in allowed.get(kind, ())]


def table(cells: Counter[tuple[str, str]]) -> str:
    """The table, an operation to a line."""
    lines = []
    for kind, results in ALLOWED.items():
        entries = "  ".join(f"{result} {cells[kind, result]:,}" for result in results)
        lines.append(f"  {kind:<16} {entries}")
    return "\n".join(lines)
