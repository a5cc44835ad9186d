"""What came: observations of targets, from a file of the user's or from series of the evidence."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path

from contraflow.errors import UnknownName
from contraflow.evidence import Evidence
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.file import ForecastError, number, table
from contraflow.validation.forecasts.targets import TARGETS, Target, known, month_name

COLUMNS = ("target_id", "period", "value")
#: (target, period) → value.
Observations = Mapping[tuple[str, str], float]


def read_observations(path: Path, held: Evidence, today: datetime.date, settled: bool = False) -> Observations:
    """Read a file of observations.

    Args:
        path: the file.
        held: evidence beside which a value must look like one of its target.
        today: periods must be over by then.
        settled: whether all figures must be settled by then.

    Raises:
        DataError: the file is cut off or no table.
        ForecastError: other columns, an unknown target, a period that is none of it or not over, a figure that is not
            settled, a value that cannot be or seems to be in another unit, or two values of one figure.
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
        _require_over(path, line, target, key[1], today, settled)
        _require_plausible(path, line, target, key[1], value, held)
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


def _require_over(path: Path, line: int, target: Target, period: str, today: datetime.date, settled: bool) -> None:
    if target.last_month(period) >= _number(today):
        raise ForecastError(path, line, f"{target.id} {period} is not over on {today}: remove the row")
    if settled and not _settled(target, period, today):
        first = month_name(target.last_month(period) + target.released)
        raise ForecastError(
            path,
            line,
            f"{target.id} {period} is not settled, no release before {first} counts ({target.convention}): remove the "
            "row, or score without --record",
        )


def _settled(target: Target, period: str, today: datetime.date) -> bool:
    return _number(today) >= target.last_month(period) + target.released


def _number(day: datetime.date) -> int:
    return day.year * 12 + day.month - 1


def _require_plausible(path: Path, line: int, target: Target, period: str, value: float, held: Evidence) -> None:
    """Refuse a value far from the last figure known to the period; of months, which scatter, from the mean of 12."""
    values = history.observed(target, target.last_month(period) + 1, held)[1]
    last = values[-12 if target.step == "month" else -1 :].mean() if len(values) else value
    if not last / target.most_apart <= value <= last * target.most_apart:
        raise ForecastError(
            path,
            line,
            f"{target.id} was {last:.4g} last, not near {value:g}: another unit, or a sum of other length? It is in "
            f"{target.unit}, by {target.step}; if the figure is right, add it with `contraflow data add` first",
        )


def unsettled(observations: Observations, today: datetime.date) -> list[tuple[str, str]]:
    """Targets and periods of which no release that counts can be out."""
    return [key for key in observations if not _settled(TARGETS[key[0]], key[1], today)]


def from_series(held: Evidence, today: datetime.date) -> Observations:
    """Observations that series of the evidence hold of the targets, sums of 12 months included, where they are settled.

    A figure is settled when a release that counts can be out and its series goes on as long as the target wants; one
    whose convention is a date of reading is left to the user.
    """
    found: dict[tuple[str, str], float] = {}
    for target in TARGETS.values():
        whole = target.id.removesuffix(".12_months")
        source = held.series.get(f"{whole}.monthly" if target.step == "12 months" else target.id)
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
    return {key: value for key, value in found.items() if _settled(TARGETS[key[0]], key[1], today)}
