"""Reading a buffer that has been verified, field by field, by the names of its schema."""

from __future__ import annotations

from spec_model.flatbuffers.definitions import Definitions
from spec_model.flatbuffers.region import OFFSET, Region


class Reader:
    """One table."""

    def __init__(self, schema: Definitions, region: Region, at: int, name: str) -> None:
        self.schema, self.region, self.at, self.name = schema, region, at, name
        self.vtable = region.vtable(at)

    def place(self, name: str) -> int | None:
        """Where the slot `name` is."""
        names = [slot.name for slot in self.schema.tables[self.name]]
        return self.region.slot(self.vtable, self.at, names.index(name))

    def number(self, name: str, size: int, default: int = 0, signed: bool = False) -> int:
        """A scalar."""
        place = self.place(name)
        return default if place is None else self.region.number(place, size, signed)

    def target(self, name: str) -> int | None:
        """Where the slot `name` leads."""
        place = self.place(name)
        return None if place is None else self.region.follow(place)

    def text(self, name: str) -> bytes:
        """A string; empty where it is absent."""
        at = self.target(name)
        return b"" if at is None else bytes(self.region.data[at + OFFSET :][: self.region.number(at, OFFSET)])

    def table(self, name: str, type_: str) -> Reader | None:
        """A table."""
        at = self.target(name)
        return None if at is None else Reader(self.schema, self.region, at, type_)

    def tables(self, name: str, type_: str) -> list[Reader]:
        """A vector of tables; empty where it is absent."""
        at = self.target(name)
        if at is None:
            return []
        places = range(at + OFFSET, at + OFFSET + OFFSET * self.region.number(at, OFFSET), OFFSET)
        return [Reader(self.schema, self.region, p + self.region.number(p, OFFSET), type_) for p in places]
