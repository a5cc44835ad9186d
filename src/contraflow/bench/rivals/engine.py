"""This package's own ways: the native kernel in single and double precision, and the reference simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.bench.cases import Case
from contraflow.bench.contest import Contestant, RefusedError
from contraflow.engine import ModelError, native
from contraflow.engine.native.kernel import kernel
from contraflow.engine.simulate import simulate, simulator

#: Draws at once in a gradient: as many chains as one sampler moves.
CHAINS = 16


def reference_contestant(case: Case) -> Contestant:
    """The reference simulator, in double precision."""
    given = case.inputs(case.grid)
    return Contestant(
        "reference", lambda: simulate(case.model, case.parameters, given, case.grid, case.record).values, case.draws
    )


def native_contestant(case: Case, *, single: bool) -> Contestant:
    """The native kernel, called with NumPy arrays.

    Raises ``RefusedError`` where the reference simulator would run in its place.
    """
    try:
        kernel(case.model, case.record, single=single)
    except ModelError as error:
        raise RefusedError(str(error)) from None
    given = case.inputs(case.grid)

    def call() -> Any:
        return native.simulate(case.model, case.parameters, given, case.grid, case.record, single=single).values

    return Contestant("native_f32" if single else "native_f64", call, case.draws, tolerance=1e-4 if single else 1e-8)


def gradient_contestants(case: Case) -> list[Contestant]:
    """For ``CHAINS`` draws in double precision: value and gradient by both, and the native forward and adjoint alone.

    The value is the mean square of everything recorded, each by its own size; the gradient is to parameters and to
    the inputs with a column a draw, as in the fit.
    """
    few = case.first(CHAINS)
    given = few.inputs(few.grid)
    own = {k: jnp.asarray(v) for k, v in given.items() if v.ndim == 2}
    shared = {k: jnp.asarray(v) for k, v in given.items() if v.ndim == 1}
    parameters = {k: jnp.asarray(v) for k, v in few.parameters.items()}
    sizes = {
        k: float(np.sqrt(np.mean(np.square(v)))) or 1.0
        for k, v in native.simulate(few.model, few.parameters, given, few.grid, few.record).values.items()
    }

    def recorded(run: Any) -> Any:
        return lambda parameters, own: run(parameters, {**shared, **own})[0]

    def loss(run: Any) -> Any:
        forward = recorded(run)
        return lambda p, x: sum(jnp.mean((v / sizes[k]) ** 2) for k, v in forward(p, x).items())

    fast = native.simulator(few.model, few.record, few.grid)
    slow = simulator(few.model, few.record, few.grid, checkpoint=True)
    forward = jax.jit(recorded(fast))
    bars = {k: 2 * v / sizes[k] ** 2 / v.size for k, v in forward(parameters, own).items()}  # of the loss below
    adjoint = jax.jit(lambda p, x: jax.vjp(recorded(fast), p, x)[1](bars))

    def derivatives(by_parameter: Any, by_input: Any) -> dict[str, np.ndarray]:
        return {k: np.asarray(v)[None] for k, v in {**by_parameter, **by_input}.items()}

    def gradient(run: Any) -> Callable[[], dict[str, np.ndarray]]:
        compiled = jax.jit(jax.value_and_grad(loss(run), argnums=(0, 1)))

        return lambda: derivatives(*compiled(parameters, own)[1])

    def value() -> dict[str, np.ndarray]:
        return {k: np.asarray(v) for k, v in forward(parameters, own).items()}

    return [
        Contestant("gradient_reference", gradient(slow), CHAINS, "gradient"),
        Contestant("gradient_native", gradient(fast), CHAINS, "gradient", 1e-6),
        Contestant("adjoint", lambda: derivatives(*adjoint(parameters, own)), CHAINS, "gradient", 1e-6),
        Contestant("forward", value, CHAINS),
    ]
