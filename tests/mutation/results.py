"""What a self-test found, as a table and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.rules import RULES
from tests.mutation.hunt import Hunt


def unbroken(hunts: Sequence[Hunt]) -> list[str]:
    """The rules that no mutant was caught breaking, in their order."""
    broken = {find.rule for hunt in hunts for find in hunt.caught}
    return [rule.id for rule in RULES.values() if rule.id not in broken]


def missed(hunts: Sequence[Hunt]) -> list[Hunt]:
    """The mutants that were not caught by a rule that they are tagged with."""
    return [hunt for hunt in hunts if not hunt.caught]


def rows(hunts: Sequence[Hunt]) -> list[tuple[str, str, str, str, str]]:
    """For each mutant: bank, id, the rules it breaks, how it was caught, by which checks."""
    result = []
    for hunt in sorted(hunts, key=lambda hunt: (hunt.bank, hunt.mutant.rules, hunt.mutant.id)):
        rules = " ".join(dict.fromkeys(find.rule for find in hunt.caught))
        ways = " ".join(dict.fromkeys(f"{find.layer}:{find.outcome}" for find in hunt.caught))
        first = hunt.caught[0].check if hunt.caught else "NOT CAUGHT"
        result.append((hunt.bank, hunt.mutant.id, rules or " ".join(hunt.mutant.rules), ways, first))
    return result


def text(hunts: Sequence[Hunt]) -> str:
    """The table for a terminal."""
    head = ("bank", "mutant", "rules", "layer", "first caught by")
    table = [head, *rows(hunts)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines)


_ABOVE = """\
# Would it have noticed?

Each row is an implementation with one deliberate mistake: a copy of the model, of the C core, or of the Python in front
of it (the face), that differs from the original in a line or a few (`tests/mutation/`). `omni-conformance
selftest` runs the suite on every one. A mutant counts as caught only where a check named a rule that it is tagged
with. The checks of those rules run first; where they do not find it, all others follow until one does.

This page is made by `python -m tests.mutation --markdown docs/selftest.md` (`make verify`).

"""


def markdown(hunts: Sequence[Hunt], whole: bool) -> str:
    """The page for the documentation: the verdict, and the table."""
    head = ["| bank | mutant | rules it broke | layer: how it ended | first caught by |", "|---|---|---|---|---|"]
    table = [*head, *("| " + " | ".join(row) + " |" for row in rows(hunts))]
    return _ABOVE + summary(hunts, whole).replace("\n", "\n\n") + "\n\n" + "\n".join(table) + "\n"


def summary(hunts: Sequence[Hunt], whole: bool) -> str:
    """The verdict in words."""
    lost = missed(hunts)
    lines = [f"{len(hunts) - len(lost)} of {len(hunts)} mutants caught by a rule that they break"]
    for hunt in lost:
        seen = ", ".join(f"{find.rule} by {find.check}" for find in hunt.finds) or "nothing failed"
        lines.append(f"NOT CAUGHT: {hunt.bank} {hunt.mutant.id}, which breaks {' '.join(hunt.mutant.rules)}: {seen}")
    if whole:
        rules = unbroken(hunts)
        lines.append(f"rules that no mutant breaks: {', '.join(rules) or 'none'}")
    return "\n".join(lines)
