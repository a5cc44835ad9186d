"""The fitting problem: a vector of standard-normal coordinates, and what the data say of it.

Coordinates are the uncertain parameters, the innovations of latent drivers up to the end of the data, and two per
series: size and memory of what the model misses of it. The vector's prior is standard normal, so the posterior is its
prior times the likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow import evidence
from contraflow.engine import Grid, Model
from contraflow.engine.native import simulator
from contraflow.inference import priors
from contraflow.inference.likelihood import (
    Discrepancy,
    Target,
    discrepancy_at,
    discrepancy_coordinates,
    series_log_density,
    targets,
)
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.policy.inputs import build_inputs
from contraflow.system import model_parameters, reference_model
from contraflow.system.calendar import DATA_END, SUBSTEPS, monthly_grid
from contraflow.system.latents import LATENT_PARAMETERS, LATENTS, SUPPLY_LATENT, interpolation, walk

Array = Any


@dataclass(frozen=True, eq=False)
class Problem:
    """What is uncertain, and the likelihood of it.

    ``until``: end of the data; ``supply_until``: of those on supply. ``names`` labels the coordinates in order.
    ``innovations``: how many each latent driver has; ``interpolations``: matrices (steps, knots) from its values at
    knots to the time grid.
    """

    model: Model
    grid: Grid
    until: float
    supply_until: float
    prepared: Mapping[str, Target]
    parameters: tuple[str, ...]
    innovations: Mapping[str, int]
    names: tuple[str, ...]
    interpolations: Mapping[str, np.ndarray]
    inputs: Mapping[str, Any]
    simulate: Any = field(repr=False)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Place of a coordinate."""
        return self.names.index(name)

    def unpack(self, y: Array) -> tuple[dict[str, Array], dict[str, Array], dict[str, Discrepancy]]:
        """Parameters (draws,), latent paths (steps, draws) and discrepancies, (draws,) each, from y (size, draws)."""
        known = evidence.load().parameters
        draws = y.shape[-1]
        rows = dict(zip(self.names, range(self.size), strict=True))
        values = {n: priors.value(known[n].prior, y[rows[n]]) for n in self.parameters}
        for name in (*model_parameters(), *LATENT_PARAMETERS):
            if known[name].prior.is_fixed:
                values[name] = jnp.full(draws, known[name].prior.arguments["value"])
        latents = {}
        for name, count in self.innovations.items():
            first = rows.get(f"{name}[0]", 0)  # a latent that begins after the data has none
            levels = walk(y[first : first + count], values[LATENTS[name].memory])
            latents[name] = values[LATENTS[name].sd] * (jnp.asarray(self.interpolations[name]) @ levels)
        discrepancy = {
            s: discrepancy_at(y[rows[f"discrepancy:{s}"]], y[rows[f"memory:{s}"]] if t.remembers else None)
            for s, t in self.prepared.items()
        }
        return values, latents, discrepancy

    def posterior(
        self, y: np.ndarray, attributes: Mapping[str, Any] | None = None, rng: np.random.Generator | None = None
    ) -> Posterior:
        """Draws y (size, draws) as a posterior; ``coordinates`` is the way back.

        Innovations from the end of the data to that of projections are drawn with ``rng``. Without it they are zero:
        latent drivers only fade, and the posterior is a function of y.
        """
        innovations = {}
        for name, count in self.innovations.items():
            shape = len(LATENTS[name].knots(PROJECTION_END)), y.shape[1]
            path = rng.standard_normal(shape) if rng else np.zeros(shape)
            path[:count] = y[[self.index(f"{name}[{k}]") for k in range(count)]]
            innovations[name] = path
        discrepancy = {}
        for s, t in self.prepared.items():
            memory = y[self.index(f"memory:{s}")] if t.remembers else None
            discrepancy[s] = np.stack(discrepancy_at(y[self.index(f"discrepancy:{s}")], memory))
        return Posterior({n: y[self.index(n)] for n in self.parameters}, innovations, discrepancy, attributes or {})

    def coordinates(self, posterior: Posterior) -> np.ndarray:
        """Draws of a posterior as coordinates (size, draws); what it does not hold is at the prior median."""
        y = np.zeros((self.size, posterior.draws))
        for row, name in enumerate(self.names):
            base = name.split("[")[0]
            if name in posterior.coordinates:
                y[row] = posterior.coordinates[name]
            elif base in posterior.innovations:
                y[row] = posterior.innovations[base][int(name[len(base) + 1 : -1])]
            elif (series := name.partition(":")[2]) in posterior.discrepancy:
                own = discrepancy_coordinates(Discrepancy(*posterior.discrepancy[series]))
                y[row] = own.memory if base.startswith("memory:") else own.sd
        return y

    def monthly(self, y: Array) -> dict[str, Array]:
        """Monthly means (months, draws) of every observed variable."""
        values, latents, _ = self.unpack(y)
        raw, _ = self.simulate(values, {**self.inputs, **latents})
        return {k: v.reshape(v.shape[0], -1) for k, v in raw.items()}

    def log_density(self, y: Array, weights: Array, *data: Mapping[str, Array] | None) -> Array:
        """Log prior plus log-likelihood (draws,), every series times its weight (in the order of ``prepared``).

        ``data``: values (rows, draws) by series in place of those observed; None are those observed. With several,
        each is an independent history of the same parameters.
        """
        monthly, discrepancy = self.monthly(y), self.unpack(y)[2]
        total = -0.5 * jnp.sum(y**2, axis=0)
        for observed in data or (None,):
            parts = series_log_density(self.prepared, monthly, discrepancy, observed)
            total = total + sum(weights[k] * parts[s] for k, s in enumerate(self.prepared))
        return total


def problem(until: float = DATA_END, substeps: int = SUBSTEPS, supply_until: float | None = None) -> Problem:
    """The fitting problem on data to ``until``; with an earlier end, drivers and levers too are as known then.

    ``supply_until``: end of the data on supply, where they are to reach further. The latent driver of supply then has
    innovations to that end; the others stay after ``until`` where they were.
    """
    model = reference_model()
    supply_until = until if supply_until is None else supply_until
    grid = monthly_grid(supply_until, substeps)
    prepared = targets(grid, until, supply_until)
    known = evidence.load().parameters
    free = tuple(n for n in (*model_parameters(), *LATENT_PARAMETERS) if not known[n].prior.is_fixed)
    ends = {n: supply_until if n == SUPPLY_LATENT else until for n in LATENTS}
    interpolations = {n: interpolation(latent, grid.step_times, ends[n]) for n, latent in LATENTS.items()}
    innovations = {n: b.shape[1] for n, b in interpolations.items()}
    names = (
        *free,
        *(f"{n}[{k}]" for n, count in innovations.items() for k in range(count)),
        *(f"discrepancy:{s}" for s in prepared),
        *(f"memory:{s}" for s, t in prepared.items() if t.remembers),
    )
    known_until = until if until < DATA_END else None
    given = build_inputs(grid, None, dict.fromkeys(LATENTS), known_until)
    inputs = {k: v for k, v in given.items() if k not in LATENTS}
    record = sorted({t.observable.variable for t in prepared.values()})
    run = simulator(model, record, grid)
    return Problem(model, grid, until, supply_until, prepared, free, innovations, names, interpolations, inputs, run)
