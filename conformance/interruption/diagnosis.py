"""Which rule an interrupted call broke: by what was seen that no order explains."""

from __future__ import annotations

from conformance.interruption.catalogue import BY_CALL, RAISE, REFUSED
from conformance.interruption.experiment import Difference, Scenario

_TRANSFER = {"waiting", "free slots", "drained"}
_COUNTS = {"c.stats", "c0.stats", "p.stats", "p0.stats", "closed c", "closed p", "broker", "broker afterwards"}
_LIFE = {"close", "name", "registered", "connected", "old connected"}
_REGION = {"reservation", "rollback", "push afterwards", "reserve afterwards", "rollback afterwards"}
_ROOM = tuple(f"{what} {turn}" for turn in range(2) for what in ("filled", "emptied"))
_ONLY_RAISE = {each.name for each in (*RAISE, REFUSED)}


def rule_of(scenario: Scenario, difference: Difference) -> str:
    """The rule that a difference breaks: what was seen first decides, for the rest follows from it."""
    call, labels = BY_CALL[scenario.call], set(difference.labels)
    answer = difference.labels.get("call", ("", ""))[0]
    closes = "close" in scenario.intruder or scenario.call.startswith("close")
    if "views" in labels or "views afterwards" in labels:
        return "MSG-3"
    if "MessageExpiredError" in answer and call.pops and "Raised" in answer:
        return "LIF-8"
    if "swallowed" in labels or not labels:
        return "CON-6"  # an exception, a pin, or the whole channel
    if call.on == "b" and scenario.kind == "memory":
        return "BRK-5"
    if "QUEUE_FULL" in difference.labels.get("push afterwards", ("",))[0] or "reservation" in labels:
        return "RSV-6" if closes or "move" in scenario.call + scenario.intruder else "CON-6"
    if scenario.call.startswith("move"):
        return "LIF-3"
    if labels <= _COUNTS:
        return "STA-2" if call.on == "c" else "STA-1"
    if labels & _LIFE:
        return "LIF-8"
    if labels & _TRANSFER or (labels & _COUNTS and not labels & set(_ROOM)):
        return "POP-6" if call.pops and scenario.kind != "thread" else "CON-2"
    if labels & _REGION or labels & set(_ROOM):
        return "CON-6"
    if "message" in labels:
        return "MSG-2" if "Raised" in difference.labels["message"][1] else "MSG-1"
    if call.between and labels == {"call"}:
        return "WAI-5"  # how many were sent
    if scenario.intruder in _ONLY_RAISE:
        return "POP-6" if call.pops else "CON-6"
    return "CON-2"


def description(scenario: Scenario, where: str, difference: Difference) -> str:
    """What was seen, in a few lines."""
    call = BY_CALL[scenario.call]
    lines = [f"{call.text} ({scenario.state}), interrupted by {scenario.kind}: {scenario.intruder}, at {where}"]
    if difference.leaked and not difference.labels:
        lines.append(f"{difference.leaked >> 10:,} KiB stay mapped when everything is closed")
    lines += [f"{label}: {seen}, not {other}" for label, (seen, other) in difference.labels.items()]
    return "\n".join(lines)
