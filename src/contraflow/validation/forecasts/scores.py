"""Scores of an entry against what came, beside statistical rivals that knew as much: log-CRPS, coverage, PIT.

Rivals are those of the backtests. On months they forecast the figure without its season, which is then put back: the
seasons are those of the entry itself, known at its origin. Sums of 12 months overlap; only those that end a whole
number of years after the origin are scored, against rivals on the yearly figures. What rivals know does not depend on
figures added since: see ``history.as_of``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow.evidence import Evidence
from contraflow.validation import scoring
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.file import Entry
from contraflow.validation.forecasts.observations import Observations
from contraflow.validation.forecasts.targets import LEVELS, TARGETS, Target, month_number
from contraflow.validation.rivals import RIVALS
from contraflow.validation.rivals import forecast as rival_forecast

MODEL = "model"
#: Blocks of PIT values without which nothing could fall outside the bands: of one, they reach from 0 to 1.
LEAST_BLOCKS = 2


@dataclass(frozen=True, eq=False)
class Scored:
    """One forecast and its outcome: ``quantiles`` forecaster → (levels,) at ``scoring.LEVELS``."""

    origin: str
    target: str
    period: str
    observed: float
    quantiles: dict[str, np.ndarray]

    def crps(self, who: str) -> float:
        """Log-scale score of a forecaster."""
        return float(scoring.log_crps(self.quantiles[who], self.observed))

    @property
    def pit(self) -> float:
        """Probability that the model gave to less than what came."""
        return float(scoring.pit(self.quantiles[MODEL], self.observed))


def scored(entry: Entry, observations: Observations) -> list[Scored]:
    """Every forecast of an entry of which there is an observation, in order; no outcome before the origin counts.

    Raises:
        ContraflowError: what is held ends before the origin, so that rivals know too little.
    """
    found, held = [], history.as_of(entry.origin, entry.made)
    for target in TARGETS.values():
        came = [p for p in target.periods(entry.origin) if (target.id, p) in observations]
        periods = [p for p in came if _counts(target, p, entry)]
        if not periods:
            continue
        rivals = rival_quantiles(target, entry.origin, periods, held)
        for k, period in enumerate(periods):
            own = np.maximum(entry.quantiles[target.id, period], 1e-6)
            quantiles = {MODEL: scoring.quantiles_between(LEVELS, own)} | {who: q[k] for who, q in rivals.items()}
            found.append(Scored(entry.origin, target.id, period, observations[target.id, period], quantiles))
    return found


def _counts(target: Target, period: str, entry: Entry) -> bool:
    return target.step != "12 months" or (month_number(period) - month_number(entry.origin)) % 12 == 0


def rival_quantiles(target: Target, origin: str, periods: list[str], held: Evidence) -> dict[str, np.ndarray]:
    """Every rival's quantiles (periods, levels), from what the evidence ``held`` has of a target to the origin."""
    end = month_number(origin) + 1
    at, values = history.observed(target, end, held)
    positive = np.maximum(values, 0.5) if not target.share else values
    if target.step == "month":
        wanted = np.array([month_number(p) for p in periods])
        season = np.exp(history.seasons(target, end, held).mean)
        plain = positive / season[at % 12]
        return {
            rival: rival_forecast(rival, at, plain, wanted, target.share) * season[wanted % 12][:, None]
            for rival in RIVALS
        }
    years = [int(p) if target.step == "year" else (month_number(p) - end + 1) // 12 + int(at[-1]) for p in periods]
    return {rival: rival_forecast(rival, at, positive, np.array(years)) for rival in RIVALS}


def summary(table: Iterable[Scored]) -> list[dict[str, Any]]:
    """Scores by target, then ``pooled``: every target counts alike, sums of 12 months apart.

    ``skill`` is how much smaller the model's log-CRPS is than a rival's, as a share. ``pit`` lists the values of the
    model; ``pit_inside_bands`` takes the periods of one entry and target for one block, and is None for fewer than
    ``LEAST_BLOCKS``.
    """
    table = list(table)
    rows = [_row(name, [s for s in table if s.target == name]) for name in dict.fromkeys(s.target for s in table)]
    pool = [s for s in table if TARGETS[s.target].pooled]
    return [*rows, _row("pooled", pool)] if pool else rows


def _row(name: str, own: list[Scored]) -> dict[str, Any]:
    size = {t: sum(s.target == t for s in own) for t in {s.target for s in own}}
    weights = np.array([1 / size[s.target] for s in own])
    crps = {who: float(np.average([s.crps(who) for s in own], weights=weights)) for who in (MODEL, *RIVALS)}
    quantiles, outcomes = np.stack([s.quantiles[MODEL] for s in own]), np.array([s.observed for s in own])
    values, blocks = [s.pit for s in own], [(s.origin, s.target) for s in own]
    enough = len(set(blocks)) >= LEAST_BLOCKS
    covered = {
        str(p): float(np.average(scoring.covered(quantiles, outcomes, p), weights=weights)) for p in scoring.INTERVALS
    }
    return {
        "target": name,
        "forecasts": len(own),
        "first": min(s.period for s in own),
        "last": max(s.period for s in own),
        "crps": crps,
        "skill": {rival: 1 - crps[MODEL] / crps[rival] for rival in RIVALS},
        "coverage": covered,
        "pit": values,
        "pit_inside_bands": scoring.pit_inside_bands(np.array(values), blocks, scoring.EVEN) if enough else None,
    }
