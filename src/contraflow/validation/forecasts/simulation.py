"""The model simulated on from an origin, and what it missed of the months before it.

Latent drivers go on as the autoregressions they are, with the innovations of the posterior; drivers follow the rules of
``policy.hindsight`` and levers hold what was in force at the origin.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np

from contraflow import evidence
from contraflow.engine.native import simulate
from contraflow.errors import ContraflowError
from contraflow.inference.posterior import Posterior
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
from contraflow.system.calendar import START, monthly_grid
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.misses import carried
from contraflow.validation.forecasts.targets import TARGETS, last_year, month_name, month_number

#: Draws of noise in all, so that the outer quantiles are steady.
DRAWS = 4000
#: First year whose prosecutors' counts are a steady view of homicides: in 2015 several states are incomplete.
COMPARABLE = 2016
ALL_DRUGS, SYNTHETIC = "us.deaths.all_drugs.monthly", "us.deaths.synthetic_opioids.monthly"
VICTIMS, REGISTERED, MISSING = "mx.homicides.sesnsp.monthly", "mx.homicides.inegi.annual", "mx.missing.annual"
SEIZED, EVENTS = "border.seized.fentanyl.monthly", "border.seized.fentanyl.events.monthly"
PURITY = "us.market.fentanyl_powder_purity.monthly"
_RECORD = (
    "us_synthetic_opioid_deaths", "opioid_deaths_without_synthetic", "non_opioid_deaths", "mx_homicides", "mx_missing",
    "missing_as_recorded", "border_fentanyl_seized", "us_fentanyl_purity",
)  # fmt: skip
#: Fitted series whose estimated discrepancy is the least sd of a miss.
_DISCREPANCY = {
    "synthetic": "us.deaths.synthetic_opioids.half_year",
    "other": "us.deaths.non_opioid.annual",
    "homicides": REGISTERED,
    "missing": MISSING,
    "seized": "border.seized.fentanyl.half_year",
    "purity": "us.market.fentanyl_powder_purity",
}


@dataclass(frozen=True, eq=False)
class Misses:
    """Log (purity: logit) residuals (n, draws) at months or, of missing persons, years (n,), and their noise."""

    at: np.ndarray
    missed: np.ndarray
    noise: float


@dataclass(frozen=True, eq=False)
class Ahead:
    """The months after an origin, as simulated.

    ``months`` (months,) their numbers; ``model`` variable → (months, draws), rates a year; ``missed`` → (months,
    draws), of missing persons (years after the last observed, draws); ``parameters`` → (draws,). Draws are those of
    the posterior, each repeated.

    Deaths are published later than the rest: ``unpublished`` is ``model`` for the months before the origin that follow
    the last death known, and what is missed of deaths begins with them.
    """

    months: np.ndarray
    model: Mapping[str, np.ndarray]
    unpublished: Mapping[str, np.ndarray]
    missed: Mapping[str, np.ndarray]
    parameters: Mapping[str, np.ndarray]
    seed: int

    @property
    def draws(self) -> int:
        """Number of draws."""
        return next(iter(self.missed.values())).shape[1]

    @property
    def end(self) -> int:
        """Number of the first month after the origin."""
        return int(self.months[0])

    @property
    def years(self) -> np.ndarray:
        """Calendar years that begin after the origin, (years,)."""
        return np.arange(-(-self.end // 12), self.months[-1] // 12 + 1)

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers of its own for a part of the forecast, so that parts do not depend on their order."""
        return _rng(self.seed, name)


