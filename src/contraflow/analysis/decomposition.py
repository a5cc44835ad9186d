"""What explains the fall of deaths with synthetic opioids since mid-2023: shares of four causes, and a residual.

"Off" means frozen at 2023-06: from then on the equations that read a cause see its value of that month, while all
else goes on. Purity and rationing are frozen together, and tolerance follows the frozen dose. A share is explained in
sample: no fit without those years has predicted it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow.analysis.ensembles import chunks
from contraflow.analysis.runs import Model, Progress, quantile_table
from contraflow.engine import Variable
from contraflow.engine.model import Model as Equations
from contraflow.system import reference_model
from contraflow.system.calendar import START, monthly_grid

FROZEN_FROM = 2023.5
WINDOW = (2024.5, 2025.0)
OUTCOME = "us_synthetic_opioid_deaths"
#: A draw whose deaths fall by less than this share says nothing of what explains the fall.
SMALLEST_FALL = 0.1


@dataclass(frozen=True)
class Cause:
    """A cause that can be frozen: the variables held, as seen by the equations of one sector, or of all (None)."""

    id: str
    label: str
    variables: tuple[str, ...]
    seen_by: str | None = None


CAUSES = (
    Cause("supply", "Purity and rationing of supply", ("effective_dose", "relative_use")),
    Cause("tolerance", "Tolerance of people who use", ("tolerance",)),
    Cause("naloxone", "Naloxone in the community", ("community_kits",), "overdose"),
    Cause(
        "people",
        "Number of people at risk and on medication",
        (
            "illicit_disorder",
            "low_tolerance",
            "illicit_users",
            "on_methadone",
            "on_buprenorphine",
            "prescription_disorder",
            "prescription_misuse",
            "stimulant_disorder",
        ),
        "overdose",
    ),
)


@dataclass(frozen=True)
class Share:
    """One cause: its Shapley share of the fall, in deaths a year and relative to the fall (quantiles over draws).

    ``first`` is the share when it alone is free, ``last`` the share lost when it alone is frozen (medians); both None
    for the residual, which is what falls, or rises, with every cause frozen.
    """

    id: str
    label: str
    deaths: Mapping[str, float]
    share: Mapping[str, float]
    first: float | None
    last: float | None


@dataclass(frozen=True)
class Decomposition:
    """Shares of a fall. ``fall``: deaths a year from 2023-06 to the second half of 2024, quantiles over draws.

    ``left_out``: share of draws without a fall worth dividing. ``causes`` ends with the residual.
    """

    fall: Mapping[str, float]
    causes: tuple[Share, ...]
    draws: int
    left_out: float


def freezable(equations: Equations, causes: tuple[Cause, ...] = CAUSES, date: float = FROZEN_FROM) -> Equations:
    """The same equations with a switch for each cause: where it is 1, readers see a given value from ``date`` on.

    New parameters: ``freeze_<cause>`` and, for each variable held, ``<variable>_then_<k>`` by element. With every
    switch at 0 the numbers are those of the equations themselves.
    """
    variables = dict(equations.variables)
    parameters = dict(equations.parameters)
    order = list(equations.order)
    for cause in causes:
        switch = f"freeze_{cause.id}"
        parameters[switch] = "1"
        for name in cause.variables:
            given = elements(equations, name)
            parameters |= dict.fromkeys(given, equations.unit_of(name))
            frozen = f"frozen_{name}"
            variables[frozen] = _seen(equations, name, frozen, ("calendar", switch, name, *given), date)
            order.insert(order.index(name) + 1 if name in order else 0, frozen)
            for reader in equations.variables.values():
                if name in reader.inputs and cause.seen_by in (None, reader.sector):
                    now = variables[reader.name]
                    inputs = tuple(frozen if i == name else i for i in now.inputs)
                    variables[reader.name] = replace(now, inputs=inputs)
    return replace(equations, variables=variables, parameters=parameters, order=tuple(order), compiled={})


def elements(equations: Equations, name: str) -> tuple[str, ...]:
    """Names of the parameters that hold a variable's value, one an element."""
    return tuple(f"{name}_then_{k}" for k in range(math.prod(equations.shape(name, 1))))


