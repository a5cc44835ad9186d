"""US states by month: synthetic opioid deaths against what the supply, naloxone, treatment and past deaths were.

The total of every region's month is given; what is left is why one state's deaths move against those of its region.
A national driver, such as the purity of powder, cancels out: it could act only through a difference in exposure, and
no table says how much of each state's supply is powder. Setting the fentanyl share of deaths against purity would use
the national split of deaths, which the national likelihood has read already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contraflow.evidence.panels import load_panels
from contraflow.inference.panels.allocation import (
    LIMIT,
    Estimate,
    Panel,
    Spread,
    mode,
    monthly,
    strata,
)

#: What a suppressed count is taken for where a sum is needed: the middle of 0 to 9.
SUPPRESSED = (LIMIT - 1) / 2
#: States with more suppressed months than this in the window are left out.
MOST_SUPPRESSED = 0.5
#: Months of deaths that count as past.
MEMORY = 36
REGIONS = {
    "Northeast": "CT ME MA NH RI VT NJ NY PA",
    "Midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "South": "DE DC FL GA MD NC SC VA WV AL KY MS TN AR LA OK TX",
    "West": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}


@dataclass(frozen=True, eq=False)
class States:
    """Everything by state and month in one window, (months, states), states with enough unsuppressed months only.

    ``exposure``: log laboratory reports of fentanyl per resident, this half-year and the last. ``exposure_ahead``: its
    change to the next half-year. ``carfentanil``: share of carfentanil in reports of both. ``naloxone``: retail
    prescriptions a year per person with the disorder, and ``naloxone_ahead`` its change over the next year; so for
    ``buprenorphine``, in patient-years. ``past_deaths``: deaths of the last 36 months per person with the disorder.
    """

    names: tuple[str, ...]
    region: np.ndarray
    months: np.ndarray
    deaths: np.ndarray
    log_population: np.ndarray
    covariates: dict[str, np.ndarray]
    disordered: np.ndarray
    earlier_deaths: np.ndarray


def states(first: float, end: float, outcome: str = "us_deaths_synthetic") -> States:
    """The states' panel from ``first`` to ``end`` (decimal years)."""
    tables, bridges = load_panels().tables, load_panels().bridges
    aged_12 = bridges["aged_12_share"].prior.arguments["value"]
    patient_year = bridges["prescriptions_a_patient_year"].prior.arguments["value"]
    window = tables[outcome].between(first, end)
    keep = np.isnan(window.values).mean(axis=0) <= MOST_SUPPRESSED
    names = tuple(p for p, k in zip(window.places, keep, strict=True) if k)
    region = np.array([next(r for r, members in REGIONS.items() if n in members.split()) for n in names])
    months = window.starts + 1 / 24
    population = tables["us_population"]
    log_population = monthly(population.starts, np.log(population.values), months, 0.5)[:, keep]
    disorder = tables["us_disorder"].values[0, keep] / 100
    disordered = np.exp(log_population) * aged_12 * disorder
    fentanyl, carfentanil, half_starts = _reports(keep)
    half = np.searchsorted(half_starts + 1e-6, months) - 1
    ahead = np.minimum(half + 1, len(half_starts) - 1)
    covariates = {
        "exposure": np.log((fentanyl[half] + fentanyl[half - 1]) / 2 + 1) - log_population,
        "exposure_ahead": np.log(fentanyl[ahead] + 1) - np.log(fentanyl[half] + 1),
        "carfentanil": (carfentanil / (fentanyl + carfentanil + 1))[half],
    }
    for name, table, unit in (
        ("naloxone", "us_naloxone_rx", 1.0),
        ("buprenorphine", "us_buprenorphine_rx", patient_year),
    ):
        rates = tables[table].values[:, keep] / 100 / (aged_12 * disorder) / unit
        now, later = (monthly(tables[table].starts, rates, months + shift, 0.5) for shift in (0.0, 1.0))
        covariates[name], covariates[f"{name}_ahead"] = now, later - now
    every = tables["us_deaths_synthetic"]
    filled = np.where(np.isnan(every.values), SUPPRESSED, every.values)[:, keep]
    start = int(np.searchsorted(every.starts, first - 1e-6))
    earlier = filled[max(start - MEMORY, 0) : start]
    covariates["past_deaths"] = _past(earlier, filled[start : start + len(months)], disordered)
    return States(names, region, months, window.values[:, keep], log_population, covariates, disordered, earlier)


