"""The latent drivers: named, few, and none on a rate whose hypothesis is judged.

Each is an autoregressive walk of innovations drawn with the posterior and passed in, so that policies share them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


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


#: The latent driver that the supply stage of the fit learns, from supply data alone.
SUPPLY_LATENT = "supply_surge"
#: The evidence parameters of latent drivers, and the driver of each. No equation reads them.
LATENT_PARAMETERS = {name: latent.variable for latent in LATENTS.values() for name in (latent.sd, latent.memory)}


def walk(innovations: Array, memory: Array) -> Array:
    """The autoregressive walk from zero (knots, draws) of innovations (knots, draws), by NumPy or by JAX.

    ``memory`` (draws,): share of each value that lasts to the next knot.
    """
    levels: list[Array] = []
    for innovation in innovations:
        levels.append(memory * levels[-1] + innovation if levels else innovation)
    return innovations.__array_namespace__().stack(levels) if levels else innovations


def interpolation(latent: Latent, times: np.ndarray, end: float) -> np.ndarray:
    """Matrix (times, knots) of straight lines through values at knots: zero at ``start``, level after the last.

    It has no columns where the latent begins at ``end`` or later.
    """
    knots = latent.knots(end)
    dates = np.concatenate([[latent.start], knots])
    lines = [np.interp(times, dates, column) for column in np.eye(len(dates))[1:]]
    return np.array(lines).reshape(len(knots), len(times)).T
