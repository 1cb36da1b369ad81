"""Where the C header lies."""

from __future__ import annotations

from pathlib import Path


def get_include() -> str:
    """The folder of `omni_mailbox.h`, for a compiler's -I."""
    return str(Path(__file__).parent / "core")
