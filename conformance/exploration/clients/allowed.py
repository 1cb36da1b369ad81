"""What the model allows a client to see: its operations in every order that respects each thread's own."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.exploration.clients.client import Client
from conformance.exploration.clients.state import NOTHING_COUNTED, Entry, Outcome, SmallConfig, State, Thread
from conformance.exploration.clients.transitions import transitions
from spec_model.channel.value import Channel


def outcomes(client: Client) -> frozenset[Outcome]:
    """Every outcome of the client that some order explains; deadlocks have none."""
    prepared = client._replace(threads=(client.setup,), signals=0)
    entries = () if client.bare else (Entry("\0", Channel(SmallConfig(client.capacity, 64))),)
    first = State(prepared, (Thread(-1 if client.bare else 0),), entries)
    starts = [_started(client, state) for state in _final_states([first])]
    return frozenset(
        (*(result for thread in state.threads for result in thread.results), state.allocated)
        for state in _final_states(starts)
    )


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
    """The states in which every thread has ended."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        state = waiting.pop()
        if all(thread.next == len(script) for thread, script in zip(state.threads, state.client.threads, strict=True)):
            yield state
        for after in _successors(state):
            if after not in seen:
                seen.add(after)
                waiting.append(after)


def _successors(state: State) -> Iterator[State]:
    for number, script in enumerate(state.client.threads):
        thread = state.threads[number]
        if thread.next == len(script):
            continue
        others = state.threads[:number], state.threads[number + 1 :]
        for after, at in transitions(number, script[thread.next], state):
            yield after._replace(threads=(*others[0], at, *others[1]))
