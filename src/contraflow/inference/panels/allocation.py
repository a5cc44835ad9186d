"""How a total divides over places: the likelihood of a panel, given the total of every stratum.

A stratum is a month, or a region's month. Given its total, counts are multinomial over places with logistic-normal
shares: a level for every place, what the covariates say, and an autoregressive deviation of each place plus noise.
It is written as a Poisson with one free effect a stratum, which is the same likelihood: the effects carry the totals,
so that nothing common to a stratum moves a coefficient, and the totals stay free for the national likelihood.
A suppressed count is known to be below ``LIMIT`` only.

Coefficients come from the mode of the joint density and its curvature (Laplace), the spread of the deviations from
the marginal likelihood, and the interval is widened to what leaving out one place at a time shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special, stats

#: Counts below this are suppressed by the publisher.
LIMIT = 10
FLAT_SD = 10.0
_MISSING = 1e-10


@dataclass(frozen=True, eq=False)
class Panel:
    """Counts over periods and places, what explains them, and which total each belongs to.

    ``counts`` (periods, places), NaN where suppressed. ``used`` (periods, places): cells that enter at all.
    ``stratum`` (periods, places): number of the stratum, 0 to n - 1. ``offset`` (periods, places): log exposure.
    ``covariates`` (periods, places, terms) with ``names`` and prior ``sds``. ``block`` (periods,): a deviation does
    not carry over from one block of periods to another, nor does the level of a place.
    """

    counts: np.ndarray
    used: np.ndarray
    stratum: np.ndarray
    offset: np.ndarray
    covariates: np.ndarray
    names: tuple[str, ...]
    sds: np.ndarray
    block: np.ndarray

    def keeping(self, places: np.ndarray) -> Panel:
        """The panel with only these places used, (places,) true or false."""
        return replace(self, used=self.used & places[None, :])


@dataclass(frozen=True)
class Spread:
    """Deviations of a place: stationary ``sd`` and monthly ``memory`` of the lasting part, sd of passing ``noise``."""

    sd: float
    memory: float
    noise: float

    def covariance(self, panel: Panel) -> np.ndarray:
        """Covariance of a place's deviations, (periods, periods)."""
        lag = np.abs(np.subtract.outer(np.arange(len(panel.block)), np.arange(len(panel.block))))
        together = panel.block[:, None] == panel.block[None, :]
        return self.sd**2 * self.memory**lag * together + self.noise**2 * np.eye(len(panel.block))


@dataclass(frozen=True, eq=False)
class Mode:
    """Coefficients at the mode (terms,), their covariance, the log marginal likelihood, and log rates."""

    coefficients: np.ndarray
    covariance: np.ndarray
    log_marginal: float
    log_rates: np.ndarray


def mode(panel: Panel, spread: Spread, start: np.ndarray | None = None, tolerance: float = 1e-7) -> Mode:
    """The mode of coefficients, effects and deviations together, by reweighted least squares.

    Raises:
        FloatingPointError: no convergence in 200 steps.
    """
    design = _Design(panel)
    covariance = spread.covariance(panel)
    precision = np.linalg.inv(covariance)
    log_rates = _first_guess(panel) if start is None else start
    theta, deviations, value = None, np.zeros(panel.counts.shape), -np.inf
    for _ in range(200):
        gradient, weight = _cells(panel, log_rates)
        working = log_rates - panel.offset + gradient / weight
        inverses = design.inverses(weight, covariance)
        new_theta, new_deviations, hessian = design.solve(working, covariance, inverses)
        damping = 1.0
        while True:
            theta_now = new_theta if theta is None else theta + damping * (new_theta - theta)
            deviations_now = deviations + damping * (new_deviations - deviations)
            rates_now = panel.offset + design.fitted(theta_now) + deviations_now
            value_now = _objective(panel, rates_now, deviations_now, precision, theta_now, design)
            if theta is None or value_now >= value - 1e-9 or damping < 1e-3:
                break
            damping /= 2
        step = np.max(np.abs((rates_now - log_rates)[panel.used]))
        theta, deviations, log_rates, value = theta_now, deviations_now, rates_now, value_now
        if step < tolerance:
            break
    else:
        raise FloatingPointError("the mode of the panel was not found: check its covariates for collinearity")
    inverse = np.linalg.inv(hessian)
    terms = slice(design.size - len(panel.names), design.size)
    log_marginal = value - 0.5 * inverses[1] - 0.5 * np.linalg.slogdet(hessian)[1]
    return Mode(theta[terms], inverse[terms, terms], float(log_marginal), log_rates)


