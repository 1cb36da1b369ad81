"""Plots of a run, as PNG and SVG: one panel per workload, a bar per contender, quartiles as whiskers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import Measured


def draw(measured: Sequence[Measured], folder: Path) -> list[Path]:
    """Two files: the C side and the Python side, each in both formats; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    native = [each for each in measured if each.name.startswith("c-")]
    python = [each for each in measured if not each.name.startswith("c-")]
    return [
        path
        for name, group in (("benchmark-c", native), ("benchmark-python", python))
        if group
        for path in _figure(group, folder / name)
    ]


def _figure(group: Sequence[Measured], stem: Path) -> list[Path]:
    from matplotlib import pyplot

    columns = 2
    rows = -(-len(group) // columns)
    figure, panels = pyplot.subplots(rows, columns, figsize=(13, 2.6 * rows), squeeze=False)
    for panel, each in zip(panels.flat, group, strict=False):
        series = sorted(each.series, key=lambda one: one.median, reverse=True)
        medians = [one.median for one in series]
        low = [one.median - min(statistics.quantiles(one.ns, n=4)[0], one.median) for one in series]
        high = [max(statistics.quantiles(one.ns, n=4)[2], one.median) - one.median for one in series]
        colours = ["#1b7837" if one.name.startswith("omnimailbox") else "#9aa0a6" for one in series]
        panel.barh([one.name for one in series], medians, xerr=[low, high], color=colours, height=0.7)
        panel.set_xscale("log")
        panel.set_title(each.title, fontsize=9, loc="left")
        panel.set_xlabel("nanoseconds, median and quartiles; less is better", fontsize=7)
        panel.tick_params(labelsize=7)
        for place, one in enumerate(series):
            panel.annotate(f" {one.median:,.0f}", (one.median, place), fontsize=7, va="center")
    for panel in list(panels.flat)[len(group) :]:
        panel.set_visible(False)
    figure.tight_layout()
    written = [stem.with_suffix(".png"), stem.with_suffix(".svg")]
    figure.savefig(written[0], dpi=110)
    figure.savefig(written[1], metadata={"Date": None})
    pyplot.close(figure)
    return written
