"""A small way to run the reference model at its prior medians, with parameters or levers changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from contraflow import evidence
from contraflow.engine import Grid, Trajectory, simulate
from contraflow.inference import priors
from contraflow.policy import Scenario
from contraflow.policy.inputs import build_inputs
from contraflow.system import EXTENSIONS, model_parameters, reference_model
from contraflow.system.latents import LATENTS

GRID = Grid(2000.0, 36 * 12)


def medians() -> dict[str, np.ndarray]:
    """Every parameter at its prior median, one draw."""
    known = evidence.load().parameters
    return {n: np.atleast_1d(np.asarray(priors.value(known[n].prior, np.zeros(1)))) for n in model_parameters()}


Run = Callable[..., Trajectory]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run with changed parameters, inputs or a policy, recording every variable; extensions on."""
    equations = reference_model(EXTENSIONS)
    everything = [*(v.name for v in equations.states), *(n for n in equations.order)]

    def runner(
        parameters: Mapping[str, float] | None = None,
        inputs: Mapping[str, np.ndarray | float] | None = None,
        policy: Scenario | None = None,
    ) -> Trajectory:
        values = medians()
        for name, value in (parameters or {}).items():
            assert name in values
            values[name] = np.array([float(value)])
        zero = {n: np.zeros(GRID.step_times.shape) for n in LATENTS}
        given = build_inputs(GRID, policy, zero)
        for name, value in (inputs or {}).items():
            assert name in given
            given[name] = np.broadcast_to(np.asarray(value, dtype=float), GRID.step_times.shape)
        return simulate(equations, values, given, GRID, everything)

    return runner
