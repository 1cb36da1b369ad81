"""Every client of so many calls: what the calls of the C ABI allow, less what cannot matter.

A client has the producer's thread, the consumer's, and a third one with the calls that the rules allow to any thread;
or only a third and a fourth one, which call both sides or the broker. Which call may come next in a thread is a table:
what it needs of what the thread has, and what it leaves. What is left out, and why nothing is lost by that:

- *split*: a thread that has both sides is two threads here. They have fewer orders to keep, so that they do all that
  the one thread does: no race and no lost wakeup is missed. Whether its answers fit the order of its own calls to both
  sides is explored where it is the third thread, or the fourth.
- *prefix*: only clients of exactly so many calls. One more query at the end of a thread changes nothing, so a client
  with fewer calls is a prefix of one that is explored.
- *ended*: a call on a handle that its own thread has closed, freed or detached, but for those that an ended handle
  still answers. What such a call does, no other thread can change.
- *owner*: a call that is refused for what its own thread has not done: a commit without a reservation, an end of no
  pop; and a second pin of the same message. A second caller is refused at the guard, whatever it calls: one push and
  one pop stand for all its calls.
- *alike*: a batch pop of one message is a pop; one of more messages than the capacity is one of as many. A call that
  waits for ever is one with a time that is never up, as it may be in any exploration of such a call.
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


_OUT = "closed claimed detached"
"""With one of these a thread is not let into its handle."""


def _of_either(side: str, kept: str, look: str, length: str) -> tuple[Call, ...]:
    """The calls that both sides have. kept: with this mark a detach is refused. look: refused by a claim."""
    return (
        _call(f"fileno_{side}", unless=f"{_OUT} descriptor", adds="descriptor"),
        _call(f"watch_{side}", "descriptor", _OUT),
        _call(f"claim_{side}", unless=_OUT, adds="claimed"),
        _call(look, "claimed", "closed"),
        _call(f"unclaim_{side}", "claimed", "closed", drops="claimed"),
        _call(f"close_{side}", unless="closed detached", adds="closed"),
        _call(f"free_{side}", unless="freed detached", adds="closed freed"),
        _call(f"detach_{side}", unless=f"{_OUT} {kept}", adds="detached", drops="descriptor"),
        _call(f"detach_{side}", kept, _OUT),
        _call("attach", "detached", drops="detached"),
        _call(f"release_{side}", "detached", adds="closed freed", drops="detached"),
        _call(f"{side}_connected", unless="freed detached"),
        _call(f"{side}_statistics", unless="freed detached"),
        _call(length, unless="closed detached"),
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
        _call("pin_region", "reserved", f"{_OUT} region", adds="region"),
        _call("unpin_region", "region", drops="region"),
        _call("writable", "reserved", "closed"),
        *_of_either("producer", "reserved", "try_push", "available_slots"),
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
    return (
        *(_call(text, unless=_OUT, adds="popped") for text in pops),
        *(_call(f"begin_pop {count}", unless=_OUT, adds="popped begun") for count in range(1, capacity + 1)),
        _call("late_begin_pop 1", unless=_OUT, adds="popped begun"),
        *(_call(f"end_pop {count}", "begun", "freed", drops="begun") for count in range(capacity + 1)),
        _call("abandon", "begun", "freed", drops="begun"),
        *(_call(text, unless=_OUT) for text in ("timed_wait_message", "poll_message")),
        _call("readable", "popped", "closed detached"),
        _call("pin", "popped", "closed detached pinned", adds="pinned"),
        _call("unpin", "pinned", "detached", drops="pinned"),
        *_of_either("consumer", "pinned", "try_pop", "available_messages"),
    )


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
    _call("writable", "region"),
    _call("readable", "message"),
    _call("pin", "pinnable", adds="unpinnable", drops="pinnable"),
    _call("unpin", "unpinnable", drops="unpinnable"),
    _call("abandon", "abandonable", drops="abandonable"),
    _call("shutdown", unless="shut", adds="shut"),
    _call("timed_shutdown_wait", "shut"),
    _call("has"),
    _call("broker_statistics"),
    _call("request", unless="requested", adds="requested"),
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
        "armed": Start("fileno_producer; fileno_consumer; poll_message", "descriptor", "descriptor"),
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
            consumer = calls - third - producer
            for consumes, has in _threads("consumer", capacity, consumer, marks["consumer"]):
                allowed = marks["third"] | _handed(consumes, has, marks["consumer"])
                for others, _ in _threads("third", capacity, third, allowed):
                    if not _fits(others, consumes, "consumer", marks["consumer"]):
                        continue
                    for produces, _ in _threads("producer", capacity, producer, marks["producer"]):
                        if _fits(others, produces, "producer", marks["producer"]):
                            yield Draft(capacity, start, produces, consumes, others)


def _pairs(calls: int, capacity: int, marks: Marks) -> Iterator[tuple[Calls, Calls]]:
    """The threads of two that use both sides."""
    for length in range(1, calls // 2 + 1):
        for third, _ in _threads("third", capacity, length, marks):
            for fourth, _ in _threads("third", capacity, calls - length, marks):
                if _is_pair(third, fourth, marks):
                    yield third, fourth


def _is_pair(third: Calls, fourth: Calls, marks: Marks) -> bool:
    """Neither is the thread of one side; the shorter one is first [roles]; a pin of the setup's is unpinned once."""
    kinds = [{each.kind for each in calls} for calls in (third, fourth)]
    one_sided = any(each <= side for each in kinds for side in _KINDS.values())
    unpinned = "unpinnable" in marks and all("unpin" in each for each in kinds)
    return (len(third), third) <= (len(fourth), fourth) and not one_sided and not unpinned


