"""Coverage with each point left out: against a closed form, and where a band is too narrow or too wide."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from contraflow.engine import Grid
from contraflow.inference.coverage import Coverage, _left_out_places, _plain_band
from contraflow.inference.likelihood import Discrepancy, predict, targets

TARGET = targets(Grid(2000.0, 300))["us.treatment.methadone"]
SD = 0.05


def drawn(rng, draws=4000):
    """A series whose logs scatter round one unknown mean, and draws of that mean given all points."""
    target = dataclasses.replace(TARGET, noise=np.full(len(TARGET.observed), SD))
    logs = rng.normal(10, SD, len(target.observed))
    target = dataclasses.replace(target, observed=np.exp(logs))
    mean = rng.normal(logs.mean(), SD / np.sqrt(len(logs)), draws)
    return target, logs, np.exp(np.tile(mean, (len(logs), 1)))


def nothing_missed(expected):
    return Discrepancy(np.zeros(expected.shape[1]), np.ones(expected.shape[1]))


def test_the_place_of_a_left_out_point_is_that_of_its_own_prediction():
    target, logs, expected = drawn(np.random.default_rng(0))
    places, shapes = _left_out_places(target, expected, nothing_missed(expected))
    n = len(logs)
    others = (logs.sum() - logs) / (n - 1)
    exact = stats.norm(others, SD * np.sqrt(1 + 1 / (n - 1))).cdf(logs)
    assert places == pytest.approx(exact, abs=0.02)
    assert (shapes < 0.7).all()


def test_left_out_places_are_uniform_where_in_sample_ones_are_not():
    rng = np.random.default_rng(1)
    out, within = [], []
    for _ in range(40):
        target, logs, expected = drawn(rng, 500)
        target, logs, expected = dataclasses.replace(target), logs[:], expected
        places, _ = _left_out_places(target, expected, nothing_missed(expected))
        out.append(places)
        spread = np.sqrt(SD**2 * (1 + 1 / len(logs)))
        within.append(stats.norm(logs.mean(), spread).cdf(logs))
    assert stats.kstest(np.ravel(out), "uniform").pvalue > 0.001
    outside = [np.mean((np.ravel(x) < 0.05) | (np.ravel(x) > 0.95)) for x in (out, within)]
    assert outside[1] < outside[0]


def test_a_count_is_judged_by_its_number_of_points():
    few = Coverage("a", 5, 0.8, 0.3, 0.1, 0.0, 0.6, stats.binomtest(3, 5, 0.9).pvalue, 0)
    many = dataclasses.replace(few, points=50, p_value=stats.binomtest(30, 50, 0.9).pvalue)
    assert few.consistent and not many.consistent


def test_a_series_that_is_off_as_a_whole_is_no_surprise_where_misses_last():
    rng = np.random.default_rng(2)
    rows, size, draws = len(TARGET.observed), 0.1, 2000
    expected = np.full((rows, draws), 1000.0)
    off = dataclasses.replace(TARGET, observed=np.full(rows, 1000 * np.exp(1.9 * size)))

    def judged(memory):
        *_, inside, as_few = _plain_band(off, expected, Discrepancy(np.full(draws, size), np.full(draws, memory)), rng)
        return inside, as_few

    assert judged(1e-6) == (0, pytest.approx(0, abs=1e-4))
    inside, as_few = judged(1000.0)
    assert inside < 0.2 and 0.02 < as_few < 0.12


def test_of_series_drawn_from_the_model_every_share_has_its_own_place():
    rng = np.random.default_rng(3)
    rows, draws = len(TARGET.observed), 500
    expected, discrepancy = np.full((rows, draws), 1000.0), Discrepancy(np.full(draws, 0.1), np.full(draws, 3.0))
    own = predict(TARGET, expected[:, :60], Discrepancy(*(part[:60] for part in discrepancy)), rng)
    places = [
        _plain_band(dataclasses.replace(TARGET, observed=column), expected, discrepancy, rng)[-1] for column in own.T
    ]
    # A share of few points takes few values, so its place is uniform or above.
    assert all(np.mean(np.array(places) <= level) <= level + 0.12 for level in (0.1, 0.3, 0.5))
    assert np.mean(np.array(places) <= 0.6) > 0.2
