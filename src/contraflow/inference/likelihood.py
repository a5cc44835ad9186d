"""Likelihood: how far each observed series lies from the model, given its noise and a model discrepancy.

Observations are compared with the model as logs, shares as logits. Three things lie between them: a reporting factor
shared by the rows of a series (and drawn anew at a break), what the model misses, which has a memory, so that
neighbouring misses count as partly the same, and the noise of single observations. All are normal there, and
integrated out. The size and memory of what is missed are estimated series by series, so that one that the structure
cannot follow says so by its band instead of bending the rest.

Single counts are negative binomial and single shares beta where the evidence says so. Their noise enters by its
variance on the log or logit scale: the smallest fitted count is some 750, where the two densities hardly differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.evidence import Series
from contraflow.system.observations import OBSERVABLES, Observable

Array = Any
FREE_LEVEL_SD = 2.0
#: Prior of what the model misses of a series, as a log scale: its median, and the sd of its logarithm.
DISCREPANCY_MEDIAN, DISCREPANCY_SD = 0.03, 0.8
#: Prior of how long it remembers, in years: the median of the time in which a miss fades to 1/e, and the sd of its log.
MEMORY_MEDIAN, MEMORY_SD = 1.0, 1.0
#: Memory, in years, of what is missed where a latent driver carries all that lasts.
NO_MEMORY = 1e-6
#: The likelihood's form and the priors that are its own: a posterior made with others is refused.
FORM = (
    "normal on the log scale, misses with a memory",
    *(FREE_LEVEL_SD, DISCREPANCY_MEDIAN, DISCREPANCY_SD, MEMORY_MEDIAN, MEMORY_SD),
)
#: Counts have no density at a mean of 0, shares none at 0 and 1: expected values keep this far off.
_EDGE = 1e-6
#: No cases count as half a case on the log scale; the least of other levels.
_LEAST_COUNT, _LEAST = 0.5, 1e-12


class Discrepancy(NamedTuple):
    """What the model misses of a series: a stationary autoregression of the logs or logits.

    ``sd`` and ``memory`` (draws,): misses ``t`` years apart have the correlation exp(-t / memory).
    """

    sd: Array
    memory: Array


@dataclass(frozen=True, eq=False)
class Target:
    """One series prepared for a time grid: observed values and the matrix that averages months into its windows.

    ``spans`` (rows, 2): start and end of the rows in decimal years. ``observed``, ``segment`` and ``noise`` (rows,);
    ``windows`` (rows, months). Rows of a segment share a reporting factor.
    """

    observable: Observable
    series: Series
    spans: np.ndarray
    observed: np.ndarray
    windows: np.ndarray
    segment: np.ndarray
    noise: np.ndarray

    @property
    def id(self) -> str:
        """Id of the series."""
        return self.observable.series

    @property
    def level_sd(self) -> float:
        """Prior sd of the log reporting factor; 0 when the level is taken as given."""
        observation = self.series.observation
        if observation.scale == "free":
            return FREE_LEVEL_SD
        return observation.level_sd or 0.0

    def expected(self, monthly: Array) -> Array:
        """Model values (rows, draws) from the variable's monthly means (months, draws)."""
        return jnp.asarray(self.windows) @ monthly

    @property
    def is_share(self) -> bool:
        """Whether values lie between 0 and 1, and noise on the logit."""
        return self.series.observation.family in ("beta", "logit_normal")

    @property
    def remembers(self) -> bool:
        """Whether what the model misses of it has a memory of its own: no latent driver carries what lasts."""
        return self.observable.driver is None

    @property
    def is_count(self) -> bool:
        """Whether values are counts of people."""
        return self.series.observation.family == "negative_binomial"

    @property
    def middle(self) -> np.ndarray:
        """Middle of every row in decimal years, (rows,)."""
        return self.spans.mean(axis=1)

    @property
    def together(self) -> np.ndarray:
        """Whether two rows share a segment, (rows, rows)."""
        return self.segment[:, None] == self.segment[None, :]

    def variance(self, expected: Array) -> Array:
        """Of the noise of single observations, on logs or logits (rows, draws), at expected values.

        That of a log-normal or logit-normal row is given; those of counts and of beta shares are to first order.
        """
        observation, mean = self.series.observation, self.mean(expected)
        if self.is_count:
            return 1 / float(observation.size or 1.0) + 1 / mean
        if observation.family == "beta":
            return 1 / ((float(observation.precision or 1.0) + 1) * mean * (1 - mean))
        return jnp.broadcast_to(self.noise[:, None] ** 2, expected.shape)

    def mean(self, expected: Array) -> Array:
        """Expected counts or shares (rows, draws), kept off the edges where they have no density."""
        return expected.clip(_EDGE, None if self.is_count else 1 - _EDGE)


