"""What was observed of the targets up to an origin, on the basis of the targets, and its seasons.

The deaths of the last year are reported incompletely; the rows say by how much (of months that ship, the rows of their
year), and they are put on the complete basis here. Seasons are factors of the month of the year, from monthly series; a
series whose months differ by no more than noise gets factors near one.

Forecasts start from the evidence in force. Rivals are given the evidence as it stood for an entry, whoever scores it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.evidence import Evidence, Series, vintages
from contraflow.validation.forecasts.targets import TARGETS, Target, month_name, month_number

_SYNTHETIC = "us.deaths.synthetic_opioids.annual"
#: The fitted annual series, on one basis and without common deaths, that make up the deaths of a target.
PARTS: Mapping[str, tuple[str, ...]] = {
    "us.deaths.all_drugs": (_SYNTHETIC, "us.deaths.opioids_without_synthetic.annual", "us.deaths.non_opioid.annual"),
    "us.deaths.synthetic_opioids": (_SYNTHETIC,),
}
#: Targets whose months have seasons. Nothing suggests one in the purity of exhibits.
SEASONAL = (
    "us.deaths.all_drugs.monthly",
    "us.deaths.synthetic_opioids.monthly",
    "mx.homicides.sesnsp.monthly",
    "border.seized.fentanyl.monthly",
    "border.seized.fentanyl.events.monthly",
)


@dataclass(frozen=True, eq=False)
class Seasons:
    """Log factors of the months January to December: ``mean`` (12,) and ``sd`` (12,) of what is known of them."""

    mean: np.ndarray
    sd: np.ndarray

    def draws(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Log factors (12, number) that sum to zero over a year."""
        drawn = self.mean[:, None] + self.sd[:, None] * rng.standard_normal((12, number))
        return drawn - drawn.mean(axis=0)


NO_SEASONS = Seasons(np.zeros(12), np.zeros(12))


def as_of(origin: str, made: str) -> Evidence:
    """The evidence that rivals of an entry are given: what ships, where it reaches the entry's origin.

    For later origins the user's vintages lie over it: those added to the day on which the entry was made, or all where
    these do not reach.

    Raises:
        ContraflowError: what is held ends before the origin.
    """
    added, end = vintages.newest(), (month_number(origin) + 1) / 12
    for layers in ((), [v for v in added if v.about["added"] <= made], added):
        held = vintages.layered(evidence.shipped(), layers)
        until = max(r.end for s in held.series.values() if s.use == "fit" for r in s.rows)
        if until > end - 1e-6:
            return held
    raise ContraflowError(
        f"rivals of a forecast from {origin} need figures to that month, and those held end with "
        f"{month_name(round(until * 12) - 1)}: add the files of the providers with `contraflow data add`"
    )


def figures(origin: str, made: str) -> dict[tuple[str, str], float]:
    """All that rivals of an entry are told: (target, period) → value, years for 12-month sums.

    Raises:
        ContraflowError: as ``as_of``.
    """
    held, end = as_of(origin, made), month_number(origin) + 1
    known = {t.id: observed(t, end, held) for t in TARGETS.values()}
    return {(name, str(at)): float(value) for name, table in known.items() for at, value in zip(*table, strict=True)}


def observed(target: Target, end: int, held: Evidence | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Periods (n,) that end before month number ``end``, and values (n,) on the basis of the target.

    Months are given by number, years by their own. 12-month sums are given by calendar years, for which the fitted
    series go back furthest. ``held``: the evidence that is looked at, that in force by default.
    """
    held = held or evidence.load()
    if target.step == "12 months":
        return _summed_years(target.id.removesuffix(".12_months"), end, held)
    series = held.series[target.id]
    rows = [r for r in series.rows if r.end * 12 < end + 0.5]
    values = np.array([r.value / r.factor for r in rows])
    if target.step == "year":
        return np.array([round(r.start) for r in rows]), values
    months = np.array([round(r.start * 12) for r in rows])
    whole = target.id.removesuffix(".monthly")
    if whole in PARTS:
        known = np.array([r.factor < 1 for r in rows])
        values = np.where(known, values, values / np.array([_completeness(whole, month, held) for month in months]))
    return months, values


def seasons(target: Target, end: int, held: Evidence | None = None) -> Seasons:
    """Seasons of a monthly target from what was observed before month number ``end``; ``held`` as for ``observed``.

    A month is compared with the mean of the 12 months round it. The factors are shrunk to one by the share of their
    spread that is noise.
    """
    if target.id not in SEASONAL:
        return NO_SEASONS
    months, values = observed(target, end, held)
    whole = np.interp(np.arange(months[0], months[-1] + 1), months, np.log(values))
    weights = np.array([0.5, *np.ones(11), 0.5]) / 12
    apart = whole[6:-6] - np.convolve(whole, weights, "valid")
    place = (months[0] + 6 + np.arange(len(apart))) % 12
    mean = np.array([apart[place == m].mean() for m in range(12)])
    count = np.array([(place == m).sum() for m in range(12)])
    mean = mean - mean.mean()
    noise = ((apart - mean[place]) ** 2).sum() / (len(apart) - 12) / count
    spread = max(float(np.var(mean, ddof=1) - noise.mean()), 0.0)
    kept = spread / (spread + noise)
    return Seasons(kept * mean, np.sqrt(kept * noise))


def _covering(series: Series, month: int) -> evidence.Row | None:
    middle = (month + 0.5) / 12
    return next((r for r in series.rows if r.start < middle < r.end), None)


def _completeness(whole: str, month: int, held: Evidence) -> float:
    """Deaths reported over complete deaths, for the reports in which a month stands."""
    rows = [_covering(held.series[part], month) for part in PARTS[whole]]
    if any(r is None for r in rows):
        return 1.0
    return sum(r.value for r in rows if r) / sum(r.value / r.factor for r in rows if r)


def _summed_years(whole: str, end: int, held: Evidence) -> tuple[np.ndarray, np.ndarray]:
    parts = [held.series[part] for part in PARTS[whole]]
    tables = [{round(r.start): r.value / r.factor for r in p.rows if r.end * 12 < end + 0.5} for p in parts]
    years = sorted(set.intersection(*(set(t) for t in tables)))
    return np.array(years), np.array([sum(t[year] for t in tables) for year in years])
