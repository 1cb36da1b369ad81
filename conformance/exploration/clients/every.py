"""Every client of so many calls: what the calls of the C ABI allow, less what cannot matter.

A client has the producer's thread, the consumer's, and a third one with the calls that the rules allow to any thread;
or only a third and a fourth one, which call both sides or the broker. Which call may come next in a thread is a table:
what it needs of what the thread has, and what it leaves. What is left out, and why nothing is lost by that:

- *split*: a thread that has both sides, or a side and the broker, is two threads here. They have fewer orders to keep,
  so that they do to the channel all that the one thread does: no race and no lost wakeup is missed. Whether its answers
  fit the order of its own calls to both sides is explored where it is the third thread, or the fourth. That it does not
  wait for a pop of its own is not: "shutdown from inside" of the catalogue is for that.
- *prefix*: only clients of exactly so many calls. One more query at the end of a thread changes nothing, so a client
  with fewer calls is a prefix of one that is explored.
- *ended*: a call on a handle that its own thread has closed or freed, but for those that an ended handle still answers,
  and for those that end a pop which is open. What another does, no other thread can change. A thread with a new channel
  leaves the old one alone.
- *owner*: a call that is refused for what its own thread has not done: a commit without a reservation, an end of no
  pop. And a second pin: a thread has one at a time, of the first message of its last pop. A second caller is refused at
  the guard or served whole; but it must not detach what is another's. One push and one pop stand for what leaves the
  channel as these do. What leaves something else, a reservation or its end, a pin of a region, a descriptor, a claim, a
  pop that has begun, a third thread does alone; and the last three beside no call of that side that waits, which they
  refuse as a push or a pop that is under way does.
- *alike*: a batch pop of one message is a pop; one of more messages than the capacity is one of as many. A call that
  waits for ever is one with a time that is never up, as it may be in any exploration of such a call. One that waits for
  no time, or has arguments that are refused, is one that tries, or nothing. `channels` tells what `has` does.
- *snapshot*: `channels` loads much that its answer here does not tell. That follows from closes and shutdowns, so it is
  beside no push or pop that waits.
- *roles*: two clients of the same threads in another order are one.

Reads and writes of memory are no calls: what a message's reader and a reservation's writer may do to it, they do at the
earliest and at the latest moment, for what can be seen in between can be seen then. A buffer is used again as soon as
it may be.

`python -m conformance.exploration.clients.every` prints how many clients there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from conformance.exploration.clients.client import (
    BROKERS,
    CONSUMERS,
    PRODUCERS,
    SEQUENCES,
    Client,
    Operation,
    notation,
    operation,
    operations,
)

Marks = frozenset[str]
Calls = tuple[Operation, ...]
CAPACITIES = (1, 2)


class Call(NamedTuple):
    """A call that may come next in a thread that has all of `needs` and none of `unless`.

    It leaves what the thread has without `drops` and with `adds`.
    """

    operation: Operation
    needs: Marks
    unless: Marks
    adds: Marks
    drops: Marks

    def may_come(self, has: Marks) -> bool:
        """In a thread that has these."""
        return self.needs <= has and not self.unless & has

    def leaves(self, has: Marks) -> Marks:
        """What the thread has after it."""
        return has - self.drops | self.adds


def _call(text: str, needs: str = "", unless: str = "", adds: str = "", drops: str = "") -> Call:
    return Call(operation(text), *(frozenset(each.split()) for each in (needs, unless, adds, drops)))


_OUT = "closed claimed"
"""With one of these a thread is not let into its handle."""


def _of_either(side: str, look: str, length: str) -> tuple[Call, ...]:
    """The calls that both sides have. look: refused by a claim.

    A detach may be refused: then it is as if nothing had happened, and any call may come next; otherwise those that
    the thread may no longer make are nothing.
    """
    return (
        _call(f"fileno_{side}", unless=f"{_OUT} descriptor", adds="descriptor"),
        _call(f"watch_{side}", "descriptor", "closed"),
        _call(f"claim_{side}", unless=_OUT, adds="claimed"),
        _call(look, "claimed", "closed"),
        _call(f"unclaim_{side}", "claimed", "closed", drops="claimed"),
        _call(f"close_{side}", unless="closed", adds="closed"),
        _call(f"free_{side}", unless="freed", adds="closed freed"),
        _call(f"detach_{side}", unless=_OUT, adds="token pointer"),
        _call("attach", "token", drops="token descriptor"),
        _call("close_detached", "token", drops="token"),
        _call(f"release_{side}", "pointer", drops="pointer"),
        _call(f"{side}_connected", unless="freed"),
        _call(f"{side}_statistics", unless="freed"),
        _call(length, unless="closed"),
    )


@cache
def _producers() -> tuple[Call, ...]:
    batches = (f"batch_push {count}" for count in (1, 2, 3))
    waits = ("timed_wait_space", "poll_space")
    return (
        *(_call(text, unless=_OUT) for text in ("try_push", "timed_push", *batches, *waits)),
        _call("reserve", unless=_OUT, adds="reserved"),
        _call("commit", "reserved", f"{_OUT} region", drops="reserved"),
        _call("commit", "reserved region", _OUT),
        _call("rollback", "reserved", f"{_OUT} region", drops="reserved"),
        _call("rollback", "reserved region", _OUT),
        _call("pin_region", "reserved", f"{_OUT} region", adds="region"),
        _call("unpin_region", "region", drops="region"),
        _call("writable", "reserved", "closed"),
        *_of_either("producer", "try_push", "available_slots"),
    )


_BATCHES = ("batch_pop", "timed_batch_pop")
TIMED = {
    "blocking_push": "timed_push",
    "wait_space": "timed_wait_space",
    "blocking_pop": "timed_pop",
    "blocking_batch_pop": "timed_batch_pop",
    "wait_message": "timed_wait_message",
    "shutdown_wait": "timed_shutdown_wait",
}
"""The call with a time that does all that one that waits for ever does [alike]."""


@cache
def _consumers(capacity: int) -> tuple[Call, ...]:
    batches = (f"{kind} {count}" for kind in _BATCHES for count in range(2, capacity + 1))
    pops = ("try_pop", "timed_pop", *batches)
    begins = (*(f"begin_pop {count}" for count in range(1, capacity + 1)), "late_begin_pop 1")
    ends = (*(f"end_pop {count}" for count in range(capacity + 1)), "abandon")
    return (
        *(_call(text, unless=_OUT, adds="popped", drops="open") for text in pops),
        *(_call(text, "closed open", "freed", adds="popped", drops="open") for text in (*pops, *begins)),
        *(_call(text, unless=_OUT, adds="popped begun open") for text in begins),
        *(_call(text, "begun", "freed", drops="begun open") for text in ends),
        *(_call(text, "begun open freed", drops="begun open") for text in ends),
        *(_call(text, unless=_OUT) for text in ("timed_wait_message", "poll_message")),
        _call("readable", "popped", "closed"),
        _call("pin", "popped", "closed pinned", adds="pinned"),
        _call("unpin", "pinned", drops="pinned"),
        *_of_either("consumer", "try_pop", "available_messages"),
    )


def _of_broker(text: str, needs: str = "", unless: str = "", adds: str = "") -> Call:
    """A call that may come until the thread has given up the broker."""
    return _call(text, needs, f"{unless} given_up", adds)


_THIRD = (
    _call("close_producer", unless="producer", adds="producer"),
    _call("close_consumer", unless="consumer", adds="consumer"),
    _call("try_push"),
    _call("try_pop"),
    _call("producer_connected"),
    _call("consumer_connected"),
    _call("producer_statistics"),
    _call("consumer_statistics"),
    _call("available_slots"),
    _call("available_messages"),
    _call("writable", "region", "requested"),
    _call("unpin_region", "region_unpinnable", "requested", drops="region_unpinnable"),
    _call("readable", "message", "requested"),
    _call("pin", "pinnable", "requested", adds="unpinnable", drops="pinnable"),
    _call("unpin", "unpinnable", "requested", drops="unpinnable"),
    _call("abandon", "abandonable", "requested", drops="abandonable"),
    _call("attach", "detached", "requested", drops="detached"),
    _call("close_detached", "detached", "requested", drops="detached"),
    _of_broker("shutdown", adds="shut"),
    _of_broker("timed_shutdown_wait", "shut"),
    _of_broker("channels"),
    _of_broker("broker_statistics"),
    _of_broker("request", unless="requested", adds="requested"),
    _of_broker("free_broker", adds="given_up"),
    _call("new_broker", "given_up", "new", adds="new"),
    # of a second caller, who is served whole where nobody is inside [owner]
    *(_call(text, "alone") for text in ("reserve", "commit", "rollback", "fileno_producer", "claim_producer")),
    *(_call(text, "alone") for text in ("begin_pop 1", "fileno_consumer", "claim_consumer")),
    _call("pin_region", "alone region"),
)


class Start(NamedTuple):
    """A state of the channel in which a client's threads start: by its setup, and what each side has from it."""

    setup: str
    producer: str = ""
    consumer: str = ""
    third: str = ""


