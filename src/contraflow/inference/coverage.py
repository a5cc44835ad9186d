"""In-sample honesty: how many points of each fitted series lie inside the 90 % predictive band, and how wide it is.

A band made with a point's own help covers it too often: parameters have moved towards it. So coverage is also taken
with each point left out, its predictive distribution weighted by Pareto-smoothed importance sampling. Of a series of
five points 80 or 100 % can be inside, and of 25 points with a true 90 % only every other draw gives 85 to 95 %:
whether a count is consistent with 90 % is told by an exact binomial test, which takes points as
independent. They are not quite: errors of neighbours, each predicted from the other, lean against one another.

The plain band draws misses anew. Where they last for years, a series is off as a whole or not at all, so the share of
its points inside says little by itself. It is compared with that of series drawn from the model.

The weights are those of a posterior in one stage. For draws in two stages they are an approximation: leaving a point
out would not move the first stage. The count under the joint draws stands beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from contraflow.inference.likelihood import Discrepancy, Target, left_out, predict
from contraflow.inference.problem import Problem

#: Share that a band should cover, and the level below which a count says that it does not.
NOMINAL, DOUBT = 0.90, 0.01
#: Series drawn from the model for every draw of the posterior: with one, the ends of a band still move with the seed.
REPLICATES = 8
#: Pareto shape above which importance weights are not to be trusted (Vehtari and others, JMLR 25, 2024).
SHAPE_LIMIT = 0.7


@dataclass(frozen=True)
class Coverage:
    """One series: points, share inside the 90 % band, and the band's median width relative to the median.

    ``as_few``: of series drawn from the model, the share that has as few of its points inside, or fewer.
    ``inside_left_out``: the share inside when each point is predicted without it. ``p_value``: of an exact binomial
    test of that count against 90 %. ``unsure``: points whose left-out prediction rests on untrustworthy weights.
    """

    series: str
    points: int
    inside: float
    as_few: float
    width: float
    median_error: float
    inside_left_out: float
    p_value: float
    unsure: int

    @property
    def consistent(self) -> bool:
        """Whether the left-out count is consistent with 90 %."""
        return self.p_value >= DOUBT


def coverage(problem: Problem, y: np.ndarray, seed: int = 0) -> list[Coverage]:
    """Coverage of every fitted series by draws y (size, draws)."""
    rng = np.random.default_rng(seed)
    monthly = {k: np.asarray(v) for k, v in problem.monthly(y).items()}
    discrepancy = problem.unpack(y)[2]
    table = []
    for t in problem.prepared.values():
        expected = np.asarray(t.expected(monthly[t.observable.variable]))
        low, middle, high, inside, as_few = _plain_band(t, expected, discrepancy[t.id], rng)
        width = float(np.median((high - low) / np.abs(middle)))
        error = float(np.median(np.abs(middle / t.observed - 1)))
        places, shapes = _left_out_places(t, expected, discrepancy[t.id])
        count, points = int(((places > 0.05) & (places < 0.95)).sum()), len(t.observed)
        table.append(
            Coverage(
                t.id,
                points,
                inside,
                as_few,
                width,
                error,
                count / points,
                float(stats.binomtest(count, points, NOMINAL).pvalue),
                int((shapes > SHAPE_LIMIT).sum()),
            )
        )
    return table


def _plain_band(
    target: Target, expected: np.ndarray, discrepancy: Discrepancy, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Ends and middle of the 90 % band (rows,), share of points inside, share of series drawn with as few inside."""
    again = Discrepancy(*(np.repeat(part, REPLICATES) for part in discrepancy))
    drawn = predict(target, np.repeat(expected, REPLICATES, axis=1), again, rng)
    low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95], axis=1)

    def inside(values: np.ndarray) -> np.ndarray:
        return ((values >= low[:, None]) & (values <= high[:, None])).mean(axis=0)

    own = inside(target.observed[:, None])[0]
    return low, middle, high, float(own), float((inside(drawn) <= own + 1e-9).mean())


def _left_out_places(target: Target, expected: np.ndarray, discrepancy: Discrepancy) -> tuple[np.ndarray, np.ndarray]:
    """Place (rows,) of every point in its prediction without it, from 0 to 1, and the Pareto shape of the weights."""
    from arviz import psislw  # an extra that only a fit needs

    density, place = left_out(target, expected, discrepancy)
    weights, shapes = psislw(-target.observable.weight * density)
    return (np.exp(weights) * place).sum(axis=1), np.asarray(shapes)


def as_rows(table: list[Coverage]) -> list[dict[str, Any]]:
    """The table as plain dictionaries."""
    return [asdict(row) | {"consistent": row.consistent} for row in table]
