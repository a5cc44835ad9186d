"""Deaths told the true supply, beside the forecasts of the same years, as stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow.report.fit_record import brief_fits
from contraflow.report.wording import significant
from contraflow.validation.true_supply import ALL_DRUGS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One year of one series from one origin: errors of medians and scores, told the true supply and as forecast.

    ``forecast_error`` and ``forecast_score`` are None where no such forecast is stored. ``inside``: whether the 95 %
    interval, told the supply, held the outcome.
    """

    origin: int
    series: str
    year: int
    observed: float
    error: float
    score: float
    inside: bool
    forecast_error: float | None
    forecast_score: float | None


def lines(told: Sequence[Row], forecasts: Sequence[Row]) -> list[Line]:
    """Every year told the true supply, with the forecast of that year where it is stored."""
    known = {(r["origin"], r["series"], r["year"]): r for r in forecasts}
    found = []
    for r in told:
        own = known.get((r["origin"], r["series"], r["year"]))
        found.append(
            Line(
                r["origin"], r["series"], r["year"], r["observed"], r["median"] / r["observed"] - 1, r["crps"],
                r["coverage"]["95"], own and own["median"] / own["observed"] - 1, own and own["crps"],
            )
        )  # fmt: skip
    return found


def said(result: Mapping[str, Any]) -> tuple[str, str]:
    """What was scored, in both languages."""
    own = [r for r in result["true_supply"] if r["series"] == ALL_DRUGS]
    origins = ", ".join(str(o) for o in sorted({r["origin"] for r in own}))
    score, inside = significant(float(np.mean([r["crps"] for r in own]))), sum(r["coverage"]["95"] for r in own)
    brief = brief_fits(list(result["fits"].values()))
    return (
        f"Fitted to data to the end of {origins}, but told how supply went after it, the model scores {score} on all "
        f"overdose deaths of {len(own)} years (mean log-CRPS), and {inside} of them lie inside its 95 % intervals. "
        f"These use the future and compete with no rival.{brief.en}",
        f"Ajustado a datos hasta fines de {origins}, pero sabiendo cómo siguió la oferta, el modelo obtiene {score} en "
        f"todas las muertes por sobredosis de {len(own)} años (log-CRPS medio), y {inside} quedan dentro de sus "
        f"intervalos de 95 %. Usan el futuro y no compiten con ningún rival.{brief.es}",
    )
