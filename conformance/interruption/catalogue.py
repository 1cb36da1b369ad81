"""What is interrupted, in which states of a channel, and by what: small texts that run on model and target alike.

The variables: `b` a broker; `p` and `c` the live handles, `p0` and `c0` those that the call is made on, which a move
leaves behind; `m` a message, `r` a reservation; `views` the exports that must stay as they are.
"""

from __future__ import annotations

from typing import NamedTuple

CAPACITY = 8
SIZE = 1 << 18
"""Bytes: memory that a channel leaves mapped is seen among that of the interpreter."""

OPENING = f"b.request_channel('a', omni.ChannelConfig({CAPACITY}, {SIZE}))[1]"

_WAITING = "p.batch_push([b'one', b'two', b'three'])"
_HELD = f"{_WAITING}; m = c.try_pop()[1]"
_RESERVED = "r = p.reserve(3); r.data[:3] = b'abc'"

STATES = {
    "empty": "",
    "waiting": _WAITING,
    "full": f"p.batch_push([b'%d' % n for n in range({CAPACITY})])",
    "held": _HELD,
    "exported": f"{_HELD}; views.append(m.data)",
    "reserved": _RESERVED,
    "region exported": f"{_RESERVED}; e = r.data[:2]",
    "producer closed": f"{_WAITING}; p.close()",
    "blocked": "",
    "blocked, held": "p.try_push(b'one'); m = c.try_pop()[1]",
    "blocked, full": f"p.batch_push([b'%d' % n for n in range({CAPACITY})])",
}
"""The abstract states that matter. In the blocked ones a call waits until another thread makes its way free."""

RESCUES = {"c": "p.try_push(b'R')", "p": "take(c.try_pop())"}
"""What ends the wait of a blocked call, by its side."""


class Call(NamedTuple):
    """A call that is interrupted.

    name: in reports and replay strings. text: `T` is the time that it may wait. on: the side, "p", "c", or "b".
    states: of STATES, those first that show most. into: the variable, or the list, that gets the result.
    once: whether an answer that got lost would lose what it holds, so that it must be ready before the call takes its
    step [POP-6]. guarded: whether it may be refused with ConcurrentUseError. steps: the calls that it is a series of.
    between: whether its own side, too, may come between two steps [WAI-5].
    """

    name: str
    text: str
    on: str
    states: tuple[str, ...]
    into: str = ""
    once: bool = False
    guarded: bool = True
    steps: tuple[str, ...] = ()
    between: bool = False

    @property
    def pops(self) -> bool:
        """Whether it takes messages."""
        return self.on == "c" and self.once and self.name != "move the consumer"


_POPS = ("waiting", "held", "empty", "exported", "full", "producer closed")
_WAITS = ("waiting", "held", "exported", "producer closed", "blocked, held", "blocked")

CALLS = (
    Call("try_pop", "c0.try_pop()", "c", _POPS, once=True),
    Call("blocking_pop", "c0.blocking_pop(T)", "c", _WAITS, once=True),
    Call("batch_pop", "c0.batch_pop(2)", "c", _POPS, once=True),
    Call("batch_pop that waits", "c0.batch_pop(2, T)", "c", ("waiting", "blocked, held", "blocked"), once=True),
    Call("batch_pop_buffer", "c0.batch_pop_buffer(2)", "c", _POPS, once=True),
    Call("receive", "c0.receive(T)", "c", _WAITS, once=True),
    Call("receive_many", "c0.receive_many(2, T)", "c", _WAITS, once=True),
    Call("iteration", "next(iter(c0))", "c", ("waiting", "blocked"), once=True),
    Call("wait for a message", "c0.wait(T)", "c", ("waiting", "held", "producer closed", "blocked, held")),
    Call("consumer.get_stats", "c0.get_stats()", "c", ("held",), guarded=False),
    Call("message.data", "m.data", "c", ("held", "exported"), into="views", guarded=False),
    Call("bytes of a message", "bytes(m)", "c", ("held", "exported"), guarded=False),
    Call("message.tobytes", "m.tobytes()", "c", ("held", "exported"), guarded=False),
    Call("move the consumer", "c0.move()", "c", ("waiting", "held", "exported"), into="c", once=True),
    Call("close the consumer", "c0.close()", "c", ("waiting", "held", "exported")),
    Call("try_push", "p0.try_push(b'sent')", "p", ("empty", "full", "reserved")),
    Call("blocking_push", "p0.blocking_push(b'sent', T)", "p", ("empty", "blocked, full")),
    Call("batch_push", "p0.batch_push([b'x', b'y', b'z'])", "p", ("empty", "waiting", "full", "reserved"),
         steps=("p0.batch_push([b'x'])", "p0.batch_push([b'y'])", "p0.batch_push([b'z'])")),
    Call("send", "p0.send(b'sent', T)", "p", ("empty", "blocked, full")),
    Call("send_many", "p0.send_many([b'x', b'y'], T)", "p", ("empty", "waiting", "blocked, full"),
         steps=("p0.send_many([b'x'], T)", "p0.send_many([b'y'], T)"),
         between=True),
    Call("wait for space", "p0.wait(T)", "p", ("empty", "reserved", "blocked, full")),
    Call("producer.get_stats", "p0.get_stats()", "p", ("waiting",), guarded=False),
    Call("reserve", "p0.reserve(3)", "p", ("empty", "full", "reserved"), into="r"),
    Call("reserve that waits", "p0.reserve(3, T)", "p", ("empty", "blocked, full"), into="r"),
    Call("reservation.data", "r.data", "p", ("reserved", "region exported"), guarded=False),
    Call("commit", "p0.commit(3)", "p", ("reserved", "region exported", "empty")),
    Call("rollback", "p0.rollback()", "p", ("reserved", "region exported")),
    Call("move the producer", "p0.move()", "p", ("waiting", "reserved"), into="p", once=True),
    Call("close the producer", "p0.close()", "p", ("waiting", "reserved", "region exported")),
    Call("request_channel", "b.request_channel('n', CONFIG)", "b", ("empty",), into="q", once=True),
    Call("shutdown", "b.shutdown(0)", "b", ("waiting", "reserved")),
)  # fmt: skip


