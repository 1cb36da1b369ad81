"""Which checks to run, and which are expected to fail: by stable ids, so that a typing error is an error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.checks.registry import LAYERS, Check
from conformance.rules import AREAS, RULES


class NoSuchCheck(ValueError):
    """A name that no check, rule, area or layer has."""


@dataclass(frozen=True)
class Selection:
    """What to run.

    only: ids, rules, areas or layers; empty for everything. skips, xfails: ids of checks, with reasons.
    """

    only: tuple[str, ...] = ()
    skips: tuple[tuple[str, str], ...] = ()
    xfails: tuple[tuple[str, str], ...] = ()

    def chosen(self, checks: Sequence[Check]) -> list[Check]:
        """The checks to run or to account for; NoSuchCheck for a name that matches none."""
        known = {check.id for check in checks}
        for name, _ in (*self.skips, *self.xfails):
            if name not in known:
                raise NoSuchCheck(f"no check is called {name!r}; `omni-conformance list` shows all")
        twice = {name for name, _ in self.skips} & {name for name, _ in self.xfails}
        if twice:
            raise NoSuchCheck(f"both skipped and expected to fail: {', '.join(sorted(twice))}")
        for name in self.only:
            if name not in known and name not in RULES and name not in AREAS and name not in LAYERS:
                raise NoSuchCheck(f"no check, rule, area or layer is called {name!r}; see `omni-conformance list`")
        return [check for check in checks if not self.only or names_of(check) & set(self.only)]


def names_of(check: Check) -> set[str]:
    """What a check can be chosen by."""
    return {check.id, check.rule, RULES[check.rule].area, check.layer}


def read_ids(path: Path | None) -> tuple[tuple[str, str], ...]:
    """The ids in a file, one to a line, and what stands behind a # as the reason."""
    if path is None:
        return ()
    lines: Iterable[str] = path.read_text().splitlines()
    parted = [line.partition("#") for line in lines]
    return tuple((name.strip(), reason.strip()) for name, _, reason in parted if name.strip())
