"""A page of documentation, a part of which a command writes."""

from __future__ import annotations

from pathlib import Path

END = "<!-- until here -->"
"""The line below such a part; the one above it says by which command it was written."""


def write_between(begin: str, text: str, page: Path) -> None:
    """Into the page, in place of what is between the line `begin` and END; ValueError where it has none."""
    before, begun, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"{page} has no place for the table: a line {begin!r}, and below it {END!r}")
    page.write_text(f"{before}{begin}\n\n{text}\n{END}{after}", encoding="utf-8")
