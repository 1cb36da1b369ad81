"""Finds out whether an implementation of the mailbox keeps the rules, against the model.

`omni-conformance run` tests a module or a shared library; `check` tests whatever makes brokers;
`pytest --omni-target` makes a test of every check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.api import NotConforming, check

__all__ = ["NotConforming", "check"]


def __getattr__(name: str) -> object:
    # Late, so that the pytest plugin, which every run of pytest loads, stays light.
    if name in __all__:
        from conformance import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
