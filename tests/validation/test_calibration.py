"""Simulation-based calibration: places of the truth are uniform when the draws are right, and effects are functions."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow.inference.fit import FIRST, Length, Stage
from contraflow.inference.posterior import load_posterior
from contraflow.inference.problem import problem
from contraflow.validation import calibration
from contraflow.validation.calibration import (
    EFFECTS,
    REDUCED,
    REDUCED_LATENTS,
    Experiment,
    Refits,
    _ends,
    _places,
    calibrate,
    experiment,
    policy_effects,
    posterior_sbc,
    recovery,
    reduced,
    refit,
    refits,
)
from contraflow.validation.scoring import EVEN, pit_inside_bands

#: Enough to run every step, not to sample well.
SHORT = Length(warmup=4, kept=4, thin=1)


@pytest.fixture(scope="module")
def target():
    return problem()


@pytest.fixture
def fewer_data(monkeypatch):
    """Fits of the data before 2013: the same steps in a third of the time."""
    monkeypatch.setattr(calibration, "problem", lambda: problem(2013.0))


def test_places_are_uniform_for_exchangeable_draws_and_not_for_narrow_ones():
    rng = np.random.default_rng(0)
    truth, draws = rng.standard_normal(2000), rng.standard_normal((49, 2000))
    right = _places((draws < truth).sum(axis=0), 49, seed=1)
    narrow = _places((0.5 * draws < truth).sum(axis=0), 49, seed=1)
    assert stats.kstest(right, "uniform").pvalue > 0.01
    assert stats.kstest(narrow, "uniform").pvalue < 1e-6


def two_means(noise):
    """Two standard-normal means, each observed once with a variance of 0.04: a target in closed form."""

    def log_density(y, weights, observed):
        return -0.5 * jnp.sum(y**2, axis=0) - 0.5 * weights[0] * jnp.sum((observed["points"] - y) ** 2, axis=0) / 0.04

    rng = np.random.default_rng(0)
    truth = rng.standard_normal((2, 160))
    points = truth + np.sqrt(noise) * rng.standard_normal(truth.shape)
    target = SimpleNamespace(size=2, prepared={"points": None}, log_density=log_density)
    return Experiment(target, truth, {"points": points})


@pytest.mark.parametrize(("noise", "inside"), [(0.04, True), (0.08, False)], ids=["right", "twice the variance"])
def test_ranks_keep_within_their_bands_only_if_the_likelihood_is_that_of_the_data(tmp_path, noise, inside):
    made = two_means(noise)
    drawn = refit(
        made, np.ones(2, dtype=bool), Stage((FIRST,), Length(warmup=20, kept=19, thin=2)), 0, tmp_path / "work", 5
    )
    assert drawn.shape == (19, 2, 160)
    error = drawn.mean(axis=0) - made.observed["points"] / 1.04
    assert np.abs(error).mean() < 0.1, "each chain is at the mean of its own posterior"
    places = _places((drawn < made.truth).sum(axis=0), len(drawn), seed=1)
    assert pit_inside_bands(places.ravel(), range(places.size), EVEN) == inside


def second_history(beside_ours):
    """A standard-normal mean seen once by us, at 1 with a variance of 0.25, and once more from draws given that."""
    ours = 1.0

    def log_density(y, weights, *data):
        seen = [ours if values is None else values["points"][0] for values in data]
        return -0.5 * jnp.sum(y**2, axis=0) - 0.5 * weights[0] * sum((at - y[0]) ** 2 for at in seen) / 0.25

    rng = np.random.default_rng(0)
    truth = ours / 1.25 + np.sqrt(0.2) * rng.standard_normal((1, 160))
    points = truth + 0.5 * rng.standard_normal(truth.shape)
    target = SimpleNamespace(size=1, prepared={"points": None}, log_density=log_density)
    return Experiment(target, truth, {"points": points}, beside_ours)


@pytest.mark.parametrize(("beside_ours", "inside"), [(True, True), (False, False)], ids=["beside ours", "alone"])
def test_truths_that_are_draws_given_our_data_have_even_ranks_only_beside_them(tmp_path, beside_ours, inside):
    made, stage = second_history(beside_ours), Stage((FIRST,), Length(warmup=20, kept=19, thin=2))
    drawn = refit(made, np.ones(1, dtype=bool), stage, 0, tmp_path / "work", 5)
    places = _places((drawn < made.truth).sum(axis=0), len(drawn), seed=1)
    assert pit_inside_bands(places.ravel(), range(places.size), EVEN) == inside


def test_histories_beside_each_other_add_their_likelihoods(target):
    y = jnp.asarray(0.1 * np.random.default_rng(5).standard_normal((target.size, 2)))
    weights = jnp.ones(len(target.prepared))
    other = experiment(target, np.asarray(y), seed=3).observed
    alone, second, both = (np.asarray(target.log_density(y, weights, *d)) for d in ((), (other,), (None, other)))
    prior = -0.5 * (np.asarray(y) ** 2).sum(axis=0)
    assert np.allclose(both - prior, (alone - prior) + (second - prior)) and not np.allclose(alone, second)


def test_the_reduced_model_frees_its_parameters_two_latent_drivers_and_the_discrepancies(target):
    free = {n for n, f in zip(target.names, reduced(target), strict=True) if f}
    assert set(REDUCED) <= free and {f"{latent}_sd" for latent in REDUCED_LATENTS} <= set(REDUCED)
    vectors = {n.split("[")[0].split(":")[0] for n in free - set(REDUCED)}
    assert vectors == {*REDUCED_LATENTS, "discrepancy", "memory"}


def test_synthetic_data_differ_by_set_and_lie_near_what_the_model_expects(target):
    made = experiment(target, np.zeros((target.size, 8)), seed=2)
    deaths = made.observed["mx.homicides.inegi.annual"]
    assert made.sets == 8 and deaths.shape == (25, 8)
    expected = np.asarray(target.prepared["mx.homicides.inegi.annual"].expected(
        target.monthly(jnp.zeros((target.size, 1)))["mx_homicides"]
    ))  # fmt: skip
    assert (deaths.std(axis=1) > 0).all()
    assert np.abs(np.log(deaths / expected)).max() < 0.3


def test_effects_depend_on_coordinates_alone(target):
    y = 0.1 * np.random.default_rng(3).standard_normal((target.size, 4))
    once, again = (policy_effects(target, x, EFFECTS) for x in (y, np.concatenate([y, y], axis=1)))
    for name, values in once.items():
        assert np.allclose(again[name], np.tile(values, 2))
    assert (once["effect: harm-reduction on us.overdose_deaths"] < 0).all()


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_data")
def test_a_small_calibration_runs(tmp_path, monkeypatch):
    kept = {}

    def keep(name, make):
        kept[name] = make()
        return kept[name]

    monkeypatch.setattr(calibration, "BATCHES", 2)
    stage = Stage((SHORT,), Length(warmup=2, kept=3, thin=1))
    found = calibrate(1, tmp_path / "work", keep, sets=8, stage=stage)
    assert len(kept) == 2 and kept["batch-1"] != kept["batch-2"]
    ranks = [r for batch in kept.values() for r in batch["ranks"]["titration"]]
    assert found["ranks"]["titration"] == ranks and set(ranks) <= {0, 1, 2, 3}
    assert found["datasets"] == 8 and found["inside_bands"] <= found["quantities"]
    assert len(found["outside"]) == found["quantities"] - found["inside_bands"]
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_data")
def test_small_refits_beside_our_data_run(tmp_path):
    stage = Stage((SHORT,), Length(warmup=2, kept=4, thin=1))
    made = refits(load_posterior(), 1, tmp_path / "work", beside_ours=True, histories=8, stage=stage)
    found, alone = posterior_sbc(made, seed=1), recovery(made)
    assert (found["histories"], found["draws"]) == (8, 4) and alone["histories"] == 8
    assert set(found["effects"]) == set(found["ranks"]) == set(alone["effects"]) and len(alone["effects"]) == 4
    assert found["quantities"] == len(made.coordinates) + len(made.effects)
    assert not (tmp_path / "work").exists()


def shares(centre, sd):
    """Posterior SBC of one quantity and one effect whose truths are standard normal and whose draws are like this."""
    rng = np.random.default_rng(4)
    pair = rng.standard_normal(400), centre + sd * rng.standard_normal((60, 400))
    return posterior_sbc(Refits({"quantity": pair}, {"effect": pair}), seed=1)


def test_intervals_that_are_right_narrow_or_off_are_told_apart():
    right, narrow, off = (shares(*at) for at in ((0.0, 1.0), (0.0, 0.5), (1.0, 1.0)))
    assert right["outside"] == [] and right["coverage_90"] == pytest.approx(0.9, abs=0.03)
    assert narrow["inside_bands"] == off["inside_bands"] == 0
    row = narrow["effects"]["effect"]
    assert row["inside"] == pytest.approx(0.59, abs=0.06) and min(row["below"], row["above"]) > 0.15
    assert off["effects"]["effect"]["below"] > 0.2 and off["effects"]["effect"]["above"] < 0.02


def test_ends_of_few_draws_hold_another_draw_nine_times_in_ten():
    rng = np.random.default_rng(8)
    draws, another = rng.standard_normal((60, 4000)), rng.standard_normal(4000)
    low, high = _ends(draws)
    assert ((another > low) & (another < high)).mean() == pytest.approx(0.9, abs=0.015)
