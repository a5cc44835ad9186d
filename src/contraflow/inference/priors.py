"""Priors as maps from a standard normal: every uncertain number is θ = T(y) with y ~ N(0, 1).

One coordinate system for the fit, for prior draws and for adjusting draws to an assumption. Bounded and beta priors
go through their quantile function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import stats

from contraflow.evidence import Parameter, Prior

Array = Any
_GRID = np.linspace(-6.5, 6.5, 2601)


def _beta_logits(prior: Prior) -> np.ndarray:
    quantiles = stats.beta.ppf(stats.norm.cdf(_GRID), prior.arguments["a"], prior.arguments["b"])
    inside = np.clip(quantiles, 1e-12, 1 - 1e-12)
    return np.log(inside / (1 - inside))


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
        return a["low"] + (a["high"] - a["low"]) * 0.5 * (1 + jnp.tanh(_probit_logit(y)))
    if prior.family == "half_normal":
        return a["sd"] * _half_normal(y)
    if prior.family == "beta":
        return 0.5 * (1 + jnp.tanh(0.5 * jnp.interp(y, _GRID, _beta_logits(prior))))
    raise ValueError(f"no transform for the prior family {prior.family!r}")


def _probit_logit(y: Array) -> Array:
    """Half the logit of Φ(y), from a table, so that ½(1 + tanh) gives Φ(y) with a smooth derivative."""
    return jnp.interp(y, _GRID, 0.5 * (stats.norm.logcdf(_GRID) - stats.norm.logsf(_GRID)))


def _half_normal(y: Array) -> Array:
    """|N(0, 1)| at the quantile of y, in logs from a table so that it stays positive."""
    quantiles = stats.norm.ppf(0.5 + 0.5 * stats.norm.cdf(_GRID))
    return jnp.exp(jnp.interp(y, _GRID, np.log(np.clip(quantiles, 1e-12, None))))


def coordinate(prior: Prior, number: float | np.ndarray) -> np.ndarray:
    """The inverse of ``value``: standard-normal coordinate of a parameter value, by search; clipped to ±6.5."""
    table = np.asarray(value(prior, jnp.asarray(_GRID)))
    return np.interp(number, table, _GRID)


def values(parameters: Mapping[str, Parameter], y: Mapping[str, Array]) -> dict[str, Array]:
    """Parameter values by name at their coordinates."""
    return {name: value(parameters[name].prior, y[name]) for name in y}
