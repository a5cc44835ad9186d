"""diffrax: its midpoint rule at a constant step over the engine's rates, all trajectories at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.bench.cases import Case
from contraflow.bench.contest import Contestant
from contraflow.engine.simulate import constants, derivatives, evaluate_all, initial_state


def diffrax_contestant(case: Case, *, single: bool = True) -> Contestant:
    """diffrax in single or double precision. Means over a period are differences of integrals solved alongside."""
    import diffrax

    model, grid, draws = case.model, case.grid, case.draws
    steps = grid.periods * grid.substeps
    states = {v.name for v in model.states}
    averaged = [n for n in case.record if n not in states]
    kind = np.float32 if single else np.float64
    given = {k: np.asarray(v[..., None] if v.ndim == 1 else v, dtype=kind) for k, v in case.inputs(grid).items()}
    parameters = {k: np.asarray(v, dtype=kind) for k, v in case.parameters.items()}

    def solve(parameters: Any, inputs: Any) -> Any:
        fixed = constants(model, parameters, draws)
        first = {k: v[0] for k, v in inputs.items()}

        def rate(t: Any, y: Any, _: Any) -> Any:
            now = {k: v[t.astype(int)] for k, v in inputs.items()}  # time counts steps: an input holds for one
            values = evaluate_all(model, {**fixed, **y["states"], **now}, draws)
            moving = derivatives(model, values)
            totals = {k: jnp.broadcast_to(values[k], model.shape(k, draws)) for k in averaged}
            return {
                "states": {k: grid.step * v for k, v in moving.items()},
                "totals": {k: v / grid.substeps for k, v in totals.items()},
            }

        begin = {
            "states": initial_state(model, fixed, first, draws),
            "totals": {k: jnp.zeros(model.shape(k, draws)) for k in averaged},
        }
        kept = {k: begin["states"][k] for k in case.record if k in states}
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(rate), diffrax.Midpoint(), 0.0, float(steps), 1.0, begin,
            saveat=diffrax.SaveAt(
                ts=jnp.arange(0.0, steps + 1.0, grid.substeps),
                fn=lambda t, y, _: {**{k: y["states"][k] for k in kept}, **y["totals"]},
            ),
            stepsize_controller=diffrax.ConstantStepSize(), max_steps=steps + 1,
        )  # fmt: skip
        saved = solution.ys
        return {k: saved[k][:-1] if k in kept else jnp.diff(saved[k], axis=0) for k in case.record}

    compiled = jax.jit(solve)

    def call() -> Any:
        with jax.enable_x64(not single):
            return {k: np.asarray(v) for k, v in compiled(parameters, given).items()}

    return Contestant("diffrax", call, draws, tolerance=1e-3 if single else 1e-8)
