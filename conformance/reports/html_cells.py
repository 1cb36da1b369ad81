"""The table operation x result on the page."""

from __future__ import annotations

from conformance.reports import digest
from conformance.reports.markup import Markup, tag
from conformance.reports.read import Document
from conformance.reports.text import line


def cells(document: Document) -> Markup:
    """How often each operation gave each result, in random programs; nothing where none ran."""
    unknown = {tuple(cell) for cell in document["unknown_cells"]}
    rows = []
    for operation, results in digest.cells(document).items():
        entries = [
            tag(
                "span",
                tag("code", line(result)),
                f" {number:,}" if number else " never reached",
                " not in the rules" if (operation, result) in unknown else None,
                class_="cell bad" if not number or (operation, result) in unknown else "cell",
            )
            for result, number in results.items()
        ]
        rows.append(tag("tr", tag("th", tag("code", line(operation)), scope="row"), tag("td", *entries)))
    if not rows:
        return Markup()
    top = tag("thead", tag("tr", tag("th", "Operation", scope="col"), tag("th", "Result, and how often", scope="col")))
    table = tag("table", top, tag("tbody", *rows), class_="cells")
    return tag(
        "section",
        tag("h2", "Random programs"),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Operation by result"),
    )
