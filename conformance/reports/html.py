"""The report as one page that needs nothing else: no network, no script, no font."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from itertools import count as count_from
from typing import Any

from conformance.failure import KINDS
from conformance.reports.document import (
    Area,
    Document,
    areas,
    by_rule,
    consequences,
    coverage,
    failures,
    gaps,
    holds,
    interruptions,
    not_judged,
    rule_of,
    start,
    undecided,
    unexplained,
)
from conformance.reports.text import (
    Placed,
    Timeline,
    answer,
    beside,
    block,
    folded,
    label,
    line,
    timeline,
    value,
    visible,
)
from conformance.results import BAD, FORMAT, VERDICTS

# Defence in depth: text that escaped its element would still be neither run nor loaded by the browser.
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
    main = tag(
        "main",
        _areas(document), _failures(document), _rules(document), _not_judged(document), _coverage(document),
        _interruptions(document),
    )  # fmt: skip
    body = tag("body", _header(document), main, _footer(document))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(document: Document) -> Markup:
    verdicts = Counter(rule["verdict"] for rule in document["rules"])
    good = holds(document)
    says = "keeps every rule checked" if good else "does not keep the rules"
    part = None if document["whole"] else tag("p", "Only a part of the checks was run.", class_="note")
    figures = [(f"of {_counted(len(document['rules']), 'rule')} hold", verdicts["holds"])]
    figures += [(verdict, verdicts[verdict]) for verdict in VERDICTS[1:] if verdicts[verdict]]
    figures += [("checks", len(document["checks"])), ("operations", document["operations"])]
    figures += list(document["figures"].items())
    time = {"time": f"{document['seconds']:,.1f} s"} if document["seconds"] else {}
    run = {"profile": document["profile"]} | time | document["environment"]
    return tag(
        "header",
        tag("p", "OmniMailbox conformance", class_="eyebrow"),
        tag("h1", tag("code", line(document["target"], 200)), " ", says, class_="good" if good else "bad"),
        part,
        tag("ul", *(tag("li", tag("b", f"{number:,}"), " ", line(name)) for name, number in figures), class_="figures"),
        tag("p", *(tag("span", f"{line(name)} ", tag("b", line(each))) for name, each in run.items()), class_="run"),
    )


def _failures(document: Document) -> Markup:
    unreached = [tag("li", line(gap)) for gap in gaps(document)]
    number = count_from(1)
    parts = [
        _article(
            document,
            first,
            f"failure-{next(number)}",
            [(other, f"failure-{next(number)}") for other in others],
            consequences(document, first["rule"]),
        )
        for first, *others in by_rule(failures(document))
    ]
    parts += [
        tag(
            "article",
            _heading(rule_of(document, check["rule"])),
            tag("p", tag("code", line(check["id"])), f": {line(check['outcome'])}", class_="faint"),
            tag("p", block(check["reason"]), class_="seen") if check["reason"] else None,
            class_="failure",
        )
        for check in unexplained(document)
    ]
    if unreached:
        parts.append(tag("article", tag("h3", "Not reached, or not known"), tag("ul", *unreached), class_="failure"))
    expected = [
        _article(document, each, f"expected-{number}")
        for number, each in enumerate(failures(document, expected=True), 1)
    ]
    if expected:
        parts.append(tag("details", tag("summary", _counted(len(expected), "expected failure")), *expected))
    first = tag("ol", *(tag("li", line(each, 300)) for each in start(document))) if start(document) else None
    begin = join(tag("h3", "Start here: the rules to mend, in this order"), first) if first else Markup()
    left = [tag("li", tag("b", line(rule)), f": {line(why)}") for rule, why in undecided(document)]
    end = join(tag("h3", "Undecided"), tag("ul", *left)) if left else Markup()
    return tag("section", tag("h2", "Failures"), begin, *parts, end, id="failures") if parts or left else Markup()


def _not_judged(document: Document) -> Markup:
    lacks = [tag("li", tag("b", line(name)), ": ", line(why)) for name, why in document["not_provided"].items()]
    groups = [
        tag(
            "li",
            _badge(outcome),
            " ",
            line(reason or "no reason given"),
            tag("ul", *(tag("li", tag("code", line(each))) for each in ids), class_="ids"),
        )
        for outcome, reason, ids in not_judged(document)
    ]
    if not lacks and not groups:
        return Markup()
    declared = join(tag("h3", "The target does not provide"), tag("ul", *lacks)) if lacks else Markup()
    checks = (
        join(tag("h3", "Checks without a verdict"), tag("ul", *groups, class_="no-verdict")) if groups else Markup()
    )
    return tag("section", tag("h2", "Not judged"), declared, checks)


def _footer(document: Document) -> Markup:
    return tag(
        "footer",
        tag("p", f"Report format {FORMAT}. Rules of the reference ", tag("code", line(document["reference"])), "."),
    )


def _areas(document: Document) -> Markup:
    """The table, and what its colours mean."""
    heads = (("Area", None), ("Rules", None), ("Checks run", "number"), ("Operations", "number"))
    names = (tag("th", name, scope="col", role="columnheader", class_=side) for name, side in heads)
    # Roles are said again because a table that a style stacks is no table to some screen readers.
    head = tag("thead", tag("tr", *names, role="row"), role="rowgroup")
    body = tag("tbody", *map(_area, areas(document)), role="rowgroup")
    seen = {rule["verdict"] for rule in document["rules"]}
    legend = [tag("li", _badge(verdict)) for verdict in VERDICTS if verdict in seen]
    table = tag("table", head, body, class_="areas", role="table")
    return tag("section", tag("h2", "Areas"), table, tag("ul", *legend, class_="legend"), class_="overview")


def _area(area: Area) -> Markup:
    name = tag("th", tag("span", line(area.id), class_="id"), " ", line(area.title), scope="row", role="rowheader")
    chips = []
    for rule in area.rules:
        says, short = f"{line(rule['id'])}: {rule['verdict']}", line(rule["id"].rpartition("-")[2])
        kind = _style(rule["verdict"])
        chips.append(tag("a", short, href=f"#{_anchor(rule['id'])}", class_=kind, title=says, aria_label=says))
    numbers = [
        tag("td", f"{number:,}", tag("span", f" {unit}", class_="unit"), class_="number", role="cell")
        for number, unit in ((area.ran, "checks run"), (area.operations, "operations"))
    ]
    return tag("tr", name, tag("td", *chips, class_="chips", role="cell"), *numbers, role="row")


def _rules(document: Document) -> Markup:
    """The rules by area, and buttons to see those of one verdict; the style sheet does the choosing."""
    verdicts = Counter(rule["verdict"] for rule in document["rules"])
    choices = [("all", len(document["rules"])), *((verdict, verdicts[verdict]) for verdict in VERDICTS)]
    radios = [
        tag(
            "label",
            tag("input", type="radio", name="show", id=f"show-{_style(verdict)}", checked=verdict == "all"),
            f" {verdict} ",
            tag("b", str(number)),
        )
        for verdict, number in choices
        if number
    ]
    blocks = []
    for area in areas(document):
        title = tag("h3", tag("span", line(area.id), class_="id"), " ", line(area.title))
        blocks.append(tag("div", title, *(_rule(document, rule) for rule in area.rules), class_="area"))
    filters = tag("fieldset", tag("legend", "Show rules"), *radios, class_="filter")
    return tag("section", tag("h2", "Rules"), filters, *blocks, class_="rules", id="rules")


def _rule(document: Document, rule: dict[str, Any]) -> Markup:
    checks = [check for check in document["checks"] if check["rule"] == rule["id"]]
    operations = _counted(rule["operations"], "operation")
    summary = tag(
        "summary",
        _badge(rule["verdict"]),
        tag("span", tag("b", line(rule["id"])), " ", tag("span", line(rule["section"]), class_="faint"), class_="name"),
        tag("span", _prose(line(rule["text"])), class_="text"),
        tag("span", f"{_counted(len(checks), 'check')}, {operations}", class_="faint ran"),
    )
    links = [
        tag("p", tag("a", line(f"{failure['rule']}: {failure['seen']}", 200), href=f"#failure-{number}"))
        for number, failure in enumerate(failures(document), 1)
        if failure["rule"] == rule["id"] or failure["check"] in rule["checks"]
    ]
    body = tag("ul", *map(_check, checks), class_="checks") if checks else tag("p", "No check of it was run.")
    return tag(
        "details",
        summary,
        tag("div", *links, body, class_="body", id=_anchor(rule["id"])),
        class_=f"rule {_style(rule['verdict'])}",
        open=rule["verdict"] == "broken",
    )


def _check(check: dict[str, Any]) -> Markup:
    time = f", {check['seconds']:,.2f} s" if check["seconds"] else ""
    ran = f"{line(check['layer'])}, {_counted(check['operations'], 'operation')}{time}"
    why = tag("div", line(check["reason"]), class_="why") if check["reason"] else None
    says = tag("div", tag("code", line(check["id"])), tag("div", line(check["claim"])), why)
    return tag("li", tag("div", _badge(check["outcome"])), says, tag("div", ran, class_="faint ran"))


def _interruptions(document: Document) -> Markup:
    """At how many points each call was interrupted, and how often that failed; nothing where none was."""
    heads, body = interruptions(document)
    if not body:
        return Markup()
    top = tag("thead", tag("tr", *(tag("th", line(head), scope="col") for head in heads)))
    rows = [
        tag("tr", tag("th", tag("code", line(name)), scope="row"), *(tag("td", line(cell)) for cell in cells))
        for name, *cells in body
    ]
    table = tag("table", top, tag("tbody", *rows), class_="coverage")
    return tag(
        "section",
        tag("h2", "Points of interruption"),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Points by call and kind"),
    )


def _coverage(document: Document) -> Markup:
    """How often each operation gave each result, in random programs; nothing where none ran."""
    unlisted = {tuple(pair) for pair in document["unlisted"]}
    rows = []
    for operation, results in coverage(document).items():
        entries = [
            tag(
                "span",
                tag("code", line(result)),
                f" {number:,}" if number else " never reached",
                " not in the rules" if (operation, result) in unlisted else None,
                class_="cell bad" if not number or (operation, result) in unlisted else "cell",
            )
            for result, number in results.items()
        ]
        rows.append(tag("tr", tag("th", tag("code", line(operation)), scope="row"), tag("td", *entries)))
    if not rows:
        return Markup()
    top = tag("thead", tag("tr", tag("th", "Operation", scope="col"), tag("th", "Result, and how often", scope="col")))
    table = tag("table", top, tag("tbody", *rows), class_="coverage")
    return tag(
        "section",
        tag("h2", "Random programs"),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Operation by result"),
    )


def _article(
    document: Document,
    failure: dict[str, Any],
    identity: str,
    others: Sequence[tuple[dict[str, Any], str]] = (),
    explains: Sequence[dict[str, Any]] = (),
) -> Markup:
    """All that shows one failure; others: of the same rule, folded, with their ids; explains: seen with it."""
    shown = timeline(failure)
    kind = line(KINDS.get(failure["kind"], failure["kind"]))
    return tag(
        "article",
        _heading(rule_of(document, failure["rule"])),
        tag("p", kind, "; check ", tag("code", line(failure["check"])), class_="faint"),
        tag("p", block(failure["seen"]), class_="seen"),
        _program(failure["program"]) if failure["program"] else None,
        _folding("The same as a program to run", failure["python"]) if failure["python"] else None,
        _beside_the_model(failure.get("link", "")),
        _timeline(shown) if shown else None,
        *(_detail(line(name), block(value(each))) for name, each in beside(failure).items()),
        _others([_article(document, other, name) for other, name in others]),
        _seen_with(explains),
        class_="failure",
        id=identity,
    )


def _program(program: list[str]) -> Markup:
    title = "The shortest program"
    return tag("div", tag("h4", title), _listing(title, folded(program)))


def _beside_the_model(link: str) -> Markup | None:
    """A link to the book, of nothing but a page's address."""
    if not re.match(r"(https?|file)://|\.\./", link):
        return None
    return tag("p", tag("a", "The program beside the model, step by step", href=link))


