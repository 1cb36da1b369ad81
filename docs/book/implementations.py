"""The reports in docs/implementations/: what a run said of each implementation, rule by rule. `make implementations`
makes those of this repository (docs/book/judging.py); anybody's report can be put beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from conformance.reports.document import failures, read
from conformance.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "implementations"

FIRST = ("model", "fast_impl", "example", "")
"""How the names begin, in the order in which they are shown; those of others before the deviants, which are last."""


def _place(path: Path) -> tuple[bool, int, str]:
    known = (number for number, prefix in enumerate(FIRST) if path.stem.startswith(prefix))
    return path.stem.startswith("deviant"), next(known), path.stem


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The report of each implementation, by the name of its file, in the order in which they are shown.

    ValueError names a file that is no report, and says what is wrong with it.
    """
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.json"), key=_place)}


def title(name: str) -> str:
    """What an implementation is called: what its report says, without the folders of a path."""
    return str(documents()[name]["target"]).rpartition("/")[2]


def verdicts(rule: str) -> dict[str, str]:
    """The verdict of each implementation's last run on a rule, by the name of its file.

    One of `conformance.results.VERDICTS`: "holds", "broken", ...; "not run" where the report does not have the rule.
    `title` and `evidence` take the name, too. KeyError for a rule that the catalogue does not have.
    """
    RULES[rule]
    said = {name: {each["id"]: each["verdict"] for each in document["rules"]} for name, document in documents().items()}
    return {name: each.get(rule, "not run") for name, each in said.items()}


def evidence(name: str, rule: str) -> str:
    """Where the site shows what that verdict was made of, from the root: the failure, or the checks of the rule."""
    shown = (number for number, each in enumerate(failures(documents()[name]), 1) if each["rule"] == rule)
    number = next(shown, None)
    return f"implementations/{name}.html#{f'rule-{rule}' if number is None else f'failure-{number}'}"
