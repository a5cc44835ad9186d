"""Simulation by the native kernel, with the signatures and results of ``contraflow.engine.simulate``."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine import simulate as reference
from contraflow.engine.model import Model
from contraflow.engine.native.build import UnavailableError
from contraflow.engine.native.kernel import Arguments, Kernel, kernel
from contraflow.engine.native.lowering import UnsupportedError
from contraflow.engine.simulate import Grid, Trajectory, ensemble_size
from contraflow.engine.simulate import simulator as reference_simulator
from contraflow.engine.variables import ModelError

_log = logging.getLogger(__name__)


def simulate(
    model: Model,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
    grid: Grid,
    record: Sequence[str],
    *,
    single: bool = False,
) -> Trajectory:
    """Run an ensemble and check that every number is finite: ``contraflow.engine.simulate``, faster.

    ``single`` computes in single precision, faster, and in double where digits would be lost (``precision``): results
    are double either way, and within 1e-5 of a variable's largest magnitude in its run. A run with numbers that are
    not finite is given to the reference simulator, which raises ``NonFiniteError`` naming the first.
    """
    native = _kernel_or_none(model, tuple(record), single)
    if native is None:
        return reference(model, parameters, inputs, grid, record)
    given, draws = _checked(model, parameters, inputs, grid, np.asarray)
    layout = native.arguments(grid, [n for n in native.program.inputs if given[n].ndim == 2])
    packed = _packed(native, layout, given, grid, draws, np)
    recorded, final = native.run(
        [*packed, layout.rows, layout.settings], native.shapes(grid.periods, draws), grid.periods
    )
    if not (np.isfinite(recorded).all() and np.isfinite(final).all()):
        return reference(model, parameters, inputs, grid, record)
    return Trajectory(grid, native.rows_of(recorded), native.states_of(final))


def simulator(model: Model, record: Sequence[str], grid: Grid, *, single: bool = False) -> Any:
    """A function (parameters, inputs) → (values, final state), ready for ``jax.jit`` and reverse differentiation.

    Arguments are those of the reference's; blocks of draws are divided over the cores. Under ``jax.vmap``, in either
    order with differentiation, the mapped axis becomes more lanes of one call.
    """
    native = _kernel_or_none(model, tuple(record), single)
    if native is None:
        return reference_simulator(model, record, grid, checkpoint=True)

    def run(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        given, draws = _checked(model, parameters, inputs, grid, jnp.asarray)
        layout = native.arguments(grid, [n for n in native.program.inputs if given[n].ndim == 2], cores())
        called = _differentiable(model, tuple(record), grid, native, layout, draws, single)
        recorded, final = called(*_packed(native, layout, given, grid, draws, jnp))
        return native.rows_of(recorded), native.states_of(final)

    return run


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kernel_or_none(model: Model, record: tuple[str, ...], single: bool) -> Kernel | None:
    try:
        return kernel(model, record, single=single)
    except (UnavailableError, UnsupportedError) as error:
        _notice(str(error))
        return None


@functools.cache
def _notice(reason: str) -> None:
    _log.warning("the reference simulator runs instead of the native kernel: %s", reason)


def _checked(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid, as_array: Any
) -> tuple[dict[str, Any], int]:
    """Parameters and inputs as arrays, by name, and the number of draws."""
    series = [v.name for v in model.of_kind("series")]
    missing = [n for n in series if n not in inputs] + [p for p in model.parameters if p not in parameters]
    if missing:
        raise ModelError(f"no value given for {', '.join(missing[:5])}")
    values = {n: as_array(parameters[n], dtype=np.float64) for n in model.parameters}
    columns = {n: as_array(inputs[n], dtype=np.float64) for n in series}
    sizes = {k: as_array(v) for k, v in parameters.items()}
    return {**values, **columns}, ensemble_size(sizes, columns, grid)


def _packed(
    native: Kernel, layout: Arguments, given: Mapping[str, Any], grid: Grid, draws: int, numpy: Any
) -> list[Any]:
    """The kernel's arrays: parameters (n, draws), shared inputs (n, steps) and own inputs (n, steps, draws)."""
    steps = grid.periods * grid.substeps

    def rows(names: Sequence[str], shape: tuple[int, ...]) -> Any:
        if not names:
            return numpy.zeros((1, shape[-1]))  # not read, but its length says how many draws there are
        return numpy.stack([numpy.broadcast_to(given[n], shape) for n in names])

    return [
        rows(native.program.parameters, (draws,)),
        rows(layout.shared, (steps,)),
        rows(layout.own, (steps, draws)),
    ]


def _differentiable(
    model: Model, record: tuple[str, ...], grid: Grid, native: Kernel, layout: Arguments, draws: int, single: bool
) -> Any:
    shapes = native.shapes(grid.periods, draws)
    steps = grid.periods * grid.substeps

    @jax.custom_vjp
    def called(parameters: Any, shared: Any, own: Any) -> Any:
        return native.call(layout, [parameters, shared, own], shapes)

    def forward(parameters: Any, shared: Any, own: Any) -> Any:
        values = (parameters.value, shared.value, own.value)
        # Structure, not values: what a gradient is asked of is known when tracing.
        return called(*values), (values, () if shared.perturbed else None, () if own.perturbed else None)

    def backward(kept: Any, bars: Any) -> Any:
        (parameters, shared, own), of_shared, of_own = kept
        first = layout.own if of_own is not None else ()
        columns = (*first, *layout.shared) if of_shared is not None else first
        adjoint = kernel(model, record, columns, gradient=True, single=single)
        zero = jax.custom_derivatives.SymbolicZero
        given = [jnp.zeros(b.shape) if isinstance(b, zero) else b for b in bars]
        parameters_bar, columns_bar = adjoint.call(
            layout, [parameters, shared, own, *given], [parameters.shape, (max(len(columns), 1), steps, draws)]
        )
        shared_bar = jnp.zeros_like(shared) if of_shared is None else columns_bar[len(first) :].sum(axis=-1)
        return parameters_bar, shared_bar, columns_bar[: len(first)] if first else jnp.zeros_like(own)

    called.defvjp(forward, backward, symbolic_zeros=True)
    return called
