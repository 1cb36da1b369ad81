"""Histories of real threads: recorded, and judged by the model."""

from conformance.histories.event import Event
from conformance.histories.history import Final, History
from conformance.histories.judge import judge
from conformance.histories.plan import Plan
from conformance.histories.record import record

__all__ = ["Event", "Final", "History", "Plan", "judge", "record"]
