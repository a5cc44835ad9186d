"""Functions that XMILE lacks, in arithmetic and those that it has.

The error functions become polynomials, fitted here to SciPy's: their relative error stays below ``ACCURACY``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from scipy import special

from contraflow.engine.native.graph import Graph

ACCURACY = 1e-9
_DEGREE = 15
_DIGITS = 13

_ERFC_CENTRE = 3.75
_ERF_INV_NEAR = (0.0, 6.25)  # of w = −ln(1 − y²)
_ERF_INV_FAR = (2.5, 6.0)  # of √w; 6 lies beyond the numbers nearest to ±1


def tanh(graph: Graph, x: int) -> int:
    """1 − 2/(e^2x + 1): digits are lost where x is near 0, beside 1."""
    one, two = graph.constant(1.0), graph.constant(2.0)
    grown = graph.apply("exp", graph.apply("mul", two, x))
    return graph.apply("sub", one, graph.apply("div", two, graph.apply("add", grown, one)))


def logistic(graph: Graph, x: int) -> int:
    """1/(1 + e^−x)."""
    one = graph.constant(1.0)
    return graph.apply("div", one, graph.apply("add", one, graph.apply("exp", graph.apply("neg", x))))


def expm1(graph: Graph, x: int) -> int:
    """e^x − 1: digits are lost where x is near 0, beside 1."""
    return graph.apply("sub", graph.apply("exp", x), graph.constant(1.0))


def log1p(graph: Graph, x: int) -> int:
    """ln(1 + x): digits are lost where x is near 0, beside 1."""
    return graph.apply("log", graph.apply("add", graph.constant(1.0), x))


def sign(graph: Graph, x: int) -> int:
    """1, 0 or −1."""
    zero = graph.constant(0.0)
    below = graph.apply("select", graph.apply("lt", x, zero), graph.constant(-1.0), zero)
    return graph.apply("select", graph.apply("gt", x, zero), graph.constant(1.0), below)


def erfc(graph: Graph, x: int) -> int:
    """(1 + 2z) e^z² erfc(z), for z = |x|, is a polynomial in (z − c)/(z + c); erfc(−z) = 2 − erfc(z)."""
    z = graph.apply("abs", x)
    centre, two = graph.constant(_ERFC_CENTRE), graph.constant(2.0)
    place = graph.apply("div", graph.apply("sub", z, centre), graph.apply("add", z, centre))
    tail = graph.apply("exp", graph.apply("neg", graph.whole_power(z, 2)))
    above = graph.apply("mul", tail, _polynomial(graph, _erfc_coefficients(), place))
    above = graph.apply("div", above, graph.apply("add", graph.constant(1.0), graph.apply("mul", two, z)))
    below = graph.apply("sub", two, above)
    return graph.apply("select", graph.apply("lt", x, graph.constant(0.0)), below, above)


def erf(graph: Graph, x: int) -> int:
    """1 − erfc(x): digits are lost where x is near 0, beside 1."""
    return graph.apply("sub", graph.constant(1.0), erfc(graph, x))


def erf_inv(graph: Graph, y: int, gap: int) -> int:
    """y times a polynomial in w = −ln(1 − y²), or in √w where w is large. ``gap`` is 1 − y²."""
    w = graph.apply("neg", graph.apply("log", gap))
    near = _polynomial(graph, _erf_inv_coefficients(False), _scaled(graph, w, _ERF_INV_NEAR))
    far = _polynomial(graph, _erf_inv_coefficients(True), _scaled(graph, graph.apply("sqrt", w), _ERF_INV_FAR))
    is_near = graph.apply("lt", w, graph.constant(_ERF_INV_NEAR[1]))
    return graph.apply("mul", y, graph.apply("select", is_near, near, far))


def _polynomial(graph: Graph, coefficients: tuple[float, ...], x: int) -> int:
    # A sum of powers, not nested: readers of XMILE run out of stack on deep parentheses.
    total = graph.constant(coefficients[0])
    for power, coefficient in enumerate(coefficients[1:], start=1):
        term = graph.apply("mul", graph.constant(abs(coefficient)), graph.whole_power(x, power))
        total = graph.apply("add" if coefficient > 0 else "sub", total, term)
    return total


def _scaled(graph: Graph, x: int, ends: tuple[float, float]) -> int:
    """``x`` moved from between these ends to between −1 and 1."""
    middle, half = graph.constant(sum(ends) / 2), graph.constant((ends[1] - ends[0]) / 2)
    return graph.apply("div", graph.apply("sub", x, middle), half)


def _fitted(function: Callable[[np.ndarray], np.ndarray]) -> tuple[float, ...]:
    """Coefficients, from the constant up, of a polynomial near ``function`` between −1 and 1."""
    places = np.polynomial.chebyshev.chebpts1(_DEGREE + 1)
    series = np.polynomial.chebyshev.chebfit(places, function(places), _DEGREE)
    return tuple(float(f"{c:.{_DIGITS}g}") for c in np.polynomial.chebyshev.cheb2poly(series))


@functools.cache
def _erfc_coefficients() -> tuple[float, ...]:
    def scaled(place: np.ndarray) -> np.ndarray:
        z = _ERFC_CENTRE * (1 + place) / (1 - place)
        return np.asarray((1 + 2 * z) * special.erfcx(z))

    return _fitted(scaled)


@functools.cache
def _erf_inv_coefficients(far: bool) -> tuple[float, ...]:
    ends = _ERF_INV_FAR if far else _ERF_INV_NEAR

    def ratio(place: np.ndarray) -> np.ndarray:
        x = sum(ends) / 2 + (ends[1] - ends[0]) / 2 * place
        w = x**2 if far else x
        y = np.sqrt(-np.expm1(-w))
        return np.asarray(special.erfcinv(np.exp(-w) / (1 + y)) / y)

    return _fitted(ratio)
