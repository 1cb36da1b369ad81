"""What a broker can be asked to do with the channel's name, and with the channel (§4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.exhaustive.state import CAPACITY, SIZE, State
from conformance.differential.exhaustive.step import TINY, Step, call
from conformance.differential.program import Expr, Operation
from spec_model.channel.lifecycle import shut

NAME = "a"
CONFIG = Expr(f"omni.ChannelConfig({CAPACITY}, {SIZE})")
OPENING = (
    Operation("broker", into=("b",), source="omni.MailboxBroker()"),
    Operation("unpack", into=("p", "c"), source=f"b.request_channel({NAME!r}, {CONFIG})[1]"),
)
"""How a program comes to the first state; the handles alone keep themselves."""


def steps(state: State) -> Iterator[Step]:
    """Each operation on the broker."""
    # Where the name is free, this makes another channel, which goes with the answer.
    yield Step((call("b", "request_channel", NAME, CONFIG),), state if state.registered else None)
    yield Step((call("b", "has_channel", NAME), call("b", "remove_channel", NAME), call("b", "get_stats")), state)
    after = state.become(shut(state.channel)) if state.registered else state
    for timeout in (0, TINY):
        yield Step((call("b", "shutdown", timeout),), after)
