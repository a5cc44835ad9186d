"""Scores of a forecast against what happened, all on the log scale, where an error of 10 % counts alike at any size.

Every forecast, ours or a rival's, is scored through its quantiles at the same ``LEVELS``, so that none gains by how it
was stored: an ensemble is reduced to them, a forecast published at a few levels is drawn through them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

#: Levels at which a forecast is kept: the middles of 200 equal parts, so that scores are plain averages over them.
LEVELS = (np.arange(200) + 0.5) / 200
#: Central intervals that are judged, in per cent.
INTERVALS = (50, 80, 95)
_TINY = 1e-12


def ensemble_quantiles(draws: np.ndarray) -> np.ndarray:
    """Quantiles (..., levels) at ``LEVELS`` of draws (..., draws)."""
    return np.moveaxis(np.quantile(draws, LEVELS, axis=-1), 0, -1)


def quantiles_between(levels: Sequence[float], quantiles: np.ndarray) -> np.ndarray:
    """Quantiles (..., levels) at ``LEVELS`` from positive ones (..., given) at a few ``levels``.

    The logarithm is taken as piecewise linear in the normal score of the level, and goes on so beyond the outermost: a
    lognormal forecast is drawn exactly.
    """
    given, wanted = stats.norm.ppf(np.asarray(levels, dtype=float)), stats.norm.ppf(LEVELS)
    logs = np.log(np.asarray(quantiles, dtype=float))
    left = np.clip(np.searchsorted(given, wanted) - 1, 0, len(given) - 2)
    share = (wanted - given[left]) / (given[left + 1] - given[left])
    return np.exp(logs[..., left] + share * (logs[..., left + 1] - logs[..., left]))


def _logs(values: Any) -> np.ndarray:
    return np.log(np.maximum(np.asarray(values, dtype=float), _TINY))


def log_crps(quantiles: np.ndarray, observed: Any) -> np.ndarray:
    """Continuous ranked probability score (...) of the logarithm, from quantiles (..., levels) at ``LEVELS``.

    Twice the pinball loss, averaged over the levels: in logs, so 0.1 is about 10 %; smaller is better.
    """
    error = _logs(observed)[..., None] - _logs(quantiles)
    return np.asarray(2 * np.maximum(LEVELS * error, (LEVELS - 1) * error).mean(axis=-1))


def interval(quantiles: np.ndarray, percent: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends (...) of the central interval that holds ``percent`` of the forecast."""
    ordered = np.moveaxis(quantiles, -1, 0)
    ends = 0.5 + np.array([-1, 1]) * percent / 200
    place = ends * len(LEVELS) - 0.5
    below = np.floor(place).astype(int)
    share = place - below
    low, high = (ordered[b] + s * (ordered[b + 1] - ordered[b]) for b, s in zip(below, share, strict=True))
    return low, high


def covered(quantiles: np.ndarray, observed: Any, percent: float) -> np.ndarray:
    """Whether the outcome (...) lies in the central interval."""
    low, high = interval(quantiles, percent)
    return np.asarray((observed >= low) & (observed <= high))


def interval_score(quantiles: np.ndarray, observed: Any, percent: float) -> np.ndarray:
    """Width of the central interval in logs, plus 2/α times the distance by which it is missed; smaller is better."""
    low, high = (_logs(end) for end in interval(quantiles, percent))
    at, alpha = _logs(observed), 1 - percent / 100
    missed = np.maximum(low - at, 0) + np.maximum(at - high, 0)
    return np.asarray(high - low + 2 / alpha * missed)


def pit(quantiles: np.ndarray, observed: Any) -> np.ndarray:
    """Probability (...) that the forecast gave to outcomes below the one that came; uniform when calibrated."""
    flat = np.reshape(quantiles, (-1, len(LEVELS)))
    at = np.broadcast_to(np.asarray(observed, dtype=float), quantiles.shape[:-1]).ravel()
    values = [np.interp(a, q, LEVELS, left=0.0, right=1.0) for a, q in zip(at, flat, strict=True)]
    return np.reshape(values, quantiles.shape[:-1])


#: Levels at which ranks are looked at, and those for PIT values of forecasts, which reach further out.
EVEN = np.arange(1, 20) / 20
PIT_LEVELS = np.concatenate([[0.01, 0.025], EVEN, [0.975, 0.99]])


