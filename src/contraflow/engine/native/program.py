"""What a kernel computes: the start, one evaluation of all rates, and their adjoints, as functions on its memory.

The integration itself (the midpoint rule, sub-steps, means of a period) is a fixed C text around these, ``driver.h``,
which does to vectors of trajectories what ``contraflow.engine.simulate`` does to arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine.model import Model, unknown
from contraflow.engine.native.graph import CONSTANT, ONCE, POINT, STEP, Graph
from contraflow.engine.native.lowering import Nodes, lower
from contraflow.engine.simulate import constants, derivatives, evaluate_all, initial_state

Values = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """A C function that reads regions of the memory and writes others.

    ``roots`` are (region, place, node); ``given`` are nodes that functions run before it have left in the memory.
    """

    name: str
    graph: Graph
    roots: tuple[tuple[str, int, int], ...]
    given: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Interface:
    """What a kernel reads and records, known from the model without tracing it.

    ``parameters``, ``inputs`` and ``columns`` (the inputs whose gradient is wanted) name rows of the kernel's arrays.
    ``states``, ``levels`` and ``averages`` give the shape of each with one draw.
    """

    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    states: Mapping[str, tuple[int, ...]]
    levels: Mapping[str, tuple[int, ...]]
    averages: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Program(Interface):
    """The functions of a kernel and the sizes of what they share.

    ``level_places`` says which state each recorded level is.
    """

    level_places: tuple[int, ...]
    regions: Mapping[str, int]
    functions: tuple[Function, ...]
    gradient: bool


class _Scoped(Model):
    # Operations carry the name of the variable whose equation they belong to.
    def evaluate(self, name: str, values: Mapping[str, Any], draws: int) -> Any:
        with jax.named_scope(name):
            return super().evaluate(name, values, draws)


def interface(model: Model, record: Sequence[str], columns: Iterable[str] = ()) -> Interface:
    """What a kernel that records these variables reads and records. Raises ``ModelError`` for an unknown name."""
    for name in record:
        if name not in model.variables:
            raise unknown("variable", name, "the variables to record", model.variables)
    states = {v.name: model.shape(v.name, 1) for v in model.states}
    return Interface(
        tuple(model.parameters),
        tuple(v.name for v in model.of_kind("series")),
        tuple(columns),
        states,
        {n: states[n] for n in record if n in states},
        {n: model.shape(n, 1) for n in record if n not in states},
    )


def program(model: Model, record: Sequence[str], columns: Iterable[str] = (), *, gradient: bool = False) -> Program:
    """The kernel's program: forward, or its adjoint with respect to the parameters and the inputs in ``columns``.

    Raises ``ModelError`` for an unknown name to record, and ``UnsupportedError`` for an operation without C form.
    """
    return _Tracer(model, interface(model, record, columns), gradient).program()


class _Tracer:
    def __init__(self, model: Model, face: Interface, gradient: bool):
        self.model = _Scoped(**{f.name: getattr(model, f.name) for f in dataclasses.fields(model)})
        self.face, self.gradient = face, gradient
        self.parameters, self.inputs, self.columns = face.parameters, face.inputs, face.columns
        self.states, self.levels, self.averages = face.states, face.levels, face.averages
        self.fixed = {**dict.fromkeys(self.parameters, (1,)), **{n: model.shape(n, 1) for n in model.constants}}
        self.scalars = dict.fromkeys(self.inputs, (1,))
        self.start, self.step = Graph(), Graph()

    def program(self) -> Program:
        rates, averages, pulls = self._step()
        live = self.step.needed(n for _, _, n in [*rates, *averages, *(r for pull in pulls for r in pull)])
        read = {self.step.operations[n][2] for n in live if self.step.operations[n][:2] == ("leaf", "fixed")}
        functions = self._start(read) + self._points(live, rates, averages, pulls)
        regions = {
            "parameters": len(self.parameters),
            "inputs": len(self.inputs),
            "fixed": _size(self.fixed),
            "states": _size(self.states),
            "rates": _size(self.states),
            "averages": _size(self.averages),
        }
        if self.gradient:
            regions |= {
                "rates_bar": _size(self.states),
                "averages_bar": _size(self.averages),
                "fixed_bar": _size(self.fixed),
                "states_bar": _size(self.states),
                "columns_bar": len(self.columns),
                "parameters_bar": len(self.parameters),
            }
        places = _places(self.states)
        level_places = [p for n in self.levels for p in range(places[n], places[n] + int(np.prod(self.levels[n])))]
        return Program(**vars(self.face), level_places=tuple(level_places), regions=regions,
                       functions=tuple(functions), gradient=self.gradient)  # fmt: skip

    def _step(self) -> tuple[list[Any], list[Any], list[list[Any]]]:
        """Roots of the rates, of the recorded values, and of the adjoints of the rates alone and of both."""
        arguments = (
            _leaves(self.step, "states", self.states, POINT),
            _leaves(self.step, "fixed", self.fixed, ONCE),
            _leaves(self.step, "inputs", self.scalars, STEP),
        )
        rates, averages = _lowered(self.step, self._values, arguments)
        pulls = []
        if self.gradient:
            bars = (
                _leaves(self.step, "rates_bar", self.states, POINT),
                _leaves(self.step, "averages_bar", self.averages, POINT),
            )
            for recorded in (False, True):
                states, fixed, inputs = _lowered(self.step, self._pull, (*arguments, bars), recorded)
                pulls.append(
                    [
                        *_roots("states_bar", self.states, states),
                        *_roots("fixed_bar", self.fixed, fixed),
                        *_roots("columns_bar", dict.fromkeys(self.columns, (1,)), inputs),
                    ]
                )
        return _roots("rates", self.states, rates), _roots("averages", self.averages, averages), pulls

    def _values(self, state: Values, fixed: Values, inputs: Values) -> tuple[Values, Values]:
        values = evaluate_all(self.model, {**fixed, **state, **inputs}, 1)
        recorded = {n: jnp.broadcast_to(values[n], shape) for n, shape in self.averages.items()}
        return derivatives(self.model, values), recorded

    def _pull(self, state: Values, fixed: Values, inputs: Values, bars: Any, recorded: bool) -> Any:
        def chosen(state: Values, fixed: Values, columns: Values) -> Any:
            both = self._values(state, fixed, {**inputs, **columns})
            return both if recorded else both[0]

        _, back = jax.vjp(chosen, state, fixed, {n: inputs[n] for n in self.columns})
        return back(bars if recorded else bars[0])

    def _started(self, parameters: Values, inputs: Values) -> tuple[Values, Values]:
        fixed = constants(self.model, parameters, 1)
        return fixed, initial_state(self.model, fixed, inputs, 1)

    def _start(self, read: set[int]) -> list[Function]:
        arguments = (
            _leaves(self.start, "parameters", dict.fromkeys(self.parameters, (1,)), POINT),
            _leaves(self.start, "inputs", self.scalars, POINT),
        )
        fixed, state = _lowered(self.start, self._started, arguments)
        needed = [root for root in _roots("fixed", self.fixed, fixed) if root[1] in read]
        functions = [Function("start", self.start, (*needed, *_roots("states", self.states, state)))]
        if self.gradient:

            def pull(parameters: Values, inputs: Values, bars: Any) -> Any:
                columns = {n: inputs[n] for n in self.columns}
                _, back = jax.vjp(lambda p, c: self._started(p, {**inputs, **c}), parameters, columns)
                return back(bars)

            bars = (
                _leaves(self.start, "fixed_bar", self.fixed, POINT),
                _leaves(self.start, "states_bar", self.states, POINT),
            )
            parameters, inputs = _lowered(self.start, pull, (*arguments, bars))
            roots = (
                *_roots("parameters_bar", dict.fromkeys(self.parameters, (1,)), parameters),
                *_roots("columns_bar", dict.fromkeys(self.columns, (1,)), inputs),
            )
            functions.append(Function("pull_start", self.start, roots))
        return functions

    def _points(self, live: set[int], rates: list[Any], averages: list[Any], pulls: list[list[Any]]) -> list[Function]:
        slow = {r: frozenset(n for n in live if self.step.rates[n] == r) for r in (CONSTANT, ONCE, STEP)}
        outside = slow[CONSTANT] | slow[ONCE] | slow[STEP]
        functions = [
            Function("once", self.step, tuple(("", 0, n) for n in sorted(slow[ONCE]))),
            Function("each", self.step, tuple(("", 0, n) for n in sorted(slow[STEP])), slow[CONSTANT] | slow[ONCE]),
            Function("rates", self.step, tuple(rates), outside),
        ]
        if not self.gradient:
            done = frozenset(self.step.needed(n for _, _, n in rates))
            functions.append(Function("record", self.step, tuple(averages), outside | done))
        for name, pull in zip(("pull_rates", "pull_both"), pulls, strict=False):
            functions.append(Function(name, self.step, tuple(pull), outside))
        return functions


def _size(shapes: Mapping[str, tuple[int, ...]]) -> int:
    return sum(int(np.prod(s)) for s in shapes.values())


def _places(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    ends = np.cumsum([0, *(int(np.prod(s)) for s in shapes.values())])
    return dict(zip(shapes, ends[:-1].tolist(), strict=True))


def _leaves(graph: Graph, region: str, shapes: Mapping[str, tuple[int, ...]], rate: int) -> dict[str, Nodes]:
    found = {}
    for name, first in _places(shapes).items():
        size = int(np.prod(shapes[name]))
        nodes = [graph.leaf(region, place, rate) for place in range(first, first + size)]
        found[name] = np.array(nodes, dtype=np.int64).reshape(shapes[name])
    return found


def _roots(region: str, shapes: Mapping[str, tuple[int, ...]], nodes: Mapping[str, Nodes]) -> list[Any]:
    places = _places(shapes)
    return [(region, places[n] + k, int(node)) for n in shapes for k, node in enumerate(nodes[n].reshape(-1))]


def _lowered(graph: Graph, function: Any, arguments: Any, *extra: Any) -> Any:
    # A tree of node arrays in, a tree of node arrays out.
    flat, tree = jax.tree.flatten(arguments)
    shapes = [jax.ShapeDtypeStruct(a.shape, jnp.float64) for a in flat]

    def flattened(*values: Any) -> Any:
        return function(*jax.tree.unflatten(tree, values), *extra)

    closed, out = jax.make_jaxpr(flattened, return_shape=True)(*shapes)
    return jax.tree.unflatten(jax.tree.structure(out), lower(graph, closed, flat))
