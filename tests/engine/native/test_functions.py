"""Elementary functions of the kernel against SciPy's, over their whole range and at its edges."""

import platform

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy import special

from contraflow.engine import Grid, assemble, auxiliary, series
from contraflow.engine.native import build
from contraflow.engine.native.kernel import kernel

RANDOM = np.random.default_rng(20)
INF, NAN = np.inf, np.nan


def spread(low, high, n=1500):
    return RANDOM.uniform(low, high, n)


def near(x, n=500):
    """Points on both sides of x, from far to very near."""
    return x + np.concatenate([10.0 ** spread(-12, 0, n), -(10.0 ** spread(-12, 0, n))])


UNARY = {
    "exp": (jnp.exp, np.exp, [spread(-700, 700), near(0), [0, -0.0, INF, -INF, 709.7, -800, 800]]),
    "log": (jnp.log, np.log, [10.0 ** spread(-300, 300), abs(near(1)), [0, 1, INF, -1, 5e-324, 1e-310]]),
    "log1p": (jnp.log1p, np.log1p, [10.0 ** spread(-30, 30), -spread(0, 0.999), near(0), [0, -1, INF, -2]]),
    "expm1": (jnp.expm1, np.expm1, [spread(-40, 40), near(0), [0, INF, -INF, -700]]),
    "tanh": (jnp.tanh, np.tanh, [spread(-25, 25), near(0), [0, INF, -INF, 400]]),
    "logistic": (lax.logistic, special.expit, [spread(-700, 700), near(0), [0, INF, -INF]]),
    "erf": (lax.erf, special.erf, [spread(-7, 7), near(0), near(1), [0, INF, -INF, 1, -1]]),
    "erfc": (lax.erfc, special.erfc, [spread(-7, 26), near(0), [0, INF, -INF, 40]]),
    "erf_inv": (
        lax.erf_inv,
        special.erfinv,
        [spread(-1, 1), near(0) % 1, 1 - 10.0 ** -spread(0, 15), 10.0 ** -spread(0, 15) - 1, [0, 1, -1, 2]],
    ),
    "sqrt": (jnp.sqrt, np.sqrt, [10.0 ** spread(-300, 300), [0, INF, -1]]),
    "absolute value": (jnp.abs, np.abs, [spread(-1, 1), [0, -INF]]),
    "sign": (jnp.sign, np.sign, [spread(-1, 1), [0, -INF]]),
    "whole powers": (lambda x: x**3 + x**-2, lambda x: x**3 + 1 / x**2, [near(0), [2, -2]]),
    "a root": (lambda x: x**0.37, lambda x: x**0.37, [10.0 ** spread(-300, 300), [0, INF, 1, -1]]),
}


def evaluated(function, *arguments, single=False):
    """A function's values on the kernel: one step of a model whose only equation it is."""
    names = ("x", "y")[: len(arguments)]
    declared = {n: series("1", role="driver", doc="An argument.") for n in names}

    def one(x):
        """A function of one."""
        return function(x)

    def two(x, y):
        """A function of two."""
        return function(x, y)

    model = assemble({**declared, "value": auxiliary("1")(one if len(arguments) == 1 else two)}, {})
    grid = Grid(2000, len(arguments[0]), substeps=1)
    made = kernel(model, ("value",), single=single)
    layout = made.arguments(grid, [])
    packed = [np.zeros((1, 1)), np.stack([np.asarray(a, dtype=float) for a in arguments]), np.zeros((1, 1, 1))]
    found = made.run([*packed, layout.rows, layout.settings], made.shapes(grid.periods, 1), grid.periods)
    return found[0][:, 0, 0]


def worst(found, expected, tiny):
    """Largest relative error; infinite where an infinity, a NaN or an underflow is missed."""
    assert found.shape == expected.shape
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    small = (np.abs(expected) < tiny) & (np.abs(found) < 2 * tiny)
    ordinary = np.isfinite(expected) & np.isfinite(found) & (expected != 0)
    with np.errstate(all="ignore"):
        error = np.where(same | small, 0.0, np.where(ordinary, np.abs(found / expected - 1), INF))
    return error.max()


@pytest.fixture(params=["this processor", "any processor"])
def instructions(request, monkeypatch):
    """The widest vectors that there are, and the narrowest, which every processor of the family has."""
    if request.param == "any processor":
        if platform.machine() != "x86_64":
            pytest.skip("the oldest instructions are named for x86-64 only")
        monkeypatch.setattr(build, "PROCESSOR", "-march=x86-64")


@pytest.mark.parametrize("name", UNARY)
def test_a_function_is_right_to_twelve_digits_and_at_its_edges(name, instructions):
    function, expected, points = UNARY[name]
    x = np.concatenate([*points, [NAN]])
    with np.errstate(all="ignore"):
        assert worst(evaluated(function, x), expected(x), 1e-307) < 1e-12


@pytest.mark.parametrize("name", [n for n in UNARY if n not in ("erf_inv", "erfc")])
def test_a_function_is_right_to_six_digits_in_single_precision(name):
    function, expected, _ = UNARY[name]
    x = np.concatenate([spread(0.05, 0.95), [0.5, 1.0]]).astype(np.float32).astype(float)
    assert worst(evaluated(function, x, single=True), expected(x), 1e-37) < 1e-6


def test_powers_are_right_for_every_sign_of_the_base(instructions):
    base = np.concatenate([np.exp(spread(-20, 20)), -spread(0, 5, 200), [0, 0, 0, 1, 1, -1, -2, INF, 2, 2, -2, -0.0]])
    exponent = np.concatenate(
        [spread(-20, 20), np.round(spread(-20, 20, 100)), spread(-2, 2, 100)]
        + [[0, 1, -1, INF, NAN, 3, 2, 0, -INF, INF, 0.5, 2]]
    )
    with np.errstate(all="ignore"):
        assert worst(evaluated(lambda x, y: x**y, base, exponent), base**exponent, 1e-300) < 1e-12


@pytest.mark.parametrize(
    ("ours", "numpys"), [(jnp.maximum, np.maximum), (jnp.minimum, np.minimum)], ids=["larger", "smaller"]
)
def test_what_is_no_number_wins_in_both_places(ours, numpys):
    x, y = np.array([1, NAN, 2, NAN, 3.0, -INF]), np.array([2, 1, NAN, NAN, 3.0, 0])
    assert np.array_equal(evaluated(ours, x, y), numpys(x, y), equal_nan=True)
    assert np.array_equal(evaluated(lambda x: ours(x, 2.0), x), numpys(x, 2.0), equal_nan=True)


def test_choices_follow_comparisons_and_their_combinations():
    def choice(x, y):
        inside = (x >= 0.2) & ~(x > 0.8) | (x == y)
        return jnp.where(inside, jnp.where(x < y, 1.0, 2.0), jnp.where(x != y, y, NAN)) + (x <= y)

    x, y = spread(0, 1), spread(0, 1)
    x[:100] = y[:100]
    with np.errstate(invalid="ignore"):
        assert np.array_equal(evaluated(choice, x, y), np.asarray(choice(x, y)), equal_nan=True)
