"""Draws docs/implementations/: the directive `implementations` is the matrix of rules and implementations, and each
implementation has a page, its report, to which the cells link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective

from conformance.failure import Failure
from conformance.reports.html import Markup, join, render, tag
from conformance.reports.text import line
from conformance.results import VERDICTS
from conformance.rules import AREAS, Rule, rules_of
from docs.book.implementations import FOLDER, documents, evidence, title, verdicts
from docs.book.judging import IMPLEMENTATIONS

SIGNS = dict(zip(VERDICTS, "✓✕?≈\N{EN DASH}·", strict=True))
STATIC = "../_static/implementations/matrix"


def badge(verdict: str) -> Markup:
    """A verdict as a sign and a word."""
    kind = verdict.replace(" ", "-")
    sign = tag("span", SIGNS.get(verdict, "?"), aria_hidden="true")
    word = tag("span", f" {line(verdict)}", class_="word")
    return tag("span", sign, word, class_=kind)


def summary() -> Markup:
    """The table of the implementations: what each is, how many rules have which verdict, and what was run."""
    heads = ("implementation", *VERDICTS[:3], "not provided or not run", "checks", "operations", "version")
    rows = []
    for name, document in documents().items():
        counts = Counter(rule["verdict"] for rule in document["rules"])
        numbers = [counts[verdict] for verdict in VERDICTS[:3]]
        numbers += [counts["not provided"] + counts["not run"], len(document["checks"]), document["operations"]]
        cells = [tag("td", f"{number:,}", class_="number") for number in numbers]
        link = tag("a", title(name), href=f"{name}.html")
        rows.append(tag("tr", tag("th", link, scope="row"), *cells, tag("td", *_version(name, document))))
    top = tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads)))
    return _region("What was run", tag("table", top, tag("tbody", *rows), class_="judged"))


def _version(name: str, document: dict[str, Any]) -> list[Markup]:
    """Of the suite that judged it; and whether the sources that were judged are still those."""
    said = document["environment"]
    stale = name in IMPLEMENTATIONS and said.get("sources") != IMPLEMENTATIONS[name].digest()
    changed = [tag("strong", "; its sources have changed since")] if stale else []
    return [join(line(said.get("omnimailbox", "unknown"))), *changed]


def matrix() -> Markup:
    """A row for each rule, by area; a column for each implementation."""
    heads = [tag("th", tag("a", title(name), href=f"{name}.html"), scope="col") for name in documents()]
    bodies = []
    for area, says in AREAS.items():
        head = tag("th", f"{area} {says}", scope="rowgroup", colspan=str(len(heads) + 1))
        bodies.append(tag("tbody", tag("tr", head, class_="area"), *map(_row, rules_of(area))))
    table = tag("table", tag("thead", tag("tr", tag("th", "rule", scope="col"), *heads)), *bodies, class_="matrix")
    choice = tag("label", tag("input", type="checkbox", id="only-differing"), " Only rules on which they differ")
    hint = tag("p", "In the table the arrow keys go from cell to cell, and Enter opens what a verdict is made of.")
    return tag("div", choice, hint, _region("Rules by implementation", table), class_="by-rule")


def _row(rule: Rule) -> Markup:
    said = verdicts(rule.id)
    name = tag("a", rule.id, href=f"../rules.html#{rule.id.lower()}", title=rule.text)
    cells = [
        tag("td", tag("a", badge(verdict), href=evidence(each, rule.id).partition("/")[2]))
        for each, verdict in said.items()
    ]
    differs = len({verdict for verdict in said.values() if verdict not in ("not provided", "not run")}) > 1
    return tag("tr", tag("th", name, scope="row"), *cells, class_="differs" if differs else "agree")


def _region(label: str, table: Markup) -> Markup:
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)


class Implementations(SphinxDirective):
    """`{implementations}`: both tables."""

    def run(self) -> Sequence[nodes.Node]:
        """The tables, drawn again when a report changes, comes or goes."""
        for path in (FOLDER, *FOLDER.glob("*.json")):
            self.env.note_dependency(str(path))
        loaded = f'<link rel="stylesheet" href="{STATIC}.css"><script type="module" src="{STATIC}.js"></script>'
        return [nodes.raw("", loaded + join(summary(), matrix()), format="html")]


def page(name: str) -> str:
    """The report of an implementation, with a way back to the matrix; its programs open on the page of the model."""
    document = documents()[name]
    failures = [{**each, "link": Failure.of(each).link("../model.html")} for each in document["failures"]]
    back = tag("nav", tag("a", "OmniMailbox for Python: who keeps the rules", href="README.html"))
    return render({**document, "failures": failures}).replace("<body>", f"<body>{back}", 1)


def _read_all(app: Sphinx) -> None:
    """Ends the build before anything is read where a file is no report, with what is wrong."""
    try:
        documents()
    except ValueError as error:
        raise SphinxError(str(error)) from error


def _write_pages(app: Sphinx, error: Exception | None) -> None:
    """The report of each implementation; those that a build before this one made of others go."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "implementations"
    for path in folder.glob("*.html"):
        if f"implementations/{path.stem}" not in app.env.found_docs:
            path.unlink()
    for name in documents():
        (folder / f"{name}.html").write_text(page(name), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.add_directive("implementations", Implementations)
    app.connect("builder-inited", _read_all)
    app.connect("build-finished", _write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