def ahead(origin: str, posterior: Posterior, seed: int = 0) -> Ahead:
    """Simulate a posterior on from ``origin`` (``YYYY-MM``), the month in which its data end.

    Raises:
        ContraflowError: the posterior was fitted to data to another date.
    """
    end, first = month_number(origin) + 1, round(START * 12)
    values, whole = posterior.parameters(), simulated(origin, posterior)
    repeats = max(1, -(-DRAWS // posterior.draws))
    model = {k: np.tile(v, repeats) for k, v in whole.items()}
    months = np.arange(end, first + len(whole["mx_homicides"]))
    begin = min(int(history.observed(TARGETS[name], end)[0][-1]) + 1 for name in (ALL_DRUGS, SYNTHETIC))
    missed = {}
    for name, known in residuals(model, end).items():
        steps = np.arange(known.at[-1] + 1, months[-1] // 12 + 1) if name == "missing" else months
        steps = np.arange(begin, months[-1] + 1) if name in ("synthetic", "other") else steps
        rng = _rng(seed, f"miss {name}")
        missed[name] = carried(known.at, known.missed, known.noise, least(name, posterior), steps, rng)
    return Ahead(
        months,
        {k: v[end - first :] for k, v in model.items()},
        {k: v[begin - first : end - first] for k, v in model.items()},
        missed,
        {k: np.tile(v, repeats) for k, v in values.items()},
        seed,
    )


def simulated(origin: str, posterior: Posterior) -> dict[str, np.ndarray]:
    """A posterior simulated from ``START`` through ``origin`` and the years of its entry: variable → (months, draws).

    Raises:
        ContraflowError: the posterior was fitted to data to another date.
    """
    until, held = (month_number(origin) + 1) / 12, float(posterior.attributes["data_until"])
    if abs(held - until) > 1e-6:
        raise ContraflowError(
            f"the posterior was fitted to data to the end of {month_name(round(held * 12) - 1)}: "
            f"it makes no forecast from {origin}"
        )
    grid = monthly_grid(last_year(origin) + 1)
    inputs = build_inputs(grid, None, posterior.latents(grid.step_times), known_until=until)
    run = simulate(reference_model(), posterior.parameters(), inputs, grid, list(_RECORD))
    return {k: np.asarray(v).reshape(grid.periods, -1) for k, v in run.values.items()}


def residuals(model: Mapping[str, np.ndarray], end: int) -> dict[str, Misses]:
    """What a model (variable → months from ``START``, draws) missed of every target before month number ``end``."""
    first = round(START * 12)

    def logs(target: str) -> tuple[np.ndarray, np.ndarray]:
        at, values = history.observed(TARGETS[target], end)
        return at, np.log(values) - history.seasons(TARGETS[target], end).mean[at % 12]

    def rate(name: str, at: np.ndarray) -> np.ndarray:
        return np.log(model[name][at - first] / 12)

    (part_at, part), (whole_at, whole) = logs(SYNTHETIC), logs(ALL_DRUGS)
    at, of_part, of_whole = np.intersect1d(part_at, whole_at, return_indices=True)
    synthetic = part[of_part]
    other = np.log(np.exp(whole[of_whole]) - np.exp(synthetic))
    others = model["opioid_deaths_without_synthetic"] + model["non_opioid_deaths"]
    found = {
        "synthetic": Misses(at, synthetic[:, None] - rate("us_synthetic_opioid_deaths", at), _noise(SYNTHETIC, end)),
        "other": Misses(at, other[:, None] - np.log(others[at - first] / 12), _noise(ALL_DRUGS, end)),
    }
    at, victims = logs(VICTIMS)
    at, victims = at[at >= COMPARABLE * 12], victims[at >= COMPARABLE * 12]
    years, share = share_of_registered(end)
    victims = victims - np.interp((at + 0.5) / 12, years + 0.5, share)
    found["homicides"] = Misses(at, victims[:, None] - rate("mx_homicides", at), _noise(VICTIMS, end))
    at, seized = logs(SEIZED)
    seized = seized + _noise(SEIZED, end) ** 2 / 2  # the model's kilograms are a mean, and months scatter on logs
    found["seized"] = Misses(at, seized[:, None] - rate("border_fentanyl_seized", at), _noise(SEIZED, end))
    at, purity = history.observed(TARGETS[PURITY], end)
    expected = model["us_fentanyl_purity"][at - first]
    logit = np.log(purity / (1 - purity))[:, None] - np.log(expected / (1 - expected))
    found["purity"] = Misses(at, logit, _noise(PURITY, end))
    at, missing = history.observed(TARGETS[MISSING], end)
    expected = np.stack([model["missing_as_recorded"][(y * 12 - first) : (y * 12 - first + 12)].mean(0) for y in at])
    found["missing"] = Misses(at, np.log(missing)[:, None] - np.log(expected), _noise(MISSING, end))
    return found


def least(name: str, posterior: Posterior) -> float:
    """The least sd of a miss: the discrepancy that the fit found for a series of its kind."""
    return float(np.median(posterior.discrepancy[_DISCREPANCY[name]][0]))


def share_of_registered(end: int) -> tuple[np.ndarray, np.ndarray]:
    """Years from ``COMPARABLE``, and log share of registered homicides in the files.

    Years end before a month number, and before the first that lacks one of the two.
    """
    series = evidence.load().series
    registered, files = (
        {round(r.start): r.value for r in series[name].rows if r.end * 12 < end + 0.5}
        for name in (REGISTERED, "mx.homicides.sesnsp.annual")
    )
    years = list(takewhile((registered.keys() & files.keys()).__contains__, count(COMPARABLE)))
    return np.array(years), np.log([files[year] / registered[year] for year in years])


def _noise(target: str, end: int) -> float:
    """Log-scale sd of a single observation of a target, at the mean of what was observed of it."""
    observation = evidence.load().series[target].observation
    mean = history.observed(TARGETS[target], end)[1].mean()
    return float(observation.sd or np.sqrt(1 / (observation.size or np.inf) + 1 / mean))


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
