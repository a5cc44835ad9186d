"""How much less inflow of firearms, for how long, for 10 % fewer homicides: words, table and figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from contraflow.analysis.inflow import TARGET, InflowCuts
from contraflow.analysis.runs import Comparison
from contraflow.report.columns import MEXICO
from contraflow.report.figures import BLUE, GREY, HEIGHT, INK, ORANGE, WIDTH, Picture, axis_numbers, picture
from contraflow.report.findings import LAST_YEAR
from contraflow.report.wording import (
    CLEAR,
    LEANING,
    Told,
    probability,
    share_percent,
    signed,
    significant,
    whole_percent,
)

if TYPE_CHECKING:
    from contraflow.report.study import Study

SCENARIO = "gun-flow"
INFLOW = "mx.firearms_inflow"
LETHALITY, REACHING = "gun_lethality", "organised_crime_share"
#: Bins of draws: by the share that reaches organised crime, and within each by the exponent of killings.
SHARES, EXPONENTS = 3, 5


@dataclass(frozen=True)
class Cell:
    """Draws of like beliefs: their medians, the cut that half of them need, and P(reached by then) for each cut.

    ``needed`` is None where fewer than half of the draws get there under the largest cut tried.
    """

    reaching: float
    lethality: float
    draws: int
    by: int
    needed: float | None
    reached: tuple[float, ...]


def cells(answer: InflowCuts, by: int) -> list[list[Cell]]:
    """Cells by the share that reaches organised crime, then by the exponent, both rising; empty ones left out.

    Bins hold equal numbers of draws. With each draw go its other parameters, so a cell is an average over them.
    """
    needed = answer.needed(by)
    reached = [answer.reached(cut, by) for cut in answer.cuts]
    table = []
    for third in np.array_split(np.argsort(answer.reaching, kind="stable"), SHARES):
        bins = np.array_split(third[np.argsort(answer.lethality[third], kind="stable")], EXPONENTS)
        table.append([_cell(answer, chosen, by, needed, reached) for chosen in bins if len(chosen)])
    return [row for row in table if row]


def _cell(answer: InflowCuts, chosen: np.ndarray, by: int, needed: np.ndarray, reached: list[np.ndarray]) -> Cell:
    half = float(np.median(np.where(np.isnan(needed[chosen]), np.inf, needed[chosen])))
    return Cell(
        float(np.median(answer.reaching[chosen])),
        float(np.median(answer.lethality[chosen])),
        len(chosen),
        by,
        half if np.isfinite(half) else None,
        tuple(float(r[chosen].mean()) for r in reached),
    )


def package_reaches(comparison: Comparison) -> np.ndarray:
    """Whether some year of the window has the target's fewer homicides under the shipped package, (draws,)."""
    policy, base = (r.annual(MEXICO.outcome) for r in (comparison.policy, comparison.baseline))
    ratio = (policy / base).sel(year=slice(int(comparison.window[0]), None)).transpose("year", "draw")
    return (ratio.values <= 1 - TARGET).any(axis=0)


def year_of_half(answer: InflowCuts, cut: float) -> int | None:
    """First year by which half of the draws have had the target's fewer homicides under this cut, if any."""
    return next((int(y) for y in answer.years if answer.reached(cut, int(y)).mean() >= 0.5), None)


def correlations(answer: InflowCuts) -> tuple[float, float]:
    """Rank correlation of homicides under the largest cut, in the last year, with the exponent and with the share."""
    last = answer.ratio[-1, -1]
    return tuple(float(stats.spearmanr(last, x).statistic) for x in (answer.lethality, answer.reaching))  # type: ignore[return-value]


def told(study: Study) -> Told | None:
    """The answer in both languages, no surer than the draws; None where the study lacks the package."""
    if study.inflow is None:
        return None
    answer, comparison = study.inflow, study.comparisons[SCENARIO]
    by = int(answer.years[-1])
    chances = [float(answer.reached(cut, by).mean()) for cut in answer.cuts]
    shown = [probability(p, answer.draws) for p in chances]
    small, large = (whole_percent(cut) for cut in (answer.cuts[0], answer.cuts[-1]))
    spread = study.long[SCENARIO][INFLOW].relative
    low, high = (share_percent(spread[q], sign=True) for q in ("q05", "q95"))
    package = probability(float(package_reaches(comparison).mean()), comparison.draws)
    certainty = max(chances[-1], 1 - chances[-1])
    place = "found" if certainty >= CLEAR else "leaning" if certainty >= LEANING else "undecided"
    first = int(answer.years[0])
    half = year_of_half(answer, answer.cuts[-1])
    when = f" (half of the draws by {half})" if half else ""
    when_es = f" (la mitad de las corridas, para {half})" if half else ""
    en = (
        f"Guns: if {large} of the inflow of firearms were stopped from {first} on, homicides in Mexico would be "
        f"{whole_percent(TARGET)} lower in some year to {by} with P {shown[-1]}{when}; if {small} were, with P "
        f"{shown[0]}. The package “{comparison.scenario.label.en}” changes the inflow over the years to {by} by "
        f"{low} to {high} (90 % interval) and gets there with P {package}."
    )
    es = (
        f"Armas: si desde {first} se detuviera el {large} de las armas que entran, los homicidios en México bajarían "
        f"{whole_percent(TARGET)} en algún año hasta {by} con P {shown[-1]}{when_es}; con el {small}, con P "
        f"{shown[0]}. El paquete «{comparison.scenario.label.es}» cambia la entrada hasta {by} entre {low} y {high} "
        f"(intervalo de 90 %) y lo logra con P {package}."
    )
    if _assumed(study):
        en += " Follows from assumption: these data hardly inform how killing answers rifles."
        es += " Se sigue de supuestos: estos datos dicen poco sobre cómo responden las muertes a los rifles."
    return Told(place, en, es)


