"""`omni-conformance explain`: what a rule or a check says."""

from __future__ import annotations

import argparse
import sys

from conformance.checks import CHECKS, Check
from conformance.rules import RULES, Rule
from conformance.targets import FEATURES


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("name", help="a rule, like PSH-2, or a check, like PSH-2/exactly-capacity-fit")


def run(given: argparse.Namespace) -> int:
    """Print it; 0, or 2 for a name that is none."""
    if given.name in RULES:
        print(_rule(RULES[given.name]))
        return 0
    for check in CHECKS:
        if check.id == given.name:
            print(_check(check))
            return 0
    print(f"omni-conformance: no rule or check is called {given.name!r}; see `omni-conformance list`", file=sys.stderr)
    return 2


def _rule(rule: Rule) -> str:
    lines = [f"{rule.id} ({rule.section} of the reference)", f"  {rule.text}", *_needs(rule.needs), "", "Checked by:"]
    lines += [f"  {check.id}  [{check.layer}] {check.claim}" for check in CHECKS if check.rule == rule.id]
    return "\n".join([*lines, "and, with every other rule, by the layers transitions and lockstep."])


def _check(check: Check) -> str:
    rule = RULES[check.rule]
    lines = [f"{check.id}  [{check.layer}]", f"  {check.claim}", *_needs(tuple(sorted(check.needs)))]
    lines += ["", f"covers {rule.id}: {rule.text}"]
    if check.program is not None:
        lines += ["", "The program, each step of which must answer as the model does:", ""]
        lines += [f"    {operation.render()}" for operation in check.program.operations]
    return "\n".join(lines)


def _needs(features: tuple[str, ...]) -> list[str]:
    return [f"  needs {feature}: {FEATURES[feature]}" for feature in features]
