"""The areas on the page: a row each, and in it a chip for each rule."""

from __future__ import annotations

from conformance.reports import digest
from conformance.reports.digest import Area
from conformance.reports.html_words import anchor, badge, look
from conformance.reports.markup import Markup, tag
from conformance.reports.read import Document
from conformance.reports.text import line
from conformance.results import VERDICTS


def areas(document: Document) -> Markup:
    """The table, and what its colours mean."""
    heads = (("Area", None), ("Rules", None), ("Checks run", "number"), ("Operations", "number"))
    names = (tag("th", name, scope="col", role="columnheader", class_=side) for name, side in heads)
    # Roles are said again because a table that a style stacks is no table to some screen readers.
    head = tag("thead", tag("tr", *names, role="row"), role="rowgroup")
    body = tag("tbody", *map(_row, digest.areas(document)), role="rowgroup")
    seen = {rule["verdict"] for rule in document["rules"]}
    legend = [tag("li", badge(verdict)) for verdict in VERDICTS if verdict in seen]
    table = tag("table", head, body, class_="areas", role="table")
    return tag("section", tag("h2", "Areas"), table, tag("ul", *legend, class_="legend"), class_="overview")


def _row(area: Area) -> Markup:
    name = tag("th", tag("span", line(area.id), class_="id"), " ", line(area.title), scope="row", role="rowheader")
    chips = []
    for rule in area.rules:
        says, short = f"{line(rule['id'])}: {rule['verdict']}", line(rule["id"].rpartition("-")[2])
        kind = look(rule["verdict"])
        chips.append(tag("a", short, href=f"#{anchor(rule['id'])}", class_=kind, title=says, aria_label=says))
    numbers = [
        tag("td", f"{number:,}", tag("span", f" {unit}", class_="unit"), class_="number", role="cell")
        for number, unit in ((area.ran, "checks run"), (area.operations, "operations"))
    ]
    return tag("tr", name, tag("td", *chips, class_="chips", role="cell"), *numbers, role="row")
