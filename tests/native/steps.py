"""Steps of a check, each told as it goes: passed, failed, or skipped with its reason; all counted at the end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence


class Steps:
    """What was done so far."""

    def __init__(self) -> None:
        self.passed, self.failed, self.skipped = 0, 0, list[str]()

    def run(
        self, what: str, command: Sequence[str], limit: float, environment: Mapping[str, str] | None = None
    ) -> None:
        """A command that must end with 0 within `limit` seconds; what it printed is shown where it does not."""
        print(f"== {what} ...", flush=True)
        began = time.monotonic()
        try:
            where = {**os.environ, **(environment or {})}
            ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit, env=where)
            status, said = ended.returncode, ended.stdout + ended.stderr
        except subprocess.TimeoutExpired as error:
            status, said = -1, f"hung for {limit:.0f} s; the last it said: {(error.stdout or b'')[-500:].decode()}"
        seconds = time.monotonic() - began
        if status == 0:
            self.clean(f"{seconds:.0f} s: {said.strip().splitlines()[-1] if said.strip() else ''}")
        else:
            self.fail(f"exit status {status} after {seconds:.0f} s:\n{said[-6000:]}")

    def clean(self, said: str) -> None:
        """The step that was begun last has passed."""
        self.passed += 1
        print(f"   clean, {said}", flush=True)

    def fail(self, why: str) -> None:
        """The step that was begun last has not."""
        self.failed += 1
        print(f"   FAILED: {why}", flush=True)

    def skip(self, what: str, why: str) -> None:
        """Something that this machine has not."""
        self.skipped.append(f"{what}: {why}")
        print(f"-- skipped: {what}: {why}", flush=True)

    def end(self) -> int:
        """The exit status, and one line: 0 where nothing failed."""
        print(f"== {self.passed} clean, {self.failed} failed, {len(self.skipped)} skipped")
        return min(1, self.failed)
