"""Text that came from a target, made harmless and readable wherever it is printed."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any

LIMIT = 20_000
"""Characters of one text that are printed; the JSON document has the rest."""


def visible(text: str) -> str:
    """The text with what cannot be printed as an escape, as repr does it; lines and tabs stay.

    XML 1.0 forbids some of it, a terminal obeys some, some turns text round, and lone surrogates have no UTF-8.
    """
    text = text.replace("\r\n", "\n")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else _escape(ord(each)) for each in text)


def _escape(number: int) -> str:
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


def block(text: str, limit: int = LIMIT) -> str:
    """Text of several lines, cut where it is very long."""
    if len(text) > limit:
        text = f"{text[:limit]}\n... {len(text) - limit:,} more characters, see the JSON document"
    return visible(text).rstrip()


def line(text: str, limit: int = 2000) -> str:
    """Text in one line."""
    return re.sub(r"\s*[\n\t]\s*", " ", block(text, limit)).strip()


def value(anything: Any) -> str:
    """A value of the JSON document: text as it is, anything else as JSON."""
    return anything if isinstance(anything, str) else json.dumps(anything, ensure_ascii=False)


def folded(program: list[str]) -> str:
    """A program with runs of one operation in one line, `# xN`, as a program is read."""
    runs = [(operation, len(list(same))) for operation, same in groupby(program)]
    return "\n".join(operation if times == 1 else f"{operation}  # x{times}" for operation, times in runs)
