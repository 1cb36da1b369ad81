"""One call of one thread: what went in, what came out, and between which tickets."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Event(NamedTuple):
    """A call that has returned.

    begin, end: tickets taken before and after it (see `ticket`). timeout: of a call that takes one.

    | call | given | got |
    |---|---|---|
    | try_push, blocking_push | token | PushResult |
    | batch_push | tokens | how many went through |
    | reserve, commit | size, token | bool |
    | rollback, close_producer, close_consumer | None | None |
    | try_pop, blocking_pop, batch_pop | max_count | (PopResult or Refused, what was popped) |
    | reread | number of a popped message | what it reads now |
    | take_export, release_export | number of a popped message | None |
    | has_channel | None | bool: of the channel's own name |
    | request_channel, request_another | None | ChannelError: of its name, and of another that is free |
    | shutdown | None | bool |
    | producer_stats, consumer_stats, broker_stats | None | the figures |

    A token is a number that stands for a payload (see `token`); what was read is a token, the
    bytes themselves where they are no payload, or None where the message had expired. A
    granted `request_channel` or `request_another` includes closing that pair.
    """

    call: str
    begin: int
    end: int
    given: Any
    got: Any
    timeout: float | None = 0.0

    def text(self) -> str:
        """The call as one would write it: try_push(#17)."""
        shown = (
            []
            if self.given is None or self.call in _OF_ONE
            else [_shown(self.given, "#" if self.call in _OF_TOKENS else "")]
        )
        if self.call in _TIMED:
            shown.append(str(self.timeout))
        return f"{self.call}({', '.join(shown)})"

    def answer(self) -> str:
        """The result as one would read it: SUCCESS #17."""
        if isinstance(self.got, tuple) and self.call in POPS:
            result, taken = self.got
            return " ".join([_shown(result), *_some(taken, "#")])
        return _shown(self.got, "#" if self.call == "reread" else "")


MANY = 8
POPS = frozenset({"try_pop", "blocking_pop", "batch_pop"})
_OF_TOKENS = frozenset({"try_push", "blocking_push", "batch_push", "commit"})
_OF_ONE = frozenset({"try_pop", "blocking_pop"})
_TIMED = frozenset({"blocking_push", "blocking_pop", "batch_pop", "shutdown"})


def _shown(value: Any, sign: str = "") -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return f"[{', '.join(_some(value, sign))}]"
    if isinstance(value, bytes):
        return f"torn {value[:16].hex()}"
    return f"{sign}{value}" if type(value) is int else "expired" if sign and value is None else str(value)


def _some(values: tuple[Any, ...], sign: str) -> list[str]:
    """Each value, or of many the first, the last and how many there are."""
    shown = [_shown(each, sign) for each in values]
    return shown if len(shown) <= MANY else [*shown[:3], "...", shown[-1], f"({len(shown)})"]
