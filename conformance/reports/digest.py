"""What every printer says of a run: areas, gaps, failures and what was set aside."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any, NamedTuple

from conformance.reports.read import Document
from conformance.results import BAD

NOT_RAN = ("not provided", "skipped")
EXPECTED = "expected failure"
ASIDE = (*NOT_RAN, EXPECTED)

KINDS = {
    "difference": "the target differs from the model",
    "claim": "a claim of the check does not hold",
    "crash": "the target was killed",
    "hang": "a call did not come back",
    "history": "no order of these calls is one that the rules allow",
    "exploration": "an execution that the rules do not allow",
    "error": "a mistake of the suite's own",
}
"""How a failure showed, in words."""


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
    missing = [f"never reached though the rules allow it: {a} -> {b}" for a, b in document["missing_cells"]]
    unknown = [f"reached though the rules do not list it: {a} -> {b}" for a, b in document["unknown_cells"]]
    unjudged = [f"nothing is known of {rule}: no check of it ran" for rule in document["not_run"]]
    few = [f"random programs executed {document['too_few']:,} operations, which is too few"] * bool(document["too_few"])
    return missing + unknown + unjudged + few + ([] if document["checks"] else ["no check was run"])


def cells(document: Document) -> dict[str, dict[str, int]]:
    """How often each operation gave each result; those never reached count 0."""
    table: dict[str, dict[str, int]] = {}
    for operation, result in document["missing_cells"]:
        table.setdefault(operation, {})[result] = 0
    for cell in document["cells"]:
        table.setdefault(cell["operation"], {})[cell["result"]] = cell["count"]
    return dict(sorted(table.items()))


def failures(document: Document, expected: bool = False) -> list[dict[str, Any]]:
    """The failures that were expected, or those that were not: by rule, and for each the one that shows it shortest."""
    foreseen = {check["id"] for check in document["checks"] if check["outcome"] == EXPECTED}
    order = {rule["id"]: number for number, rule in enumerate(document["rules"])}
    chosen = [failure for failure in document["failures"] if (failure["check"] in foreseen) is expected]
    return sorted(
        chosen, key=lambda failure: (order.get(failure["rule"], len(order)), failure["rule"], _length(failure))
    )


def _length(failure: dict[str, Any]) -> tuple[bool, int, int]:
    shown = failure["program"] or failure["python"] or failure["details"].get("timeline")
    return not shown, len(failure["program"]), len(failure["python"])


def by_rule(found: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Failures that follow each other and are of one rule, together."""
    return [list(group) for _, group in groupby(found, key=lambda failure: str(failure["rule"]))]


def unexplained(document: Document) -> list[dict[str, Any]]:
    """Checks that ended badly with no failure to show for it, as an unexpected pass does."""
    shown = {failure["check"] for failure in document["failures"]}
    return [check for check in document["checks"] if check["outcome"] in BAD and check["id"] not in shown]


def aside(document: Document) -> list[tuple[str, str, list[str]]]:
    """Checks that say nothing of their rule: outcome, reason, and their ids."""
    groups: dict[tuple[str, str], list[str]] = {}
    for check in document["checks"]:
        if check["outcome"] in ASIDE:
            groups.setdefault((check["outcome"], check["reason"]), []).append(check["id"])
    ordered = sorted(groups.items(), key=lambda item: ASIDE.index(item[0][0]))
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
