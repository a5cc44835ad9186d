"""In-sample honesty: how many points of each fitted series lie inside the 90 % predictive band, and how wide it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from contraflow.inference.likelihood import predict
from contraflow.inference.problem import Problem


@dataclass(frozen=True)
class Coverage:
    """One series: points, share inside the 90 % band, and the band's median width relative to the median."""

    series: str
    points: int
    inside: float
    width: float
    median_error: float


def coverage(problem: Problem, y: np.ndarray, seed: int = 0) -> list[Coverage]:
    """Coverage of every fitted series by draws y (size, draws)."""
    rng = np.random.default_rng(seed)
    monthly = {k: np.asarray(v) for k, v in problem.monthly(y).items()}
    discrepancy = {k: np.asarray(v) for k, v in problem.unpack(y)[2].items()}
    table = []
    for t in problem.prepared.values():
        expected = np.asarray(t.expected(monthly[t.observable.variable]))
        drawn = predict(t, expected, discrepancy[t.id], rng)
        low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95], axis=1)
        inside = (t.observed >= low) & (t.observed <= high)
        width = float(np.median((high - low) / np.abs(middle)))
        error = float(np.median(np.abs(middle / t.observed - 1)))
        table.append(Coverage(t.id, len(t.observed), float(inside.mean()), width, error))
    return table


def as_rows(table: list[Coverage]) -> list[dict[str, Any]]:
    """The table as plain dictionaries."""
    return [asdict(row) for row in table]
