"""The appendix of the reference as a program: `docs/examples/telemetry.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "docs" / "examples" / "telemetry.py"
SAMPLE_SIZE = 24


def run(*arguments: str) -> dict[str, int]:
    """Run the program; its figures by name, the producer's names and the consumer's being different but for two."""
    finished = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert finished.returncode == 0, finished.stderr
    producer, consumer = finished.stdout.split("Consumer Stats:\n")
    assert producer.startswith("Producer Stats:\n")
    figures = {}
    for side, text in (("producer", producer), ("consumer", consumer)):
        for name, number in re.findall(r"^  (\w+): (\d+)", text, re.MULTILINE):
            figures[f"{side} {name}"] = int(number)
    return figures


@pytest.mark.parametrize("count", [0, 1, 100, 40_000])
def test_appendix_count(count: int) -> None:
    """Every one of `--count` samples is sent, received and counted at both ends."""
    figures = run("--count", str(count))
    assert figures["producer Sent"] == figures["consumer Received"] == count
    assert figures["producer Bytes"] == figures["consumer Bytes"] == count * SAMPLE_SIZE
    assert figures["producer Failed"] == 0


def test_appendix_seconds() -> None:
    """Stopped after a time, the consumer drains everything that was sent."""
    figures = run("--seconds", "0.5")
    assert figures["producer Sent"] == figures["consumer Received"] > 0
