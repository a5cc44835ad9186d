"""From a model to a document: one variable after another, and what could not be said.

Named axes become one variable a label (``seizures_fentanyl``): readers agree on scalars more than on arrays. A smooth
becomes a stock with one flow. The midpoint rule, which XMILE lacks, is written out for Euler's method: what varies
stands twice, once at the start of the step, to reach its middle, and once there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow.engine.model import Model
from contraflow.engine.simulate import Grid, ensemble_size
from contraflow.engine.variables import ModelError, Variable
from contraflow.engine.xmile import functions
from contraflow.engine.xmile.document import TIME_UNIT, Document
from contraflow.engine.xmile.equations import traced
from contraflow.engine.xmile.expressions import number, written
from contraflow.engine.xmile.names import Names, quoted

PARAMETERS = "parameters"
INTEGRATION = "integration"


@dataclass(frozen=True)
class Export:
    """A model as XMILE.

    ``names``: of each variable and parameter, the names in the file, in the variable's canonical shape for one draw.
    ``variables``: how many the file has. ``limits``: what the file does not say, one sentence each.
    """

    text: str
    names: Mapping[str, np.ndarray]
    variables: int
    limits: tuple[str, ...]


def export(
    model: Model,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
    grid: Grid,
    *,
    title: str,
    once: bool = False,
    product: tuple[str, str] = ("contraflow", "1"),
    documentation: Mapping[str, str] | None = None,
) -> Export:
    """``model`` as XMILE, with one value a parameter and one path an input.

    The file gives, in any tool that has Euler's method, what ``simulate`` gives on this grid: equations that vary stand
    in it twice. With ``once`` they do not, and the rule is the tool's own: Runge-Kutta 4, where it has that.

    Args:
        parameters: name → one value.
        inputs: name → (steps,), sampled at ``grid.step_times``.
        grid: the span and the step.
        title: name of the model in the file.
        once: write every equation once.
        product: name and version of what writes it.
        documentation: parameter → what it is.

    Raises:
        ModelError: a value is missing, not single or not finite, or an equation uses an operation that XMILE cannot
            express.
    """
    return _Exporter(model, parameters, inputs, grid, once).export(title, product, documentation or {})


class _Exporter:
    def __init__(self, model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid, once: bool):
        self.model, self.grid, self.once = model, grid, once
        self.parameters, self.inputs = _single(model, parameters, inputs, grid)
        self.document, self.identifiers = Document(), Names()
        self.approximated: list[str] = []
        kept = [*model.parameters, *(v.name for v in model.variables.values() if v.kind != "boundary")]
        self.names = {name: self._named(name, name) for name in kept}
        # What equations read: at the middle of a step, where flows move stocks, and at its start.
        self.middle = self.start = self.names
        if not once:
            self.half_step = self.identifiers.new("half_step")
            self.middle = self.names | {v.name: self._named(v.name, f"{v.name}_middle") for v in model.states}
            self.start = self.names | {name: self._named(name, f"{name}_start") for name in model.order}

    def export(self, title: str, product: tuple[str, str], documentation: Mapping[str, str]) -> Export:
        for parameter, value in self.parameters.items():
            (name,) = self.names[parameter]
            about, unit = documentation.get(parameter, ""), self.model.parameters[parameter]
            self.document.add("aux", name, number(value), sector=PARAMETERS, about=about, unit=unit)
        for variable in self.model.variables.values():
            if variable.kind == "series":
                self._series(variable)
            elif variable.is_state:
                self._state(variable)
            elif variable.kind != "boundary":
                self._equation(variable, self.middle, self.names, "flow" if variable.kind == "flow" else "aux")
        if not self.once:
            self._half_step()
        text = self.document.text(self.grid, "rk4" if self.once else "euler", title, product)
        return Export(text, self.names, len(self.document), tuple(self._limits()))

    def _named(self, name: str, wanted: str) -> np.ndarray:
        model = self.model
        return self.identifiers.elements(wanted, model.dims_of(name), model.axes, model.shape(name, 1))

    def _each(self, variable: Variable, names: Mapping[str, np.ndarray]) -> Iterator[tuple[tuple[int, ...], str, str]]:
        """Place, name and documentation of each element of a variable."""
        shape = names[variable.name].shape
        for index in np.ndindex(shape):
            axes = [self.model.axes[d] for d in variable.dims]
            labels = [axis.labels[index[len(shape) + axis.place]] for axis in axes]
            yield (
                index,
                str(names[variable.name][index]),
                f"{', '.join(labels)}: {variable.doc}" if labels else variable.doc,
            )

    def _equation(
        self, variable: Variable, reads: Mapping[str, np.ndarray], names: Mapping[str, np.ndarray], kind: str
    ) -> None:
        def new(what: str) -> Callable[[], str]:
            return lambda: self.identifiers.new(f"{variable.name}_{what}")

        graph, roots, constants = traced(self.model, variable, reads, new("constant"))
        if graph.approximated and variable.name not in self.approximated:
            self.approximated.append(variable.name)
        again = names is not self.names
        sector = INTEGRATION if again else variable.sector
        about = f"In the equation of {variable.name}."
        for (value, unit), name in constants.items():
            self.document.add("aux", name, number(value), sector=sector, about=about, unit=unit)
        texts, parts = written(graph, roots, new("part"))
        for name, text in parts.items():
            self.document.add("aux", name, text, sector=sector, about=about)
        ends = f" From {variable.source} to {variable.destination}." if variable.kind == "flow" else ""
        for (_, name, doc), text in zip(self._each(variable, names), texts, strict=True):
            about = f"At the start of the step: {doc}" if again else doc + ends
            self.document.add(kind, name, text, sector=sector, about=about, unit=variable.unit)

    def _state(self, variable: Variable) -> None:
        names = self.names[variable.name]
        if isinstance(variable.initial, str):
            starts = np.broadcast_to(np.vectorize(quoted)(self.start[variable.initial]), names.shape)
        else:
            starts = np.full(names.shape, number(float(variable.initial or 0.0)))
        entering, leaving = self._flows(variable, self.names)
        for index, name, about in self._each(variable, self.names):
            if variable.kind == "smooth":
                change = self.identifiers.new(f"change_in_{name}")
                entering[index].append(change)
                self.document.add(
                    "flow", change, self._smoothing(variable, self.middle, index),
                    sector=variable.sector, about=f"Change of: {about}", unit=f"({variable.unit})/{TIME_UNIT}",
                )  # fmt: skip
            self.document.add(
                "stock", name, starts[index], sector=variable.sector, about=about, unit=variable.unit,
                entering=entering[index], leaving=leaving[index],
            )  # fmt: skip

    def _smoothing(self, variable: Variable, reads: Mapping[str, np.ndarray], index: tuple[int, ...]) -> str:
        """The rate of change of one element of a smooth."""
        shape = self.names[variable.name].shape
        of, own, time = (
            quoted(np.broadcast_to(reads[str(n)], shape)[index]) for n in (variable.of, variable.name, variable.time)
        )
        return f"({of} - {own}) / {time}"

    def _flows(self, account: Variable, names: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Names of the flows into and out of each element of a stock: lists, in the stock's shape."""
        shape = self.names[account.name].shape
        entering, leaving = (np.frompyfunc(lambda _: [], 1, 1)(np.empty(shape)) for _ in range(2))
        for flow in self.model.of_kind("flow"):
            own = names[flow.name]
            for end, lists in ((flow.destination, entering), (flow.source, leaving)):
                if end == account.name:
                    for name, members in zip(own.flat, np.broadcast_to(lists, own.shape).flat, strict=True):
                        members.append(name)
        return entering, leaving

    def _half_step(self) -> None:
        """What takes each stock to the middle of a step: the equations at its start, and the stock half a step on."""
        half = number(0.5 * self.grid.step)
        self.document.add("aux", self.half_step, half, sector=INTEGRATION, about="Half a step.", unit=TIME_UNIT)
        for name in self.model.order:
            self._equation(self.model.variables[name], self.start, self.start, "aux")
        for variable in self.model.states:
            entering, leaving = self._flows(variable, self.start)
            for index, name, about in self._each(variable, self.middle):
                if variable.kind == "smooth":
                    rate = self._smoothing(variable, self.start, index)
                else:
                    rate = " + ".join(map(quoted, entering[index])) or "0"
                    rate += "".join(f" - {quoted(flow)}" for flow in leaving[index])
                equation = f"{quoted(self.names[variable.name][index])} + {self.half_step} * ({rate})"
                self.document.add(
                    "aux", name, equation,
                    sector=INTEGRATION, about=f"At the middle of the step: {about}", unit=variable.unit,
                )  # fmt: skip

    def _series(self, variable: Variable) -> None:
        grid, values = self.grid, self.inputs[variable.name]
        (name,) = self.names[variable.name]
        text, table = "TIME", None
        if np.all(values == values[0]):
            text = number(values[0])
        elif np.array_equal(values, grid.step_times):
            text = "TIME" if self.once else f"TIME + {self.half_step}"
        else:
            # Euler's method asks at the start of a step for what the midpoint rule takes in its middle.
            table = _table(grid.step_times - (0.0 if self.once else 0.5 * grid.step), values, grid)
        self.document.add(
            "aux", name, text, sector=variable.sector, about=variable.doc, unit=variable.unit, table=table
        )

    def _limits(self) -> Iterator[str]:
        model, grid = self.model, self.grid
        yield "Uncertainty: each parameter has one value and each input one path."
        steps = f"steps of 1/{grid.per_year * grid.substeps} {TIME_UNIT}"
        if self.once:
            yield f"The midpoint rule in {steps}: the tool's own rule, which may err more, takes its place."
        else:
            yield (
                f"The midpoint rule: it is written out, for Euler's method in {steps}; change neither. The group "
                f"{INTEGRATION} has the equations at the start of a step."
            )
        yield "Means of a month: values are those of one step."
        if any(v.dims for v in model.variables.values()):
            yield f"Named axes ({', '.join(model.axes)}): each variable is written out, once a label."
        if model.of_kind("boundary"):
            yield (
                "Accounts outside the model: flows begin or end nowhere, and ledgers are not checked. The "
                "documentation of each flow names both ends."
            )
        off = [v for v in model.variables.values() if v.extension and v.extension not in model.extensions]
        for extension in dict.fromkeys(v.extension for v in off):
            names = ", ".join(v.name for v in off if v.extension == extension)
            yield f"Equations of the extension {extension}, which is off, held constant: {names}."
        if self.approximated:
            yield (
                f"Error functions, in {', '.join(self.approximated)}: polynomials with a relative error below "
                f"{functions.ACCURACY:g} stand for them."
            )
        if self.document.without_unit:
            yield f"Units with roots, of {', '.join(self.document.without_unit)}: left out."


