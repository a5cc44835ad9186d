"""Priors as maps from a standard normal: every uncertain number is θ = T(y) with y ~ N(0, 1).

One coordinate system for the fit, for prior draws and for adjusting draws to an assumption. Bounded and beta priors
go through their quantile function. Numbers and NumPy arrays are computed by NumPy, what JAX holds or traces by JAX.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from contraflow.evidence import Parameter, Prior

Array = Any
_REACH = 6.5
_GRID = np.linspace(-_REACH, _REACH, 2601)


@functools.lru_cache(maxsize=256)
def _beta_polynomial(a: float, b: float) -> tuple[float, ...]:
    """Coefficients of a smooth fit to the logit of a beta quantile against the normal coordinate."""
    cumulative, complement = special.ndtr(_GRID), special.ndtr(-_GRID)
    below, above = special.betaincinv(a, b, cumulative), special.betainccinv(a, b, complement)
    quantile = np.where(_GRID < 0, below, above)
    rest = np.where(_GRID < 0, special.betainccinv(b, a, cumulative), special.betaincinv(b, a, complement))
    logits = np.log(np.maximum(quantile, 1e-300)) - np.log(np.maximum(rest, 1e-300))
    return tuple(np.polynomial.Polynomial.fit(_GRID, logits, 15).convert().coef)


def _polynomial(coefficients: tuple[float, ...], y: Array, numpy: Any) -> Array:
    y = numpy.clip(y, -_REACH, _REACH)
    total = numpy.zeros_like(y)
    for c in reversed(coefficients):
        total = total * y + c
    return total


def _libraries(y: Array) -> tuple[Any, Any]:
    """What computes with ``y``: NumPy and SciPy's special functions, or JAX's forms of them."""
    if isinstance(y, float | int | np.ndarray | np.generic):
        return np, special
    import jax.numpy
    import jax.scipy.special

    return jax.numpy, jax.scipy.special


def value(prior: Prior, y: Array) -> Array:
    """The parameter at standard-normal coordinate ``y`` (any shape), by the library that ``y`` belongs to."""
    a = prior.arguments
    numpy, functions = _libraries(y)
    y = numpy.asarray(y, dtype=float)
    if prior.family == "fixed":
        return numpy.full_like(y, a["value"])
    if prior.family == "normal":
        return a["mean"] + a["sd"] * y
    if prior.family == "lognormal":
        return numpy.exp(a["mu"] + a["sigma"] * y)
    if prior.family == "logit_normal":
        return a["low"] + (a["high"] - a["low"]) * 0.5 * (1 + numpy.tanh(0.5 * (a["mu"] + a["sigma"] * y)))
    if prior.family == "uniform":
        return a["low"] + (a["high"] - a["low"]) * functions.ndtr(y)
    if prior.family == "half_normal":
        return a["sd"] * np.sqrt(2) * functions.erfinv(functions.ndtr(numpy.minimum(y, _REACH)))
    if prior.family == "beta":
        return 0.5 * (1 + numpy.tanh(0.5 * _polynomial(_beta_polynomial(a["a"], a["b"]), y, numpy)))
    raise ValueError(f"no transform for the prior family {prior.family!r}")


def coordinate(prior: Prior, number: float | np.ndarray) -> np.ndarray:
    """The inverse of ``value``: standard-normal coordinate of a parameter value, by search; clipped to ±6.5."""
    return np.interp(number, value(prior, _GRID), _GRID)


def values(parameters: Mapping[str, Parameter], y: Mapping[str, Array]) -> dict[str, Array]:
    """Parameter values by name at their coordinates."""
    return {name: value(parameters[name].prior, y[name]) for name in y}