def _others(articles: list[Markup]) -> Markup | None:
    if not articles:
        return None
    return tag("details", tag("summary", f"{_counted(len(articles), 'more failure')} of this rule"), *articles)


def _seen_with(failures: Sequence[dict[str, Any]]) -> Markup | None:
    items = [
        tag("li", f"{line(each['rule'])}, ", tag("code", line(each["check"])), f": {line(each['seen'], 400)}")
        for each in failures
    ]
    if not items:
        return None
    return tag("details", tag("summary", f"Seen with it: {_counted(len(items), 'failure')}"), tag("ul", *items))


def _heading(rule: dict[str, Any]) -> Markup:
    """The rule that is broken, and what it says."""
    name = tag("a", line(rule["id"]), href=f"#{_anchor(rule['id'])}")
    section = tag("span", line(rule["section"]), class_="faint")
    return join(tag("h3", name, " ", section), tag("p", _prose(line(rule["text"])), class_="says"))


def _listing(title: str, text: str) -> Markup:
    return tag("pre", tag("code", block(text)), class_="scroll", tabindex="0", role="group", aria_label=title)


def _folding(title: str, text: str) -> Markup:
    return tag("details", tag("summary", title), _listing(title, text))


def _detail(name: str, text: str) -> Markup:
    if "\n" in text or len(text) > 200:
        return _folding(name, text)
    return tag("p", tag("span", f"{name}: ", class_="faint"), tag("code", text), class_="detail")


