"""The core that ships, explored: small clients are clean, and a failure is printed by thread and source line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from conformance.exploration.clients.__main__ import main
from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import client
from conformance.exploration.clients.state import Code
from conformance.exploration.clients.verdict import explore
from tests.conformance.exploration.cores import racing

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
BY_NAME = {each.name: each for each in QUICK}
PINNED, INTERRUPTED = Code.PINNED, Code.INTERRUPTED


SELECTION = (
    "try", "views held, two slots", "timed", "producer contended, one is bias owner", "consumer closed during a pop",
    "view handed over", "two request one name", "pop interrupted", "allocation fails for two",
)  # fmt: skip
"""One small client of each kind; `make explore` explores all of them, in the same three modes."""


@pytest.mark.parametrize("mode", ["asymmetric fences", "full fences", "C++20"])
@pytest.mark.parametrize("name", SELECTION)
def test_a_client_of_each_kind_is_clean(name: str, mode: str) -> None:
    """Every execution that RC11 allows ends in an outcome that the model allows; none races, fails or sleeps for ever.

    C++20 leaves later stores of the same thread out of a release sequence: the core does not depend on them.
    """
    verdict = explore(BY_NAME[name], mode == "asymmetric fences", cxx20=mode == "C++20")
    assert verdict.clean, verdict.why


def test_client_names_are_unique() -> None:
    """A name identifies a client."""
    names = [each.name for each in FULL]
    assert len(set(names)) == len(names)


def test_a_failure_is_printed_by_thread_and_source_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command exits with 1, and prints the execution with the lines of the core, and a string that replays it."""
    assert main(["--core", str(racing(tmp_path)), "--only", "try", "--fences", "full"]) == 1
    printed = capsys.readouterr().out
    assert "data race: write by thread 0 at" in printed
    assert "thread 0" in printed and "thread 1" in printed
    assert re.search(r"ring\.h:\d+ write", printed)
    assert "replay: " in printed


def test_what_is_allowed_is_what_the_model_does() -> None:
    """Two orders of a push and a pop, three results of a push on a full queue with a time limit and a close."""
    assert outcomes(client("", 1, "try_push 1", "try_pop")) == {(0, 0 | 1 << 8, 4), (0, 3, 4)}
    assert outcomes(client("", 1, "try_push 1; timed_push 2", "close_consumer")) == {(0, 1, 4), (0, 2, 4), (2, 2, 4)}
    assert outcomes(client("", 1, "blocking_pop")) == frozenset()


def test_a_setup_comes_before_the_threads() -> None:
    """They begin with its channel, its messages and its pin, and its results are no part of the outcome."""
    held = client("", 1, "try_pop", "held; view; unpin", setup="try_push 1; try_pop; pin; try_push 2")
    assert outcomes(held) == {(PINNED, 1, 1, 4), (0 | 2 << 8, 1, 1, 4)}


def test_memory_that_is_left_is_a_part_of_the_outcome() -> None:
    """Two blocks for a broker, two for a channel; a view keeps those of its channel."""
    assert outcomes(client("", 1, "free_producer", "free_consumer")) == {(2,)}
    assert outcomes(client("", 1, "free_producer; free_consumer", "free_broker")) == {(0,)}
    assert outcomes(client("", 1, "free_producer; free_consumer", setup="try_push 1; try_pop; pin")) == {(4,)}


def test_a_fault_is_injected_as_often_as_the_client_says() -> None:
    """A sleep ends with a signal, or a request is refused memory, so many times in each thread."""
    asleep = "blocking_pop; blocking_pop; try_push 1; try_pop"
    assert outcomes(client("", 1, asleep, signals=1)) == frozenset()
    assert outcomes(client("", 1, asleep, signals=2)) == {(INTERRUPTED, INTERRUPTED, 0, 0 | 1 << 8, 4)}
    refused = outcomes(client("", 1, "request 0; request 0; request 0", bare=True, refusals=2))
    assert {results[:3] for results in refused} == {(0, 1, 1), (3, 0, 1), (3, 3, 0)}


def test_two_requests_share_a_name_only_one_after_the_other() -> None:
    """One answers SUCCESS and the other NAME_EXISTS; where the first gave it back, both answer SUCCESS."""
    assert outcomes(client("", 1, "request 1", "request 1", bare=True)) == {(0, 1, 4), (1, 0, 4)}
    both = "request 1; free_producer; free_consumer"
    assert outcomes(client("", 1, both, both, bare=True)) == {(0, 0, 2), (0, 1, 2), (1, 0, 2)}


def test_an_operation_that_is_none_is_refused() -> None:
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="no operation is called 'push'; there are try_push"):
        client("", 1, "push 1")


def test_a_thread_with_too_many_operations_is_refused() -> None:
    """The error says how many there are, and how many there may be."""
    with pytest.raises(ValueError, match="a thread has at most 8 operations, not 9"):
        client("", 1, "; ".join(["try_pop"] * 9))
