"""The report as one page that needs nothing else: no network, no script, no font."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from itertools import count as count_from

from conformance.reports import digest
from conformance.reports.html_areas import areas
from conformance.reports.html_cells import cells
from conformance.reports.html_failure import article, heading
from conformance.reports.html_rules import rules
from conformance.reports.html_words import badge, count
from conformance.reports.markup import Markup, join, tag
from conformance.reports.read import Document
from conformance.reports.text import block, line
from conformance.results import FORMAT, VERDICTS

# Were anything to slip through, the browser would still neither run nor load it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(document: Document) -> str:
    """The whole page."""
    title = f"Conformance of {line(document['target'], 100)}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(files("conformance.reports").joinpath("page.css").read_text("utf-8"))),
    )
    main = tag("main", areas(document), _failures(document), rules(document), _aside(document), cells(document))
    body = tag("body", _header(document), main, _footer(document))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(document: Document) -> Markup:
    verdicts = Counter(rule["verdict"] for rule in document["rules"])
    good = digest.holds(document)
    says = "keeps every rule checked" if good else "does not keep the rules"
    part = None if document["whole"] else tag("p", "Only a part of the checks was run.", class_="note")
    figures = [(f"of {count(len(document['rules']), 'rule')} hold", verdicts["holds"])]
    figures += [(verdict, verdicts[verdict]) for verdict in VERDICTS[1:] if verdicts[verdict]]
    figures += [("checks", len(document["checks"])), ("operations", document["operations"])]
    figures += list(document["figures"].items())
    run = {"profile": document["profile"], "time": f"{document['seconds']:,.1f} s"} | document["environment"]
    return tag(
        "header",
        tag("p", "OmniMailbox conformance", class_="eyebrow"),
        tag("h1", tag("code", line(document["target"], 200)), " ", says, class_="good" if good else "bad"),
        part,
        tag("ul", *(tag("li", tag("b", f"{number:,}"), " ", line(name)) for name, number in figures), class_="figures"),
        tag("p", *(tag("span", f"{line(name)} ", tag("b", line(each))) for name, each in run.items()), class_="run"),
    )


def _failures(document: Document) -> Markup:
    failures, bad = digest.failures(document), digest.unexplained(document)
    gaps = [tag("li", line(gap)) for gap in digest.gaps(document)]
    number = count_from(1)
    parts = [
        article(document, first, f"failure-{next(number)}", [(other, f"failure-{next(number)}") for other in others])
        for first, *others in digest.by_rule(failures)
    ]
    parts += [
        tag(
            "article",
            heading(digest.rule_of(document, check["rule"])),
            tag("p", tag("code", line(check["id"])), f": {line(check['outcome'])}", class_="faint"),
            tag("p", block(check["reason"]), class_="seen") if check["reason"] else None,
            class_="failure",
        )
        for check in bad
    ]
    if gaps:
        parts.append(tag("article", tag("h3", "Not reached, or not known"), tag("ul", *gaps), class_="failure"))
    expected = [
        article(document, each, f"expected-{number}")
        for number, each in enumerate(digest.failures(document, expected=True), 1)
    ]
    if expected:
        parts.append(tag("details", tag("summary", count(len(expected), "expected failure")), *expected))
    return tag("section", tag("h2", "Failures"), *parts, id="failures") if parts else Markup()


def _aside(document: Document) -> Markup:
    lacks = [tag("li", tag("b", line(name)), ": ", line(why)) for name, why in document["not_provided"].items()]
    groups = [
        tag(
            "li",
            badge(outcome),
            " ",
            line(reason or "no reason given"),
            tag("ul", *(tag("li", tag("code", line(each))) for each in ids), class_="ids"),
        )
        for outcome, reason, ids in digest.aside(document)
    ]
    if not lacks and not groups:
        return Markup()
    declared = join(tag("h3", "The target does not provide"), tag("ul", *lacks)) if lacks else Markup()
    checks = join(tag("h3", "Checks that judge nothing"), tag("ul", *groups, class_="aside")) if groups else Markup()
    return tag("section", tag("h2", "Not judged"), declared, checks)


def _footer(document: Document) -> Markup:
    return tag(
        "footer",
        tag("p", f"Report format {FORMAT}. Rules of the reference ", tag("code", line(document["reference"])), "."),
    )