def starts(capacity: int) -> dict[str, Start]:
    """The states by name; "empty" is the first."""
    full = "; ".join(f"try_push {number}" for number in range(1, capacity + 1))
    return {
        "empty": Start(""),
        "full": Start(full),
        "held": Start("try_push 1; try_pop", consumer="popped", third="message pinnable"),
        "pinned": Start("try_push 1; try_pop; pin", consumer="popped pinned", third="message unpinnable"),
        "reserved": Start("reserve; write_region 7", producer="reserved", third="region"),
        "region pinned": Start(
            "reserve; write_region 7; pin_region", producer="reserved region", third="region region_unpinnable"
        ),
        "armed": Start("fileno_producer; fileno_consumer; poll_message", "descriptor", "descriptor"),
        "full, armed": Start(f"{full}; fileno_producer; fileno_consumer; poll_space", "descriptor", "descriptor"),
        "producer closed": Start("try_push 1; close_producer", producer="closed"),
        "consumer closed": Start("try_push 1; close_consumer", consumer="closed"),
        "shut": Start("try_push 1; shutdown", third="shut"),
    }


def _sequences(calls: Sequence[Call], length: int, marks: Marks) -> Iterator[tuple[Calls, Marks]]:
    """Every sequence of so many calls, and what the thread has at its end."""
    if not length:
        yield (), marks
        return
    for call in calls:
        if call.may_come(marks):
            for rest, left in _sequences(calls, length - 1, call.leaves(marks)):
                yield (call.operation, *rest), left