def learn_spread(panel: Panel, start: Spread = Spread(0.3, 0.97, 0.05)) -> Spread:
    """The spread of deviations at the maximum of the marginal likelihood, under weak penalties."""
    latest: list[np.ndarray | None] = [None]

    def read(x: np.ndarray) -> Spread:
        return Spread(float(np.exp(x[0])), float(special.expit(x[1])), float(np.exp(x[2])))

    def cost(x: np.ndarray) -> float:
        found = mode(panel, read(x), latest[0], tolerance=1e-4)
        latest[0] = found.log_rates
        prior = ((x[0] - np.log(0.3)) / 1.0) ** 2 + ((x[1] - 3.5) / 1.0) ** 2 + ((x[2] - np.log(0.05)) / 1.0) ** 2
        return -found.log_marginal + 0.5 * prior

    x0 = np.array([np.log(start.sd), special.logit(start.memory), np.log(start.noise)])
    best = optimize.minimize(cost, x0, method="Nelder-Mead", options={"xatol": 0.05, "fatol": 0.05, "maxfev": 60})
    return read(best.x)


def reassigned(panel: Panel, spread: Spread, found: Mode, covariates: Iterable[np.ndarray]) -> np.ndarray:
    """Coefficients under other covariates, (sets, terms), from one step at the mode ``found`` (fast, for placebos)."""
    gradient, weight = _cells(panel, found.log_rates)
    working = found.log_rates - panel.offset + gradient / weight
    covariance = spread.covariance(panel)
    inverses = _Design(panel).inverses(weight, covariance)
    coefficients = []
    for values in covariates:
        theta = _Design(replace(panel, covariates=values)).solve(working, covariance, inverses)[0]
        coefficients.append(theta[len(theta) - len(panel.names) :])
    return np.array(coefficients)


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients (terms,) and how far they may be off.

    ``curvature`` is the covariance that the model alone gives, ``between`` what leaving out one place at a time
    shows, both (terms, terms). Every statement uses the larger of the two for what it states.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    curvature: np.ndarray
    between: np.ndarray
    spread: Spread
    places: int
    cells: int
    suppressed: int

    def combination(self, weights: np.ndarray) -> tuple[float, float]:
        """Mean and standard deviation of a weighted sum of terms, weights (terms,)."""
        variance = max(float(weights @ self.curvature @ weights), float(weights @ self.between @ weights))
        return float(weights @ self.mean), float(np.sqrt(variance))

    def of(self, name: str) -> tuple[float, float]:
        """Mean and standard deviation of one term."""
        return self.combination(np.array([n == name for n in self.names], dtype=float))

    def together(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means (sums,) and covariance (sums, sums) of several weighted sums, weights (sums, terms).

        Correlations are those of the model; standard deviations the larger of the two.
        """
        covariance = weights @ self.curvature @ weights.T
        sd = np.array([self.combination(w)[1] for w in weights])
        widening = sd / np.sqrt(np.diag(covariance))
        return weights @ self.mean, covariance * np.outer(widening, widening)


def estimate(panel: Panel, spread: Spread) -> Estimate:
    """Coefficients of the panel under this spread of deviations."""
    whole = mode(panel, spread)
    places = np.flatnonzero(panel.used.any(axis=0))
    left_out = np.array(
        [mode(panel.keeping(np.arange(panel.used.shape[1]) != p), spread, whole.log_rates, 1e-5).coefficients
         for p in places]
    )  # fmt: skip
    away = left_out - left_out.mean(axis=0)
    between = (len(places) - 1) / len(places) * away.T @ away
    suppressed = int(np.sum(panel.used & np.isnan(panel.counts)))
    return Estimate(
        panel.names, whole.coefficients, whole.covariance, between, spread, len(places), int(panel.used.sum()),
        suppressed,
    )  # fmt: skip


class _Design:
    """Effects of strata and levels of places beside the covariates; only what differs between places is dense."""

    def __init__(self, panel: Panel) -> None:
        periods, places = panel.counts.shape
        blocks = np.unique(panel.block, return_inverse=True)[1]
        count = int(blocks.max()) + 1
        self.stratum = panel.stratum
        strata, levels = int(panel.stratum.max()) + 1, places * count
        self.size = strata + levels + len(panel.names)
        terms = strata + levels + np.arange(len(panel.names))
        level = np.eye(count)[blocks]
        self.columns = [np.concatenate([strata + p * count + np.arange(count), terms]) for p in range(places)]
        self.dense = [np.concatenate([level, panel.covariates[:, p, :]], axis=1) for p in range(places)]
        self.spans = [np.flatnonzero(blocks == k) for k in range(count)]
        self.precision = np.full(self.size, 1 / FLAT_SD**2)
        self.precision[:strata] = 1e-8  # flat: the totals say nothing
        self.precision[strata + levels :] = 1 / panel.sds**2

    def fitted(self, theta: np.ndarray) -> np.ndarray:
        """Log rates less offset and deviations, (periods, places)."""
        dense = [d @ theta[c] for d, c in zip(self.dense, self.columns, strict=True)]
        return theta[self.stratum] + np.stack(dense, axis=1)

    def solve(
        self, working: np.ndarray, covariance: np.ndarray, inverses: tuple[np.ndarray, float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Generalised least squares: parameters, deviations, precision of the parameters."""
        inverse = inverses[0]
        hessian = np.diag(self.precision)
        right = np.zeros(self.size)
        for p, (dense, columns) in enumerate(zip(self.dense, self.columns, strict=True)):
            strata = self.stratum[:, p]
            cross = inverse[p] @ dense
            data = inverse[p] @ working[:, p]
            hessian[np.ix_(strata, strata)] += inverse[p]
            hessian[np.ix_(strata, columns)] += cross
            hessian[np.ix_(columns, strata)] += cross.T
            hessian[np.ix_(columns, columns)] += dense.T @ cross
            right[strata] += data
            right[columns] += dense.T @ data
        theta = np.linalg.solve(hessian, right)
        residual = working - self.fitted(theta)
        deviations = np.stack([covariance @ (inverse[p] @ residual[:, p]) for p in range(len(inverse))], axis=1)
        return theta, deviations, hessian

    def inverses(self, weight: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
        """Inverse of (deviations + 1 / weight) of every place, (places, periods, periods), and a log determinant."""
        root = np.sqrt(weight).T[:, :, None]
        inverse = np.zeros((weight.shape[1], *covariance.shape))
        log_det = 0.0
        for span in self.spans:
            here = root[:, span]
            scaled = np.eye(len(span)) + here * covariance[np.ix_(span, span)] * here.transpose(0, 2, 1)
            inverse[np.ix_(np.arange(len(inverse)), span, span)] = (
                here * np.linalg.inv(scaled) * here.transpose(0, 2, 1)
            )
            log_det += float(np.linalg.slogdet(scaled)[1].sum())
        return inverse, log_det


def _first_guess(panel: Panel) -> np.ndarray:
    counts = np.where(np.isnan(panel.counts), LIMIT / 2, panel.counts)
    return np.log(counts + 0.5)


def _cells(panel: Panel, log_rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and (negative) curvature of each cell's log likelihood in its log rate."""
    rate = np.exp(np.clip(log_rates, -30, 30))
    known = panel.used & ~np.isnan(panel.counts)
    hidden = panel.used & np.isnan(panel.counts)
    gradient = np.where(known, np.nan_to_num(panel.counts) - rate, 0.0)
    weight = np.where(known, rate, _MISSING)
    # below LIMIT: log P(Y < LIMIT) has slope -h with h = rate x hazard of a gamma of shape LIMIT at the rate
    hazard = np.exp(stats.poisson.logpmf(LIMIT - 1, rate) - stats.poisson.logcdf(LIMIT - 1, rate)) * rate
    gradient = np.where(hidden, -hazard, gradient)
    curvature = hazard * (LIMIT - rate + hazard)
    weight = np.where(hidden, np.maximum(curvature, _MISSING), weight)
    return gradient, weight


def _objective(
    panel: Panel,
    log_rates: np.ndarray,
    deviations: np.ndarray,
    precision: np.ndarray,
    theta: np.ndarray,
    design: _Design,
) -> float:
    """Log density of counts, deviations and parameters together, up to what does not depend on them."""
    rate = np.exp(np.clip(log_rates, -30, 30))
    known = panel.used & ~np.isnan(panel.counts)
    hidden = panel.used & np.isnan(panel.counts)
    counts = np.nan_to_num(panel.counts)
    total = np.sum((counts * log_rates - rate)[known])
    total += np.sum(stats.poisson.logcdf(LIMIT - 1, rate[hidden]))
    total -= 0.5 * np.sum(deviations * (precision @ deviations))
    return float(total - 0.5 * np.sum(design.precision * theta**2))


def strata(periods: int, group: np.ndarray) -> np.ndarray:
    """Number of the stratum of each cell, (periods, places): one a period and group of places, (places,)."""
    groups = np.unique(group, return_inverse=True)[1]
    return np.arange(periods)[:, None] * (int(groups.max()) + 1) + groups[None, :]


def monthly(starts: np.ndarray, values: np.ndarray, months: np.ndarray, centre: float) -> np.ndarray:
    """Values at periods (starts + ``centre`` years; (periods, places)) as a straight line between, at months."""
    return np.stack([np.interp(months, starts + centre, column) for column in values.T], axis=1)
