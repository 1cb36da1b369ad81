"""Cores that are changed for a test."""

from __future__ import annotations

import shutil
from pathlib import Path

from conformance.exploration.clients.client import sources


def changed(folder: Path, file: str, text: str, instead: str) -> Path:
    """A copy of the core's sources in `folder`, with one text in one file another."""
    core = folder / "core"
    shutil.copytree(sources(), core)
    source = (core / file).read_text()
    assert source.count(text) == 1
    (core / file).write_text(source.replace(text, instead))
    return core


def racing(folder: Path) -> Path:
    """What is published is not released: a data race."""
    return changed(
        folder, "ring.h", "(&ring->write_index, write + count, release)", "(&ring->write_index, write + count, relaxed)"
    )


def sleepy(folder: Path) -> Path:
    """The waker has no fence: a lost wakeup."""
    return changed(folder, "ring.h", "  platform_fence_light();", "  ;")
