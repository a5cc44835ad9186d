"""One variable's equation, traced and taken apart: an expression an element, and the constants that carry a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine.model import Model
from contraflow.engine.native.lowering import UnsupportedError, lower
from contraflow.engine.operations import QUANTITY
from contraflow.engine.variables import ModelError, Variable
from contraflow.engine.xmile.expressions import Expressions

Constants = dict[tuple[float, str], str]


def traced(
    model: Model, variable: Variable, names: Mapping[str, np.ndarray], constant_name: Callable[[], str]
) -> tuple[Expressions, list[int], Constants]:
    """The expressions of a variable's equation: their graph, the node of each element, and its constants with a unit.

    Args:
        names: identifiers of each variable and parameter, in its canonical shape for one draw.
        constant_name: gives a new name for a constant; the constants come back as (number, unit) → name.

    Raises:
        ModelError: the equation uses an operation that XMILE cannot express.
    """
    graph = Expressions()
    inputs = model.inputs_of(variable.name)

    def equation(*values: Any) -> Any:
        return model.evaluate(variable.name, dict(zip(inputs, values, strict=True)), 1)

    closed = jax.make_jaxpr(equation)(*(jax.ShapeDtypeStruct(names[i].shape, jnp.float64) for i in inputs))
    arguments = [np.vectorize(graph.name, otypes=[np.int64])(names[i]) for i in inputs]
    opened, carrying = _opened(closed)
    constants = {key: constant_name() for key in dict.fromkeys(carrying)}
    arguments += [np.asarray(graph.name(constants[key])) for key in carrying]
    try:
        (nodes,) = lower(graph, opened, arguments, variable.name)
    except UnsupportedError as error:
        where = f"{variable.name} ({variable.where})"
        raise ModelError(f"{where}: XMILE cannot express what the native kernel cannot: {error}") from error
    return graph, [int(node) for node in nodes.reshape(-1)], constants


def _opened(closed: Any) -> tuple[Any, list[tuple[float, str]]]:
    """The jaxpr with its constants that carry a unit as further arguments, and their numbers and units."""
    jaxpr = closed.jaxpr
    labels = {e: str(e.params.get("name", "")) for e in jaxpr.eqns}
    carrying = [e for e, label in labels.items() if label.startswith(QUANTITY)]
    constants = [(float(e.invars[0].val), labels[e][len(QUANTITY) : -1]) for e in carrying]
    arguments = [*jaxpr.invars, *(e.outvars[0] for e in carrying)]
    kept = [e for e in jaxpr.eqns if e not in carrying]
    return closed.replace(jaxpr=jaxpr.replace(invars=arguments, eqns=kept)), constants