def pit_bands(
    blocks: Sequence[Any], at: np.ndarray = PIT_LEVELS, percent: float = 95.0, simulations: int = 4000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Simultaneous bands for the share of PIT values at or below each of the levels ``at``.

    A calibrated forecast stays between them at all levels at once in ``percent`` of simulations. Values of the same
    block (one for each value) count as one: the years of one forecast err together, and taking them for independent
    would make the bands too narrow.

    Returns:
        The lower and the upper band, as many as levels.
    """
    share = _shares(blocks)
    drawn = np.random.default_rng(seed).uniform(size=(simulations, len(share)))
    below = np.stack([(drawn <= level) @ share for level in at], axis=1)
    spread = np.sqrt(at * (1 - at) * (share**2).sum())
    reach = np.quantile(np.abs((below - at) / spread).max(axis=1), percent / 100)
    return np.maximum(at - reach * spread, 0.0), np.minimum(at + reach * spread, 1.0)


def pit_inside_bands(values: np.ndarray, blocks: Sequence[Any], at: np.ndarray = PIT_LEVELS) -> bool:
    """Whether PIT values (n,) keep within their simultaneous bands at the levels ``at``."""
    low, high = pit_bands(blocks, at)
    share = (np.asarray(values)[:, None] <= at).mean(axis=0)
    return bool(np.all((share >= low - 1e-9) & (share <= high + 1e-9)))


def coverage_band(
    blocks: Sequence[Any],
    probability: float,
    weights: Sequence[float] | None = None,
    percent: float = 95.0,
    simulations: int = 4000,
    seed: int = 0,
) -> tuple[float, float]:
    """Share of outcomes inside central intervals of this probability, of calibrated forecasts: a band for it.

    As in ``pit_bands``, forecasts of the same block are inside or outside together. ``weights``: of each in the share.
    """
    share = _shares(blocks, weights)
    drawn = (np.random.default_rng(seed).uniform(size=(simulations, len(share))) < probability) @ share
    low, high = np.quantile(drawn, [0.5 - percent / 200, 0.5 + percent / 200])
    return float(low), float(high)


def _shares(blocks: Sequence[Any], weights: Sequence[float] | None = None) -> np.ndarray:
    """Share (blocks,) of all that each block holds."""
    sizes = np.bincount(_numbered(blocks), weights)
    return np.asarray(sizes / sizes.sum())


def skill(
    ours: np.ndarray,
    theirs: np.ndarray,
    origins: Sequence[Any],
    series: Sequence[Any],
    weights: np.ndarray | None = None,
    draws: int = 4000,
    seed: int = 0,
) -> dict[str, float]:
    """How much smaller our pooled score is than theirs, as a share: 0 is as good, 0.1 is 10 % better.

    Args:
        ours: scores (n,) of one forecast each: an origin, a series and a horizon.
        theirs: those of the rival for the same.
        origins: origin of each.
        series: series of each.
        weights: weight of each in the pool, equal by default.
        draws: resamplings.
        seed: of the resampling.

    Returns:
        ``value`` of the pool itself, and ``median``, ``q05``, ``q95`` of a block bootstrap that draws whole origins
        and whole series with replacement, because forecasts of one origin share its surprises and those of one series
        their errors. Where all come from one origin and series, single years are drawn instead, and the interval is
        too narrow.
    """
    w = np.ones(len(ours)) if weights is None else np.asarray(weights, dtype=float)
    rng = np.random.default_rng(seed)
    keys = [_numbered(origins), _numbered(series)]
    if all(k.max(initial=0) == 0 for k in keys):
        keys = [np.arange(len(ours))]
    times = np.ones((draws, len(ours)))
    for key in keys:
        number = int(key.max()) + 1
        times = times * rng.multinomial(number, np.full(number, 1 / number), size=draws)[:, key]
    total = times @ (w * theirs)
    drawn = 1 - (times @ (w * ours))[total > 0] / total[total > 0]
    low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95])
    value = 1 - float((w * ours).sum() / (w * theirs).sum())
    return {"value": value, "median": float(middle), "q05": float(low), "q95": float(high)}


def _numbered(labels: Sequence[Any]) -> np.ndarray:
    place: Mapping[Any, int] = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    return np.array([place[label] for label in labels], dtype=int)
