"""Tests of structure after Barlas: extremes, step, conservation, units, loops, and the fit with a loop knocked out.

Each row is ``id``, ``verdict`` and the evidence for it. Extremes and planted leaks run on prior draws with all
extensions on; step and knock-outs on the posterior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow.analysis.check import LEDGER_TOLERANCE, STEP_TOLERANCE, step_halving
from contraflow.analysis.runs import Model
from contraflow.engine import Trajectory, ledgers, loops
from contraflow.engine.model import Model as Equations
from contraflow.engine.model import check_units
from contraflow.inference.likelihood import Discrepancy, series_log_density
from contraflow.inference.posterior import Posterior
from contraflow.inference.problem import Problem, problem
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.loops import LOOPS
from contraflow.validation.conditions import ConditionRun, Runs
from contraflow.validation.extremes import CHECKS, CONDITIONS, stays_a_number

Step = Callable[[str], None]
Row = dict[str, Any]

#: Loop → the parameters, at their null, that open it. Loops of extensions have no part in the fit.
KNOCK_OUTS: Mapping[str, Mapping[str, float]] = {
    "R1": {"gun_revenue_response": 0.0},
    "R2": {"groups_per_removal": 0.0},
    "R5": {"counterfeit_entry": 0.0},
    "R7": {"firepower_response": 0.0},
    "R8": {"force_escalation_response": 0.0},
    "B3": {"adulteration_quit_effect": 0.0},
    "B7": {"trace_effect": 0.0},
    "B9": {"deployment_response": 0.0},
}
#: Loops that are opened by no strength, and why.
NO_NULL = {
    "B1": "laboratories that are never rebuilt are another model, not a strength at zero",
    "B2": "what is seized cannot also arrive",
    "B4": "who died cannot die again; whether depletion matters is the hypothesis `depletion`",
    "B5": "supply that does not answer scarcity has no level to return to",
    "B8": "groups merge towards the number that enters; only how earnings change entry has a null",
}
#: Log-likelihood, median over draws, below whose absolute value a knock-out tells nothing.
TELLING = 3.0
#: Share of a flow that a planted leak loses.
LEAK = 1e-3
HOLDS, FAILS = "holds", "fails"
DRAWS, QUICK_DRAWS = 100, 20


def barlas(posterior: Posterior, progress: Step | None = None, quick: bool = False) -> list[Row]:
    """Every test of structure, as rows of ``id``, ``verdict`` and ``evidence``.

    ``quick`` runs extremes without the sweep of all conditions for broken numbers, and fewer draws.
    """
    begin = progress or (lambda part: None)
    draws = QUICK_DRAWS if quick else DRAWS
    begin("units")
    failed = check_units(reference_model(EXTENSIONS, units=False))
    rows = [_row("units", not failed, wrong=failed)]
    begin("extreme conditions")
    runs = Runs(CONDITIONS)
    rows += conservation(runs["base"])
    rows += extremes(runs, sweep=not quick)
    begin("step")
    rows.append(_step(Model(posterior), draws))
    begin("loops knocked out")
    return rows + knock_outs(posterior, draws)


def _row(id: str, holds: bool, /, **evidence: Any) -> Row:
    return {"id": id, "verdict": HOLDS if holds else FAILS, "evidence": evidence}


def extremes(runs: Runs, sweep: bool = True) -> list[Row]:
    """One row a check of ``extremes``; and, with ``sweep``, whether every condition keeps numbers and accounts."""
    rows = []
    for name, check in CHECKS.items():
        claims = [bool(held) for held in check(runs)]
        sentence = str(check.__doc__).split("\n")[0]
        rows.append(_row(f"extreme:{name}", all(claims), claim=sentence, claims=len(claims), held=sum(claims)))
    if sweep:
        broken = [name for name in CONDITIONS if name in runs.errors or not all(stays_a_number(runs[name]))]
        rows.append(_row("extreme:stays_a_number", not broken, conditions=len(CONDITIONS), broken=broken))
    return rows


def conservation(run: ConditionRun) -> list[Row]:
    """Whether every ledger closes, and whether a leak planted in each is seen."""
    closed = run.closure()
    seen = planted(run.model, run.trajectory)
    worst = max(closed, key=lambda name: closed[name])
    return [
        _row("conservation", closed[worst] <= LEDGER_TOLERANCE, worst=worst, error=closed[worst], ledgers=len(closed)),
        _row(
            "planted_leaks", all(error > LEDGER_TOLERANCE for error in seen.values()),
            planted=len(seen), smallest_error_seen=min(seen.values()), lost=LEAK,
        ),
    ]  # fmt: skip


def planted(model: Equations, trajectory: Trajectory) -> dict[str, float]:
    """Error that the check sees in each ledger when a thousandth of its largest boundary flow is lost on the way."""
    seen = {}
    for ledger in ledgers.ledger_names(model):
        outside = {v.name for v in model.of_kind("boundary") if (v.ledger or ledgers.UNNAMED) == ledger}
        crossing = [f.name for f in model.of_kind("flow") if (f.source in outside) != (f.destination in outside)]
        if not crossing:
            continue
        largest = max(crossing, key=lambda name: float(np.abs(trajectory.values[name]).max()))
        lost = {**trajectory.values, largest: np.asarray(trajectory.values[largest]) * (1 - LEAK)}
        errors = ledgers.closure(model, replace(trajectory, values=lost))
        seen[ledger] = max(error for name, error in errors.items() if name.split(":")[0] == ledger)
    return seen


def _step(model: Model, draws: int) -> Row:
    halving = step_halving(model, draws)
    worst = max(halving, key=lambda name: halving[name][0])
    change, window = halving[worst]
    return _row("step_size", change <= STEP_TOLERANCE, outcome=worst, window=window, change=change)


def knock_outs(posterior: Posterior, draws: int = DRAWS) -> list[Row]:
    """What the fit loses, in log-likelihood, when a loop is opened and nothing else is fitted again.

    ``log_likelihood``: change over draws; ``series``: the three that change most, by their medians. ``refit`` says
    that the rest was not fitted again, so a loss may be one that other parameters could make up for.
    """
    posterior = posterior.thin(min(draws, posterior.draws))
    target = problem()
    whole = _by_series(target, posterior, {})
    rows = []
    for loop in LOOPS.values():
        exists = loops.path(reference_model(loop.extensions), loop.waypoints) is not None
        evidence: dict[str, Any] = {"exists": exists, "refit": "not done"}
        if loop.extensions:
            standing, evidence["why"] = "not in the fit", f"extension {', '.join(loop.extensions)}"
        elif loop.id in KNOCK_OUTS:
            knocked = _by_series(target, posterior, KNOCK_OUTS[loop.id])
            standing, told = _compared(whole, knocked)
            evidence |= {"at_null": dict(KNOCK_OUTS[loop.id]), **told}
        else:
            standing, evidence["why"] = "no null", NO_NULL[loop.id]
        rows.append({"id": f"loop:{loop.id}", "verdict": standing if exists else FAILS, "evidence": evidence})
    return rows


def _compared(whole: Mapping[str, np.ndarray], knocked: Mapping[str, np.ndarray]) -> tuple[str, dict[str, Any]]:
    change = {s: knocked[s] - whole[s] for s in whole}
    low, middle, high = (float(q) for q in np.quantile(sum(change.values()), [0.05, 0.5, 0.95]))
    medians = {s: float(np.median(x)) for s, x in change.items()}
    most = sorted(medians, key=lambda s: -abs(medians[s]))[:3]
    standing = "fits worse, not refitted" if middle < -TELLING else "fits better" if middle > TELLING else "fits alike"
    told = {
        "log_likelihood": {"median": middle, "q05": low, "q95": high},
        "series": {s: medians[s] for s in most if medians[s]},
    }
    return standing, told


def _by_series(target: Problem, posterior: Posterior, imposed: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Log-likelihood (draws,) of every fitted series, with some parameters set."""
    values = {**posterior.parameters(), **{n: np.full(posterior.draws, v) for n, v in imposed.items()}}
    latents = posterior.latents(target.grid.step_times)
    raw, _ = target.simulate(
        {n: jnp.asarray(v) for n, v in values.items()},
        {**target.inputs, **{n: jnp.asarray(v) for n, v in latents.items()}},
    )
    monthly = {n: v.reshape(v.shape[0], -1) for n, v in raw.items()}
    discrepancy = {s: Discrepancy(*posterior.discrepancy[s]) for s in target.prepared}
    return {s: np.asarray(v) for s, v in series_log_density(target.prepared, monthly, discrepancy).items()}
