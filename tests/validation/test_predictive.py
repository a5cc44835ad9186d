"""Predictive checks: features in closed form, and a check that can fail."""

import dataclasses

import numpy as np
import pytest

from contraflow.inference.likelihood import predict
from contraflow.inference.problem import problem
from contraflow.validation import predictive


def test_features_of_known_paths():
    rising = np.arange(9.0)[:, None]
    assert predictive.movement(rising) == pytest.approx([6.0])
    assert predictive.largest_step(np.array([[0.0], [1.0], [-2.0], [-1.0]])) == pytest.approx([3.0])
    turns = np.array([1.0, -1.0] * 50)[:, None]
    assert predictive.persistence(turns) == pytest.approx([-0.99])
    assert predictive.persistence(np.repeat([1.0, -1.0], 50)[:, None]) == pytest.approx([0.97])


@pytest.fixture(scope="module")
def made():
    """The problem, draws at its prior medians, and data of every series that came from there."""
    target, rng = problem(), np.random.default_rng(3)
    y = np.zeros((target.size, 300))
    expected, discrepancy = predictive._simulated(target, y)
    observed = {t.id: predict(t, expected[t.id], discrepancy[t.id], rng)[:, 0] for t in target.prepared.values()}
    return target, y, observed


def replaced(target, observed):
    prepared = {
        name: dataclasses.replace(t, observed=np.clip(observed[name], *limits(t)))
        for name, t in target.prepared.items()
    }
    return dataclasses.replace(target, prepared=prepared)


def limits(target):
    return (1e-4, 1 - 1e-4) if target.series.observation.family in ("beta", "logit_normal") else (1e-3, None)


def strange(rows):
    return [r for r in rows if 2 * min(r["p"], 1 - r["p"]) < predictive.STRANGE]


def test_data_from_the_model_are_not_strange(made):
    target, y, observed = made
    rows = predictive._after(replaced(target, observed), y, np.random.default_rng(4))
    assert len(rows) > 50
    assert len(strange(rows)) <= 0.05 * len(rows)


def test_misses_that_run_on_are_strange(made):
    target, y, observed = made
    name = "us.deaths.opioids_without_synthetic.annual"
    wave = np.exp(0.25 * np.sin(np.linspace(0, 4 * np.pi, len(observed[name]))))
    rows = predictive._after(replaced(target, observed | {name: observed[name] * wave}), y, np.random.default_rng(4))
    assert ("persistence_of_misses", name) in {(r["feature"], r["series"]) for r in strange(rows)}


def test_every_series_with_a_given_level_is_checked_before_the_fit(made):
    target, _, _ = made
    rng = np.random.default_rng(5)
    rows = predictive._before(target, rng.standard_normal((target.size, 40)), rng)
    given = {t.id for t in target.prepared.values() if t.series.observation.scale != "free"}
    assert {r["series"] for r in rows} == given
    assert all(r["finite"] == 1 for r in rows)
