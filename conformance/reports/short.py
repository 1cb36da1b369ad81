"""The short form of a report, to be kept: without what the catalogue says, and without what differs from run to run.

It has the verdict of each rule, the outcome and the operations of each check, and the failures; not the texts of rules
and checks, which are those of the catalogue, nor times, stacks and coverage. What is restored from it is a document as
`run --json` writes it, so that whatever reads reports reads it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from conformance.checks import CHECKS, Check
from conformance.checks.registry import LAYERS
from conformance.failure import FORMAT as FAILURE_FORMAT
from conformance.results import FORMAT
from conformance.rules import AREAS, RULES
from conformance.targets import FEATURES

SHORT = 1
"""Of the short form."""

AS_IT_IS = (
    "format", "reference", "profile", "whole", "not_provided", "assumed", "environment", "verdict", "operations",
    "figures", "uncovered", "unlisted", "not_run", "too_few",
)  # fmt: skip
"""What it has as the document has it."""

_TEXTS = ("python", "cause", "query", "expected", "got")
"""Of a failure, left out where they are empty."""
_FAILURE = ("rule", "check", "kind", "seen", "program", "details", *_TEXTS)
_PASSING = ("stacks", "likeliest")
"""Of the details of a failure: what is of one run, or of the suite's own reasoning."""

PACKAGE = re.compile(r'(?<=")/[^"\n]*/(?=(?:conformance|spec_model|fast_impl)/)')
"""In a traceback, where one of our packages lies."""

FORM = {
    "format": int, "short": int, "target": str, "implied": [str],
    "verdicts": {str: [str]}, "why": {str: str}, "checks": {str: {str: {str: int}}}, "reasons": {str: str},
    "failures": [{"rule": str, "check": str, "kind": str, "seen": str}],
}  # fmt: skip
"""What only the short form has, as in `document`: verdict to rules, outcome to the checks of each rule. implied: layers
whose checks of what is not provided are not listed, since they follow from that."""


def shortened(document: dict[str, Any], target: str, **environment: str) -> dict[str, Any]:
    """The short form of a document, in which the target is called `target`; more can be said of its environment."""
    verdicts: dict[str, list[str]] = {}
    for rule in document["rules"]:
        verdicts.setdefault(rule["verdict"], []).append(rule["id"])

    path = document["target"] if "/" in document["target"] else ""
    library = re.compile(rf"(?<=')/[^'\n]*/{re.escape(path.rpartition('/')[2])}(?=')") if path else None

    def said(text: str) -> str:
        named = library.sub(target, text).replace(path, target) if library else text
        return PACKAGE.sub("", named)

    failures = []
    for failure in document["failures"]:
        kept = {name: failure[name] for name in _FAILURE if failure.get(name)}
        kept |= {"seen": said(failure["seen"]), "python": "" if failure["program"] else said(failure["python"])}
        kept["details"] = {name: each for name, each in failure["details"].items() if name not in _PASSING}
        failures.append({name: each for name, each in kept.items() if each})
    known = {check.id: check for check in CHECKS}
    implied = _implied(document)
    checks: dict[str, dict[str, dict[str, int]]] = {}
    reasons = {}
    for check in document["checks"]:
        id, outcome, reason = check["id"], check["outcome"], said(check["reason"])
        usual = _reason(known.get(id), outcome, document["not_provided"], failures)
        if outcome == "not provided" and id in known and known[id].layer in implied and reason == usual:
            continue
        if reason != usual:
            reasons[id] = reason
        rule, _, name = id.partition("/")
        checks.setdefault(outcome, {}).setdefault(rule, {})[name] = check["operations"]
    return {
        "short": SHORT,
        "target": target,
        **{name: document[name] for name in AS_IT_IS},
        "environment": {**document["environment"], **environment},
        "implied": implied,
        "verdicts": verdicts,
        "why": {rule["id"]: rule["why"] for rule in document["rules"] if rule["why"]},
        "checks": checks,
        "reasons": reasons,
        "failures": failures,
    }


