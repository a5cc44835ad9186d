"""Mexican states by month: homicides before and after leaders are removed, against the rest of the country.

The country's total of every month is given. Leaders are not removed at random: forces go where violence rises. The
months before a removal are therefore estimated too, as a placebo, and what a removal does is read against the year
before it. Placebo events, at dates drawn at random in the same states, say how large a contrast chance makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from contraflow.evidence.panels import Removal, load_panels
from contraflow.inference.panels.allocation import Estimate, Panel, Spread, monthly, strata
from contraflow.inference.panels.placebo import allowance

#: Terms: months after the removal, first and last.
WINDOWS = {
    "months -24 to -13": (-24, -13),
    "months -12 to -7": (-12, -7),
    "months -6 to -1": (-6, -1),
    "months 0 to 5": (0, 5),
    "months 6 to 11": (6, 11),
    "months 12 to 23": (12, 23),
}
BEFORE = ("months -12 to -7", "months -6 to -1")
FIRST_YEAR = ("months 0 to 5", "months 6 to 11")
REGIONS = {
    "North": "BCN BCS SON CHH COA NLE TAM SIN DUR ZAC SLP",
    "Centre": "AGU NAY JAL COL MIC GUA QUE HID MEX CMX TLA PUE MOR",
    "South": "GRO OAX VER TAB CHP CAM YUC ROO",
}


@dataclass(frozen=True, eq=False)
class States:
    """Homicides by month and state, (months, states): certificates to 2017, prosecutors' files from 2018."""

    names: tuple[str, ...]
    starts: np.ndarray
    homicides: np.ndarray
    log_population: np.ndarray
    block: np.ndarray


def states() -> States:
    """The Mexican panel, 2005 to 2024. The two records each have their own level in every state: never joined."""
    tables = load_panels().tables
    certificates, files = tables["mx_homicides_certificates"], tables["mx_homicides_files"].between(2018.0, 2025.0)
    starts = np.concatenate([certificates.starts, files.starts])
    population = tables["mx_population"]
    return States(
        certificates.places,
        starts,
        np.vstack([certificates.values, files.values]),
        monthly(population.starts, np.log(population.values), starts + 1 / 24, 0.5),
        np.repeat([0, 1], [len(certificates.starts), len(files.starts)]),
    )


Event = tuple[float, tuple[str, ...]]


def where_removed(removals: Iterable[Removal]) -> list[Event]:
    """Date and state of removal; those abroad left out."""
    return [(r.date, (r.state,)) for r in removals if r.state]


def where_fought(removals: Iterable[Removal]) -> list[Event]:
    """Date and the states where the group mainly fought, each counted as a share of the event."""
    return [(r.date, r.home) for r in removals]


def windows(data: States, events: Iterable[Event]) -> np.ndarray:
    """Number of events by term, (months, states, terms)."""
    counts = np.zeros((*data.homicides.shape, len(WINDOWS)))
    for date, places in events:
        lag = np.ceil((data.starts - date) * 12 - 1e-6).astype(int)  # 0 in the month of the event, on whatever day
        for k, (first, last) in enumerate(WINDOWS.values()):
            for place in places:
                counts[(lag >= first) & (lag <= last), data.names.index(place), k] += 1 / len(places)
    return counts


def panel(data: States, events: Iterable[Event], within_regions: bool = False) -> Panel:
    """The panel of these events, within the country or within its regions."""
    region = np.array([next(r for r, members in REGIONS.items() if n in members.split()) for n in data.names])
    return Panel(
        counts=data.homicides,
        used=np.ones_like(data.homicides, dtype=bool),
        stratum=strata(len(data.starts), region if within_regions else np.zeros(len(data.names))),
        offset=data.log_population,
        covariates=windows(data, events),
        names=tuple(WINDOWS),
        sds=np.full(len(WINDOWS), 5.0),
        block=data.block,
    )


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of terms: its mean, sampling sd, and bias sd."""

    mean: float
    sd: float
    bias_sd: float


def contrast(found: Estimate, after: tuple[str, ...], before: tuple[str, ...] = BEFORE) -> Contrast:
    """Mean of the terms ``after`` less the mean of those ``before``, weighted by their months.

    The allowance for bias is the drift from the first to the last of ``before``, at its size plus its own error,
    carried on over the months between the middle of ``before`` and the middle of ``after``: what forces that go where
    violence rises would make of the contrast if the removal did nothing.
    """
    mean, sd = found.combination(contrast_weights(after, before))
    drift = allowance(*found.combination(contrast_weights(before[-1:], before[:1])))
    steps = (_middle(after) - _middle(before)) / (_middle(before[-1:]) - _middle(before[:1]))
    return Contrast(mean, sd, drift * steps)


def _middle(terms: tuple[str, ...]) -> float:
    months = [m for t in terms for m in range(WINDOWS[t][0], WINDOWS[t][1] + 1)]
    return float(np.mean(months))


def contrast_weights(after: tuple[str, ...], before: tuple[str, ...] = BEFORE) -> np.ndarray:
    """Weights (terms,) of the mean of ``after`` less the mean of ``before``, months counting alike."""
    names = tuple(WINDOWS)
    weights = np.zeros(len(names))
    for sign, terms in ((1.0, after), (-1.0, before)):
        months = {t: WINDOWS[t][1] - WINDOWS[t][0] + 1 for t in terms}
        for t in terms:
            weights[names.index(t)] += sign * months[t] / sum(months.values())
    return weights


def drawn_events(data: States, events: list[Event], rng: np.random.Generator) -> list[Event]:
    """As many events in the same states and record, at dates drawn at random with a year of data on both sides."""
    drawn = []
    for date, places in events:
        block = data.block[int(np.argmin(np.abs(data.starts - date)))]
        open_dates = data.starts[data.block == block][12:-12]
        drawn.append((float(rng.choice(open_dates)), places))
    return drawn


def weight_in_country(data: States, events: list[Event]) -> tuple[float, float, float]:
    """Share of the country's homicides in the state of an event in the year before it: mean, and 5 and 95 % points."""
    shares = []
    for date, places in events:
        year = (data.starts >= date - 1 - 1e-6) & (data.starts < date - 1e-6)
        total = data.homicides[year].sum()
        shares.append(np.mean([data.homicides[year, data.names.index(p)].sum() / total for p in places]))
    return float(np.mean(shares)), float(np.quantile(shares, 0.05)), float(np.quantile(shares, 0.95))


def events() -> dict[str, list[Event]]:
    """The events of each reading: where the leader was removed (all, and by period), and where the group fought."""
    removals = load_panels().removals
    removed = where_removed(removals)
    return {
        "where_removed": removed,
        "where_removed_to_2012": [e for e in removed if e[0] < 2013],
        "where_removed_from_2013": [e for e in removed if e[0] >= 2013],
        "where_fought": where_fought(removals),
    }


SPREAD_START = Spread(0.4, 0.98, 0.08)
