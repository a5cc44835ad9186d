"""Scores against closed forms, calibration bands that fire when they should, and skill with an honest interval."""

import numpy as np
import pytest
from scipy import stats

from contraflow.validation.scoring import (
    EVEN,
    LEVELS,
    PIT_LEVELS,
    coverage_band,
    covered,
    ensemble_quantiles,
    interval,
    interval_score,
    log_crps,
    pit,
    pit_bands,
    pit_inside_bands,
    quantiles_between,
    skill,
)


def lognormal(mean=0.0, sd=1.0):
    return np.exp(mean + sd * stats.norm.ppf(LEVELS))


def crps_of_a_normal(z, sd):
    return sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


@pytest.mark.parametrize("z", [-3.0, -1.0, 0.0, 0.4, 2.5])
@pytest.mark.parametrize("sd", [0.05, 0.8])
def test_the_score_of_quantiles_is_that_of_a_normal_in_logs(z, sd):
    found = log_crps(lognormal(11.0, sd), np.exp(11.0 + z * sd))
    assert float(found) == pytest.approx(crps_of_a_normal(z, sd), rel=0.01)


def test_the_score_does_not_depend_on_units():
    assert log_crps(1000 * lognormal(), 1300.0) == pytest.approx(float(log_crps(lognormal(), 1.3)))


def test_the_score_of_the_quantiles_of_an_ensemble_is_near_that_of_all_its_draws():
    draws = np.exp(np.random.default_rng(1).normal(size=(2, 600)))
    outcome = np.array([0.7, 3.0])
    logs = np.log(draws)
    apart = np.abs(logs - np.log(outcome)[:, None]).mean(axis=1)
    among = np.abs(logs[:, :, None] - logs[:, None, :]).mean(axis=(1, 2))
    assert log_crps(ensemble_quantiles(draws), outcome) == pytest.approx(apart - among / 2, rel=0.02)


def test_a_lognormal_published_at_a_few_levels_is_drawn_exactly_tails_included():
    levels = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
    published = np.exp(3 + 0.2 * stats.norm.ppf(levels))
    assert quantiles_between(levels, published) == pytest.approx(lognormal(3, 0.2))


def test_central_intervals_and_what_lies_in_them():
    low, high = interval(lognormal(), 80)
    assert (np.log(low), np.log(high)) == (pytest.approx(-1.2816, abs=0.005), pytest.approx(1.2816, abs=0.005))
    assert covered(lognormal(), np.exp(1.27), 80) and not covered(lognormal(), np.exp(1.29), 80)
    assert not covered(lognormal(), np.exp(-1.29), 80)


def test_the_interval_score_is_the_width_and_a_penalty_for_missing():
    width = 2 * 1.2816
    assert interval_score(lognormal(), 1.0, 80) == pytest.approx(width, abs=0.01)
    assert interval_score(lognormal(), np.exp(2.2816), 80) == pytest.approx(width + 2 / 0.2 * 1.0, abs=0.06)


def test_the_place_of_an_outcome_is_the_probability_below_it():
    outcomes = np.exp(np.array([-9.0, -1.0, 0.0, 1.5, 9.0]))
    quantiles = np.tile(lognormal(), (5, 1))
    assert pit(quantiles, outcomes) == pytest.approx(stats.norm.cdf(np.log(outcomes)), abs=2e-3)


def places(sd, mean=0.0, number=150, seed=0):
    outcomes = np.exp(np.random.default_rng(seed).normal(mean, sd, size=number))
    return pit(np.tile(lognormal(), (number, 1)), outcomes)


def test_bands_hold_a_calibrated_forecast_as_often_as_they_say():
    low, high = pit_bands(range(150))
    shares = [(places(1.0, seed=k)[:, None] <= PIT_LEVELS).mean(axis=0) for k in range(200)]
    assert 0.90 <= np.mean([np.all((low <= s) & (s <= high)) for s in shares]) <= 0.99
    assert pit_inside_bands(places(1.0), range(150))


@pytest.mark.parametrize(("sd", "mean"), [(2.0, 0.0), (0.4, 0.0), (1.0, 0.7)], ids=["narrow", "wide", "biased"])
def test_bands_fire_when_the_forecast_is_too_narrow_too_wide_or_biased(sd, mean):
    assert not pit_inside_bands(places(sd, mean), range(150))


def test_values_that_err_together_widen_the_bands():
    at, (_, alone) = EVEN, pit_bands(range(100), EVEN)
    low, together = pit_bands([k // 5 for k in range(100)], EVEN)
    assert np.all(together >= alone) and together[9] - at[9] > 1.8 * (alone[9] - at[9])
    assert together[9] - at[9] == pytest.approx(at[9] - low[9])


def test_a_forecast_right_in_the_middle_and_wrong_in_its_tails_is_outside():
    u = np.linspace(0.0025, 0.9975, 400)
    tails = np.where(u < 0.05, 0.001, np.where(u > 0.95, 0.999, u))
    assert pit_inside_bands(u, range(400)) and not pit_inside_bands(tails, range(400))


def test_the_band_of_coverage_is_that_of_calibrated_forecasts():
    low, high = coverage_band(range(400), 0.9)
    assert (low, high) == pytest.approx((0.9 - 1.96 * 0.015, 0.9 + 1.96 * 0.015), abs=0.004)
    wide = coverage_band([k // 4 for k in range(400)], 0.9)
    assert wide[0] == pytest.approx(0.9 - 2 * (0.9 - low), abs=0.015) and wide[1] > high


def scores(theirs=0.2, origins=6, series=8):
    labels = [(o, s) for o in range(origins) for s in range(series) for _ in range(4)]
    return np.full(len(labels), theirs), [o for o, _ in labels], [s for _, s in labels]


def test_a_forecast_that_is_always_a_quarter_better_has_just_that_skill():
    theirs, origins, series = scores()
    found = skill(0.75 * theirs, theirs, origins, series)
    assert found == {k: pytest.approx(0.25) for k in ("value", "median", "q05", "q95")}


def test_an_advantage_of_one_series_alone_is_not_certain():
    theirs, origins, series = scores()
    ours = np.where(np.array(series) == 0, 0.0, 1.05) * theirs
    found = skill(ours, theirs, origins, series)
    assert found["q05"] < 0 < found["value"] < found["q95"]


def test_whole_blocks_are_drawn_so_that_more_years_of_the_same_forecast_add_no_certainty():
    rng = np.random.default_rng(3)
    once = rng.uniform(0.5, 1.5, size=(6, 8))
    labels = [(o, s) for o in range(6) for s in range(8)]
    few = skill(once.ravel(), np.ones(48), *zip(*labels, strict=True))
    many = skill(np.repeat(once, 10), np.ones(480), *zip(*np.repeat(labels, 10, axis=0), strict=True))
    assert few["q95"] - few["q05"] > 0.1
    assert (many["q05"], many["q95"]) == (pytest.approx(few["q05"]), pytest.approx(few["q95"]))


def test_weights_take_entries_out_of_the_pool():
    theirs, origins, series = scores()
    out = np.array(series) == 3
    ours = np.where(out, 9.0, 0.5) * theirs
    assert skill(ours, theirs, origins, series, np.where(out, 0.0, 1.0))["value"] == pytest.approx(0.5)


def test_one_block_alone_is_resampled_by_its_years():
    found = skill(np.array([0.1, 0.1, 0.1, 0.4]), np.full(4, 0.2), [2020] * 4, ["a"] * 4)
    assert found["q05"] < found["median"] < found["q95"]
