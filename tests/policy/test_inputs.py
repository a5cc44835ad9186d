"""Inputs: levers follow what was in force, scenarios act on top, and no policy is exactly no difference."""

import numpy as np
import pytest

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.policy import Scenario
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
from contraflow.system.latents import LATENTS
from contraflow.system.levers import EXTENSIONS, LEVERS

GRID = Grid(2000.0, 36 * 12)
TIMES = GRID.step_times
WITH_HISTORY = [lever for lever in LEVERS.values() if lever.history]


def inputs(scenario=None):
    return build_inputs(GRID, scenario, {name: np.zeros(TIMES.shape) for name in LATENTS})


BASELINE = inputs()


def null(word):
    """Every lever of the model set to the same as without a policy, at dates in the past and in the future."""
    steps = {"2003-05": word, "2020-01": word, "2027-01": word}
    return Scenario(policy={lever: {"steps": steps} for lever in LEVERS}, extensions=tuple(EXTENSIONS))


def test_every_series_of_the_model_is_given_and_nothing_else():
    assert set(BASELINE) == {v.name for v in reference_model(EXTENSIONS).of_kind("series")}


@pytest.mark.parametrize("scenario", [Scenario(), Scenario.load("baseline"), null("today"), null("x1"), null("+0")])
def test_a_null_scenario_differs_by_exactly_zero_in_every_input(scenario):
    given = inputs(scenario)
    assert set(given) == set(BASELINE)
    for name, values in given.items():
        assert np.array_equal(values, BASELINE[name]), name


@pytest.mark.parametrize("lever", WITH_HISTORY, ids=lambda lever: lever.id)
def test_a_lever_with_a_history_follows_it_and_then_holds_today(lever):
    values = BASELINE[lever.variable]
    assert np.array_equal(values, evidence.load().drivers[lever.history].at(TIMES))
    assert np.all(values[TIMES >= 2025] == lever.today)
    assert not np.all(values == lever.today)


@pytest.mark.parametrize("lever", [v for v in LEVERS.values() if not v.history], ids=lambda lever: lever.id)
def test_a_lever_without_a_history_holds_today_throughout(lever):
    assert np.all(BASELINE[lever.variable] == lever.today)


@pytest.mark.parametrize("name", Scenario.shipped())
def test_a_scenario_leaves_the_past_and_the_other_levers_alone(name):
    scenario = Scenario.load(name)
    given = inputs(scenario)
    first = scenario.first_lever_date() or 2036.0
    moved = {name for name, values in given.items() if not np.array_equal(values, BASELINE[name])}
    assert moved == {LEVERS[lever].variable for lever in scenario.policy}
    for variable in moved:
        before = first - 1e-6 > TIMES
        assert np.array_equal(given[variable][before], BASELINE[variable][before])


@pytest.mark.parametrize("name", Scenario.shipped())
def test_the_order_of_levers_changes_neither_the_hash_nor_the_inputs(name):
    scenario = Scenario.load(name)
    other = Scenario(policy=dict(reversed(scenario.policy.items())))
    assert list(other.policy) == list(scenario.policy)[::-1]
    assert other.hash == scenario.hash
    one, two = inputs(scenario), inputs(other)
    assert all(np.array_equal(one[variable], two[variable]) for variable in one)


def test_a_relative_setting_of_the_past_follows_what_was_in_force():
    scenario = Scenario(policy={"mx.security.deployment": {"steps": {"2010-01": "x1.5"}, "ramp": 0}})
    values, without = inputs(scenario)["mx_security_deployment"], BASELINE["mx_security_deployment"]
    after = TIMES >= 2010
    assert np.allclose(values[after], 1.5 * without[after])
    assert np.ptp(without[after]) > 10_000
