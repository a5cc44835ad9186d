"""RNPDNO: persons missing, found alive and found dead by municipality and month, the tables of the public register."""

from __future__ import annotations

import re
from collections import defaultdict

from contraflow.evidence.providers.reading import DataError, Reading, by_year, month, require_no_gap
from contraflow.evidence.providers.sheet import Sheet, number, year

LABEL = "RNPDNO counts by municipality and month (CSV)"
COLUMNS = (
    "cvegeo", "cve_estado", "state", "cve_mun", "municipality", "male", "female", "undefined", "total", "year", "month",
    "status_id",
)  # fmt: skip
#: Status in the register, and the evidence series that counts it.
_STATUS = {
    "0": "mx.missing.registered.annual",
    "7": "mx.missing.annual",
    "3": "mx.missing.located_dead.annual",
}
#: The series that is of the whole register, those without a municipality included; the others are of such a table.
_NATIONAL = "mx.missing.annual"
_STATES = 32
#: Codes of municipality for persons of a state without one: the series leave them out, and they end a state's rows.
_UNPLACED = ("998", "999")


def read(sheet: Sheet) -> Reading:
    """Persons by year of disappearance, the last year of the table left out.

    Raises:
        DataError: as `providers.read`.
    """
    persons: dict[str, float] = defaultdict(float)
    states: set[str] = set()
    ended: set[str] = set()
    seen: dict[tuple[str, ...], int] = {}
    status = ""
    for line, cells in sheet.rows():
        status = status or cells["status_id"]
        if cells["status_id"] != status or status not in _STATUS:
            known = ", ".join(f"{k} ({v})" for k, v in _STATUS.items())
            raise DataError(sheet.path, line, f"status_id is '{cells['status_id']}', expected {known}, one in all rows")
        key = cells["cvegeo"], cells["year"], cells["month"]
        if key in seen:
            raise DataError(sheet.path, line, f"the same row as line {seen[key]}: {', '.join(key)}")
        seen[key] = line
        sexes = (number(sheet, line, c, cells[c], whole=True) for c in ("male", "female", "undefined"))
        total = number(sheet, line, "total", cells["total"], whole=True)
        if total != sum(sexes):
            raise DataError(sheet.path, line, "total is not the sum of male, female and undefined")
        if not re.fullmatch(r"0?[1-9]|1[0-2]", cells["month"]):
            raise DataError(sheet.path, line, f"month is '{cells['month']}', expected 1 to 12")
        at = month(year(sheet, line, "year", cells["year"]), int(cells["month"]))
        states.add(cells["cve_estado"])
        if cells["cve_mun"] in _UNPLACED:
            ended.add(cells["cve_estado"])
        else:
            persons[at] += total
    require_no_gap(sheet.path, persons, "month")
    states -= {"99", "00"}
    if len(states) < _STATES:
        raise DataError(sheet.path, 0, f"holds {len(states)} of {_STATES} states: is the file cut off?")
    if states - ended == {max(states)}:
        raise DataError(
            sheet.path, 0,
            f"no row of persons without a municipality ({' or '.join(_UNPLACED)}) in state {max(states)}, which all "
            "others end with; is the file cut off?",
        )  # fmt: skip
    note = "status when the register was read"
    notes: tuple[str, ...] = (
        "registrations without a municipality, 3 to 9 % of them, are left out",
        "the last year of the table is left out: who disappeared in it has had little time to be found",
    )
    settled = {at: value for at, value in persons.items() if at[:4] < max(persons)[:4]}
    name = _STATUS[status]
    narrower = (name,) if name == _NATIONAL else ()
    if narrower:
        notes += (f"{name} is national: later years are raised to it by the ratio in shared years, which stay as held",)
    return Reading("rnpdno", "rnpdno_panel", {name: by_year(settled, note)}, notes, narrower=narrower)
