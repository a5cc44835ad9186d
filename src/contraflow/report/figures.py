"""Figures of a study as SVG: each says its finding in its title, and carries the fingerprint of what made it.

Text and axes take the page's own ink (``currentColor``), so that one file reads on light, on dark and on paper.
Colours are those of Okabe and Ito, which colour-blind readers tell apart.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure

from contraflow.analysis.runs import Comparison
from contraflow.report.columns import Subject
from contraflow.report.findings import EVIDENCE_END, Finding
from contraflow.report.svg import Drawing, compact
from contraflow.report.wording import CLEAR

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8A8A8A"
INK, PAPER = "#010203", "#fdfdfe"
WIDTH, HEIGHT = 5.8, 3.5
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


#: Colours as drawn, and as a page of its own ink shows them.
SHOWN = {
    INK: "currentColor",
    PAPER: "var(--paper, #ffffff)",
    BLUE: f"var(--blue, {BLUE})",
    ORANGE: f"var(--orange, {ORANGE})",
}


@dataclass(frozen=True)
class Picture:
    """A figure as text: ``name`` for its file, the finding as ``title``, ``alt`` for readers who do not see it.

    ``inline`` is the drawing alone, for a page that sets the title as text; ``file`` has title and footer around it.
    """

    name: str
    title: str
    alt: str
    caption: str
    inline: str
    file: str


def picture(
    name: str,
    title: str,
    alt: str,
    caption: str,
    footer: str,
    draw: Callable[[Figure], None],
    size: tuple[float, float],
) -> Picture:
    """Draw a figure for the page and for its file."""
    return framed(name, title, alt, caption, footer, drawn(name, draw, size))


def drawn(name: str, draw: Callable[[Figure], None], size: tuple[float, float]) -> Drawing:
    """The drawing alone; ``size`` in inches."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return compact(buffer.getvalue(), name, SHOWN)


def framed(name: str, title: str, alt: str, caption: str, footer: str, drawing: Drawing) -> Picture:
    """A drawing with its words."""
    width = drawing.width / 72
    above = textwrap.wrap(title, int(width * 10.8))
    below = [line for text in (caption, footer) for line in textwrap.wrap(text, int(width * 18.5))]
    return Picture(name, title, alt, caption, drawing.inline(alt), drawing.file(title, above, below))


def axis_numbers(axes: Axes, scale: str = "") -> None:
    """Numbers of a vertical axis as a reader writes them; ``scale`` "%" for shares."""

    def written(value: float, _: int) -> str:
        if scale == "%":
            return f"{100 * value:.3g} %"
        return f"{value / 1e6:.3g} m" if abs(value) >= 1e6 else f"{value:,.6g}".replace("-", "\N{MINUS SIGN}")

    axes.yaxis.set_major_formatter(written)


#: How sure a sign is, as the marker of its median: colours alone would be lost on paper without them.
MARKERS = {"clear": ("o", INK), "leaning": ("o", PAPER), "undecided": ("|", INK), "negligible": ("|", INK)}