def _single(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], grid: Grid
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Parameters as numbers and inputs as (steps,), checked."""
    series = [v.name for v in model.of_kind("series")]
    missing = [n for n in series if n not in inputs] + [p for p in model.parameters if p not in parameters]
    if missing:
        raise ModelError(f"no value given for {', '.join(missing[:5])}")
    values = {p: np.asarray(parameters[p], dtype=float) for p in model.parameters}
    paths = {n: np.asarray(inputs[n], dtype=float) for n in series}
    draws = ensemble_size(values, paths, grid)
    if draws != 1:
        raise ModelError(f"{draws} draws given, and XMILE holds one: choose it before the export")
    return {p: float(v.reshape(-1)[0]) for p, v in values.items()}, {n: x.reshape(-1) for n, x in paths.items()}


def _table(times: np.ndarray, values: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Points whose straight lines pass through ``values`` at ``times``, without those inside a stretch of one value.

    A stretch reaches a quarter of a step beyond both its ends: other tools add up the time with rounding, and must not
    see the next value already on its last step. The last value is held to the end.
    """
    changes = values[1:] != values[:-1]
    first, last = np.append(True, changes), np.append(changes, True)
    reach = 0.25 * grid.step * (last.astype(float) - first.astype(float))
    kept = first | last
    end = grid.start + grid.periods / grid.per_year + 0.25 * grid.step
    return np.append((times + reach)[kept], end), np.append(values[kept], values[-1])
