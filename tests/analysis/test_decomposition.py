"""The fall since 2023 in shares: the parts add up, and nothing is frozen where nothing is switched."""

import numpy as np
import pytest

import contraflow
from contraflow.analysis.decomposition import CAUSES, OUTCOME, decompose, elements, freezable, shapley
from contraflow.engine import Grid, simulate
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model

GRID = Grid(2000.0, 300)


@pytest.fixture(scope="module")
def model():
    return contraflow.load()


def run(model, equations, extra):
    posterior = model.posterior.thin(4)
    inputs = build_inputs(GRID, None, posterior.latents(GRID.step_times))
    return simulate(equations, {**posterior.parameters(), **extra}, inputs, GRID, (OUTCOME,)).values[OUTCOME]


def test_switched_off_the_freezable_equations_give_the_models_own_numbers(model):
    equations = freezable(reference_model())
    extra = {e: np.ones(4) for c in CAUSES for n in c.variables for e in elements(equations, n)}
    extra |= {f"freeze_{c.id}": np.zeros(4) for c in CAUSES}
    np.testing.assert_allclose(run(model, equations, extra), run(model, reference_model(), {}), rtol=1e-12)


def test_every_cause_and_the_residual_are_reported_and_progress_adds_up(model):
    told = []
    found = decompose(model, 6, told.append)
    assert [c.id for c in found.causes] == [*(c.id for c in CAUSES), "residual"]
    assert sum(told) == 17 * 6
    assert 0 <= found.left_out <= 1


def test_shapley_shares_are_the_mean_over_orders_and_sum_to_the_whole():
    deaths = {
        frozenset(): np.array([100.0]),
        frozenset("a"): np.array([70.0]),
        frozenset("b"): np.array([90.0]),
        frozenset("ab"): np.array([50.0]),
    }
    a, b = (shapley(deaths, i, ["a", "b"]) for i in "ab")
    assert a == 0.5 * (30 + 40)
    assert a + b == 50
