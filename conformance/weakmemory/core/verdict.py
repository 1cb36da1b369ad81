"""What the exploration of a client says: proved, or what speaks against it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from conformance.weakmemory.core.allowed import outcomes
from conformance.weakmemory.core.client import Client, run
from conformance.weakmemory.explorer import Result


class Verdict(NamedTuple):
    """result: of the exploration."""

    client: Client
    result: Result

    @property
    def proved(self) -> bool:
        """Every execution that there is was met, none failed, and the model allows each outcome."""
        return self.result.proved

    @property
    def why(self) -> str:
        """What speaks against it, in a line; "" where nothing does."""
        if self.result.failure:
            return f"{self.result.failure}: {self.result.message}"
        if self.result.cut:
            return f"{self.result.cut} executions were cut by a bound: nothing is proved"
        return "" if self.result.complete else "no execution was complete: nothing is proved"


def explore(
    client: Client,
    asymmetric: bool = False,
    core: Path | None = None,
    executions: int = 0,
    every_failure: bool = False,
    cxx20: bool = False,
) -> Verdict:
    """Explore a client of the core that ships, or of the one in `core`; stop after `executions`, 0 for all.

    asymmetric: with a compiler barrier on the waker's side and a barrier for all threads on the sleeper's, as
    `membarrier` gives; otherwise with a full fence on both. every_failure: go on after one, and keep the shortest.
    cxx20: with C++20's release sequences, which leave out later stores of the same thread; otherwise C11's.
    """
    allowed = outcomes(client)
    options = {"executions": executions, "every_failure": every_failure, "allowed": allowed, "cxx20": cxx20}
    return Verdict(client, run(client, asymmetric=asymmetric, core=core, **options))
