"""Does the explorer give the verdict that is known of a litmus test?"""

from __future__ import annotations

from conformance.exploration.explorer import Result
from conformance.exploration.litmus.interpreter import run
from conformance.exploration.litmus.suite import Litmus

EVENTS = {"race": "data race", "sleeps": "lost wakeup"}


def explored(test: Litmus) -> Result:
    """Everything the program can do."""
    return run(test.program, cxx20=test.cxx20, check_repetition=True)


def mistake(test: Litmus, result: Result) -> str | None:
    """What the explorer got wrong about it, or None."""
    event = EVENTS.get(test.asks)
    if result.failure is not None and result.failure != event:
        return f"{result.failure}: {result.message}"
    if result.cut or result.repeated:
        return f"{result.cut} executions cut, {result.repeated} repeated"
    seen = result.failure == event if event else any(test.matches(outcome) for outcome in result.outcomes)
    if seen != test.allowed:
        verdict, met = "allowed" if test.allowed else "forbidden", "seen" if seen else "not seen"
        return f"{test.asks} is {verdict} ({test.source}), and was {met}"
    if not result.failure and not result.complete:
        return "no execution is complete"
    if test.executions is not None and result.complete != test.executions:
        return f"{result.complete} executions instead of {test.executions}"
    return None
