"""The experiment on the inflow of firearms: the cut that a fall of homicides needs, and the runs behind it."""

import numpy as np
import pytest

import contraflow
from contraflow.analysis.inflow import CUTS, FOUND, InflowCuts, inflow_cuts

EXPONENTS = np.array([0.5, 0.1, 0.0, -0.2])


@pytest.fixture
def answer():
    """Homicides as the inflow to a power from the second year on."""
    ratio = np.stack([np.stack([np.ones(4), (1 - cut) ** EXPONENTS]) for cut in CUTS])
    return InflowCuts(CUTS, np.array([2025, 2026]), ratio, EXPONENTS, np.full(4, 0.3))


def test_the_cut_needed_inverts_a_power_and_is_none_where_the_largest_is_not_enough(answer):
    needed = answer.needed(2026)
    assert needed[0] == pytest.approx(1 - 0.9 ** (1 / 0.5))
    assert needed[1] == pytest.approx(1 - 0.9 ** (1 / 0.1))
    assert np.isnan(needed[2:]).all()
    assert np.isnan(answer.needed(2025)).all()


def test_a_larger_cut_reaches_the_target_wherever_a_smaller_one_does(answer):
    assert (answer.reached(0.9, 2026) >= answer.reached(0.5, 2026)).all()
    assert not answer.reached(0.9, 2025).any()
    assert answer.reached(0.9, 2026).tolist() == [True, True, False, False]


@pytest.mark.slow
def test_the_experiment_cuts_the_inflow_by_the_share_it_names():
    model = contraflow.load()
    told = []
    answer = inflow_cuts(model, 10, 2027.0, ("mx_homicides",), told.append)
    assert answer.ratio.shape == (len(CUTS), 2, 10)
    assert sum(told) == (1 + len(CUTS)) * 10
    assert FOUND in model.posterior.parameters()
    assert np.isfinite(answer.ratio).all()
