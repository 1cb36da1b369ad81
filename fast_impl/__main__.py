"""`python -m fast_impl top PATH`: how the channels stand of a process that called `fast_impl.serve_status(PATH)`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any

from fast_impl.status import fetch

COLUMNS = ("channel", "waiting", "messages/s", "sent", "received", "asleep", "state")
_BAR = 12


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m fast_impl", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("top", help="a table that is kept up to date")
    command.add_argument("path", help="what the process gave serve_status")
    command.add_argument("--interval", type=_seconds, default=1.0, help="seconds between two looks (1)")
    command.add_argument("--once", action="store_true", help="print one table, of two looks, and exit")
    chosen = parser.parse_args(arguments)
    try:
        _top(chosen.path, chosen.interval, chosen.once)
    except (OSError, ValueError) as error:
        print(f"nothing answers at {chosen.path}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise ValueError
    return seconds


Show = Callable[[str, list[tuple[str, ...]]], None]
"""Shows a title and a table below it."""


def _top(path: str, interval: float, once: bool) -> None:
    before, at = fetch(path), time.monotonic()
    with _screen() if not once and sys.stdout.isatty() else nullcontext(_print) as show:
        while True:
            time.sleep(interval)
            now, then, at = fetch(path), at, time.monotonic()
            show(_title(now), rows(before, now, at - then))
            if once:
                return
            before = now


def _print(title: str, lines: list[tuple[str, ...]]) -> None:
    print(table(title, lines), flush=True)


@contextmanager
def _screen() -> Generator[Show]:
    """A table in place of the one before it: by rich where that is installed."""
    try:
        from rich.live import Live
        from rich.table import Table
        from rich.text import Text
    except ModuleNotFoundError:

        def show(title: str, lines: list[tuple[str, ...]]) -> None:
            print(end="\033[H\033[2J")
            _print(title, lines)

        yield show
        return
    with Live(auto_refresh=False) as live:

        def show_table(title: str, lines: list[tuple[str, ...]]) -> None:
            made = Table(*COLUMNS, title=title, title_justify="left")
            for line in lines:
                made.add_row(*map(Text, line))  # as it is: no markup
            live.update(made, refresh=True)

        yield show_table


def _title(found: dict[str, Any]) -> str:
    totals = found["broker"]
    return (
        f"process {found['pid']}, omnimailbox {found['version']} ({found['binding']}): "
        f"{totals['active_channels']} channels, {totals['total_channels_created']} created, "
        f"{totals['total_messages_sent']:,} messages sent"
    )


def rows(before: dict[str, Any], now: dict[str, Any], seconds: float) -> list[tuple[str, ...]]:
    """A line for each channel, in columns."""
    earlier = {each["name"]: each["consumer"]["messages_received"] for each in before["channels"]}
    found: list[tuple[str, ...]] = []
    for each in now["channels"]:
        waiting, capacity, received = each["waiting"], each["config"]["capacity"], each["consumer"]["messages_received"]
        filled = -(-waiting * _BAR // capacity)
        new = received - earlier.get(each["name"], 0)
        found.append((
            "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in each["name"]),
            f"{'#' * filled}{'.' * (_BAR - filled)} {waiting}/{capacity}",
            f"{(new if new >= 0 else received) / seconds:,.0f}",  # fewer: another channel has the name now
            f"{each['producer']['messages_sent']:,}",
            f"{received:,}",
            ", ".join(
                f"{side} {each[f'{side}_sleeps']:.1f} s"
                for side in ("producer", "consumer") if each[f"{side}_sleeps"] is not None
            ),
            ", ".join([
                *(f"{side} closed" for side in ("producer", "consumer") if not each[f"{side}_open"]),
                *(["shut down"] if each["shut"] else []),
            ]) or "open",
        ))  # fmt: skip
    return found


def table(title: str, lines: list[tuple[str, ...]]) -> str:
    """Plain text."""
    every = [COLUMNS, *lines]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in every)
    return "\n".join([title, *map(str.rstrip, padded)])


if __name__ == "__main__":
    sys.exit(main())
