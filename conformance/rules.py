"""Every rule of behaviour as data: what a conforming implementation is held to."""

from __future__ import annotations

from typing import NamedTuple

REFERENCE = "sha256:ee5d78435c4654d6a5461f8995a05e222c01e6e3e2eb784d84091c1819e41d25"
"""Of the API reference (OmniMailbox 1.0) that the catalogue was written from."""


class Rule(NamedTuple):
    """One rule: its stable id, its area, the section of the reference, what it says, and the features it needs."""

    id: str
    area: str
    section: str
    text: str
    needs: tuple[str, ...] = ()


AREAS = {
    "VOC": "vocabulary",
    "CFG": "configuration",
    "BRK": "broker",
    "SHD": "shutdown",
    "PSH": "pushing",
    "RSV": "reserving",
    "POP": "popping",
    "MSG": "messages",
    "LIF": "lifecycle",
    "STA": "statistics",
    "CON": "concurrency",
    "FLB": "FlatBuffers",
    "ARG": "bad arguments",
}

_TEXTS = """
VOC-1 | 2.1 | PushResult is SUCCESS, TIMEOUT, CHANNEL_CLOSED, INVALID_SIZE, QUEUE_FULL, with values 0 to 4.
VOC-2 | 2.1 | PopResult is SUCCESS, TIMEOUT, CHANNEL_CLOSED, EMPTY, with values 0 to 3.
VOC-3 | 2.1 | ChannelError is SUCCESS, NAME_EXISTS, INVALID_CONFIG, ALLOCATION_FAILED, with values 0 to 3.
VOC-4 | 2.1 | A push or pop result is truthy exactly when it is SUCCESS; a ChannelError exactly when it is an error.
VOC-5 | 2.1 | The result codes are the model's own objects, so that results compare by identity.
CFG-1 | 3.1 | A configuration defaults to capacity 1024 and max_message_size 4096.
CFG-2 | 3.3 | normalize() clamps both fields to their range, then rounds capacity up to a power of two.
CFG-3 | 3.3 | normalize() gives a new value, leaves the original alone, and is idempotent.
CFG-4 | 3.3 | is_valid() is true exactly when normalize() would change nothing.
CFG-5 | 3.1 | Fields are integers from 0 to 2**64 - 1; otherwise TypeError (bool too) or ValueError.
BRK-1 | 4.1 | instance() is one broker for the whole process; MailboxBroker() is a registry of its own.
BRK-2 | 4.2 | A granted request answers SUCCESS with a pair, and both handles report the normalised configuration.
BRK-3 | 4.2 | A registered name answers NAME_EXISTS with no pair, and changes nothing.
BRK-4 | 4.2 | The empty name answers INVALID_CONFIG.
BRK-5 | 4.2 | Memory that cannot be had, or would exceed memory_limit, answers ALLOCATION_FAILED and changes nothing.
BRK-6 | 4.2 | INVALID_CONFIG goes before NAME_EXISTS, and that before ALLOCATION_FAILED.
BRK-7 | 4.2 | Any non-empty str is a name, compared exactly: no normalisation; NULs and lone surrogates count.
BRK-8 | 4.2 | A channel stays registered until both handles are gone; then its name is free at once.
BRK-9 | 4.2 | remove_channel() is False for an unknown name and while a handle is alive.
BRK-10 | 4.2 | has_channel() is true exactly while the name is registered.
BRK-11 | 4.2 | Broker statistics count registered channels, and totals over all channels ever made; totals never fall.
BRK-12 | 4.2 | Every broker operation may be called from any number of threads at once.
SHD-1 | 4.2 | shutdown() closes both ends of every registered channel: CHANNEL_CLOSED, for pops after draining.
SHD-2 | 4.2 | shutdown() waits until every handle of those channels is gone; out of time, it answers False.
SHD-3 | 4.2 | Channels requested after a shutdown began are not part of it; the broker goes on working.
PSH-1 | 5.2 | try_push checks in order: inactive, size, consumer gone or shut, reservation or full; else SUCCESS.
PSH-2 | 5.2 | Exactly `capacity` messages fit.
PSH-3 | 5.2 | The bytes are copied by the call; changing the buffer afterwards is invisible to the consumer.
PSH-4 | 5.1 | blocking_push is try_push, but waits where the queue is full; it never answers QUEUE_FULL.
PSH-5 | 5.1 | blocking_push with a reservation outstanding answers TIMEOUT at once, whatever the timeout.
PSH-6 | 5.2 | batch_push pushes in order until one fails and returns how many went; one bad element refuses all.
RSV-1 | 5.3 | reserve() is None when inactive, size out of range, consumer gone, shut, already reserved, or full.
RSV-2 | 5.3 | It is a writable region of max_message_size bytes; consumer and available_slots() see none.
RSV-3 | 5.3 | commit(n, offset) publishes exactly bytes offset to offset + n of the region.
RSV-4 | 5.3 | commit of a bad size is False and keeps the reservation; with nobody to receive, False and dropped.
RSV-5 | 5.3 | rollback() drops the reservation and frees the slot; without one it does nothing.
RSV-6 | 5.3 | A move carries the reservation, a close drops it; once it has ended, its data raises ValueError.
RSV-7 | 5.3 | While another export of the region lives, commit and rollback raise BufferError and change nothing.
POP-1 | 6.3 | try_pop checks in order: inactive, message waiting, producer gone or shut; else EMPTY. Drain comes first.
POP-2 | 6.3 | Messages come first in, first out, with exactly the bytes sent.
POP-3 | 8.2 | A pop frees its slot at once: on a full queue it makes room for exactly one push.
POP-4 | 6.2 | blocking_pop is try_pop, but waits where the queue is empty; it never answers EMPTY.
POP-5 | 6.3 | batch_pop takes the first min(max_count, waiting), waits for the first only, and for 0 does nothing.
MSG-1 | 6.1 | A popped message stays readable and unchanged until the next pop or close, whatever the producer does.
MSG-2 | 6.1 | After that, reading through the message raises MessageExpiredError.
MSG-3 | 6.1 | An export stays valid and unchanged; pops more than capacity past a living one raise BufferError.
MSG-4 | 6.1 | Message.data is a read-only memoryview; bytes(m) and len(m) work.
MSG-5 | 6.1 | A batch_pop with max_count 0 is not a pop: it expires nothing.
LIF-1 | 5.5 | A handle ends by close(), by its with block, or with its last reference; closing twice is fine.
LIF-2 | 2.2 | The end of one side wakes the other, which drains and then sees CHANNEL_CLOSED.
LIF-3 | 2.2 | move() gives a new handle that carries everything; the peer notices nothing.
LIF-4 | 2.2 | An inactive handle is safe: CHANNEL_CLOSED, None, False, 0, as the call has it.
LIF-5 | 2.2 | Moved from: capacity, size and statistics read 0. Closed: they read what they were at the close.
LIF-6 | 2.2 | A pair's member can be assigned; assigning over a live handle ends it.
LIF-7 | 2.2 | Handles and pairs cannot be copied, deep-copied or pickled: TypeError.
LIF-8 | 5.5 | A handle may be closed from any thread; a call blocked in it wakes and answers CHANNEL_CLOSED.
STA-1 | 5.4 | Sent counts what was published; failed_pushes counts calls that returned TIMEOUT or CHANNEL_CLOSED.
STA-2 | 6.4 | Received counts what was popped; failed_pops counts calls that returned TIMEOUT or CHANNEL_CLOSED.
STA-3 | 5.4 | available_messages() is how many wait, and available_slots() capacity less that.
CON-1 | 8 | Producer and consumer run at once; which thread uses a handle may change.
CON-2 | 8 | A second thread inside one handle gets ConcurrentUseError, and nothing is lost.
CON-3 | 8 | No message is lost, duplicated, reordered or torn.
CON-4 | 8 | Once a consumer sees CHANNEL_CLOSED, everything pushed before the producer ended has been popped.
CON-5 | 8 | A blocked call always wakes for data, space, close, shutdown and time.
CON-6 | 8 | Blocked calls hold no lock that Python needs, and answer signals.
CON-7 | 8 | Push, pop, batch, reserve and commit take no lock and make no allocation in the core.
FLB-1 | 5.3 | A FlatBuffer is built in a reserved slot, committed without a copy, and equals an ordinary Builder's.
FLB-2 | 5.3 | A build that outgrows the slot raises a clear error; nothing is published.
FLB-3 | 6.1 | get_flatbuffer(T) gives a T that reads the ring's memory, without a copy.
FLB-4 | 9.3 | verify(T) is True exactly when the buffer is well-formed for T; no input crashes or hangs it.
ARG-1 | 5.2 | Data is any C-contiguous bytes-like object; otherwise TypeError, or BufferError if not contiguous.
ARG-2 | 5.1 | Timeouts are None, seconds or a timedelta; negative or NaN is ValueError; too large is for ever.
ARG-3 | 6.3 | Counts and sizes are integers: TypeError otherwise, ValueError if negative.
ARG-4 | 5.2 | A refused argument changes nothing and counts nothing.
"""


_NEEDS = {
    "BRK-5": ("memory-limit",), "BRK-12": ("threads",), "SHD-2": ("threads",), "LIF-2": ("threads",),
    "LIF-8": ("threads",), "CON-2": ("threads", "concurrent-use"), "CON-6": ("threads", "signals"),
    **{f"CON-{number}": ("threads",) for number in (1, 3, 4, 5, 7)},
    **{f"FLB-{number}": ("flatbuffers",) for number in (1, 2, 3, 4)},
}  # fmt: skip
"""What a rule needs to be judged in full."""


def _rules() -> dict[str, Rule]:
    rules = {}
    for line in _TEXTS.strip().splitlines():
        identity, section, text = (part.strip() for part in line.split("|"))
        rules[identity] = Rule(identity, identity.partition("-")[0], f"§{section}", text, _NEEDS.get(identity, ()))
    return rules


RULES = _rules()
"""The catalogue, by id, in order."""


def rules_of(area: str) -> list[Rule]:
    """The rules of one area, in order."""
    return [rule for rule in RULES.values() if rule.area == area]