class Intruder(NamedTuple):
    """What comes in between.

    name: in reports and replay strings. text: "" for nothing but an exception. on: the side that it uses.
    raises: the exception with which a handler then ends. guarded: whether it may be refused with ConcurrentUseError.
    needs: what there must be in the state. exports: whether it takes or drops an export.
    then: of a pop, what reads the `popped` messages: another thread's pop may expire them before that [MSG-1].
    """

    name: str
    text: str = ""
    on: str = ""
    raises: type[BaseException] | None = None
    guarded: bool = True
    needs: str = ""
    exports: bool = False
    then: str = ""


class Stop(Exception):
    """What a handler raises."""


class CtrlC(KeyboardInterrupt):
    """What a handler raises as Python's own does."""


_DRAIN = "[take(c.try_pop()) for n in range(3)], p.try_push(b'late'), take(c.try_pop())"

RAISE = (Intruder("Ctrl-C", raises=CtrlC), Intruder("exception", raises=Stop))

OF_CONSUMER = (
    Intruder("pop", "c.try_pop()", "c", then="take(popped)"),
    Intruder("pop two", "c.batch_pop(2)", "c", then="take(popped)"),
    Intruder("pop and keep a view", "c.batch_pop(1)[1]", "c", exports=True,
             then="[views.append(each.data) for each in popped]"),
    Intruder("take a view", "views.append(m.data)", "c", guarded=False, needs="m", exports=True),
    Intruder("drop the views", "views.clear()", "c", guarded=False, needs="exported", exports=True),
    Intruder("move the consumer", "move('c')", "c"),
    Intruder("close the consumer", "c.close()", "c", guarded=False),
    Intruder("ask the consumer", "c.available_messages(), c.get_stats(), c.is_connected()", "c", guarded=False),
)  # fmt: skip
OF_PRODUCER = (
    Intruder("push", "p.try_push(b'H')", "p"),
    Intruder("push two", "p.batch_push([b'H', b'I'])", "p"),
    Intruder("reserve", "reserve()", "p"),
    Intruder("commit", "p.commit(2)", "p"),
    Intruder("roll back", "p.rollback()", "p"),
    Intruder("view the region", "len(r.data)", "p", guarded=False, needs="r", exports=True),
    Intruder("move the producer", "move('p')", "p"),
    Intruder("close the producer", "p.close()", "p", guarded=False),
    Intruder("ask the producer", "p.available_slots(), p.get_stats(), p.is_connected()", "p", guarded=False),
)
OF_BROKER = (
    Intruder("shut down", "b.shutdown(0)", "b", guarded=False),
    Intruder("request the same name", "error_of(b.request_channel('n', CONFIG))", "b", guarded=False),
)
AND_RAISE = (
    Intruder("drain and raise", _DRAIN, "c", raises=Stop),
    Intruder("push and raise", "p.try_push(b'H')", "p", raises=Stop),
    Intruder("close the consumer and raise", "c.close()", "c", raises=Stop, guarded=False),
    Intruder("close the producer and raise", "p.close()", "p", raises=Stop, guarded=False),
)
INTRUDERS = {each.name: each for each in (*RAISE, *OF_CONSUMER, *OF_PRODUCER, *OF_BROKER, *AND_RAISE)}

BY_CALL = {each.name: each for each in CALLS}

REFUSED = Intruder("no memory", raises=MemoryError)
"""An allocation that is refused: an exception that no handler raises."""

KINDS = {
    "handler": "a signal's handler, which may raise",
    "thread": "another thread",
    "finaliser": "a finaliser, from a collection",
    "memory": "a refused allocation",
}
"""What interrupts."""


def intruders(call: Call, state: str, kind: str) -> tuple[Intruder, ...]:
    """What can interrupt a call in a state: everything on its own handle, and what its peer and the broker may do."""
    if kind == "memory":
        return (REFUSED,)
    own = {"c": OF_CONSUMER, "p": OF_PRODUCER, "b": OF_BROKER}[call.on]
    peers = {"c": ("push", "close the producer", "shut down"), "p": ("pop", "close the consumer", "shut down"), "b": ()}
    others = tuple(INTRUDERS[name] for name in peers[call.on])
    found = (*own, *others)
    if kind == "handler":
        raising = tuple(each for each in AND_RAISE if each.on == call.on or each.name == "drain and raise")
        found = (*RAISE, *found, *(raising if call.on != "b" else ()))
    return tuple(each for each in found if _fits(each, call, state))


def _fits(intruder: Intruder, call: Call, state: str) -> bool:
    if intruder.name == "request the same name":
        return call.name == "request_channel"
    if intruder.needs == "m":
        return "held" in state or state == "exported"
    if intruder.needs == "exported":
        return state == "exported"
    return intruder.needs != "r" or "reserved" in state or "region" in state
