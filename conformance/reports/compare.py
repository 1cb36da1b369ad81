"""Reports side by side: a row per rule, a column per implementation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conformance.reports.document import Document, read
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


def load(paths: Sequence[Path]) -> dict[str, Document]:
    """Reports by the name of their target, or by target and file where two share it; ValueError if they do not fit."""
    if len(paths) < 2:
        raise ValueError("compare takes two reports or more")
    documents = {path: read(path) for path in paths}
    if len(documents) < len(paths):
        raise ValueError("compare was given one report twice")
    first = next(iter(documents))
    for path, document in documents.items():
        if document["reference"] != documents[first]["reference"]:
            raise ValueError(
                f"{path} judges by the reference {document['reference']}, {first} by {documents[first]['reference']}: "
                "compare reports of one reference"
            )
    shared = Counter(document["target"] for document in documents.values())
    return {
        document["target"] if shared[document["target"]] == 1 else f"{document['target']} ({path})": document
        for path, document in documents.items()
    }


def table(documents: dict[str, Document]) -> list[Row]:
    """A row per rule of any of the reports, in the order of the catalogue."""
    rules = {rule["id"]: rule for document in documents.values() for rule in document["rules"]}
    verdicts = [{rule["id"]: rule["verdict"] for rule in document["rules"]} for document in documents.values()]
    return [
        Row(identity, rule["section"], rule["text"], tuple(known.get(identity, ABSENT) for known in verdicts))
        for identity, rule in rules.items()
    ]


def terminal(documents: dict[str, Document]) -> str:
    """As text; `*` marks the rules in which the implementations differ."""
    names = [line(name, 60) for name in documents]
    body = [[line(text, 60) for text in row.verdicts] for row in table(documents)]
    totals = [[line(text, 60) for text in total] for total in zip(*_totals(documents).values(), strict=True)]
    widths = [max(len(row[number]) for row in [names, *body, *totals]) for number in range(len(names))]

    def aligned(mark: str, identity: str, texts: Sequence[str], text: str = "") -> str:
        columns = "  ".join(each.ljust(width) for each, width in zip(texts, widths, strict=True))
        return f"{mark} {identity:<10}  {columns}  {line(text)}".rstrip()

    lines = [aligned(" ", "rule", names)]
    lines += [
        aligned("*" if row.differs else " ", line(row.id), verdicts, row.text)
        for row, verdicts in zip(table(documents), body, strict=True)
    ]
    lines.append("")
    lines += [aligned(" ", name, total) for name, total in zip(_HEADS, totals, strict=True)]
    return "\n".join([*lines, "", _differing(documents)]) + "\n"


def markdown(documents: dict[str, Document]) -> str:
    """As a Markdown table; the rules in which the implementations differ are bold."""
    body = []
    for row in table(documents):
        mark = "**" if row.differs else ""
        body.append([*(f"{mark}{escaped(cell)}{mark}" for cell in (row.id, *row.verdicts)), escaped(row.text)])
    for name, total in zip(_HEADS, zip(*_totals(documents).values(), strict=True), strict=True):
        body.append([name, *map(escaped, total), ""])
    return f"{rows(['rule', *map(escaped, documents), 'text'], body)}\n\n{_differing(documents)}\n"


_HEADS = ("holds", "broken", "profile", "checks", "operations", "verdict")


def _totals(documents: dict[str, Document]) -> dict[str, list[str]]:
    """What stands under each column, as _HEADS names it."""
    totals = {}
    for name, document in documents.items():
        counts = Counter(rule["verdict"] for rule in document["rules"])
        part = "" if document["whole"] else " (a part)"
        totals[name] = [
            f"{counts['holds']} rules",
            f"{counts['broken']} rules",
            document["profile"],
            f"{len(document['checks'])}{part}",
            f"{document['operations']:,}",
            document["verdict"],
        ]
    return totals


def _differing(documents: dict[str, Document]) -> str:
    found = [row.id for row in table(documents) if row.differs]
    counted = "1 rule differs" if len(found) == 1 else f"{len(found)} rules differ"
    return line(f"{counted}: {' '.join(found)}") if found else "no rule differs"
