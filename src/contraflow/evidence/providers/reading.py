"""What is read from a provider's file: points of series, on the basis of the evidence series of the same id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contraflow.errors import LocatedError


class DataError(LocatedError):
    """A file of data that cannot be taken in; the text is `path:line: message`."""


@dataclass(frozen=True)
class Point:
    """One value: the months ``start`` to ``end`` (``YYYY-MM``, both included), the value, and its note.

    ``factor``: what it counts over the complete figure, below 1 for an incomplete report. ``weight``: number of items
    behind it, or None. ``source``: an id of the evidence; that of the reading where it is empty.
    """

    start: str
    end: str
    value: float
    note: str = ""
    factor: float = 1.0
    weight: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Reading:
    """A file read: points by series, in order of time; ``source`` is an id of the evidence; ``notes`` for the user.

    ``whole``: whether the file holds all that its provider has published of the series, so that one which ends early
    is old or cut off. ``narrower``: series of which it counts most and not all, much the same part every year.
    """

    provider: str
    source: str
    points: Mapping[str, tuple[Point, ...]]
    notes: tuple[str, ...] = field(default=())
    whole: bool = True
    narrower: tuple[str, ...] = ()


def month(year: int, number: int) -> str:
    """``YYYY-MM``."""
    return f"{year}-{number:02d}"


def by_month(values: Mapping[str, float], note: str = "") -> tuple[Point, ...]:
    """Points of months ``YYYY-MM``."""
    return tuple(Point(m, m, values[m], note) for m in sorted(values))


def by_year(values: Mapping[str, float], note: str = "") -> tuple[Point, ...]:
    """Points of the calendar years of which all months are there, as sums."""
    return summed(values, 12, note)


def summed(values: Mapping[str, float], length: int, note: str = "") -> tuple[Point, ...]:
    """Points of whole years (12) or half-years (6), as sums of months ``YYYY-MM``."""
    found = []
    for year in sorted({int(m[:4]) for m in values}):
        for first in range(1, 13, length):
            own = [month(year, k) for k in range(first, first + length)]
            if all(m in values for m in own):
                found.append(Point(own[0], own[-1], round(sum(values[m] for m in own), 6), note))
    return tuple(found)


def require_no_gap(path: Path, months: Iterable[str], what: str) -> None:
    """Refuse months with a gap between the first and the last.

    Raises:
        DataError: there is one, or no month at all.
    """
    held = set(months)
    if not held:
        raise DataError(path, 0, f"holds no {what}")
    year, number = int(min(held)[:4]), int(min(held)[5:])
    while month(year, number) < max(held):
        number, year = (number + 1, year) if number < 12 else (1, year + 1)
        if month(year, number) not in held:
            raise DataError(path, 0, f"{what}: {month(year, number)} is missing, later months are there; cut off?")