def targets(grid: Grid, until: float = 2025.0, supply_until: float | None = None) -> dict[str, Target]:
    """The series to fit on this grid, rows that end after ``until`` left out; of supply, after ``supply_until``."""
    of_supply = until if supply_until is None else supply_until
    prepared = (prepare(o, grid, of_supply if o.stage == "supply" else until) for o in OBSERVABLES.values())
    return {t.id: t for t in prepared if len(t.observed)}


def discrepancy_at(sd: Array, memory: Array | None) -> Discrepancy:
    """The discrepancy of a series at its standard-normal coordinates (any shape); ``memory`` None where it has none."""
    left = jnp.full_like(sd, NO_MEMORY) if memory is None else MEMORY_MEDIAN * jnp.exp(MEMORY_SD * memory)
    return Discrepancy(DISCREPANCY_MEDIAN * jnp.exp(DISCREPANCY_SD * sd), left)


def discrepancy_coordinates(discrepancy: Discrepancy) -> Discrepancy:
    """The inverse of ``discrepancy_at``, of a series whose misses have a memory."""
    sd, memory = discrepancy
    return Discrepancy(np.log(sd / DISCREPANCY_MEDIAN) / DISCREPANCY_SD, np.log(memory / MEMORY_MEDIAN) / MEMORY_SD)


def prepare(observable: Observable, grid: Grid, until: float = 2025.0) -> Target:
    """A series as this observable takes it, rows outside the grid or that end after ``until`` left out."""
    series = evidence.load().series[observable.series]
    rows = [r for r in series.rows if r.start >= grid.start - 1e-6 and observable.takes(r.end, until)]
    months = grid.times + 0.5 / grid.per_year
    inside = np.array([(months > r.start) & (months < r.end) for r in rows], dtype=float).reshape(
        len(rows), grid.periods
    )
    weights = inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)
    length = np.array([r.end - r.start for r in rows]) if observable.per == "window" else np.ones(len(rows))
    length = length * np.array([r.factor for r in rows])
    observation = series.observation
    noise = np.full(len(rows), observation.sd or 0.0)
    if observation.weight_reference:
        counts = np.array([r.weight or observation.weight_reference for r in rows])
        noise = noise * np.sqrt(np.maximum(observation.weight_reference / counts, 1.0))
    segment = np.searchsorted(np.array(observation.breaks), [r.start + 1e-6 for r in rows])
    observed = np.array([r.value for r in rows])
    spans = np.array([(r.start, r.end) for r in rows]).reshape(len(rows), 2)
    return Target(observable, series, spans, observed, weights * length[:, None] * observable.scale, segment, noise)


def log_scale(target: Target, values: Array) -> Array:
    """Values on the scale on which they are compared: logs, logits of shares. No cases count as half a case."""
    if target.is_share:
        inside = jnp.clip(values, _EDGE, 1 - _EDGE)
        return jnp.log(inside) - jnp.log1p(-inside)
    return jnp.log(jnp.maximum(values, _LEAST_COUNT if target.is_count else _LEAST))


def log_residual(target: Target, expected: Array, observed: Array) -> Array:
    """Observed (rows, draws or 1) less expected on ``log_scale``."""
    return log_scale(target, observed) - log_scale(target, expected)


def log_density(target: Target, expected: Array, discrepancy: Discrepancy, observed: Array | None = None) -> Array:
    """Log-likelihood (draws,) of the logs or logits of a series given expected values (rows, draws).

    ``observed`` (rows, draws) puts other values in place of the series' own, for fits to synthetic data.
    """
    return _log_densities([target], [expected], [discrepancy], [observed])[0]


