"""The catalogue as a page of Markdown, docs/rules.md: every rule with its reason and the checks that cover it."""

from __future__ import annotations

import re
from itertools import groupby

from conformance.checks import CHECKS, FILES
from conformance.rules import AREAS, REFERENCE, REFERENCE_TITLE, Rule, rules_of
from conformance.targets import FEATURES

COMMAND = "omni-conformance list --markdown docs/rules.md"
"""What writes the page."""

_HEAD = f"""# Rules

<!-- Generated from conformance/rules.toml by `{COMMAND}`: edit that file and run the command. -->

Every rule of behaviour that an implementation must keep, each under its own heading (`docs/rules.md#psh-2`). The prefix
of an id is the area; ids are stable.

§ is a section of the document *{REFERENCE_TITLE}*, which describes the library in C++ and is not
part of this project ({REFERENCE[:19]}...). The rules are complete without it and use the names of Python. **Why** is
given where a rule decides something that the reference leaves open, contradicts itself in, or does not have; see also
the [decisions](decisions/README.md).

Each rule lists its checks, by file: `omni-conformance explain ID` describes a check, and
`omni-conformance run --only ID` runs it. In addition, every rule that one thread can break is covered by the random
programs and by the exhaustive replay of all operations in all states, in
[differential.py](../conformance/checks/differential.py). Another item links to the [mutants](mutation.md): copies of
the sources with one deliberate mistake each, on which a check of the rule must fail.
"""


def render() -> str:
    """The page."""
    parts = [_HEAD]
    for area, title in AREAS.items():
        parts.append(f"## {area}: {title}\n")
        parts += map(_rule, rules_of(area))
    return "\n".join(parts)


def _rule(rule: Rule) -> str:
    lines = [f"### {rule.id}\n", f"{_prose(rule.text)} ({rule.section})\n"]
    if rule.reason:
        lines.append(f"**Why:** {_prose(rule.reason)}\n")
    if rule.needs:
        needs = ", ".join(f"{feature} ({FEATURES[feature]})" for feature in rule.needs)
        lines.append(f"Judged in full where the target provides: {_prose(needs)}.\n")
    names: dict[str, list[str]] = {}
    for check in CHECKS:
        if check.rule == rule.id:
            names.setdefault(FILES[check.id], []).append(check.id)
    lines += [
        f"- [{file.rpartition('/')[2]}](../{file}): {', '.join(_series(sorted(found)))}"
        for file, found in names.items()
    ]
    lines.append(f"- mutants: [mutation.md#{rule.id.lower()}](mutation.md#{rule.id.lower()})")
    return "\n".join(lines) + "\n"


def _series(names: list[str]) -> list[str]:
    """Names as code; of three or more that differ in a number at their end only, the first and the last."""
    shown = []
    for _, group in groupby(names, key=lambda name: re.sub(r"\d+$", "", name)):
        each = [f"`{name}`" for name in group]
        shown += each if len(each) < 3 else [f"{each[0]} to {each[-1]}"]
    return shown


def _prose(text: str) -> str:
    """A sentence of the catalogue, in which only `code` is markup."""
    parts = text.split("`")
    return "`".join(part if number % 2 else re.sub(r"([*<>\[\]])", r"\\\1", part) for number, part in enumerate(parts))
