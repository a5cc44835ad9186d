"""Forecasts from past origins, each by a model fitted to the data of that time alone, against what came and rivals.

For an origin, say 2016, the model is fitted to rows that end by 2017.0 and to drivers and levers as known then, and
simulated on: latent drivers go on as the autoregressions they are, drivers by the rules of ``policy.hindsight``,
levers hold what was in force. Noise of observation, the discrepancy of each series and its reporting factor, as
estimated to the origin, are added. Every fitted series that has a yearly value after the origin is scored.

``variants`` are forecasts made of the same draws, no more than known at the origin:

* ``stacked``: quantiles of the model and of the best statistical rival averaged with a weight;
* ``widened``: quantiles of the model a factor as far from its median.

Weight, rival and factor are those that would have served best at earlier origins, in years that were over by then.

What no backtest of this kind undoes: structure and priors were chosen by people who knew how it went on, and figures
are of today's vintage. Series where the vintage matters are scored but not pooled.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from contraflow.engine import Grid
from contraflow.engine.native import simulate
from contraflow.errors import ContraflowError
from contraflow.inference.diagnostics import worst
from contraflow.inference.fit import BRIEF, fit, holds_fit
from contraflow.inference.likelihood import (
    Discrepancy,
    Target,
    carried,
    discrepancy_at,
    moved,
    prepare,
    scattered,
    targets,
)
from contraflow.inference.posterior import Posterior, load_posterior
from contraflow.policy.hindsight import pulses_at
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
from contraflow.system.calendar import DATA_END, monthly_grid
from contraflow.system.observations import OBSERVABLES
from contraflow.validation import scoring
from contraflow.validation.record import Keep
from contraflow.validation.rivals import (
    RIVALS,
    SOURCE_BASE,
    SOURCE_ORIGIN,
    SOURCE_SERIES,
    TRUE_SHARE_ERRORS,
    Cache,
    source_base,
)

ORIGINS = (2012, 2016, 2019, 2020, 2022)
#: Years ahead that are scored.
HORIZONS = 5
#: Years observed to the origin that a series needs: with fewer no rival has changes to learn from.
HISTORY = 4
MODEL = "model"
VARIANTS = ("stacked", "widened")
#: Weights and factors that variants choose among.
WEIGHTS, FACTORS = np.linspace(0.0, 1.0, 21), np.linspace(0.6, 3.0, 25)
#: Quantiles of the rivals, beside the posteriors of the origins.
RIVALS_FILE = "rivals.npz"
_SYNTHETIC, _SYNTHETIC_HALF_YEARS = "us.deaths.synthetic_opioids.annual", "us.deaths.synthetic_opioids.half_year"
#: All opioid and all overdose deaths are fitted series that share no certificate, added up: scored and not pooled.
_OPIOIDS = ("us.deaths.opioids_without_synthetic.annual", _SYNTHETIC)
PARTS = {SOURCE_SERIES: _OPIOIDS, "us.deaths.all_drugs.annual": (*_OPIOIDS, "us.deaths.non_opioid.annual")}
#: Counts of who is still missing in 2026: nobody could know them at an origin, and late years look low.
LATER_VINTAGE = ("mx.missing.annual",)


Step = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Yearly:
    """A fitted series by calendar year.

    ``years`` (years,), ``values`` (years,) as observed, ``rows`` (years, rows): the matrix that makes years of the
    rows of ``target``; rows of no whole year are in none.
    """

    target: Target
    years: np.ndarray
    values: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Entry:
    """One forecast of one year, its quantiles at ``scoring.LEVELS``, and the outcome.

    ``weight``: in the pool, 0 where it stays out. ``quantiles``: ours, each variant's and each rival's, by name.
    """

    origin: int
    series: str
    year: int
    observed: float
    weight: float
    conditional: tuple[str, ...]
    quantiles: Mapping[str, np.ndarray]

    @property
    def block(self) -> tuple[int, str]:
        """Forecasts that err together."""
        return self.origin, self.series

    def crps(self, name: str) -> float:
        """Log-scale score of one of the forecasts."""
        return float(scoring.log_crps(self.quantiles[name], self.observed))


def grid() -> Grid:
    """Months from the start of the model to the end of the data."""
    return monthly_grid(DATA_END)


def yearly() -> dict[str, Yearly]:
    """Every fitted series that has yearly values, by id.

    Half-years and quarters are summed or averaged where they fill the year. Deaths by synthetic opioids are taken from
    their annual series in all years: the fit has the same deaths by half-years from 2018.
    """
    fitted = targets(grid())
    del fitted[_SYNTHETIC_HALF_YEARS]
    fitted[_SYNTHETIC] = prepare(dataclasses.replace(OBSERVABLES[_SYNTHETIC], until=DATA_END), grid())
    table = {name: _by_year(target) for name, target in fitted.items()}
    return {name: series for name, series in table.items() if len(series.years)}


def _by_year(target: Target) -> Yearly:
    start, end = target.spans.T
    year = np.floor(start + 1e-6).astype(int)
    inside = end <= year + 1 + 1e-6
    partial = target.series.window in ("half-year", "quarter", "month")
    years, matrix = [], []
    for y in np.unique(year[inside]):
        own = inside & (year == y)
        whole = (end - start)[own].sum() > 1 - 1e-6 if partial else own.sum() == 1
        if whole:
            years.append(int(y))
            matrix.append(own / (1 if target.observable.per == "window" else own.sum()))
    rows = np.array(matrix).reshape(len(years), len(year))
    return Yearly(target, np.array(years, dtype=int), rows @ target.observed, rows)


def posterior_path(folder: Path, origin: int) -> Path:
    """Where the posterior of an origin lies."""
    return folder / f"origin-{origin}.nc"


def fitted(origin: int, folder: Path, step: Step = lambda _: None) -> Path:
    """Where a brief fit of this model to what was known at the end of ``origin`` lies, made if there is none.

    Raises:
        ContraflowError: as ``fit``.
    """
    path = posterior_path(folder, origin)
    return path if holds_fit(path, BRIEF) else fit(out=path, plan=BRIEF, until=origin + 1.0, log=step)


def forecast(origin: int, posterior: Posterior, seed: int = 0) -> dict[str, np.ndarray]:
    """Draws of every yearly series after ``origin``: series → (years, draws).

    Years are those after the origin at which the series was observed. ``posterior`` must be of data to the origin.
    """
    known, at, model = origin + 1.0, grid(), reference_model()
    series = yearly()
    record = sorted({s.target.observable.variable for s in series.values()})
    inputs = build_inputs(at, None, posterior.latents(at.step_times), known_until=known)
    run = simulate(model, posterior.parameters(), inputs, at, record)
    monthly = {k: np.asarray(v).reshape(at.periods, -1) for k, v in run.values.items()}
    drawn = {}
    for name, s in series.items():
        if not (s.years > origin).any():
            continue
        rng = np.random.default_rng([seed, origin, zlib.crc32(name.encode())])
        discrepancy = posterior.discrepancy.get(name)
        if discrepancy is None:
            discrepancy = _from_prior(s.target, posterior.draws, rng)
        expected = np.asarray(s.target.expected(monthly[s.target.observable.variable]))
        rows = predictions(s.target, expected, Discrepancy(*discrepancy), known, rng)
        drawn[name] = (s.rows @ rows)[s.years > origin]
    for name, parts in PARTS.items():
        drawn[name] = np.sum([drawn[part] for part in parts], axis=0)
    return drawn


def _from_prior(target: Target, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Size and memory (2, draws) of what is missed of a series that the fit had no rows of."""
    sd, memory = rng.standard_normal((2, draws))
    return np.stack(discrepancy_at(sd, memory if target.remembers else None))


