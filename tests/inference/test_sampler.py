"""The sampler recovers a known target, chain by chain, with some coordinates held."""

import jax.numpy as jnp
import numpy as np

from contraflow.inference.sampler import descend, sample, sampler, whitening

CENTRE = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 0.01]])
PRECISION = np.linalg.inv(COVARIANCE)


def log_density(y, weights):
    gap = y - jnp.asarray(CENTRE)[:, None]
    return -0.5 * weights[0] * jnp.einsum("ic,ij,jc->c", gap, jnp.asarray(PRECISION), gap)


ENGINE = sampler(log_density, size=3, chains=200, leapfrogs=8)
WEIGHTS = np.ones(1)


def quiet(_: str) -> None:
    return None


def test_curvature_is_the_precision_of_a_gaussian():
    assert np.allclose(ENGINE.curvature(CENTRE, WEIGHTS), PRECISION, rtol=1e-5)


def test_descent_finds_the_mode_of_every_chain():
    start = CENTRE[:, None] + np.random.default_rng(0).standard_normal((3, 200))
    found = descend(ENGINE, start, whitening(PRECISION, np.ones(3, dtype=bool)), WEIGHTS, 40)
    assert np.allclose(found, CENTRE[:, None], atol=0.01)


def test_draws_have_the_mean_and_covariance_of_the_target():
    free = np.ones(3, dtype=bool)
    drawn, went = sample(
        ENGINE, np.repeat(CENTRE[:, None], 200, axis=1), whitening(PRECISION, free), WEIGHTS,
        warmup=30, kept=10, thin=2, seed=3, log=quiet,
    )  # fmt: skip
    pooled = np.concatenate(list(drawn), axis=1)
    assert np.allclose(pooled.mean(axis=1), CENTRE, atol=0.12)
    assert np.allclose(np.cov(pooled), COVARIANCE, atol=0.12)
    assert went["stuck_chains"] == 0.0


def test_held_coordinates_stay_and_the_rest_follows_its_conditional():
    free = np.array([False, True, True])
    held = np.repeat(CENTRE[:, None], 200, axis=1)
    held[0] = np.linspace(-1, 3, 200)
    drawn, _ = sample(ENGINE, held, whitening(PRECISION, free), WEIGHTS, warmup=30, kept=6, thin=2, seed=4, log=quiet)
    assert np.array_equal(drawn[-1][0], held[0])
    slope = np.polyfit(held[0], drawn.mean(axis=0)[1], 1)[0]
    assert abs(slope - 0.8) < 0.1