def _timeline(shown: Timeline) -> Markup:
    """A column per thread, side by side; time runs down, and a call is as high as it lasted."""
    columns = f"auto repeat({len(shown.threads)}, minmax(5.5rem, 1fr))"
    rows = f"auto repeat({len(shown.moments)}, minmax(1.1rem, auto))"
    parts = [tag("span", "time", class_="moment", style="grid-area: 1 / 1", aria_hidden="true")]
    for number, thread in enumerate(shown.threads, 2):
        parts.append(tag("span", class_="column", style=f"grid-area: 1 / {number} / -1", aria_hidden="true"))
        parts.append(tag("b", thread, class_="thread", style=f"grid-area: 1 / {number}", aria_hidden="true"))
    for number, moment in enumerate(shown.moments, 2):
        parts.append(tag("span", label(moment), class_="moment", style=f"grid-area: {number} / 1", aria_hidden="true"))
    parts += map(_call, shown.placed)
    left_out = f" {shown.omitted:,} calls further away are left out." if shown.omitted else ""
    caption = f"A column per thread; time runs down, and a box lasts as long as its call was under way.{left_out}"
    grid = tag("div", *parts, class_="columns", role="list", style=f"grid-template: {rows} / {columns}")
    return tag(
        "figure",
        tag("figcaption", caption),
        tag("div", grid, class_="scroll", tabindex="0", role="group", aria_label="Timeline"),
        class_="timeline",
    )


