"""Tests of structure after Barlas: extremes, step, conservation, units, loops, and the fit with a loop knocked out.

Each row is ``id``, ``verdict`` and the evidence for it. Extremes and planted leaks run on prior draws with all
extensions on; step and knock-outs on the posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from contraflow.analysis.check import LEDGER_TOLERANCE, STEP_TOLERANCE, step_halving
from contraflow.analysis.runs import Model
from contraflow.engine import Trajectory, ledgers
from contraflow.engine.model import Model as Equations
from contraflow.engine.model import check_units
from contraflow.inference.posterior import Posterior
from contraflow.system import EXTENSIONS, reference_model
from contraflow.validation.conditions import ConditionRun, Runs
from contraflow.validation.extremes import CHECKS, CONDITIONS, stays_a_number
from contraflow.validation.knock_outs import STARTS, knock_outs

Step = Callable[[str], None]
Row = dict[str, Any]

#: Share of a flow that a planted leak loses.
LEAK = 1e-3
HOLDS, FAILS = "holds", "fails"
DRAWS, QUICK_DRAWS = 100, 20


def barlas(posterior: Posterior, progress: Step | None = None, quick: bool = False) -> list[Row]:
    """Every test of structure, as rows of ``id``, ``verdict`` and ``evidence``.

    ``quick`` runs extremes without the sweep of all conditions for broken numbers, fewer draws, and knocks loops out
    with nothing fitted again.
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
    return rows + knock_outs(posterior, draws, 0 if quick else STARTS, begin)


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
