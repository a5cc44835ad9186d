"""Priors as maps from a standard normal: every uncertain number is θ = T(y) with y ~ N(0, 1).

One coordinate system for the fit, for prior draws and for adjusting draws to an assumption. Bounded and beta priors
go through their quantile function.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfinv, ndtr
from scipy import stats

from contraflow.evidence import Parameter, Prior

Array = Any
_REACH = 6.5
_GRID = np.linspace(-_REACH, _REACH, 2601)


@functools.lru_cache(maxsize=256)
def _beta_polynomial(a: float, b: float) -> tuple[float, ...]:
    """Coefficients of a smooth fit to the logit of a beta quantile against the normal coordinate."""
    cumulative, complement = stats.norm.cdf(_GRID), stats.norm.sf(_GRID)
    below, above = stats.beta.ppf(cumulative, a, b), stats.beta.isf(complement, a, b)
    quantile = np.where(_GRID < 0, below, above)
    rest = np.where(_GRID < 0, stats.beta.isf(cumulative, b, a), stats.beta.ppf(complement, b, a))
    logits = np.log(np.maximum(quantile, 1e-300)) - np.log(np.maximum(rest, 1e-300))
    return tuple(np.polynomial.Polynomial.fit(_GRID, logits, 15).convert().coef)


def _polynomial(coefficients: tuple[float, ...], y: Array) -> Array:
    y = jnp.clip(y, -_REACH, _REACH)
    total = jnp.zeros_like(y)
    for c in reversed(coefficients):
        total = total * y + c
    return total


def value(prior: Prior, y: Array) -> Array:
    """The parameter at standard-normal coordinate ``y`` (any shape)."""
    a = prior.arguments
    if prior.family == "fixed":
        return jnp.full_like(jnp.asarray(y, dtype=float), a["value"])
    if prior.family == "normal":
        return a["mean"] + a["sd"] * y
    if prior.family == "lognormal":
        return jnp.exp(a["mu"] + a["sigma"] * y)
    if prior.family == "logit_normal":
        return a["low"] + (a["high"] - a["low"]) * 0.5 * (1 + jnp.tanh(0.5 * (a["mu"] + a["sigma"] * y)))
    if prior.family == "uniform":
        return a["low"] + (a["high"] - a["low"]) * ndtr(y)
    if prior.family == "half_normal":
        return a["sd"] * np.sqrt(2) * erfinv(ndtr(jnp.minimum(y, _REACH)))
    if prior.family == "beta":
        return 0.5 * (1 + jnp.tanh(0.5 * _polynomial(_beta_polynomial(a["a"], a["b"]), y)))
    raise ValueError(f"no transform for the prior family {prior.family!r}")


def coordinate(prior: Prior, number: float | np.ndarray) -> np.ndarray:
    """The inverse of ``value``: standard-normal coordinate of a parameter value, by search; clipped to ±6.5."""
    table = np.asarray(value(prior, jnp.asarray(_GRID)))
    return np.interp(number, table, _GRID)


def values(parameters: Mapping[str, Parameter], y: Mapping[str, Array]) -> dict[str, Array]:
    """Parameter values by name at their coordinates."""
    return {name: value(parameters[name].prior, y[name]) for name in y}
