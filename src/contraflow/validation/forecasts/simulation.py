"""The model simulated on from an origin, and what it missed of the months before it.

Latent drivers go on as the autoregressions they are, with the innovations of the posterior; drivers follow the rules of
``policy.hindsight`` and levers hold what was in force at the origin.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.engine.native import simulate
from contraflow.errors import ContraflowError
from contraflow.inference.posterior import Posterior
from contraflow.inference.problem import START
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
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
_SUBSTEPS = 2
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
    """

    months: np.ndarray
    model: Mapping[str, np.ndarray]
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
    end = month_number(origin) + 1
    until, held = end / 12, float(posterior.attributes["data_until"])
    if abs(held - until) > 1e-6:
        raise ContraflowError(
            f"the posterior was fitted to data to the end of {month_name(round(held * 12) - 1)}: "
            f"it makes no forecast from {origin}"
        )
    first = round(START * 12)
    grid = Grid(START, (last_year(origin) + 1) * 12 - first, substeps=_SUBSTEPS)
    inputs = build_inputs(grid, None, posterior.latents(grid.step_times), known_until=until)
    values = posterior.parameters()
    run = simulate(reference_model(), values, inputs, grid, list(_RECORD))
    repeats = max(1, -(-DRAWS // posterior.draws))
    model = {k: np.tile(np.asarray(v).reshape(grid.periods, -1), repeats) for k, v in run.values.items()}
    months = np.arange(end, first + grid.periods)
    missed = {}
    for name, known in residuals(model, end).items():
        steps = np.arange(known.at[-1] + 1, months[-1] // 12 + 1) if name == "missing" else months
        least = float(np.median(posterior.discrepancy[_DISCREPANCY[name]]))
        missed[name] = carried(known.at, known.missed, known.noise, least, steps, _rng(seed, f"miss {name}"))
    return Ahead(
        months,
        {k: v[end - first :] for k, v in model.items()},
        missed,
        {k: np.tile(v, repeats) for k, v in values.items()},
        seed,
    )


def residuals(model: Mapping[str, np.ndarray], end: int) -> dict[str, Misses]:
    """What a model (variable → months from ``START``, draws) missed of every target before month number ``end``."""
    first = round(START * 12)

    def logs(target: str) -> tuple[np.ndarray, np.ndarray]:
        at, values = history.observed(TARGETS[target], end)
        return at, np.log(values) - history.seasons(TARGETS[target], end).mean[at % 12]

    def rate(name: str, at: np.ndarray) -> np.ndarray:
        return np.log(model[name][at - first] / 12)

    at, synthetic = logs(SYNTHETIC)
    other = np.log(np.exp(logs(ALL_DRUGS)[1]) - np.exp(synthetic))
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


def share_of_registered(end: int) -> tuple[np.ndarray, np.ndarray]:
    """Years from ``COMPARABLE`` that end before a month number, and log share of registered homicides in the files."""
    series = evidence.load().series
    registered, files = (
        {round(r.start): r.value for r in series[name].rows if r.end * 12 < end + 0.5}
        for name in (REGISTERED, "mx.homicides.sesnsp.annual")
    )
    years = np.arange(COMPARABLE, max(set(registered) & set(files)) + 1)
    return years, np.log([files[year] / registered[year] for year in years])


def _noise(target: str, end: int) -> float:
    """Log-scale sd of a single observation of a target, at the mean of what was observed of it."""
    observation = evidence.load().series[target].observation
    mean = history.observed(TARGETS[target], end)[1].mean()
    return float(observation.sd or np.sqrt(1 / (observation.size or np.inf) + 1 / mean))


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
