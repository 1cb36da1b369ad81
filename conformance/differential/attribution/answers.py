"""What attribution asks of outcomes."""

from __future__ import annotations

from typing import Any

from conformance.differential.outcome import Raised, Thing

Rules = tuple[str, ...]
"""Ids of rules, the likeliest first."""

PUSHES = ("try_push", "blocking_push", "batch_push", "send")
POPS = ("try_pop", "blocking_pop", "batch_pop", "receive", "list", "next")
_REFUSALS = ("TypeError", "ValueError", "BufferError", "OverflowError")


def answer(outcome: Any) -> Any:
    """The result code of an outcome that has one, else the outcome."""
    coded = isinstance(outcome, tuple) and outcome and not isinstance(outcome, (Raised, Thing))
    return outcome[0] if coded else outcome


def is_error(outcome: Any, error: str) -> bool:
    """Whether an operation raised this error."""
    return isinstance(outcome, Raised) and outcome.error == error


def refused(outcome: Any) -> bool:
    """Whether an operation raised what a refused argument raises, or might."""
    return isinstance(outcome, Raised) and outcome.error in _REFUSALS
