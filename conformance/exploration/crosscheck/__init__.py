"""The litmus suite through checkers that others wrote: python -m conformance.exploration.crosscheck

To the comparison, such a checker is something on the PATH that is asked about a litmus program.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from conformance.exploration.litmus import Operation, Program, locations, targets
from conformance.exploration.litmus.rc11 import Rules

ORDERS = {"rlx": "relaxed", "acq": "acquire", "rel": "release", "ar": "acq_rel", "sc": "seq_cst"}

Outcome = tuple[int, ...]


class CheckerError(Exception):
    """The checker refused a program, or said something that cannot be read."""


class TooLong(Exception):
    """The checker did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """What a checker says of a program."""

    outcomes: frozenset[Outcome]
    complete: int
    """How many executions."""
    races: bool
    matching: int | None = None
    """How many of them have the outcome that was asked about."""
    each: Mapping[Outcome, int] | None = None
    """How many have each outcome."""


class Checker(Protocol):
    """An independent checker."""

    name: ClassVar[str]

    @property
    def version(self) -> str:
        """As it says itself, with the model."""

    @property
    def deviations(self) -> Mapping[str, Rules]:
        """Where its RC11 is known not to be the paper's: in words, and as rules."""

    def cannot(self, threads: Program, cxx20: bool) -> str | None:
        """Why it cannot be asked about this program, or None."""

    def ask(self, threads: Program, question: str | None, seconds: float) -> Answer:
        """Every execution of the program."""


def unknown(threads: Program) -> str | None:
    """What the program has that no C program has."""
    operations = [each for thread in threads for each in thread]
    if {"sleep", "wake"} & {each.kind for each in operations}:
        return "futex"
    if {"light", "heavy"} & {each.order for each in operations if each.kind == "fence"}:
        return "asymmetric fence"
    if "choose" in {each.kind for each in operations}:
        return "choice"
    return None


def names(threads: Program) -> list[str]:
    """Of the values of an outcome, in order: "1:r0" or "x"."""
    registers = [f"{t}:r{r}" for t, thread in enumerate(threads) for r in targets(thread)]
    return registers + list(locations(threads))


def in_c(o: Operation, at: str) -> str:
    """The operation in C11, where every checker's C has the same words; `at` is the location's address."""
    order, into = f"memory_order_{ORDERS[o.order]}", receiver(o)
    match o.kind:
        case "load":
            return f"{into}atomic_load_explicit({at}, {order});"
        case "store":
            return f"atomic_store_explicit({at}, {o.value}, {order});"
        case "xchg":
            return f"{into}atomic_exchange_explicit({at}, {o.value}, {order});"
        case "add":
            return f"{into}atomic_fetch_add_explicit({at}, {o.value}, {order});"
        case "fence":
            return f"atomic_thread_fence({order});"
        case _:
            raise ValueError(f"no form in C is known of {o.kind}")


def receiver(o: Operation) -> str:
    """What assigns to its register, if it has one."""
    return "" if o.target is None else f"r{o.target} = "


def guarded(o: Operation, statement: str) -> str:
    """The statement, under the operation's condition."""
    return statement if o.guard is None else f"if (r{o.guard[0]} == {o.guard[1]}) {{ {statement} }}"


def call(command: Sequence[str], seconds: float) -> tuple[int, str, str]:
    """Exit status, output and errors."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TooLong(f"no answer in {seconds:g} s") from None
    except OSError as error:
        raise CheckerError(f"cannot run {command[0]}: {error.strerror}") from None
    return ended.returncode, ended.stdout, ended.stderr
