"""Threshold maps: cells set beliefs in both runs, so they show the policy and not the belief."""

import numpy as np
import pytest

import contraflow
from contraflow.analysis.thresholds import threshold_map
from contraflow.errors import ContraflowError
from contraflow.policy import Scenario

BELIEFS = {"lab_slack": (1.0, 3.0), "lab_rebuild_time": (0.75,), "pass_through": (1.0,)}


@pytest.fixture(scope="module")
def model():
    return contraflow.load()


def test_strikes_do_less_where_laboratories_have_spare_capacity(model):
    told = []
    table = threshold_map(model, "strikes", draws=8, until=2027.5, beliefs=BELIEFS, progress=told.append)
    effect = np.abs(table["relative_difference"].values.ravel())
    assert dict(table.sizes) == {"lab_slack": 2, "lab_rebuild_time": 1, "pass_through": 1}
    assert effect[0] > 10 * effect[1]
    assert sum(told) == 2 * 2 * 8
    assert all(np.isfinite(v).all() for v in table.data_vars.values())


def test_a_policy_that_keeps_todays_value_does_exactly_nothing(model):
    null = Scenario(policy={"us.force.strikes": {"steps": {"2025-07": "today"}}})
    table = threshold_map(model, null, draws=8, until=2027.5, beliefs=BELIEFS)
    assert np.all(table["relative_difference"].values == 0)
    assert np.all(table["p_reduction"].values == 0)


def test_a_belief_cannot_be_assumed_and_mapped(model):
    assumed = Scenario.load("strikes").with_assumption("lab_slack=2")
    with pytest.raises(ContraflowError, match="lab_slack"):
        threshold_map(model, assumed, draws=2, beliefs=BELIEFS)


def test_a_map_needs_a_policy_and_a_window(model):
    with pytest.raises(ContraflowError, match="moves no lever"):
        threshold_map(model, "baseline", draws=2)
    with pytest.raises(ContraflowError, match="later `until`"):
        threshold_map(model, "strikes", draws=2, until=2025.0)