def _reports(keep: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reports of fentanyl and carfentanil by half-year from 2014; a year before 2017 counts half in each half."""
    tables = load_panels().tables
    halves = []
    for name in ("fentanyl", "carfentanil"):
        years = tables[f"us_reports_{name}_years"].between(2014.0, 2017.0)
        halves.append(np.vstack([np.repeat(years.values / 2, 2, axis=0), tables[f"us_reports_{name}"].values])[:, keep])
    return halves[0], halves[1], 2014 + np.arange(len(halves[0])) / 2


def _past(earlier: np.ndarray, deaths: np.ndarray, disordered: np.ndarray) -> np.ndarray:
    """Deaths of the ``MEMORY`` months before each month, per person with the disorder."""
    total = np.vstack([np.zeros(deaths.shape[1]), np.cumsum(np.vstack([earlier, deaths]), axis=0)])
    at = np.arange(len(deaths)) + len(earlier)
    return (total[at] - total[np.maximum(at - MEMORY, 0)]) / disordered


def panel(data: States, terms: tuple[str, ...], within_regions: bool = True) -> Panel:
    """The panel of these terms, within regions or within the country."""
    periods, places = data.deaths.shape
    group = data.region if within_regions else np.zeros(places)
    return Panel(
        counts=data.deaths,
        used=np.ones_like(data.deaths, dtype=bool),
        stratum=strata(periods, group),
        offset=data.log_population,
        covariates=np.stack([data.covariates[t] for t in terms], axis=2),
        names=terms,
        sds=np.full(len(terms), 50.0),
        block=np.zeros(periods),
    )


def depletion_bias(data: States, found: Estimate, count: int, seed: int) -> tuple[float, float]:
    """What ``past_deaths`` would be estimated at if it had no effect: mean and sd over synthetic histories.

    Deaths that were high by chance make the past of later, ordinary months: a coefficient of past deaths is
    negative even where nothing depletes. The histories keep each region's totals and everything else as estimated.
    """
    rng = np.random.default_rng(seed)
    term = found.names.index("past_deaths")
    rates = mode(panel(data, found.names), found.spread)
    effect = data.covariates["past_deaths"] * found.mean[term]
    deviation = _draws_of_deviation(found.spread, data.deaths.shape, rng, count)
    smooth = rates.log_rates - effect
    level = smooth.mean(axis=0) + (data.covariates["exposure"] - data.covariates["exposure"].mean(axis=0)) * float(
        found.mean[found.names.index("exposure")]
    )
    coefficients = []
    for path in deviation:
        share = np.exp(level + path)
        for r in np.unique(data.region):
            here = data.region == r
            totals = np.exp(rates.log_rates[:, here]).sum(axis=1, keepdims=True)
            share[:, here] *= totals / share[:, here].sum(axis=1, keepdims=True)
        deaths = rng.poisson(share).astype(float)
        covariates = {**data.covariates, "past_deaths": _past(data.earlier_deaths, deaths, data.disordered)}
        observed = np.where(deaths < LIMIT, np.nan, deaths)
        made = States(
            data.names, data.region, data.months, observed, data.log_population, covariates, data.disordered,
            data.earlier_deaths,
        )  # fmt: skip
        coefficients.append(mode(panel(made, found.names), found.spread, tolerance=1e-4).coefficients[term])
    return float(np.mean(coefficients)), float(np.std(coefficients, ddof=1))


def _draws_of_deviation(
    spread: Spread, shape: tuple[int, int], rng: np.random.Generator, count: int
) -> list[np.ndarray]:
    paths = []
    for _ in range(count):
        path = np.zeros(shape)
        path[0] = spread.sd * rng.standard_normal(shape[1])
        step = spread.sd * np.sqrt(1 - spread.memory**2)
        for t in range(1, shape[0]):
            path[t] = spread.memory * path[t - 1] + step * rng.standard_normal(shape[1])
        paths.append(path - path.mean(axis=0) + spread.noise * rng.standard_normal(shape))
    return paths


@dataclass(frozen=True)
class Run:
    """One estimate of the panel: its terms, window, strata and outcome; ``like`` borrows the spread of another run."""

    terms: tuple[str, ...]
    first: float
    end: float
    within_regions: bool = True
    outcome: str = "us_deaths_synthetic"
    like: str | None = None


RUNS: dict[str, Run] = {
    "supply": Run(("exposure", "carfentanil"), 2016.0, 2025.0),
    "supply_ahead": Run(("exposure", "exposure_ahead"), 2016.0, 2024.5, like="supply"),
    "supply_within_country": Run(("exposure", "carfentanil"), 2016.0, 2025.0, within_regions=False),
    "supply_to_2021": Run(("exposure",), 2016.0, 2021.5, like="supply"),
    "supply_from_2021": Run(("exposure",), 2021.5, 2025.0, like="supply"),
    "supply_all_drugs": Run(("exposure",), 2018.0, 2024.5, outcome="us_deaths_all_drugs"),
    "services": Run(("exposure", "naloxone", "buprenorphine"), 2019.5, 2023.5),
    "services_ahead": Run(
        ("exposure", "naloxone", "buprenorphine", "naloxone_ahead", "buprenorphine_ahead"), 2019.5, 2022.5,
        like="services",
    ),
    "services_within_country": Run(
        ("exposure", "naloxone", "buprenorphine"), 2019.5, 2023.5, within_regions=False, like="services"
    ),
    "past_deaths": Run(("exposure", "past_deaths"), 2018.0, 2025.0, like="supply"),
    "past_deaths_to_2021": Run(("exposure", "past_deaths"), 2018.0, 2021.5, like="supply"),
    "past_deaths_from_2021": Run(("exposure", "past_deaths"), 2021.5, 2025.0, like="supply"),
}  # fmt: skip
