"""The reference simulator: fixed-step integration of an assembled model by ``lax.scan``, in double precision.

The explicit midpoint rule, second order in the step: rates at the step's middle move the state, and are what is
recorded, so that nothing leaks. Monthly output with sub-steps. Flows and auxiliaries come out as means over each
month, stocks and smooths at the month's start, so that stocks, flows and ledgers agree to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine import compile_cache
from contraflow.engine.model import Model, canonical, unknown
from contraflow.engine.variables import ModelError

jax.config.update("jax_enable_x64", True)
compile_cache.enable()


@dataclass(frozen=True)
class Grid:
    """A time grid in decimal years: ``periods`` output intervals from ``start``, each of ``substeps`` steps."""

    start: float
    periods: int
    per_year: int = 12
    substeps: int = 2

    @property
    def step(self) -> float:
        """Length of one integration step in years."""
        return 1.0 / (self.per_year * self.substeps)

    @property
    def times(self) -> np.ndarray:
        """Start of each output period, shape (periods,)."""
        return self.start + np.arange(self.periods) / self.per_year

    @property
    def step_times(self) -> np.ndarray:
        """Middle of each integration step, shape (periods * substeps,): where inputs are sampled."""
        return self.start + (np.arange(self.periods * self.substeps) + 0.5) * self.step


@dataclass(frozen=True)
class Trajectory:
    """Output of a simulation: arrays of shape (periods, *canonical shape) by variable, and the last state."""

    grid: Grid
    values: Mapping[str, Any]
    final: Mapping[str, Any]


def derivatives(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Rate of change of every stock and smooth, from the values of all variables at one instant."""
    rates: dict[str, Any] = {}
    for v in model.states:
        if v.kind == "smooth":
            rates[v.name] = (values[str(v.of)] - values[v.name]) / values[str(v.time)]
        else:
            rates[v.name] = jnp.zeros_like(values[v.name])
    for f in model.of_kind("flow"):
        for account, sign in ((f.source, -1.0), (f.destination, 1.0)):
            if account in rates:
                rates[account] = rates[account] + sign * reduced(model, f.name, str(account), values[f.name])
    return rates


def reduced(model: Model, flow: str, account: str, value: Any) -> Any:
    """A flow's value summed over the axes that the account lacks (leading time axes are left alone)."""
    shape = model.shape(account, value.shape[-1])
    lead = value.ndim - len(model.shape(flow, value.shape[-1]))
    for axis in set(model.dims_of(flow)) - set(model.dims_of(account)):
        value = jnp.sum(value, axis=model.axes[axis].place, keepdims=True)
    return jnp.reshape(value, value.shape[:lead] + shape)


