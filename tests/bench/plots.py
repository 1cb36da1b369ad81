"""Plots of a run, as PNG and SVG: a panel for each workload, a point for each contender, quartiles as whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import Measured
from tests.bench.series import quartiles
from tests.bench.workload import CannotRun

OURS, OTHERS = "#1b7837", "#9aa0a6"


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
        colour = OURS if one.name.startswith("omnimailbox") else OTHERS
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
