"""The verdict on a client: exhaustively explored without a failure, or what speaks against it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from conformance.exploration.clients.client import Client
from conformance.exploration.clients.parallel import Pool, Progress, Task, partition
from conformance.exploration.clients.state import Outcome
from conformance.exploration.result import Result


class Verdict(NamedTuple):
    """result: of the exploration. forbidden: outcomes met that no order of the operations explains."""

    client: Client
    result: Result
    forbidden: frozenset[Outcome]
    asymmetric: bool = False
    cxx20: bool = False

    @property
    def clean(self) -> bool:
        """Every execution was explored, none failed, and the model allows each outcome."""
        return not self.why

    @property
    def why(self) -> str:
        """What speaks against it, in a line; "" where nothing does."""
        if self.result.failure == "forbidden":
            return f"outcomes that no order explains: {sorted(self.forbidden)}"
        if self.result.failure:
            return self.result.says
        if self.result.cut or self.result.open:
            return f"{self.result.cut + len(self.result.open)} executions were cut by a bound: not exhaustive"
        return "" if self.result.complete + self.result.blocked else "it has no execution: that says nothing"


def explore(
    client: Client,
    asymmetric: bool = False,
    core: Path | None = None,
    executions: int = 0,
    *,
    pool: Pool | None = None,
    progress: Progress | None = None,
    cxx20: bool = False,
) -> Verdict:
    """Explore a client of the core that ships, or of the one in `core`; stop after `executions`, 0 for all.

    asymmetric: with a compiler barrier on the waker's side and a barrier for all threads on the sleeper's, as
    `membarrier` gives; otherwise with a full fence on both. pool: workers that share the work, where no bound is
    given. progress: called with how far they are. cxx20: with C++20's release sequences, which leave out later stores
    of the same thread; otherwise C11's. After a failure a shorter one is searched for, within a limit.
    """
    task = Task(client, asymmetric, core, cxx20)
    result = partition(task, pool, progress) if pool and not executions else task.explore(executions=executions)
    return Verdict(client, result, task.allowed.unexplained(result.outcomes), asymmetric, cxx20)
