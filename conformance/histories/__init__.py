"""Histories of real threads: recorded, and judged by the model."""

from conformance.histories.event import Event
from conformance.histories.history import Final, History
from conformance.histories.judge import judge

__all__ = ["Event", "Final", "History", "judge"]
