"""`omni-conformance selftest`: would the suite notice?"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""


def run(given: argparse.Namespace) -> int:
    """Work in progress."""
    return 2
