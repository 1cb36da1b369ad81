"""The JSON document of a run: read from a file and validated, and what every report derives from it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from conformance.reports import short
from conformance.results import BAD, FORMAT, VERDICTS

Document = dict[str, Any]

_FAILURE = {
    "rule": str, "check": str, "kind": str, "seen": str, "target": str, "program": [str], "python": str,
    "details": {str: object}, "cause": str,
}  # fmt: skip
_RULE = {
    "id": str, "area": str, "section": str, "text": str, "verdict": str, "why": str, "checks": [str], "operations": int,
}  # fmt: skip
_CHECK = {
    "id": str, "rule": str, "layer": str, "claim": str, "outcome": str, "operations": int, "seconds": float,
    "reason": str,
}  # fmt: skip
_DOCUMENT = {
    "reference": str, "target": str, "profile": str, "whole": bool, "not_provided": {str: str}, "assumed": [str],
    "environment": {str: str}, "verdict": str, "seconds": float, "operations": int, "figures": {str: int},
    "areas": {str: str}, "rules": [_RULE], "checks": [_CHECK],
    "coverage": [{"operation": str, "result": str, "count": int}],
    "interruptions": [{"operation": str, "result": str, "count": int}],
    "uncovered": [[str]], "unlisted": [[str]], "not_run": [str], "too_few": int, "failures": [_FAILURE],
}  # fmt: skip
"""A form is a type, a list of one form, named fields, or any names ({str: form})."""

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", list: "a list", dict: "an object"}


def read(path: Path) -> Document:
    """The document in a file, which may have the short form; ValueError for anything else, OSError for no file."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    try:
        return validated(document)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def validated(document: Any) -> Document:
    """The document, restored from its short form, if it is one of this format; ValueError says what is wrong."""
    if not isinstance(document, dict) or "format" not in document:
        raise ValueError("no report of omni-conformance: it has no format number; `run --json FILE` writes one")
    if "rules" not in document and "program" in document:
        raise ValueError("this is one failure, not the report of a run; `replay` takes it")
    if "short" in document:
        _fits(document, {name: form for name, form in _DOCUMENT.items() if name in short.AS_IT_IS} | short.FORM, "")
        return validated(short.restored(document))
    if document["format"] != FORMAT or isinstance(document["format"], bool):
        raise ValueError(f"the report has format {document['format']!r}; this version reads format {FORMAT} only")
    _fits(document, _DOCUMENT, "")
    for number, rule in enumerate(document["rules"]):
        if rule["area"] not in document["areas"]:
            raise ValueError(f"rules[{number}].area is {rule['area']!r}, which is not one of the areas")
        if rule["verdict"] not in VERDICTS:
            raise ValueError(f"rules[{number}].verdict is {rule['verdict']!r}, not one of {', '.join(VERDICTS)}")
    for key in ("uncovered", "unlisted"):
        if any(len(pair) != 2 for pair in document[key]):
            raise ValueError(f"{key} should hold pairs of operation and result")
    return document


def _fits(found: Any, form: Any, where: str) -> None:
    kind = form if isinstance(form, type) else type(form)
    wrong = not isinstance(found, (int, float) if kind is float else kind)
    if wrong or (isinstance(found, bool) and kind in (int, float)):
        raise ValueError(f"{where or 'the report'} is {found!r:.60}, not {_NAMES[kind]}")
    if isinstance(form, list):
        for number, each in enumerate(found):
            _fits(each, form[0], f"{where}[{number}]")
    elif isinstance(form, dict) and str in form:
        for key, each in found.items():
            _fits(each, form[str], f"{where}[{key!r}]")
    elif isinstance(form, dict):
        for key, inner in form.items():
            inside = f"{where}.{key}" if where else key
            if key not in found:
                raise ValueError(f"{inside} is missing")
            _fits(found[key], inner, inside)


NOT_RAN = ("not provided", "skipped")
EXPECTED = "expected failure"
NOT_JUDGED = (*NOT_RAN, EXPECTED)


class Area(NamedTuple):
    """The rules of one area, and the checks of them that ran."""

    id: str
    title: str
    rules: list[dict[str, Any]]
    covered: int
    ran: int
    operations: int

    @property
    def verdict(self) -> str:
        """In a few words, the broken rules by id."""
        counts = Counter(rule["verdict"] for rule in self.rules)
        broken = [rule["id"] for rule in self.rules if rule["verdict"] == "broken"]
        if broken:
            return "FAILS " + " ".join(broken)
        if len(counts) < 2:
            return next(iter(counts), "no rules")
        rest = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if verdict != "holds")
        return f"holds ({rest})" if counts["holds"] else rest


def areas(document: Document) -> list[Area]:
    """Every area, in order."""
    ran = Counter(check["rule"] for check in document["checks"] if check["outcome"] not in NOT_RAN)
    rows = []
    for area, title in document["areas"].items():
        rules = [rule for rule in document["rules"] if rule["area"] == area]
        covered = sum(bool(ran[rule["id"]]) for rule in rules)
        checks, operations = sum(ran[rule["id"]] for rule in rules), sum(rule["operations"] for rule in rules)
        rows.append(Area(area, title, rules, covered, checks, operations))
    return rows


