"""Draws of every target: the simulated model, what it misses, and all that lies between it and a published figure.

Published figures add seasons, the noise of months and, for prosecutors' counts and seizure events, a ratio to another
figure that wanders from year to year.
"""

from __future__ import annotations

import numpy as np

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.simulation import (
    ALL_DRUGS,
    EVENTS,
    MISSING,
    PURITY,
    REGISTERED,
    SEIZED,
    SYNTHETIC,
    VICTIMS,
    Ahead,
    share_of_registered,
)
from contraflow.validation.forecasts.targets import TARGETS, month_name

#: Years after its end at which the register of missing persons is read for a year: early in the second year.
READ_AFTER = 1.2
_DEATHS = ("us_synthetic_opioid_deaths", "opioid_deaths_without_synthetic", "non_opioid_deaths")


def predictive(at: Ahead) -> dict[str, np.ndarray]:
    """Draws (periods, draws) of every target, by id, in the order of its periods."""
    deaths = _deaths(at)
    sums = {f"{whole}.12_months": _twelve_months(at, whole, deaths[f"{whole}.monthly"]) for whole in history.PARTS}
    months = {name: drawn[-len(at.months) :] for name, drawn in deaths.items()}
    return {**months, **_homicides(at), **_seizures(at), PURITY: _purity(at), MISSING: _missing(at), **sums}


def _counts(at: Ahead, target: str, mean: np.ndarray) -> np.ndarray:
    """Negative-binomial counts (periods, draws) with the overdispersion of the target's evidence series."""
    size = float(evidence.load().series[target].observation.size or np.inf)
    rng = at.rng(f"noise {target}")
    return rng.poisson(rng.gamma(size, np.maximum(mean, 1e-6) / size)).astype(float)


def _seasonal(at: Ahead, target: str, before: int = 0) -> np.ndarray:
    """Log factors of the season (months, draws), beginning some months before the origin."""
    known = history.seasons(TARGETS[target], at.end)
    months = np.arange(at.end - before, at.months[-1] + 1)
    return known.draws(at.draws, at.rng(f"season {target}"))[months % 12]


def _yearly(at: Ahead, rates: np.ndarray) -> np.ndarray:
    """Means (years, draws) over the years that begin after the origin, of monthly rates (months, draws)."""
    return rates[-12 * len(at.years) :].reshape(-1, 12, at.draws).mean(axis=1)


def _deaths(at: Ahead) -> dict[str, np.ndarray]:
    """US deaths by month: those by synthetic opioids, and all as the sum of these and of others.

    They begin with the months before the origin that have not been published.
    """
    rate = {name: np.vstack([at.unpublished[name], at.model[name]]) for name in _DEATHS}
    synthetic = rate["us_synthetic_opioid_deaths"] * np.exp(at.missed["synthetic"])
    others = rate["opioid_deaths_without_synthetic"] + rate["non_opioid_deaths"]
    rates = {SYNTHETIC: synthetic, ALL_DRUGS: synthetic + others * np.exp(at.missed["other"])}
    late = len(synthetic) - len(at.months)
    return {name: _counts(at, name, r / 12 * np.exp(_seasonal(at, name, late))) for name, r in rates.items()}


def _twelve_months(at: Ahead, whole: str, months: np.ndarray) -> np.ndarray:
    """Sums (months, draws) of the 12 months that end with each, those before the origin as observed where they are.

    ``months`` are drawn deaths, from the first month that has not been published.
    """
    known, values = history.observed(TARGETS[f"{whole}.monthly"], at.end)
    wanted = max(11 - (len(months) - len(at.months)), 0)
    first = at.months[-1] + 1 - len(months)
    past = values[(known >= first - wanted) & (known < first)]
    if len(past) < wanted:
        raise ContraflowError(f"{whole}.monthly has a gap before {month_name(first)}: no sum of 12 months can be made")
    total = np.cumsum(np.vstack([np.zeros(at.draws), np.repeat(past[:, None], at.draws, axis=1), months]), axis=0)
    return (total[12:] - total[:-12])[-len(at.months) :]


