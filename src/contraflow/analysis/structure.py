"""What the equations explain of history, and what latent drivers do: the model with its latent drivers at zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from contraflow import evidence
from contraflow.analysis.history import COUNTED
from contraflow.analysis.runs import Model, Progress, Result, quantile_table
from contraflow.inference.posterior import Posterior

#: Outcome → series of yearly counts that it is judged by.
JUDGED = {name: COUNTED[name] for name in ("us.overdose_deaths", "mx.homicides")}


@dataclass(frozen=True)
class Explained:
    """Share of the variance of a yearly series that the model explains, quantiles over draws.

    1 − squared errors of the model's expectation / squared deviations of the counts from their mean; below 0 it does
    worse than the mean. ``structure``: with latent drivers at zero; ``full``: with them.
    """

    outcome: str
    series: str
    first: int
    last: int
    structure: Mapping[str, float]
    full: Mapping[str, float]


def without_latents(posterior: Posterior) -> Posterior:
    """The same draws with every latent driver at zero throughout."""
    still = {name: np.zeros_like(x) for name, x in posterior.innovations.items()}
    return replace(posterior, innovations=still)


def explained(
    model: Model, baseline: Result, record: Iterable[str] = (), progress: Progress | None = None
) -> tuple[Explained, ...]:
    """What structure explains of each series in ``JUDGED``, and what the whole model does.

    Runs as many draws as ``baseline`` has, which must be this model's run without policy and with the same ``record``:
    the two then share one compiled model. The parameters were fitted together with the latent drivers, so a model
    fitted without them could do better.
    """
    still = replace(model, posterior=without_latents(model.posterior))
    alone = still.run(draws=baseline.draws, until=baseline.end, record=record, progress=progress)
    known = evidence.load().series
    rows = []
    for name, series in JUDGED.items():
        counts = {int(r.start): r.value for r in known[series].rows}
        years, values = list(counts), np.array(list(counts.values()))
        parts = [
            quantile_table(share_explained(run.annual(name).sel(year=years).values, values))
            for run in (alone, baseline)
        ]
        rows.append(Explained(name, series, years[0], years[-1], *parts))
    return tuple(rows)


def share_explained(modelled: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """1 − residual / total sum of squares, (draws,), of ``modelled`` (years, draws) against ``counts`` (years,)."""
    residual = ((modelled - counts[:, None]) ** 2).sum(axis=0)
    return 1 - residual / ((counts - counts.mean()) ** 2).sum()
