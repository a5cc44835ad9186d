"""CDC: provisional drug overdose death counts in 12 months (VSRR), the CSV that data.cdc.gov exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contraflow.evidence.providers.reading import DataError, Point, Reading, month, require_no_gap
from contraflow.evidence.providers.sheet import Sheet, number, year

LABEL = "CDC VSRR Provisional Drug Overdose Death Counts (CSV)"
COLUMNS = (
    "State", "Year", "Month", "Period", "Indicator", "Data Value", "Percent Complete", "Percent Pending Investigation",
    "State Name", "Footnote", "Footnote Symbol", "Predicted Value",
)  # fmt: skip
_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_INDICATORS = {
    "Number of Drug Overdose Deaths": "all_drugs",
    "Opioids (T40.0-T40.4,T40.6)": "opioids",
    "Synthetic opioids, excl. methadone (T40.4)": "synthetic_opioids",
}
#: The year from which months are rebuilt: 12-month counts cannot split their first year.
_ANCHOR = 2018
#: Months that must follow one before its count is taken as complete, as the targets of the register have it.
_PROVISIONAL = 12
_Windows = Mapping[str, tuple[float, float]]


def read(sheet: Sheet) -> Reading:
    """Months, half-years and years of US deaths from the 12-month counts of the row ``US``.

    Raises:
        DataError: as `providers.read`.
    """
    windows: dict[str, dict[str, tuple[float, float]]] = {drug: {} for drug in _INDICATORS.values()}
    for line, cells in sheet.rows():
        drug = _INDICATORS.get(cells["Indicator"])
        if cells["State"] != "US" or drug is None or not cells["Data Value"]:
            continue
        if cells["Period"] != "12 month-ending":
            raise DataError(sheet.path, line, f"Period is '{cells['Period']}', expected '12 month-ending'")
        if cells["Month"] not in _NAMES:
            raise DataError(sheet.path, line, f"Month is '{cells['Month']}', expected a name as in 'January'")
        at = month(year(sheet, line, "Year", cells["Year"]), _NAMES.index(cells["Month"]) + 1)
        if at in windows[drug]:
            raise DataError(sheet.path, line, f"US, {cells['Indicator']}, {at} occurs twice")
        reported = number(sheet, line, "Data Value", cells["Data Value"], whole=True)
        predicted = cells["Predicted Value"]
        complete = number(sheet, line, "Predicted Value", predicted, whole=True) if predicted else reported
        if not 1000 <= reported <= 500_000 or not 0.8 <= reported / complete <= 1.01:
            raise DataError(sheet.path, line, f"{reported:g} reported and {complete:g} predicted US deaths cannot be")
        windows[drug][at] = reported, complete
    for drug, held in windows.items():
        require_no_gap(sheet.path, held, f"US 12-month count of {drug}")
        _require_same_end(sheet.path, drug, held, windows["all_drugs"])
    for at in windows["all_drugs"]:
        if not windows["synthetic_opioids"][at] <= windows["opioids"][at] <= windows["all_drugs"][at]:
            raise DataError(sheet.path, 0, f"{at}: counts by drug exceed those they are part of; wrong labels?")
    return Reading("cdc_vsrr", "vsrr_monthly_derived", _points(sheet.path, windows), _notes(windows["all_drugs"]))


def _require_same_end(path: Path, drug: str, held: _Windows, others: _Windows) -> None:
    if set(held) != set(others):
        raise DataError(path, 0, f"{drug} and all_drugs do not cover the same months: is the file cut off?")


def _points(path: Path, windows: Mapping[str, _Windows]) -> dict[str, tuple[Point, ...]]:
    points: dict[str, tuple[Point, ...]] = {}
    for drug in ("all_drugs", "synthetic_opioids"):
        months = _months(path, drug, windows[drug])
        points[f"us.deaths.{drug}.monthly"] = tuple(
            Point(m, m, round(reported, 1), "derived from 12-month counts", _factor(reported, complete))
            for m, (reported, complete) in months.items()
        )
        points[f"us.deaths.{drug}.half_year"] = _half_years(months)
    years = {at[:4]: at for at in windows["all_drugs"] if at.endswith("-12")}
    parts = {
        "us.deaths.all_drugs.annual": ("all_drugs", None),
        "us.deaths.opioids.annual": ("opioids", None),
        "us.deaths.synthetic_opioids.annual": ("synthetic_opioids", None),
        "us.deaths.opioids_without_synthetic.annual": ("opioids", "synthetic_opioids"),
        "us.deaths.non_opioid.annual": ("all_drugs", "opioids"),
    }
    for series, (whole, less) in parts.items():
        rows = []
        for y, at in years.items():
            zero = (0.0, 0.0)
            (reported, complete), (off, complete_off) = windows[whole][at], windows[less][at] if less else zero
            note = "12 months ending December, reported"
            value, full = reported - off, complete - complete_off
            factor = _factor(value, full) if _provisional(at, windows["all_drugs"]) else 1.0
            rows.append(Point(f"{y}-01", f"{y}-12", value, note, factor))
        points[series] = tuple(rows)
    return points


def _months(path: Path, drug: str, windows: _Windows) -> dict[str, tuple[float, float]]:
    """Months reported and complete from 2018: m(t) = m(t - 12) + R(t) - R(t - 1), 2018 split as in the evidence."""
    from contraflow.evidence.loader import load

    series = load().series[f"us.deaths.{drug}.monthly"]  # of 2018, which no provisional file revises
    anchor = [r.value for r in series.rows if int(r.start + 1e-6) == _ANCHOR]
    if f"{_ANCHOR}-12" not in windows:
        raise DataError(path, 0, f"does not reach back to {_ANCHOR}, from which months are rebuilt: export all years")
    total = windows[f"{_ANCHOR}-12"]
    found = {
        month(_ANCHOR, k + 1): (value / sum(anchor) * total[0], value / sum(anchor) * total[1])
        for k, value in enumerate(anchor)
    }
    for at in sorted(windows):
        y, m = int(at[:4]), int(at[5:])
        if y > _ANCHOR:
            before, past = month(y - (m == 1), m - 1 if m > 1 else 12), month(y - 1, m)
            reported, complete = (found[past][k] + windows[at][k] - windows[before][k] for k in (0, 1))
            if not 0 < reported or not 0 < complete:
                raise DataError(path, 0, f"{drug}, {at}: 12-month counts leave {reported:.0f} deaths; wrong figures?")
            found[at] = reported, complete
    return {at: (r, c if _provisional(at, windows) else r) for at, (r, c) in found.items()}


def _provisional(at: str, windows: _Windows) -> bool:
    """Whether a month may lack certificates still; predicted counts run above reported ones for years."""
    last = max(windows)
    return (int(last[:4]) - int(at[:4])) * 12 + int(last[5:]) - int(at[5:]) < _PROVISIONAL


def _factor(reported: float, complete: float) -> float:
    """Reported over complete deaths, at most 1."""
    return round(min(reported / complete, 1.0), 4)


def _half_years(months: Mapping[str, tuple[float, float]]) -> tuple[Point, ...]:
    points = []
    for y in sorted({m[:4] for m in months}):
        for first in (1, 7):
            own = [month(int(y), k) for k in range(first, first + 6)]
            if all(m in months for m in own):
                reported, complete = (sum(months[m][k] for m in own) for k in (0, 1))
                note = "sum of derived months"
                points.append(Point(own[0], own[-1], round(reported), note, _factor(reported, complete)))
    return tuple(points)


def _notes(windows: _Windows) -> tuple[str, ...]:
    last = max(windows)
    reported, complete = windows[last]
    return (f"12 months to {last}: {reported:,.0f} reported, {complete:,.0f} predicted when complete",)
