"""The catalogue: every rule of behaviour as data, read from rules.toml."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import NamedTuple

REFERENCE = "sha256:ee5d78435c4654d6a5461f8995a05e222c01e6e3e2eb784d84091c1819e41d25"
"""Of the document that the catalogue was written from, and that § points into."""

REFERENCE_TITLE = "OmniMailbox API reference 1.0, for C++23"
"""Its title and version."""


class Rule(NamedTuple):
    """One rule of behaviour.

    id: stable. section: of the reference. reason: why, for what the reference leaves open, or does not have.
    needs: the features of a target without which it cannot be judged in full.
    """

    id: str
    area: str
    section: str
    text: str
    reason: str = ""
    needs: tuple[str, ...] = ()


_CATALOGUE = tomllib.loads(files("conformance").joinpath("rules.toml").read_text("utf-8"))

AREAS: dict[str, str] = _CATALOGUE["areas"]
"""The title of each area, by the prefix of its rules' ids."""

RULES = {
    identity: Rule(
        identity,
        identity.partition("-")[0],
        entry["section"],
        entry["text"],
        entry.get("reason", ""),
        tuple(entry.get("needs", ())),
    )
    for identity, entry in _CATALOGUE["rules"].items()
}
"""The catalogue, by id, in order."""


def rules_of(area: str) -> list[Rule]:
    """The rules of one area, in order."""
    return [rule for rule in RULES.values() if rule.area == area]
