"""What is run: the reference model and the synthetic one, each with parameters, inputs, a grid and what to record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from contraflow.bench import synthetic
from contraflow.engine import Grid, Model

END = 2036.0
#: Months of the synthetic model for PySD as shipped, of which all would take half a minute.
SHORTENED = 24


@dataclass(frozen=True, eq=False)
class Case:
    """A model and its work. ``inputs`` gives the series at a grid's step times, (steps,) or (steps, draws).

    ``shortened`` is how many periods the slowest tools run. ``vensim`` is the text of a Vensim file of the model, for a
    step and an end; without it, tools of that kind are given the model as XMILE.
    """

    name: str
    model: Model
    parameters: Mapping[str, np.ndarray]
    inputs: Callable[[Grid], Mapping[str, np.ndarray]]
    grid: Grid
    record: tuple[str, ...]
    shortened: int
    vensim: Callable[[float, float], str] | None = None

    @property
    def draws(self) -> int:
        """Number of trajectories."""
        return len(next(iter(self.parameters.values())))

    def first(self, draws: int) -> Case:
        """The same with the first few draws."""

        def inputs(grid: Grid) -> dict[str, np.ndarray]:
            return {k: v[:, :draws] if v.ndim == 2 else v for k, v in self.inputs(grid).items()}

        return replace(self, parameters={k: v[:draws] for k, v in self.parameters.items()}, inputs=inputs)

    def euler_grid(self) -> Grid:
        """As many evaluations by Euler's rule, as step times are read: its steps lie half a step earlier."""
        g = self.grid
        step = 0.5 * g.step
        return Grid(g.start - 0.5 * step, g.periods, g.per_year, 2 * g.substeps)


def reference(draws: int, periods: int | None = None) -> Case:
    """The reference model to the end of 2035, without a policy, recording what the outcomes need."""
    from contraflow.inference.posterior import load_posterior
    from contraflow.policy.inputs import build_inputs
    from contraflow.system import reference_model
    from contraflow.system.calendar import START
    from contraflow.system.outcomes import OUTCOMES

    posterior = load_posterior(check=False)  # times do not depend on how well the draws fit
    chosen = posterior.take(np.arange(draws) % posterior.draws)

    def inputs(grid: Grid) -> dict[str, Any]:
        return {k: np.asarray(v) for k, v in build_inputs(grid, None, chosen.latents(grid.step_times)).items()}

    grid = Grid(START, periods or round((END - START) * 12))
    record = tuple(sorted({o.variable for o in OUTCOMES.values()}))
    return Case("reference", reference_model(), chosen.parameters(), inputs, grid, record, grid.periods)


def synthetic_case(draws: int, periods: int | None = None) -> Case:
    """The synthetic model over 26 years, recording 20 stocks."""
    grid = Grid(0.0, periods or synthetic.MONTHS, per_year=1)
    record = synthetic.equations().stocks[: synthetic.RECORDED]
    return Case(
        "synthetic", synthetic.model(), synthetic.draws(draws), lambda g: synthetic.inputs(g.step_times), grid, record,
        min(SHORTENED, grid.periods), synthetic.vensim_text,
    )  # fmt: skip


CASES: Mapping[str, Callable[..., Case]] = {"reference": reference, "synthetic": synthetic_case}
