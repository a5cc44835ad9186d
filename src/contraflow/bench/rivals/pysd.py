"""PySD on the model's file, as shipped and with its lookups patched, and EMA Workbench over PySD as shipped.

PySD has Euler's rule only. An exported XMILE file writes the midpoint rule out for it; the synthetic model's Vensim
file, which has real lookups, takes steps half as long, and its outputs are compared with Euler's rule. Either way the
right-hand side is evaluated as often as elsewhere. One trajectory at a time is all that PySD can do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from contraflow.bench.cases import Case
from contraflow.bench.contest import Contestant, Outputs
from contraflow.engine.xmile import export

#: Experiments of one call of EMA Workbench.
EXPERIMENTS = 2


@dataclass(frozen=True)
class _Translated:
    """A model that PySD has translated; its names of ours, the first draw's parameters, and rows a period."""

    model: Any
    file: Path
    names: Mapping[str, np.ndarray]
    values: Mapping[str, float]
    rows: int
    check: str


def pysd_contestants(case: Case, folder: Path) -> list[Contestant]:
    """PySD patched over a whole trajectory; as shipped, perhaps over fewer periods, whose time is scaled up."""
    made = _translated(case, folder)
    part = case.shortened / case.grid.periods

    def patched() -> Outputs:
        with _patched():
            return _outputs(case, made, case.grid.periods)

    return [
        Contestant("pysd_patched", patched, 1.0, made.check, 1e-7),
        Contestant("pysd", lambda: _outputs(case, made, case.shortened), part, made.check, 1e-7),
    ]


def ema_contestant(case: Case, folder: Path) -> Contestant:
    """EMA Workbench, one experiment after another; the translation by PySD, once an analysis, is left out."""
    with redirect_stderr(StringIO()):  # on the tools that it can connect to and does not find
        from ema_workbench import RealParameter, Scenario, SequentialEvaluator, TimeSeriesOutcome
        from ema_workbench.connectors.pysd_connector import PysdModel
        from ema_workbench.em_framework.model import AbstractModel

    made = _translated(case, folder)

    class Translated(PysdModel):
        def model_init(self, policy: Any, **arguments: Any) -> None:
            AbstractModel.model_init(self, policy, **arguments)
            self.model = made.model

    named = made.file.with_suffix(".mdl")  # it insists on the name of a Vensim file
    named.touch()
    workbench = Translated(case.name, mdl_file=str(named))
    workbench.uncertainties = [RealParameter(k, v - abs(v) - 1, v + abs(v) + 1) for k, v in made.values.items()]
    workbench.outcomes = [TimeSeriesOutcome(n) for names in made.names.values() for n in names.flat]
    scenarios = [Scenario(str(k), **made.values) for k in range(EXPERIMENTS)]

    def call() -> Outputs:
        with SequentialEvaluator(workbench) as evaluator:
            _, found = evaluator.perform_experiments(scenarios, log_progress=True)
        return _by_period(case, made, lambda name: np.asarray(found[name])[0], case.shortened)

    return Contestant("ema", call, EXPERIMENTS * case.shortened / case.grid.periods, made.check, 1e-7)


@functools.cache
def _translated(case: Case, folder: Path) -> _Translated:
    """The case's model as PySD has it, to ``case.shortened`` periods."""
    import pysd

    first = case.first(1)
    grid = first.grid
    if case.vensim is not None:
        file = folder / f"{case.name}.mdl"
        file.write_text(case.vensim(0.5 * grid.step, case.shortened), encoding="utf-8")
        names = {n: np.array([n]) for n in case.record}
        values = {n: float(v[0]) for n, v in first.parameters.items()}
        return _Translated(pysd.read_vensim(str(file)), file, names, values, 1, "euler")
    grid = replace(grid, periods=case.shortened)
    paths = {k: v.reshape(-1) for k, v in first.inputs(grid).items()}
    made = export(case.model, first.parameters, paths, grid, title=case.name)
    file = folder / f"{case.name}.xmile"
    file.write_text(made.text, encoding="utf-8")
    names = {n: made.names[n] for n in case.record}
    values = {str(made.names[n][0]): float(v[0]) for n, v in first.parameters.items()}
    return _Translated(pysd.read_xmile(str(file)), file, names, values, grid.substeps, "midpoint")


def _outputs(case: Case, made: _Translated, periods: int) -> Outputs:
    columns = [n for names in made.names.values() for n in names.flat]
    until = case.grid.start + periods / case.grid.per_year
    table = made.model.run(params=dict(made.values), return_columns=columns, final_time=until)
    return _by_period(case, made, lambda name: table[name].to_numpy(), periods)


def _by_period(case: Case, made: _Translated, column: Callable[[str], np.ndarray], periods: int) -> Outputs:
    """States at the start of each period and the means of everything else, as the engine records them."""
    states = {v.name for v in case.model.states}
    found = {}
    for name, names in made.names.items():
        rows = np.stack([np.asarray(column(str(n)), dtype=float)[: periods * made.rows] for n in names.flat], axis=-1)
        rows = rows.reshape(periods, made.rows, *names.shape)
        found[name] = rows[:, 0] if name in states else rows.mean(axis=1)
    return found


@contextmanager
def _patched() -> Iterator[None]:
    """Lookups by ``np.interp`` in place of xarray's interpolation, which takes nearly all the time of one."""
    from pysd.py_backend import lookups

    original = lookups.Lookups._call
    points: dict[int, Any] = {}

    def call(self: Any, data: Any, x: Any, final_subs: Any = None) -> Any:
        if self.interp != "interpolate" or not self.is_float:
            return original(self, data, x, final_subs)
        if id(self) not in points:
            points[id(self)] = (data["lookup_dim"].values, data.values)
        return np.interp(x, *points[id(self)])

    lookups.Lookups._call = call
    try:
        yield
    finally:
        lookups.Lookups._call = original
