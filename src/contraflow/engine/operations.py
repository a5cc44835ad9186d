"""Operations that model functions may use beside arithmetic and ``jnp.exp, log, tanh, sqrt, where``.

Each has a finite derivative everywhere it is defined, and a form that C and XMILE can express.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Array = Any
QUANTITY = "quantity["  # name of a traced call that gives its argument a unit
RATIO_UNIT = "ratio_unit["  # name of a traced call whose result has the unit of its first argument over its second
SAME_UNIT = "same_unit["  # name of a traced call whose arguments and result share one unit


@functools.lru_cache(maxsize=1024)
def _marker(unit: str) -> Any:
    def identity(x: Array) -> Array:
        return x * 1.0

    identity.__name__ = f"{QUANTITY}{unit}]"
    return jax.jit(identity)


def quantity(value: float, unit: str) -> Array:
    """A constant with a unit. Bare numbers in an equation are dimensionless."""
    return _marker(unit)(jnp.asarray(value, dtype=jnp.result_type(float)))


def smooth_min(x: Array, y: Array, width: Array) -> Array:
    """Smaller of two, rounded over ``width`` (same unit): ½(x + y − √((x−y)² + width²)). Never above either."""
    return 0.5 * (x + y - jnp.sqrt((x - y) ** 2 + width**2))


def smooth_max(x: Array, y: Array, width: Array) -> Array:
    """Larger of two, rounded over ``width`` (same unit). Never below either."""
    return 0.5 * (x + y + jnp.sqrt((x - y) ** 2 + width**2))


def limited(wanted: Array, limit: Array) -> Array:
    """Smaller of two non-negative quantities of one unit, rounded in proportion: (w⁻⁸ + l⁻⁸)^(−1/8).

    Unlike ``smooth_min`` it needs no width, never goes below zero (0 when either is 0), and lies at most 8.3 %
    under the sharp minimum, where the two are equal.
    """
    return _limited(jnp.asarray(wanted), jnp.asarray(limit))


def _same_unit_limited(wanted: Array, limit: Array) -> Array:
    positive = (wanted > 1e-100) & (limit > 1e-100)  # below, the derivative would divide by an underflow
    w, m = jnp.where(positive, wanted, 1.0), jnp.where(positive, limit, 1.0)
    share, other = w / (w + m), m / (w + m)
    return jnp.where(positive, w * other / (share**8 + other**8) ** 0.125, 0.0)


_same_unit_limited.__name__ = SAME_UNIT + "limited]"
_limited = jax.jit(_same_unit_limited)


def share(part: Array, whole: Array) -> Array:
    """``part / whole``, and 0 where the whole is 0."""
    return _share(jnp.asarray(part), jnp.asarray(whole))


def _ratio_unit_share(part: Array, whole: Array) -> Array:
    some = whole > 0
    return jnp.where(some, part / jnp.where(some, whole, 1.0), 0.0)


_ratio_unit_share.__name__ = RATIO_UNIT + "share]"
_share = jax.jit(_ratio_unit_share)


def safe_log(x: Array, floor: float = 1e-30) -> Array:
    """Logarithm of a dimensionless number, floored so that zero stays finite."""
    return jnp.log(jnp.maximum(x, floor))


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution function, accurate in the lower tail too."""
    return 0.5 * lax.erfc(x * -0.7071067811865476)


def normal_quantile(p: Array) -> Array:
    """Inverse of ``normal_cdf``; it saturates near ±7.9, so that p = 0 and p = 1 stay finite."""
    return 1.4142135623730951 * lax.erf_inv(2.0 * jnp.clip(p, 1e-15, 1.0 - 1e-15) - 1.0)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(−x)), exact far into both tails."""
    return lax.logistic(jnp.asarray(x))


def lookup(x: Array, xs: tuple[float, ...], ys: tuple[float, ...]) -> Array:
    """Piecewise-linear table of a dimensionless input, flat outside, as a sum of hinges."""
    if len(xs) != len(ys) or len(xs) < 2 or any(b <= a for a, b in zip(xs, xs[1:], strict=False)):
        raise ValueError("a lookup needs at least two points with increasing x")
    slopes = [0.0] + [(y1 - y0) / (x1 - x0) for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False)] + [0.0]
    value = ys[0] + 0.0 * x
    for x0, before, after in zip(xs, slopes, slopes[1:], strict=False):
        value = value + (after - before) * jnp.maximum(x - x0, 0.0)
    return value
