"""A failure on the page: the rule, what was seen, the timeline, and the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reports import digest
from conformance.reports.html_timeline import lanes
from conformance.reports.html_words import anchor, count, prose
from conformance.reports.markup import Markup, join, tag
from conformance.reports.read import Document
from conformance.reports.text import block, folded, line, value
from conformance.reports.timeline import beside, timeline


def article(
    document: Document, failure: dict[str, Any], identity: str, others: Sequence[tuple[dict[str, Any], str]] = ()
) -> Markup:
    """All that shows one failure; others: of the same rule, folded, each with its id."""
    shown = timeline(failure)
    kind = line(digest.KINDS.get(failure["kind"], failure["kind"]))
    return tag(
        "article",
        heading(digest.rule_of(document, failure["rule"])),
        tag("p", kind, "; check ", tag("code", line(failure["check"])), class_="faint"),
        tag("p", block(failure["seen"]), class_="seen"),
        lanes(shown) if shown else None,
        _listing("The shortest program", folded(failure["program"])) if failure["program"] else None,
        _folding("The same as a program to run", failure["python"]) if failure["python"] else None,
        *(_detail(line(name), block(value(each))) for name, each in beside(failure).items()),
        _others([article(document, other, name) for other, name in others]),
        class_="failure",
        id=identity,
    )


def _others(articles: list[Markup]) -> Markup | None:
    if not articles:
        return None
    return tag("details", tag("summary", f"{count(len(articles), 'more failure')} of this rule"), *articles)


def heading(rule: dict[str, Any]) -> Markup:
    """The rule that is broken, and what it says."""
    name = tag("a", line(rule["id"]), href=f"#{anchor(rule['id'])}")
    section = tag("span", line(rule["section"]), class_="faint")
    return join(tag("h3", name, " ", section), tag("p", prose(line(rule["text"])), class_="says"))


def _listing(title: str, text: str) -> Markup:
    listing = tag("pre", tag("code", block(text)), class_="scroll", tabindex="0", role="region", aria_label=title)
    return tag("div", tag("h4", title), listing)


def _folding(title: str, text: str) -> Markup:
    listing = tag("pre", tag("code", block(text)), class_="scroll", tabindex="0", role="region", aria_label=title)
    return tag("details", tag("summary", title), listing)


def _detail(name: str, text: str) -> Markup:
    if "\n" in text or len(text) > 200:
        return _folding(name, text)
    return tag("p", tag("span", f"{name}: ", class_="faint"), tag("code", text), class_="detail")
