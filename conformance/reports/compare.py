"""Reports side by side: a row per rule, a column per implementation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from conformance.reports.document import Document
from conformance.reports.markdown import escaped, rows
from conformance.reports.text import line

ABSENT = "no such rule"


class Row(NamedTuple):
    """One rule, and the verdict of each report on it."""

    id: str
    section: str
    text: str
    verdicts: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the implementations differ in it."""
        return len(set(self.verdicts)) > 1


def columns(documents: Sequence[Document]) -> dict[str, Document]:
    """The reports by what stands above them; ValueError where they cannot be compared."""
    if len(documents) < 2:
        raise ValueError("compare takes two reports or more")
    first, *others = documents
    for number, other in enumerate(others, 2):
        if other["reference"] != first["reference"]:
            raise ValueError(
                f"report {number} ({line(other['target'])}) used the reference {line(other['reference'])}, "
                f"report 1 ({line(first['target'])}) {line(first['reference'])}: compare reports of one reference"
            )
    shared = Counter(document["target"] for document in documents)
    return {
        document["target"] if shared[document["target"]] == 1 else f"{document['target']} ({number})": document
        for number, document in enumerate(documents, 1)
    }


def table(documents: Sequence[Document]) -> list[Row]:
    """A row per rule of any of the reports, in the order of the catalogue."""
    rules = {rule["id"]: rule for document in documents for rule in document["rules"]}
    verdicts = [{rule["id"]: rule["verdict"] for rule in document["rules"]} for document in documents]
    return [
        Row(identity, rule["section"], rule["text"], tuple(known.get(identity, ABSENT) for known in verdicts))
        for identity, rule in rules.items()
    ]


def text(documents: Sequence[Document]) -> str:
    """As text; `*` marks the rules in which the implementations differ."""
    names = [line(name, 60) for name in columns(documents)]
    body = [[line(verdict, 60) for verdict in row.verdicts] for row in table(documents)]
    totals = [[line(each, 60) for each in total] for total in _totals(documents)]
    widths = [max(len(row[number]) for row in [names, *body, *totals]) for number in range(len(names))]

    def aligned(mark: str, identity: str, cells: Sequence[str], says: str = "") -> str:
        padded = "  ".join(each.ljust(width) for each, width in zip(cells, widths, strict=True))
        return f"{mark} {identity:<10}  {padded}  {line(says)}".rstrip()

    lines = [aligned(" ", "rule", names)]
    lines += [
        aligned("*" if row.differs else " ", line(row.id), verdicts, row.text)
        for row, verdicts in zip(table(documents), body, strict=True)
    ]
    lines.append("")
    lines += [aligned(" ", name, total) for name, total in zip(_HEADS, totals, strict=True)]
    return "\n".join([*lines, "", _differing(documents)])


def markdown(documents: Sequence[Document]) -> str:
    """As a Markdown table; the rules in which the implementations differ are bold."""
    names = columns(documents)
    body = []
    for row in table(documents):
        mark = "**" if row.differs else ""
        body.append([*(f"{mark}{escaped(cell)}{mark}" for cell in (row.id, *row.verdicts)), escaped(row.text)])
    for name, total in zip(_HEADS, _totals(documents), strict=True):
        body.append([name, *map(escaped, total), ""])
    return f"{rows(['rule', *map(escaped, names), 'text'], body)}\n\n{_differing(documents)}"


_HEADS = ("holds", "broken", "profile", "checks", "operations", "verdict")


def _totals(documents: Sequence[Document]) -> list[list[str]]:
    """What stands under the columns: a row for each of _HEADS."""
    totals = []
    for document in documents:
        counts = Counter(rule["verdict"] for rule in document["rules"])
        run = f"{len(document['checks'])}{'' if document['whole'] else ' (a part)'}"
        figures = [f"{counts['holds']} rules", f"{counts['broken']} rules", document["profile"], run]
        totals.append([*figures, f"{document['operations']:,}", document["verdict"]])
    return [list(row) for row in zip(*totals, strict=True)]


def _differing(documents: Sequence[Document]) -> str:
    found = [row.id for row in table(documents) if row.differs]
    counted = "1 rule differs" if len(found) == 1 else f"{len(found)} rules differ"
    return line(f"{counted}: {' '.join(found)}") if found else "no rule differs"
