"""What a lever is without a policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contraflow import evidence
from contraflow.system.levers import Lever


def baseline(lever: Lever, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lever without a policy at `times` (decimal years), in its unit, same shape.

    What was in force to the end of 2024 where its history is known, and today's value after it or throughout.
    """
    if lever.history is None:
        return np.full(times.shape, float(lever.today))
    return evidence.load().drivers[lever.history].at(times)
