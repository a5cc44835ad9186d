"""The latent drivers: named, few, and none on a rate whose hypothesis is judged.

Each is an autoregressive walk of innovations drawn with the posterior and passed in, so that policies share them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Latent:
    """A latent log-driver: zero before ``start``, then one innovation every ``step`` years, linear in between.

    ``sd`` and ``memory`` name the evidence parameters that scale it.
    """

    variable: str
    start: float
    step: float

    @property
    def sd(self) -> str:
        """Evidence parameter: standard deviation of an innovation."""
        return f"{self.variable}_sd"

    @property
    def memory(self) -> str:
        """Evidence parameter: share of a deviation that lasts to the next step."""
        return f"{self.variable}_memory"

    def knots(self, end: float) -> np.ndarray:
        """Dates of the innovations up to ``end``, decimal years."""
        return self.start + self.step * np.arange(1, int(np.floor((end - self.start) / self.step + 1e-9)) + 1)


LATENTS = {
    latent.variable: latent
    for latent in (
        Latent("supply_surge", start=2013.0, step=0.5),
        Latent("stimulant_hazard_drift", start=2000.0, step=1.0),
        Latent("other_drug_drift", start=2000.0, step=1.0),
        Latent("conflict_drift", start=2000.0, step=1.0),
        Latent("concealment_drift", start=2010.0, step=1.0),
    )
}


def basis(latent: Latent, memory: float, times: np.ndarray, end: float) -> np.ndarray:
    """Matrix (times, knots) that turns unit innovations into the latent's path, before scaling by ``sd``.

    It has no columns where the latent begins at ``end`` or later.
    """
    knots = latent.knots(end)
    lag = np.arange(len(knots))[:, None] - np.arange(len(knots))[None, :]
    walk = np.where(lag >= 0, memory ** np.maximum(lag, 0), 0.0)
    with_zero = np.vstack([np.zeros(len(knots)), walk])
    dates = np.concatenate([[latent.start], knots])
    paths = [np.interp(times, dates, column) for column in with_zero.T]
    return np.array(paths).reshape(len(knots), len(times)).T
