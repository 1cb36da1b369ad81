"""What a run measured, to be read: on a terminal, as a table on a page between its marks, and as plots."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measuring import quartiles, ratios
from tests.bench.results import Measured
from tests.bench.workload import CannotRun

BEGIN, END = "<!-- what was measured: by `make bench` -->", "<!-- until here -->"
COLOUR, GREY = "#1b7837", "#9aa0a6"


def header(environment: dict[str, str]) -> str:
    """The environment of the run."""
    return "\n".join(f"{key + ':':<17}{value}" for key, value in environment.items())


def terminal(each: Measured) -> str:
    """One workload: every contender, fastest first, with its quartiles, and its time as a multiple of ours."""
    lines = [f"{each.workload.title} ({each.workload.name})"]
    if each.why_not:
        return f"{lines[0]}\n   skipped: {each.why_not}"
    for series in sorted(each.series, key=lambda series: series.median):
        low, middle, high = quartiles(series.ns)
        times = statistics.median(1 / ratio for ratio in ratios((each.ours, series), series.name, [each.ours.name]))
        mark = "*" if series.name == each.ours.name else " "
        lines.append(f" {mark} {series.name:<32}{middle:>13,.1f} ns  ({low:,.1f} to {high:,.1f})  {times:.2f}x")
    return "\n".join([*lines, row(each)] if each.workload.threshold else lines)


def row(each: Measured) -> str:
    """One threshold: met or MISSED, wanted, measured, and what it is about."""
    asked = each.workload.threshold
    assert asked is not None
    if each.shown is None:
        why = each.why_not or f"{', '.join(asked.rivals)}: not on this machine"
        return f"NOT MEASURED  {each.workload.name:<20} wanted {asked.wanted}: {why}\n{'':14}{asked.says}"
    low, middle, high = each.shown
    without = f", without {', '.join(each.absent)}" if each.absent else ""
    verdict = "met" if each.met else "MISSED"
    return (
        f"{verdict:<13} {each.workload.name:<20} wanted {asked.wanted}, measured {middle:.2f}x "
        f"({low:.2f} to {high:.2f}){without}\n{'':14}{asked.says}"
    )


def markdown(measured: Sequence[Measured], environment: dict[str, str], command: str) -> str:
    """For a page: the environment, the thresholds, and all medians."""
    lines = ["| | |", "|---|---|", f"| command | `{command}` |"]
    lines += [f"| {key} | {value} |" for key, value in environment.items()]
    lines += ["", "| row | | asked for | measured (quartiles) | |", "|---|---|--:|--:|---|"]
    for each in measured:
        if asked := each.workload.threshold:
            lines.append(f"| {each.workload.name} | {asked.says} | {asked.wanted} | {_measured(each)} |")
    for group in _alike([each for each in measured if each.series]):
        lines += ["", *_medians(group)]
    skipped = [f"{each.workload.name}: {each.why_not}" for each in measured if each.why_not]
    lines += ["", "Not measured: " + "; ".join(skipped)] if skipped else []
    return "\n".join(lines) + "\n"


def _measured(each: Measured) -> str:
    if each.shown is None:
        return f"| not measured: {each.why_not or 'no rival on this machine'}"
    low, middle, high = each.shown
    without = f", without {', '.join(each.absent)}" if each.absent else ""
    return f"{middle:.2f}x ({low:.2f} to {high:.2f}) | {'met' if each.met else '**missed**'}{without}"


def _alike(measured: Sequence[Measured]) -> list[list[Measured]]:
    """Grouped by the peers that they are compared with."""
    groups: list[list[Measured]] = []
    for each in measured:
        if not groups or not _others(each) & set().union(*map(_others, groups[-1])):
            groups.append([])
        groups[-1].append(each)
    return groups


def _base(name: str) -> str:
    return name.partition(": ")[0]


def _others(each: Measured) -> set[str]:
    return {_base(series.name) for series in each.series} - {_base(each.ours.name)}


def _medians(group: Sequence[Measured]) -> list[str]:
    """A row for each workload and way of calling, a column for each contender: medians in nanoseconds."""
    names = list(dict.fromkeys(_base(series.name) for each in group for series in each.series))
    lines = ["| median ns per message | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for each in group:
        ways: dict[str, dict[str, float]] = {}
        for series in each.series:
            base, _, way = series.name.partition(": ")
            ways.setdefault(way, {})[base] = series.median
        for way, medians in ways.items():
            title = f"{each.workload.title}: {way}" if way else each.workload.title
            cells = (
                f"{medians[name]:,.{1 if medians[name] < 100 else 0}f}" if name in medians else "" for name in names
            )
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def write(text: str, page: Path) -> None:
    """Replace the text between the marks of the page; ValueError where it has none."""
    before, begun, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"{page} has no place for what was measured: the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def draw(measured: Sequence[Measured], folder: Path) -> list[Path]:
    """The C side and the Python side, each in both formats; raises CannotRun without matplotlib."""
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
    return [path for name, group in groups if group for path in _figure(group, folder / name)]


def _figure(group: Sequence[Measured], stem: Path) -> list[Path]:
    from matplotlib import pyplot

    columns, rows = 2, -(-len(group) // 2)
    figure, panels = pyplot.subplots(rows, columns, figsize=(13, 2.4 * rows), squeeze=False)
    for panel in panels.flat:
        panel.set_visible(False)
    for panel, each in zip(panels.flat, group, strict=False):
        panel.set_visible(True)
        _points(panel, each)
    figure.tight_layout()
    written = [stem.with_suffix(".png"), stem.with_suffix(".svg")]
    figure.savefig(written[0], dpi=100)
    figure.savefig(written[1], metadata={"Date": None})
    pyplot.close(figure)
    return written


def _points(panel, each: Measured) -> None:  # type: ignore[no-untyped-def]
    series = sorted(each.series, key=lambda one: one.median, reverse=True)
    for place, one in enumerate(series):
        low, middle, high = quartiles(one.ns)
        colour = COLOUR if one.name.startswith("omnimailbox") else GREY
        panel.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=colour, capsize=3)
        panel.annotate(f"  {middle:,.0f}", (high, place), fontsize=7, va="center")
    panel.set_yticks(range(len(series)), [one.name for one in series])
    panel.set_xscale("log")
    panel.set_xlim(min(map(min, (one.ns for one in series))) / 3, max(map(max, (one.ns for one in series))) * 3)
    panel.set_ylim(-0.6, len(series) - 0.4)
    panel.grid(axis="x", alpha=0.3)
    panel.set_title(each.workload.title, fontsize=9, loc="left")
    panel.set_xlabel("ns per message, median and quartiles, logarithmic; less is better", fontsize=7)
    panel.tick_params(labelsize=7, which="both")
