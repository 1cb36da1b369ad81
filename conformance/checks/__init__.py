"""The direct checks: for every rule at least one short program, or function with threads."""

from __future__ import annotations

from importlib import import_module

from conformance.checks.registry import CHECKS, Check

AREAS = (
    "values",
    "broker",
    "pushing",
    "reserving",
    "popping",
    "lifecycle",
    "arguments",
    "threads",
    "broker_threads",
    "hot_path",
    "blocked",
    "timing",
    "signals",
    "differential",
    "linearizability",
    "flatbuffers",
)

for _area in AREAS:
    import_module(f"conformance.checks.{_area}")

__all__ = ["CHECKS", "Check"]
