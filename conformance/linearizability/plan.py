"""What the threads of a recording do."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

PUSHES = ("try_push", "blocking_push", "batch_push", "reserve")
POPS = ("try_pop", "blocking_pop", "batch_pop")
HOLDS = ("reread", "take_export", "release_export")
SIDES = ("", "close_producer", "close_consumer", "shutdown", "statistics", "requests")


@dataclass(frozen=True)
class Plan:
    """One recording, but for how the threads meet: the same plan makes each thread choose the same calls.

    pushes, pops: the calls to choose from; one that stands there twice is chosen twice as often.
    calls: of the producer. capacity, size: of the channel.
    side: what the third thread does, after `after` calls of the producer's where it is done once.
    """

    seed: int
    pushes: tuple[str, ...] = PUSHES
    pops: tuple[str, ...] = POPS
    calls: int = 1000
    capacity: int = 8
    size: int = 64
    side: str = ""
    after: int = 0

    def __post_init__(self) -> None:
        for given, known in ((self.pushes, PUSHES), (self.pops, POPS + HOLDS), ((self.side,), SIDES)):
            if not set(given) <= set(known):
                raise ValueError(f"one of {', '.join(known)}, not {', '.join(set(given) - set(known))}")

    def random(self, thread: str) -> Random:
        """The choices of one thread."""
        return Random(f"{self.seed} {thread}")
