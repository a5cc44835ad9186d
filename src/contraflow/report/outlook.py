"""Fan charts of the baseline, both countries: history with its data points, projection, and what lies beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from contraflow import evidence
from contraflow.analysis.history import COUNTED
from contraflow.evidence import Series
from contraflow.inference.posterior import data_end
from contraflow.report.columns import MEXICO, UNITED_STATES
from contraflow.report.figures import BLUE, HEIGHT, INK, ORANGE, WIDTH, Picture, axis_numbers, picture
from contraflow.report.findings import EVIDENCE_END, LAST_YEAR, counted
from contraflow.report.wording import CLEAR, people, share_percent
from contraflow.system.axes import drug

if TYPE_CHECKING:
    from contraflow.report.study import Study

BANDS = (
    "Dark band 50 %, pale band 90 % of draws, of what the model expects, without the scatter of single counts; line: "
    "median. Paler after 2030: beyond the evidence."
)
#: Variables drawn that are no outcomes.
RECORD = ("methadone_patients", "buprenorphine_patients_all", "firearm_share_of_homicides", "missing_as_recorded")
_END = 2036


@dataclass(frozen=True)
class Fan:
    """One variable in a fan chart: its monthly draws, and the series of yearly observations that belong to it."""

    label: str
    values: xr.DataArray
    points: tuple[Series, ...] = ()
    colour: str = BLUE
    line: str = "-"


@dataclass(frozen=True)
class Chart:
    """One chart: ``told`` are the monthly draws that its title speaks of; ``apart`` gives each fan axes of its own."""

    name: str
    country: str
    opening: str
    first: float
    unit: str
    fans: tuple[Fan, ...]
    told: xr.DataArray
    form: Callable[[float], str] = people
    share: bool = False
    apart: bool = False
    note: str = ""

    @property
    def series(self) -> list[Series]:
        """Every series of points drawn."""
        return [s for fan in self.fans for s in fan.points]


def charts(study: Study) -> list[Chart]:
    """What is drawn of the baseline, in order."""
    s = evidence.load().series
    base = study.baseline
    pick = base.data

    def one(name: str, country: str, opening: str, first: float, unit: str, values: xr.DataArray, *points: Series,
            **more: object) -> Chart:  # fmt: skip
        return Chart(name, country, opening, first, unit, (Fan("", values, points),), values, **more)  # type: ignore[arg-type]

    medication = (
        Fan("methadone", pick["methadone_patients"], (s["us.treatment.methadone"],), ORANGE, "--"),
        Fan("buprenorphine", pick["buprenorphine_patients_all"], (s["us.treatment.buprenorphine"],)),
    )
    missing = (
        Fan("as the register of 2026 shows", pick["missing_as_recorded"].sel(time=slice(None, data_end() - 0.01)),
            (s["mx.missing.annual"],), ORANGE, "--"),
        Fan("never located", base.series("mx.missing")),
    )  # fmt: skip
    earlier = {"fentanyl": (s["border.seized.fentanyl.pre2019"],)}
    seized = tuple(
        Fan(d, base.series(f"border.{d}_seized"), (s[f"border.seized.{d}.annual"], *earlier.get(d, ())))
        for d in drug.labels
    )
    return [
        one("overdose-deaths", "us", "Overdose deaths, all drugs", 2000.0, "deaths a year",
            base.series(UNITED_STATES.outcome), s[COUNTED[UNITED_STATES.outcome]]),
        one("synthetic-opioid-deaths", "us", "Deaths with synthetic opioids", 2010.0, "deaths a year",
            base.series("us.synthetic_opioid_deaths"), s["us.deaths.synthetic_opioids.annual"]),
        one("fentanyl-purity", "us", "Purity of street fentanyl", 2015.0, "purity of powder",
            base.series("us.fentanyl_purity"), s["us.market.fentanyl_powder_purity"], form=share_percent, share=True),
        Chart("people-on-medication", "us", "People on methadone or buprenorphine", 2000.0, "people", medication,
              base.series("us.on_medication")),
        one("opioid-use-disorder", "us", "People with opioid use disorder", 2000.0, "people",
            base.series("us.opioid_use_disorder"), note="No count of the whole exists: surveys inform the shape only."),
        Chart("seizures", "us", "The four drugs seized at the border, kilograms a year", 2013.0, "kg a year, gross",
              seized, base.series("border.seizures"), apart=True, note="Each drug on a scale of its own."),
        one("homicides", "mx", "Homicides in Mexico", 2000.0, "homicides a year",
            base.series(MEXICO.outcome), s[COUNTED[MEXICO.outcome]]),
        one("firearm-share", "mx", "Share of homicides by firearm", 2000.0, "share of homicides",
            pick["firearm_share_of_homicides"], s["mx.homicides.firearm_share"], form=share_percent, share=True),
        Chart("missing", "mx", "People reported missing and never located", 2000.0, "people a year", missing,
              missing[1].values,
              note="Points: still missing in early 2026 by year of disappearance, and the model’s expectation of that "
              "register (dashed); of recent years some will yet be found."),
        one("members", "mx", "Active members of organised crime groups", 2000.0, "people",
            base.series("mx.cartel_members"), note="Nobody has counted them: published models inform the size."),
        one("firearms-inflow", "mx", "Firearms from the United States entering Mexico", 2000.0, "firearms a year",
            base.series("mx.firearms_inflow"), note="No count exists: a published estimate informs the size."),
        one("revenue", "mx", "Revenue of organised crime groups, billions of dollars of 2024", 2000.0,
            "billion dollars a year", base.series("mx.cartel_revenue") * 1e-9,
            note="No count exists: published estimates inform the size."),
    ]  # fmt: skip


def fans(study: Study) -> list[Picture]:
    """Baseline fan charts with the observations behind them."""
    made = []
    for chart in charts(study):
        title = f"{chart.opening}, in the model: {_outlook(chart)}"
        caption = " ".join(part for part in (BANDS, _source_line(chart.series), chart.note) if part)
        alt = f"Fan chart, {int(chart.first)} to {_END - 1}, {chart.unit}. {title}."
        draw = panels if chart.apart else together
        size = (WIDTH, HEIGHT * 1.35) if chart.apart else (WIDTH, HEIGHT)
        made.append(picture(chart.name, title, alt, caption, study.footer, lambda f, c=chart, d=draw: d(f, c), size))
    return made


def _source_line(series: Sequence[Series]) -> str:
    known = evidence.load().sources
    publishers = sorted({known[r.source].publisher for s in series for r in s.rows if r.source in known})
    return f"Points: {'; '.join(publishers)}." if publishers else ""


def _observed(chart: Chart, year: int) -> float | None:
    """What was observed in a year of all fans of a chart together; None where one has no point of the whole year."""
    found = [next((x for s in fan.points if (x := counted(s, year)) is not None), None) for fan in chart.fans]
    known = [x for x in found if x is not None]
    return sum(known) if len(known) == len(found) else None


def _outlook(chart: Chart) -> str:
    """Level at the end of the data, observed too, and of the evidence; whether the change has a clear sign."""
    values, form = chart.told, chart.form
    years, last = np.floor(values["time"].values + 1e-6).astype(int), int(data_end() + 1e-6) - 1
    now, then = (values.values[years == y].mean(axis=0) for y in (last, LAST_YEAR))
    low, high = (form(float(x)) for x in np.quantile(then, [0.05, 0.95]))
    observed = _observed(chart, last)
    level = f"{form(float(np.median(now)))} in {last}{'' if observed is None else f' (observed: {form(observed)})'}"
    for word, moved in (("rising", then > now), ("falling", then < now)):
        if moved.mean() >= CLEAR:
            return f"{level}, {word} to between {low} and {high} in {LAST_YEAR}"
    return f"{level}, {low} to {high} in {LAST_YEAR}; rise or fall is undecided"


def together(figure: Figure, chart: Chart) -> None:
    """Every fan of a chart in one pair of axes."""
    axes = figure.subplots()
    _draw(axes, chart.fans, chart.first)
    axes.annotate("data end", (data_end(), 1), (-3, -2), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="right", va="top", fontsize=8, color=INK)  # fmt: skip
    axes.annotate("beyond the\nevidence", ((EVIDENCE_END + _END) / 2, 1), (0, -2), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="center", va="top", fontsize=8, color=INK, alpha=0.8)  # fmt: skip
    axes.set_ylabel(chart.unit)
    axis_numbers(axes, "%" if chart.share else "")


def panels(figure: Figure, chart: Chart) -> None:
    """Every fan of a chart in axes of its own, two a row."""
    grid = figure.subplots(-(-len(chart.fans) // 2), 2, sharex=True, squeeze=False)
    for axes, fan in zip(grid.flat, chart.fans, strict=False):
        _draw(axes, (fan,), chart.first, ticks=4)
        axes.set_title(fan.label, fontsize=9, loc="left")
        axis_numbers(axes)
    figure.supylabel(chart.unit, fontsize=9)


def _draw(axes: Axes, fans: Sequence[Fan], first: float, ticks: int = 8) -> None:
    """Bands of 50 and 90 % of draws, the median, and data points; lighter where the evidence ends."""
    top = 0.0
    for fan in fans:
        times = fan.values["time"].values
        q = fan.values.quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="draw").values
        seen = times >= first - 1e-6
        for part, strength in ((times <= EVIDENCE_END, 1.0), (times >= EVIDENCE_END - 1e-6, 0.45)):
            at = seen & part
            axes.fill_between(times[at], q[0, at], q[4, at], color=fan.colour, alpha=0.20 * strength, linewidth=0)
            axes.fill_between(times[at], q[1, at], q[3, at], color=fan.colour, alpha=0.30 * strength, linewidth=0)
            axes.plot(times[at], q[2, at], fan.line, color=fan.colour, linewidth=1.6,
                      alpha=1.0 if strength > 0.5 else 0.4, label=fan.label if strength == 1.0 else None)  # fmt: skip
        near = seen & (times <= EVIDENCE_END)
        top = max(top, float(q[4, near].max()), float(q[3, seen].max()))
        top = max([top, *_points(axes, fan, first)])
    if len(fans) > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    axes.set_ylim(0, 1.12 * top)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=ticks))
    axes.set_xlim(first, _END)
    axes.axvline(data_end(), color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.5)
    axes.set_axisbelow(True)


def _points(axes: Axes, fan: Fan, first: float) -> list[float]:
    levels: list[float] = []
    for series in fan.points:
        rows = [r for r in series.rows if r.start >= first - 1e-6]
        axes.plot([(r.start + r.end) / 2 for r in rows], [r.value for r in rows], "o", color=INK, markersize=2.8,
                  zorder=5)  # fmt: skip
        levels += [r.value for r in rows]
    return levels
