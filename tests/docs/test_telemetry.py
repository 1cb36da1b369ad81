"""The appendix of the reference as a program: `docs/examples/telemetry.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "docs" / "examples" / "telemetry.py"
SAMPLE_SIZE = 48
"""Of a FlatBuffer with three numbers of eight bytes; one that is 0 is left out."""


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
    for side, text in (("producer ", producer), ("consumer ", consumer)):
        for name, number in re.findall(r"^  (\w+): (\d+)", text, re.MULTILINE):
            figures[side + name] = int(number)
    for name, number in re.findall(r"^(Throughput|Sum of values): (\d+)", consumer, re.MULTILINE):
        figures[name] = int(number)
    return figures


@pytest.mark.parametrize("how", [[], ["--copy"]], ids=["in place", "copied"])
@pytest.mark.parametrize("count", [0, 1, 100, 40_000])
def test_appendix_count(count: int, how: list[str]) -> None:
    """Every one of `--count` samples is sent, received, read and counted at both ends, built in place or not."""
    figures = run("--count", str(count), *how)
    assert figures["producer Sent"] == figures["consumer Received"] == count
    assert figures["producer Bytes"] == figures["consumer Bytes"] == max(0, count * SAMPLE_SIZE - 8)
    assert figures["producer Failed"] == 0
    assert figures["Sum of values"] == 42 * count
    assert "Throughput" in figures


def test_appendix_seconds() -> None:
    """Stopped after a time, the consumer drains everything that was sent."""
    figures = run("--seconds", "0.5")
    assert figures["producer Sent"] == figures["consumer Received"] > 0
