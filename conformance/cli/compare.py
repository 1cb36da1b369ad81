"""`omni-conformance compare`: implementations side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.reports import compare
from conformance.reports.read import read


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT.json", help="written by `run --json`")
    parser.add_argument("--markdown", action="store_true", help="as a Markdown table")


def run(given: argparse.Namespace) -> int:
    """Print a row per rule; 0, or 2 for a file that is no report."""
    try:
        documents = [read(path) for path in given.reports]
        print((compare.markdown if given.markdown else compare.text)(documents))
    except (OSError, ValueError) as error:
        print(f"omni-conformance: {error}", file=sys.stderr)
        return 2
    return 0
