"""What the model allows a client to see: its operations in every order that respects each thread's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.exploration.clients.client import STUCK, Client, Operation
from conformance.exploration.clients.state import NOTHING_COUNTED, Entry, Outcome, SmallConfig, State, Thread
from conformance.exploration.clients.transitions import transitions
from spec_model.channel.value import Channel


class Allowed:
    """The outcomes of the client that some order explains. Orders are tried until what is asked for is found."""

    def __init__(self, client: Client) -> None:
        self._known: set[Outcome] = set()
        self._rest = _outcomes(client)

    def __contains__(self, outcome: object) -> bool:
        if outcome in self._known:
            return True
        for each in self._rest:
            self._known.add(each)
            if each == outcome:
                return True
        return False

    def unexplained(self, met: Iterable[Outcome]) -> frozenset[Outcome]:
        """Of these outcomes, those that no order explains."""
        return frozenset(each for each in met if each not in self)


def outcomes(client: Client) -> frozenset[Outcome]:
    """Every outcome of the client that some order explains."""
    return frozenset(_outcomes(client))


def _outcomes(client: Client) -> Iterator[Outcome]:
    prepared = client._replace(threads=(client.setup,), setup=(), signals=0)
    entries = () if client.bare else (Entry("\0", Channel(SmallConfig(client.capacity, 64))),)
    first = State(prepared, (Thread(-1 if client.bare else 0),), entries)
    starts = [_started(client, state) for state in _final_states([first]) if state.ended]
    return map(_outcome, _final_states(starts))


def _outcome(state: State) -> Outcome:
    """As the harness reports it."""
    results = (result for thread in state.threads for result in thread.results)
    if state.ended:
        return (*results, state.allocated)
    return (*results, *(STUCK | thread.next for thread in state.threads))


def _started(client: Client, prepared: State) -> State:
    """Every thread begins with what the setup has left."""
    left = prepared.threads[0]
    known = NOTHING_COUNTED if left.channel < 0 else prepared.entries[left.channel].history[-1]
    thread = left._replace(next=0, faults=0, known=known, totals=(0, 0), results=())
    entries = tuple(  # a pop that the setup left open is none of theirs
        each._replace(pop=each.pop._replace(thread=-1)) if each.pop else each for each in prepared.entries
    )
    return prepared._replace(client=client, threads=(thread,) * len(client.threads), entries=entries)


def _final_states(starts: list[State]) -> Iterator[State]:
    """The states in which every thread has ended, or waits for what no other thread will do."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        state = waiting.pop()
        stuck = True
        for number, script in enumerate(state.client.threads):
            if state.threads[number].next == len(script):
                continue
            after = set(_successors(number, script, state))
            stuck = stuck and (not after or state in after)
            waiting += after - seen
            seen |= after
        if stuck:
            yield state


def _successors(number: int, script: tuple[Operation, ...], state: State) -> Iterator[State]:
    """By the next transition of one thread."""
    others = state.threads[:number], state.threads[number + 1 :]
    for after, at in transitions(number, script[state.threads[number].next], state):
        yield after._replace(threads=(*others[0], at, *others[1]))
