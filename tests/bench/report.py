"""What a run measured, to be read: on a terminal, as a table on a page between its marks, and as plots."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measuring import quartiles, ratios
from tests.bench.results import Measured, Row, base, way
from tests.bench.workload import OURS, CannotRun

BEGIN = "<!-- what was measured: by `make bench` -->"
COLOUR, GREY = "#1b7837", "#9aa0a6"


def header(environment: dict[str, str]) -> str:
    """The environment of the run."""
    return "\n".join(f"{key + ':':<17}{value}" for key, value in environment.items())


def terminal(each: Measured) -> str:
    """One workload: every contender, fastest first, with its quartiles, and its time as a multiple of our fastest."""
    lines = [f"{each.workload.title} ({each.workload.name})"]
    if each.why_not:
        return f"{lines[0]}\n   skipped: {each.why_not}"
    fastest = min((one for one in each.series if base(one.name) == OURS), key=lambda one: one.median)
    for series in sorted(each.series, key=lambda series: series.median):
        low, middle, high = quartiles(series.ns)
        times = statistics.median(1 / ratio for ratio in ratios((fastest, series), series.name, [fastest.name]))
        mark = "*" if base(series.name) == OURS else " "
        unit = each.workload.unit.partition(" ")[0]
        lines.append(f" {mark} {series.name:<36}{middle:>13,.1f} {unit}  ({low:,.1f} to {high:,.1f})  {times:.2f}x")
    return "\n".join([*lines, *map(line, each.rows)])


def line(row: Row) -> str:
    """One row: met or MISSED, wanted, measured, and what it is about."""
    asked = row.asked
    verdict = row.verdict.upper() if row.verdict in ("missed", "not measured") else row.verdict
    begin = f"{verdict:<13} {asked.name:<22} wanted {asked.wanted}"
    if row.shown is None:
        return f"{begin}: {row.reason}\n{'':14}{asked.says}"
    low, middle, high = row.shown
    return f"{begin}, measured {asked.value(middle)} ({low:.2f} to {high:.2f}){_without(row)}\n{'':14}{asked.says}"


def _without(row: Row) -> str:
    return f", without {', '.join(row.absent)}" if row.absent else ""


def worst_first(measured: Sequence[Measured]) -> list[Row]:
    """All rows: those missed, those not measured, those where a rival is faster, the others."""
    rows = [row for each in measured for row in each.rows]
    return sorted(rows, key=lambda row: (row.verdict != "missed", row.verdict != "not measured", not row.is_behind))


def markdown(measured: Sequence[Measured], environment: dict[str, str], command: str) -> str:
    """For a page: where a peer is faster, the rows, the environment, and all medians."""
    lines = ["Where a peer is faster, the farthest ahead first:", ""]
    lines += ["| | ours, ns | the peer, ns | | ours is as fast |", "|---|--:|--:|---|--:|"]
    for win in sorted((win for each in measured for win in each.wins), key=lambda win: win.ratio):
        title = f"{win.title}: {way(win.ours.name)}" if way(win.ours.name) else win.title
        times = f"{_number(win.ours.median)} | {_number(win.peer.median)}"
        lines.append(f"| {title} | {times} | {win.peer.name} | {_ratio(win.ratio)} |")
    lines += ["", "What is asked, those missed first, then those where a rival is faster:", ""]
    lines += ["| row | | asked for | measured (quartiles) | |", "|---|---|--:|--:|---|"]
    for row in worst_first(measured):
        lines.append(f"| {row.asked.name} | {row.asked.says} | {row.asked.wanted} | {_measured(row)} |")
    lines += ["", "| | |", "|---|---|", f"| command | `{command}` |"]
    lines += [f"| {key} | {value} |" for key, value in environment.items()]
    for group in _alike([each for each in measured if each.series]):
        lines += ["", *_medians(group)]
    skipped = [f"{each.workload.name}: {each.why_not}" for each in measured if each.why_not]
    lines += ["", "Not measured: " + "; ".join(skipped)] if skipped else []
    return "\n".join(lines) + "\n"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.2g}x"


def _number(value: float) -> str:
    return f"{value:,.{1 if value < 100 else 0}f}"


def _measured(row: Row) -> str:
    if row.shown is None:
        return f"| not measured: {row.reason}"
    low, middle, high = row.shown
    verdict = "**missed**" if row.verdict == "missed" else row.verdict
    return f"{row.asked.value(middle)} ({low:.2f} to {high:.2f}) | {verdict}{_without(row)}"


def _alike(measured: Sequence[Measured]) -> list[list[Measured]]:
    """Grouped by the peers that they are compared with, and by what is measured."""
    groups: list[list[Measured]] = []
    for each in measured:
        last = groups[-1] if groups else []
        alike = last and each.workload.unit == last[0].workload.unit
        if not alike or not _others(each) & set().union(*map(_others, last)):
            groups.append([])
        groups[-1].append(each)
    return groups


def _others(each: Measured) -> set[str]:
    return {base(series.name) for series in each.series} - {OURS}


def _medians(group: Sequence[Measured]) -> list[str]:
    """A row for each workload and way of calling, a column for each contender: medians."""
    names = list(dict.fromkeys(base(series.name) for each in group for series in each.series))
    lines = [f"| median {group[0].workload.unit} | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for each in group:
        ways: dict[str, dict[str, float]] = {}
        for series in each.series:
            ways.setdefault(way(series.name), {})[base(series.name)] = series.median
        for called, medians in ways.items():
            title = f"{each.workload.title}: {called}" if called else each.workload.title
            cells = (_number(medians[name]) if name in medians else "" for name in names)
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def draw(measured: Sequence[Measured], folder: Path) -> list[Path]:
    """The C side and the Python side; raises CannotRun without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        raise CannotRun("matplotlib is not installed") from None
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    matplotlib.rcParams["svg.hashsalt"] = "omnimailbox"  # the same measurements make the same file
    there = [each for each in measured if each.series]
    native = [each for each in there if each.workload.name.startswith("c-")]
    python = [each for each in there if each not in native]
    groups = (("performance-c", native), ("performance-python", python))
    return [_figure(group, folder / name) for name, group in groups if group]


