"""A history of calls as the fragment of a link to the book's page of the model, and back.

A fragment is of whoever made the link: what `decode` gives is of the form below, and its steps are text that
nothing here evaluates.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

BOOK = "http://localhost:8000/model.html"
"""The page that `make docs-serve` serves."""

FORMAT = 1
MOST_BYTES, MOST_STEPS, LONGEST = 4_000_000, 5_000, 20_000
"""Of a decoded history; of the text of one step, in characters."""

FAILURE = ("rule", "kind", "target", "seen", "query", "expected", "got")
"""What a history says of the failure that its last step shows."""


def encode(history: Mapping[str, Any]) -> str:
    """The fragment of a history.

    steps: lines of Python, each a call, in the order in which they were made. forks: by the number of a step, from 0,
    that of the one that it follows (-1 for none), where that is not the one before it. names: by number, as text.
    at: the step that is shown. failure: a text for each of FAILURE.
    """
    document = {"format": FORMAT, **{key: value for key, value in history.items() if value not in ({}, None)}}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(fragment: str) -> dict[str, Any]:
    """The history of a fragment, with every key that `encode` names; ValueError says what is wrong with it."""
    try:
        packed = base64.b64decode(fragment + "=" * (-len(fragment) % 4), b"-_", validate=True)
        unpack = zlib.decompressobj()
        text = unpack.decompress(packed, MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(f"the link is damaged: {error}") from None
    if not unpack.eof:
        raise ValueError(f"the link is cut short, or holds more than {MOST_BYTES:,} bytes")
    try:
        history = json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the link is damaged: {error}") from None
    if not isinstance(history, dict) or history.get("format") != FORMAT:
        raise ValueError(f"the link is of no history of format {FORMAT}")
    return _checked(history)


def _checked(history: dict[str, Any]) -> dict[str, Any]:
    steps, at = history.get("steps"), history.get("at")
    if not isinstance(steps, list) or not all(isinstance(each, str) and len(each) <= LONGEST for each in steps):
        raise ValueError(f"steps must be texts of up to {LONGEST:,} characters")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"a history has up to {MOST_STEPS:,} steps, not {len(steps):,}")
    at = len(steps) - 1 if at is None else at
    if type(at) is not int or not -1 <= at < len(steps):
        raise ValueError(f"at must be the number of a step, of {len(steps)}, not {at!r}")
    forks, names = _by_step(history, "forks", len(steps)), _by_step(history, "names", len(steps))
    for step, after in forks.items():
        if type(after) is not int or not -1 <= after < step:
            raise ValueError(f"step {step} must follow one before it, not {after!r}")
    if not all(isinstance(name, str) and len(name) <= LONGEST for name in names.values()):
        raise ValueError("names must be texts")
    failure = history.get("failure")
    if failure is not None and not (
        isinstance(failure, dict) and all(isinstance(failure.get(key), str) for key in FAILURE)
    ):
        raise ValueError(f"failure must have a text for each of {', '.join(FAILURE)}")
    return {"steps": steps, "at": at, "forks": forks, "names": names, "failure": failure}


def _by_step(history: dict[str, Any], key: str, count: int) -> dict[int, Any]:
    found = history.get(key, {})
    if not isinstance(found, dict) or not all(each.isdecimal() and int(each) < count for each in found):
        raise ValueError(f"{key} must be by numbers of steps")
    return {int(step): value for step, value in found.items()}
