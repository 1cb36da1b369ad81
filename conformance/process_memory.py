"""The memory of this process, as Linux reports it; 0 where the system does not."""

from __future__ import annotations

import os
from pathlib import Path

STATM = Path("/proc/self/statm")


def mapped() -> int:
    """Bytes of address space."""
    return _pages(0)


def resident() -> int:
    """Bytes in memory."""
    return _pages(1)


def _pages(column: int) -> int:
    try:
        return int(STATM.read_text().split()[column]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
