"""Three ways of carrying on what the model misses, tried on the misses up to the origin.

``python -m contraflow.validation.forecasts.carrying`` prints the table of the documentation, from the posterior in
force. It tells how to carry misses on and says nothing of the model: the posterior has seen the months forecast, and
seasons and the share of registered homicides are those known at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from contraflow.inference.posterior import Posterior, load_posterior
from contraflow.validation.forecasts.misses import fading
from contraflow.validation.forecasts.simulation import Misses, least, residuals, simulated
from contraflow.validation.forecasts.targets import month_name, month_number

#: Months after the first miss from which misses are forecast.
BEFORE = 36
#: Months ahead that are scored together, first and last.
AHEAD = ((1, 3), (7, 12))
#: Months of which a kept miss is the mean.
_RECENT = 3
#: Months (n,), misses (n,), noise of one month, least sd of a miss, months ahead (m,) → forecast misses (m,).
Way = Callable[[np.ndarray, np.ndarray, float, float, np.ndarray], np.ndarray]


def none(at: np.ndarray, missed: np.ndarray, noise: float, smallest: float, ahead: np.ndarray) -> np.ndarray:
    """Nothing is missed from now on."""
    return np.zeros(len(ahead))


def fades(at: np.ndarray, missed: np.ndarray, noise: float, smallest: float, ahead: np.ndarray) -> np.ndarray:
    """The autoregression of ``misses``, as forecasts use it."""
    how = fading(at, missed, noise, smallest)
    weights, _ = how.origin(at, int(at[-1]))
    return weights @ missed * how.kept**ahead


def kept(at: np.ndarray, missed: np.ndarray, noise: float, smallest: float, ahead: np.ndarray) -> np.ndarray:
    """The mean of the last months, for good."""
    return np.full(len(ahead), missed[-_RECENT:].mean())


WAYS: dict[str, Way] = {"none": none, "fading": fades, "kept": kept}


def errors(known: Misses, smallest: float) -> dict[str, tuple[float, ...]]:
    """Root mean square errors of every way, for each of ``AHEAD``, of the misses' medians over draws.

    ``smallest`` is the least sd of a miss. Every month from ``BEFORE`` on is an origin, from which only misses before
    it are known; errors hold the noise of single observations.
    """
    at, missed = known.at, np.median(known.missed, axis=1)
    squared: dict[str, list[list[float]]] = {way: [[] for _ in AHEAD] for way in WAYS}
    for now in range(BEFORE, len(at)):
        steps = at[now:] - at[now - 1]
        for way, forecast in WAYS.items():
            wrong = missed[now:] - forecast(at[:now], missed[:now], known.noise, smallest, steps)
            for k, (first, last) in enumerate(AHEAD):
                squared[way][k] += list(wrong[(steps >= first) & (steps <= last)] ** 2)
    return {way: tuple(float(np.sqrt(np.mean(s))) for s in scores) for way, scores in squared.items()}


def table(posterior: Posterior) -> dict[str, dict[str, tuple[float, ...]]]:
    """Errors by series of months and way, from the month in which the posterior's data end."""
    origin = month_name(round(float(posterior.attributes["data_until"]) * 12) - 1)
    found = residuals(simulated(origin, posterior), month_number(origin) + 1)
    return {name: errors(m, least(name, posterior)) for name, m in found.items() if name != "missing"}


def lines(posterior: Posterior) -> Iterable[str]:
    """The table as Markdown."""
    yield f"| | {' | '.join(WAYS)} |"
    yield "|---" * (len(WAYS) + 1) + "|"
    for name, by_way in table(posterior).items():
        cells = (", ".join(f"{value:.3f}".removeprefix("0") for value in by_way[way]) for way in WAYS)
        yield f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(lines(load_posterior())))
