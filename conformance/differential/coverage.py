"""Operation x result coverage: every pair that the rules allow, and how often a run reached it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

_PUSH = "SUCCESS CHANNEL_CLOSED INVALID_SIZE"
_RESULTS = {
    "request_channel": "SUCCESS NAME_EXISTS INVALID_CONFIG ALLOCATION_FAILED TypeError",
    "has_channel": "True False TypeError",
    "remove_channel": "False TypeError",
    "shutdown": "True False TypeError ValueError",
    "try_push": f"{_PUSH} QUEUE_FULL TypeError BufferError",
    "blocking_push": f"{_PUSH} TIMEOUT TypeError ValueError BufferError",
    "batch_push": "0 some TypeError BufferError",
    "reserve": "granted None TypeError ValueError",
    "wait": "SUCCESS TIMEOUT CHANNEL_CLOSED TypeError ValueError",
    "write": "None ValueError",
    "commit": "True False BufferError TypeError ValueError",
    "rollback": "None BufferError",
    "try_pop": "SUCCESS EMPTY CHANNEL_CLOSED BufferError",
    "blocking_pop": "SUCCESS TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "batch_pop": "SUCCESS EMPTY TIMEOUT CHANNEL_CLOSED BufferError TypeError ValueError",
    "export": "memoryview some MessageExpiredError",
    "region": "memoryview ValueError",
    "release": "None",
    "move": "ProducerHandle ConsumerHandle",
    "close": "None",
    "del": "None",
    "assign": "None TypeError",
    "send": "None TimeoutError ChannelClosedError ValueError TypeError BufferError",
    "receive": "bytes TimeoutError ChannelClosedError BufferError",
    "list": "[] some BufferError",
    "send_many": "None TimeoutError ChannelClosedError ValueError TypeError BufferError",
    "receive_many": "[] some TimeoutError ChannelClosedError BufferError TypeError ValueError",
    "tobytes": "bytes MessageExpiredError",
    "build": "None TimeoutError ChannelClosedError ValueError RuntimeError TypeError",
    "copy": "TypeError",
    "broker": "MailboxBroker TypeError ValueError",
    "open_channel": "ChannelPair ChannelNameError MemoryError ValueError TypeError",
    "unpack": "ChannelPair",
}

ALLOWED = {kind: tuple(results.split()) for kind, results in _RESULTS.items()}
"""For each operation, the results that some state and some arguments give."""


_OF_FEATURE = {
    "conveniences": ("send", "receive", "list", "send_many", "receive_many", "tobytes", "open_channel"),
    "waiting": ("wait", "build"),
    "flatbuffers": ("build",),
}
"""Operations that only a target with a feature has."""

_MEMORY_LIMIT = (("request_channel", "ALLOCATION_FAILED"), ("broker", "TypeError"), ("broker", "ValueError"))


def allowed(lacking: Collection[str] = ()) -> list[tuple[str, str]]:
    """Every pair that the rules allow a target that lacks these features."""
    pairs = [(kind, result) for kind, results in ALLOWED.items() for result in results]
    for feature, kinds in _OF_FEATURE.items():
        if feature in lacking:
            pairs = [pair for pair in pairs if pair[0] not in kinds]
    if "memory-limit" in lacking:
        pairs = [pair for pair in pairs if pair not in _MEMORY_LIMIT and pair[1] != "MemoryError"]
    return pairs


def unreached(coverage: Counter[tuple[str, str]], lacking: Collection[str] = ()) -> list[tuple[str, str]]:
    """Pairs that the rules allow and the run never reached."""
    return [pair for pair in allowed(lacking) if not coverage[pair]]


def unlisted(coverage: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs that the run reached and the rules do not allow."""
    return [(kind, result) for kind, result in sorted(coverage) if result not in ALLOWED.get(kind, ())]
