"""Panel tables: counts and rates by place and period, read and checked like the national series.

``load_panels()`` returns the tables of ``panels/``. They inform the panels of the inference layer and never the
national likelihood.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from contraflow.evidence.loader import decimal_year
from contraflow.evidence.loader import load as load_evidence
from contraflow.evidence.schema import ASSUMPTION, Parameter, Record, Text
from contraflow.evidence.yaml_reader import EvidenceError, Mapping, line_of, read_yaml

FOLDER = Path(__file__).parent / "panels"
EVENTS = "mx_leader_removals"


class SumsTo(Record):
    """The national series that the table adds up to, and the ratio of the two that is accepted for a whole year."""

    series: str
    low: float
    high: float


class PanelHeader(Record):
    """What ``panels.yaml`` says of a table; the cells are in its csv file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    unit: str = Field(min_length=1)
    step: Literal["month", "half-year", "year", "period", "event"]
    basis: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    traps: tuple[str, ...] = Field(min_length=1)
    sums_to: SumsTo | None = None


@dataclass(frozen=True, eq=False)
class PanelTable:
    """Cells (periods, places) with NaN where the publisher suppresses a count; ``periods`` as written."""

    header: PanelHeader
    periods: tuple[str, ...]
    places: tuple[str, ...]
    values: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """Beginning of each period in decimal years, (periods,)."""
        return np.array([decimal_year(p if "-" in p else f"{p}-01") for p in self.periods])

    def between(self, first: float, end: float) -> PanelTable:
        """The periods that start in [first, end), decimal years."""
        inside = [i for i, start in enumerate(self.starts) if first - 1e-6 <= start < end - 1e-6]
        return PanelTable(self.header, tuple(self.periods[i] for i in inside), self.places, self.values[inside])


@dataclass(frozen=True)
class Removal:
    """A leader removed: month in decimal years, state (None abroad), states where the group fought, how, of which."""

    date: float
    state: str | None
    home: tuple[str, ...]
    kind: str
    group: str


@dataclass(frozen=True)
class Panels:
    """Every table by id, the events, and the bridges from a panel's units to the model's."""

    tables: dict[str, PanelTable]
    removals: tuple[Removal, ...]
    events: PanelHeader
    bridges: dict[str, Parameter]


@functools.cache
def load_panels() -> Panels:
    """The panel tables shipped with the package; read once.

    Raises:
        EvidenceError: a table is malformed, ends after 2024, or names a source that does not exist.
    """
    return read_panels(FOLDER)


def read_panels(folder: Path) -> Panels:
    """The panel tables under ``folder``: ``panels.yaml`` with one csv file an entry, and ``bridges.yaml``.

    Raises:
        EvidenceError: as ``load_panels``.
    """
    path = folder / "panels.yaml"
    entries = read_yaml(path)
    headers = {str(id): _header(path, str(id), entry, line_of(entries, id)) for id, entry in entries.items()}
    for table in sorted(folder.glob("*.csv")):
        if table.stem not in headers:
            raise EvidenceError(table, 0, f"no entry '{table.stem}' in panels.yaml")
    tables = {id: _table(folder / f"{id}.csv", header) for id, header in headers.items() if id != EVENTS}
    bridges = _bridges(folder / "bridges.yaml")
    return Panels(tables, _removals(folder / f"{EVENTS}.csv"), headers[EVENTS], bridges)


def _bridges(path: Path) -> dict[str, Parameter]:
    entries = read_yaml(path)
    bridges = {}
    for id, entry in entries.items():
        line = line_of(entries, id)
        if not isinstance(entry, Mapping):
            raise EvidenceError(path, line, f"expected the fields of '{id}' under it, indented")
        try:
            bridge = Parameter.model_validate({**entry, "id": id})
        except ValueError as cause:
            raise EvidenceError(path, line, f"'{id}': {cause}") from None
        for source in bridge.sources:
            _check_source(source.id, path, line, str(id))
        bridges[str(id)] = bridge
    return bridges


def _check_source(source: str, path: Path, line: int, id: str) -> None:
    if source != ASSUMPTION and source not in load_evidence().sources:
        raise EvidenceError(path, line, f"'{id}': unknown source '{source}'; add it to sources.yaml")


def _header(path: Path, id: str, entry: object, line: int) -> PanelHeader:
    if not isinstance(entry, Mapping):
        raise EvidenceError(path, line, f"expected the fields of '{id}' under it, indented")
    try:
        header = PanelHeader.model_validate({**entry, "id": id})
    except ValueError as cause:
        raise EvidenceError(path, line, f"'{id}': {cause}") from None
    for source in header.sources:
        _check_source(source, path, line, id)
    if header.sums_to and header.sums_to.series not in load_evidence().series:
        raise EvidenceError(path, line, f"'{id}': unknown series '{header.sums_to.series}'")
    return header


def _table(path: Path, header: PanelHeader) -> PanelTable:
    rows = _rows(path)
    first, *places = rows[0]
    if first != "period" or len(set(places)) != len(places):
        raise EvidenceError(path, 1, "expected `period` and then one column a place, each once")
    periods: list[str] = []
    values: list[list[float]] = []
    for line, (period, *cells) in enumerate(rows[1:], start=2):
        if period[:4] > "2024":
            raise EvidenceError(path, line, f"{period} is after 2024")
        if periods and period <= periods[-1]:
            raise EvidenceError(path, line, f"{period} follows {periods[-1]}: periods must increase")
        periods.append(period)
        try:
            values.append([float(cell) if cell else np.nan for cell in cells])
        except ValueError as cause:
            raise EvidenceError(path, line, str(cause)) from None
        if len(cells) != len(places):
            raise EvidenceError(path, line, f"{len(cells)} cells for {len(places)} places")
    return PanelTable(header, tuple(periods), tuple(places), np.array(values))


def _removals(path: Path) -> tuple[Removal, ...]:
    rows = _rows(path)
    if rows[0] != ["month", "state", "home", "kind", "group"]:
        raise EvidenceError(path, 1, "expected columns month, state, home, kind, group")
    removals = []
    for line, (month, state, home, kind, group) in enumerate(rows[1:], start=2):
        if not home or not "2005" <= month[:4] <= "2024":
            raise EvidenceError(path, line, "expected a home and a month from 2005 to 2024")
        removals.append(Removal(decimal_year(month), state or None, tuple(home.split()), kind, group))
    return tuple(removals)


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))
    except OSError:
        raise EvidenceError(path, 0, "the table is missing") from None
