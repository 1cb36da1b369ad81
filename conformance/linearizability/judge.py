"""Whether what the threads saw is some order of their calls that the model allows (§8)."""

from __future__ import annotations

from conformance.linearizability.blame import blame
from conformance.linearizability.contents import judge_contents
from conformance.linearizability.history import History
from conformance.linearizability.merge import Lanes, merge
from conformance.linearizability.statistics import judge_statistics


def judge(history: History) -> int:
    """Judge a history; raises Broken with the rule, what was seen and a timeline. How many states were visited.

    First what was read, for the merge counts messages and does not look at them; then
    whether the results fit together [CON-3]; then the figures [STA-1, STA-2, BRK-11].
    """
    judge_contents(history)
    lanes = Lanes.of(history)
    merged = merge(lanes)
    if merged.stuck:
        raise blame(history, lanes, merged)
    judge_statistics(history)
    return merged.states