def gaps(document: Document) -> list[str]:
    """What the run should have reached and did not, or the other way round."""
    missing = [f"never reached though the rules allow it: {a} -> {b}" for a, b in document["uncovered"]]
    unknown = [f"reached though the rules do not list it: {a} -> {b}" for a, b in document["unlisted"]]
    unjudged = [f"nothing is known of {rule}: no check of it ran" for rule in document["not_run"]]
    few = [f"random programs executed {document['too_few']:,} operations, which is too few"] * bool(document["too_few"])
    return missing + unknown + unjudged + few + ([] if document["checks"] else ["no check was run"])


def coverage(document: Document) -> dict[str, dict[str, int]]:
    """How often each operation gave each result; those never reached count 0."""
    table: dict[str, dict[str, int]] = {}
    for operation, result in document["uncovered"]:
        table.setdefault(operation, {})[result] = 0
    for each in document["coverage"]:
        table.setdefault(each["operation"], {})[each["result"]] = each["count"]
    return dict(sorted(table.items()))


def interruptions(document: Document) -> tuple[list[str], list[list[str]]]:
    """The table of the interrupted calls, its heads and its rows: by each kind how many points, and how many failed."""
    found = {(each["operation"], each["result"]): each["count"] for each in document["interruptions"]}
    kinds = list(dict.fromkeys(result.partition(":")[0] for _, result in found))
    body = []
    for call in dict.fromkeys(operation for operation, _ in found):
        row = [call]
        for kind in kinds:
            points, failed = found.get((call, f"{kind}: points"), 0), found.get((call, f"{kind}: failures"), 0)
            row.append(f"{points:,}" + (f", {failed:,} failed" if failed else "") if points else "-")
        body.append(row)
    return ["interrupted call", *kinds], body


def failures(document: Document, expected: bool = False) -> list[dict[str, Any]]:
    """The failures that were expected, or those that were not and that no other one explains.

    By rule, those first that explain most, and for each rule the one first that shows it shortest: a program before a
    timeline, and that before words.
    """
    foreseen = {check["id"] for check in document["checks"] if check["outcome"] == EXPECTED}
    order = {rule["id"]: number for number, rule in enumerate(document["rules"])}
    behind = Counter(_cause(failure) for failure in document["failures"])
    chosen = [
        failure
        for failure in document["failures"]
        if (failure["check"] in foreseen) is expected and (expected or not _cause(failure))
    ]
    return sorted(
        chosen,
        key=lambda failure: (
            -behind[failure["rule"]], order.get(failure["rule"], len(order)), failure["rule"], length(failure)
        ),
    )  # fmt: skip


def _cause(failure: dict[str, Any]) -> str:
    return str(failure.get("cause", ""))


def length(failure: dict[str, Any]) -> tuple[bool, bool, bool, int, int]:
    """How long it takes to see what a failure shows: by a program, a timeline, or words."""
    program, python = failure["program"], failure["python"]
    return not (program or python), not program, not failure["details"].get("timeline"), len(program), len(python)


def consequences(document: Document, rule: str) -> list[dict[str, Any]]:
    """The failures that a broken rule explains: what was seen with it."""
    return [failure for failure in document["failures"] if _cause(failure) == rule]


def start(document: Document) -> list[str]:
    """The broken rules, those to mend first at the beginning, each with what shows it, in a line."""
    lines = []
    for first, *_ in by_rule(failures(document)):
        behind = len(consequences(document, first["rule"]))
        others = f"; explains {behind} {'failure' if behind == 1 else 'failures'} of other rules" if behind else ""
        seen = str(first["seen"]).removeprefix(f"{first['rule']}: ")
        lines.append(f"{first['rule']}: {seen}{others}")
    return lines


def undecided(document: Document) -> list[tuple[str, str]]:
    """The rules of which nothing is known, and what stood in the way."""
    return [(rule["id"], rule.get("why", "")) for rule in document["rules"] if rule["verdict"] == "undecided"]


def by_rule(found: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Failures that follow each other and are of one rule, together."""
    return [list(group) for _, group in groupby(found, key=lambda failure: str(failure["rule"]))]


def unexplained(document: Document) -> list[dict[str, Any]]:
    """Checks that ended badly with no failure to show for it, as an unexpected pass does."""
    shown = {failure["check"] for failure in document["failures"]}
    return [check for check in document["checks"] if check["outcome"] in BAD and check["id"] not in shown]


def not_judged(document: Document) -> list[tuple[str, str, list[str]]]:
    """Checks that say nothing of their rule: outcome, reason, and their ids."""
    groups: dict[tuple[str, str], list[str]] = {}
    for check in document["checks"]:
        if check["outcome"] in NOT_JUDGED:
            groups.setdefault((check["outcome"], check["reason"]), []).append(check["id"])
    ordered = sorted(groups.items(), key=lambda item: NOT_JUDGED.index(item[0][0]))
    return [(outcome, reason, ids) for (outcome, reason), ids in ordered]


def rule_of(document: Document, identity: str) -> dict[str, Any]:
    """A rule by its id; an empty one where the catalogue has none of that id."""
    unknown = {"id": identity, "section": "", "text": "", "verdict": "not run", "checks": [], "operations": 0}
    return next((rule for rule in document["rules"] if rule["id"] == identity), unknown)


def holds(document: Document) -> bool:
    """The verdict of the run."""
    return bool(document["verdict"] == "holds")


def verdict(document: Document) -> str:
    """The last line: what is to be said of the target."""
    says = "keeps every rule checked" if holds(document) else "does NOT keep the rules"
    return f"{document['target']} {says}{'' if document['whole'] else ' (only a part of the checks was run)'}"
