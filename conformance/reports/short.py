"""The short form of a report, to be kept: without what the catalogue says, and without what differs from run to run.

It has the verdict of each rule, the outcome and the operations of each check, and the failures; not the texts of rules
and checks, which are those of the catalogue, nor times, stacks and coverage. What is restored from it is a document as
`run --json` writes it, so that whatever reads reports reads it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.checks import CHECKS, Check
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

_FAILURE = ("rule", "check", "kind", "seen", "program", "details", "cause")
_PASSING = ("stacks", "likeliest")
"""Of the details of a failure: what is of one run, or of the suite's own reasoning."""

FORM = {
    "format": int, "short": int, "target": str, "layers": [str],
    "verdicts": {str: [str]}, "why": {str: str}, "checks": {str: {str: {str: int}}}, "reasons": {str: str},
    "failures": [{"rule": str, "check": str, "kind": str, "seen": str}],
}  # fmt: skip
"""What only the short form has, as in `document`: verdict to rules, outcome to the checks of each rule."""


def shortened(document: dict[str, Any], target: str, **environment: str) -> dict[str, Any]:
    """The short form of a document, in which the target is called `target`; more can be said of its environment."""
    verdicts: dict[str, list[str]] = {}
    for rule in document["rules"]:
        verdicts.setdefault(rule["verdict"], []).append(rule["id"])

    def said(text: str) -> str:
        return text.replace(document["target"], target) if "/" in document["target"] else text

    failures = []
    for failure in document["failures"]:
        kept = {name: failure[name] for name in _FAILURE if failure[name]}
        kept["seen"] = said(failure["seen"])
        kept["details"] = {name: each for name, each in failure["details"].items() if name not in _PASSING}
        failures.append({name: each for name, each in kept.items() if each})
    known = {check.id: check for check in CHECKS}
    checks: dict[str, dict[str, dict[str, int]]] = {}
    reasons = {}
    for check in document["checks"]:
        id, outcome, reason = check["id"], check["outcome"], said(check["reason"])
        usual = _reason(known.get(id), outcome, document["not_provided"], failures)
        if outcome == "not provided" and reason == usual:
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
        "layers": list(dict.fromkeys(check["layer"] for check in document["checks"])),
        "verdicts": verdicts,
        "why": {rule["id"]: rule["why"] for rule in document["rules"] if rule["why"]},
        "checks": checks,
        "reasons": reasons,
        "failures": failures,
    }


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
    verdicts = {rule: verdict for verdict, rules in short["verdicts"].items() for rule in rules}
    if unknown := [rule for rule in verdicts if rule not in RULES]:
        raise ValueError(f"the report is of the rule {unknown[0]}, which the catalogue does not have: make it again")
    found = {
        f"{rule}/{name}": (outcome, operations)
        for outcome, rules in short["checks"].items()
        for rule, names in rules.items()
        for name, operations in names.items()
    }
    known, order = {check.id: check for check in CHECKS}, {check.id: number for number, check in enumerate(CHECKS)}
    for check in CHECKS:
        if check.id not in found and check.layer in short["layers"] and check.needs & set(short["not_provided"]):
            found[check.id] = "not provided", 0
    checks = []
    for id in sorted(found, key=lambda id: order.get(id, len(order))):
        outcome, operations = found[id]
        entry = {"id": id, "rule": id.partition("/")[0], "outcome": outcome, "operations": operations, "seconds": 0.0}
        reason = _reason(known.get(id), outcome, short["not_provided"], short["failures"])
        entry["reason"] = short["reasons"].get(id, reason)
        entry["layer"] = known[id].layer if id in known else "unknown"
        entry["claim"] = known[id].claim if id in known else "This check is no longer in the suite."
        checks.append(entry)
    rules = []
    for rule in RULES.values():
        if rule.id in verdicts:
            of_it = [check for check in checks if check["rule"] == rule.id]
            names, operations = [check["id"] for check in of_it], sum(check["operations"] for check in of_it)
            said = {"verdict": verdicts[rule.id], "why": short["why"].get(rule.id, "")}
            rules.append({**rule._asdict(), **said, "checks": names, "operations": operations})
    absent = {"target": short["target"], "program": [], "python": "", "details": {}, "facts": [], "cause": ""}
    return {
        **{name: short[name] for name in ("target", *AS_IT_IS)},
        "areas": AREAS,
        "rules": rules,
        "checks": checks,
        "seconds": 0.0,
        "coverage": [],
        "interruptions": [],
        "failures": [{**absent, **failure} for failure in short["failures"]],
    }


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
