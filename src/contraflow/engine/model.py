"""Assembly: from declared variables to a checked model with an evaluation order, units, ledgers and a hash.

Everything wrong is found here, before anything runs, and named with its file, line and nearest valid name.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine import cache, units
from contraflow.engine.axes import Axis, shape_of
from contraflow.engine.variables import ModelError, Variable, syntax


@dataclass(frozen=True)
class Model:
    """An assembled model. ``order`` is the sequence in which varying equations are evaluated in one step.

    ``content`` is a fingerprint of all that the declarations were read from, or None: see ``assemble``.
    """

    variables: Mapping[str, Variable]
    parameters: Mapping[str, str]
    axes: Mapping[str, Axis]
    constants: tuple[str, ...]
    order: tuple[str, ...]
    extensions: frozenset[str]
    content: str | None = None
    compiled: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def of_kind(self, *kinds: str) -> list[Variable]:
        """The variables of these kinds, in order of declaration."""
        return [v for v in self.variables.values() if v.kind in kinds]

    @property
    def states(self) -> list[Variable]:
        """Stocks and smooths: what is carried from step to step."""
        return [v for v in self.variables.values() if v.is_state]

    def unit_of(self, name: str) -> str:
        """Unit text of a variable or parameter."""
        return self.variables[name].unit if name in self.variables else self.parameters[name]

    def dims_of(self, name: str) -> tuple[str, ...]:
        """Named axes of a variable; parameters have none."""
        return self.variables[name].dims if name in self.variables else ()

    def shape(self, name: str, draws: int) -> tuple[int, ...]:
        """Canonical array shape of a variable for an ensemble of this many draws."""
        return shape_of(self.dims_of(name), dict(self.axes), draws)

    def inputs_of(self, name: str) -> tuple[str, ...]:
        """Names that a variable depends on directly, within a step or through a stock's flows."""
        variable = self.variables[name]
        if variable.kind == "smooth":
            return tuple(x for x in (variable.of, variable.time) if x)
        if variable.kind in ("stock", "boundary"):
            return tuple(f.name for f in self.of_kind("flow") if name in (f.source, f.destination))
        return variable.inputs if self._is_on(variable) else ()

    def uses_of(self, name: str) -> tuple[str, ...]:
        """Names of the variables that depend directly on this one."""
        return tuple(v for v in self.variables if name in self.inputs_of(v))

    def upstream(self, names: Iterable[str]) -> frozenset[str]:
        """Variables and parameters that these depend on by any path, at once, over time or by a starting value."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.variables:
                initial = self.variables[name].initial
                waiting += [*self.inputs_of(name), *([initial] if isinstance(initial, str) else [])]
        return frozenset(found)

    def _is_on(self, variable: Variable) -> bool:
        return variable.extension is None or variable.extension in self.extensions

    @property
    def hash(self) -> str:
        """Fingerprint of the equations: functions without comments and docstrings, units, structure and axes."""
        digest = hashlib.sha256()
        for name in sorted(self.variables):
            v = self.variables[name]
            body = syntax(v.function) if v.function else ""
            parts = (name, v.kind, v.unit, v.dims, v.source, v.destination, v.initial, v.of, v.time, v.off, body)
            digest.update(repr(parts).encode())
        digest.update(repr(sorted(self.parameters.items())).encode())
        digest.update(repr(sorted((a.name, a.labels) for a in self.axes.values())).encode())
        return digest.hexdigest()[:16]

    def cache_key(self, *parts: object) -> tuple[object, ...] | None:
        """What an entry of the cache that is made from this model depends on, with these parts; None: not to be kept.

        The hash is among it beside the content, so that declarations planted in memory are not taken for those read.
        """
        if self.content is None:
            return None
        return (self.content, self.hash, sorted(self.extensions), jax.__version__, np.__version__, *parts)

    def evaluate(self, name: str, values: Mapping[str, Any], draws: int) -> Any:
        """Value of one equation from the values of its inputs, in canonical shape."""
        variable = self.variables[name]
        if variable.off is not None and not self._is_on(variable):
            return jnp.full(self.shape(name, draws), variable.off, dtype=float)
        if variable.function is None:
            raise ModelError(f"{name} at {variable.where} has no equation")
        result = jnp.asarray(variable.function(*(values[i] for i in variable.inputs)), dtype=float)
        return canonical(result, self.shape(name, draws), f"{name} ({variable.where})")


def canonical(value: Any, shape: tuple[int, ...], name: str) -> Any:
    """``value`` reshaped and broadcast to ``shape``. Raises ``ModelError`` if it has an axis the variable lacks."""
    padded = value.reshape((1,) * (len(shape) - value.ndim) + value.shape) if value.ndim < len(shape) else value
    extra = padded.ndim - len(shape)
    if any(n != 1 for n in padded.shape[:extra]) or any(
        n not in (1, m) for n, m in zip(padded.shape[extra:], shape, strict=True)
    ):
        raise ModelError(f"{name}: the equation gives shape {value.shape}, its declared axes allow {shape}")
    return jnp.broadcast_to(padded.reshape(padded.shape[extra:]), shape)


def collect(modules: Iterable[ModuleType]) -> dict[str, Variable]:
    """The variables declared in these modules, under the names they have there."""
    found: dict[str, Variable] = {}
    for module in modules:
        sector = module.__name__.rsplit(".", 1)[-1]
        _check_bound_once(module)
        for name, value in vars(module).items():
            if isinstance(value, Variable) and value.file == module.__file__:
                if name in found:
                    other = found[name]
                    raise ModelError(f"{name} is declared twice: {other.where} and {value.where}")
                found[name] = value.named(name, sector)
    return found


def _check_bound_once(module: ModuleType) -> None:
    # Python lets a later declaration replace an earlier one of the same name without a word.
    lines: dict[str, int] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = [t.id for t in targets if isinstance(t, ast.Name)]
        for name in [node.name] if isinstance(node, ast.FunctionDef) else names:
            if name in lines and isinstance(getattr(module, name, None), Variable):
                file = module.__file__
                raise ModelError(f"{name} is declared twice: {file}:{lines[name]} and {file}:{node.lineno}")
            lines[name] = node.lineno


def assemble(
    variables: Mapping[str, Variable] | Iterable[ModuleType],
    parameters: Mapping[str, str],
    *,
    axes: Iterable[Axis] = (),
    extensions: Iterable[str] = (),
    time_unit: str = "year",
    units: bool = True,
    content: str | None = None,
) -> Model:
    """Resolve, order and check a model.

    ``parameters`` maps each parameter to its unit. Raises ``ModelError`` for an unknown, unused, doubly declared or
    circular name, a flow without accounts, a wrong axis, a wrong unit, or an equation that mixes draws. With ``units``
    off, what ``check_units`` finds is left to it: such a model is to be looked at, not run.

    ``content`` is the caller's word for all files that the declarations were read from, ``cache.content_of`` their
    packages: that the units agree, and the text of kernels, is then kept between runs. Without it nothing is.
    """
    if isinstance(variables, Mapping):
        declared = {n: v.named(n, v.sector) for n, v in variables.items()}
    else:
        declared = collect(variables)
    axis_map = _checked_axes(axes)
    model = Model(declared, dict(parameters), axis_map, (), (), frozenset(extensions))
    _check_names(model)
    _check_accounts(model)
    _check_use(model)
    constants, order = _sequence(model)
    _check_starts(model)
    model = Model(declared, dict(parameters), axis_map, constants, order, frozenset(extensions), content)
    if units:
        cache.kept("units", model.cache_key(time_unit), lambda: _agreement(model, time_unit))
    return model


def _agreement(model: Model, time_unit: str) -> bytes:
    failures = check_units(model, time_unit)
    if failures:
        raise ModelError("units do not agree:\n  " + "\n  ".join(failures))
    return b"units agree"


def unknown(kind: str, name: str, where: str, valid: Iterable[str]) -> ModelError:
    """The error for a name that does not exist: where it was met, and the nearest valid name."""
    near = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ModelError(f"{where}: unknown {kind} {name!r}{hint}")


def _checked_axes(axes: Iterable[Axis]) -> dict[str, Axis]:
    found: dict[str, Axis] = {}
    for axis in axes:
        if axis.place > -2:
            raise ModelError(f"the axis {axis.name} has place {axis.place}; draws have place -1, axes start at -2")
        for other in found.values():
            if axis.name == other.name or axis.place == other.place:
                raise ModelError(f"the axes {other.name} and {axis.name} share a name or the place {axis.place}")
        found[axis.name] = axis
    return found


def _check_names(model: Model) -> None:
    valid = [*model.parameters, *model.variables]
    clash = set(model.parameters) & set(model.variables)
    if clash:
        name = sorted(clash)[0]
        raise ModelError(f"{name} is both a parameter and a variable ({model.variables[name].where})")
    readable = [n for n in valid if n not in model.variables or model.variables[n].kind != "boundary"]
    for v in model.variables.values():
        for axis in v.dims:
            if axis not in model.axes:
                raise unknown("axis", axis, f"{v.name} at {v.where}", model.axes)
        wanted = [*v.inputs, *(x for x in (v.of, v.time) if x), *([v.initial] if isinstance(v.initial, str) else [])]
        for name in wanted:
            if name not in readable:
                raise unknown("input", name, f"{v.name} at {v.where}", readable)
    offered = {v.extension for v in model.variables.values() if v.extension}
    for extension in sorted(model.extensions - offered):
        raise unknown("extension", extension, "assemble", offered)


def _check_accounts(model: Model) -> None:
    accounts = {v.name: v for v in model.of_kind("stock", "boundary")}
    for v in model.of_kind("flow"):
        for account in (str(v.source), str(v.destination)):
            if account not in accounts:
                if account in model.variables:
                    other = model.variables[account]
                    raise ModelError(
                        f"{v.name} at {v.where}: {account} ({other.where}) is a {other.kind}, not an account; "
                        "a flow joins stocks and boundaries"
                    )
                raise unknown("account", account, f"{v.name} at {v.where}", accounts)
            missing = set(accounts[account].dims) - set(v.dims)
            if missing:
                raise ModelError(
                    f"{v.name} at {v.where} lacks the axis {', '.join(sorted(missing))} of its account {account}"
                )
        ends = {accounts[str(a)].ledger for a in (v.source, v.destination)}
        if len(ends) > 1:
            raise ModelError(
                f"{v.name} at {v.where} moves between two ledgers ({', '.join(sorted(map(str, ends)))}): "
                f"{v.source} and {v.destination} must be accounts of one"
            )


def _check_use(model: Model) -> None:
    used = {x for v in model.variables.values() for x in [*v.inputs, v.of, v.time, v.initial] if isinstance(x, str)}
    for name in model.parameters:
        if name not in used:
            raise ModelError(f"the parameter {name!r} is used by no variable")
    for v in model.of_kind("series"):
        if v.name not in used:
            raise ModelError(f"the series {v.name} at {v.where} is used by no variable")
    for v in model.of_kind("stock", "boundary"):
        if not any(v.name in (f.source, f.destination) for f in model.of_kind("flow")):
            raise ModelError(f"the {v.kind} {v.name} at {v.where} has no flow")


def _sequence(model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Evaluation order: first what depends on parameters alone, then the rest."""
    equations = {v.name: v for v in model.of_kind("auxiliary", "flow")}
    needs = {n: [i for i in model.inputs_of(n) if i in equations] for n in equations}
    order, cycle = _sorted(needs)
    if cycle:
        raise ModelError(
            f"algebraic loop: {' → '.join(cycle)}. Break it with a stock or a smooth. {_places(model, cycle)}"
        )
    constants: list[str] = []
    fixed = set(model.parameters)
    for name in order:
        v = equations[name]
        if v.kind == "auxiliary" and all(i in fixed for i in model.inputs_of(name)):
            constants.append(name)
            fixed.add(name)
    return tuple(constants), tuple(n for n in order if n not in constants)


