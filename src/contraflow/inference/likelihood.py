"""Likelihood: how far each observed series lies from the model, given its noise and a model discrepancy.

Counts are negative binomial, levels and shares log- or logit-normal or beta. A reporting factor shared by the rows
of a series (and drawn anew at a break) is integrated out. Every series has one extra log-scale discrepancy, estimated,
so that a series that the structure cannot follow says so by its band instead of bending the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.evidence import Series
from contraflow.system.observations import OBSERVABLES, Observable

Array = Any
FREE_LEVEL_SD = 2.0
#: End of the data that ship: an observable until then goes on as data are added.
SHIPPED_END = 2025.0
#: Prior of what the model misses of a series, as a log scale: its median, and the sd of its logarithm.
DISCREPANCY_MEDIAN, DISCREPANCY_SD = 0.03, 0.8
#: Counts have no density at a mean of 0, shares none at 0 and 1: expected values keep this far off.
_EDGE = 1e-6


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

    def variance(self, discrepancy: Array) -> Array:
        """Of the logs or logits (rows, draws), discrepancy (draws,) included, the reporting factor not."""
        return self.noise[:, None] ** 2 + discrepancy[None, :] ** 2

    def concentration(self, discrepancy: Array) -> Array:
        """Size of counts or precision of shares (draws,), discrepancy (draws,) included."""
        observation = self.series.observation
        own = observation.size if observation.family == "negative_binomial" else observation.precision
        return 1 / (1 / float(own or 1.0) + discrepancy**2)

    def mean(self, expected: Array) -> Array:
        """Expected counts or shares (rows, draws), kept off the edges where they have no density."""
        return expected.clip(_EDGE, None if self.series.observation.family == "negative_binomial" else 1 - _EDGE)


def targets(grid: Grid, until: float = 2025.0) -> dict[str, Target]:
    """The series to fit on this grid, rows that end after ``until`` left out."""
    prepared = (_prepare(o, evidence.load().series[o.series], grid, until) for o in OBSERVABLES.values())
    return {t.id: t for t in prepared if len(t.observed)}


def discrepancy_at(y: Array) -> Array:
    """The discrepancy of a series at its standard-normal coordinate (any shape)."""
    return DISCREPANCY_MEDIAN * jnp.exp(DISCREPANCY_SD * y)


def discrepancy_coordinate(discrepancy: np.ndarray) -> np.ndarray:
    """The inverse of ``discrepancy_at``."""
    return np.log(discrepancy / DISCREPANCY_MEDIAN) / DISCREPANCY_SD


def _prepare(observable: Observable, series: Series, grid: Grid, until: float) -> Target:
    last = until if observable.until >= SHIPPED_END else min(until, observable.until)
    rows = [r for r in series.rows if r.start >= grid.start - 1e-6 and r.end <= last + 1e-6]
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


def log_residual(target: Target, expected: Array, observed: Array) -> Array:
    """Observed (rows, draws or 1) against expected on the scale of the noise: logs, or logits for shares."""
    if target.series.observation.family == "logit_normal":
        inside = jnp.clip(expected, 1e-9, 1 - 1e-9)
        return jnp.log(observed / (1 - observed)) - jnp.log(inside / (1 - inside))
    return jnp.log(observed) - jnp.log(jnp.maximum(expected, 1e-12))


def log_density(target: Target, expected: Array, discrepancy: Array, observed: Array | None = None) -> Array:
    """Log-likelihood (draws,) of a series given expected values (rows, draws) and its discrepancy sd (draws,).

    ``observed`` (rows, draws) puts other values in place of the series' own, for fits to synthetic data.
    """
    family = target.series.observation.family
    observed = jnp.asarray(target.observed)[:, None] if observed is None else observed
    if family == "negative_binomial":
        m, k = target.mean(expected), target.concentration(discrepancy)
        terms = gammaln(observed + k) - gammaln(k) - gammaln(observed + 1)
        terms = terms + k * jnp.log(k / (k + m)) + observed * jnp.log(m / (k + m))
        return jnp.sum(terms, axis=0)
    if family == "beta":
        m, precision = target.mean(expected), target.concentration(discrepancy)
        a, b = m * precision, (1 - m) * precision
        terms = gammaln(precision) - gammaln(a) - gammaln(b)
        terms = terms + (a - 1) * jnp.log(observed) + (b - 1) * jnp.log1p(-observed)
        return jnp.sum(terms, axis=0)
    residual = log_residual(target, expected, observed)
    variance = target.variance(discrepancy)
    total = jnp.zeros(residual.shape[-1])
    for s in np.unique(target.segment):
        rows = np.flatnonzero(target.segment == s)
        r, d = residual[rows], variance[rows]
        shared = target.level_sd**2
        weight = jnp.sum(1 / d, axis=0)
        quadratic = jnp.sum(r**2 / d, axis=0) - jnp.sum(r / d, axis=0) ** 2 * shared / (1 + shared * weight)
        log_det = jnp.sum(jnp.log(d), axis=0) + jnp.log1p(shared * weight)
        total = total - 0.5 * (quadratic + log_det + len(rows) * np.log(2 * np.pi))
    return total


def predict(target: Target, expected: np.ndarray, discrepancy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws of the observed series itself (rows, draws): model, reporting factor as estimated, noise, discrepancy."""
    residual = np.asarray(log_residual(target, jnp.asarray(expected), target.observed[:, None]))
    everything = np.ones(len(residual), dtype=bool)
    level = reporting_factor(target, residual, discrepancy, everything, rng)
    return _scattered(target, expected, discrepancy, level, rng)


