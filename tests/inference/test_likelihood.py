"""The likelihood against textbook densities, and the windows over which the model is averaged."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.inference.likelihood import (
    Discrepancy,
    carried,
    left_out,
    log_density,
    log_residual,
    predict,
    reporting_factor,
    scattered,
    synthetic,
    targets,
)
from contraflow.system.observations import OBSERVABLES

GRID = Grid(2000.0, 300)
TARGETS = targets(GRID)


def misses(sd, memory=2.3, draws=1):
    return Discrepancy(np.full(draws, sd), np.full(draws, memory))


def near(target, draws=1):
    """Expected values a little off what was observed, (rows, draws)."""
    off = np.clip(1.02 * target.observed, 0, 0.98) if target.is_share else 1.1 * target.observed**0.99
    return np.repeat(off[:, None], draws, axis=1)


def covariance(target, expected, sd, memory):
    """Of the residuals, from first principles."""
    apart = np.abs(target.spans.mean(axis=1)[:, None] - target.spans.mean(axis=1)[None, :])
    same = target.segment[:, None] == target.segment[None, :]
    signal = same * (sd**2 * np.exp(-apart / memory) + target.level_sd**2)
    return signal, signal + np.diag(np.asarray(target.variance(expected))[:, 0])


def test_every_series_to_fit_is_observed_and_every_observed_series_is_to_fit():
    fitted = {s.id for s in evidence.load().series.values() if s.use == "fit"}
    assert fitted == set(OBSERVABLES)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_residuals_are_normal_with_misses_that_fade_a_shared_factor_and_noise(name):
    target = TARGETS[name]
    expected = near(target)
    residual = np.asarray(log_residual(target, expected, target.observed[:, None]))[:, 0]
    exact = stats.multivariate_normal.logpdf(residual, cov=covariance(target, expected, 0.07, 2.3)[1])
    assert float(log_density(target, jnp.asarray(expected), misses(0.07))[0]) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("name", sorted(n for n, t in TARGETS.items() if t.series.observation.size))
def test_the_noise_of_counts_is_that_of_the_negative_binomial(name):
    """On the log scale the density of fitted counts differs little from the exact one, as far out as it matters."""
    target = TARGETS[name]
    size, mean = target.series.observation.size, float(target.observed.min())
    sd = float(np.sqrt(np.asarray(target.variance(np.full((len(target.observed), 1), mean)))[0, 0]))
    counts = np.round(mean * np.exp(sd * np.linspace(-3, 3, 25)))
    exact = stats.nbinom.logpmf(counts, size, size / (size + mean)) + np.log(counts)
    normal = stats.norm.logpdf(np.log(counts / mean), scale=sd)
    assert np.abs(exact - normal).max() < 0.3
    assert np.abs(exact - normal)[8:-8].max() < 0.05


def test_a_free_scale_does_not_see_the_level():
    target = TARGETS["us.treatment.buprenorphine_rx"]
    one, twenty = (
        float(log_density(target, jnp.asarray(f * target.observed[:, None]), misses(0.05))[0]) for f in (1.0, 20.0)
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
    drawn = predict(target, expected, misses(0.05, draws=4000), rng)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
    assert ((target.observed >= low) & (target.observed <= high)).mean() > 0.9


def test_a_reporting_factor_is_told_by_the_rows_of_its_segment_those_alike_counting_as_fewer():
    target, rng = TARGETS["us.oud.prescription_misuse.nsduh"], np.random.default_rng(5)
    draws = 8000
    expected = np.repeat(target.observed[:, None] * np.exp(-0.4), draws, axis=1)
    told = reporting_factor(target, expected, misses(0.05, 1e-3, draws), rng)
    first = target.segment == target.segment[0]
    assert (told[first] == told[first][0]).all(), "rows of a segment share it"
    precision = 1 / target.level_sd**2 + (1 / (target.noise[first] ** 2 + 0.05**2)).sum()
    assert told[0].mean() == pytest.approx(0.4 * (1 - 1 / target.level_sd**2 / precision), abs=0.005)
    assert told[0].std() == pytest.approx(precision**-0.5, rel=0.05)
    alike = reporting_factor(target, expected, misses(0.2, 5.0, draws), rng)
    apart = reporting_factor(target, expected, misses(0.2, 1e-3, draws), rng)
    longest = np.flatnonzero(target.segment == np.bincount(target.segment).argmax())[0]
    assert alike[longest].std() > 1.3 * apart[longest].std()


def test_a_series_whose_level_is_given_has_no_reporting_factor():
    target = TARGETS["mx.homicides.inegi.annual"]
    expected = np.repeat(target.observed[:, None] * np.exp(-0.4), 3, axis=1)
    assert not reporting_factor(target, expected, misses(0.05, draws=3), np.random.default_rng(0)).any()


@pytest.mark.parametrize(
    "name", ["us.deaths.heroin.share", "mx.homicides.inegi.annual", "us.oud.prescription_misuse.nsduh"]
)
def test_what_is_missed_is_carried_on_from_the_rows_seen_as_a_normal_is_conditioned(name):
    target, draws = TARGETS[name], 6000
    expected, seen = near(target, draws), target.spans[:, 1] <= 2019.0
    signal, whole = covariance(target, expected[:, :1], 0.2, 2.0)
    residual = np.asarray(log_residual(target, expected[:, :1], target.observed[:, None]))[:, 0]
    weights = signal[:, seen] @ np.linalg.inv(whole[np.ix_(seen, seen)])
    spread = np.sqrt(np.diag(signal - weights @ signal[seen]))
    made = carried(target, expected, misses(0.2, 2.0, draws), seen, np.random.default_rng(1))
    assert np.abs((made.mean(axis=1) - weights @ residual[seen]) / spread).max() < 5 / draws**0.5
    assert made.std(axis=1) == pytest.approx(spread, rel=0.05)


def test_nothing_seen_nothing_known():
    target = TARGETS["us.use.heroin_chronic"]
    seen = np.zeros(len(target.observed), dtype=bool)
    made = carried(target, near(target, 8000), misses(0.1, 2.0, 8000), seen, np.random.default_rng(2))
    assert made.std() == pytest.approx(np.hypot(0.1, target.level_sd), rel=0.05)


@pytest.mark.parametrize("name", ["us.oud.prescription_misuse.nsduh", "mx.homicides.inegi.annual"])
def test_a_left_out_point_is_predicted_by_the_model_and_the_other_points(name):
    target = TARGETS[name]
    expected = near(target)
    density, place = left_out(target, expected, misses(0.07))
    whole = float(log_density(target, jnp.asarray(expected), misses(0.07))[0])
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
        others = float(log_density(without, jnp.asarray(expected[rest]), misses(0.07))[0])
        assert density[row, 0] == pytest.approx(whole - others, rel=1e-6)
        assert 0 < place[row, 0] < 1


@pytest.mark.parametrize(
    "series", ["us.deaths.non_opioid.annual", "us.market.fentanyl_lab_share", "us.deaths.heroin.share"]
)
def test_places_of_synthetic_data_are_uniform(series):
    target, rng = TARGETS[series], np.random.default_rng(2)
    expected = np.repeat(target.observed[:, None], 400, axis=1)
    drawn = synthetic(target, expected, misses(0.05, draws=400), rng)
    places = [left_out(replace(target, observed=d), expected[:, :1], misses(0.05))[1][:, 0] for d in drawn.T]
    assert stats.kstest(np.ravel(places), "uniform").pvalue > 0.001
    assert drawn.std(axis=1).min() > 0


def test_synthetic_data_share_their_reporting_factor():
    target, rng = TARGETS["us.use.heroin_chronic"], np.random.default_rng(3)
    drawn = synthetic(target, np.repeat(target.observed[:, None], 2000, axis=1), misses(0.001, draws=2000), rng)
    logs = np.log(drawn / target.observed[:, None])
    assert logs.std() == pytest.approx(target.level_sd, rel=0.1)
    assert np.corrcoef(logs[0], logs[-1])[0, 1] > 0.95


def test_misses_of_neighbours_are_alike_and_begin_anew_at_a_break():
    target, rng = TARGETS["us.oud.heroin_disorder.nsduh"], np.random.default_rng(4)
    drawn = synthetic(target, near(target, 4000), misses(3.0, 5.0, 4000), rng)
    logs = np.log(drawn) - np.log(near(target))
    breaks = np.flatnonzero(np.diff(target.segment))
    alike = np.array([np.corrcoef(logs[k], logs[k + 1])[0, 1] for k in range(len(logs) - 1)])
    assert np.abs(alike[breaks]).max() < 0.1
    assert np.delete(alike, breaks).min() > 0.8


def test_single_counts_and_shares_scatter_as_their_families_say():
    rng = np.random.default_rng(6)
    for name in ("mx.missing.annual", "us.market.fentanyl_lab_share"):
        target = TARGETS[name]
        mean = near(target, 20_000)
        drawn = scattered(target, mean, rng)
        observation = target.series.observation
        m = mean[:, 0]
        exact = m + m**2 / observation.size if observation.size else m * (1 - m) / (observation.precision + 1)
        assert drawn.mean(axis=1) == pytest.approx(m, rel=0.01)
        assert drawn.var(axis=1) == pytest.approx(exact, rel=0.06)
