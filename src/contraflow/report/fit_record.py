"""What the fit wrote down of itself: coverage, how the sampling went, and the stricter cut beside the posterior used.

Everything is read from the posterior's own record; nothing is computed again here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.inference.posterior import Posterior
from contraflow.report.wording import share_percent, significant

#: Largest drift with which draws may be said to stand still.
STANDSTILL = 0.5
#: Moves of a chain from which it is no longer called short.
LONG = 500
STAGES = {
    "all data": "supply and the rest, from all data",
    "cut: supply": "for comparison: supply, without deaths",
    "cut: the rest": "for comparison: the rest, given that supply",
}

RECENT = "us.deaths.synthetic_opioids.half_year"

Quantiles = tuple[float, float, float]


@dataclass(frozen=True)
class FitRow:
    """One fitted series: points, share of them inside the 90 % predictive band, and the band's relative width."""

    series: str
    points: int
    inside: float
    width: float


@dataclass(frozen=True)
class Stage:
    """How one stage of the sampling went: transitions a chain, mean acceptance, share of chains that hardly moved.

    ``step`` is the median step; ``spread`` the 5 to 95 % width of the log density over chains, None where not recorded.
    """

    id: str
    label: str
    transitions: int
    acceptance: float
    stuck: float
    step: float
    spread: float | None


@dataclass(frozen=True)
class CutRow:
    """One parameter: 5, 50 and 95 % quantiles of the posterior used, and of the stricter cut."""

    parameter: str
    label: str
    unit: str
    hypothesis: str | None
    used: Quantiles
    cut: Quantiles

    @property
    def apart(self) -> bool:
        """Whether the cut's median lies outside the 90 % interval of the posterior used."""
        return not self.used[0] <= self.cut[1] <= self.used[2]


@dataclass(frozen=True)
class FitRecord:
    """The record of a fit; parts that it does not hold are empty or None.

    ``drift``: largest move of a coordinate's mean over chains from the first to the last kept draw, in posterior
    standard deviations. ``cut_coverage``: coverage under the stricter cut.
    ``trial``: whether the draws come from a quick fit, which is not for use.
    """

    coverage: tuple[FitRow, ...]
    stages: tuple[Stage, ...]
    cut: tuple[CutRow, ...]
    cut_coverage: tuple[FitRow, ...]
    drift: float | None
    trial: bool

    @property
    def pooled(self) -> float | None:
        """Share of all points inside their 90 % bands."""
        points = sum(r.points for r in self.coverage)
        return sum(r.inside * r.points for r in self.coverage) / points if points else None

    @property
    def contested(self) -> list[CutRow]:
        """The rows of parameters that belong to a hypothesis."""
        return [r for r in self.cut if r.hypothesis]


def fit_record(posterior: Posterior) -> FitRecord:
    """The record that a posterior carries."""
    written = json.loads(posterior.attributes.get("report", "{}"))
    went = written.get("stages") or {}
    stages = tuple(_stage(name, went[name]) for name in STAGES if name in went)
    trial = bool(int(posterior.attributes.get("quick", 0)))
    coverage, cut_coverage = (_rows(written.get(k) or ()) for k in ("coverage", "cut_coverage"))
    cut = _cut(posterior, written.get("cut") or {})
    return FitRecord(coverage, stages, cut, cut_coverage, _number(written.get("halves")), trial)


def _rows(written: Iterable[Mapping[str, Any]]) -> tuple[FitRow, ...]:
    return tuple(FitRow(r["series"], int(r["points"]), float(r["inside"]), float(r["width"])) for r in written)


def _stage(name: str, went: Mapping[str, Any]) -> Stage:
    spread = _number(went.get("log_density_spread"))
    measured = (float(went[k]) for k in ("acceptance", "stuck_chains", "step"))
    return Stage(name, STAGES[name], int(went["transitions"]), *measured, spread)


def _cut(posterior: Posterior, cut: Mapping[str, Any]) -> tuple[CutRow, ...]:
    known = evidence.load().parameters
    values = posterior.parameters()
    rows = []
    for name, quantiles in cut.items():
        p = known.get(name)
        if p is None or name not in posterior.coordinates:
            continue
        low, middle, high = (float(q) for q in quantiles)
        a, b, c = (float(q) for q in np.quantile(values[name], [0.05, 0.5, 0.95]))
        rows.append(CutRow(name, p.label.en, p.unit, p.hypothesis, (a, b, c), (low, middle, high)))
    return tuple(rows)


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None


def convergence(record: FitRecord, draws: int) -> str:
    """How far the sampling can be trusted."""
    if not record.stages:
        return "This posterior does not say how its sampling went, so nothing can be said of its convergence."
    text = []
    if record.trial:
        text.append("The draws come from a quick trial of the fit: no number on this page is for use.")
    used = [s for s in record.stages if not s.id.startswith("cut")]
    stuck = max(s.stuck for s in used)
    text.append(
        f"The posterior holds {draws} draws, sampled by Hamiltonian Monte Carlo: what trials inform, and what no "
        "national series can tell, from its priors; then supply and the rest from all data, chain by chain."
    )
    text.append(
        f"At most {share_percent(stuck)} of the chains were stuck (they accepted fewer than one move in "
        "ten); their draws are among those used."
        if stuck
        else "No chain was stuck."
    )
    if record.drift is not None:
        still = (
            "no sign that the draws were still on the move"
            if record.drift <= STANDSTILL
            else "so the draws were still on the move, and intervals are rough"
        )
        text.append(
            f"Between the first and the last draw kept, the mean of no coordinate moved by more than "
            f"{significant(record.drift)} posterior standard deviations: {still}."
        )
    moves = sorted({s.transitions for s in used})
    if moves[-1] < LONG:
        text.append(f"Chains are short ({' and '.join(map(str, moves))} moves), so the intervals are approximate.")
    return " ".join(text)


def cut_note(record: FitRecord) -> str:
    """How the stricter cut compares with the posterior used, and why it is not the one used."""
    if not record.cut:
        return "The stricter cut, in which deaths have no say in supply, was not recorded with this fit."
    rows = record.contested
    apart = [r.label for r in rows if r.apart]
    text = "In the stricter cut, deaths have no say in supply, so that a fall in deaths cannot invent a supply shock. "
    text += (
        f"Its median lies outside the 90 % interval of the posterior used for {len(apart)} of {len(rows)} "
        f"strengths of the hypotheses: {'; '.join(apart)}."
        if apart
        else f"Its medians lie inside the 90 % intervals of the posterior used for all {len(rows)} strengths."
    )
    widths = {r.series: r.width for r in record.cut_coverage}
    mine = next((r for r in record.coverage if r.series == RECENT), None)
    if mine is None or RECENT not in widths:
        return text
    return (
        f"{text} Its band for deaths with synthetic opioids since 2018 is {share_percent(widths[RECENT])} of the "
        f"count wide, against {share_percent(mine.width)} here: supply data alone do not pin down the last years."
    )
