"""Deaths from past origins, told how supply went: what of an error is supply that nobody foresaw, and what is not.

The model is fitted as for a backtest, everything to the origin but data on supply, which go on to the end. What is left
to foresee is all else: demand, care, other drugs. Such figures use the future, so they are no forecasts, enter no pool
and compete with no rival; they stand beside the forecasts of the same years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from contraflow.errors import ContraflowError
from contraflow.inference.diagnostics import worst
from contraflow.inference.fit import BRIEF, fit, holds_fit
from contraflow.inference.posterior import load_posterior
from contraflow.system.calendar import DATA_END
from contraflow.validation import scoring
from contraflow.validation.backtests import HORIZONS, forecast, scored
from contraflow.validation.record import Keep
from contraflow.validation.rivals import SOURCE_SERIES

#: Past years from which the course of supply mattered most: before fentanyl's last rise, and before its fall.
ORIGINS = (2020, 2022)
ALL_DRUGS = "us.deaths.all_drugs.annual"
#: Deaths that supply moves, and all of them.
SERIES = ("us.deaths.synthetic_opioids.annual", SOURCE_SERIES, ALL_DRUGS)
Row = dict[str, Any]


def posterior_path(folder: Path, origin: int) -> Path:
    """Where the posterior of an origin that is told the true supply lies."""
    return folder / f"origin-{origin}-true-supply.nc"


def true_supply(
    folder: Path, keep: Keep, step: Callable[[str], None], origins: Iterable[int] = ORIGINS
) -> dict[str, Any]:
    """Forecasts told the true supply, fitted where ``folder`` has no such fit of this model; an origin by ``keep``.

    Returns:
        ``true_supply``: rows of ``origin``, ``series``, ``year``, ``observed``, ``median``, ``crps`` on the log scale,
        ``intervals`` and ``coverage`` of 50, 80 and 95 %; ``fits``: by origin its posterior and the worst of its
        sampling.

    Raises:
        ContraflowError: as ``fit``; or the posterior of an origin is of other data.
    """
    found = {origin: keep(str(origin), partial(_from_origin, origin, folder, step)) for origin in origins}
    return {
        "true_supply": [row for kept in found.values() for row in kept["rows"]],
        "fits": {str(origin): kept["fit"] for origin, kept in found.items()},
    }


def _from_origin(origin: int, folder: Path, step: Callable[[str], None]) -> dict[str, Any]:
    path = posterior_path(folder, origin)
    if not holds_fit(path, BRIEF):
        step(f"true supply: fit of data to {origin}, supply to the end")
        fit(out=path, until=origin + 1.0, supply_until=DATA_END, plan=BRIEF, log=step)
    posterior = load_posterior(path)
    ends = tuple(float(posterior.attributes.get(name, np.nan)) for name in ("data_until", "supply_until"))
    if ends != (origin + 1.0, DATA_END):
        raise ContraflowError(f"{path} is of other data than to {origin}, and of supply to the end: remove it")
    sampling = {"posterior": posterior.hash, **(worst(posterior.report) or {})}
    return {"fit": sampling, "rows": rows(origin, forecast(origin, posterior))}


def rows(origin: int, drawn: dict[str, np.ndarray]) -> list[Row]:
    """One row a year and series, from draws by series (years after the origin, draws)."""
    table, observed = [], scored()
    for name in SERIES:
        years, values, *_ = observed[name]
        after = years > origin
        quantiles = scoring.ensemble_quantiles(drawn[name])
        for k, (year, value) in enumerate(zip(years[after], values[after], strict=True)):
            if year <= origin + HORIZONS:
                table.append(
                    {
                        "origin": origin,
                        "series": name,
                        "year": int(year),
                        "observed": float(value),
                        "median": float(np.median(quantiles[k])),
                        "crps": float(scoring.log_crps(quantiles[k], value)),
                        "intervals": {
                            str(p): [float(x) for x in scoring.interval(quantiles[k], p)] for p in scoring.INTERVALS
                        },
                        "coverage": {str(p): bool(scoring.covered(quantiles[k], value, p)) for p in scoring.INTERVALS},
                    }
                )
    return table
