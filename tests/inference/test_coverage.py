"""Coverage with each point left out: against a closed form, and where a band is too narrow or too wide."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from contraflow.engine import Grid
from contraflow.inference.coverage import Coverage, _left_out_places
from contraflow.inference.likelihood import Discrepancy, targets

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
    few = Coverage("a", 5, 0.8, 0.1, 0.0, 0.6, stats.binomtest(3, 5, 0.9).pvalue, 0)
    many = dataclasses.replace(few, points=50, p_value=stats.binomtest(30, 50, 0.9).pvalue)
    assert few.consistent and not many.consistent
