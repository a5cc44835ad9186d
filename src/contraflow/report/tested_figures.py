"""Drawings of the validation: forecasts against what came, places of outcomes, effects held back, ranks."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from contraflow.report.backtested import BINS, Places
from contraflow.report.calibrated import Ranks
from contraflow.report.figures import BLUE, GREY, INK, ORANGE, PAPER, axis_numbers

#: Panels in a row of the forecasts.
COLUMNS = 2
#: Size of words in narrow figures.
_WORDS = 9
#: Inches of a panel, of a line of its title, between title and panel above, and of the numbers around the grid.
_PANEL, _LINE, _APART, _BELOW, _LEFT, _RIGHT = 1.1, 0.145, 0.19, 0.3, 0.6, 0.1
#: Width in years over which bars of several origins in one year are spread.
_SPREAD = 0.66


@dataclass(frozen=True, eq=False)
class Panel:
    """One series: its title, its record (years, values), and its forecasts as stored rows with ``intervals``."""

    label: str
    record: Sequence[Sequence[float]]
    rows: Sequence[Mapping[str, Any]]
    share: bool


def forecasts_chart(figure: Figure, panels: Sequence[Panel], origins: Sequence[int], first: int) -> None:
    """Small multiples: each forecast as a bar of 50 and 95 %, a line through those of one origin; dots are what came.

    Orange: the outcome lies outside the 95 % interval.
    """
    rows, (width, height) = -(-len(panels) // COLUMNS), figure.get_size_inches()
    titled = _titled(panels)
    figure.set_layout_engine(None)  # which would try every text, for panels that are all alike
    grid = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False)
    figure.subplots_adjust(_LEFT / width, _BELOW / height, 1 - _RIGHT / width, 1 - titled / height,
                           wspace=2 * _LEFT / (width - _LEFT * 2), hspace=(titled + _APART) / _PANEL)  # fmt: skip
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    places = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(origins)) if len(origins) > 1 else np.zeros(1)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, panel, dict(zip(origins, places, strict=True)), first)
    last = max(r["year"] for panel in panels for r in panel.rows)
    grid[0, 0].set_xlim(first - 0.6, last + 0.9)
    grid[0, 0].set_xticks(range(first + 2, last + 1, 4))
    for axes in [a for a in grid.flat if a.get_visible()][-COLUMNS:]:
        axes.tick_params(labelbottom=True)


def forecasts_height(panels: Sequence[Panel]) -> float:
    """Height in inches of so many panels with their titles."""
    return _BELOW + -(-len(panels) // COLUMNS) * (_PANEL + _titled(panels) + _APART) - _APART


def _titled(panels: Sequence[Panel]) -> float:
    return 0.05 + _LINE * max(panel.label.count("\n") + 1 for panel in panels)


def _panel(axes: Axes, panel: Panel, places: Mapping[int, float], first: int) -> None:
    past = [(y, v) for y, v in panel.record if y >= first]
    for inside, colour in ((True, BLUE), (False, ORANGE)):
        own = [r for r in panel.rows if r["coverage"]["95"] == inside]
        at = [r["year"] + places[r["origin"]] for r in own]
        for level, width in (("95", 1.1), ("50", 3.4)):
            axes.plot(*_bars(at, [r["intervals"][level] for r in own]), color=colour, linewidth=width, alpha=0.75,
                      solid_capstyle="butt")  # fmt: skip
        axes.plot(at, [r["median"] for r in own], "o", color=PAPER, markeredgecolor=colour, markersize=2.2,
                  markeredgewidth=0.7)  # fmt: skip
    axes.plot(*_paths(panel, places), color=BLUE, linewidth=0.7, alpha=0.6)
    axes.plot(*zip(*past, strict=True), color=INK, linewidth=0.9, marker="o", markersize=2.4, zorder=4)
    values = [v for _, v in past]
    ends = [x for r in panel.rows for x in r["intervals"]["50"]]
    top = min(max(x for r in panel.rows for x in r["intervals"]["95"]), 2.2 * max(values + ends))
    axes.set_ylim(0, 1.05 * max(top, *values))
    axes.set_title(panel.label, fontsize=8.5, loc="left")
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.5)
    axis_numbers(axes, "%" if panel.share else "")


def _bars(at: Sequence[float], ends: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Upright bars as one broken line, which an SVG holds in one element."""
    gap = np.nan
    x = [v for place in at for v in (place, place, gap)]
    y = [v for low, high in ends for v in (low, high, gap)]
    return np.array(x), np.array(y)


