"""The checks, by the rule that each covers: every layer but exploration, which works on the sources of the C core."""

from __future__ import annotations

from importlib import import_module

from conformance.checks.registry import CHECKS, Check

MODULES = (
    "values", "broker", "pushing", "reserving", "popping", "waiting", "coroutines", "lifecycle", "fork", "c_abi",
    "threads", "broker_threads", "observing", "hot_path", "memory", "wakeups", "blocking", "differential",
    "linearizability",
    "flatbuffers", "interruption", "interpreters",
)  # fmt: skip

FILES: dict[str, str] = {}
"""The file that has a check, from the root of the project, by the check's id."""

for _module in MODULES:
    import_module(f"conformance.checks.{_module}")
    FILES.update((check.id, f"conformance/checks/{_module}.py") for check in CHECKS if check.id not in FILES)

__all__ = ["CHECKS", "FILES", "Check"]
