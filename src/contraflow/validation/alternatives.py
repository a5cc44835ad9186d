"""Structural alternatives: other answers to contested questions of structure, fitted apart and weighed by forecasts.

Each holds one parameter where a rival view puts it and refits the rest, once to all data (headline effects) and once to
data before ``ORIGIN``; the log score of what came then, series by series, gives weights by stacking (Yao and others,
Bayesian Analysis 13, 2018). The model itself, in which these are uncertain, is one of the alternatives.

Stacking takes the scored points as independent. Neighbouring years of a series err together, and all points are of one
origin and share its surprises: the weights are a first look, and no interval is given for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, stats

from contraflow import evidence
from contraflow.analysis.runs import Model
from contraflow.inference import priors
from contraflow.inference.diagnostics import worst
from contraflow.inference.fit import AGAIN, BRIEF, Plan, fit, holds_fit
from contraflow.inference.posterior import Posterior, load_posterior
from contraflow.validation import backtests
from contraflow.validation.record import Keep

ORIGIN = 2020
DRAWS = 200
#: End of the window of effects, as on the report's opening page: later years are beyond the evidence.
END = 2031.0
#: Headline effects that every alternative must answer: scenario and outcome.
HEADLINES = (
    ("harm-reduction", "us.overdose_deaths"),
    ("joint-crackdown", "us.overdose_deaths"),
    ("gun-flow", "mx.homicides"),
    ("leaders-first", "mx.homicides"),
)
Step = Callable[[str], None]


@dataclass(frozen=True)
class Alternative:
    """A view of the structure: its id, what it says, and the parameters that it fixes."""

    id: str
    says: str
    fixed: Mapping[str, float] = field(default_factory=dict)

    @property
    def held(self) -> dict[str, float]:
        """The values that its fit holds: coordinates end at ±6.5, so at the edge of a prior it is a value near by."""
        known = evidence.load().parameters
        return {
            name: float(priors.value(known[name].prior, priors.coordinate(known[name].prior, value)))
            for name, value in self.fixed.items()
        }


ALTERNATIVES = (
    Alternative("reference", "all of these are uncertain"),
    Alternative(
        "contagion", "groups recruit in proportion to their members; losses are not re-hired", {"replacement": 0.0}
    ),
    Alternative("re-hiring", "groups keep a payroll: every loss is re-hired", {"replacement": 1.0}),
    Alternative("additive-prices", "a rise of the wholesale price is added to the retail price", {"pass_through": 0.0}),
    Alternative("no-titration", "people take the same volume whatever its purity", {"titration": 0.0}),
    Alternative("no-rents", "what groups can earn does not move killings", {"scarcity_violence": 0.0}),
)


def alternatives(folder: Path, origins: Path, keep: Keep, step: Step = lambda _: None) -> list[dict[str, Any]]:
    """One row an alternative: what it says, its score ahead and stacking weight, headline effects, how it was sampled.

    ``fixed`` in a row are the values ``held``; ``score_difference`` is the mean log score less that of the reference,
    with its standard error over points, and ``sampling`` the worst of the fit that forecasts (``diagnostics.worst``).
    Fits are kept in ``folder`` and made if they are not there; what is taken of each is kept by ``keep``. Two of the
    reference are there already: to all data the posterior that ships, and to earlier data the backtests' of that
    origin, in ``origins``.
    """
    scores = []
    rows: list[dict[str, Any]] = []
    for a in ALTERNATIVES:
        ahead = keep(f"{a.id}-{ORIGIN}", partial(_ahead, a, folder, origins, step))
        whole = keep(a.id, partial(_headlines, a, folder, step))
        scores.append(ahead["scores"])
        rows.append({"id": a.id, "says": a.says, "fixed": a.held, **whole, "sampling": ahead["sampling"]})
    table = np.array(scores)
    for row, score, weight in zip(rows, table, stacking_weights(table), strict=True):
        better = score - table[0]
        row |= {
            "origin": ORIGIN,
            "points": len(score),
            "mean_log_score": float(score.mean()),
            "score_difference": {"mean": float(better.mean()), "se": float(better.std(ddof=1) / len(better) ** 0.5)},
            "stacking_weight": float(weight),
        }
    return rows


def _ahead(a: Alternative, folder: Path, origins: Path, step: Step) -> dict[str, Any]:
    """Log scores after the origin, of a fit to what was known then, and how that was sampled."""
    step(f"{a.id}: data to {ORIGIN}")
    if a.fixed:
        earlier = _fitted(a, folder / f"{a.id}-{ORIGIN}.nc", BRIEF, until=ORIGIN + 1.0, log=step)
    else:
        earlier = backtests.fitted(ORIGIN, origins, step)
    posterior = load_posterior(earlier, fixed=a.fixed)
    return {"scores": _log_scores(posterior).tolist(), "sampling": worst(posterior.report)}


def _headlines(a: Alternative, folder: Path, step: Step) -> dict[str, Any]:
    """Headline effects, of a fit to all data."""
    step(f"{a.id}: all data")
    stored = {"path": _fitted(a, folder / f"{a.id}.nc", AGAIN, log=step), "fixed": a.fixed} if a.fixed else {}
    model = Model(load_posterior(**stored))
    effects = []
    for scenario, outcome in HEADLINES:
        effect = model.compare(scenario, draws=DRAWS, until=END).effect(outcome)
        assumed = {"from_assumption": effect.support.from_assumption}
        effects.append({"scenario": scenario, "outcome": outcome, **effect.difference, **assumed})
    return {"effects": effects}


def stacking_weights(scores: np.ndarray) -> np.ndarray:
    """Weights (alternatives,) whose mixture has the best mean log score; ``scores`` (alternatives, points)."""
    densities = np.exp(scores - scores.max(axis=0))

    def loss(free: np.ndarray) -> float:
        return -float(np.log(_simplex(free) @ densities).mean())

    found = optimize.minimize(loss, np.zeros(len(scores) - 1), method="Nelder-Mead", options={"maxiter": 5000})
    return _simplex(found.x)


def _simplex(free: np.ndarray) -> np.ndarray:
    powers = np.exp(np.append(free, 0.0) - max(free.max(initial=0.0), 0.0))
    return powers / powers.sum()


def _fitted(a: Alternative, path: Path, plan: Plan, **options: Any) -> Path:
    """The fit there, or made: to all data from the posterior that ships, to earlier data from nothing later."""
    if holds_fit(path, plan, a.fixed):
        return path
    last = None if plan.check else load_posterior()
    return fit(out=path, plan=plan, fixed=a.fixed, last=last, **options)


def _log_scores(posterior: Posterior) -> np.ndarray:
    """Log density (points,) of every scored point after the origin, on the log scale."""
    forecasts = backtests.forecast(ORIGIN, posterior)
    table = []
    for name, series in backtests.yearly().items():
        if name in forecasts and name not in backtests.LATER_VINTAGE:
            after = series.years > ORIGIN
            for drawn, value in zip(forecasts[name], series.values[after], strict=True):
                table.append(_log_density(np.log(np.maximum(drawn, 1e-12)), float(np.log(value))))
    return np.array(table)


def _log_density(draws: np.ndarray, at: float) -> float:
    """Of a Student t with five degrees of freedom that has the median and the central 68 % of the draws."""
    low, middle, high = np.quantile(draws, [0.16, 0.5, 0.84])
    return float(stats.t.logpdf(at, 5, middle, max(high - low, 1e-6) / 2.2))