def _figure(group: Sequence[Measured], stem: Path) -> Path:
    from matplotlib import pyplot

    columns, rows = 2, -(-len(group) // 2)
    figure, panels = pyplot.subplots(rows, columns, figsize=(13, 2.4 * rows), squeeze=False)
    for panel in panels.flat:
        panel.set_visible(False)
    for panel, each in zip(panels.flat, group, strict=False):
        panel.set_visible(True)
        _points(panel, each)
    figure.tight_layout()
    written = stem.with_suffix(".svg")
    figure.savefig(written, metadata={"Date": None})
    pyplot.close(figure)
    return written


def _points(panel, each: Measured) -> None:  # type: ignore[no-untyped-def]
    series = sorted(each.series, key=lambda one: one.median, reverse=True)
    for place, one in enumerate(series):
        low, middle, high = quartiles(one.ns)
        colour = COLOUR if base(one.name) == OURS else GREY
        panel.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=colour, capsize=3)
        panel.annotate(f"  {middle:,.0f}", (high, place), fontsize=7, va="center")
    panel.set_yticks(range(len(series)), [one.name for one in series])
    panel.set_xscale("log")
    panel.set_xlim(min(map(min, (one.ns for one in series))) / 3, max(map(max, (one.ns for one in series))) * 3)
    panel.set_ylim(-0.6, len(series) - 0.4)
    panel.grid(axis="x", alpha=0.3)
    panel.set_title(each.workload.title, fontsize=9, loc="left")
    panel.set_xlabel(f"{each.workload.unit}, median and quartiles, logarithmic; less is better", fontsize=7)
    panel.tick_params(labelsize=7, which="both")
