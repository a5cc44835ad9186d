"""What came: observations of targets, from a file of the user's or from series of the evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from contraflow.errors import UnknownName
from contraflow.evidence import Series
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.file import ForecastError, number, table
from contraflow.validation.forecasts.targets import TARGETS, Target, known, month_name

COLUMNS = ("target_id", "period", "value")
#: How many times the last figure known an observation may be, or that figure it, before its unit is doubted.
MOST_APART = 50.0
#: A month number after every figure.
_EVER = 3000 * 12
#: (target, period) → value.
Observations = Mapping[tuple[str, str], float]


def read_observations(path: Path) -> Observations:
    """Read a file of observations.

    Raises:
        ForecastError: other columns, an unknown target, a period that is none of it, a value that cannot be or seems to
            be in another unit, or two values of one figure.
    """
    found: dict[tuple[str, str], float] = {}
    for line, cells in table(path, COLUMNS):
        try:
            target = known(cells["target_id"])
        except UnknownName as error:
            raise ForecastError(path, line, str(error)) from None
        key, value = (target.id, _period(path, line, target, cells["period"])), number(path, line, cells["value"])
        if value < 0 or (target.share and not 0 < value < 1):
            bounds = "between 0 and 1" if target.share else "at least 0"
            raise ForecastError(path, line, f"{target.id} must be {bounds}, not {cells['value']}")
        last = float(history.observed(target, _EVER)[1][-1])
        if not last / MOST_APART <= value <= last * MOST_APART:
            raise ForecastError(
                path,
                line,
                f"{target.id} was {last:g} last, not near {cells['value']}: another unit? It is {target.unit}",
            )
        if key in found:
            raise ForecastError(path, line, f"{key[0]} {key[1]} occurs twice")
        found[key] = value
    if not found:
        raise ForecastError(path, 0, "holds no observation")
    return found


def _period(path: Path, line: int, target: Target, period: str) -> str:
    form = "YYYY" if target.step == "year" else "YYYY-MM"
    if not re.fullmatch(r"\d{4}" if form == "YYYY" else r"\d{4}-(0[1-9]|1[0-2])", period, re.ASCII):
        raise ForecastError(path, line, f"'{period}' is no period of {target.id}: write {form}")
    return period


def from_series(series: Mapping[str, Series]) -> Observations:
    """Observations that series of the evidence hold of the targets, sums of 12 months included, where they are settled.

    A figure is settled when its series goes on as long as the target wants; one whose convention is a date of reading
    is left to the user.
    """
    found: dict[tuple[str, str], float] = {}
    for target in TARGETS.values():
        whole = target.id.removesuffix(".12_months")
        source = series.get(f"{whole}.monthly" if target.step == "12 months" else target.id)
        if source is None or target.settles is None:
            continue
        until = max(r.end for r in source.rows) - target.settles / 12 + 1e-6
        rows = [r for r in source.rows if r.end <= until]
        if target.step == "year":
            found |= {(target.id, str(round(r.start))): r.value for r in rows}
            continue
        months = {round(r.start * 12): r.value for r in rows}
        for month, value in months.items():
            if target.step == "month":
                found[target.id, month_name(month)] = value
            elif all(month - k in months for k in range(12)):
                found[target.id, month_name(month)] = sum(months[month - k] for k in range(12))
    return found