def predictions(
    target: Target, expected: np.ndarray, discrepancy: Discrepancy, known: float, rng: np.random.Generator
) -> np.ndarray:
    """Draws of a series (rows, draws) given rows that end by ``known``; ``expected`` (rows, draws) are the model's.

    Observed values of later rows have no say: what is missed is carried on from the known rows, and the reporting
    factor of a segment without any is drawn from its prior.
    """
    seen = target.spans[:, 1] <= known + 1e-6
    return scattered(target, moved(target, expected, carried(target, expected, discrepancy, seen, rng)), rng)


def scored() -> dict[str, tuple[np.ndarray, np.ndarray, float, bool]]:
    """Years, values, weight and whether a share, of every series that is scored."""
    table = {
        name: (s.years, s.values, 0.0 if name in LATER_VINTAGE else s.target.observable.weight, s.target.is_share)
        for name, s in yearly().items()
    }
    for name, parts in PARTS.items():
        years, total = table[parts[0]][0], np.sum([table[part][1] for part in parts], axis=0)
        table[name] = (years, total, 0.0, False)
    return table


def _ahead(years: np.ndarray, origin: int) -> np.ndarray:
    """Which years (years,) are scored from an origin."""
    return (years > origin) & (years <= origin + HORIZONS)


def model_quantiles(origin: int, drawn: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Our quantiles: series → (years, levels), of the years scored; ``drawn`` as from ``forecast``."""
    observed, table = scored(), {}
    for name, values in drawn.items():
        years = observed[name][0]
        table[name] = scoring.ensemble_quantiles(values[_ahead(years, origin)[years > origin]])
    return table


def rival_quantiles(origin: int, cache: Cache) -> dict[str, dict[str, np.ndarray]]:
    """Every rival's quantiles after ``origin``: series → rival → (years, levels), for series long enough to score."""
    table: dict[str, dict[str, np.ndarray]] = {}
    for name, (years, values, _, share) in scored().items():
        past, ahead = years <= origin, _ahead(years, origin)
        if past.sum() < HISTORY or not ahead.any():
            continue
        data = years[past], values[past], years[ahead]
        table[name] = {rival: cache.forecast(rival, *data, share) for rival in RIVALS}
        if (name, origin) == (SOURCE_SERIES, SOURCE_ORIGIN):
            base = source_base()
            table[name][SOURCE_BASE] = np.stack([base[int(year)] for year in years[ahead]])
    return table


def entries(origin: int, ours: Mapping[str, np.ndarray], cache: Cache) -> list[Entry]:
    """Our forecasts of an origin beside those of the rivals; ``ours`` as from ``model_quantiles``, empty for none."""
    conditional, observed = tuple(pulses_at(origin + 1.0)), scored()
    found = []
    for name, rivals in rival_quantiles(origin, cache).items():
        years, values, weight, _ = observed[name]
        ahead = _ahead(years, origin)
        made = rivals | ({MODEL: ours[name]} if ours else {})
        for k, (year, value) in enumerate(zip(years[ahead], values[ahead], strict=True)):
            quantiles = {who: q[k] for who, q in made.items()}
            found.append(Entry(origin, name, int(year), float(value), weight, conditional, quantiles))
    return found


def rival_rows(folder: Path, origins: Iterable[int] = ORIGINS) -> list[dict[str, Any]]:
    """Scores of the rivals alone, which need no fit: rows as in ``backtests`` without our part; kept in ``folder``."""
    cache = Cache(folder / RIVALS_FILE)
    table = [entry for origin in sorted(origins) for entry in entries(origin, {}, cache)]
    cache.save()
    return [_rival_row(entry) for entry in table]


def vary(table: Iterable[Entry]) -> tuple[list[Entry], dict[str, dict[int, dict[str, Any]]]]:
    """The entries with a forecast of each variant, and by variant what was chosen at each origin.

    An origin learns from pooled entries of earlier origins whose year was over by then. One that has none stacks half
    of each with persistence and widens nothing.
    """
    table = list(table)
    chosen: dict[str, dict[int, dict[str, Any]]] = {variant: {} for variant in VARIANTS}
    for origin in sorted({e.origin for e in table}):
        past = [e for e in table if e.origin < origin and e.year <= origin and e.weight]
        for variant, best in (("stacked", _best_stack), ("widened", _best_width)):
            chosen[variant][origin] = best(past) | {"learned_from": len(past)}
    return [_varied(e, chosen) for e in table], chosen


def _best_stack(past: list[Entry]) -> dict[str, Any]:
    if not past:
        return {"weight": 0.5, "rival": "persistence"}
    pool = np.array([e.weight for e in past])
    scores = {rival: float(pool @ [e.crps(rival) for e in past]) for rival in RIVALS}
    rival = min(scores, key=lambda name: scores[name])
    outcomes = np.array([e.observed for e in past])
    model, other = (np.log(np.stack([e.quantiles[who] for e in past])) for who in (MODEL, rival))
    losses = [pool @ scoring.log_crps(np.exp(w * model + (1 - w) * other), outcomes) for w in WEIGHTS]
    return {"weight": round(float(WEIGHTS[int(np.argmin(losses))]), 2), "rival": rival}


def _best_width(past: list[Entry]) -> dict[str, Any]:
    if not past:
        return {"factor": 1.0}
    pool, outcomes = np.array([e.weight for e in past]), np.array([e.observed for e in past])
    model = np.stack([e.quantiles[MODEL] for e in past])
    losses = [pool @ scoring.log_crps(_widened(model, f), outcomes) for f in FACTORS]
    return {"factor": round(float(FACTORS[int(np.argmin(losses))]), 2)}


def _widened(quantiles: np.ndarray, factor: float) -> np.ndarray:
    """Quantiles (..., levels) a ``factor`` as far from their median, in logs."""
    logs = np.log(quantiles)
    middle = np.median(logs, axis=-1, keepdims=True)
    return np.asarray(np.exp(middle + factor * (logs - middle)))


def _varied(entry: Entry, chosen: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Entry:
    """The entry with quantiles of each variant, as chosen at its origin."""
    stack, ours = chosen["stacked"][entry.origin], entry.quantiles[MODEL]
    other = entry.quantiles[stack["rival"]]
    made = {
        "stacked": np.exp(stack["weight"] * np.log(ours) + (1 - stack["weight"]) * np.log(other)),
        "widened": _widened(ours, chosen["widened"][entry.origin]["factor"]),
    }
    return dataclasses.replace(entry, quantiles={**entry.quantiles, **made})


def from_origin(origin: int, folder: Path, step: Step = lambda _: None) -> dict[str, Any]:
    """What is kept of an origin: ``quantiles``, as from ``model_quantiles``, and its ``fit``, as plain numbers.

    Raises:
        ContraflowError: as ``fitted``; or its posterior is of other data.
    """
    step(f"origin {origin}")
    path = fitted(origin, folder, step)
    posterior = load_posterior(path)
    if abs(float(posterior.attributes["data_until"]) - origin - 1.0) > 1e-6:
        raise ContraflowError(
            f"{path} was fitted to data until {posterior.attributes['data_until']}: a backtest from {origin} needs "
            "data to its end and no further; remove it"
        )
    quantiles = model_quantiles(origin, forecast(origin, posterior))
    return {
        "fit": {"posterior": posterior.hash, **(worst(posterior.report) or {})},
        "quantiles": {name: values.tolist() for name, values in quantiles.items()},
    }


def backtests(folder: Path, keep: Keep, step: Step = lambda _: None, origins: Iterable[int] = ORIGINS) -> Any:
    """Fit, forecast and score from these origins; fits and rivals are kept in ``folder``, an origin by ``keep``.

    Returns:
        ``backtests``, one row a forecast; ``skill`` of the model against each rival, and of each variant in
        ``variant_skill``; ``pit_inside_bands``; ``coverage`` and ``interval_score`` pooled; ``chosen`` by variants;
        ``oracle``; and ``fits``, by origin the hash of its posterior and the worst of its sampling
        (``diagnostics.worst``).

    Raises:
        ContraflowError: as ``from_origin``.
    """
    found = {origin: keep(str(origin), partial(from_origin, origin, folder, step)) for origin in sorted(origins)}
    step("scores")
    cache, table = Cache(folder / RIVALS_FILE), []
    for origin, kept in found.items():
        table += entries(origin, {name: np.array(q) for name, q in kept["quantiles"].items()}, cache)
    cache.save()
    fits = {str(origin): kept["fit"] for origin, kept in found.items()}
    return summary(table) | {"fits": fits}


def summary(table: list[Entry]) -> dict[str, Any]:
    """Rows, skill, calibration and variants of these entries, as plain numbers for JSON."""
    table, chosen = vary(table)
    pooled = [e for e in table if e.weight]
    values = np.array([scoring.pit(e.quantiles[MODEL], e.observed) for e in pooled])
    return {
        "backtests": [_row(e) for e in table],
        "skill": skills(table, MODEL),
        "variant_skill": {variant: skills(table, variant) for variant in VARIANTS},
        "pit_inside_bands": scoring.pit_inside_bands(values, [e.block for e in pooled]),
        "coverage": _pooled(pooled, scoring.covered),
        "interval_score": _pooled(pooled, scoring.interval_score),
        "chosen": {variant: {str(origin): how for origin, how in by.items()} for variant, by in chosen.items()},
        "oracle": _oracle(table),
        "record": _record({e.series for e in table}),
    }


def _record(names: Iterable[str]) -> dict[str, list[list[float]]]:
    """Every year and value of these series as observed, years before the origins too."""
    observed = scored()
    return {n: [[int(y), float(v)] for y, v in zip(*observed[n][:2], strict=True)] for n in sorted(names)}


def skills(table: Iterable[Entry], ours: str) -> dict[str, dict[str, float]]:
    """Skill of one of our forecasts against every rival, over the pooled entries; SOURCE over its own four years."""
    found = {}
    for rival in (*RIVALS, SOURCE_BASE):
        if rival == SOURCE_BASE:
            own = [(e, 1.0) for e in table if SOURCE_BASE in e.quantiles]
        else:
            own = [(e, e.weight) for e in table if e.weight]
        if own:
            rows = [e for e, _ in own]
            scores, theirs = (np.array([e.crps(who) for e in rows]) for who in (ours, rival))
            origins, series = [e.origin for e in rows], [e.series for e in rows]
            found[rival] = scoring.skill(scores, theirs, origins, series, np.array([w for _, w in own]))
    return found


def _pooled(pooled: list[Entry], score: Any) -> dict[str, dict[str, float]]:
    """Weighted mean of a score of intervals, for the model and every rival that all entries have."""
    weights = np.array([e.weight for e in pooled])
    outcomes = np.array([e.observed for e in pooled])
    means = {}
    for who in (MODEL, *VARIANTS, *RIVALS):
        quantiles = np.stack([e.quantiles[who] for e in pooled])
        means[who] = {
            str(p): float(np.average(score(quantiles, outcomes, p), weights=weights)) for p in scoring.INTERVALS
        }
    return means


def _oracle(table: Iterable[Entry]) -> dict[str, dict[str, float]]:
    """By year, relative errors of medians where SOURCE was told the true share of fentanyl, and ours beside them."""
    return {
        str(e.year): {
            "source_true_share": TRUE_SHARE_ERRORS[e.year],
            MODEL: float(np.median(e.quantiles[MODEL]) / e.observed - 1),
        }
        for e in table
        if SOURCE_BASE in e.quantiles
    }


def _rival_row(e: Entry) -> dict[str, Any]:
    return {
        "origin": e.origin,
        "series": e.series,
        "horizon": e.year - e.origin,
        "year": e.year,
        "observed": e.observed,
        "rivals": {rival: e.crps(rival) for rival in (*RIVALS, SOURCE_BASE) if rival in e.quantiles},
        "weight": e.weight,
        "conditional_on": list(e.conditional),
        "later_vintage": e.series in LATER_VINTAGE,
    }


def _row(e: Entry) -> dict[str, Any]:
    ours = e.quantiles[MODEL]
    return _rival_row(e) | {
        "median": float(np.median(ours)),
        "crps": e.crps(MODEL),
        "variants": {variant: e.crps(variant) for variant in VARIANTS},
        "coverage": {str(p): bool(scoring.covered(ours, e.observed, p)) for p in scoring.INTERVALS},
        "interval_score": {str(p): float(scoring.interval_score(ours, e.observed, p)) for p in scoring.INTERVALS},
        "intervals": {str(p): [float(x) for x in scoring.interval(ours, p)] for p in scoring.INTERVALS},
        "rival_medians": {
            rival: float(np.median(e.quantiles[rival])) for rival in (*RIVALS, SOURCE_BASE) if rival in e.quantiles
        },
        "pit": float(scoring.pit(ours, e.observed)),
    }
