"""Relations between few events: a row of bits per event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
