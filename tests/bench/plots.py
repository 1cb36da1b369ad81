"""Plots of a run, as PNG and SVG: a panel for each workload, a bar for each contender, quartiles as whiskers."""

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
        _bars(panel, each)
    figure.tight_layout()
    written = [stem.with_suffix(".png"), stem.with_suffix(".svg")]
    figure.savefig(written[0], dpi=100)
    figure.savefig(written[1], metadata={"Date": None})
    pyplot.close(figure)
    return written


def _bars(panel, each: Measured) -> None:  # type: ignore[no-untyped-def]
    series = sorted(each.series, key=lambda one: one.median, reverse=True)
    low, middle, high = zip(*(quartiles(one.ns) for one in series), strict=True)
    whiskers = [[m - q for q, m in zip(low, middle, strict=True)], [q - m for m, q in zip(middle, high, strict=True)]]
    colours = [OURS if one.name.startswith("omnimailbox") else OTHERS for one in series]
    panel.barh([one.name for one in series], middle, xerr=whiskers, color=colours, height=0.7)
    panel.set_xscale("log")
    panel.set_xlim(min(low) / 3, max(high) * 3)
    panel.set_title(each.workload.title, fontsize=9, loc="left")
    panel.set_xlabel("ns per message, median and quartiles, logarithmic; less is better", fontsize=7)
    panel.tick_params(labelsize=7)
    for place, (quartile, median) in enumerate(zip(high, middle, strict=True)):
        panel.annotate(f"  {median:,.0f}", (quartile, place), fontsize=7, va="center")
