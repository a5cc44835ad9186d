"""Dates of a policy: calendar words in, decimal years out.

A date is a point in time: `2027` and `2027-01` both mean the beginning of January 2027. The end of a period, as in
`horizon: 2035-12`, is read by `parse_end`.
"""

from __future__ import annotations

import calendar
import datetime
import re

#: First and last point in time that the model covers, in decimal years.
FIRST_DATE = 2000.0
LAST_DATE = 2036.0

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_EXPECTED = "a date is written 2027, 2027-01 or 2027-01-15"


def parse_date(value: object) -> float:
    """The beginning of the year, month or day `value`, in decimal years (month m begins at year + (m - 1)/12).

    Args:
        value: an int (a year), a string, or a `datetime.date`.

    Raises:
        ValueError: not a date, or outside 2000-01 to 2035-12; the text says what was expected.
    """
    year, month, day = _parts(value)
    days = calendar.monthrange(year, month or 1)[1]
    return year + ((month or 1) - 1 + ((day or 1) - 1) / days) / 12


def parse_end(value: object) -> float:
    """The end of the year, month or day `value`, in decimal years: `2035` and `2035-12` are both 2036.0.

    Raises:
        ValueError: as `parse_date`.
    """
    year, month, day = _parts(value)
    if month is None:
        return float(year + 1)
    days = calendar.monthrange(year, month)[1]
    return year + (month - 1 + (day / days if day else 1)) / 12


def format_date(date: float) -> str:
    """The month in which the decimal year `date` falls, as `2027-01`."""
    months = int(date * 12 + 1e-6)
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


def _parts(value: object) -> tuple[int, int | None, int | None]:
    month: int | None
    day: int | None
    if isinstance(value, datetime.date):
        year, month, day = value.year, value.month, value.day
    else:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError(f"{value!r} is not a date: {_EXPECTED}")
        match = _DATE.fullmatch(str(value).strip())
        if not match:
            raise ValueError(f"'{value}' is not a date: {_EXPECTED}")
        year = int(match[1])
        month, day = (int(part) if part else None for part in match.groups()[1:])
    if month is not None and not 1 <= month <= 12:
        raise ValueError(f"'{value}' is not a date: there is no month {month}; {_EXPECTED}")
    if day is not None and not 1 <= day <= calendar.monthrange(year, month or 1)[1]:
        raise ValueError(f"'{value}' is not a date: that month has no day {day}; {_EXPECTED}")
    if not FIRST_DATE <= year < LAST_DATE:
        raise ValueError(f"'{value}' is outside the model, which covers 2000-01 to 2035-12")
    return year, month, day
