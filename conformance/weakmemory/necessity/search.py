"""Which client fails once a change is made, and how."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conformance.weakmemory.core.client import Client
from conformance.weakmemory.core.trace import trace
from conformance.weakmemory.core.verdict import Verdict, explore
from conformance.weakmemory.necessity.weaker import Change, changed

ENOUGH = 20_000
"""Executions of one client in which the shortest failure is looked for, once there is one."""


class Witness(NamedTuple):
    """The client that fails, as which kind of failure, and the shortest execution that shows it."""

    client: str
    failure: str
    message: str
    trace: str
    steps: int


def witness(core: Path, clients: Sequence[Client], change: Change) -> Witness | None:
    """The shortest failure of any client with that change; None where all are proved."""
    with tempfile.TemporaryDirectory() as folder:
        copy = changed(core, change, Path(folder))
        failing = [verdict for client in clients if (verdict := explore(client, core=copy)).result.failure]
        if not failing:
            return None
        again = [explore(each.client, core=copy, executions=ENOUGH, every_failure=True) for each in failing]
        return _told(min(again, key=lambda verdict: len(verdict.result.trace)), copy)


def _told(verdict: Verdict, core: Path) -> Witness:
    result = verdict.result
    text = trace(result, core=core)
    return Witness(verdict.client.name, result.failure or "", text.partition("\n")[0], text, len(result.trace))