def _homicides(at: Ahead) -> dict[str, np.ndarray]:
    """Registered homicides by year, and prosecutors' victims by month, a share of them that wanders."""
    rate = at.model["mx_homicides"] * np.exp(at.missed["homicides"])
    share = _wandering(at, *share_of_registered(at.end), "share of registered")
    victims = rate / 12 * np.exp(share + _seasonal(at, VICTIMS))
    return {REGISTERED: _counts(at, REGISTERED, _yearly(at, rate)), VICTIMS: _counts(at, VICTIMS, victims)}


def _wandering(at: Ahead, years: np.ndarray, logs: np.ndarray, name: str) -> np.ndarray:
    """A log ratio (months, draws) that walks on from the last of its yearly values (years,), without a trend.

    The sd of a yearly step is that of the changes observed, and drawn from what so few can say of it. Years lie at
    their middles, with straight lines between.
    """
    rng, changes = at.rng(name), np.diff(logs)
    spread = np.sqrt((changes**2).sum() / rng.chisquare(len(changes), at.draws))
    knots = np.arange(years[-1], at.months[-1] // 12 + 2)
    steps = rng.standard_normal((len(knots) - 1, at.draws)) * spread
    path = logs[-1] + np.vstack([np.zeros(at.draws), np.cumsum(steps, axis=0)])
    place = (at.months + 0.5) / 12 - (knots[0] + 0.5)
    left = place.astype(int)
    within = (place - left)[:, None]
    return path[left] * (1 - within) + path[left + 1] * within


def _missing(at: Ahead) -> np.ndarray:
    """Persons still missing by year, when every year is read as long after its end as the last of the series was."""
    p = at.parameters
    waited = 1 + READ_AFTER - (at.months % 12 + 0.5)[:, None] / 12
    late = 1 + p["late_finding"] * np.exp(-waited / p["late_finding_time"])
    missed = np.exp(at.missed["missing"][-len(at.years) :])
    return _counts(at, MISSING, _yearly(at, at.model["mx_missing"] * late) * missed)


def _seizures(at: Ahead) -> dict[str, np.ndarray]:
    """Fentanyl seized by month: weight, and events as weight over a weight per event that wanders."""
    mean = at.model["border_fentanyl_seized"] / 12 * np.exp(at.missed["seized"])
    sd = float(evidence.load().series[SEIZED].observation.sd or 0.0)
    noise = sd * at.rng(f"noise {SEIZED}").standard_normal(mean.shape) - sd**2 / 2
    per_event = _wandering(at, *_kg_per_event(at.end), "kg per event")
    return {
        SEIZED: mean * np.exp(_seasonal(at, SEIZED) + noise),
        EVENTS: _counts(at, EVENTS, mean * np.exp(_seasonal(at, EVENTS) - per_event)),
    }


def _kg_per_event(end: int) -> tuple[np.ndarray, np.ndarray]:
    """Years that are whole before month number ``end``, and the log weight per event in each."""
    (months, kg), (_, events) = (history.observed(TARGETS[name], end) for name in (SEIZED, EVENTS))
    years = np.array([y for y in np.unique(months // 12) if (months // 12 == y).sum() == 12])
    return years, np.log([kg[months // 12 == y].sum() / events[months // 12 == y].sum() for y in years])


def _purity(at: Ahead) -> np.ndarray:
    """Mean purity of a month's exhibits, with the noise of months on the logit."""
    sd = float(evidence.load().series[PURITY].observation.sd or 0.0)
    purity = at.model["us_fentanyl_purity"]
    noise = sd * at.rng(f"noise {PURITY}").standard_normal(purity.shape)
    odds = purity / (1 - purity) * np.exp(at.missed["purity"] + noise)
    return odds / (1 + odds)
