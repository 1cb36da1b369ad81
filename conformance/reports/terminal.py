"""The report as text: a table of the areas, every failure with what shows it, and the verdict as the last line."""

from __future__ import annotations

from textwrap import fill, indent
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
from conformance.reports.text import beside, block, folded, line, table, timeline, value, visible


def header(document: Document) -> str:
    """What is about to be judged, and where."""
    part = "" if document["whole"] else ", a part of the checks"
    judged = f"OmniMailbox conformance: target {document['target']}, profile {document['profile']}{part}"
    where = ", ".join(f"{name} {version}" for name, version in document["environment"].items())
    return f"{line(judged)}\n{line(where)}"


def render(document: Document) -> str:
    """Everything a run found."""
    parts = [_areas(document), _figures(document), _coverage(document)]
    parts += [_interruptions(document), "\n".join(map(line, gaps(document))), _start(document)]
    parts += [_failure(document, *group) for group in by_rule(failures(document))]
    parts += [_bad_check(check) for check in unexplained(document)]
    parts += [_undecided(document), _not_judged(document)]
    parts.append("\n".join(_expected(document, failure) for failure in failures(document, expected=True)))
    parts.append(line(verdict(document)))
    return "\n\n".join(part for part in parts if part)


def _areas(document: Document) -> str:
    rows = areas(document)
    titles = [line(f"{row.id} {row.title}") for row in rows]
    width = max(map(len, ["area", *titles])) + 2
    lines = [f"{'area':<{width}}{'rules':>6}{'covered':>9}{'checks run':>12}{'operations':>13}  verdict"]
    lines += [
        f"{title:<{width}}{len(row.rules):>6}{row.covered:>9}{row.ran:>12}{row.operations:>13,}  {line(row.verdict)}"
        for title, row in zip(titles, rows, strict=True)
    ]
    rules, covered, ran = len(document["rules"]), sum(row.covered for row in rows), sum(row.ran for row in rows)
    lines.append(f"{'all':<{width}}{rules:>6}{covered:>9}{ran:>12}{document['operations']:>13,}")
    return "\n".join(lines)


def _figures(document: Document) -> str:
    return "\n".join(f"{line(name)}: {count:,}" for name, count in document["figures"].items())


def _coverage(document: Document) -> str:
    rows = [
        f"  {line(operation):<16} {'  '.join(f'{line(result)} {count:,}' for result, count in results.items())}"
        for operation, results in coverage(document).items()
    ]
    return "\n".join(["operation x result, random programs:", *rows]) if rows else ""


def _interruptions(document: Document) -> str:
    heads, body = interruptions(document)
    lines = [f"  {line(row[0]):<22}{''.join(f'{line(each):>22}' for each in row[1:])}" for row in [heads, *body]]
    return "\n".join(["points of interruption:", *lines]) if body else ""


def _failure(document: Document, failure: dict[str, Any], *others: dict[str, Any]) -> str:
    rule = rule_of(document, failure["rule"])
    section = f" ({rule['section']})" if rule["section"] else ""
    kind = KINDS.get(failure["kind"], failure["kind"])
    lines = [line(f"FAILED {rule['id']}{section}: {rule['text']}")]
    lines += [f"  {line(kind)}; check {line(failure['check'])}", indent(block(failure["seen"]), "  ")]
    lines += [f"  also check {line(other['check'])}: {line(other['seen'], 400)}" for other in others]
    for other in consequences(document, rule["id"]):
        seen = f"{line(other['rule'])} by check {line(other['check'])}: {line(other['seen'], 400)}"
        lines.append(f"  seen with it, {seen}")
    return "\n\n".join(["\n".join(lines), *_evidence(failure)])


def _evidence(failure: dict[str, Any]) -> list[str]:
    """The timeline, other details, and the program; that one at the margin, to be copied."""
    shown = timeline(failure)
    parts = [indent(table(shown), "  ")] if shown else []
    others = [f"  {line(name)}:{_detail(each)}" for name, each in beside(failure).items()]
    parts += ["\n".join(others)] if others else []
    if failure["python"]:
        parts.append(block(failure["python"]))
    elif failure["program"]:
        parts.append(indent(block(folded(failure["program"])), "    "))
    if failure.get("link"):
        parts.append(f"  beside the model: {visible(failure['link'])}")
    return parts


def _detail(anything: Any) -> str:
    text = block(value(anything))
    return "\n" + indent(text, "    ") if "\n" in text else f" {text}"


def _start(document: Document) -> str:
    found = [f"  {number}. {line(each, 300)}" for number, each in enumerate(start(document), 1)]
    return "\n".join(["Start here: the rules to mend, in this order.", *found]) if found else ""


def _undecided(document: Document) -> str:
    return "\n".join(line(f"undecided {rule}: {why}") for rule, why in undecided(document))


def _bad_check(check: dict[str, Any]) -> str:
    return line(f"FAILED {check['rule']}: {check['id']}: {check['outcome']}") + (
        f"\n{indent(block(check['reason']), '  ')}" if check["reason"] else ""
    )


def _not_judged(document: Document) -> str:
    lines = [f"the target does not provide {line(name)}: {line(why)}" for name, why in document["not_provided"].items()]
    for outcome, reason, ids in not_judged(document):
        lines.append(line(f"{outcome} ({len(ids)}): {reason or 'no reason given'}"))
        lines.append(
            fill("  ".join(map(line, ids)), 116, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
        )
    return "\n".join(lines)


def _expected(document: Document, failure: dict[str, Any]) -> str:
    return line(f"failed as expected: {failure['rule']}, {failure['check']}: {failure['seen']}", 200)
