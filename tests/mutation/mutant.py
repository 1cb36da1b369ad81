"""What an entry of the list of deliberate mistakes is: a change of one file, and what must catch it."""

from __future__ import annotations

from typing import NamedTuple


class Catch(NamedTuple):
    """A tool that must catch a mutant, and what it must name: rules (all, or one of them), or words of its report."""

    tool: str
    by: tuple[str, ...]
    one_of: bool = False

    def __str__(self) -> str:
        return ", ".join(part.strip() for part in self.by if part) or "any difference"


class Mutant:
    """One file of the project with one deliberate mistake in it.

    id: its name, unique in the list. file: from the repository's root. caught_by: the tools that must catch it.
    texts: what must occur in the file exactly once, and its replacement; further pairs of the same for a mistake that
    takes several edits, made one after the other.
    """

    def __init__(self, id: str, file: str, caught_by: Catch | tuple[Catch, ...], *texts: str) -> None:
        if not texts or len(texts) % 2:
            raise ValueError(f"mutant {id}: {len(texts)} texts, which are no pairs of an old one and a new one")
        self.id, self.file = id, file
        self.caught_by = (caught_by,) if isinstance(caught_by, Catch) else caught_by
        self.edits = tuple(zip(texts[::2], texts[1::2], strict=True))

    def __repr__(self) -> str:
        return f"<mutant {self.id} of {self.file}>"

    def apply(self, source: str) -> str:
        """The changed text of the file; ValueError where an old text does not occur exactly once."""
        for old, new in self.edits:
            if (count := source.count(old)) != 1:
                raise ValueError(f"mutant {self.id}: {self.file} has {old!r} {count} times, not once")
            source = source.replace(old, new)
        return source

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it breaks."""
        return tuple(rule for catch in self.caught_by if catch.tool == "suite" for rule in catch.by)


def suite(*rules: str) -> Catch:
    """The conformance suite: for each of these rules, some check fails and names it. The sharpest rule first."""
    return Catch("suite", rules)


def suite_any(*rules: str) -> Catch:
    """The conformance suite: some check fails and names one of these rules; which of them may depend on timing."""
    return Catch("suite", rules, one_of=True)


def explorer(client: str, failure: str) -> Catch:
    """The exploration of a client finds an execution that fails so: a data race, a lost wakeup, ...; "" for any."""
    return Catch("explorer", (client, failure))


def native(phase: str) -> Catch:
    """A check of the native program fails in a phase that begins so."""
    return Catch("native", (phase,))


def hangs(phase: str) -> Catch:
    """The native program's watchdog ends it in a phase that begins so."""
    return Catch("hang", (phase,))


def sanitizer(name: str, report: str) -> Catch:
    """The native program, compiled with a sanitizer ("thread" or "address"), ends with a report that has this text."""
    return Catch("sanitizer", (name, report))


def cbmc(proof: str, claim: str) -> Catch:
    """CBMC refutes a proof, and names a claim that has this text; "" for any."""
    return Catch("cbmc", (proof, claim))


def verifier() -> Catch:
    """The FlatBuffers verifier differs from the installed one in its verdict on some buffer or schema, or crashes."""
    return Catch("verifier", ())


def crosshair(function: str) -> Catch:
    """CrossHair finds a counterexample to the contract of a function of the file."""
    return Catch("crosshair", (function,))


RACE, LOST_WAKEUP, UNEXPLAINED = "data race", "lost wakeup", "outcomes that no order explains"
ASSERTION, FREED = "assertion", "freed memory"
"""How the exploration of a client fails."""
