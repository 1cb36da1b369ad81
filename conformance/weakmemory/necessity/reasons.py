"""Why an access stays as it is, though no client fails when it is weaker."""

from __future__ import annotations

REASONS: dict[str, str] = {}
