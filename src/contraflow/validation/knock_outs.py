"""Loops knocked out of the fit: what the likelihood loses as drawn, and what is still lost once all else has moved.

A loss with everything else as drawn may be one that other parameters, latent drivers first, make up for. So every mode
of the posterior is found again with the loop open, and compared with the mode found with the loop closed. Modes say
nothing of the room around them, so this is a comparison of best fits, not of evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from contraflow import evidence
from contraflow.engine import loops
from contraflow.inference import priors
from contraflow.inference.fit import held
from contraflow.inference.likelihood import Discrepancy, series_log_density
from contraflow.inference.posterior import Posterior
from contraflow.inference.problem import Problem, problem
from contraflow.system import reference_model
from contraflow.system.loops import LOOPS

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
#: Log units below whose absolute value a knock-out tells nothing.
TELLING = 3.0
WORSE, BETTER, ALIKE = "fits worse", "fits better", "fits alike"
MADE_UP = "made up for by the rest"
NOT_REFITTED = ", not refitted"
#: Draws of the posterior from which modes are sought, and steps to each at most.
STARTS, STEPS = 6, 400
#: Weight of the diagonal in the covariance of draws that shapes the steps.
SHRINKAGE = 0.1


def knock_outs(posterior: Posterior, draws: int, starts: int = STARTS, progress: Step | None = None) -> list[Row]:
    """What the fit loses when a loop is opened: one row a loop, of ``id``, ``verdict`` and ``evidence``.

    ``log_likelihood`` and ``series``: change over draws with nothing fitted again, and the three series that change
    most, by their medians. ``refit``: change of the log posterior density at its modes, the prior of what was opened
    aside, from ``starts`` draws (the median, least and most); the verdict goes by it. With no starts nothing is fitted
    again, and verdicts say so.
    """
    target = problem()
    thinned = posterior.thin(min(draws, posterior.draws))
    whole = _by_series(target, thinned, {})
    changed = refitted(target, posterior, starts, progress) if starts else {}
    rows = []
    for loop in LOOPS.values():
        exists = loops.path(reference_model(loop.extensions), loop.waypoints) is not None
        evidence: dict[str, Any] = {"exists": exists}
        if loop.extensions:
            standing, evidence["why"] = "not in the fit", f"extension {', '.join(loop.extensions)}"
        elif loop.id in KNOCK_OUTS:
            told = _compared(whole, _by_series(target, thinned, KNOCK_OUTS[loop.id]))
            after = changed.get(loop.id)
            if after is not None:
                middle, least, most = (float(f(after)) for f in (np.median, np.min, np.max))
                told["refit"] = {"starts": len(after), "median": middle, "least": least, "most": most}
            standing = _standing(told["log_likelihood"]["median"], after)
            evidence |= {"at_null": dict(KNOCK_OUTS[loop.id]), **told}
        else:
            standing, evidence["why"] = "no null", NO_NULL[loop.id]
        rows.append({"id": f"loop:{loop.id}", "verdict": standing if exists else "fails", "evidence": evidence})
    return rows


def refitted(
    target: Problem, posterior: Posterior, starts: int = STARTS, progress: Step | None = None
) -> dict[str, np.ndarray]:
    """Change of the log posterior density at its modes (starts,) by loop knocked out.

    From each of ``starts`` draws the mode is found with every loop closed, and from there those with one loop open.
    What the last stage of the fit holds stays as drawn. The prior of what was opened counts on neither side.
    """
    begin, known = progress or (lambda part: None), evidence.load().parameters
    every_series = jnp.ones(len(target.prepared))
    value_and_slope = jax.jit(jax.value_and_grad(lambda y: -jnp.sum(target.log_density(y[:, None], every_series))))
    y, free = target.coordinates(posterior), ~held(target)
    changed: dict[str, list[float]] = {loop: [] for loop in KNOCK_OUTS}
    for k, start in enumerate(target.coordinates(posterior.thin(starts)).T):
        begin(f"modes with each loop open, {k + 1} of {starts}")
        intact, closed = _mode(value_and_slope, start, free, y)
        for loop, nulls in KNOCK_OUTS.items():
            opened = np.array([n in nulls for n in target.names])
            at = intact.copy()
            for name, null in nulls.items():
                at[target.index(name)] = priors.coordinate(known[name].prior, null)
            knocked, open_ = _mode(value_and_slope, at, free & ~opened, y)
            prior = 0.5 * float(knocked[opened] @ knocked[opened] - intact[opened] @ intact[opened])
            changed[loop].append(open_ + prior - closed)
    return {loop: np.array(values) for loop, values in changed.items()}


def _mode(
    value_and_slope: Callable[[Any], tuple[Any, Any]], start: np.ndarray, free: np.ndarray, draws: np.ndarray
) -> tuple[np.ndarray, float]:
    """The mode (size,) near ``start`` along free coordinates, and the log density there, by L-BFGS.

    The covariance of ``draws`` (size, draws) shapes the steps.
    """
    covariance = np.atleast_2d(np.cov(draws[free]))
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))
    factor = np.linalg.cholesky(covariance)

    def placed(z: np.ndarray) -> np.ndarray:
        y = start.copy()
        y[free] += factor @ z
        return y

    def objective(z: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = (np.asarray(x) for x in value_and_slope(jnp.asarray(placed(z))))
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return 1e10, np.zeros_like(z)
        return float(value), factor.T @ slope[free]

    options = {"maxiter": STEPS, "maxcor": 30, "ftol": 1e-6}
    found = minimize(objective, np.zeros(len(factor)), jac=True, method="L-BFGS-B", options=options)
    return placed(found.x), -float(found.fun)


def _standing(as_drawn: float, after: np.ndarray | None) -> str:
    """The verdict by the median change of the modes, or of draws where nothing was fitted again."""
    if after is None:
        standing = _judged(as_drawn)
        return standing if standing == ALIKE else f"{standing}{NOT_REFITTED}"
    standing = _judged(float(np.median(after)))
    return MADE_UP if standing == ALIKE and _judged(as_drawn) == WORSE else standing


def _judged(change: float) -> str:
    return WORSE if change < -TELLING else BETTER if change > TELLING else ALIKE


def _compared(whole: Mapping[str, np.ndarray], knocked: Mapping[str, np.ndarray]) -> dict[str, Any]:
    change = {s: knocked[s] - whole[s] for s in whole}
    low, middle, high = (float(q) for q in np.quantile(sum(change.values()), [0.05, 0.5, 0.95]))
    medians = {s: float(np.median(x)) for s, x in change.items()}
    most = sorted(medians, key=lambda s: -abs(medians[s]))[:3]
    return {
        "log_likelihood": {"median": middle, "q05": low, "q95": high},
        "series": {s: medians[s] for s in most if medians[s]},
    }


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
