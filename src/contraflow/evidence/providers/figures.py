"""Single figures of any series in rows, for statistics that are published as text: INEGI, DEA, surveys, censuses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from contraflow.errors import nearest
from contraflow.evidence.providers.reading import DataError, Point, Reading
from contraflow.evidence.providers.sheet import Sheet, number
from contraflow.evidence.schema import Series

LABEL = "figures by series (CSV: series,start,end,value and, where wanted, note, source, weight, factor)"
COLUMNS = ("series", "start", "end", "value")
_FURTHER = ("note", "source", "weight", "factor")
_MONTHS = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}
_FIRST = "2000-01"
_PERSON = "person"
#: Families of noise that live between 0 and 1.
_SHARES = ("beta", "logit_normal")


def read(sheet: Sheet) -> Reading:
    """Figures as they are given, each for the months ``start`` to ``end``, both included, in the unit of its series.

    Without a source of its own a figure takes that of the last row of its series.

    Raises:
        DataError: as `providers.read`.
    """
    from contraflow.evidence.loader import load

    other = [c for c in sheet.header if c not in (*COLUMNS, *_FURTHER)]
    if other:
        raise DataError(sheet.path, 1, f"no such column: {other[0]}; expected {', '.join((*COLUMNS, *_FURTHER))}")
    known, sources = load().series, load().sources
    points: dict[str, dict[tuple[str, str], Point]] = defaultdict(dict)
    for line, cells in sheet.rows():
        name, months = cells["series"], (cells["start"], cells["end"])
        if name not in known:
            guess = nearest(name, known)
            raise DataError(sheet.path, line, f"no series '{name}'" + (f"; did you mean '{guess}'?" if guess else ""))
        series = known[name]
        _require_window(sheet, line, series, *months)
        if months in points[name]:
            raise DataError(sheet.path, line, f"{name}, {months[0]} to {months[1]} occurs twice")
        source = cells.get("source") or series.rows[-1].source
        if source not in sources:
            raise DataError(sheet.path, line, f"no source '{source}': name one of the evidence, or leave it empty")
        weight, factor = (_positive(sheet, line, column, cells) for column in ("weight", "factor"))
        if factor and factor > 1:
            raise DataError(sheet.path, line, f"factor is {factor:g}: a report counts no more than the complete figure")
        value = _value(sheet, line, series, cells["value"])
        points[name][months] = Point(*months, value, cells.get("note", ""), factor or 1.0, weight, source)
    if not points:
        raise DataError(sheet.path, 0, "holds no figure")
    in_order = {name: tuple(own[m] for m in sorted(own)) for name, own in points.items()}
    return Reading("figures", "", in_order, whole=False)


def _require_window(sheet: Sheet, line: int, series: Series, start: str, end: str) -> None:
    for month in (start, end):
        if not re.fullmatch(r"(19|20)\d{2}-(0[1-9]|1[0-2])", month, re.ASCII):
            raise DataError(sheet.path, line, f"'{month}' is not a month: write YYYY-MM, for example 2025-06")
    first, last = (int(m[:4]) * 12 + int(m[5:]) for m in (start, end))
    if start < _FIRST:
        raise DataError(sheet.path, line, f"{start} lies before {_FIRST}, with which the model begins")
    if last < first:
        raise DataError(sheet.path, line, f"the window ends ({end}) before it begins ({start})")
    wanted = _MONTHS.get(series.window)
    if wanted and (last - first + 1 != wanted or (first - 1) % wanted):
        raise DataError(sheet.path, line, f"{start} to {end} is no {series.window}, as {series.id} wants")


def _value(sheet: Sheet, line: int, series: Series, cell: str) -> float:
    value = number(sheet, line, "value", cell)
    if value != round(value) and _counts_persons(series):
        raise DataError(sheet.path, line, f"{series.id} counts whole persons: {cell} cannot be; write {value:.0f}?")
    if series.observation.family in _SHARES and not 0 < value < 1:
        raise DataError(sheet.path, line, f"{series.id} is a share: {cell} is not between 0 and 1")
    if series.observation.family == "lognormal" and value == 0:
        raise DataError(sheet.path, line, f"{series.id} cannot be 0")
    return value


def _counts_persons(series: Series) -> bool:
    """Whether figures are whole numbers of people; months derived from longer windows have fractions as they ship."""
    from contraflow.evidence.loader import shipped

    values = shipped().series[series.id].values
    return series.unit.split("/")[0] == _PERSON and bool((values == values.round()).all())


def _positive(sheet: Sheet, line: int, column: str, cells: Mapping[str, str]) -> float | None:
    if not cells.get(column):
        return None
    value = number(sheet, line, column, cells[column])
    if value == 0:
        raise DataError(sheet.path, line, f"{column} cannot be 0")
    return value