@cache
def _threads(role: str, capacity: int, length: int, marks: Marks) -> tuple[tuple[Calls, Marks], ...]:
    table = {"producer": _producers(), "consumer": _consumers(capacity), "third": _THIRD}
    return tuple(_sequences(table[role], length, marks))


class Draft(NamedTuple):
    """A client's calls, before reads and writes of memory are put in between."""

    capacity: int
    start: str
    producer: Calls
    consumer: Calls
    third: Calls
    fourth: Calls = ()

    @property
    def threads(self) -> tuple[Calls, ...]:
        """All that a client of this kind has, also those without a call."""
        return (self.producer, self.consumer, self.third, *([self.fourth] if self.fourth else ()))

    @property
    def of_two(self) -> bool:
        """Whether no third thread is beside both sides'."""
        return not self.third or bool(self.fourth)

    @property
    def client(self) -> Client:
        return _Writer(self).client()


def drafts(calls: int, capacity: int, start: str) -> Iterator[Draft]:
    """Every client of exactly so many calls from that state, in an order that is always the same."""
    marks = _marks(capacity, start)
    for third in range(calls + 1):
        if third == 1:
            yield from (Draft(capacity, start, (), (), *pair) for pair in _pairs(calls, capacity, marks["third"]))
        for producer in range(calls - third, -1, -1):
            produced = _threads("producer", capacity, producer, marks["producer"])
            consumed = _threads("consumer", capacity, calls - third - producer, marks["consumer"])
            for consumes, consumer_has in consumed:
                of_consumer = _beside(consumes, consumer_has, marks["consumer"])
                for produces, producer_has in produced:
                    of_producer = _beside(produces, producer_has, marks["producer"])
                    for others in _thirds(third, marks["third"], of_producer, of_consumer):
                        yield Draft(capacity, start, produces, consumes, others)


