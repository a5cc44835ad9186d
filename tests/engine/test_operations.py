"""The operations that equations may use: right values, and finite values and derivatives at the extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow.engine import operations as op

TABLE_X, TABLE_Y = (0.0, 1.0, 2.0, 5.0), (1.0, 3.0, 2.0, 2.5)


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (op.normal_cdf, [-1e6, -40.0, -8.0, 0.0, 8.0, 40.0, 1e6]),
        (op.normal_quantile, [0.0, 1e-300, 1e-12, 0.5, 1 - 1e-12, 1.0]),
        (op.safe_log, [0.0, 1e-300, 1e-30, 1.0, 1e300]),
        (op.logistic, [-1e6, -750.0, 0.0, 750.0, 1e6]),
        (lambda x: op.lookup(x, TABLE_X, TABLE_Y), [-1e9, 0.0, 1.0, 2.0, 5.0, 1e9]),
        (lambda x: op.smooth_min(x, 1.0, 0.1), [-1e9, 0.0, 1.0, 1e9]),
        (lambda x: op.smooth_max(x, 1.0, 0.1), [-1e9, 0.0, 1.0, 1e9]),
        (lambda x: op.limited(x, 1.0), [0.0, 1e-300, 1.0, 1e300]),
        (lambda x: op.limited(1.0, x), [0.0, 1e-300, 1.0, 1e300]),
        (lambda x: op.limited(x, 0.0), [0.0, 1.0, 1e300]),
        (lambda x: op.limited(x, x), [0.0, 1e-300, 1.0, 1e300]),
    ],
    ids=[
        "normal_cdf", "normal_quantile", "safe_log", "logistic", "lookup", "smooth_min", "smooth_max",
        "limited by a constant", "limited by a variable", "limited by nothing", "limited by itself",
    ],
)  # fmt: skip
def test_value_and_derivative_are_finite_at_extremes(function, points):
    x = jnp.asarray(points)
    assert np.isfinite(jax.vmap(function)(x)).all()
    assert np.isfinite(jax.vmap(jax.grad(function))(x)).all()


def test_normal_cdf_agrees_with_scipy_far_into_the_lower_tail():
    x = np.linspace(-35, 8, 300)
    assert np.asarray(op.normal_cdf(x)) == pytest.approx(stats.norm.cdf(x), rel=1e-12)


def test_normal_quantile_inverts_the_distribution_function():
    p = np.array([1e-9, 0.001, 0.05, 0.5, 0.95, 0.999])
    assert np.asarray(op.normal_quantile(p)) == pytest.approx(stats.norm.ppf(p), rel=1e-7)
    assert np.asarray(op.normal_cdf(op.normal_quantile(p))) == pytest.approx(p, rel=1e-6)


def test_smooth_minimum_lies_under_both_and_smooth_maximum_over_both():
    x, y = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    low, high = np.asarray(op.smooth_min(x, y, 0.2)), np.asarray(op.smooth_max(x, y, 0.2))
    assert (low <= np.minimum(x, y)).all() and (high >= np.maximum(x, y)).all()
    assert (np.minimum(x, y) - low).max() == pytest.approx(0.1)
    assert low + high == pytest.approx(x + y)


def test_limited_is_within_8_3_percent_under_the_sharp_minimum_and_symmetric():
    w, m = np.meshgrid(np.geomspace(1e-3, 1e3, 61), np.geomspace(1e-3, 1e3, 61))
    value = np.asarray(op.limited(w, m))
    ratio = value / np.minimum(w, m)
    assert ratio.max() <= 1 + 1e-12 and ratio.min() >= 2 ** (-1 / 8) - 1e-12
    assert value == pytest.approx(np.asarray(op.limited(m, w)), rel=1e-13)


def test_limited_is_zero_when_either_is_zero_and_scales_with_its_unit():
    assert float(op.limited(0.0, 5.0)) == 0.0 == float(op.limited(5.0, 0.0))
    assert float(op.limited(2000.0, 3000.0)) == pytest.approx(1000 * float(op.limited(2.0, 3.0)))


def test_logistic_is_the_textbook_function():
    x = np.linspace(-20, 20, 101)
    assert np.asarray(op.logistic(x)) == pytest.approx(1 / (1 + np.exp(-x)), abs=1e-15)


def test_safe_log_is_the_logarithm_above_its_floor_and_constant_below():
    assert float(op.safe_log(2.0)) == pytest.approx(np.log(2))
    assert float(op.safe_log(0.0)) == float(op.safe_log(1e-40)) == pytest.approx(np.log(1e-30))


def test_lookup_interpolates_and_is_flat_outside_its_table():
    x = np.linspace(-3, 9, 200)
    assert np.asarray(op.lookup(x, TABLE_X, TABLE_Y)) == pytest.approx(np.interp(x, TABLE_X, TABLE_Y), abs=1e-13)


@pytest.mark.parametrize("xs", [(0.0,), (0.0, 0.0), (1.0, 0.0)])
def test_lookup_refuses_a_table_that_does_not_rise(xs):
    with pytest.raises(ValueError, match="increasing x"):
        op.lookup(1.0, xs, tuple(0.0 for _ in xs))


def test_a_share_of_nothing_is_zero_with_a_finite_slope():
    parts, wholes = jnp.array([1.0, 0.0, 0.0]), jnp.array([4.0, 4.0, 0.0])
    assert np.allclose(op.share(parts, wholes), [0.25, 0.0, 0.0])
    assert np.isfinite(jax.grad(lambda w: jnp.sum(op.share(parts, w)))(wholes)).all()