def _seen(equations: Equations, name: str, frozen: str, inputs: tuple[str, ...], date: float) -> Variable:
    shape = equations.shape(name, 1)[:-1]

    def seen(calendar: Any, switch: Any, value: Any, *then: Any) -> Any:
        held = jnp.stack(then).reshape(*shape, then[0].shape[-1])
        return jnp.where((calendar >= date) & (switch > 0.5), held, value)

    v = equations.variables[name]
    doc = f"{v.label}, as frozen."
    return Variable("auxiliary", v.unit, doc, v.file, v.line, v.dims, seen, inputs, name=frozen, sector=v.sector)


def decompose(model: Model, draws: int = 200, progress: Progress | None = None) -> Decomposition:
    """Shapley shares of the causes in the fall of deaths with synthetic opioids, over posterior draws.

    Runs every subset of causes free and the others frozen: 17 × draws trajectories, told to ``progress``.
    """
    equations = freezable(reference_model())
    posterior = model.posterior.thin(draws)
    grid = monthly_grid(WINDOW[1])
    held = [n for c in CAUSES for n in c.variables]
    record = (*held, OUTCOME)
    at = round((FROZEN_FROM - START) * 12)
    switches = {f"freeze_{c.id}": np.zeros(draws) for c in CAUSES}
    nothing = {e: np.ones(draws) for n in held for e in elements(equations, n)}
    then: dict[str, np.ndarray] = {e: np.empty(draws) for e in nothing}
    before = np.empty(draws)
    for place, (free,) in chunks(equations, posterior, {**switches, **nothing}, grid, (None,), record, progress):
        before[place] = free[OUTCOME][at - 1].reshape(-1)
        for name in held:
            # A stock is what it is when June ends; a flow or an auxiliary is its mean over June.
            row = free[name][at if equations.variables[name].is_state else at - 1]
            for e, value in zip(elements(equations, name), row.reshape(-1, row.shape[-1]), strict=True):
                then[e][place] = value
    inside = (grid.times > WINDOW[0] - 1e-6) & (grid.times < WINDOW[1] - 1e-6)
    deaths: dict[frozenset[str], np.ndarray] = {}
    ids = [c.id for c in CAUSES]
    for size in range(len(ids) + 1):
        for moving in itertools.combinations(ids, size):
            state = {f"freeze_{i}": np.full(draws, float(i not in moving)) for i in ids}
            after = np.empty(draws)
            for place, (run,) in chunks(equations, posterior, {**state, **then}, grid, (None,), record, progress):
                after[place] = run[OUTCOME].reshape(grid.periods, -1)[inside].mean(axis=0)
            deaths[frozenset(moving)] = after
    return _shares(before, deaths, ids)


def _shares(before: np.ndarray, deaths: Mapping[frozenset[str], np.ndarray], ids: list[str]) -> Decomposition:
    none: frozenset[str] = frozenset()
    everything = frozenset(ids)
    fall = before - deaths[everything]
    counted = fall > SMALLEST_FALL * before
    labels = {c.id: c.label for c in CAUSES}

    def row(id: str, label: str, part: np.ndarray, first: Any = None, last: Any = None) -> Share:
        relative = part[counted] / fall[counted] if counted.any() else np.zeros(1)
        orders = [None if x is None else float(np.median(x[counted] / fall[counted])) if counted.any() else 0.0
                  for x in (first, last)]  # fmt: skip
        return Share(id, label, quantile_table(part), quantile_table(relative), *orders)

    rows = []
    for i in ids:
        first = deaths[none] - deaths[frozenset({i})]
        last = deaths[everything - {i}] - deaths[everything]
        rows.append(row(i, labels[i], shapley(deaths, i, ids), first, last))
    rows.append(row("residual", "None of these (residual)", before - deaths[none]))
    return Decomposition(quantile_table(fall), tuple(rows), len(before), float(1 - counted.mean()))


def shapley(deaths: Mapping[frozenset[str], np.ndarray], cause: str, ids: list[str]) -> np.ndarray:
    """Mean over all orders of what freeing ``cause`` takes off the deaths; the shares add up to the whole."""
    others = [i for i in ids if i != cause]
    total = np.zeros_like(deaths[frozenset()])
    for size in range(len(others) + 1):
        weight = 1 / (len(ids) * math.comb(len(others), size))
        for free in itertools.combinations(others, size):
            total = total + weight * (deaths[frozenset(free)] - deaths[frozenset(free) | {cause}])
    return total
