"""`omni-conformance list`: the rules and their checks."""

from __future__ import annotations

import argparse

from conformance.checks import CHECKS
from conformance.rules import AREAS, rules_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--ids", action="store_true", help="only the ids of the checks, one to a line")


def run(given: argparse.Namespace) -> int:
    """Print them; 0."""
    if given.ids:
        print("\n".join(check.id for check in CHECKS))
        return 0
    for area, title in AREAS.items():
        print(f"{area} {title}")
        for rule in rules_of(area):
            print(f"  {rule.id:<7} {rule.text}")
            for check in CHECKS:
                if check.rule == rule.id:
                    needs = f"  (needs {', '.join(sorted(check.needs))})" if check.needs else ""
                    print(f"            {check.id}  [{check.layer}]{needs}")
    return 0
