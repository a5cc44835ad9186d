"""Whether the model is sound: names, units, ledgers, loops, evidence, and the size of the integration step.

Everything here is computed from the model as assembled with all extensions on; nothing is taken on trust.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.analysis.runs import Model, Result, load
from contraflow.engine import ledgers, loops
from contraflow.engine.model import check_units
from contraflow.engine.native import simulate
from contraflow.evidence import ASSUMPTION
from contraflow.policy import Scenario
from contraflow.policy.dates import LAST_DATE
from contraflow.policy.inputs import build_inputs
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.calendar import DATA_END, SUBSTEPS, monthly_grid
from contraflow.system.levers import LEVERS
from contraflow.system.loops import LOOPS
from contraflow.system.outcomes import OUTCOMES

LEDGER_TOLERANCE = 1e-9
STEP_TOLERANCE = 0.005
NEGLIGIBLE = 0.01

Step = Callable[[str], None]


def check(get: Callable[[], Model] = load, draws: int = 20, progress: Step | None = None) -> dict[str, Any]:
    """Every check of the model, as plain values.

    Args:
        get: gives the model with the posterior whose draws are run; called only if units agree.
        draws: number of draws to run.
        progress: called with the name of each part as it begins.

    Returns:
        Counts (``variables``, ``stocks``, ``parameters``, ``levers``, ...), ``units_failed``, ``ledgers`` (largest
        relative error of each), ``loops`` (whether each exists), ``step_halving`` by outcome, the largest of it as
        ``step_halving_max_change`` with its outcome and window, and ``problems``: a sentence for everything that
        does not hold, empty where all does. Where units do not agree nothing is run, and what a run would show
        (ledgers, step, draws, hashes) is absent.
    """
    begin = progress or (lambda part: None)
    begin("units")
    equations = reference_model(EXTENSIONS, units=False)
    failed = check_units(equations)
    begin("loops")
    found = {
        loop.id: loops.path(reference_model(loop.extensions, units=False), loop.waypoints) is not None
        for loop in LOOPS.values()
    }
    known = evidence.load()
    unsourced = [p.id for p in known.parameters.values() if not _has_source(p)]
    report: dict[str, Any] = {
        "variables": len(equations.variables),
        "stocks": len(equations.of_kind("stock")),
        "flows": len(equations.of_kind("flow")),
        "units_checked": len(equations.variables) + len(equations.parameters),
        "units_failed": failed,
        "parameters": len(known.parameters),
        "parameters_with_source": len(known.parameters) - len(unsourced),
        "levers": len(LEVERS),
        "outcomes": len(OUTCOMES),
        "scenarios": len(Scenario.shipped()),
        "series": len(known.series),
        "sources": len(known.sources),
        "claims": len(known.claims),
        "loops": found,
    }
    if not failed:
        begin("posterior")
        report |= _run(get(), draws, begin)
    report["problems"] = _problems(report, unsourced)
    return report


def _run(model: Model, draws: int, begin: Step) -> dict[str, Any]:
    """The part of the report for which the model is run."""
    begin("ledgers")
    closure = _ledgers(model, draws)
    begin("step halving")
    halving = step_halving(model, draws)
    worst = max(halving, key=lambda name: halving[name][0])
    return {
        "ledgers": closure,
        "step_halving": {name: change for name, (change, _) in halving.items()},
        "step_halving_max_change": halving[worst][0],
        "step_halving_outcome": worst,
        "step_halving_window": halving[worst][1],
        "draws": draws,
        **model.fingerprint,
    }


def _problems(report: dict[str, Any], unsourced: list[str]) -> list[str]:
    problems = [f"units: {failure}" for failure in report["units_failed"]]
    if "ledgers" not in report:
        problems.append("ledgers and the step were not looked at: a model whose units do not agree is not run")
    for name, error in report.get("ledgers", {}).items():
        if not error <= LEDGER_TOLERANCE:
            problems.append(
                f"the ledger {name} does not close: relative error {error:.1e}, allowed {LEDGER_TOLERANCE:g}"
            )
    problems += [f"the parameter {id} has no source" for id in unsourced]
    problems += [f"the loop {name} is missing" for name, found in report["loops"].items() if not found]
    change = report.get("step_halving_max_change", 0.0)
    if not change <= STEP_TOLERANCE:
        problems.append(
            f"halving the step moves {report['step_halving_outcome']} ({report['step_halving_window']}) by "
            f"{100 * change:.2g} %, allowed {100 * STEP_TOLERANCE:g} %"
        )
    return problems


def _has_source(parameter: evidence.Parameter) -> bool:
    known = evidence.load().sources
    return bool(parameter.sources) and all(
        ref.id in known or (ref.id == ASSUMPTION and ref.reason) for ref in parameter.sources
    )


def _ledgers(model: Model, draws: int) -> dict[str, float]:
    """Largest relative error of each ledger over a run to the end of projections with all extensions on."""
    equations = reference_model(EXTENSIONS)
    posterior = model.posterior.thin(draws)
    grid = monthly_grid(LAST_DATE)
    inputs = build_inputs(grid, None, posterior.latents(grid.step_times))
    trajectory = simulate(equations, posterior.parameters(), inputs, grid, ledgers.needed(equations))
    return ledgers.closure(equations, trajectory)


def step_halving(model: Model, draws: int) -> dict[str, tuple[float, str]]:
    """Largest relative change of each outcome, in the median draw, when the step is halved; and its window.

    Windows are the years of the data and the mean of those after. An outcome's values below 1 % of its largest are
    left out.
    """
    coarse, fine = (model.run(draws=draws, substeps=substeps) for substeps in (SUBSTEPS, 2 * SUBSTEPS))
    changes = {}
    for name in OUTCOMES:
        windows, before = _means(coarse, name)
        _, after = _means(fine, name)
        size = np.abs(before)
        counted = size > NEGLIGIBLE * size.max(axis=0)
        relative = np.where(counted, np.abs(after - before) / np.where(counted, size, 1.0), 0.0)
        change = np.median(relative, axis=1)
        largest = int(np.argmax(change))
        changes[name] = (float(change[largest]), windows[largest])
    return changes


def _means(result: Result, name: str) -> tuple[list[str], np.ndarray]:
    """Windows, and the outcome's mean in each, (window, draw)."""
    annual = result.annual(name)
    years = annual["year"].values
    data = annual.transpose("year", "draw").values
    last = int(years[-1])
    windows = [str(year) for year in years if year < DATA_END] + [f"{DATA_END:.0f}-{last}"]
    return windows, np.concatenate([data[years < DATA_END], data[years >= DATA_END].mean(axis=0, keepdims=True)])