def _assumed(study: Study) -> bool:
    """Whether data have not told how killing answers rifles."""
    return any(r.parameter == LETHALITY and r.assumed for r in study.learned)


def note(answer: InflowCuts) -> str:
    """How the answer was computed, and what it hangs on."""
    lethality, reaching = correlations(answer)
    return (
        f"An experiment on {answer.draws} draws, not a policy: from {answer.years[0]} on a share of all southbound "
        "firearms is stopped, and each draw is compared with itself without the cut. Cuts between those simulated "
        f"({', '.join(whole_percent(c) for c in answer.cuts)}) are interpolated in logs. Draws are binned by the share "
        f"of southbound firearms that reaches organised crime ({SHARES} bins) and within each by the exponent of "
        f"killings as rifles a member change ({EXPONENTS} bins), with equal numbers in each. Rank correlation of "
        f"homicides under the largest cut with the exponent: {signed(lethality)}; with the share that reaches "
        f"organised crime: {signed(reaching)}. Ammunition turns over in months and not in years, but nothing measured "
        "informs it: it is an extension, and not in these numbers."
    )


def rows(answer: InflowCuts) -> list[dict[str, float | int | str]]:
    """The cells for every other year, as rows of a table."""
    table: list[dict[str, float | int | str]] = []
    for by in answer.years[1::2]:
        for cell in (c for row in cells(answer, int(by)) for c in row):
            chances = {f"p_reached_cut_{c:g}": p for c, p in zip(answer.cuts, cell.reached, strict=True)}
            table.append(
                {"year": cell.by, REACHING: cell.reaching, LETHALITY: cell.lethality, "draws": cell.draws,
                 "cut_needed_median": "" if cell.needed is None else cell.needed, **chances}
            )  # fmt: skip
    return table


def pictures(study: Study) -> list[Picture]:
    """The curve over both beliefs, and the chance year by year; none where the study lacks the package."""
    if study.inflow is None:
        return []
    answer = study.inflow
    by = int(answer.years[-1])
    p = float(answer.reached(answer.cuts[-1], by).mean())
    verdict = "likely" if p >= LEANING else "unlikely" if p <= 1 - LEANING else "undecided"
    within = probability(float(answer.reached(answer.cuts[-1], LAST_YEAR).mean()), answer.draws)
    title = (
        f"A year with {whole_percent(TARGET)} fewer homicides in Mexico by {by}, if {whole_percent(answer.cuts[-1])} "
        f"of the inflow of firearms were stopped: {verdict}, P {probability(p, answer.draws)} (by {LAST_YEAR}: "
        f"{within}){'; follows from assumption' if _assumed(study) else ''}"
    )
    caption = (
        f"Left: cut of the inflow, kept up from {answer.years[0]}, that half of the draws need for "
        f"{whole_percent(TARGET)} fewer homicides in {by}, by the exponent of killings as rifles a member change; "
        "crosses at the top: the largest cut tried is not enough. One line a third of draws by the share of southbound "
        f"firearms that reaches organised crime. Right: share of draws that have had a year with "
        f"{whole_percent(TARGET)} fewer."
    )
    alt = f"Two line charts: the cut of firearms needed by the exponent, and the chance by year. {title}."
    draw = lambda f: _chart(f, answer, by)  # noqa: E731
    return [picture("guns", title, alt, caption, study.footer, draw, (WIDTH * 1.25, HEIGHT))]


_LINES = (("-", "o", BLUE), ("--", "s", ORANGE), (":", "^", GREY))


def _chart(figure: Figure, answer: InflowCuts, by: int) -> None:
    left, right = figure.subplots(1, 2)
    over = 1.0
    for row, (line, marker, colour) in zip(cells(answer, by), _LINES, strict=False):
        x = [c.lethality for c in row]
        y = [c.needed if c.needed is not None else np.nan for c in row]
        share = significant(float(np.mean([c.reaching for c in row])))
        left.plot(x, y, line, marker=marker, color=colour, markersize=4.5, linewidth=1.5, label=share)
        never = [c.lethality for c in row if c.needed is None]
        left.plot(never, [over] * len(never), "x", color=colour, markersize=5)
    left.axvline(0, color=INK, linewidth=0.6)
    left.set_ylim(0, 1.05)
    left.set_xlabel("exponent of killings (0: no effect)", fontsize=9)
    left.set_ylabel(f"cut of the inflow needed by {by}")
    left.legend(title="share reaching\norganised crime", fontsize=8, title_fontsize=8, frameon=False, loc="lower left")
    for cut, (line, marker, colour) in zip(answer.cuts, _LINES, strict=False):
        chance = [float(answer.reached(cut, int(year)).mean()) for year in answer.years]
        right.plot(answer.years, chance, line, marker=marker, color=colour, markersize=4, linewidth=1.5,
                   label=f"{whole_percent(cut)} stopped")  # fmt: skip
    right.set_ylim(0, 1.05)
    right.set_xlabel("year", fontsize=9)
    right.set_ylabel("share of draws")
    right.set_xticks([2025, 2030, 2035])
    right.legend(fontsize=8, frameon=False, loc="upper left")
    for axes in (left, right):
        axis_numbers(axes, "%")
        axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.5)
