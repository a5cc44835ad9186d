"""Reads the evidence folder into one immutable `Evidence`, and refuses anything that does not hold together.

Every figure must name a source that exists; what stands on judgement names `assumption` and gives its reason.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from contraflow.errors import nearest
from contraflow.evidence.schema import (
    ASSUMPTION,
    Claim,
    Driver,
    DriverHeader,
    DriverRow,
    HeldBackEffect,
    Parameter,
    Record,
    Row,
    Series,
    SeriesHeader,
    Source,
    SourceRef,
)
from contraflow.evidence.yaml_reader import EvidenceError, Mapping, line_at, line_of, read_yaml

_RecordType = TypeVar("_RecordType", bound=Record)

_SERIES_COLUMNS = ("start", "end", "value", "source", "note")
_DRIVER_COLUMNS = ("date", "value", "source", "note")
_CLAIM_LISTS = ("variables", "levers", "hypotheses")


@dataclass(frozen=True)
class Evidence:
    """Everything the model takes from outside, by id: sources, parameters, series, drivers, effects, claims."""

    sources: dict[str, Source]
    parameters: dict[str, Parameter]
    series: dict[str, Series]
    drivers: dict[str, Driver]
    held_back: list[HeldBackEffect]
    claims: dict[str, Claim]


@functools.cache
def load() -> Evidence:
    """The evidence shipped with the package, under the vintages of the user that are in force; read once.

    Raises:
        EvidenceError: a file is malformed or names a source that does not exist; the text starts `path:line:`.
    """
    from contraflow.evidence import vintages  # builds on this module

    return vintages.layered(shipped(), vintages.in_force())


@functools.cache
def shipped() -> Evidence:
    """The evidence shipped with the package, whatever a user has added; read once.

    Raises:
        EvidenceError: as `load`.
    """
    return read_evidence(Path(__file__).parent)


def read_evidence(folder: Path) -> Evidence:
    """The evidence under `folder`, laid out as in this package.

    `sources.yaml` must be there; `parameters/*.yaml`, `series/series.yaml`, `drivers/drivers.yaml`,
    `held_back.yaml` and `claims.csv` may be absent.

    Raises:
        EvidenceError: as `load`.
    """
    sources = _read_sources(folder / "sources.yaml")
    return Evidence(
        sources=sources,
        parameters=_read_parameters(folder / "parameters", sources),
        series=_read_series(folder / "series", sources),
        drivers=_read_drivers(folder / "drivers", sources),
        held_back=_read_held_back(folder / "held_back.yaml", sources),
        claims=_read_claims(folder / "claims.csv"),
    )


def decimal_year(month: str) -> float:
    """Beginning of the month `YYYY-MM` as a decimal year: 2015-07 is 2015.5.

    Raises:
        ValueError: not of that form.
    """
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month)
    if not match:
        raise ValueError(f"'{month}' is not a month: write YYYY-MM, for example 2015-07")
    return int(match[1]) + (int(match[2]) - 1) / 12


def _read_sources(path: Path) -> dict[str, Source]:
    return {id: _record(Source, path, entry, id, entries) for id, entry, entries in _entries(path)}


def _read_parameters(folder: Path, sources: dict[str, Source]) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {}
    found_in: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yaml")):
        for id, entry, entries in _entries(path):
            if id in parameters:
                raise EvidenceError(path, line_of(entries, id), f"'{id}' is already in {found_in[id].name}")
            parameter = _record(Parameter, path, entry, id, entries)
            refs = []
            for index, ref in enumerate(parameter.sources):
                line = line_at(entries, (id, "sources", index))
                _check_source(ref.id, sources, path, line)
                refs.append(_completed(ref, sources))
            parameters[id] = _graded(parameter, tuple(refs), path, line_of(entries, id))
            found_in[id] = path
    return parameters


def _completed(ref: SourceRef, sources: dict[str, Source]) -> SourceRef:
    if ref.id == ASSUMPTION:
        return ref.model_copy(update={"grade": ref.grade or "E"})
    source = sources[ref.id]
    return ref.model_copy(update={"grade": ref.grade or source.grade, "checked": ref.checked or source.checked})


def _graded(parameter: Parameter, refs: tuple[SourceRef, ...], path: Path, line: int) -> Parameter:
    dates = [ref.checked for ref in refs if ref.checked is not None]
    checked = parameter.checked or (min(dates) if dates else None)
    if checked is None:
        raise EvidenceError(path, line, f"'{parameter.id}' has no date: add `checked: 2026-11-21`")
    grades = [ref.grade for ref in refs if ref.grade is not None and ref.used]
    if not grades:
        raise EvidenceError(
            path, line, f"'{parameter.id}' has no source that its prior uses: add one, or an assumption"
        )
    grade = parameter.grade or max(grades)
    return parameter.model_copy(update={"sources": refs, "checked": checked, "grade": grade})


def _read_series(folder: Path, sources: dict[str, Source]) -> dict[str, Series]:
    path = folder / "series.yaml"
    if not path.exists():
        return {}
    series: dict[str, Series] = {}
    for id, entry, entries in _entries(path):
        header = _record(SeriesHeader, path, entry, id, entries)
        table = folder / f"{id}.csv"
        rows = tuple(_series_row(table, line, cells, sources) for line, cells in _table(table, _SERIES_COLUMNS))
        series[id] = _record(Series, table, {**_fields(header), "rows": rows})
    _refuse_orphans(folder, series)
    return series


def _series_row(table: Path, line: int, cells: dict[str, str], sources: dict[str, Source]) -> Row:
    start = _month(table, line, cells["start"])
    end = _month(table, line, cells["end"]) + 1 / 12
    if not start < end:
        raise EvidenceError(table, line, f"the window ends ({cells['end']}) before it begins ({cells['start']})")
    _check_row_source(table, line, cells, sources)
    weight = _number(table, line, cells["weight"]) if cells.get("weight") else None
    factor = _number(table, line, cells["factor"]) if cells.get("factor") else 1.0
    return Row(start, end, _number(table, line, cells["value"]), cells["source"], cells["note"], weight, factor)


def _read_drivers(folder: Path, sources: dict[str, Source]) -> dict[str, Driver]:
    path = folder / "drivers.yaml"
    if not path.exists():
        return {}
    drivers: dict[str, Driver] = {}
    for id, entry, entries in _entries(path):
        header = _record(DriverHeader, path, entry, id, entries)
        table = folder / f"{id}.csv"
        rows = tuple(_driver_row(table, line, cells, sources) for line, cells in _table(table, _DRIVER_COLUMNS))
        drivers[id] = _record(Driver, table, {**_fields(header), "rows": rows})
    _refuse_orphans(folder, drivers)
    return drivers


def _driver_row(table: Path, line: int, cells: dict[str, str], sources: dict[str, Source]) -> DriverRow:
    date = _month(table, line, cells["date"]) if "-" in cells["date"] else _number(table, line, cells["date"])
    _check_row_source(table, line, cells, sources)
    return DriverRow(date, _number(table, line, cells["value"]), cells["source"], cells["note"])


def _read_held_back(path: Path, sources: dict[str, Source]) -> list[HeldBackEffect]:
    if not path.exists():
        return []
    document = read_yaml(path)
    effects = []
    for index, entry in enumerate(document.get("effects", [])):
        line = line_at(document, ("effects", index))
        if not isinstance(entry, Mapping):
            raise EvidenceError(path, line, "expected an effect: {id: T1, label: ..., use: prior, sources: [...]}")
        effect = _record(HeldBackEffect, path, entry)
        for source in effect.sources:
            _check_source(source, sources, path, line)
        effects.append(effect)
    return effects


def _read_claims(path: Path) -> dict[str, Claim]:
    if not path.exists():
        return {}
    claims: dict[str, Claim] = {}
    for line, cells in _table(path, tuple(Claim.model_fields)):
        if cells["id"] in claims:
            raise EvidenceError(path, line, f"'{cells['id']}' occurs twice")
        lists = {name: tuple(cells[name].split()) for name in _CLAIM_LISTS}
        claims[cells["id"]] = _record(Claim, path, {**cells, **lists}, line=line)
    return claims


def _entries(path: Path) -> Iterator[tuple[str, Mapping, Mapping]]:
    entries = read_yaml(path)
    for id, entry in entries.items():
        if not isinstance(entry, Mapping):
            raise EvidenceError(path, line_of(entries, id), f"expected the fields of '{id}' under it, indented")
        yield str(id), entry, entries


def _record(
    model: type[_RecordType],
    path: Path,
    entry: dict[Any, Any],
    id: str | None = None,
    entries: Mapping | None = None,
    line: int = 0,
) -> _RecordType:
    """`entry` as a `model`, with `id` added; the first thing wrong becomes an `EvidenceError` with its line."""
    if id is not None and "id" in entry:
        raise EvidenceError(path, line_of(entry, "id"), f"remove `id`: '{id}' is the name of the entry already")
    fields = dict(entry) if id is None else {**entry, "id": id}
    try:
        return model.model_validate(fields)
    except ValidationError as cause:
        first = min(cause.errors(), key=lambda error: error["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"])
        if entries is not None and id is not None:
            line = line_at(entries, (id, *first["loc"]))
        elif isinstance(entry, Mapping):
            line = line_at(entry, first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            name = str(first["loc"][-1])
            guess = nearest(name, model.model_fields)
            message = "no such field" + (f"; did you mean '{guess}'?" if guess else "")
        prefix = " ".join(part for part in (id and f"'{id}'", where) if part)
        raise EvidenceError(path, line, f"{prefix}: {message}" if prefix else message) from None


def _fields(header: Record) -> dict[str, Any]:
    return {name: getattr(header, name) for name in type(header).model_fields}


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise EvidenceError(path, 0, f"the table is missing: expected columns {', '.join(columns)}") from None
    reader = csv.DictReader(text.splitlines())
    header = list(reader.fieldnames or [])
    missing = [column for column in columns if column not in header]
    extra = [column for column in header if column not in (*columns, "weight", "factor")]
    if missing or extra:
        raise EvidenceError(path, 1, f"columns are {', '.join(header)}; expected {', '.join(columns)}")
    for cells in reader:
        if None in cells or None in cells.values():
            raise EvidenceError(path, reader.line_num, f"expected {len(header)} cells")
        yield reader.line_num, {name: cell.strip() for name, cell in cells.items()}


def _month(table: Path, line: int, cell: str) -> float:
    try:
        return decimal_year(cell)
    except ValueError as cause:
        raise EvidenceError(table, line, str(cause)) from None


def _number(table: Path, line: int, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise EvidenceError(table, line, f"'{cell}' is not a number") from None


def _check_row_source(table: Path, line: int, cells: dict[str, str], sources: dict[str, Source]) -> None:
    _check_source(cells["source"], sources, table, line)
    if cells["source"] == ASSUMPTION and not cells["note"]:
        raise EvidenceError(table, line, "an assumption needs its reason in the note")


def _check_source(id: str, sources: dict[str, Source], path: Path, line: int) -> None:
    if id == ASSUMPTION or id in sources:
        return
    guess = nearest(id, sources)
    hint = f"; did you mean '{guess}'?" if guess else "; add it to sources.yaml"
    raise EvidenceError(path, line, f"unknown source '{id}'{hint}")


def _refuse_orphans(folder: Path, known: dict[str, Any]) -> None:
    for table in sorted(folder.glob("*.csv")):
        if table.stem not in known:
            raise EvidenceError(table, 0, f"no entry '{table.stem}' in {folder.name}.yaml")
