"""Histories of real threads: recorded, and judged by the model."""

from conformance.linearizability.event import Event
from conformance.linearizability.history import Final, History
from conformance.linearizability.judge import judge
from conformance.linearizability.plan import Plan
from conformance.linearizability.record import record

__all__ = ["Event", "Final", "History", "Plan", "judge", "record"]
