"""What people read, the same of model and bindings: how a handle stands, why a call failed, what is logged [OBS]."""

from __future__ import annotations

from enum import Enum

from spec_model.config import ChannelConfig
from spec_model.errors import ChannelClosedError

PEER = {"producer": "consumer", "consumer": "producer"}


class HandleState(Enum):
    """How a handle stands [OBS-1]: the first of these that applies, from below."""

    OPEN = "open"
    SHUT = "open, shut down"
    ALONE = "open, {peer} closed"
    CLOSED = "closed"
    INHERITED = "from before a fork"
    MOVED = "moved from"


# ---- repr ----


def handle(side: str, name: str, handle_state: HandleState, capacity: int, waiting: int) -> str:
    """The repr of a handle [OBS-1]."""
    words = [f"<{side.capitalize()}Handle of {name!r}"]
    if handle_state is not HandleState.MOVED:  # whose capacity reads 0 [LIF-5]
        words.append(f"capacity {capacity}")
    if handle_state in (HandleState.OPEN, HandleState.SHUT, HandleState.ALONE):
        words.append(f"{waiting} waiting")
    return ", ".join(words) + f", {handle_state.value.format(peer=PEER[side])}>"


def message(number: int, name: str, size: int | None) -> str:
    """The repr of a message, of which `size` is None once it has expired [OBS-1]."""
    return f"<Message {number} of {name!r}, {'expired' if size is None else f'{size} bytes'}>"


def batch(number: int, name: str, count: int, readable: bool) -> str:
    """The repr of a batch of `count` messages from `number` on [OBS-1]."""
    return f"<Batch of {count} messages of {name!r} from number {number}, {'readable' if readable else 'expired'}>"


def reservation(size: int, name: str | None) -> str:
    """The repr of a reservation; `name` is None once it has ended [OBS-1]."""
    return f"<Reservation of {size} bytes{f' of {name!r}, outstanding' if name is not None else ', ended'}>"


def broker(active: int, memory: int, limit: int | None) -> str:
    """The repr of a broker whose channels need `memory` bytes [OBS-1]."""
    used = "" if limit is None else f", {memory} of {limit} bytes"
    return f"<MailboxBroker with {active} channel{'s' * (active != 1)}{used}>"


# ---- errors ----


def no_descriptor(side: str) -> ValueError:
    """Of `fileno` of an inactive handle [WAI-3]."""
    return ValueError(f"the {side} has no descriptor: it is closed, or was moved from or detached")


def closed(side: str, name: str, handle_state: HandleState) -> ChannelClosedError:
    """What `send` or `receive` raises for CHANNEL_CLOSED: whose end it was."""
    this = f"the {side} of channel {name!r}"
    if handle_state is HandleState.MOVED:
        return ChannelClosedError(f"{this} was moved from or detached: another handle has its end")
    if handle_state is HandleState.INHERITED:
        return ChannelClosedError(
            f"{this} is from before a fork, and only the parent process has its channel; open another one here"
        )
    if handle_state is HandleState.CLOSED:
        return ChannelClosedError(f"{this} is closed")
    end = "was shut down" if handle_state is HandleState.SHUT else f"is closed: its {PEER[side]} is gone"
    return ChannelClosedError(f"channel {name!r} {end}{', and it is drained' if side == 'consumer' else ''}")


def no_message(name: str) -> TimeoutError:
    """What `receive` raises for TIMEOUT."""
    return TimeoutError(f"no message came to channel {name!r} in time")


def no_slot(name: str) -> TimeoutError:
    """What `send` raises for TIMEOUT."""
    return TimeoutError(f"no slot of channel {name!r} became free in time")


def wrong_size(name: str, size: int, most: int) -> ValueError:
    """What `send` raises for INVALID_SIZE."""
    return ValueError(f"a message of channel {name!r} has 1 to {most} bytes, its max_message_size, not {size}")


def name_exists(name: str) -> str:
    """What `open_channel` says for NAME_EXISTS."""
    return f"a channel named {name!r} exists; close its handles first, or choose another name"


def no_memory(asked: ChannelConfig, memory: int, limit: int | None) -> MemoryError:
    """What `open_channel` raises for ALLOCATION_FAILED: the limit, or the system [BRK-5]. `memory`: in use before."""
    granted = asked.normalize()
    needed = granted.capacity * granted.max_message_size
    this = f"a channel of {granted.capacity} messages of up to {granted.max_message_size} bytes"
    if granted != asked:
        this += f" (asked for: {asked.capacity} of {asked.max_message_size})"
    if limit is not None and memory + needed > limit:
        return MemoryError(
            f"{this} needs {needed} bytes, and the broker's memory_limit is {limit} bytes, of which {memory} are in use"
        )
    return MemoryError(f"the system has no memory for {this}, {needed} bytes and what holds popped ones")


# ---- logs [OBS-3] ----

REQUESTED = "channel %r requested: capacity %d, max_message_size %d"
REFUSED = "channel %r refused: %s"
SHUTDOWN = "shutdown of %d channels"
SHUT = "channel %r shut down"
SHUTDOWN_ENDED = "shutdown ended: %s"
ENDED = "the %s of channel %r ended: %s"

BY_CLOSE = "close()"
BY_WITH = "its with block"
BY_LAST_REFERENCE = "its last reference"
BY_FORK = "a fork, before which it was opened"
