"""From a jaxpr to scalar expressions, over an allow-list of primitives that is closed under reverse differentiation.

An array becomes a NumPy array of node numbers of its shape: what moves elements about is done by NumPy while lowering,
and only arithmetic is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend import core

from contraflow.engine.native.graph import Graph
from contraflow.engine.variables import ModelError

Nodes = np.ndarray


class UnsupportedError(ModelError):
    """An equation uses an operation that the native kernel does not know; the reference simulator does."""


_ELEMENTWISE = {
    "add": "add", "add_any": "add", "sub": "sub", "mul": "mul", "div": "div", "neg": "neg", "max": "max", "min": "min",
    "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "eq": "eq", "ne": "ne", "and": "and", "or": "or", "not": "not",
    "exp": "exp", "log": "log", "log1p": "log1p", "expm1": "expm1", "tanh": "tanh", "logistic": "logistic",
    "erf": "erf", "erfc": "erfc", "erf_inv": "erf_inv", "sqrt": "sqrt", "pow": "pow", "abs": "abs", "sign": "sign",
}  # fmt: skip
_NESTED = {"jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call"}
_SAME = {"copy", "copy_p", "stop_gradient"}
_KINDS = (np.dtype(np.float64), np.dtype(np.bool_))  # of results; whole numbers may be literals only


def lower(graph: Graph, closed: Any, arguments: Sequence[Nodes], variable: str = "the model") -> list[Nodes]:
    """The results of a closed jaxpr for these arguments, as arrays of nodes.

    Raises ``UnsupportedError`` naming the variable (the innermost name scope of the operation) and the primitive.
    """
    jaxpr = closed.jaxpr
    values: dict[Any, Nodes] = dict(zip(jaxpr.invars, arguments, strict=True))
    values.update((v, _constant(graph, c)) for v, c in zip(jaxpr.constvars, closed.consts, strict=True))

    def read(v: Any) -> Nodes:
        return _constant(graph, v.val) if isinstance(v, core.Literal) else values[v]

    for equation in jaxpr.eqns:
        where = _scope(equation) or variable
        inputs = [read(v) for v in equation.invars]
        if equation.primitive.name in _NESTED:
            inner = equation.params.get("jaxpr") or equation.params["call_jaxpr"]
            inner = inner if hasattr(inner, "jaxpr") else core.ClosedJaxpr(inner, ())
            results = lower(graph, inner, inputs, where)
        else:
            results = _apply(graph, equation, inputs, where)
        values.update(zip(equation.outvars, results, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _scope(equation: Any) -> str:
    # A transposed operation's scope reads "transpose(jvp(name))".
    name = str(equation.source_info.name_stack).rsplit("/", 1)[-1]
    return name[name.rfind("(") + 1 :].rstrip(")")


def _constant(graph: Graph, value: Any) -> Nodes:
    array = np.asarray(value)
    nodes = [graph.constant(x) for x in array.reshape(-1).tolist()]
    return np.array(nodes, dtype=np.int64).reshape(array.shape)


def _each(graph: Graph, operation: str, *arrays: Nodes) -> Nodes:
    joined = np.broadcast_arrays(*arrays)
    flat = [graph.apply(operation, *map(int, nodes)) for nodes in zip(*(a.reshape(-1) for a in joined), strict=True)]
    return np.array(flat, dtype=np.int64).reshape(joined[0].shape)


def _reduce(graph: Graph, operation: str, array: Nodes, axes: Sequence[int]) -> Nodes:
    for axis in sorted(axes, reverse=True):
        parts = [np.take(array, k, axis) for k in range(array.shape[axis])]
        array = parts[0]
        for part in parts[1:]:
            array = _each(graph, operation, array, part)
    return array


def _apply(graph: Graph, equation: Any, inputs: list[Nodes], where: str) -> list[Nodes]:
    name = equation.primitive.name
    kinds = [v.aval.dtype for v in (*equation.invars, *equation.outvars)]
    literals = all(isinstance(v, core.Literal) for v in equation.invars)
    if any(jnp.issubdtype(k, jnp.integer) for k in kinds[: len(inputs)]) and not literals or kinds[-1] not in _KINDS:
        raise _unsupported(f"{name} of {', '.join(sorted({str(k) for k in kinds}))}", where)
    if name in _ELEMENTWISE:
        return [_each(graph, _ELEMENTWISE[name], *inputs)]
    if name in _SAME:
        return [inputs[0]]
    rule = _RULES.get(name)
    if rule is None:
        raise _unsupported(name, where)
    result = rule(graph, equation.params, inputs, equation)
    return result if isinstance(result, list) else [result.reshape(equation.outvars[0].aval.shape)]


def _unsupported(what: str, where: str) -> UnsupportedError:
    return UnsupportedError(f"{where}: the native kernel has no {what!r}; the reference simulator runs it")


def _broadcast(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    shape = [1] * len(params["shape"])
    for axis, place in enumerate(params["broadcast_dimensions"]):
        shape[place] = inputs[0].shape[axis]
    return np.broadcast_to(inputs[0].reshape(shape), params["shape"])


def _sliced(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    strides = params["strides"] or (1,) * inputs[0].ndim
    index = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return inputs[0][tuple(slice(*i) for i in index)]


def _split(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> list[Nodes]:
    return np.split(inputs[0], np.cumsum(params["sizes"])[:-1].tolist(), axis=params["axis"])


def _pad(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    result = np.full(equation.outvars[0].aval.shape, int(inputs[1]), dtype=np.int64)
    index = []
    source = []
    for (low, _, inside), n, m in zip(params["padding_config"], inputs[0].shape, result.shape, strict=True):
        places = low + np.arange(n) * (inside + 1)
        kept = (places >= 0) & (places < m)
        index.append(places[kept])
        source.append(np.arange(n)[kept])
    result[np.ix_(*index)] = inputs[0][np.ix_(*source)]
    return result


def _dot(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    (left_sum, right_sum), (left_batch, right_batch) = params["dimension_numbers"]
    left, right = inputs
    left_free = [k for k in range(left.ndim) if k not in (*left_sum, *left_batch)]
    right_free = [k for k in range(right.ndim) if k not in (*right_sum, *right_batch)]
    left = np.transpose(left, (*left_batch, *left_free, *left_sum))
    right = np.transpose(right, (*right_batch, *right_free, *right_sum))
    batch = left.shape[: len(left_batch)]
    summed = int(np.prod(left.shape[left.ndim - len(left_sum) :]))
    left = left.reshape(*batch, -1, 1, summed)
    right = right.reshape(*batch, 1, -1, summed)
    products = _each(graph, "mul", left, right)
    return _reduce(graph, "add", products, [products.ndim - 1])


def _select(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    which, otherwise, chosen = inputs  # the choice is by truth, so of two
    return _each(graph, "select", which, chosen, otherwise)


def _converted(graph: Graph, params: Any, inputs: list[Nodes], equation: Any) -> Nodes:
    before, after = equation.invars[0].aval.dtype, equation.outvars[0].aval.dtype
    if before == np.bool_ and after != np.bool_:
        return _each(graph, "select", inputs[0], _constant(graph, 1.0), _constant(graph, 0.0))
    if before != np.bool_ and after == np.bool_:
        return _each(graph, "ne", inputs[0], _constant(graph, 0.0))
    return inputs[0]


_RULES: dict[str, Callable[..., Any]] = {
    "reshape": lambda graph, params, inputs, equation: inputs[0],
    "squeeze": lambda graph, params, inputs, equation: inputs[0],
    "expand_dims": lambda graph, params, inputs, equation: inputs[0],
    "broadcast_in_dim": _broadcast,
    "slice": _sliced,
    "split": _split,
    "pad": _pad,
    "concatenate": lambda graph, params, inputs, equation: np.concatenate(inputs, axis=params["dimension"]),
    "stack": lambda graph, params, inputs, equation: np.stack(inputs, axis=params["axis"]),
    "unstack": lambda graph, params, inputs, equation: list(np.moveaxis(inputs[0], params["axis"], 0)),
    "transpose": lambda graph, params, inputs, equation: np.transpose(inputs[0], params["permutation"]),
    "reduce_sum": lambda graph, params, inputs, equation: _reduce(graph, "add", inputs[0], params["axes"]),
    "reduce_max": lambda graph, params, inputs, equation: _reduce(graph, "max", inputs[0], params["axes"]),
    "reduce_min": lambda graph, params, inputs, equation: _reduce(graph, "min", inputs[0], params["axes"]),
    "dot_general": _dot,
    "select_n": _select,
    "clamp": lambda graph, params, inputs, equation: _each(
        graph, "min", _each(graph, "max", inputs[1], inputs[0]), inputs[2]
    ),
    "convert_element_type": _converted,
    "integer_pow": lambda graph, params, inputs, equation: np.vectorize(
        lambda node: graph.whole_power(int(node), params["y"]), otypes=[np.int64]
    )(inputs[0]),
    "square": lambda graph, params, inputs, equation: _each(graph, "mul", inputs[0], inputs[0]),
    "rsqrt": lambda graph, params, inputs, equation: _each(
        graph, "div", _constant(graph, 1.0), _each(graph, "sqrt", inputs[0])
    ),
}
