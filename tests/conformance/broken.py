"""Copies of the model with one mistake in each, as targets for the suite."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import spec_model

SHARED = ("vocabulary", "config", "errors")
"""Modules that a copy takes from the model, so that results compare by identity [VOC-5]."""


class Mistake(NamedTuple):
    """A text of the model, what stands there instead, and the rule that breaks."""

    name: str
    rule: str
    file: str
    text: str
    instead: str


MISTAKES = (
    Mistake(
        "capacity_one_short", "PSH-2", "channel/pushing.py",
        "channel.free_slots == 0", "channel.free_slots <= 1",
    ),
    Mistake(
        "capacity_one_short_everywhere", "PSH-2", "channel/value.py",
        "return self.config.capacity - len(self.waiting)", "return self.config.capacity - 1 - len(self.waiting)",
    ),
    Mistake(
        "closed_before_drained", "POP-1", "channel/popping.py",
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    channel = replace(channel, held=0)\n"
        "    if channel.producer is not Side.LIVE:\n        return _failed(channel), PopResult.CHANNEL_CLOSED, ()\n",
    ),
    Mistake(
        "queue_full_counts_as_failed", "STA-1", "channel/pushing.py",
        "return channel, PushResult.QUEUE_FULL", "return _failed(channel), PushResult.QUEUE_FULL",
    ),
    Mistake(
        "name_not_freed", "BRK-8", "registry.py",
        "    if lifecycle.is_abandoned(channel):\n        return _without(registry, name, channel)\n", "",
    ),
    Mistake(
        "view_overwritten", "MSG-1", "handles/message.py",
        "        return self._data\n",
        "        waiting = self._seat.channel.waiting\n"
        "        if len(waiting) == self._seat.channel.config.capacity:\n            return waiting[-1]\n"
        "        return self._data\n",
    ),
    Mistake(
        "bad_commit_drops", "RSV-4", "handles/producer.py",
        "            return answer  # exports play no part, and nothing has changed [RSV-4]\n",
        "            if self._seat.belongings is not None:\n"
        "                self._end_reservation('commit')\n"
        "                self._seat.channel, _ = reserving.rollback(self._seat.channel)\n"
        "            return answer\n",
    ),
    Mistake(
        "moved_from_still_counts", "LIF-5", "channel/queries.py",
        "return ProducerStats() if channel.producer is Side.MOVED else channel.sent", "return channel.sent",
    ),
    Mistake(
        "size_checked_too_late", "PSH-1", "channel/pushing.py",
        "    if not 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.INVALID_SIZE\n"
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        return _failed(channel), PushResult.CHANNEL_CLOSED  # LIF-2, SHD-1\n",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        return _failed(channel), PushResult.CHANNEL_CLOSED\n"
        "    if not 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.INVALID_SIZE\n",
    ),
    Mistake(
        "totals_forget", "BRK-11", "registry.py",
        "retired_messages=registry.retired_messages + channel.sent.messages_sent", "retired_messages=0",
    ),
)  # fmt: skip


def break_copy(mistake: Mistake, folder: Path) -> str:
    """Copy the model into `folder` with the mistake; the name of the copy's package."""
    package = f"broken_{mistake.name}"
    source = Path(spec_model.__file__).parent
    shutil.copytree(source, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    wrong = folder / package / mistake.file
    before = wrong.read_text()
    assert before.count(mistake.text) == 1, f"{mistake.file} has not exactly one {mistake.text!r}"
    wrong.write_text(before.replace(mistake.text, mistake.instead))
    for file in (folder / package).rglob("*.py"):
        lines = file.read_text().splitlines()
        file.write_text("\n".join(_imported(line, package) for line in lines) + "\n")
    return package


def _imported(line: str, package: str) -> str:
    words = line.split()
    if len(words) < 2 or words[0] not in ("from", "import") or not words[1].startswith("spec_model"):
        return line
    if any(words[1].startswith(f"spec_model.{shared}") for shared in SHARED):
        return line
    return line.replace("spec_model", package, 1)