def _paths(panel: Panel, places: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """From the last value known at each origin through the medians, as one broken line."""
    x, y = [], []
    for origin, place in places.items():
        own = [(r["year"] + place, r["median"]) for r in panel.rows if r["origin"] == origin]
        known = max(((at, v) for at, v in panel.record if at <= origin), default=None)
        for at, v in [*([known] if known and own else []), *own, (np.nan, np.nan)]:
            x.append(at)
            y.append(v)
    return x, y


def places_chart(figure: Figure, places: Places, words: tuple[str, str, str]) -> None:
    """Above the shares of outcomes by place, below the cumulative departure from uniform; both with their bands.

    ``words``: labels of the horizontal axis and of the two vertical ones.
    """
    upper, lower = figure.subplots(2, 1, sharex=True)
    middles = (np.arange(BINS) + 0.5) / BINS
    outside = (places.share < places.share_low) | (places.share > places.share_high)
    upper.bar(middles, 100 * places.share, 0.9 / BINS, color=np.where(outside, ORANGE, BLUE), alpha=0.75)
    upper.fill_between([0, 1], *(100 * np.repeat(x[:1], 2) for x in (places.share_low, places.share_high)),
                      color=INK, alpha=0.12, linewidth=0)  # fmt: skip
    upper.axhline(100 / BINS, color=INK, linewidth=0.7)
    _band(lower, places.levels, places.low, places.high)
    at = (places.departure < places.low) | (places.departure > places.high)
    lower.plot(places.levels, 100 * places.departure, color=BLUE, linewidth=1.4)
    lower.plot(places.levels[at], 100 * places.departure[at], "o", color=ORANGE, markersize=4)
    for axes, label in ((upper, words[1]), (lower, words[2])):
        axes.set_xlim(0, 1)
        axes.set_ylabel(label, fontsize=_WORDS)
        axes.tick_params(labelsize=_WORDS)
    lower.set_xlabel(words[0], fontsize=_WORDS)


def _band(axes: Axes, levels: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    axes.fill_between(levels, 100 * low, 100 * high, color=INK, alpha=0.12, linewidth=0)
    axes.axhline(0, color=INK, linewidth=0.7)


def ranks_chart(figure: Figure, ranks: Ranks, outside: Collection[str], words: tuple[str, str]) -> None:
    """One line a quantity: how the ranks of the truth depart from uniform; those ``outside`` in orange.

    ``words``: labels of the axes.
    """
    axes = figure.subplots()
    _band(axes, ranks.levels, ranks.low, ranks.high)
    for name, departure in sorted(ranks.departure.items(), key=lambda item: item[0] in outside):
        lost = name in outside
        axes.plot(ranks.levels, 100 * departure, color=ORANGE if lost else GREY, linewidth=1.5 if lost else 0.7,
                  alpha=1.0 if lost else 0.55)  # fmt: skip
    axes.margins(x=0)
    axes.tick_params(labelsize=_WORDS)
    axes.set_xlabel(words[0], fontsize=_WORDS)
    axes.set_ylabel(words[1], fontsize=_WORDS)


def held_back_chart(
    figure: Figure,
    rows: Sequence[tuple[str, Mapping[str, Any], Mapping[str, float], bool]],
    words: tuple[str, str, str],
) -> None:
    """One published effect a row, with what the model predicts under it; orange where the two disagree.

    ``rows``: label, published, predicted, and whether they disagree. An end that was not published is an arrow.
    ``words``: label of the axis, published, predicted.
    """
    axes = figure.subplots()
    for place, (_, published, model, apart) in enumerate(reversed(rows)):
        low, high = (None if published[k] is None else 100 * published[k] for k in ("low", "high"))
        ends = (min(-100.0, 0.0) if low is None else low, 150.0 if high is None else high)
        axes.plot(ends, [place + 0.17] * 2, color=INK, linewidth=2.0, alpha=0.6)
        for missing, end, mark in ((low, ends[0], "<"), (high, ends[1], ">")):
            if missing is None:
                axes.plot(end, place + 0.17, mark, color=INK, markersize=5, clip_on=False)
        if published["value"] is not None:
            axes.plot(100 * published["value"], place + 0.17, "D", color=INK, markersize=4)
        colour = ORANGE if apart else BLUE
        axes.plot([100 * model["q05"], 100 * model["q95"]], [place - 0.17] * 2, color=colour, linewidth=3.2, alpha=0.75)
        axes.plot(100 * model["median"], place - 0.17, "o", color=PAPER, markeredgecolor=INK, markersize=4.5, zorder=4)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlim(-105, 155)
    axes.set_yticks(range(len(rows)), [textwrap.fill(label, 25) for label, *_ in reversed(rows)])
    axes.tick_params(labelsize=_WORDS)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x", color=INK, alpha=0.12, linewidth=0.5)
    axes.set_xlabel(words[0], fontsize=_WORDS)
    axes.plot([], [], "D-", color=INK, alpha=0.6, markersize=4, label=words[1])
    axes.plot([], [], "o-", color=BLUE, linewidth=3, markerfacecolor=PAPER, markeredgecolor=INK, label=words[2])
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=_WORDS)
