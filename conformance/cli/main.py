"""The command `omni-conformance`: its subcommands, and what they have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from conformance.cli import commands, run


class _Command(NamedTuple):
    says: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "run": _Command("run the checks on a target, against the model", run.arguments, run.run),
    "list": _Command("the rules, and the checks that cover them", commands.list_arguments, commands.list_rules),
    "explain": _Command(
        "what a rule or a check says, and how it is checked", commands.explain_arguments, commands.explain
    ),
    "replay": _Command("run a failure's program again, on any target", commands.replay_arguments, commands.replay),
    "compare": _Command("several JSON reports side by side", commands.compare_arguments, commands.compare_reports),
}


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; 0 for yes, 1 for no, 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(
        prog="omni-conformance",
        description="Find out, rule by rule, whether an implementation of OmniMailbox conforms.",
    )
    parsers = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.arguments(parsers.add_parser(name, help=command.says, description=command.says))
    arguments = parser.parse_args(given)
    try:
        return COMMANDS[arguments.command].run(arguments)
    except KeyboardInterrupt:
        print("omni-conformance: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe
        return 0
