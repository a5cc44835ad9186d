"""What the model misses of a series, carried on from the origin, where it fades.

Misses of neighbouring months are alike, so a forecast that started from the model alone would jump at the origin. A
miss is an autoregression here, by months: its memory and its sd are those under which the monthly misses up to the
origin are most probable, given the noise of single observations. It starts from what is known of it in the origin's
month and goes on with its own innovations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.optimize import minimize

#: Observed misses without which nothing is carried on.
HISTORY = 4
#: Share of a miss kept over a step, at most: beyond, a miss would be a change for good, which few steps cannot tell.
MOST_KEPT = 0.98
_LOGIT_BOUNDS, _MOST_SD = (-6.0, 6.0), 1.0


@dataclass(frozen=True)
class Fading:
    """An autoregression: ``kept`` share of a miss left after a step, stationary ``sd``, and ``noise`` of what shows it.

    Steps are months or years, all on the scale of residuals: logs, logits for shares.
    """

    kept: float
    sd: float
    noise: float

    def covariance(self, at: np.ndarray) -> np.ndarray:
        """Of misses as observed (n, n) at whole steps (n,)."""
        apart = np.abs(at[:, None] - at[None, :])
        return self.sd**2 * self.kept**apart + self.noise**2 * np.eye(len(at))

    def log_likelihood(self, at: np.ndarray, missed: np.ndarray) -> float:
        """Of observed misses (n,)."""
        root = linalg.cholesky(self.covariance(at), lower=True)
        scaled = linalg.solve_triangular(root, missed, lower=True)
        return float(-0.5 * scaled @ scaled - np.log(np.diag(root)).sum())

    def origin(self, at: np.ndarray, last: int) -> tuple[np.ndarray, float]:
        """Weights (n,) of observed misses in the mean of the miss at step ``last``, and its sd given them."""
        across = self.sd**2 * self.kept ** np.abs(last - at)
        weights = linalg.solve(self.covariance(at), across, assume_a="pos")
        return weights, float(np.sqrt(max(self.sd**2 - weights @ across, 0.0)))


def fading(at: np.ndarray, missed: np.ndarray, noise: float, least: float) -> Fading:
    """The most probable autoregression of misses (n,) at whole steps (n,).

    ``noise``: sd of single observations. ``least``: the sd of a miss is no smaller than this.
    """
    if len(missed) < HISTORY:
        return Fading(0.0, max(float(np.sqrt(np.mean(missed**2))), least), noise)

    def of(x: np.ndarray) -> Fading:
        return Fading(float(MOST_KEPT / (1 + np.exp(-x[0]))), float(np.exp(x[1])), noise)

    def loss(x: np.ndarray) -> float:
        return -of(x).log_likelihood(at, missed)

    bounds = [_LOGIT_BOUNDS, (np.log(least), np.log(max(_MOST_SD, least)))]
    size = np.log(np.clip(missed.std(), least, _MOST_SD))
    found = [minimize(loss, [start, size], bounds=bounds, method="L-BFGS-B") for start in (-2.0, 1.0, 3.0)]
    return of(min(found, key=lambda f: f.fun).x)


def carried(
    at: np.ndarray, missed: np.ndarray, noise: float, least: float, ahead: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Misses (ahead, draws) at the steps ``ahead``, in order and one by one, after observed ones (n, draws) at ``at``.

    Memory and sd are taken from the medians over draws; each draw goes on from its own misses. ``noise`` and ``least``
    are those of ``fading``.
    """
    how = fading(at, np.median(missed, axis=1), noise, least)
    weights, spread = how.origin(at, int(ahead[0]) - 1)
    miss = weights @ missed + spread * rng.standard_normal(missed.shape[1])
    path = np.empty((len(ahead), missed.shape[1]))
    for k in range(len(ahead)):
        miss = how.kept * miss + how.sd * np.sqrt(1 - how.kept**2) * rng.standard_normal(missed.shape[1])
        path[k] = miss
    return path