def _pairs(calls: int, capacity: int, marks: Marks) -> Iterator[tuple[Calls, Calls]]:
    """The threads of two that use both sides."""
    for length in range(1, calls // 2 + 1):
        for third, _ in _threads("third", capacity, length, marks):
            for fourth, _ in _threads("third", capacity, calls - length, marks):
                if _is_pair(third, fourth, marks):
                    yield third, fourth


def _is_pair(third: Calls, fourth: Calls, marks: Marks) -> bool:
    """Neither is the thread of one side; the shorter one is first [roles].

    A pin of the setup's is unpinned once; where one gives up the broker, the other does not use it.
    """
    kinds = [{each.kind for each in calls} for calls in (third, fourth)]
    one_sided = any(each <= side for each in kinds for side in _KINDS.values())
    unpinned = any(mark in marks and all(call in each for each in kinds) for mark, call in _UNPINNABLE.items())
    gone = any("free_broker" in one and other & _BROKERS for one, other in (kinds, kinds[::-1]))
    return (len(third), third) <= (len(fourth), fourth) and not one_sided and not unpinned and not gone


def _marks(capacity: int, start: str) -> dict[str, Marks]:
    begun = starts(capacity)[start]
    return {role: frozenset(getattr(begun, role).split()) for role in ("producer", "consumer", "third")}


_KINDS = {"producer": frozenset(PRODUCERS), "consumer": frozenset(CONSUMERS)}
_BROKERS = frozenset(BROKERS)
_GIVES_UP = frozenset({"free_producer", "free_consumer", "release_producer", "release_consumer"})
_ENDS_POP = frozenset({"end_pop", "abandon"})
_WAITING = frozenset(TIMED.values())
_QUICK = {
    "producer": frozenset({"channels", "fileno_producer", "claim_producer"}),
    "consumer": frozenset({"channels", "fileno_consumer", "claim_consumer", "begin_pop"}),
}
"""Calls of the third thread that are explored beside none of that side's thread that waits."""
_DETACHES = frozenset({"detach_producer", "detach_consumer"})
_UNPINNABLE = {"unpinnable": "unpin", "region_unpinnable": "unpin_region"}
_UNPINS = frozenset(_UNPINNABLE.values())


class _Beside(NamedTuple):
    """What the third thread finds of one that has a handle.

    Whether it calls, waits in a call, detaches its end, gives its pointer up, or frees the handle; what it hands over,
    and what of the setup it does itself, so that the third thread does not.
    """

    calls: bool
    waits: bool
    detaches: bool
    gives_up: bool
    frees: bool
    hands: Marks
    does: Marks


@cache
def _beside(own: Calls, has: Marks, before: Marks) -> _Beside:
    """Of a thread that has this in the end, and had that before."""
    kinds = [each.kind for each in own]
    behind = {call: kinds[_last(kinds, *after) :] for call, after in _HANDED.items()}
    hands = set()
    if "pinned" in has - before and not _ENDS_POP.intersection(behind["unpin"]):
        hands.add("unpinnable")
    if "begun" in has and "unpin" not in behind["abandon"]:
        hands.add("abandonable")
    if _DETACHES.intersection(kinds):
        hands.add("detached")
    return _Beside(
        calls=bool(own),
        waits=bool(_WAITING.intersection(kinds)),
        detaches="detached" in hands,
        gives_up=bool(_GIVES_UP.intersection(kinds)),
        frees=any(kind.startswith("free") for kind in kinds),
        hands=frozenset(hands),
        does=frozenset(mark for mark, call in _UNPINNABLE.items() if call in kinds),
    )


@cache
def _thirds(length: int, marks: Marks, produces: _Beside, consumes: _Beside) -> tuple[Calls, ...]:
    """Every third thread of so many calls beside these, with what the setup gives it."""
    calls = (each for each, _ in _sequences(_THIRD, length, _allowed(length, marks, produces, consumes)))
    return tuple(each for each in calls if _fits(each, produces, consumes))


def _allowed(length: int, marks: Marks, produces: _Beside, consumes: _Beside) -> Marks:
    """What the third thread may do: with what the setup has pinned, and with what it is handed."""
    alone = frozenset({"alone"} if length == 1 else ())
    return (marks - produces.does - consumes.does) | produces.hands | consumes.hands | alone


def _fits(third: Calls, produces: _Beside, consumes: _Beside) -> bool:
    """Whether it may call what it does beside the others."""
    return _fits_one(third, produces, "producer", not consumes.detaches) and _fits_one(
        third, consumes, "consumer", not produces.detaches
    )


def _fits_one(third: Calls, beside: _Beside, role: str, only: bool) -> bool:
    """Beside the one that has the handle. only: no other end is detached than that."""
    kinds = [each.kind for each in third]
    to_it = [kind for kind in kinds if kind in _KINDS[role]]
    if not beside.calls and to_it and len(to_it) == len(third):
        return False  # roles
    if beside.waits and _QUICK[role].intersection(kinds):
        return False  # snapshot, owner
    if not beside.gives_up:
        return True
    # There is no handle any more, but for the pins; until it has another channel's, or that of the token
    gets = {"request", "attach"} if only and not beside.frees else {"request"}
    until = min((place for place, kind in enumerate(kinds) if kind in gets), default=len(kinds))
    return not any(kind in _KINDS[role] and kind not in _UNPINS for kind in kinds[:until])


def _last(kinds: Sequence[str], *wanted: str) -> int:
    return max((place for place, kind in enumerate(kinds) if kind in wanted), default=-1)


_HANDED = {"unpin": ("pin",), "abandon": ("begin_pop", "late_begin_pop")}
"""What the third thread may do with what the consumer's has handed over, and the calls with which that has it."""
_RESERVES = frozenset({"reserve", "commit", "rollback"})
_TOUCHES_REGION = _RESERVES | {"unpin_region", "close_producer", "free_producer", "close_detached"}
"""Calls of the producer's thread beside which the third one does not write to the region that it has reserved."""
_ENDS_REGION = frozenset({"close_producer", "commit", "rollback"})
_ENDS_MESSAGES = frozenset({"close_consumer", "try_pop", "begin_pop", "abandon"})
"""Calls of the third thread with which a region of another thread may end, and messages of its last pop expire."""
_EXPIRING = frozenset(
    {"try_pop", "timed_pop", "batch_pop", "timed_batch_pop", "begin_pop", "late_begin_pop"}
    | {"close_consumer", "free_consumer", "detach_consumer", "abandon"}
)
"""The calls with which the messages of the last pop expire."""


class _Writer:
    """Puts reads and writes of memory between the calls of a draft, and gives each message a payload id."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._start = starts(draft.capacity)[draft.start]
        self._others = {each.kind for each in draft.third + draft.fourth}
        start = {role: getattr(self._start, role).split() for role in ("producer", "consumer", "third")}
        own = {each.kind for each in draft.producer}
        # A reservation that another thread ends is written to no more, and its message is not what was written; nor is
        # that of a region which another thread may have reserved.
        ended = bool(self._others & _ENDS_REGION) and ("reserved" in start["producer"] or "reserve" in own)
        self._written = not ended and not ("reserve" in self._others and own & _RESERVES)
        known = self._written or "commit" not in own | self._others
        self._read = known and not self._others & _ENDS_MESSAGES
        self._holds = "popped" in start["consumer"]
        # Under its pin the third thread writes, where the region is one that its owner has written to already.
        self._shared = "unpin_region" in self._others and "reserve" not in own
        self._pins = "unpinnable" in start["third"]
        self._wants = self._wanted()
        self._payload_id = self._start.setup.count("try_push")

    def _wanted(self) -> set[str]:
        """What the third thread does with what the consumer's has handed over; not with a pin of its own."""
        kinds = [each.kind for each in self._draft.third]
        own = self._pins or ("pin" in kinds and "unpin" in kinds and kinds.index("pin") < kinds.index("unpin"))
        return {kind for kind in _HANDED if kind in kinds and not (own and kind == "unpin")}

    def client(self) -> Client:
        """The client, named by what its threads do."""
        draft = self._draft
        others = (self._third(each) for each in (draft.third, draft.fourth))
        threads = tuple(each for each in (self._produce(draft.producer), self._consume(), *others) if each) or ((),)
        name = " | ".join(notation(each) or "-" for each in draft.threads)
        name, setup = f"{draft.start} {draft.capacity}: {name}", operations(self._start.setup)
        return Client(name, draft.capacity, threads, setup, budget=0, unread=not self._read)

    def _numbered(self, call: Operation) -> Operation:
        if call.kind == "batch_push":
            self._payload_id += call.argument
        elif call.kind in ("try_push", "timed_push", "commit"):
            self._payload_id += 1
            return Operation(call.kind, self._payload_id)
        return call

    def _produce(self, calls: Calls) -> Calls:
        written: list[Operation] = []
        for call in calls:
            if call.kind == "unpin_region" and self._written:
                written.append(Operation("write_region", 7))
            if call.kind == "commit" and (self._shared or not self._written):
                call = Operation("commit_written")
            written.append(self._numbered(call))
            if call.kind == "reserve" and self._written:
                written.append(Operation("write_region", 7))
        return tuple(written)

    def _consume(self) -> Calls:
        calls = self._draft.consumer
        kinds = [each.kind for each in calls]
        hands = max((_last(kinds, *_HANDED[call]) for call in self._wants), default=-1)
        written: list[Operation] = []
        for place, call in enumerate(calls):
            if call.kind in _EXPIRING and self._read:
                written.append(Operation("reread"))
            if call.kind == "unpin" and self._written:
                written.append(Operation("view"))
            written.append(call)
            if place == hands:
                written.append(Operation("hand", self._what()))
        if (calls or self._holds) and self._read:
            written.append(Operation("reread"))
        if ("pin" in kinds or (self._pins and "unpin" not in self._others)) and self._written:
            written.append(Operation("view"))
        return tuple(written)

    def _what(self) -> int:
        """The pop, the pins, or all."""
        return 0 if len(self._wants) > 1 else 1 if "abandon" in self._wants else 2

    def _third(self, calls: Calls) -> Calls:
        written: list[Operation] = []
        wants = set(self._wants)
        for call in calls:
            if call.kind == "commit":
                call = Operation("commit_written")
            if call.kind == "unpin_region" and self._shared and self._written:
                written.append(Operation("write_region", 7))
            if call.kind in wants:
                written.append(Operation("take", self._what()))
                wants.clear()
            if call.kind == "unpin" and self._written:
                written.append(Operation("view"))
            written.append(self._numbered(call))
            if call.kind == "reserve" and not any(each.kind in _TOUCHES_REGION for each in self._draft.producer):
                written.append(Operation("write_region", 7))
        if self._written and any(each.kind == "pin" for each in calls):
            written.append(Operation("view"))
        return tuple(written)


def generated(name: str) -> Client | None:
    """The client of this name, as a draft's client is called; None where there is none."""
    start, _, rest = name.partition(": ")
    state, _, capacity = start.rpartition(" ")
    threads = rest.split(" | ")
    if len(threads) not in (3, 4) or capacity not in map(str, CAPACITIES) or state not in starts(1):
        return None
    calls = [operations("" if thread == "-" else thread) for thread in threads]
    draft = Draft(int(capacity), state, *calls)
    return draft.client if _is_one(draft) else None


def _is_one(draft: Draft) -> bool:
    """Whether `drafts` has it."""
    marks = _marks(draft.capacity, draft.start)
    if draft.fourth:
        others = (draft.third, draft.fourth)
        listed = all(each and _left(_THIRD, each, marks["third"]) is not None for each in others)
        return listed and not draft.producer + draft.consumer and _is_pair(*others, marks["third"])
    produces = _left(_producers(), draft.producer, marks["producer"])
    consumes = _left(_consumers(draft.capacity), draft.consumer, marks["consumer"])
    if produces is None or consumes is None:
        return False
    beside = _beside(draft.producer, produces, marks["producer"]), _beside(draft.consumer, consumes, marks["consumer"])
    allowed = _allowed(len(draft.third), marks["third"], *beside)
    return _left(_THIRD, draft.third, allowed) is not None and _fits(draft.third, *beside)


def _left(table: Sequence[Call], calls: Calls, marks: Marks) -> Marks | None:
    """What the thread has after these calls; None where one of them may not come there."""
    for made in calls:
        call = next((each for each in table if each.operation == made and each.may_come(marks)), None)
        if call is None:
            return None
        marks = call.leaves(marks)
    return marks


# ---- which of them a client of the catalogue is ----

_AS = {"unread_pop": "try_pop", "commit_written": "commit", **TIMED}
_NO_CALLS = frozenset({"write_region", "held", "view", "reread", "hand", "take"})


def draft_of(client: Client) -> Draft | None:
    """The generated client with the same calls; None where that is none.

    Its setup's calls are a state's; or the first of the threads that have the handles, where they may also come later,
    and are those threads' own. A pop that the setup begins is nobody's.
    """
    if client.bare or client.channels or client.signals or client.refusals or client.capacity not in CAPACITIES:
        return None
    if any(each.kind in SEQUENCES for each in (*client.setup, *(each for thread in client.threads for each in thread))):
        return None
    setup, threads = _only_calls(client.setup), [_only_calls(each) for each in client.threads]
    states = {_only_calls(operations(each.setup)): name for name, each in starts(client.capacity).items()}
    possible = []
    if not any(each.kind == "begin_pop" for each in setup):
        possible.append(_draft(client.capacity, "empty", setup, threads))
    if setup in states:
        possible.append(_draft(client.capacity, states[setup], (), threads))
    return next((draft for draft in possible if draft and _is_one(draft)), None)


def _draft(capacity: int, start: str, setup: Calls, threads: Sequence[Calls]) -> Draft | None:
    """These threads in their roles, each side's begun with the setup's calls to it; None where there are too many."""
    own, rest = list[Calls](), list(threads)
    for kinds in _KINDS.values():
        calls = next((each for each in rest if each and all(call.kind in kinds for call in each)), ())
        if calls:
            rest.remove(calls)
        own.append(tuple(each for each in setup if each.kind in kinds) + calls)
    rest.append(tuple(each for each in setup if each.kind in BROKERS))
    others = sorted((calls for calls in rest if calls), key=lambda calls: (len(calls), calls))
    if len(others) > 2:
        return None
    return Draft(capacity, start, own[0], own[1], *(others or [()]))


def _only_calls(operations: Calls) -> Calls:
    """Without what is read and written in between, and without payload ids."""
    return tuple(
        Operation(_AS.get(kind, kind), argument if "batch" in kind or "begin" in kind or kind == "end_pop" else 0)
        for kind, argument in operations
        if kind not in _NO_CALLS
    )


def count_all(calls: int, capacity: int) -> int:
    """How many clients of up to so many calls there are if nothing is left out: any call of a role, at any place.

    With a fourth thread where there is neither a producer's nor a consumer's.
    """
    produces = {call.operation for call in _producers()}
    consumes = {call.operation for call in _consumers(capacity)}
    consumes |= {Operation(kind, count) for kind in _BATCHES for count in (1, 2, 3)}
    every_call = produces | consumes | {call.operation for call in _THIRD} | {Operation("has")}
    one, two, three = (
        len(calls) + sum(timed == call.kind for call in calls for timed in TIMED.values())
        for calls in (produces, consumes, every_call)
    )
    every = range(calls + 1)
    roles: int = sum(one**a * two**b * three**c for a in every for b in every for c in every if a + b + c <= calls)
    pairs: int = sum(three ** (c + d) for c in every[1:] for d in every[c:] if c + d <= calls)
    return roles + pairs


def main() -> None:
    """A row for each number of calls and capacity."""
    print("calls  capacity  without the rules above  of these explored")
    for calls in range(1, 5):
        for capacity in CAPACITIES:
            explored = sum(1 for _ in drafts(calls, capacity, "empty"))
            print(f"{calls:>5}{capacity:>10}{count_all(calls, capacity):>25,}{explored:>19,}")


if __name__ == "__main__":
    main()
