"""The numbers of a study: effects over two windows, what drives them, how the fit did, what data taught.

Nothing here draws or writes; ``figures`` and ``study`` do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from contraflow import evidence
from contraflow.analysis.runs import START, Comparison, Effect, Result, quantile_table
from contraflow.engine import Grid
from contraflow.inference import priors
from contraflow.inference.likelihood import predict, targets
from contraflow.inference.posterior import Posterior
from contraflow.policy import Scenario
from contraflow.report.wording import Verdict, verdict
from contraflow.system import model_parameters
from contraflow.system.levers import LEVERS, Lever
from contraflow.system.observations import OBSERVABLES

HEADLINE_END = 2031.0
DATA_END = 2025.0
LITTLE_LEARNED = 0.2

#: Outcomes of the effects tables, in order.
HEADLINES = (
    "us.overdose_deaths",
    "us.synthetic_opioid_deaths",
    "us.opioid_use_disorder",
    "us.on_medication",
    "us.incarcerated_drug_offences",
    "us.fentanyl_consumption",
    "border.fentanyl_seized",
)


@dataclass(frozen=True)
class Driver:
    """A parameter that moves an effect: its rank correlation with it over draws, and what data taught about it."""

    parameter: str
    correlation: float
    contraction: float
    grade: str

    @property
    def assumed(self) -> bool:
        """Whether data have hardly moved it from its prior."""
        return self.contraction < LITTLE_LEARNED


@dataclass(frozen=True)
class Finding:
    """A policy's effect on one outcome over one window, with its verdict and drivers."""

    scenario: str
    outcome: str
    end: float
    effect: Effect
    relative: Mapping[str, float]
    p_one_percent: float
    verdict: Verdict
    drivers: tuple[Driver, ...]


def findings(comparison: Comparison, posterior: Posterior, end: float) -> dict[str, Finding]:
    """Findings by outcome for the window from the first lever to ``end``. ``posterior`` holds the same draws."""
    windowed = replace(comparison, window=(comparison.window[0], end))
    table = {}
    learned = contraction(posterior)
    ranks = {n: stats.rankdata(y) for n, y in posterior.coordinates.items()}
    for name in HEADLINES:
        base = comparison.baseline.window(name, *windowed.window)
        relative = windowed.difference(name) / base
        effect = windowed.effect(name)
        spread = quantile_table(relative)
        drivers = _drivers(relative, ranks, learned)
        table[name] = Finding(
            comparison.scenario.id,
            name,
            end,
            effect,
            spread,
            float(np.mean(np.abs(relative) > 0.01)),
            verdict(effect.p_reduction, spread, follows_from_assumption(drivers)),
            drivers,
        )
    return table


def _drivers(relative: np.ndarray, ranks: Mapping[str, np.ndarray], learned: Mapping[str, float]) -> tuple[Driver, ...]:
    """The parameters most correlated in rank with an effect; those within what chance gives are left out."""
    if np.ptp(relative) < 1e-12:
        return ()
    own = stats.rankdata(relative)
    known = evidence.load().parameters
    noise = max(0.15, 3 / np.sqrt(len(relative)))
    found = [
        Driver(n, float(np.corrcoef(own, r)[0, 1]), learned[n], str(known[n].grade))
        for n, r in ranks.items()
        if np.ptp(r) > 0
    ]
    found = sorted((d for d in found if abs(d.correlation) > noise), key=lambda d: -abs(d.correlation))
    return tuple(found[:4])


def follows_from_assumption(drivers: tuple[Driver, ...]) -> bool:
    """Whether parameters that data have not moved carry most of what moves the effect."""
    total = sum(d.correlation**2 for d in drivers)
    return bool(drivers) and sum(d.correlation**2 for d in drivers if d.assumed) > 0.5 * total


def contraction(posterior: Posterior) -> dict[str, float]:
    """How much data narrowed each parameter: 1 − posterior variance, in coordinates of prior variance 1."""
    return {n: float(1 - np.var(y)) for n, y in posterior.coordinates.items()}


@dataclass(frozen=True)
class FitRow:
    """One fitted series: points, share of them inside the 90 % predictive band, and the band's relative width."""

    series: str
    points: int
    inside: float
    width: float


def fit_check(baseline: Result, posterior: Posterior, seed: int = 0) -> list[FitRow]:
    """In-sample coverage of every fitted series: as the fit recorded it, else computed from these draws."""
    recorded = json.loads(posterior.attributes.get("report", "{}")).get("coverage")
    if recorded:
        return [FitRow(r["series"], int(r["points"]), float(r["inside"]), float(r["width"])) for r in recorded]
    rng = np.random.default_rng(seed)
    months = round((DATA_END - START) * 12)
    rows = []
    for t in targets(Grid(START, months), DATA_END).values():
        monthly = baseline.data[t.observable.variable].values[:months]
        drawn = predict(t, np.asarray(t.expected(monthly)), posterior.discrepancy[t.id], rng)
        low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95], axis=1)
        inside = (t.observed >= low) & (t.observed <= high)
        rows.append(FitRow(t.id, len(inside), float(inside.mean()), float(np.median((high - low) / np.abs(middle)))))
    return rows


@dataclass(frozen=True)
class LearnedRow:
    """One parameter: its prior and posterior 90 % intervals, and the contraction between them."""

    parameter: str
    label: str
    unit: str
    hypothesis: str | None
    grade: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    contraction: float


def learned_table(posterior: Posterior) -> list[LearnedRow]:
    """Every uncertain parameter, the least learned first."""
    known = evidence.load().parameters
    values, learned = posterior.parameters(), contraction(posterior)
    rows = []
    for name in model_parameters():
        if known[name].prior.is_fixed or name not in learned:
            continue
        p = known[name]
        before = tuple(float(x) for x in np.asarray(priors.value(p.prior, np.array([-1.6449, 0.0, 1.6449]))))
        after = tuple(float(x) for x in np.quantile(values[name], [0.05, 0.5, 0.95]))
        rows.append(LearnedRow(name, p.label.en, p.unit, p.hypothesis, str(p.grade), before, after, learned[name]))
    return sorted(rows, key=lambda r: r.contraction)


def force_levers(scenario: Scenario) -> list[Lever]:
    """The scenario's levers that use force or may harm people, for the notes beside its effects."""
    return [LEVERS[name] for name in scenario.policy if LEVERS[name].kind == "force" or LEVERS[name].humanity]


def observed_variables() -> tuple[str, ...]:
    """Model variables that the fit check reads."""
    return tuple(sorted({o.variable for o in OBSERVABLES.values()}))
