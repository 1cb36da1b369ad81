"""Which client fails once a change is made, and how."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conformance.weakmemory.core.client import Client
from conformance.weakmemory.core.failures import told
from conformance.weakmemory.core.job import Job
from conformance.weakmemory.core.verdict import Verdict, explore
from conformance.weakmemory.necessity.weaker import Change, changed


class Witness(NamedTuple):
    """The client that fails, as which kind of failure, and the shortest execution that shows it, of so many steps."""

    client: str
    failure: str
    trace: str
    steps: int


def witness(core: Path, asymmetric: bool, clients: Sequence[Client], change: Change) -> Witness | None:
    """The shortest failure of any client with that change; None where all are proved."""
    with tempfile.TemporaryDirectory() as folder:
        copy = changed(core, change, Path(folder))
        verdicts = [explore(client, asymmetric, copy) for client in clients]
        failing = [verdict for verdict in verdicts if verdict.result.failure]
        if not failing:
            return None
        shortest = min(failing, key=lambda verdict: len(verdict.result.trace))
        return _witness(shortest, Job(shortest.client, asymmetric, copy))


def _witness(verdict: Verdict, job: Job) -> Witness:
    result = verdict.result
    return Witness(verdict.client.name, result.failure or "", told(job, result), len(result.trace))
