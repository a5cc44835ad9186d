"""SESNSP: victims of crimes under state law by state and month, the CSV of victims (not that of crimes)."""

from __future__ import annotations

from collections import defaultdict

from contraflow.evidence.providers.reading import DataError, Reading, by_month, by_year, month, require_no_gap
from contraflow.evidence.providers.sheet import Sheet, number, year

LABEL = "SESNSP victims by state and month (CSV)"
_MONTHS = (
    "Enero", "Febrero", "Marzo", "Abril", "Mayo", "Junio", "Julio", "Agosto", "Septiembre", "Octubre", "Noviembre",
    "Diciembre",
)  # fmt: skip
COLUMNS = (
    "Año", "Clave_Ent", "Entidad", "Bien jurídico afectado", "Tipo de delito", "Subtipo de delito", "Modalidad", "Sexo",
    "Rango de edad", *_MONTHS,
)  # fmt: skip
_COUNTED = ("Homicidio doloso", "Feminicidio")
_STATES = 32
_KEY = COLUMNS[:-12]
_KIND = ("Modalidad", "Sexo", "Rango de edad")


def read(sheet: Sheet) -> Reading:
    """Victims of intentional homicide and femicide, all states together, by month and by year.

    Months in which no state has a figure have not been published.

    Raises:
        DataError: as `providers.read`.
    """
    victims: dict[str, float] = defaultdict(float)
    states: dict[tuple[int, str], set[str]] = defaultdict(set)
    alike: dict[tuple[int, str, tuple[str, ...]], set[str]] = defaultdict(set)
    filled: dict[str, set[str]] = defaultdict(set)
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in sheet.rows():
        offence = cells["Subtipo de delito"]
        if offence not in _COUNTED:
            continue
        key = tuple(cells[c] for c in _KEY)
        if key in seen:
            raise DataError(sheet.path, line, f"the same row as line {seen[key]}: {', '.join(key)}")
        seen[key] = line
        whole_year = year(sheet, line, "Año", cells["Año"])
        states[whole_year, offence].add(cells["Clave_Ent"])
        alike[whole_year, offence, tuple(cells[c] for c in _KIND)].add(cells["Clave_Ent"])
        for k, name in enumerate(_MONTHS):
            if cells[name]:
                at = month(whole_year, k + 1)
                victims[at] += number(sheet, line, name, cells[name], whole=True)
                filled[at].add(cells["Clave_Ent"])
    _require_whole(sheet, states, filled)
    _require_rows(sheet, states, alike)
    for at, value in victims.items():
        if not 500 <= value <= 10_000:
            raise DataError(sheet.path, 0, f"{at}: {value:g} victims in a month cannot be; wrong units?")
    points = {
        "mx.homicides.sesnsp.monthly": by_month(victims),
        "mx.homicides.sesnsp.annual": by_year(victims),
    }
    return Reading("sesnsp", "sesnsp_victims", points, ())


def _require_whole(sheet: Sheet, states: dict[tuple[int, str], set[str]], filled: dict[str, set[str]]) -> None:
    require_no_gap(sheet.path, filled, "month with victims of homicide")
    for whole_year in sorted({y for y, _ in states}):
        for offence in _COUNTED:
            own = states.get((whole_year, offence), set())
            if len(own) != _STATES:
                raise DataError(
                    sheet.path, 0, f"{whole_year}: {offence} in {len(own)} of {_STATES} states; is the file cut off?"
                )
    for at, own in filled.items():
        if len(own) != _STATES:
            raise DataError(sheet.path, 0, f"{at}: figures of {len(own)} of {_STATES} states; is the file cut off?")


def _require_rows(
    sheet: Sheet,
    states: dict[tuple[int, str], set[str]],
    alike: dict[tuple[int, str, tuple[str, ...]], set[str]],
) -> None:
    """Refuse a year in which one state alone lacks a row: all states have all rows, without victims too."""
    for (whole_year, offence, kind), own in alike.items():
        if len(own) == _STATES - 1:
            (lost,) = states[whole_year, offence] - own
            row = f"{offence}, {', '.join(kind)}"
            raise DataError(sheet.path, 0, f"{whole_year}: no row '{row}' of state {lost} alone; is the file cut off?")