def _marks(capacity: int, start: str) -> dict[str, Marks]:
    begun = starts(capacity)[start]
    return {role: frozenset(getattr(begun, role).split()) for role in ("producer", "consumer", "third")}


_KINDS = {"producer": frozenset(PRODUCERS), "consumer": frozenset(CONSUMERS)}
_GIVES_UP = frozenset({"free_producer", "free_consumer", "release_producer", "release_consumer"})
_ENDS_POP = frozenset({"end_pop", "abandon"})


def _fits(third: Calls, own: Calls, role: str, marks: Marks) -> bool:
    """Whether the third thread may call what it does beside the one that has the handle."""
    calls = [each.kind for each in third if each.kind in _KINDS[role]]
    if not calls:
        return True
    if not own and len(calls) == len(third):
        return False  # roles
    if any(each.kind in _GIVES_UP for each in own):
        return False  # there is no handle any more
    return not ("unpin" in calls and "pinned" in marks and any(each.kind == "unpin" for each in own))


def _handed(consumes: Calls, left: Marks, before: Marks) -> Marks:
    """What the third thread may get from the consumer's: its pin, or the pop that it has begun."""
    kinds = [each.kind for each in consumes]
    behind = {call: kinds[_last(kinds, *after) :] for call, after in _HANDED.items()}
    gets = set()
    if "pinned" in left - before and not _ENDS_POP.intersection(behind["unpin"]):
        gets.add("unpinnable")
    if "begun" in left and "unpin" not in behind["abandon"]:
        gets.add("abandonable")
    return frozenset(gets)


def _last(kinds: Sequence[str], *wanted: str) -> int:
    return max((place for place, kind in enumerate(kinds) if kind in wanted), default=-1)


_HANDED = {"unpin": ("pin",), "abandon": ("begin_pop", "late_begin_pop")}
"""What the third thread may do with what the consumer's has handed over, and the calls with which that has it."""
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
        self._reserves = "reserved" in self._start.producer or any(each.kind == "reserve" for each in draft.producer)
        # A reservation that another thread closes is written to no more, and its message is not what was written.
        self._written = not (self._reserves and "close_producer" in self._others)
        self._read = self._written and not self._others & {"close_consumer", "try_pop", "abandon"}
        # With a message from the setup, the third thread may have a pin of its own.
        pins = "unpinnable" in self._start.third or ("message" in self._start.third and "pin" in self._others)
        self._own = {"unpin"} if pins else set()
        self._payload_id = self._start.setup.count("try_push")

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
            if call.kind == "commit" and not self._written:
                call = Operation("commit_written")
            written.append(self._numbered(call))
            if call.kind == "reserve" and self._written:
                written.append(Operation("write_region", 7))
        return tuple(written)

    def _consume(self) -> Calls:
        calls = self._draft.consumer
        kinds = [each.kind for each in calls]
        handed = (_last(kinds, *after) for call, after in _HANDED.items() if call in self._others - self._own)
        hands = max(handed, default=-1)
        written: list[Operation] = []
        for place, call in enumerate(calls):
            if call.kind in _EXPIRING and self._read:
                written.append(Operation("reread"))
            if call.kind == "unpin" and self._written:
                written.append(Operation("view"))
            written.append(call)
            if place == hands:
                written.append(Operation("hand"))
        if calls and self._read:
            written.append(Operation("reread"))
        if calls and "pin" in kinds and self._written:
            written.append(Operation("view"))
        return tuple(written)

    def _third(self, calls: Calls) -> Calls:
        written: list[Operation] = []
        for call in calls:
            if call.kind in _HANDED.keys() - self._own and Operation("take") not in written:
                written.append(Operation("take"))
            if call.kind == "unpin" and self._written:
                written.append(Operation("view"))
            written.append(self._numbered(call))
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
    has = _left(_consumers(draft.capacity), draft.consumer, marks["consumer"])
    return (
        has is not None
        and _left(_producers(), draft.producer, marks["producer"]) is not None
        and _left(_THIRD, draft.third, marks["third"] | _handed(draft.consumer, has, marks["consumer"])) is not None
        and _fits(draft.third, draft.producer, "producer", marks["producer"])
        and _fits(draft.third, draft.consumer, "consumer", marks["consumer"])
    )


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
    """The generated client that does all that this one does; None where that is none.

    Its setup's calls are the first of the threads that have the handles, where they may also come later; or they are a
    state's.
    """
    if client.bare or client.channels or client.signals or client.refusals or client.capacity not in CAPACITIES:
        return None
    if any(each.kind in SEQUENCES for each in (*client.setup, *(each for thread in client.threads for each in thread))):
        return None
    setup, threads = _only_calls(client.setup), [_only_calls(each) for each in client.threads]
    states = {_only_calls(operations(each.setup)): name for name, each in starts(client.capacity).items()}
    possible = [_draft(client.capacity, "empty", setup, threads)]
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
    every_call = produces | consumes | {call.operation for call in _THIRD}
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
