"""What is explored: a client on a core, as a whole or below a prefix; the same in this process and on any worker."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.client import Client, run
from conformance.exploration.clients.steps.world import Outcome
from conformance.exploration.explorer import Report, Result

FURTHER = 2000
"""Runs after the first failure, in search of a shorter one."""


class Job(NamedTuple):
    """A client, and what it runs on: see `verdict.explore`."""

    client: Client
    asymmetric: bool = False
    core: Path | None = None
    cxx20: bool = False

    @property
    def allowed(self) -> frozenset[Outcome]:
        """The outcomes that some order of the operations explains."""
        return _allowed(self.client)

    def explore(self, prefix: tuple[int, ...] = (), seconds: float | None = None, executions: int = 0) -> Result:
        """Everything below the prefix; what is not done after so many seconds is left in `open`."""
        end = None if seconds is None else time.monotonic() + seconds

        def go_on(_: Report) -> bool:
            return end is None or time.monotonic() < end

        return run(
            self.client,
            asymmetric=self.asymmetric,
            core=self.core,
            cxx20=self.cxx20,
            prefix=prefix,
            executions=executions,
            further=FURTHER,
            progress=go_on,
            allowed=self.allowed,
        )

    def probe(self, seed: int) -> Result:
        """One run, by chance."""
        return run(self.client, asymmetric=self.asymmetric, core=self.core, cxx20=self.cxx20, seed=seed)


@cache
def _allowed(client: Client) -> frozenset[Outcome]:
    return outcomes(client)
