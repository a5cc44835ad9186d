"""Rivals on series whose best forecast is known, and the figures published for deaths of 2021 to 2024."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.validation import rivals
from contraflow.validation.rivals import (
    LONG,
    RIVALS,
    SOURCE_SERIES,
    TRUE_SHARE_ERRORS,
    Cache,
    differences,
    forecast,
    source_base,
)
from contraflow.validation.scoring import covered, log_crps

MEDIAN = 100
AHEAD = np.arange(2021, 2026)


def years(number):
    return np.arange(2021 - number, 2021)


def walk(number=25, sd=0.1, drift=0.0, seed=0):
    return np.exp(10 + np.cumsum(np.random.default_rng(seed).normal(drift, sd, size=number)))


def spread(quantiles):
    """Standard deviation of the logarithm, from the central 68 %."""
    return (np.log(quantiles[:, 168]) - np.log(quantiles[:, 31])) / 2


def deaths():
    series = evidence.load().series[SOURCE_SERIES]
    at = np.round(series.starts).astype(int)
    return at, series.values


def mean_score(quantiles):
    at, values = deaths()
    return log_crps(quantiles, values[at > 2020]).mean()


@pytest.mark.parametrize(("rival", "published"), [("persistence", 0.120), ("drift", 0.175)])
def test_scores_of_opioid_deaths_from_2020_are_those_published(rival, published):
    at, values = deaths()
    seen = at <= 2020
    assert mean_score(forecast(rival, at[seen], values[seen], at[~seen])) == pytest.approx(published, abs=0.003)


def test_the_projection_of_source_scores_as_published_and_covers_2024_alone():
    quantiles = np.stack(list(source_base().values()))
    assert mean_score(quantiles) == pytest.approx(0.183, abs=0.001)
    at, values = deaths()
    assert list(covered(quantiles, values[at > 2020], 95)) == [False, False, False, True]
    errors = np.median(quantiles, axis=1) / values[at > 2020] - 1
    assert list(np.round(100 * errors)) == [-21, -23, -23, 10]


def test_the_oracle_is_quoted_for_the_same_years():
    assert set(TRUE_SHARE_ERRORS) == set(source_base())


def test_persistence_stays_at_the_last_value_with_the_noise_of_past_changes():
    values = walk(400, 0.1)
    quantiles = forecast("persistence", years(400), values, AHEAD)
    assert np.allclose(quantiles[:, MEDIAN], values[-1], rtol=0.02)
    assert spread(quantiles) == pytest.approx(0.1 * np.sqrt(np.arange(1, 6)), rel=0.1)


@pytest.mark.parametrize("rival", ["drift", "ets", "arima"])
def test_a_steady_trend_is_continued(rival):
    values = walk(25, 0.01, drift=0.08)
    middle = forecast(rival, years(25), values, AHEAD)[:, MEDIAN]
    assert np.log(middle / values[-1]) == pytest.approx(0.08 * np.arange(1, 6), abs=0.04)


def test_arima_reverts_to_the_mean_where_the_series_does_and_not_where_it_walks():
    rng, x = np.random.default_rng(4), [0.0]
    for _ in range(59):
        x.append(0.5 * x[-1] + rng.normal(0, 0.1))
    x[-1] = 0.4
    values = np.exp(np.array(x))
    assert differences(np.array(x)) == 0
    ahead = np.log(forecast("arima", years(60), values, AHEAD)[:, MEDIAN])
    assert 0.1 < ahead[0] < 0.3 and abs(ahead[-1]) < 0.1
    assert differences(np.cumsum(rng.normal(size=60))) == 1


def test_the_statistic_of_a_steady_level_is_small_and_that_of_a_trend_is_large():
    noise = np.random.default_rng(5).normal(size=80)
    assert rivals.level_statistic(noise) < 0.3 < 1.0 < rivals.level_statistic(noise + 0.1 * np.arange(80))


@pytest.mark.parametrize("rival", ["ets", "arima"])
def test_a_short_series_falls_back_on_persistence(rival):
    short, long = walk(LONG - 1), walk(LONG)
    same = forecast("persistence", years(LONG - 1), short, AHEAD)
    assert np.array_equal(forecast(rival, years(LONG - 1), short, AHEAD), same)
    assert not np.array_equal(
        forecast(rival, years(LONG), long, AHEAD), forecast("persistence", years(LONG), long, AHEAD)
    )


@pytest.mark.parametrize("rival", RIVALS)
def test_gaps_are_spanned_and_years_counted_from_the_last_one_observed(rival):
    values, kept = walk(20), np.delete(np.arange(20), [5, 6, 12])
    gappy = forecast(rival, years(20)[kept], values[kept], AHEAD[1:])
    whole = forecast(rival, years(20), values, AHEAD)[1:]
    assert gappy.shape == whole.shape == (4, 200)
    assert np.all(np.diff(gappy, axis=1) >= 0)
    assert spread(gappy) == pytest.approx(spread(whole), rel=0.4)


def test_the_error_of_the_mean_widens_drift_as_if_it_were_independent_of_the_noise():
    values = walk(12, 0.1, drift=0.05, seed=2)
    drifting, standing = (spread(forecast(rival, years(12), values, AHEAD)) for rival in ("drift", "persistence"))
    centred = np.diff(np.log(values))
    error = centred.std() * np.sqrt(11 / 10) / np.sqrt(11)
    assert drifting == pytest.approx(np.hypot(standing, error * np.arange(1, 6)), rel=0.05)


@pytest.mark.parametrize("rival", ["ets", "arima"])
def test_where_no_fit_succeeds_persistence_stands_in(rival, monkeypatch):
    monkeypatch.setattr(rivals, "_quietly", lambda call, **arguments: None)
    made = forecast(rival, years(12), walk(12), AHEAD)
    assert np.array_equal(made, forecast("persistence", years(12), walk(12), AHEAD))


@pytest.mark.parametrize("rival", RIVALS)
def test_shares_stay_between_0_and_1(rival):
    values = 1 / (1 + np.exp(-np.linspace(-2, 4, 15) - 0.1 * np.sin(np.arange(15))))
    quantiles = forecast(rival, years(15), values, AHEAD, share=True)
    assert quantiles.min() > 0 and quantiles.max() < 1


def test_the_cache_spares_the_work_for_the_same_data_only(tmp_path, monkeypatch):
    data = years(12), walk(12), AHEAD
    first = Cache(tmp_path / "rivals.npz")
    made = first.forecast("drift", *data, False)
    first.save()
    done = []
    monkeypatch.setattr(rivals, "forecast", lambda *arguments: done.append(arguments) or made)
    second = Cache(tmp_path / "rivals.npz")
    assert np.array_equal(second.forecast("drift", *data, False), made) and not done
    second.forecast("drift", data[0], data[1] * 1.01, AHEAD, False)
    second.forecast("drift", *data, True)
    second.forecast("persistence", *data, False)
    assert len(done) == 3


def test_statsmodels_is_imported_only_when_it_is_needed():
    code = "import sys, contraflow.validation.backtests; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_statsmodels_the_error_says_what_to_install(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ContraflowError, match=r"contraflow\[fit\]"):
        forecast("arima", years(12), walk(12), AHEAD)
