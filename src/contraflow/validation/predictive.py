"""Prior- and posterior-predictive checks: could data like ours have come from the priors, and from the fitted model?

Both simulate every fitted series, with noise, and compare what was observed. Before the fit the observed should lie
within what the priors allow, and the priors should not allow everything. After it, features of a series that the
likelihood does not fit point by point should look like those of its replications: how it moves from its first third to
its last, its largest step, and whether what the model misses runs in the same direction from row to row as far as the
memory estimated for it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow.inference.likelihood import Discrepancy, Target, log_residual, log_scale, predict, synthetic
from contraflow.inference.posterior import Posterior
from contraflow.inference.problem import Problem, problem

#: Draws from the prior.
PRIOR_DRAWS = 400
#: Rows that a series needs for its features to mean something.
ENOUGH = 6
#: Two-sided p-value below which a feature counts as strange.
STRANGE = 0.01

Array = np.ndarray


def movement(values: Array) -> Array:
    """Mean of the last third of the rows less that of the first, of logs or logits (rows, draws) → (draws,)."""
    third = len(values) // 3
    return values[-third:].mean(axis=0) - values[:third].mean(axis=0)


def largest_step(values: Array) -> Array:
    """Largest change between neighbouring rows, up or down."""
    return np.abs(np.diff(values, axis=0)).max(axis=0)


def persistence(values: Array) -> Array:
    """Correlation of neighbouring rows."""
    centred = values - values.mean(axis=0)
    return (centred[1:] * centred[:-1]).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-12)


#: Features of a series, and of what the model misses of it.
FEATURES: Mapping[str, Callable[[Array], Array]] = {"movement": movement, "largest_step": largest_step}
MISSES: Mapping[str, Callable[[Array], Array]] = {"persistence_of_misses": persistence}


def predictive(posterior: Posterior, seed: int = 0) -> dict[str, Any]:
    """Both checks, a row a series: ``prior``, ``posterior``, and ``strange``, how many features of how many are.

    Rows of ``prior``, for series whose level is not free: ``series``, ``points``, ``inside`` (share of the points
    within the central 90 %), ``fold`` (how many times its lower end the upper end of that interval is, at the median
    row; null for shares) and ``finite`` (share of the draws that could be simulated).

    Rows of ``posterior``: ``series``, ``feature``, ``observed``, the replications' ``q05``, ``median`` and ``q95``,
    and ``p``, the share of replications above the observed. For what the model misses, each replication is compared
    with the observed under its own draw, and ``observed`` is the median over draws.
    """
    target = problem()
    rng = np.random.default_rng([seed, 23])
    before = _before(target, rng.standard_normal((target.size, PRIOR_DRAWS)), rng)
    after = _after(target, target.coordinates(posterior), rng)
    strange = sum(2 * min(row["p"], 1 - row["p"]) < STRANGE for row in after)
    return {"prior": before, "posterior": after, "strange": {"features": strange, "of": len(after)}}


def _simulated(target: Problem, y: Array) -> tuple[dict[str, Array], dict[str, Discrepancy]]:
    """Expected values (rows, draws) and discrepancy, (draws,) each, of every series."""
    monthly = {k: np.asarray(v) for k, v in target.monthly(jnp.asarray(y)).items()}
    discrepancy = target.unpack(jnp.asarray(y))[2]
    expected = {t.id: np.asarray(t.expected(monthly[t.observable.variable])) for t in target.prepared.values()}
    return expected, discrepancy


def _before(target: Problem, y: Array, rng: np.random.Generator) -> list[dict[str, Any]]:
    expected, discrepancy = _simulated(target, y)
    rows = []
    for t in target.prepared.values():
        if t.series.observation.scale == "free":
            continue
        sound = np.isfinite(expected[t.id]).all(axis=0)
        drawn = synthetic(t, expected[t.id][:, sound], Discrepancy(*(part[sound] for part in discrepancy[t.id])), rng)
        low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
        rows.append(
            {
                "series": t.id,
                "points": len(t.observed),
                "inside": float(((t.observed >= low) & (t.observed <= high)).mean()),
                "fold": None if t.is_share else float(np.median(high / np.maximum(low, 1e-12))),
                "finite": float(sound.mean()),
            }
        )
    return rows


def _after(target: Problem, y: Array, rng: np.random.Generator) -> list[dict[str, Any]]:
    expected, discrepancy = _simulated(target, y)
    rows = []
    for t in target.prepared.values():
        if len(t.observed) < ENOUGH:
            continue
        drawn = predict(t, expected[t.id], discrepancy[t.id], rng)
        observed = t.observed[:, None]
        for name, feature in FEATURES.items():
            rows.append(_row(t, name, *(feature(np.asarray(log_scale(t, values))) for values in (observed, drawn))))
        for name, feature in MISSES.items():
            missed = (np.asarray(log_residual(t, expected[t.id], values)) for values in (observed, drawn))
            rows.append(_row(t, name, *(feature(values) for values in missed)))
    return rows


def _row(target: Target, feature: str, observed: Array, drawn: Array) -> dict[str, Any]:
    low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95])
    return {
        "series": target.id,
        "feature": feature,
        "observed": float(np.median(observed)),
        "q05": float(low),
        "median": float(middle),
        "q95": float(high),
        "p": float(np.mean((drawn > observed) + 0.5 * (drawn == observed))),
    }