def reporting_factor(
    target: Target, residual: np.ndarray, discrepancy: np.ndarray, seen: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draws (rows, draws) of the log reporting factor given the residuals (rows, draws) of the rows ``seen`` (rows,).

    The rows of a segment share one; where none of them is seen it is drawn from its prior. It is 0 in a series whose
    level is taken as given.
    """
    level = np.zeros_like(residual)
    if not target.level_sd:
        return level
    variance = target.variance(discrepancy)
    for s in np.unique(target.segment):
        own = target.segment == s
        known = own & seen
        precision = 1 / target.level_sd**2 + (1 / variance[known]).sum(axis=0)
        mean = (residual[known] / variance[known]).sum(axis=0) / precision
        level[own] = mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return level


def synthetic(target: Target, expected: np.ndarray, discrepancy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A series (rows, draws) as it might have been, had the model been right: reporting factors from their prior."""
    level = np.zeros_like(expected)
    for s in np.unique(target.segment):
        level[target.segment == s] = target.level_sd * rng.standard_normal(expected.shape[1])
    return _scattered(target, expected, discrepancy, level, rng)


def _scattered(
    target: Target, expected: np.ndarray, discrepancy: np.ndarray, level: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Expected values (rows, draws) with the noise of the series, and the log reporting factor where it has one."""
    family = target.series.observation.family
    if family == "negative_binomial":
        k = target.concentration(discrepancy)
        rate = rng.gamma(np.broadcast_to(k, expected.shape), target.mean(expected) / k)
        return rng.poisson(rate).astype(float)
    if family == "beta":
        m, precision = target.mean(expected), target.concentration(discrepancy)
        return rng.beta(m * precision, (1 - m) * precision)
    noisy = level + np.sqrt(target.variance(discrepancy)) * rng.standard_normal(expected.shape)
    if family == "logit_normal":
        odds = expected / (1 - expected) * np.exp(noisy)
        return odds / (1 + odds)
    return expected * np.exp(noisy)


def left_out(target: Target, expected: np.ndarray, discrepancy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log density of every point given the model and the other points, and its place there, both (rows, draws).

    The other points matter through the reporting factor that they share. The place is the cumulative probability, at
    the middle of the step for counts.
    """
    from scipy import stats  # slow to import, and runs do without it

    family, observed = target.series.observation.family, target.observed[:, None]
    if family == "negative_binomial":
        k = target.concentration(discrepancy)
        counts = stats.nbinom(k, k / (k + target.mean(expected)))
        density = counts.logpmf(observed)
        return density, counts.cdf(observed) - 0.5 * np.exp(density)
    if family == "beta":
        m, precision = target.mean(expected), target.concentration(discrepancy)
        shares = stats.beta(m * precision, (1 - m) * precision)
        return shares.logpdf(observed), shares.cdf(observed)
    residual = np.asarray(log_residual(target, jnp.asarray(expected), observed))
    variance = target.variance(discrepancy)
    mean, spread = np.zeros_like(residual), np.array(variance)
    if target.level_sd:
        for s in np.unique(target.segment):
            rows = target.segment == s
            weight, pull = 1 / variance[rows], residual[rows] / variance[rows]
            precision = 1 / target.level_sd**2 + weight.sum(axis=0) - weight
            mean[rows] = (pull.sum(axis=0) - pull) / precision
            spread[rows] += 1 / precision
    told = stats.norm(mean, np.sqrt(spread))
    return told.logpdf(residual), told.cdf(residual)


def series_log_density(
    prepared: Mapping[str, Target],
    monthly: Mapping[str, Array],
    discrepancy: Mapping[str, Array],
    observed: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """Log-likelihood (draws,) by series from the monthly means of the observed variables."""
    found = {}
    for t in prepared.values():
        values = None if observed is None else observed[t.id]
        density = log_density(t, t.expected(monthly[t.observable.variable]), discrepancy[t.id], values)
        found[t.id] = t.observable.weight * density
    return found
