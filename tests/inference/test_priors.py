"""Priors as maps from a standard normal: right quantiles, exact inverses, finite slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow import evidence
from contraflow.evidence import Prior
from contraflow.inference import priors

Z95 = 1.6448536


def prior(**form) -> Prior:
    return Prior.model_validate(form)


@pytest.mark.parametrize(
    ("given", "law"),
    [
        (prior(normal={"mean": 1.0, "sd": 2.0}), stats.norm(1, 2)),
        (prior(lognormal={"median": 3.0, "sd": 0.4}), stats.lognorm(0.4, scale=3)),
        (prior(half_normal={"sd": 2.0}), stats.halfnorm(scale=2)),
        (prior(beta={"a": 7, "b": 3}), stats.beta(7, 3)),
        (prior(uniform={"low": -1, "high": 3}), stats.uniform(-1, 4)),
    ],
    ids=lambda x: getattr(x, "family", ""),
)
def test_a_coordinate_is_the_quantile_of_the_prior(given, law):
    y = np.array([-3.0, -Z95, -0.5, 0.0, 0.7, Z95, 3.0])
    assert np.allclose(priors.value(given, jnp.asarray(y)), law.ppf(stats.norm.cdf(y)), rtol=1e-4, atol=1e-6)


def test_a_logit_normal_has_its_stated_quantiles():
    given = prior(logit_normal={"q05": 0.2, "q95": 0.7})
    low, high = priors.value(given, jnp.array([-Z95, Z95]))
    assert (float(low), float(high)) == pytest.approx((0.2, 0.7), rel=1e-6)


@pytest.mark.parametrize("name", sorted(evidence.load().parameters))
def test_every_prior_inverts_and_has_a_finite_slope(name):
    given = evidence.load().parameters[name].prior
    if given.is_fixed:
        assert float(priors.value(given, jnp.zeros(1))[0]) == given.arguments["value"]
        return
    y = np.array([-2.5, -1.0, 0.0, 1.0, 2.5])
    assert np.allclose(priors.coordinate(given, np.asarray(priors.value(given, jnp.asarray(y)))), y, atol=0.01)
    slopes = jax.vmap(jax.grad(lambda x: jnp.sum(priors.value(given, x))))(jnp.linspace(-6, 6, 41))
    assert np.isfinite(slopes).all()
    assert (np.asarray(slopes) >= 0).all()


@pytest.mark.parametrize("name", sorted(evidence.load().parameters))
def test_numpy_and_jax_give_the_same_value_each_in_its_own_arrays(name):
    given = evidence.load().parameters[name].prior
    y = np.linspace(-6, 6, 49)
    by_numpy, by_jax = priors.value(given, y), priors.value(given, jnp.asarray(y))
    assert isinstance(by_numpy, np.ndarray) and isinstance(by_jax, jax.Array)
    np.testing.assert_allclose(by_numpy, by_jax, rtol=1e-9)
    assert float(priors.value(given, 1.5)) == pytest.approx(float(by_numpy[30]), rel=1e-12)
