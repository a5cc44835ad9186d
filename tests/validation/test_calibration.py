"""Simulation-based calibration: places of the truth are uniform when the draws are right, and effects are functions."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow.inference.fit import Length
from contraflow.inference.problem import problem
from contraflow.validation.calibration import (
    REDUCED,
    _places,
    calibrate,
    experiment,
    policy_effects,
    reduced,
)


@pytest.fixture(scope="module")
def target():
    return problem()


def test_places_are_uniform_for_exchangeable_draws_and_not_for_narrow_ones():
    rng = np.random.default_rng(0)
    truth, draws = rng.standard_normal(2000), rng.standard_normal((49, 2000))
    right = _places((draws < truth).mean(axis=0), 49, seed=1)
    narrow = _places((0.5 * draws < truth).mean(axis=0), 49, seed=1)
    assert stats.kstest(right, "uniform").pvalue > 0.01
    assert stats.kstest(narrow, "uniform").pvalue < 1e-6


def test_the_reduced_model_frees_its_parameters_the_supply_latent_and_the_discrepancies(target):
    free = {n for n, f in zip(target.names, reduced(target), strict=True) if f}
    assert set(REDUCED) <= free
    assert {n.split("[")[0].split(":")[0] for n in free - set(REDUCED)} == {"supply_surge", "discrepancy"}


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
    once, again = policy_effects(target, y), policy_effects(target, np.concatenate([y, y], axis=1))
    for name, values in once.items():
        assert np.allclose(again[name], np.tile(values, 2))
    assert (once["effect: harm-reduction on us.overdose_deaths"] < 0).all()


def test_a_posterior_gives_back_the_coordinates_that_made_it(target, tmp_path):
    from contraflow.inference.fit import QUICK, _posterior, coordinates

    y = np.random.default_rng(4).standard_normal((target.size, 8))
    found = coordinates(target, _posterior(target, y, 1, {}, QUICK, "none", {}))
    assert np.allclose(found, y, atol=1e-6)


@pytest.mark.slow
def test_a_small_calibration_runs(tmp_path):
    found = calibrate(1, tmp_path / "work", sets=8, length=Length(warmup=2, kept=3, thin=1))
    assert found["datasets"] == 8 and found["inside_bands"] <= found["quantities"]
    assert len(found["outside"]) == found["quantities"] - found["inside_bands"]
    assert not (tmp_path / "work").exists()
