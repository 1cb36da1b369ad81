"""Every rule on the page: its verdict, its text, and the checks that cover it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from conformance.reports import digest
from conformance.reports.html_words import anchor, badge, count, look, prose
from conformance.reports.markup import Markup, tag
from conformance.reports.read import Document
from conformance.reports.text import line
from conformance.results import VERDICTS


def rules(document: Document) -> Markup:
    """The rules by area, and buttons to see those of one verdict; the style sheet does the choosing."""
    verdicts = Counter(rule["verdict"] for rule in document["rules"])
    choices = [("all", len(document["rules"])), *((verdict, verdicts[verdict]) for verdict in VERDICTS)]
    radios = [
        tag(
            "label",
            tag("input", type="radio", name="show", id=f"show-{look(verdict)}", checked=verdict == "all"),
            f" {verdict} ",
            tag("b", str(number)),
        )
        for verdict, number in choices
        if number
    ]
    blocks = []
    for area in digest.areas(document):
        title = tag("h3", tag("span", line(area.id), class_="id"), " ", line(area.title))
        blocks.append(tag("div", title, *(_rule(document, rule) for rule in area.rules), class_="area"))
    filters = tag("fieldset", tag("legend", "Show rules"), *radios, class_="filter")
    return tag("section", tag("h2", "Rules"), filters, *blocks, class_="rules", id="rules")


def _rule(document: Document, rule: dict[str, Any]) -> Markup:
    checks = [check for check in document["checks"] if check["rule"] == rule["id"]]
    summary = tag(
        "summary",
        badge(rule["verdict"]),
        tag("span", tag("b", line(rule["id"])), " ", tag("span", line(rule["section"]), class_="faint"), class_="name"),
        tag("span", prose(line(rule["text"])), class_="text"),
        tag("span", f"{count(len(checks), 'check')}, {count(rule['operations'], 'operation')}", class_="faint ran"),
    )
    links = [
        tag("p", tag("a", line(f"{failure['rule']}: {failure['seen']}", 200), href=f"#failure-{number}"))
        for number, failure in enumerate(digest.failures(document), 1)
        if failure["rule"] == rule["id"] or failure["check"] in rule["checks"]
    ]
    body = tag("ul", *map(_check, checks), class_="checks") if checks else tag("p", "No check of it was run.")
    return tag(
        "details",
        summary,
        tag("div", *links, body, class_="body", id=anchor(rule["id"])),
        class_=f"rule {look(rule['verdict'])}",
        open=rule["verdict"] == "broken",
    )


def _check(check: dict[str, Any]) -> Markup:
    ran = f"{line(check['layer'])}, {count(check['operations'], 'operation')}, {check['seconds']:,.2f} s"
    why = tag("div", line(check["reason"]), class_="why") if check["reason"] else None
    says = tag("div", tag("code", line(check["id"])), tag("div", line(check["claim"])), why)
    return tag("li", tag("div", badge(check["outcome"])), says, tag("div", ran, class_="faint ran"))
