"""The likelihood against textbook densities, and the windows over which the model is averaged."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.inference.likelihood import log_density, predict, targets
from contraflow.system.observations import OBSERVABLES

GRID = Grid(2000.0, 300)
TARGETS = targets(GRID)


def test_every_series_to_fit_is_observed_and_every_observed_series_is_to_fit():
    fitted = {s.id for s in evidence.load().series.values() if s.use == "fit"}
    assert fitted == set(OBSERVABLES)


def test_counts_are_negative_binomial_with_the_discrepancy_in_their_overdispersion():
    target = TARGETS["us.deaths.non_opioid.annual"]
    expected, discrepancy = 1.1 * target.observed[:, None], np.array([0.05])
    k = 1 / (1 / target.series.observation.size + 0.05**2)
    exact = stats.nbinom.logpmf(target.observed, k, k / (k + expected[:, 0])).sum()
    assert float(log_density(target, jnp.asarray(expected), jnp.asarray(discrepancy))[0]) == pytest.approx(
        exact, rel=1e-9
    )


def test_a_shared_reporting_factor_is_integrated_out_exactly():
    target = TARGETS["us.oud.prescription_misuse.nsduh"]
    expected, discrepancy = 1.3 * target.observed[:, None] ** 0.98, np.array([0.07])
    residual = np.log(target.observed) - np.log(expected[:, 0])
    same = target.segment[:, None] == target.segment[None, :]
    covariance = np.diag(target.noise**2 + 0.07**2) + target.level_sd**2 * same
    exact = stats.multivariate_normal.logpdf(residual, cov=covariance)
    assert float(log_density(target, jnp.asarray(expected), jnp.asarray(discrepancy))[0]) == pytest.approx(
        exact, rel=1e-9
    )


def test_a_free_scale_does_not_see_the_level():
    target = TARGETS["us.treatment.buprenorphine_rx"]
    one, twenty = (
        float(log_density(target, jnp.asarray(f * target.observed[:, None]), jnp.array([0.05]))[0]) for f in (1.0, 20.0)
    )
    assert one - twenty < 1.5


def test_half_years_are_counts_and_years_are_rates():
    half, year = TARGETS["us.deaths.synthetic_opioids.half_year"], TARGETS["us.deaths.non_opioid.annual"]
    flat = jnp.full((300, 1), 1200.0)
    assert np.allclose(half.expected(flat), 600.0)
    assert np.allclose(year.expected(flat), 1200.0)


def test_the_same_deaths_enter_once():
    annual = TARGETS["us.deaths.synthetic_opioids.annual"]
    assert len(annual.observed) == 18
    assert not annual.windows[:, 18 * 12 :].any()


def test_points_after_a_cut_leave_the_likelihood():
    early = targets(Grid(2000.0, 240), until=2020.0)
    assert len(early["us.deaths.non_opioid.annual"].observed) == 20
    assert "us.treatment.buprenorphine" not in early


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_draws_of_a_series_scatter_round_the_model_as_the_density_says(name):
    target = TARGETS[name]
    rng = np.random.default_rng(0)
    expected = np.repeat(target.observed[:, None], 4000, axis=1)
    drawn = predict(target, expected, np.full(4000, 0.05), rng)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
    assert ((target.observed >= low) & (target.observed <= high)).mean() > 0.9
