"""The report as Markdown, for a pull request or the summary of a continuous integration job."""

from __future__ import annotations

import re
from typing import Any

from conformance.failure import KINDS
from conformance.reports.document import (
    Document,
    areas,
    by_rule,
    consequences,
    coverage,
    failures,
    gaps,
    interruptions,
    not_judged,
    rule_of,
    start,
    undecided,
    unexplained,
    verdict,
)
from conformance.reports.text import beside, block, folded, line, table, timeline, value


def render(document: Document) -> str:
    """The verdict, the areas, every failure with what shows it, and every rule."""
    parts = [f"# Conformance of {code(document['target'])}", f"**{escaped(verdict(document))}**", _run(document)]
    parts += [_areas(document), bullets([escaped(gap) for gap in gaps(document)]), _start(document)]
    parts += [_failure(document, *group) for group in by_rule(failures(document))]
    parts += [_bad_check(check) for check in unexplained(document)]
    parts += [_undecided(document), _not_judged(document)]
    parts.append(bullets([_expected(failure) for failure in failures(document, expected=True)]))
    parts += [_coverage(document), _interruptions(document), _rules(document)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text in one line that no reader of Markdown takes for markup, a link or HTML."""
    safe = re.sub(r"([\\`*_\[\]<>&|~$])", r"\\\1", line(text))
    # A space of no width, so that an address or a name does not become a link.
    return re.sub(r"(?i)(?=://)|(?<=www)(?=\.)|(?<=@)", "&#8203;", safe)


def code(text: str, limit: int = 400) -> str:
    """Text in one line as a code span, in a table too."""
    inner = line(text, limit) or " "
    ticks = "`" * (1 + max(map(len, re.findall("`+", inner)), default=0))
    pad = " " if inner[0] == "`" or inner[-1] == "`" else ""
    return f"{ticks}{pad}{inner}{pad}{ticks}".replace("|", "\\|")


def fenced(text: str, language: str = "") -> str:
    """Text as a code block that it cannot end."""
    inner = block(text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", inner)), default=0))
    return f"{fence}{language}\n{inner}\n{fence}"


def rows(heads: list[str], body: list[list[str]], align: str = "") -> str:
    """A table; align: a letter per column, r for right."""
    rule = ["---:" if align[number : number + 1] == "r" else "---" for number in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *body])


def bullets(items: list[str]) -> str:
    """A list."""
    return "\n".join(f"- {item}" for item in items)


def _run(document: Document) -> str:
    said = {"profile": document["profile"], "operations": f"{document['operations']:,}"}
    said |= {"seconds": f"{document['seconds']:,.1f}"} | document["environment"]
    said |= {name: f"{count:,}" for name, count in document["figures"].items()}
    return ", ".join(f"{escaped(name)} {code(each)}" for name, each in said.items())


def _areas(document: Document) -> str:
    body = [
        [
            escaped(f"{area.id} {area.title}"),
            str(len(area.rules)),
            str(area.covered),
            str(area.ran),
            f"{area.operations:,}",
            escaped(area.verdict),
        ]
        for area in areas(document)
    ]
    return rows(["area", "rules", "covered", "checks run", "operations", "verdict"], body, "lrrrrl")


def _failure(document: Document, failure: dict[str, Any], *others: dict[str, Any]) -> str:
    rule = rule_of(document, failure["rule"])
    kind = KINDS.get(failure["kind"], failure["kind"])
    parts = [f"## FAILED {escaped(rule['id'])} {escaped(rule['section'])}".rstrip(), escaped(rule["text"])]
    parts += [f"{escaped(kind).capitalize()}; check {code(failure['check'])}:", fenced(failure["seen"])]
    shown = timeline(failure)
    if shown:
        parts.append(fenced(table(shown)))
    details = [f"{line(name)}: {value(each)}" for name, each in beside(failure).items()]
    parts += [fenced("\n".join(details))] if details else []
    if failure["python"] or failure["program"]:
        parts.append(fenced(failure["python"] or folded(failure["program"]), "python"))
    also = [f"also check {code(other['check'])}: {code(other['seen'])}" for other in others]
    for other in consequences(document, rule["id"]):
        also.append(f"seen with it, {escaped(other['rule'])} by {code(other['check'])}: {code(other['seen'])}")
    parts.append(bullets(also))
    if failure.get("link"):
        address = re.sub(r"[<>\s]", "", failure["link"])
        parts.append(f"[The program beside the model](<{address}>)")
    return "\n\n".join(part for part in parts if part)


def _start(document: Document) -> str:
    found = "\n".join(f"{number}. {escaped(line(each, 300))}" for number, each in enumerate(start(document), 1))
    return f"## Start here\n\nThe rules to mend, in this order:\n\n{found}" if found else ""


def _undecided(document: Document) -> str:
    found = bullets([f"{escaped(rule)}: {escaped(why)}" for rule, why in undecided(document)])
    return f"## Undecided\n\n{found}" if found else ""


def _bad_check(check: dict[str, Any]) -> str:
    heading = f"## FAILED {escaped(check['rule'])}\n\n{code(check['id'])}: {escaped(check['outcome'])}"
    return f"{heading}\n\n{fenced(check['reason'])}" if check["reason"] else heading


def _expected(failure: dict[str, Any]) -> str:
    where = f"{escaped(failure['rule'])}, {code(failure['check'])}"
    return f"failed as expected: {where}: {code(failure['seen'], 200)}"


def _not_judged(document: Document) -> str:
    items = [
        f"the target does not provide {escaped(name)}: {code(why)}" for name, why in document["not_provided"].items()
    ]
    for outcome, reason, ids in not_judged(document):
        items.append(f"{escaped(outcome)}, {escaped(reason or 'no reason given')}: {', '.join(map(code, ids))}")
    return f"## Not judged\n\n{bullets(items)}" if items else ""


def _coverage(document: Document) -> str:
    body = [
        [code(operation), ", ".join(f"{code(result)} {count:,}" for result, count in results.items())]
        for operation, results in coverage(document).items()
    ]
    return _closed("Operation x result, random programs", rows(["operation", "results"], body)) if body else ""


def _interruptions(document: Document) -> str:
    heads, body = interruptions(document)
    table = rows(heads, [[code(row[0]), *map(escaped, row[1:])] for row in body], "l" + "r" * len(heads))
    return _closed("Points of interruption", table) if body else ""


def _rules(document: Document) -> str:
    body = [
        [
            escaped(rule["id"]),
            escaped(rule["verdict"]),
            str(len(rule["checks"])),
            f"{rule['operations']:,}",
            escaped(rule["text"]),
        ]
        for rule in document["rules"]
    ]
    return _closed("Every rule", rows(["rule", "verdict", "checks", "operations", "text"], body, "llrrl"))


def _closed(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