def _implied(document: dict[str, Any]) -> list[str]:
    """The layers in which every check that needs what is not provided is in the document as such, and says no more."""
    lacking = set(document["not_provided"])
    ended = {check["id"]: (check["outcome"], check["reason"]) for check in document["checks"]}
    follows = {
        check.id: ended.get(check.id) == ("not provided", _reason(check, "not provided", lacking, []))
        for check in CHECKS
        if check.needs & lacking
    }
    return [layer for layer in LAYERS if all(follows.get(check.id, True) for check in CHECKS if check.layer == layer)]


def _reason(check: Check | None, outcome: str, not_provided: Iterable[str], failures: list[dict[str, Any]]) -> str:
    """What the runner mostly says of a check that ended so: what it needs, or what its first failure has seen."""
    if check is None or outcome == "passed":
        return ""
    if outcome == "not provided":
        lacking = sorted(check.needs & set(not_provided))
        return "; ".join(f"{feature}: {FEATURES[feature]}" for feature in lacking)
    return next((str(failure["seen"]) for failure in failures if failure["check"] == check.id), "")


def restored(short: dict[str, Any]) -> dict[str, Any]:
    """The document that a short form is of; ValueError for one of another version, or of rules that are no more."""
    if short["short"] != SHORT or short["format"] != FORMAT:
        found = f"format {short['format']!r} in the short form {short['short']!r}"
        raise ValueError(f"the report has {found}; this version reads format {FORMAT} in the short form {SHORT} only")
    checks = _checks(short)
    same = {"format": FAILURE_FORMAT, "target": short["target"], "facts": []}
    return {
        **{name: short[name] for name in ("target", *AS_IT_IS)},
        **{name: [] for name in ("coverage", "interruptions")},
        "seconds": 0.0,
        "areas": AREAS,
        "rules": _rules(short, checks),
        "checks": checks,
        "failures": [
            {**same, "program": [], "details": {}, **dict.fromkeys(_TEXTS, ""), **each} for each in short["failures"]
        ],
    }


def _checks(short: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of the suite, those first that it still has."""
    found: dict[str, tuple[str, int]] = {
        f"{rule}/{name}": (outcome, operations)
        for outcome, rules in short["checks"].items()
        for rule, names in rules.items()
        for name, operations in names.items()
    }
    known, lacking = {check.id: check for check in CHECKS}, set(short["not_provided"])
    for check in CHECKS:
        if check.id not in found and check.layer in short["implied"] and check.needs & lacking:
            found[check.id] = "not provided", 0
    checks = []
    for id in [*(id for id in known if id in found), *(id for id in found if id not in known)]:
        outcome, operations = found[id]
        reason = short["reasons"].get(id, _reason(known.get(id), outcome, lacking, short["failures"]))
        entry = {"id": id, "rule": id.partition("/")[0], "outcome": outcome, "operations": operations, "seconds": 0.0}
        entry["layer"] = known[id].layer if id in known else "unknown"
        entry["claim"] = known[id].claim if id in known else "This check is no longer in the suite."
        checks.append({**entry, "reason": reason})
    return checks


def _rules(short: dict[str, Any], checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    verdicts = {rule: verdict for verdict, of in short["verdicts"].items() for rule in of}
    if unknown := [rule for rule in verdicts if rule not in RULES]:
        raise ValueError(f"the report is of the rule {unknown[0]}, which the catalogue does not have: make it again")
    rules = []
    for id, verdict in sorted(verdicts.items(), key=lambda each: list(RULES).index(each[0])):
        of_it = [check for check in checks if check["rule"] == id]
        names, operations = [check["id"] for check in of_it], sum(check["operations"] for check in of_it)
        said = {"verdict": verdict, "why": short["why"].get(id, ""), "checks": names, "operations": operations}
        rules.append({**RULES[id]._asdict(), **said})
    return rules


def text(short: dict[str, Any]) -> str:
    """The short form as JSON, with a line for whatever is two or three levels below, so that changes are seen."""
    return _lines(short, 3) + "\n"


def _lines(value: Any, levels: int, indent: str = "") -> str:
    inside = indent + " "
    if levels and isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(inside + _lines(each, 0) for each in value) + f"\n{indent}]"
    if levels == 0 or not value or not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    entries = [f"{inside}{json.dumps(name)}: {_lines(each, levels - 1, inside)}" for name, each in value.items()]
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
