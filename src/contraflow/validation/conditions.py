"""Changes of inputs, and many conditions of the reference model at once.

Prior draws times conditions are stacked along the axis of draws.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.engine import Grid, Model, NonFiniteError, Trajectory, ledgers, simulate
from contraflow.inference import priors
from contraflow.policy.inputs import build_inputs
from contraflow.system import EXTENSIONS, model_parameters, reference_model
from contraflow.system.latents import LATENTS

#: Quarters from 2000 to 2035 at the step of the study, so that every variable of many conditions fits in memory.
GRID = Grid(2000.0, 36 * 4, per_year=4, substeps=6)
#: The prior medians and a few prior draws.
DRAWS = 4
#: Conditions in one call: one shape, so that the model is compiled once for all tests of a session.
BATCH = 24

Condition = Mapping[str, Any]
#: An input's path (steps,) in place of the one otherwise held, from times (steps,) and that path.
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def since(year: float, value: float) -> Change:
    """An input that takes a value from a date on."""
    return lambda times, path: np.where(times < year, path, value)


def between(first: float, last: float, value: float) -> Change:
    """An input that takes a value for a time."""
    return lambda times, path: np.where((times >= first) & (times < last), value, path)


def scaled(first: float, last: float, factor: float) -> Change:
    """An input multiplied for a time."""
    return lambda times, path: np.where((times >= first) & (times < last), factor * path, path)


def prior_draws() -> dict[str, np.ndarray]:
    """Every parameter: its prior median first, then draws from its prior, shape (draws,); each has its own seed."""
    known = evidence.load().parameters
    draws = {}
    for name in model_parameters():
        random = np.random.default_rng(zlib.crc32(name.encode()))
        y = np.concatenate([[0.0], random.standard_normal(DRAWS - 1)])
        draws[name] = np.asarray(priors.value(known[name].prior, y), dtype=float)
    return draws


class ConditionRun:
    """The draws of one condition."""

    def __init__(self, model: Model, trajectory: Trajectory, parameters: Mapping[str, np.ndarray]) -> None:
        self.model, self.trajectory, self.parameters = model, trajectory, parameters

    def parameter(self, name: str) -> np.ndarray:
        """Values of a parameter, shape (draws,)."""
        return self.parameters[name]

    def path(self, name: str, **labels: str) -> np.ndarray:
        """A variable over time, shape (quarters, draws): one label of each axis named, summed over the others."""
        array = np.asarray(self.trajectory.values[name])
        for axis, label in labels.items():
            own = self.model.axes[axis]
            array = np.take(array, [own.labels.index(label)], axis=own.place)
        return array.reshape(array.shape[0], -1, array.shape[-1]).sum(axis=1)

    def yearly(self, name: str, year: int, **labels: str) -> np.ndarray:
        """Mean of a variable over one year, shape (draws,)."""
        first = round((year - GRID.start) * GRID.per_year)
        return self.path(name, **labels)[first : first + GRID.per_year].mean(axis=0)

    def total(self, name: str, first: int, last: int, **labels: str) -> np.ndarray:
        """Sum of a yearly variable from the beginning of one year to the end of another, shape (draws,)."""
        return np.sum([self.yearly(name, year, **labels) for year in range(first, last + 1)], axis=0)

    def closure(self) -> dict[str, float]:
        """Largest relative error of each ledger over the draws."""
        return ledgers.closure(self.model, self.trajectory)


class Runs(Mapping[str, ConditionRun]):
    """Runs by the name of their condition; one that left the numbers raises its error when it is asked for."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self.model = reference_model(EXTENSIONS)
        self.runs: dict[str, ConditionRun] = {}
        self.errors: dict[str, NonFiniteError] = {}
        names = list(conditions)
        for k in range(0, len(names), BATCH):
            self._simulate({n: conditions[n] for n in names[k : k + BATCH]})

    def __getitem__(self, name: str) -> ConditionRun:
        if name in self.errors:
            raise self.errors[name].with_traceback(None)
        return self.runs[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.runs, *self.errors])

    def __len__(self) -> int:
        return len(self.runs) + len(self.errors)

    def _simulate(self, conditions: dict[str, Condition]) -> None:
        padded = [*conditions.values()] + [{}] * (BATCH - len(conditions))
        everything = [v.name for v in self.model.states] + list(self.model.order)
        try:
            values, inputs = stacked(padded)
            trajectory = simulate(self.model, values, inputs, GRID, everything)
        except NonFiniteError as error:
            name = list(conditions)[error.draw // DRAWS]
            self.errors[name] = error
            self._simulate({n: c for n, c in conditions.items() if n != name})
            return
        for k, name in enumerate(conditions):
            own = slice(k * DRAWS, (k + 1) * DRAWS)
            mine = ({n: a[..., own] for n, a in part.items()} for part in (trajectory.values, trajectory.final))
            chosen = {n: v[own] for n, v in values.items()}
            self.runs[name] = ConditionRun(self.model, Trajectory(GRID, *mine), chosen)


def stacked(conditions: list[Condition]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Parameters, shape (conditions x draws,), and inputs, shape (steps, conditions x draws), condition by condition.

    A condition holds ``parameters`` (name -> number), ``inputs`` (name -> a number, or a function of times and of the
    path otherwise held) and ``policy`` (a ``Scenario``), each optional.
    """
    draws, times = prior_draws(), GRID.step_times
    zero = {n: np.zeros(times.shape) for n in LATENTS}
    values: dict[str, list[np.ndarray]] = {n: [] for n in draws}
    inputs: dict[str, list[np.ndarray]] = {}
    for condition in conditions:
        changed = condition.get("parameters", {})
        _require_known(changed, values)
        for name in values:
            values[name].append(np.broadcast_to(np.asarray(changed.get(name, draws[name]), dtype=float), (DRAWS,)))
        given = build_inputs(GRID, condition.get("policy"), zero)
        moved = condition.get("inputs", {})
        _require_known(moved, given)
        for name, path in given.items():
            setting = moved.get(name, path)
            here = setting(times, path) if callable(setting) else setting
            inputs.setdefault(name, []).append(np.broadcast_to(np.asarray(here, dtype=float), times.shape))
    columns = {n: np.repeat(np.stack(rows, axis=1), DRAWS, axis=1) for n, rows in inputs.items()}
    return {n: np.concatenate(rows) for n, rows in values.items()}, columns


def _require_known(named: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise ValueError(f"a condition names what the model lacks: {', '.join(unknown)}")