def _log_densities(
    targets: Sequence[Target],
    expected: Sequence[Array],
    discrepancy: Sequence[Discrepancy],
    observed: Sequence[Array | None],
) -> list[Array]:
    """``log_density`` of several series at once: one Kalman filter over the rows of all their segments."""
    own = [jnp.asarray(t.observed)[:, None] if o is None else o for t, o in zip(targets, observed, strict=True)]
    residual = jnp.concatenate([log_residual(t, e, o) for t, e, o in zip(targets, expected, own, strict=True)])
    noise = jnp.concatenate([t.variance(e) for t, e in zip(targets, expected, strict=True)])
    of, rows, gaps = _segments(targets)
    sd, memory = (jnp.stack(part)[of] for part in zip(*discrepancy, strict=True))
    kept = np.isfinite(gaps)[:, :, None] * jnp.exp(-np.nan_to_num(gaps, posinf=0.0)[:, :, None] / memory)
    there = (rows >= 0).astype(float)[:, :, None]
    square, cross, weight, log_det = _filtered(residual[rows], noise[rows], kept, there, sd**2)
    shared = np.array([targets[k].level_sd ** 2 for k in of])[:, None]
    quadratic = square - cross**2 * shared / (1 + shared * weight)
    log_det = log_det + jnp.log1p(shared * weight) + there.sum(axis=0) * np.log(2 * np.pi)
    density = -0.5 * (quadratic + log_det)
    return [density[of == k].sum(axis=0) for k in range(len(targets))]


def _filtered(residual: Array, noise: Array, kept: Array, there: Array, variance: Array) -> tuple[Array, ...]:
    """Kalman filter of residuals as misses of stationary ``variance`` (segments, draws) and ``noise``, a row at a time.

    The others are (rows, segments, draws or 1): ``kept`` is the share of a miss left since the row before, ``there``
    is 0 where a segment has ended. Returns (segments, draws): with C the covariance of a segment, r its residuals and
    1 a vector of ones, r'C⁻¹r, r'C⁻¹1, 1'C⁻¹1 and log det C.
    """

    def step(state: tuple[Array, ...], row: tuple[Array, ...]) -> tuple[tuple[Array, ...], None]:
        (miss, one, spread, square, cross, weight, log_det), (r, d, left, here) = state, row
        miss, one = left * miss, left * one
        spread = left**2 * spread + (1 - left**2) * variance
        told = spread + d
        v, u = r - miss, 1 - one
        gain = here * spread / told
        sums = (square + here * v**2 / told, cross + here * v * u / told, weight + here * u**2 / told)
        log_det = log_det + here * jnp.log(told)
        return (miss + gain * v, one + gain * u, (1 - gain) * spread, *sums, log_det), None

    nothing = jnp.zeros(jnp.broadcast_shapes(variance.shape, residual.shape[1:]))
    state, _ = jax.lax.scan(step, (nothing,) * 7, (residual, noise, kept, there))
    return state[3:]


