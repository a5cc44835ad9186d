"""The sampler recovers a known target, chain by chain, with some coordinates held, and may be stopped at any time."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.inference import sampler as module
from contraflow.inference.checkpoint import Checkpoints
from contraflow.inference.diagnostics import diagnose, divergences, settled
from contraflow.inference.sampler import (
    WIDE,
    WIDENING,
    descend,
    hardly_moving,
    sample,
    sampler,
    whitening,
    widened,
)

CENTRE = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 0.01]])
PRECISION = np.linalg.inv(COVARIANCE)


def log_density(y, weights):
    gap = y - jnp.asarray(CENTRE)[:, None]
    return -0.5 * weights[0] * jnp.einsum("ic,ij,jc->c", gap, jnp.asarray(PRECISION), gap)


ENGINE = sampler(log_density, size=3)
WEIGHTS = jnp.ones(1)
ALL = np.ones(3, dtype=bool)
AT_CENTRE = np.repeat(CENTRE[:, None], 200, axis=1)


def quiet(_: str) -> None:
    return None


def test_curvature_is_the_precision_of_a_gaussian():
    spread = CENTRE[:, None] + np.random.default_rng(0).standard_normal((3, 200))
    assert np.allclose(ENGINE.curvature(spread, WEIGHTS, ALL), PRECISION, rtol=1e-5, atol=1e-6)


def test_curvature_is_the_mean_over_sound_chains():
    quartic = sampler(lambda y, _: -jnp.sum(y**4, axis=0) / 12, size=2)
    at = np.array([[1.0, 2.0, np.nan], [0.0, 1.0, 0.0]])
    assert np.allclose(quartic.curvature(at, None, ALL[:2]), np.diag([2.5, 0.5]), atol=1e-2)


def test_only_the_free_block_is_whitened():
    free = np.array([False, True, True])
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, free), free)
    assert factor.shape == (3, 2) and not factor[0].any()
    assert np.allclose(factor[1:] @ factor[1:].T, np.linalg.inv(PRECISION[1:, 1:]), rtol=1e-4)


def test_only_directions_in_which_chains_spread_far_are_widened():
    free = np.array([True, True, True, False])
    factor = np.vstack(
        [np.linalg.qr([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0], [1.0, 0.0, 1.0]])[0] * [0.1, 1.0, 5.0], np.zeros(3)]
    )
    spread = np.array([10.0, 1.0, 0.2])  # sds of the whitened draws
    z = np.random.default_rng(0).standard_normal((400, 3, 50)) * spread[:, None]
    of_chains = 30 * np.random.default_rng(1).standard_normal((4, 50))  # every chain has a target of its own
    wider = widened(factor, np.einsum("ij,kjc->kic", factor, z) + of_chains)
    once = (100 / WIDE) ** WIDENING
    expected = factor @ np.diag([once, 1.0, 1.0]) @ factor.T
    assert np.allclose(wider @ wider.T, expected, rtol=0.05, atol=1e-3) and not wider[~free].any()
    again = widened(wider, 3 * np.einsum("ij,kjc->kic", factor, z))  # what has been widened may be widened once more
    twice = once * (900 / once / WIDE) ** WIDENING
    expected = factor @ np.diag([twice, (9 / WIDE) ** WIDENING, 1.0]) @ factor.T
    assert np.allclose(again @ again.T, expected, rtol=0.05, atol=2e-3)


def test_widening_does_without_a_decomposition_that_fails(monkeypatch):
    rng = np.random.default_rng(0)
    factor, draws = rng.standard_normal((4, 3)), 5 * rng.standard_normal((30, 4, 6))
    expected = widened(factor, draws)

    def fails(_):
        raise np.linalg.LinAlgError

    monkeypatch.setattr(np.linalg, "pinv", fails)
    made = widened(factor, draws)
    assert np.allclose(made @ made.T, expected @ expected.T)


def test_a_chain_that_hardly_moves_is_told_from_slow_ones():
    factor = np.diag([100.0, 0.01])  # steps count in units of the factor, not of the coordinates
    steps = np.random.default_rng(0).standard_normal((30, 2, 5)) * [1.0, 0.6, 0.01, 1.0, 1.5]
    draws = np.einsum("sf,kfc->ksc", factor, steps.cumsum(axis=0))
    assert hardly_moving(factor, draws).tolist() == [False, False, True, False, False]


def test_descent_finds_the_mode_of_every_chain():
    start = CENTRE[:, None] + np.random.default_rng(0).standard_normal((3, 200))
    found = descend(ENGINE, start, whitening(ENGINE.curvature(start, WEIGHTS, ALL), ALL), WEIGHTS, 40)
    assert np.allclose(found, CENTRE[:, None], atol=0.01)


def test_draws_have_the_mean_and_covariance_of_the_target():
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, ALL), ALL)
    made = sample(ENGINE, AT_CENTRE, factor, WEIGHTS, warmup=30, kept=10, thin=2, seed=3, log=quiet)
    pooled = np.concatenate(list(made.draws), axis=1)
    assert np.allclose(pooled.mean(axis=1), CENTRE, atol=0.12)
    assert np.allclose(np.cov(pooled), COVARIANCE, atol=0.12)
    assert made.went["stuck_chains"] == made.went["divergence_share"] == 0.0 and not made.divergent.any()
    assert made.went["chains"] == 200 and made.went["transitions"] == 50 and made.divergent.shape == (10, 200)


def test_a_badly_scaled_start_is_still_sampled():
    factor = 5 * np.eye(3)
    made = sample(ENGINE, AT_CENTRE, factor, WEIGHTS, warmup=60, kept=20, thin=2, seed=5, log=quiet)
    assert np.allclose(np.cov(np.concatenate(list(made.draws), axis=1)), COVARIANCE, atol=0.15)
    assert made.went["step"] < 0.1


def test_a_chain_in_a_place_too_narrow_for_its_step_moves():
    def needle(y, _):
        narrow = 3.0 - 0.5e4 * ((y[0] - 5) ** 2 + (y[1] - 5) ** 2)  # far narrower than the step of 0.1
        return jnp.logaddexp(-0.5 * (y[0] ** 2 + y[1] ** 2), narrow)

    start = np.zeros((2, 6))
    start[:, 4] = 5.001
    made = sample(sampler(needle, size=2), start, np.eye(2), None, warmup=0, kept=40, thin=1, seed=2, log=quiet)
    assert len(np.unique(made.draws[:, 0, 4])) > 20 and made.went["divergence_share"] == 0.0
    assert 0 < made.went["finer_share"] < 0.5 and made.went["evaluations"] > made.went["steps"]


def test_held_coordinates_stay_and_the_rest_follows_its_conditional():
    free = np.array([False, True, True])
    held = AT_CENTRE.copy()
    held[0] = np.linspace(-1, 3, 200)
    made = sample(
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
    assert np.array_equal(made.draws[-1][0], held[0])
    slope = np.polyfit(held[0], made.draws.mean(axis=0)[1], 1)[0]
    assert abs(slope - 0.8) < 0.1


class Killed(Exception):
    pass


def killed_after(transitions):
    """The sampler, whose run ends when it has made this many transitions."""
    work = [0]

    def advance(amount):
        work[0] += amount
        if work[0] >= transitions * ENGINE.longest_trajectory:
            raise Killed

    return replace(ENGINE, advance=advance)


def sampled(engine, saved=None):
    factor = whitening(ENGINE.curvature(AT_CENTRE, WEIGHTS, ALL), ALL)
    options = {"warmup": 12, "kept": 4, "thin": 5, "seed": 3, "log": quiet}
    return sample(engine, AT_CENTRE[:, :40], factor, WEIGHTS, saved=saved, **options)


@pytest.mark.parametrize("stops", [(1,), (12,), (13,), (25,), (32,), (7, 15, 31)])
def test_a_run_that_was_stopped_goes_on_to_the_same_draws(tmp_path, monkeypatch, stops):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.0)
    saved = Checkpoints(tmp_path, {"seed": 3}).of("sampling")
    for transitions in stops:
        with pytest.raises(Killed):
            sampled(killed_after(transitions), saved)
    made, expected = sampled(ENGINE, saved), sampled(ENGINE)
    assert np.array_equal(made.draws, expected.draws) and np.array_equal(made.divergent, expected.divergent)
    assert made.went == expected.went


def test_a_stopped_run_does_no_transition_twice_and_reports_the_same_work(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.0)
    saved = Checkpoints(tmp_path, {"seed": 3}).of("sampling")
    told: list[int] = []
    asked = []

    def counted(*arguments):
        asked.append(1)
        return ENGINE.whitened(*arguments)

    engine = replace(ENGINE, whitened=counted, advance=told.append)
    sampled(engine)
    whole = len(asked)
    asked.clear()
    with pytest.raises(Killed):
        sampled(killed_after(29), saved)
    told.clear()
    sampled(engine, saved)
    assert 0 < len(asked) < whole / 4  # the slowest of 40 chains is a few transitions behind the mean
    assert sum(told) == 32 * ENGINE.longest_trajectory
    asked.clear()
    sampled(engine, saved)
    assert not asked


def test_chains_may_see_data_of_their_own():
    shifted = sampler(lambda y, data: -0.5 * jnp.sum((y - data) ** 2, axis=0), size=2)
    data = np.random.default_rng(1).normal(0, 5, (2, 100))
    drawn = sample(shifted, data, np.eye(2), jnp.asarray(data), warmup=10, kept=20, thin=2, seed=1, log=quiet).draws
    assert np.allclose(drawn.mean(axis=0), data, atol=1.2)


def test_diagnostics_pass_independent_draws_and_fail_chains_that_disagree():
    rng = np.random.default_rng(0)
    good = rng.standard_normal((400, 1, 16))
    apart = good + 2 * rng.standard_normal((1, 1, 16))
    found = diagnose(np.concatenate([good, apart], axis=1), ["good", "apart"])
    assert found["quantities"] == 2 and found["passed"] == 1
    assert found["worst"][0][0] == "apart" and found["rhat_max"] > 1.5
    assert found["ess_bulk_min"] < 100


def test_divergences_are_placed_where_they_begin():
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((200, 3, 16))
    split = np.zeros((200, 16), dtype=int)
    split[1:] = (draws[:-1, 1] > 1.8) & (rng.uniform(size=(199, 16)) < 0.3)  # after a draw where the second is large
    split[0, 0] = 1  # on the way to the first draw: there is no place to give it
    found = divergences(draws, split, ["a", "b", "c"])
    assert found["transitions"] == split[1:].sum() > 10 and found["quantities"] == 3
    assert found["chains"] == (split[1:].sum(axis=0) > 0).sum() and 1 / 16 <= found["most"] < 1
    assert found["apart"] == 1 and found["where"][0][0] == "b" and found["where"][0][1] > 1.8
    none = divergences(draws, np.zeros((200, 16), dtype=int), ["a", "b", "c"])
    assert (none["transitions"], none["chains"], none["most"], none["apart"], none["where"]) == (0, 0, 0.0, 0, [])


def test_chains_that_still_move_or_spread_have_not_settled():
    rng = np.random.default_rng(0)
    still = rng.standard_normal((1, 1, 128)) + 0.5 * rng.standard_normal((5, 1, 128))
    moving = still + 0.5 * np.arange(5)[:, None, None]
    spreading = still * (1 + 0.1 * np.arange(5)[:, None, None])
    found = settled(np.concatenate([still, moving, spreading], axis=1), ["still", "moving", "spreading"])
    assert (found["quantities"], found["moved"], found["spread"]) == (3, 1, 1)
    name, ratio, shift = found["worst"][0]
    assert name == "spreading" and ratio == pytest.approx(1.4, abs=0.15) and abs(shift) < 0.2