def evaluate_all(model: Model, known: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """Values of every varying equation at one instant, from states, inputs, parameters and constants."""
    values = dict(known)
    for name in model.order:
        values[name] = model.evaluate(name, values, draws)
    return values


def constants(model: Model, parameters: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """Values of the equations that depend on parameters alone."""
    values = dict(parameters)
    for name in model.constants:
        values[name] = model.evaluate(name, values, draws)
    return values


def initial_state(model: Model, fixed: Mapping[str, Any], inputs: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """Starting values; an initial that names an equation is evaluated from parameters and the first inputs."""
    values = {**fixed, **inputs}

    def resolve(name: str) -> Any:
        if name not in values:
            if model.variables[name].is_state:
                values[name] = start(name)
            else:
                for i in model.inputs_of(name):
                    resolve(i)
                values[name] = model.evaluate(name, values, draws)
        return values[name]

    def start(name: str) -> Any:
        initial = model.variables[name].initial
        value = resolve(initial) if isinstance(initial, str) else jnp.asarray(float(initial or 0.0))
        return canonical(jnp.atleast_1d(value), model.shape(name, draws), name)

    return {v.name: resolve(v.name) for v in model.states}


def simulator(model: Model, record: Sequence[str], grid: Grid, *, checkpoint: bool = False) -> Any:
    """A function (parameters, inputs) → (values, final state), ready for ``jax.jit``, ``grad`` or ``vmap``.

    ``parameters``: name → (draws,). ``inputs``: name → (steps,) or (steps, draws), sampled at ``grid.step_times``.
    ``checkpoint`` recomputes each step in the backward pass, which is faster and smaller on CPUs.
    """
    for name in record:
        if name not in model.variables:
            raise unknown("variable", name, "the variables to record", model.variables)
    states = {v.name for v in model.states}
    averaged = [n for n in record if n not in states]
    levels = [n for n in record if n in states]

    def run(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        parameters = {k: jnp.asarray(v, dtype=jnp.float64) for k, v in parameters.items()}
        missing = [v.name for v in model.of_kind("series") if v.name not in inputs]
        missing += [p for p in model.parameters if p not in parameters]
        if missing:
            raise ModelError(f"no value given for {', '.join(missing[:5])}")
        given = {v.name: jnp.asarray(inputs[v.name], dtype=jnp.float64) for v in model.of_kind("series")}
        draws = ensemble_size(parameters, given, grid)
        sliced = {k: x[..., None] if x.ndim == 1 else x for k, x in given.items()}
        xs = {k: x.reshape(grid.periods, grid.substeps, *x.shape[1:]) for k, x in sliced.items()}
        fixed = constants(model, parameters, draws)
        state = initial_state(model, fixed, {k: x[0, 0] for k, x in xs.items()}, draws)

        def step(state: dict[str, Any], x: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
            middle = _half_step(model, fixed, state, x, grid, draws)
            values = evaluate_all(model, {**fixed, **middle, **x}, draws)
            rates = derivatives(model, values)
            moved = {k: s + grid.step * rates[k] for k, s in state.items()}
            return moved, {k: jnp.broadcast_to(values[k], model.shape(k, draws)) for k in averaged}

        body = jax.checkpoint(step) if checkpoint else step

        def period(state: dict[str, Any], x: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
            start = {k: state[k] for k in levels}
            zero = {k: jnp.zeros(model.shape(k, draws)) for k in averaged}

            def inner(carry: Any, xi: Any) -> Any:
                s, total = carry
                s, out = body(s, xi)
                return (s, {k: total[k] + out[k] for k in averaged}), None

            (state, total), _ = jax.lax.scan(inner, (state, zero), x, length=grid.substeps)
            return state, {**start, **{k: v / grid.substeps for k, v in total.items()}}

        final, values = jax.lax.scan(period, state, xs, length=grid.periods)
        return values, final

    return run


def ensemble_size(parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid) -> int:
    """Number of draws that parameters and inputs agree on. Raises ``ModelError`` where they do not."""
    steps = grid.periods * grid.substeps
    for name, value in inputs.items():
        if value.ndim not in (1, 2) or value.shape[0] != steps:
            raise ModelError(
                f"the input {name} has shape {value.shape}; it needs ({steps},) or ({steps}, draws): "
                "sample it at grid.step_times"
            )
    sizes = {name: int(v.shape[0]) for name, v in parameters.items() if v.ndim}
    sizes.update({name: int(v.shape[1]) for name, v in inputs.items() if v.ndim == 2})
    draws = max(sizes.values(), default=1)
    for name, size in sizes.items():
        if size not in (1, draws):
            raise ModelError(f"{name} has {size} draws where others have {draws}")
    return draws


def simulate(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid, record: Sequence[str]
) -> Trajectory:
    """Run an ensemble and check that every number is finite.

    Raises ``NonFiniteError`` naming the first variable, date and draw that is not.
    """
    key = (tuple(record), grid)
    if key not in model.compiled:
        model.compiled[key] = jax.jit(simulator(model, record, grid))
    values, final = model.compiled[key](dict(parameters), dict(inputs))
    arrays = {k: np.asarray(v) for k, v in values.items()}
    last = {k: np.asarray(v) for k, v in final.items()}
    if not all(np.isfinite(v).all() for v in [*arrays.values(), *last.values()]):
        raise _first_failure(model, parameters, inputs, grid, _failing_draw(arrays, last))
    return Trajectory(grid, arrays, last)


class NonFiniteError(ModelError):
    """A trajectory left the numbers. ``variable``, ``time``, ``draw`` and that draw's ``parameters`` say where."""

    def __init__(self, variable: str, time: float, draw: int, parameters: Mapping[str, float]):
        self.variable, self.time, self.draw, self.parameters = variable, time, draw, dict(parameters)
        year, month = divmod(int(np.floor(time * 12 + 1e-6)), 12)
        super().__init__(f"{variable} is not a finite number in {year}-{month + 1:02d}, draw {draw}")


def _failing_draw(values: Mapping[str, np.ndarray], final: Mapping[str, np.ndarray]) -> int:
    bad = [~np.isfinite(v).reshape(v.shape[0], -1, v.shape[-1]).all(axis=1) for v in values.values()]
    if any(b.any() for b in bad):
        periods, draws = np.nonzero(np.any(np.stack(bad), axis=0))
        return int(draws[np.argmin(periods)])
    (draws,) = np.nonzero(
        np.any([~np.isfinite(v).reshape(-1, v.shape[-1]).all(axis=0) for v in final.values()], axis=0)
    )
    return int(draws[0])


def _first_failure(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid, draw: int
) -> NonFiniteError:
    # The draw is run again step by step, and the step that fails is taken apart, cause before effect.
    steps = Grid(grid.start, grid.periods * grid.substeps, grid.per_year * grid.substeps, 1)

    def own(value: Any) -> Any:
        array = np.asarray(value)
        return array[..., min(draw, array.shape[-1] - 1)]

    alone = {k: own(v) if np.ndim(v) else np.asarray(v) for k, v in parameters.items()}
    given = {k: own(v) if np.ndim(v) == 2 else np.asarray(v) for k, v in inputs.items()}
    numbers = {k: float(v) for k, v in alone.items()}
    states = [v.name for v in model.states]
    values, final = jax.jit(simulator(model, [*states, *model.order], steps))(alone, given)
    rows = {k: np.asarray(v).reshape(steps.periods, -1) for k, v in values.items()}
    ends = {k: np.asarray(final[k]).reshape(-1) for k in states}
    bad = ~np.all([np.isfinite(r).all(axis=1) for r in rows.values()], axis=0)
    bad = np.append(bad, not all(np.isfinite(e).all() for e in ends.values()))
    k = int(np.argmax(bad)) if bad.any() else 0  # alone, a draw may round differently and survive
    state_failed = k > 0 and any(not np.isfinite(rows[n][k]).all() for n in states) if k < steps.periods else True
    k -= int(state_failed)
    state = {n: np.asarray(values[n])[k] for n in states}
    now = {v.name: np.atleast_1d(given[v.name][k]) for v in model.of_kind("series")}
    fixed = constants(model, {n: np.atleast_1d(v) for n, v in alone.items()}, 1)
    order = [*now, *model.constants, *states, *model.order]
    for here in (state, _half_step(model, fixed, state, now, steps, 1)):
        at = evaluate_all(model, {**fixed, **here, **now}, 1)
        for name in order:
            if not np.isfinite(np.asarray(at[name])).all():
                return NonFiniteError(name, float(steps.times[k]), draw, numbers)
    failed = next((n for n in states if not np.isfinite(ends[n]).all()), "a variable")
    return NonFiniteError(failed, float(steps.times[k]), draw, numbers)


def _half_step(
    model: Model, fixed: Mapping[str, Any], state: Mapping[str, Any], now: Mapping[str, Any], grid: Grid, draws: int
) -> dict[str, Any]:
    rates = derivatives(model, evaluate_all(model, {**fixed, **state, **now}, draws))
    return {n: s + 0.5 * grid.step * rates[n] for n, s in state.items()}
