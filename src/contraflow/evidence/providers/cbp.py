"""CBP: nationwide drug seizures by month and area, the CSV "nationwide-drugs"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from contraflow.evidence.providers.reading import (
    DataError,
    Point,
    Reading,
    by_month,
    by_year,
    month,
    require_no_gap,
    summed,
)
from contraflow.evidence.providers.sheet import MONTHS, Sheet, number

LABEL = "CBP nationwide drug seizures (CSV)"
COLUMNS = (
    "FY", "Month (abbv)", "Component", "Region", "Land Filter", "Area of Responsibility", "Drug Type", "Count of Event",
    "Sum Qty (lbs)",
)  # fmt: skip
KG = 0.45359237
_PORTS, _BETWEEN = "Office of Field Operations", "U.S. Border Patrol"
_DRUGS = {"Fentanyl": "fentanyl", "Heroin": "heroin", "Methamphetamine": "methamphetamine", "Cocaine": "cocaine"}
_KEY = COLUMNS[:-2]
_BORDER = "Southwest Border"


def read(sheet: Sheet) -> Reading:
    """Weight and events at the Southwest border: fentanyl by months, half-years and years, other drugs by years.

    Raises:
        DataError: as `providers.read`.
    """
    kg: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    ports: dict[str, float] = defaultdict(float)
    events: dict[str, float] = defaultdict(float)
    reported: dict[str, set[str]] = defaultdict(set)
    areas: dict[str, set[str]] = defaultdict(set)
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in sheet.rows():
        key = tuple(cells[c] for c in _KEY)
        if key in seen:
            raise DataError(sheet.path, line, f"the same row as line {seen[key]}: {', '.join(key)}")
        seen[key] = line
        if cells["Component"] not in (_PORTS, _BETWEEN):
            raise DataError(sheet.path, line, f"Component is '{cells['Component']}', expected {_PORTS} or {_BETWEEN}")
        at = _month(sheet, line, cells)
        reported[at].add(cells["Component"])
        count = number(sheet, line, "Count of Event", cells["Count of Event"], whole=True)
        weight = number(sheet, line, "Sum Qty (lbs)", cells["Sum Qty (lbs)"]) * KG
        if cells["Region"] != _BORDER:
            continue
        areas[at].add(cells["Area of Responsibility"])
        drug = _DRUGS.get(cells["Drug Type"])
        if drug is None:
            continue
        kg[drug][at] += weight
        if drug == "fentanyl":
            events[at] += count
            ports[at] += weight if cells["Component"] == _PORTS else 0.0
    _require_whole(sheet, reported, kg["fentanyl"])
    _require_areas(sheet, areas)
    points = {
        "border.seized.fentanyl.monthly": _rounded(by_month(kg["fentanyl"]), 1),
        "border.seized.fentanyl.events.monthly": by_month(events),
        "border.seized.fentanyl.half_year": _rounded(summed(kg["fentanyl"], 6, "ports and between ports"), 0),
        "border.seized.fentanyl.ports_share": _shares(ports, kg["fentanyl"]),
    }
    months = set(reported)
    for drug in _DRUGS.values():
        whole = {at: kg[drug].get(at, 0.0) for at in months}
        points[f"border.seized.{drug}.annual"] = _rounded(by_year(whole, "ports and between ports"), 0)
    return Reading("cbp", "cbp", points, ())


def _month(sheet: Sheet, line: int, cells: Mapping[str, str]) -> str:
    """The calendar month of a row: a fiscal year begins in October before it."""
    fiscal = re.fullmatch(r"(20\d{2})( \(FYTD\))?", cells["FY"])
    name = cells["Month (abbv)"].capitalize()
    if not fiscal:
        raise DataError(sheet.path, line, f"FY is '{cells['FY']}', expected a fiscal year as 2024 or 2025 (FYTD)")
    if name not in MONTHS:
        raise DataError(sheet.path, line, f"Month (abbv) is '{cells['Month (abbv)']}', expected one as JAN")
    number_of = MONTHS.index(name) + 1
    return month(int(fiscal[1]) - (number_of >= 10), number_of)


def _require_whole(sheet: Sheet, reported: Mapping[str, set[str]], fentanyl: Mapping[str, float]) -> None:
    require_no_gap(sheet.path, reported, "month")
    for at, components in reported.items():
        if len(components) < 2:
            raise DataError(sheet.path, 0, f"{at}: only {', '.join(components)} reports; is the file cut off?")
        if at not in fentanyl:
            raise DataError(sheet.path, 0, f"{at}: no fentanyl at the Southwest Border; is the file cut off?")


def _require_areas(sheet: Sheet, areas: Mapping[str, set[str]]) -> None:
    """Refuse a month without an area of the border that every other month within a year of it has.

    All 13 field offices and sectors there seized something in each of the 75 months to 2024, and the file lists them
    last in a month: lines lost at its end are theirs.
    """
    for at, own in areas.items():
        near = [areas[other] for other in areas if 0 < abs(_number(other) - _number(at)) <= 12]
        lost = set.intersection(*near) - own if near else set()
        if lost:
            names = ", ".join(sorted(lost))
            raise DataError(sheet.path, 0, f"{at}: no row of {names}, as in all months around it; is the file cut off?")


def _number(at: str) -> int:
    return int(at[:4]) * 12 + int(at[5:])


def _rounded(points: tuple[Point, ...], digits: int) -> tuple[Point, ...]:
    return tuple(Point(p.start, p.end, round(p.value, digits), p.note) for p in points)


def _shares(ports: Mapping[str, float], whole: Mapping[str, float]) -> tuple[Point, ...]:
    at_ports = by_year({at: ports.get(at, 0.0) for at in whole})
    return tuple(
        Point(p.start, p.end, round(p.value / w.value, 4)) for p, w in zip(at_ports, by_year(whole), strict=True)
    )
