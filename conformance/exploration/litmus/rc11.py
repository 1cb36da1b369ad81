"""RC11, as its paper writes it: what the engine is checked against, so nothing here is clever.

Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11 (PLDI 2017). To it are added light
and heavy fences: each acts as an SC fence, a light one only in pairs with heavy ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ACQUIRES, RELEASES = {"acq", "ar", "sc", "heavy", "light"}, {"rel", "ar", "sc", "heavy", "light"}
SEQUENTIAL = {"sc", "heavy", "light"}


@dataclass(frozen=True)
class Relation:
    """`rows[a]` has bit `b` where a is related to b."""

    rows: tuple[int, ...]

    @classmethod
    def of(cls, size: int, pairs: Iterable[tuple[int, int]]) -> Relation:
        """From pairs."""
        rows = [0] * size
        for a, b in pairs:
            rows[a] |= 1 << b
        return cls(tuple(rows))

    @classmethod
    def identity(cls, size: int, members: Iterable[int]) -> Relation:
        """[members]"""
        return cls.of(size, ((each, each) for each in members))

    def __or__(self, other: Relation) -> Relation:
        return Relation(tuple(a | b for a, b in zip(self.rows, other.rows, strict=True)))

    def __and__(self, other: Relation) -> Relation:
        return Relation(tuple(a & b for a, b in zip(self.rows, other.rows, strict=True)))

    def __sub__(self, other: Relation) -> Relation:
        return Relation(tuple(a & ~b for a, b in zip(self.rows, other.rows, strict=True)))

    def __matmul__(self, other: Relation) -> Relation:
        """self ; other"""
        found = []
        for row in self.rows:
            reached = 0
            while row:
                low = row & -row
                reached |= other.rows[low.bit_length() - 1]
                row ^= low
            found.append(reached)
        return Relation(tuple(found))

    def inverse(self) -> Relation:
        """Backwards."""
        size = len(self.rows)
        return Relation.of(size, ((b, a) for a in range(size) for b in range(size) if self.rows[a] >> b & 1))

    def maybe(self) -> Relation:
        """Reflexive closure."""
        return Relation(tuple(row | 1 << at for at, row in enumerate(self.rows)))

    def closure(self) -> Relation:
        """Transitive closure."""
        rows = list(self.rows)
        for via in range(len(rows)):
            for at in range(len(rows)):
                if rows[at] >> via & 1:
                    rows[at] |= rows[via]
        return Relation(tuple(rows))

    def irreflexive(self) -> bool:
        """No event is related to itself."""
        return not any(row >> at & 1 for at, row in enumerate(self.rows))

    def acyclic(self) -> bool:
        """Nor through others."""
        return self.closure().irreflexive()

    def has(self, a: int, b: int) -> bool:
        """Whether a is related to b."""
        return bool(self.rows[a] >> b & 1)


@dataclass(frozen=True)
class Rules:
    """RC11 as in the paper, or as others have it."""

    cxx20: bool = False
    """Release sequences end where their own thread stores again."""
    any_location: bool = False
    """scb has sb;hb;sb also where an sb stays at one location."""
    failing_as_success: bool = False
    """A compare-and-swap that fails reads with the order that it would have had."""


@dataclass(frozen=True)
class Event:
    """`kind` is R, W or F; thread -1 has the initial writes."""

    thread: int
    kind: str
    location: str
    order: str


def _may_pair(one: Event, other: Event) -> bool:
    return (one.order != "light" or other.order == "heavy") and (other.order != "light" or one.order == "heavy")


class Axioms:
    """Events with po, rf and rmw, and the axioms for each modification order. Initial writes are in mo too."""

    def __init__(self, events: tuple[Event, ...], po: Relation, rmw: Relation, rules: Rules) -> None:
        self.events, self.po, self.rmw, self.rules = events, po, rmw, rules
        self.every = range(len(events))
        self.same = Relation.of(
            len(events),
            ((a, b) for a in self.every for b in self.every if events[a].location == events[b].location != ""),
        )
        self.paired = Relation.of(
            len(events), ((a, b) for a in self.every for b in self.every if _may_pair(events[a], events[b]))
        )
        self.identity = Relation.identity(len(events), self.every)
        fence, writes = self._where("F"), self._where("W")
        self.release = self._where("RWF", RELEASES) @ (fence @ po).maybe()
        head = self._where("W", plain=True)
        self.release @= (head if rules.cxx20 else head @ (po & self.same).maybe()) @ writes
        self.acquire = self._where("R") @ (po @ fence).maybe() @ self._where("RWF", ACQUIRES)
        self.access, self.fence = self._where("RW", SEQUENTIAL), self._where("F", SEQUENTIAL)

    def _where(self, kinds: str, orders: set[str] | None = None, plain: bool = False) -> Relation:
        members = (
            at
            for at, e in enumerate(self.events)
            if e.kind in kinds and (plain or e.order != "plain") and (orders is None or e.order in orders)
        )
        return Relation.identity(len(self.events), members)

    def reads_from(self, rf: Relation) -> bool:
        """Take these sources; False where already they are inconsistent."""
        self.rf = rf
        sw = self.release @ (rf @ self.rmw).closure().maybe() @ rf @ self.acquire
        self.hb = (self.po | (sw & self.paired)).closure()
        return self.hb.irreflexive() and (self.po | rf).acyclic()

    def is_consistent(self, mo: Relation) -> bool:
        """All axioms of RC11."""
        rb = (self.rf.inverse() @ mo) - self.identity
        eco = (self.rf | mo | rb).closure()
        return (
            (self.hb @ eco.maybe()).irreflexive()
            and not any((self.rmw & (rb @ mo)).rows)
            and self._psc(mo, rb, eco).acyclic()
        )

    def _psc(self, mo: Relation, rb: Relation, eco: Relation) -> Relation:
        hb, access, fence = self.hb, self.access, self.fence
        other = self.po if self.rules.any_location else self.po - self.same
        scb = self.po | (other @ hb @ other) | (hb & self.same) | mo | rb
        base = (access | (fence @ hb.maybe())) @ scb @ (access | (hb.maybe() @ fence))
        fences = fence @ (hb | (hb @ eco @ hb)) @ fence
        return (base | fences) & self.paired

    def races(self) -> bool:
        """Two accesses of two threads conflict, one is plain, and neither happens before the other."""
        return any(
            a.location == b.location != ""
            and "W" in (a.kind, b.kind)
            and "plain" in (a.order, b.order)
            and a.thread != b.thread
            and not self.hb.has(i, j)
            and not self.hb.has(j, i)
            for i, a in enumerate(self.events)
            for j, b in enumerate(self.events)
            if i < j
        )