def _call(placed: Placed) -> Markup:
    call, column, first, last = placed
    state = " wrong" if call.wrong else "" if call.returned else " open"
    return tag(
        "div",
        tag("span", f"{call.thread}: ", class_="heard"),
        _breakable(call.call),
        tag(
            "div",
            tag("span", "→ ", _breakable(answer(call)), class_="answer"),
            tag("b", call.wrong) if call.wrong else None,
        ),
        class_=f"call{state}",
        role="listitem",
        style=f"grid-area: {first + 2} / {column + 2} / {last + 3}",
    )


_STYLES = {
    **dict.fromkeys(("holds", "passed"), ("good", "✓")),
    **dict.fromkeys(("broken", *BAD), ("bad", "✕")),
    "undecided": ("open", "?"),
    **dict.fromkeys(("broken as expected", "expected failure"), ("expected", "≈")),
    "not provided": ("absent", "\N{EN DASH}"),
    "all": ("all", ""),
}
"""The class of a verdict or an outcome in the style sheet, and its sign."""


def _style(verdict: str) -> str:
    """The class of a verdict or an outcome in the style sheet."""
    return _STYLES.get(verdict, ("unknown", ""))[0]


def _badge(verdict: str) -> Markup:
    """A verdict or an outcome in a word, with a sign, so that it does not hang on colour."""
    _, sign = _STYLES.get(verdict, ("unknown", "?"))
    return tag("span", tag("span", sign, aria_hidden="true"), f" {verdict}", class_=f"badge {_style(verdict)}")


def _anchor(rule: str) -> str:
    """The id of a rule's element."""
    return f"rule-{re.sub('[^A-Za-z0-9-]', '-', rule)}"


def _counted(number: int, noun: str) -> str:
    """A number and its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _prose(text: str) -> Markup:
    """A sentence of the catalogue, in which `code` stands between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return join(text)
    return join(*(tag("code", part) if number % 2 else part for number, part in enumerate(parts)))


def _breakable(text: str) -> Markup:
    """Code that a narrow column breaks between words rather than within them."""
    pieces = re.split(r"(?<=[_(,])(?=[\w'\"])|(?<=\.)(?=[A-Za-z])", text)
    return tag("code", *(join(tag("wbr"), piece) if number else piece for number, piece in enumerate(pieces)))


_EMPTY = ("input", "meta", "wbr")


class Markup(str):
    """Text that is markup: made by `tag` and `join`, by nothing that a target says."""

    __slots__ = ()


Content = str | None
"""Markup, text to be escaped, or nothing."""


def tag(name: str, /, *contents: Content, **attributes: str | bool | None) -> Markup:
    """An element. `class_` and the like stand for names that Python keeps; False and None leave an attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(key.rstrip("_") if each is True else each))}"'
        for key, each in attributes.items()
        if each is not None and each is not False
    )
    # Closed as XML closes it, so that a strict parser can tell whether anything broke out of its place.
    return Markup(f"<{name}{said} />" if name in _EMPTY else f"<{name}{said}>{join(*contents)}</{name}>")


def join(*contents: Content) -> Markup:
    """Contents one after the other."""
    return Markup("".join(each if isinstance(each, Markup) else escape(visible(each or "")) for each in contents))
