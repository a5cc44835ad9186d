"""The lowered model in NumPy, all trajectories at once, and in Numba, one after another, both in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from contraflow.bench.cases import Case
from contraflow.bench.contest import Contestant, Outputs
from contraflow.bench.python_text import NUMBA, NUMPY, REGIONS, compiled, source
from contraflow.engine import Grid
from contraflow.engine.native.program import Program, program

_CONSTANTS = {"nan": math.nan, "inf": math.inf}


def numpy_run(case: Case, *, euler: bool = False) -> Callable[[], Outputs]:
    """Integrates with NumPy by the midpoint rule, or by Euler's with as many evaluations."""
    made = program(case.model, case.record)
    text, kept = source(made, NUMPY)
    functions = compiled(text, {"np": np, "special": special, **_CONSTANTS})
    grid = case.euler_grid() if euler else case.grid
    columns = [np.asarray(case.inputs(grid)[n]) for n in made.inputs]

    def call() -> Outputs:
        m = _memory(case, made, kept)
        arguments = [m[r] for r in REGIONS]
        with np.errstate(all="ignore"):
            return _integrated(case, made, functions, m, arguments, columns, grid, euler)

    return call


def numpy_contestant(case: Case) -> Contestant:
    """NumPy over all draws."""
    return Contestant("numpy", numpy_run(case), case.draws)


def _memory(case: Case, made: Program, kept: int) -> dict[str, list[Any]]:
    memory: dict[str, list[Any]] = {r: [None] * made.regions.get(r, kept) for r in REGIONS}
    memory["parameters"] = [case.parameters[n] for n in made.parameters]
    return memory


def _integrated(
    case: Case, made: Program, functions: Mapping[str, Any], m: dict[str, list[Any]], arguments: list[Any],
    columns: list[np.ndarray], grid: Grid, euler: bool,
) -> Outputs:  # fmt: skip
    rates, states = m["rates"], m["states"]
    step = grid.step
    levels = len(made.level_places)
    out = np.empty((grid.periods, levels + made.regions["averages"], case.draws))
    m["inputs"][:] = [c[0] for c in columns]
    functions["start"](*arguments)
    functions["once"](*arguments)
    for period in range(grid.periods):
        for row, place in enumerate(made.level_places):
            out[period, row] = states[place]
        out[period, levels:] = 0.0
        for t in range(period * grid.substeps, (period + 1) * grid.substeps):
            m["inputs"][:] = [c[t] for c in columns]
            functions["each"](*arguments)
            begin = list(states)
            if not euler:
                functions["rates"](*arguments)
                states[:] = [s + 0.5 * step * r for s, r in zip(begin, rates, strict=True)]
            functions["rates"](*arguments)
            functions["record"](*arguments)
            states[:] = [s + step * r for s, r in zip(begin, rates, strict=True)]
            for row, value in enumerate(m["averages"]):
                out[period, levels + row] += value
        out[period, levels:] /= grid.substeps
    return _named(made, out)


def _named(made: Program, out: np.ndarray) -> Outputs:
    found: dict[str, np.ndarray] = {}
    first = 0
    for name, shape in {**made.levels, **made.averages}.items():
        size = math.prod(shape)
        found[name] = out[:, first : first + size].reshape(out.shape[0], *shape[:-1], out.shape[-1])
        first += size
    return found


def numba_contestant(case: Case) -> Contestant:
    """Numba, one trajectory after another; what is done once a trajectory is prepared with NumPy, untimed."""
    import numba

    fast = numba.njit(fastmath=True, error_model="numpy")
    made = program(case.model, case.record)
    text, kept = source(made, replace(NUMPY, length=NUMBA.length))  # pieces of one length leave values in one place
    prepare = compiled(text, {"np": np, "special": special, **_CONSTANTS})
    functions = compiled(source(made, NUMBA)[0], {"math": math, **_CONSTANTS})
    for name, function in list(functions.items()):
        if name.startswith(("each", "rates", "record")):
            functions[name] = fast(function)
    run = fast(_trajectories(functions["each"], functions["rates"], functions["record"]))

    grid = case.grid
    given = case.inputs(grid)
    m = _memory(case, made, kept)
    m["inputs"][:] = [given[n][0] for n in made.inputs]
    with np.errstate(all="ignore"):
        prepare["start"](*(m[r] for r in REGIONS))
        prepare["once"](*(m[r] for r in REGIONS))

    def by_draw(values: list[Any]) -> np.ndarray:
        filled = [np.broadcast_to(np.asarray(0.0 if v is None else v, dtype=float), (case.draws,)) for v in values]
        return np.ascontiguousarray(np.stack([*filled, np.zeros(case.draws)], axis=1))

    own = [n for n in made.inputs if given[n].ndim == 2]
    shared = [n for n in made.inputs if n not in own]
    rows = np.array([own.index(n) if n in own else ~shared.index(n) for n in made.inputs])
    steps = grid.periods * grid.substeps
    arrays = (
        by_draw(m["parameters"]), by_draw(m["fixed"]), by_draw(m["states"]), by_draw(m["kept"]),
        np.ascontiguousarray(np.stack([*(given[n] for n in shared), np.zeros(steps)], axis=1)),
        np.ascontiguousarray(np.stack([*(given[n] for n in own), np.zeros((steps, case.draws))]).transpose(2, 1, 0)),
        rows, np.array(made.level_places, dtype=np.int64), made.regions["states"], made.regions["averages"],
        grid.periods, grid.substeps, grid.step,
    )  # fmt: skip
    return Contestant("numba", lambda: _named(made, run(*arrays)), case.draws)


def _trajectories(each: Any, rates: Any, record: Any) -> Any:
    def run(parameters, fixed, starts, kept, shared, own, rows, levels, n_states, n_averages, periods, substeps, step):
        draws = parameters.shape[0]
        out = np.zeros((periods, len(levels) + n_averages, draws))
        x, s, r, a = np.zeros(len(rows) + 1), np.zeros(n_states), np.zeros(n_states), np.zeros(n_averages + 1)
        begin = np.zeros(n_states)
        for d in range(draws):
            p, f, k = parameters[d], fixed[d], kept[d]
            s[:] = starts[d, :n_states]
            for period in range(periods):
                for row in range(len(levels)):
                    out[period, row, d] = s[levels[row]]
                for t in range(period * substeps, (period + 1) * substeps):
                    for i in range(len(rows)):
                        x[i] = own[d, t, rows[i]] if rows[i] >= 0 else shared[t, ~rows[i]]
                    each(p, x, f, s, r, a, k)
                    begin[:] = s
                    rates(p, x, f, s, r, a, k)
                    s[:] = begin + 0.5 * step * r
                    rates(p, x, f, s, r, a, k)
                    record(p, x, f, s, r, a, k)
                    s[:] = begin + step * r
                    for i in range(n_averages):
                        out[period, len(levels) + i, d] += a[i]
                for i in range(n_averages):
                    out[period, len(levels) + i, d] /= substeps
        return out

    return run
