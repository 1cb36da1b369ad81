"""Every contender in Python moves all messages in order, and one that does not is detected."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import pytest

from tests.bench import large, one_thread, two_threads
from tests.bench.one_thread import _loops, _not_waiting, _peer
from tests.bench.peers import ALL_PEERS, Open, Peer, installed, missing
from tests.bench.two_threads import _ping_pong, _stream
from tests.bench.workload import OURS, CannotRun, Workload, WrongMessages

WORKLOADS = (*one_thread.WORKLOADS, *two_threads.WORKLOADS, *large.WORKLOADS)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_all_messages_come_out_in_order(workload: Workload) -> None:
    """Each contender carries numbered messages, and each one is checked."""
    try:
        contenders = workload.contenders()
    except CannotRun as why:
        pytest.skip(str(why))
    for contender in contenders:
        assert contender.carry(4 * contender.unit, True) > 0, contender.name
        assert contender.carry(2 * contender.unit, False) > 0, contender.name


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_ours_is_among_them(workload: Workload) -> None:
    """The contender that the others are compared with is present, and names are unique."""
    try:
        names = [contender.name for contender in workload.contenders()]
    except CannotRun as why:
        pytest.skip(str(why))
    assert {OURS, *(row.ours for row in workload.rows)} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.once
def test_peers_are_here_or_named_as_missing() -> None:
    """A peer that cannot be imported is left out by name; those of the standard library never are."""
    assert {peer.name for peer in installed()} | set(missing()) == {peer.name for peer in ALL_PEERS}
    assert {"SimpleQueue", "queue.Queue", "deque", "mp.Pipe"} <= {peer.name for peer in installed()}


def _wrong(get: Callable[[Any], Any]) -> Peer:
    """A queue whose get is not right."""

    def make() -> Open:
        q: collections.deque[bytes] = collections.deque()
        return Open(q.append, lambda: _taken(get, q), q.append, lambda: _taken(get, q))

    return Peer("wrong", make)


def _taken(get: Callable[[Any], Any], q: Any) -> Any:
    while True:
        try:
            return get(q)
        except IndexError:
            continue


WRONG = {
    "the newest first": lambda q: q.pop(),
    "another's bytes": lambda q: q.popleft()[:-1] + b"!",
    "the first again and again": lambda q: q[0],
}


@pytest.mark.once
@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_queue_is_detected(how: str) -> None:
    """Batches in one thread, two threads and ping-pong detect a queue that reorders, changes or repeats messages."""
    peer = _wrong(WRONG[how])
    with pytest.raises(WrongMessages, match="wrong"):
        _loops(peer, 64, 32, 320, True)
    if how != "the newest first":  # in these two, there may never be two messages at once
        with pytest.raises(WrongMessages, match="wrong"):
            _ping_pong(peer, 64, 20, True)
        with pytest.raises(WrongMessages, match="wrong"):
            _peer(peer, _not_waiting, 64, 20, True)
        with pytest.raises(WrongMessages, match="wrong"):
            _stream(peer, 64, 2000, True)
