"""Which client fails once a change is made, and how."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conformance.exploration.clients.client import Client
from conformance.exploration.clients.failures import told
from conformance.exploration.clients.job import Job
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.necessity.weaker import Change, changed

SMALL = 500
"""Executions of a client that is small."""


class Witness(NamedTuple):
    """The client that fails, as which kind of failure, and the shortest execution that shows it, of so many steps."""

    client: str
    failure: str
    trace: str
    steps: int


def by_size(core: Path, asymmetric: bool, clients: Sequence[Client]) -> list[tuple[Client, int]]:
    """The clients with how many executions each has, smallest first; ValueError where one fails already."""
    sizes = []
    for client in clients:
        verdict = explore(client, asymmetric, core)
        if not verdict.proved:
            raise ValueError(f"{client.name!r} fails on the core as it is: {verdict.why}")
        sizes.append((client, verdict.result.complete))
    return sorted(sizes, key=lambda each: each[1])


def witness(core: Path, asymmetric: bool, clients: Sequence[tuple[Client, int]], change: Change) -> Witness | None:
    """The shortest failure with that change, of all clients that are small, or else of the first that fails.

    clients: smallest first. None where all are proved.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = changed(core, change, Path(folder))
        failing: list[Verdict] = []
        for client, executions in clients:
            if failing and executions > SMALL:
                break
            verdict = explore(client, asymmetric, copy)
            if verdict.result.failure:
                failing.append(verdict)
        if not failing:
            return None
        shortest = min(failing, key=lambda verdict: len(verdict.result.trace))
        return _witness(shortest, Job(shortest.client, asymmetric, copy))


def _witness(verdict: Verdict, job: Job) -> Witness:
    result = verdict.result
    return Witness(verdict.client.name, result.failure or "", told(job, result), len(result.trace))
