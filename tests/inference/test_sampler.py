"""The sampler recovers a known target, chain by chain, with some coordinates held, and may be stopped at any time."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.inference.checkpoint import Checkpoints
from contraflow.inference.sampler import descend, effective_draws, sample, sampler, whitening

CENTRE = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 0.01]])
PRECISION = np.linalg.inv(COVARIANCE)


def log_density(y, weights):
    gap = y - jnp.asarray(CENTRE)[:, None]
    return -0.5 * weights[0] * jnp.einsum("ic,ij,jc->c", gap, jnp.asarray(PRECISION), gap)


ENGINE = sampler(log_density, size=3, chains=200, leapfrogs=8)
WEIGHTS = np.ones(1)
ALL = np.ones(3, dtype=bool)
AT_CENTRE = np.repeat(CENTRE[:, None], 200, axis=1)


def quiet(_: str) -> None:
    return None


def test_curvature_is_the_precision_of_a_gaussian_at_every_chain():
    spread = CENTRE[:, None] + np.random.default_rng(0).standard_normal((3, 200))
    found = ENGINE.curvature(spread, WEIGHTS, ALL)
    assert found.shape == (200, 3, 3)
    assert np.allclose(found, PRECISION, rtol=1e-5, atol=1e-6)


def test_only_the_free_block_is_whitened():
    free = np.array([False, True, True])
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, free), free)
    assert not factor[:, 0].any()
    assert np.allclose(factor[0][1:, 1:] @ factor[0][1:, 1:].T, np.linalg.inv(PRECISION[1:, 1:]), rtol=1e-4)


def test_descent_finds_the_mode_of_every_chain():
    start = CENTRE[:, None] + np.random.default_rng(0).standard_normal((3, 200))
    found = descend(ENGINE, start, whitening(ENGINE.curvature(start, WEIGHTS, ALL), ALL), WEIGHTS, 40)
    assert np.allclose(found, CENTRE[:, None], atol=0.01)


def test_draws_have_the_mean_and_covariance_of_the_target():
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, ALL), ALL)
    drawn, went = sample(ENGINE, AT_CENTRE, factor, WEIGHTS, warmup=30, kept=10, thin=2, seed=3, log=quiet)
    pooled = np.concatenate(list(drawn), axis=1)
    assert np.allclose(pooled.mean(axis=1), CENTRE, atol=0.12)
    assert np.allclose(np.cov(pooled), COVARIANCE, atol=0.12)
    assert went["stuck_chains"] == 0.0


def test_held_coordinates_stay_and_the_rest_follows_its_conditional():
    free = np.array([False, True, True])
    held = AT_CENTRE.copy()
    held[0] = np.linspace(-1, 3, 200)
    drawn, _ = sample(
        ENGINE,
        held,
        whitening(ENGINE.curvature(held, WEIGHTS, free), free),
        WEIGHTS,
        warmup=30,
        kept=6,
        thin=2,
        seed=4,
        log=quiet,
    )
    assert np.array_equal(drawn[-1][0], held[0])
    slope = np.polyfit(held[0], drawn.mean(axis=0)[1], 1)[0]
    assert abs(slope - 0.8) < 0.1


class Killed(Exception):
    pass


def killed_after(transitions):
    """The sampler, whose run ends when it has made this many transitions."""
    work = [0]

    def advance(amount):
        work[0] += amount
        if work[0] >= transitions * ENGINE.leapfrogs:
            raise Killed

    return replace(ENGINE, advance=advance)


def sampled(engine, saved=None):
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, ALL), ALL)
    options = {"warmup": 12, "kept": 4, "thin": 5, "seed": 3, "log": quiet}
    return sample(engine, AT_CENTRE, factor, WEIGHTS, saved=saved, **options)


@pytest.mark.parametrize("stops", [(1,), (10,), (11,), (25,), (32,), (7, 15, 31)])
def test_a_run_that_was_stopped_goes_on_to_the_same_draws(tmp_path, stops):
    saved = Checkpoints(tmp_path, {"seed": 3}).of("sampling")
    for transitions in stops:
        with pytest.raises(Killed):
            sampled(killed_after(transitions), saved)
    drawn, went = sampled(ENGINE, saved)
    expected, expected_went = sampled(ENGINE)
    assert np.array_equal(drawn, expected)
    assert went == expected_went


def test_a_stopped_run_loses_less_than_ten_transitions_and_reports_the_same_work(tmp_path):
    saved = Checkpoints(tmp_path, {"seed": 3}).of("sampling")
    with pytest.raises(Killed):
        sampled(killed_after(29), saved)
    told: list[int] = []
    made = []

    def counted(*arguments):
        made.append(1)
        return ENGINE.transition(*arguments)

    sampled(replace(ENGINE, transition=counted, advance=told.append), saved)
    assert len(made) == 32 - 20
    assert sum(told) == 32 * ENGINE.leapfrogs
    made.clear()
    sampled(replace(ENGINE, transition=counted), saved)
    assert not made


def test_independent_draws_count_in_full_and_repeated_ones_once():
    rng = np.random.default_rng(0)
    independent, held = rng.standard_normal((5, 1, 2000)), np.repeat(rng.standard_normal((1, 1, 2000)), 5, axis=0)
    slow = [rng.standard_normal((1, 2000))]
    for _ in range(4):
        slow.append(0.8 * slow[-1] + 0.6 * rng.standard_normal((1, 2000)))
    found = effective_draws(np.concatenate([independent, held, np.stack(slow)], axis=1))
    assert found[0] == pytest.approx(10_000, rel=0.05)
    assert found[1] == pytest.approx(2000)
    repeated = 1 + 2 * sum((1 - k / 5) * 0.8**k for k in range(1, 5))
    assert found[2] == pytest.approx(10_000 / repeated, rel=0.05)


def test_a_difference_between_chains_counts_as_repetition():
    rng = np.random.default_rng(0)
    levels = 10 * rng.standard_normal((1, 1, 2000))
    assert effective_draws(levels + rng.standard_normal((5, 1, 2000)))[0] == pytest.approx(2000, rel=0.01)
