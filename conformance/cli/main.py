"""The commands, and what they have in common."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from conformance.cli import compare, explain, listing, replay, run

COMMANDS = {
    "run": (run, "run the checks on a target, against the model"),
    "list": (listing, "the rules, and the checks that cover them"),
    "explain": (explain, "what a rule or a check says, and how it is checked"),
    "replay": (replay, "run a failure's program again, on any target"),
    "compare": (compare, "several JSON reports side by side"),
}


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; 0 for yes, 1 for no, 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(
        prog="omni-conformance", description="Find out, rule by rule, whether an implementation of OmniMailbox holds."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module, help_text) in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=help_text, description=help_text))
    arguments = parser.parse_args(given)
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last: a clone that one stands in must not hide what is installed
    module, _ = COMMANDS[arguments.command]
    try:
        return int(module.run(arguments))
    except KeyboardInterrupt:
        print("omni-conformance: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        return 0