def _segments(targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The segments of all series: which series each is of (segments,), and by rows (most rows, segments) the place of
    each row in the rows of all series put together, or -1, and the years since the row before, infinite at the first.
    """
    of, places, first = [], [], 0
    for k, t in enumerate(targets):
        for s in np.unique(t.segment):
            of.append(k)
            places.append((first + np.flatnonzero(t.segment == s), t.middle[t.segment == s]))
        first += len(t.observed)
    longest = max(len(rows) for rows, _ in places)
    rows, gaps = np.full((longest, len(of)), -1), np.full((longest, len(of)), np.inf)
    for k, (own, middle) in enumerate(places):
        rows[: len(own), k] = own
        gaps[1 : len(own), k] = np.diff(middle)
    return np.array(of), rows, gaps


def _misses(target: Target, discrepancy: Discrepancy) -> np.ndarray:
    """Covariance (draws, rows, rows) of what the model misses: an autoregression that begins anew at a break."""
    apart = np.abs(target.middle[:, None] - target.middle[None, :])
    kept = np.exp(-apart / np.asarray(discrepancy.memory)[:, None, None])
    return np.asarray(discrepancy.sd)[:, None, None] ** 2 * kept * target.together


def _shared(target: Target, discrepancy: Discrepancy) -> np.ndarray:
    """Covariance (draws, rows, rows) of all that rows share: misses and the reporting factor."""
    return _misses(target, discrepancy) + target.level_sd**2 * target.together


def _noisy(target: Target, expected: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """A covariance (draws, rows, rows) with the noise of single observations added."""
    return covariance + np.asarray(target.variance(expected)).T[:, :, None] * np.eye(len(target.observed))


def _drawn(covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One draw (rows, draws) from each centred normal of these covariances (draws, rows, rows)."""
    values, vectors = np.linalg.eigh(covariance)
    roots = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    return np.einsum("drk,dk->rd", roots, rng.standard_normal(values.shape))


def carried(
    target: Target, expected: np.ndarray, discrepancy: Discrepancy, seen: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draws (rows, draws) of the log reporting factor and the miss of every row, given the rows ``seen`` (rows,).

    What the model misses fades from the last row seen with the memory of its series, and is drawn anew after a break,
    as is the factor.
    """
    covariance = _shared(target, discrepancy)
    prior = _drawn(covariance, rng)
    if not seen.any():
        return prior
    residual = np.asarray(log_residual(target, expected, target.observed[:, None]))
    noise = np.sqrt(np.asarray(target.variance(expected))) * rng.standard_normal(expected.shape)
    wrong = (residual - prior - noise)[seen].T[:, :, None]
    inside = _noisy(target, expected, covariance)[:, seen][:, :, seen]
    return prior + (covariance[:, :, seen] @ np.linalg.solve(inside, wrong))[:, :, 0].T


def predict(target: Target, expected: np.ndarray, discrepancy: Discrepancy, rng: np.random.Generator) -> np.ndarray:
    """Draws of the series itself (rows, draws): model, reporting factor as estimated, misses and noise anew."""
    level = reporting_factor(target, expected, discrepancy, rng)
    return scattered(target, moved(target, expected, level + _drawn(_misses(target, discrepancy), rng)), rng)


def reporting_factor(
    target: Target, expected: np.ndarray, discrepancy: Discrepancy, rng: np.random.Generator
) -> np.ndarray:
    """Draws (rows, draws) of the log reporting factor, which the rows of a segment share, given the observed series.

    It is 0 in a series whose level is taken as given.
    """
    level = np.zeros(expected.shape)
    if not target.level_sd:
        return level
    residual = np.asarray(log_residual(target, expected, target.observed[:, None]))
    covariance = _noisy(target, expected, _misses(target, discrepancy))
    for s in np.unique(target.segment):
        own = np.flatnonzero(target.segment == s)
        weights = np.linalg.inv(covariance[:, own[:, None], own]).sum(axis=2).T
        precision = 1 / target.level_sd**2 + weights.sum(axis=0)
        mean = (weights * residual[own]).sum(axis=0) / precision
        level[own] = mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return level


def synthetic(target: Target, expected: np.ndarray, discrepancy: Discrepancy, rng: np.random.Generator) -> np.ndarray:
    """A series (rows, draws) as it might have been, had the model been right: reporting factors from their prior."""
    shift = _drawn(_shared(target, discrepancy), rng)
    return scattered(target, moved(target, expected, shift), rng)


def moved(target: Target, expected: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Expected values (rows, draws) moved by ``shift`` on the scale of the noise: logs, logits for shares."""
    if not target.is_share:
        return expected * np.exp(shift)
    return special.expit(np.asarray(log_scale(target, expected)) + shift)


def scattered(target: Target, mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Observations (rows, draws) with the noise of single ones, round means that hold misses and reporting factors."""
    observation = target.series.observation
    if target.is_count:
        size = float(observation.size or 1.0)
        return rng.poisson(rng.gamma(size, target.mean(mean) / size)).astype(float)
    if observation.family == "beta":
        m, precision = target.mean(mean), float(observation.precision or 1.0)
        return rng.beta(m * precision, (1 - m) * precision)
    return moved(target, mean, target.noise[:, None] * rng.standard_normal(mean.shape))


def left_out(target: Target, expected: np.ndarray, discrepancy: Discrepancy) -> tuple[np.ndarray, np.ndarray]:
    """Log density of every point given the model and the other points, and its place there, both (rows, draws).

    The other points matter through the reporting factor that they share and through what the model misses of the
    neighbours. The place is the cumulative probability.
    """
    residual = np.asarray(log_residual(target, expected, target.observed[:, None]))
    precision = np.linalg.inv(_noisy(target, expected, _shared(target, discrepancy)))
    variance = 1 / np.diagonal(precision, axis1=1, axis2=2).T
    off = (precision @ residual.T[:, :, None])[:, :, 0].T * variance
    place = special.ndtr(off / np.sqrt(variance))
    return -0.5 * (off**2 / variance + np.log(2 * np.pi * variance)), place


def series_log_density(
    prepared: Mapping[str, Target],
    monthly: Mapping[str, Array],
    discrepancy: Mapping[str, Discrepancy],
    observed: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """Log-likelihood (draws,) by series from the monthly means of the observed variables."""
    series = list(prepared.values())
    expected = [t.expected(monthly[t.observable.variable]) for t in series]
    values = [None if observed is None else observed[t.id] for t in series]
    found = _log_densities(series, expected, [discrepancy[t.id] for t in series], values)
    return {t.id: t.observable.weight * density for t, density in zip(series, found, strict=True)}
