"""A deliberately wrong implementation, as data."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A source with one change in it.

    id: its name, unique in its bank. rules: those that the change breaks, the sharpest first.
    file: of the source, from its root. text: what must occur there exactly once.
    instead: what stands in its place.
    """

    id: str
    rules: tuple[str, ...]
    file: str
    text: str
    instead: str

    def apply(self, source: str) -> str:
        """The changed text of the file; ValueError where the source no longer says `text` exactly once."""
        count = source.count(self.text)
        if count != 1:
            raise ValueError(f"mutant {self.id}: {self.file} says {self.text!r} {count} times, not once")
        return source.replace(self.text, self.instead)