def _check_starts(model: Model) -> None:
    equations = {v.name: list(model.inputs_of(v.name)) for v in model.of_kind("auxiliary", "flow")}
    states = {v.name: [v.initial] if isinstance(v.initial, str) else [] for v in model.states}
    needs = {**equations, **states}
    _, cycle = _sorted({n: [i for i in inputs if i in needs] for n, inputs in needs.items()})
    if cycle:
        raise ModelError(
            f"a starting value depends on itself: {' → '.join(cycle)}. Start one from a parameter. "
            f"{_places(model, cycle)}"
        )


def _places(model: Model, cycle: list[str]) -> str:
    return "; ".join(f"{n} ({model.variables[n].where})" for n in cycle[:-1])


def _sorted(needs: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
    """Names after the names that they need, and the first circle found (each needs the next), if any."""
    order: list[str] = []
    trail: list[str] = []

    def visit(name: str) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name not in done:
            trail.append(name)
            for other in needs[name]:
                if cycle := visit(other):
                    return cycle
            trail.pop()
            done.add(name)
            order.append(name)
        return []

    done: set[str] = set()
    for name in needs:
        if cycle := visit(name):
            return order, cycle
    return order, []


def check_units(model: Model, time_unit: str = "year") -> list[str]:
    """Every dimensional disagreement in the model, one line each: variable, place, what was found and expected.

    A unit that cannot be read is one of them; what depends on it is not looked at.
    """
    failures: list[str] = []
    parsed: dict[str, units.Unit] = {}
    for name in [*model.variables, *model.parameters]:
        try:
            parsed[name] = units.parse(model.unit_of(name))
        except units.UnitError as error:
            where = f" ({model.variables[name].where})" if name in model.variables else ""
            failures.append(f"{name}{where}: {error}")
    per_time = units.parse(time_unit)
    for v in model.variables.values():
        involved = (v.name, *v.inputs, v.source, v.destination, v.of, v.time, v.initial)
        if any(isinstance(name, str) and name not in parsed for name in involved):
            continue
        expected: units.Unit = parsed[v.name]
        if v.kind in ("auxiliary", "flow"):
            shapes = [model.shape(i, units.DRAWS) for i in v.inputs]
            try:
                found = units.infer(v.function or (lambda: 0.0), [parsed[i] for i in v.inputs], shapes)
                jax.eval_shape(
                    lambda *a, v=v: model.evaluate(v.name, dict(zip(v.inputs, a, strict=True)), units.DRAWS),
                    *(jax.ShapeDtypeStruct(s, jnp.result_type(float)) for s in shapes),
                )
            except ModelError as error:
                failures.append(str(error))
                continue
            except (units.UnitError, ValueError, TypeError) as error:
                failures.append(f"{v.name} ({v.where}): {error}")
                continue
            if found is not None and found != expected:
                failures.append(f"{v.name} ({v.where}): the equation gives {found}, declared {expected}")
        if v.kind == "flow":
            for account in (v.source, v.destination):
                if account and parsed[account] != expected * per_time:
                    failures.append(f"{v.name} ({v.where}): {expected} does not fill {account}, in {parsed[account]}")
        if v.kind == "smooth" and v.of and v.time:
            if parsed[v.of] != expected:
                failures.append(f"{v.name} ({v.where}): smooths {v.of} in {parsed[v.of]}, declared {expected}")
            if parsed[v.time] != per_time:
                failures.append(f"{v.name} ({v.where}): its time {v.time} is in {parsed[v.time]}, not {per_time}")
            for other in (v.of, v.time):
                if set(model.dims_of(other)) - set(v.dims):
                    failures.append(f"{v.name} ({v.where}): lacks the axes of {other}")
        if isinstance(v.initial, str):
            if parsed[v.initial] != expected:
                failures.append(f"{v.name} ({v.where}): starts from {v.initial} in {parsed[v.initial]}, not {expected}")
            if set(model.dims_of(v.initial)) - set(v.dims):
                failures.append(f"{v.name} ({v.where}): lacks the axes of {v.initial}, from which it starts")
    return failures