def effects_chart(figure: Figure, rows: Sequence[tuple[str, Finding]], across: str) -> None:
    """One policy a row: median, 50 and 90 % of draws of the relative difference on one outcome; ``across`` says so."""
    axes = figure.subplots()
    for place, (_, finding) in enumerate(reversed(rows)):
        q = {k: 100 * v for k, v in finding.relative.items()}
        colour = {"lower": BLUE, "higher": ORANGE}.get(finding.verdict.direction, GREY)
        axes.plot([q["q05"], q["q95"]], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", alpha=0.55)
        axes.plot([q["q25"], q["q75"]], [place, place], color=colour, linewidth=7, solid_capstyle="butt", alpha=0.8)
        marker, fill = MARKERS[finding.verdict.strength]
        axes.plot(q["median"], place, marker, color=fill, markeredgecolor=INK, markersize=5.5, zorder=4)
    axes.axvline(0, color=INK, linewidth=0.8)
    labels = [f"{label}{' *' if f.verdict.from_assumption else ''}" for label, f in reversed(rows)]
    axes.set_yticks(range(len(rows)), [textwrap.fill(label, 31) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(across)
    axes.grid(axis="x", color=INK, alpha=0.12, linewidth=0.5)
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:+.3g}".replace("-", "\N{MINUS SIGN}") if v else "0")


#: Small multiples in a row.
PANELS = 3


def difference_panels(figure: Figure, comparisons: Mapping[str, Comparison], subject: Subject) -> None:
    """Small multiples: yearly difference of an outcome under each policy, 50 and 90 % bands, one scale for all."""
    name = subject.outcome
    grid = figure.subplots(-(-len(comparisons) // PANELS), PANELS, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(comparisons) :]:
        axes.set_visible(False)
    for axes, (label, comparison) in zip(grid.flat, comparisons.items(), strict=False):
        difference = comparison.policy.annual(name) - comparison.baseline.annual(name)
        later = difference.sel(year=slice(2024, None))
        q = later.quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="draw").values
        years = later["year"].values + 0.5
        for at, strength in ((years <= EVIDENCE_END, 1.0), (years >= EVIDENCE_END - 0.6, 0.45)):
            axes.fill_between(years[at], q[0, at], q[4, at], color=BLUE, alpha=0.20 * strength, linewidth=0)
            axes.fill_between(years[at], q[1, at], q[3, at], color=BLUE, alpha=0.30 * strength, linewidth=0)
            axes.plot(years[at], q[2, at], color=BLUE, linewidth=1.5, alpha=1.0 if strength > 0.5 else 0.4)
        axes.axhline(0, color=INK, linewidth=0.7)
        axes.set_title(textwrap.fill(label, 24), fontsize=9, loc="left")
        axes.set_xticks([2025, 2030, 2035])
        axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.5)
        axis_numbers(axes)
    figure.supylabel(f"{subject.en} a year, against no policy", fontsize=9)


def threshold_chart(figure: Figure, table: xr.Dataset, scale: float) -> None:
    """Heat maps over spare capacity and time to rebuild, one for each pass-through; bold where a fall of 1 % is sure.

    ``scale`` is the largest relative difference of all maps shown together, so that they share their colours.
    """
    panels = table.sizes["pass_through"]
    grid = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    for axes, theta in zip(grid, table["pass_through"].values, strict=True):
        image = _heat(axes, table.sel(pass_through=theta), "lab_rebuild_time", scale)
        word = {0.0: "in dollars (0)", 1.0: "in proportion (1)"}.get(float(theta), f"between ({theta:g})")
        axes.set_title(f"price passed on\n{word}", fontsize=9)
        axes.set_xlabel("capacity / need", fontsize=9)
    months = [f"{12 * v:.0f}" for v in table["lab_rebuild_time"].values]
    grid[0].set_yticks(np.arange(len(months)) + 0.5, months)
    grid[0].set_ylabel("months to rebuild")
    _colour_bar(figure, image, list(grid))


def laboratory_chart(figure: Figure, table: xr.Dataset, scale: float) -> None:
    """One heat map over spare capacity and the number of laboratories, few at the bottom; bold and scale as above."""
    axes = figure.subplots()
    image = _heat(axes, table, "lab_count", scale)
    axes.set_yticks(np.arange(table.sizes["lab_count"]) + 0.5, [f"{v:,.0f}" for v in table["lab_count"].values])
    axes.set_ylabel("laboratories at work")
    axes.set_xlabel("capacity / need", fontsize=9)
    _colour_bar(figure, image, [axes])


def _heat(axes: Axes, table: xr.Dataset, rows: str, scale: float) -> QuadMesh:
    """Median relative difference in %, spare capacity across, ``rows`` up; bold where a fall of 1 % is sure."""
    cell = table.transpose(rows, "lab_slack")
    worst = max(1.0, 100 * scale)
    tones = LinearSegmentedColormap.from_list("effect", [BLUE, "#cfe3f1", "#f4f4f2", "#f6d9c6", ORANGE])
    effect = 100 * cell["relative_difference"].values
    norm = TwoSlopeNorm(0, -worst, worst)
    image = axes.pcolormesh(effect, cmap=tones, norm=norm, edgecolors=PAPER, linewidth=1.0)
    for (row, column), value in np.ndenumerate(effect):
        text = "0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
        certain = float(cell["p_one_percent"].values[row, column]) >= CLEAR
        light = abs(value) > 0.88 * worst
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8,
                  color="white" if light else "#222222", fontweight="bold" if certain else "normal")  # fmt: skip
    axes.set_xticks(np.arange(table.sizes["lab_slack"]) + 0.5, [f"{v:g}" for v in table["lab_slack"].values])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _colour_bar(figure: Figure, image: QuadMesh, below: list[Axes]) -> None:
    bar = figure.colorbar(image, ax=below, orientation="horizontal", shrink=0.5, aspect=40, pad=0.02)
    bar.set_label("difference in deaths, %, median", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def shares_chart(figure: Figure, rows: Sequence[tuple[str, Mapping[str, float], float | None, float | None]]) -> None:
    """One cause a row: its Shapley share of a fall with 50 and 90 % of draws; ticks mark the two orders of freezing."""
    axes = figure.subplots()
    for place, (_, q, first, last) in enumerate(reversed(rows)):
        axes.plot([100 * q["q05"], 100 * q["q95"]], [place] * 2, color=BLUE, linewidth=2.2, alpha=0.55)
        axes.plot([100 * q["q25"], 100 * q["q75"]], [place] * 2, color=BLUE, linewidth=7, alpha=0.8,
                  solid_capstyle="butt")  # fmt: skip
        ticks = [100 * x for x in (first, last) if x is not None]
        axes.plot(ticks, [place] * len(ticks), "|", color=INK, markersize=12, markeredgewidth=1.2)
        axes.plot(100 * q["median"], place, "o", color=PAPER, markeredgecolor=INK, markersize=5.5, zorder=4)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [textwrap.fill(label, 31) for label, *_ in reversed(rows)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel("share of the fall in the model, %")
    axes.grid(axis="x", color=INK, alpha=0.12, linewidth=0.5)
