"""Linearizability: histories of real threads, recorded and checked against the model."""

from conformance.linearizability.checker import check_history
from conformance.linearizability.history import Event, Final, History, Plan
from conformance.linearizability.workload import record

__all__ = ["Event", "Final", "History", "Plan", "check_history", "record"]
