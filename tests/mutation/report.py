"""What a run over mutants found, as a table, a page and a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.rules import RULES
from tests.mutation.mutant import Catch, Mutant
from tests.mutation.tools import Found


@dataclass(frozen=True)
class Result:
    """What came of one tool on one mutant. skipped: what the machine lacks for it, else ""."""

    mutant: Mutant
    catch: Catch
    found: Found | None
    skipped: str = ""

    @property
    def missed(self) -> bool:
        """Whether the tool ran and did not fail by what the mutant is tagged with."""
        return self.found is not None and not self.found.caught


def unbroken(results: Sequence[Result]) -> list[str]:
    """The rules that no mutant was caught breaking, in their order."""
    broken = {
        rule
        for result in results
        if result.catch.tool == "suite" and result.found and result.found.caught
        for rule in result.found.by.split()
    }
    return [rule.id for rule in RULES.values() if rule.id not in broken]


def rows(results: Sequence[Result]) -> list[tuple[str, str, str, str, str]]:
    """For each mutant and tool: the file, the mutant, the tool, what it named, and how it was found."""
    table = []
    for result in results:
        if result.found is None:
            named, how = str(result.catch), "not run"
        elif result.found.caught and result.catch.tool == "suite":
            named, how = result.found.by, result.found.seen
        else:
            named, how = str(result.catch), result.found.by if result.found.caught else "NOT CAUGHT"
        table.append((result.mutant.file, result.mutant.id, result.catch.tool, named, how))
    return sorted(table)


def text(results: Sequence[Result]) -> str:
    """The table for a terminal."""
    table = [("file", "mutant", "tool", "must name", "caught by"), *rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines)


def summary(results: Sequence[Result], whole: bool) -> str:
    """The verdict in words. whole: of all mutants, so that rules which none breaks are named."""
    lines = []
    for result in results:
        if result.found is not None and result.missed:
            lines.append(
                f"NOT CAUGHT: {result.mutant.id} ({result.mutant.file}), which {result.catch.tool} must catch by "
                f"{result.catch}: {result.found.seen}"
            )
    if whole:
        lines.append(f"rules that no mutant breaks: {', '.join(unbroken(results)) or 'none'}")
    tried = {result.mutant.id for result in results if result.found is not None}
    missed = {result.mutant.id for result in results if result.missed}
    skipped = Counter((result.catch.tool, result.skipped) for result in results if result.skipped)
    tail = "".join(f"; skipped: {count} by {tool}, {why}" for (tool, why), count in sorted(skipped.items()))
    lines.append(f"{len(tried - missed)} of {len(tried)} mutants caught by the tool and rule named{tail}")
    return "\n".join(lines)


ABOVE = """\
# Mutation testing

Each row is a copy of the project with one deliberate mistake: in the model, in the C core, in the Python code that both
bindings share, or in the FlatBuffers verifier. The list is `tests/mutation/mutants/`; each entry names the tools that
must catch it, and what they must name:

- suite: the conformance suite, which must name these rules. The first check that failed is shown;
- explorer: the exhaustive exploration of a small client, with asymmetric fences, which must fail so;
- native, hang: the native stress program: a check fails, or nothing moves, in a phase whose name begins so;
- sanitizer: the native program under the thread or the address sanitizer, whose report has this text;
- cbmc: a proof about the core, which must fail by a claim that has this text;
- verifier: 4,000 buffers and 1,000 schemas of each kind, one of which must be judged differently;
- crosshair: the contract of a function of the model, to which there must be a counterexample.

This page is made by `make mutation ARGS="--all --markdown docs/mutation.md"`. `make mutation` alone runs some of the
list; `ARGS="--only NAME"` runs one mutant, the mutants of one file, or one tool.

"""


def markdown(results: Sequence[Result], whole: bool) -> str:
    """The page for the documentation: the verdict, and the table."""
    head = ["| file | mutant | tool | names | caught by |", "|---|---|---|---|---|"]
    table = [*head, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows(results))]
    return ABOVE + summary(results, whole).replace("\n", "\n\n") + "\n\n" + "\n".join(table) + "\n"
