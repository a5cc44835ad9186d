"""The likelihood against textbook densities, and the windows over which the model is averaged."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.inference.likelihood import left_out, log_density, predict, reporting_factor, synthetic, targets
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
    assert np.allclose(half.expected(flat)[:12], 600.0)
    assert np.allclose(year.expected(flat)[15:24], 1200.0)


def test_the_same_deaths_enter_once():
    annual = TARGETS["us.deaths.synthetic_opioids.annual"]
    assert len(annual.observed) == 18
    assert not annual.windows[:, 18 * 12 :].any()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_windows_average_the_months_within_the_spans_of_the_rows(name):
    target, middles = TARGETS[name], GRID.times + 0.5 / GRID.per_year
    assert target.spans.shape == (len(target.observed), 2)
    for (start, end), window in zip(target.spans, target.windows, strict=True):
        assert np.array_equal(window > 0, (middles > start) & (middles < end))


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


def test_a_reporting_factor_is_told_by_the_rows_seen_of_its_segment_and_else_by_its_prior():
    target, rng = TARGETS["us.oud.prescription_misuse.nsduh"], np.random.default_rng(5)
    first, last = target.segment[0], target.segment[-1]
    assert first != last
    seen, residual = target.segment == first, np.full((len(target.observed), 8000), 0.4)
    residual[~seen] = 9.0
    level = reporting_factor(target, residual, np.full(8000, 0.05), seen, rng)
    precision = 1 / target.level_sd**2 + (1 / (target.noise[seen] ** 2 + 0.05**2)).sum()
    told, untold = level[seen], level[target.segment == last]
    assert (told == told[0]).all() and (untold == untold[0]).all(), "rows of a segment share it"
    assert told[0].mean() == pytest.approx(0.4 * (1 - 1 / target.level_sd**2 / precision), abs=0.005)
    assert told[0].std() == pytest.approx(precision**-0.5, rel=0.05)
    assert untold[0].mean() == pytest.approx(0.0, abs=0.05 * target.level_sd)
    assert untold[0].std() == pytest.approx(target.level_sd, rel=0.05)


def test_a_series_whose_level_is_given_has_no_reporting_factor():
    target = TARGETS["mx.homicides.inegi.annual"]
    everything = np.ones(len(target.observed), dtype=bool)
    residual = np.full((len(target.observed), 3), 0.4)
    assert not reporting_factor(target, residual, np.full(3, 0.05), everything, np.random.default_rng(0)).any()


def test_a_left_out_point_is_predicted_by_the_model_and_the_points_that_share_its_factor():
    target = TARGETS["us.oud.prescription_misuse.nsduh"]
    expected, discrepancy = 1.3 * target.observed[:, None] ** 0.98, np.array([0.07])
    density, place = left_out(target, expected, discrepancy)
    whole = float(log_density(target, jnp.asarray(expected), jnp.asarray(discrepancy))[0])
    for row in (0, 8):
        rest = np.arange(len(target.observed)) != row
        without = replace(
            target,
            spans=target.spans[rest],
            observed=target.observed[rest],
            windows=target.windows[rest],
            segment=target.segment[rest],
            noise=target.noise[rest],
        )
        others = float(log_density(without, jnp.asarray(expected[rest]), jnp.asarray(discrepancy))[0])
        assert density[row, 0] == pytest.approx(whole - others, rel=1e-6)
        assert 0 < place[row, 0] < 1


@pytest.mark.parametrize(
    "series", ["us.deaths.non_opioid.annual", "us.market.fentanyl_lab_share", "us.deaths.heroin.share"]
)
def test_places_of_synthetic_data_are_uniform(series):
    target, rng = TARGETS[series], np.random.default_rng(2)
    expected = np.repeat(target.observed[:, None], 400, axis=1)
    discrepancy = np.full(400, 0.05)
    drawn = synthetic(target, expected, discrepancy, rng)
    places = [left_out(replace(target, observed=d), expected[:, :1], discrepancy[:1])[1][:, 0] for d in drawn.T]
    assert stats.kstest(np.ravel(places), "uniform").pvalue > 0.001
    assert drawn.std(axis=1).min() > 0


def test_synthetic_data_share_their_reporting_factor():
    target, rng = TARGETS["us.use.heroin_chronic"], np.random.default_rng(3)
    drawn = synthetic(target, np.repeat(target.observed[:, None], 2000, axis=1), np.full(2000, 0.001), rng)
    logs = np.log(drawn / target.observed[:, None])
    assert logs.std() == pytest.approx(target.level_sd, rel=0.1)
    assert np.corrcoef(logs[0], logs[-1])[0, 1] > 0.95
