"""Figures that a user has added: vintages of series in a folder of the user's, laid over the evidence that ships.

Every file taken in becomes a vintage, a folder of its own with one table a series, put in place in one step. A later
vintage revises earlier ones point by point and removes nothing.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from contraflow.errors import ContraflowError
from contraflow.evidence.loader import Evidence, decimal_year, load
from contraflow.evidence.providers.reading import DataError, Point, Reading
from contraflow.evidence.schema import Driver, DriverRow, Row, Series

#: Environment variable that names the folder.
VARIABLE = "CONTRAFLOW_DATA"
_COLUMNS = ("start", "end", "value", "source", "note", "weight", "factor")
_ABOUT, _IN_FORCE, _NAMES = "about.json", "in_force.json", "[0-9][0-9][0-9][0-9]-*"
_trial: tuple[Vintage, ...] | None = None
#: Median revision of known points above which a file counts something else than the series.
MOST_REVISED = 0.02
#: How many times its neighbour a figure may be, or the neighbour it, before its unit and digits are doubted: at most,
#: and at least where a record of so many changes tells what is usual.
MOST_GROWN, LEAST_GROWN, LEAST_CHANGES = 10.0, 1.5, 9
#: How many times the largest change on record, in logs, a figure given by itself may differ from its neighbour.
BEYOND_RECORD = 3.0
#: Years that a narrower count and its series must share, and the last ones of which the median links them.
LINK_YEARS = 3, 5
#: How much of a series a narrower count may leave out, or hold beyond it.
MOST_LINKED = 0.25
#: Relative difference below which a figure is the same, as printed with other digits.
_SAME = 5e-4
#: Drivers that repeat a series of whole years, at mid-year: what is added to the series is added to them.
_REPEATED = {"recorded_homicides": "mx.homicides.inegi.annual"}


@dataclass(frozen=True)
class Vintage:
    """One file taken in: ``name`` sorts by time; ``about`` holds provider, file, its hash and the day."""

    name: str
    folder: Path
    about: dict[str, str]


@dataclass(frozen=True)
class Revision:
    """A known point whose value has changed."""

    series: str
    period: str
    old: float
    new: float


@dataclass(frozen=True)
class Added:
    """What a file brought: new points and revisions by series; ``vintage`` None where it brought nothing."""

    reading: Reading
    new: dict[str, tuple[Point, ...]]
    revisions: tuple[Revision, ...]
    vintage: str | None


def folder() -> Path:
    """The user's folder: ``$CONTRAFLOW_DATA``, or ``contraflow`` in the folder for data of the system's convention."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "contraflow"


def newest() -> tuple[Vintage, ...]:
    """Every vintage, oldest first.

    Raises:
        ContraflowError: a vintage is damaged.
    """
    found = []
    for path in sorted((folder() / "vintages").glob(_NAMES)):
        try:
            found.append(Vintage(path.name, path, json.loads((path / _ABOUT).read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:
            raise ContraflowError(f"{path} is damaged ({error}): remove the folder and add its file again") from None
    return tuple(found)


def in_force() -> tuple[Vintage, ...]:
    """The vintages that the user's posterior was fitted to; those being fitted to inside ``trial``.

    Raises:
        ContraflowError: the record of them is damaged, or names a vintage that is gone.
    """
    if _trial is not None:
        return _trial
    path = folder() / _IN_FORCE
    if not path.exists():
        return ()
    try:
        names = json.loads(path.read_text(encoding="utf-8"))["vintages"]
        held = {v.name: v for v in newest()}
        return tuple(held[name] for name in names)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContraflowError(
            f"{path} is damaged or names a vintage that is gone ({error}): remove the file to return to what ships, "
            "then run `contraflow fit --update` to fit what is left"
        ) from None


def posterior_path() -> Path | None:
    """The user's posterior, where vintages are in force."""
    return folder() / "posterior.nc" if (folder() / _IN_FORCE).exists() else None


@contextmanager
def trial(vintages: tuple[Vintage, ...]) -> Iterator[None]:
    """Read the evidence with these vintages inside; they are in force for good once ``put_in_force`` is called."""
    global _trial
    _trial = vintages
    load.cache_clear()
    try:
        yield
    finally:
        _trial = None
        load.cache_clear()


def put_in_force(vintages: Sequence[Vintage], posterior: Path) -> None:
    """Put a new posterior and the vintages it was fitted to in place of those in force."""
    record = folder() / _IN_FORCE
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps({"vintages": [v.name for v in vintages]}) + "\n", encoding="utf-8")
    posterior.replace(folder() / "posterior.nc")
    partial.replace(record)


def layered(evidence: Evidence, vintages: Sequence[Vintage]) -> Evidence:
    """The evidence with these vintages laid over its series, in order, and over the drivers that repeat a series."""
    series = dict(evidence.series)
    for vintage in vintages:
        for table in sorted(vintage.folder.glob("*.csv")):
            if table.stem in series:
                series[table.stem] = _over(series[table.stem], _read(table))
    repeated = {
        driver: _repeating(evidence.drivers[driver], series[name])
        for driver, name in _REPEATED.items()
        if series.get(name) is not evidence.series.get(name)
    }
    return replace(evidence, series=series, drivers=evidence.drivers | repeated)


def _repeating(driver: Driver, series: Series) -> Driver:
    rows = tuple(DriverRow(r.start + 0.5, r.value, r.source, r.note) for r in series.rows)
    return driver.model_copy(update={"rows": rows})


def _over(series: Series, rows: Sequence[Row]) -> Series:
    """New rows take the place of those of the same window, and of those of a part of it: an October of its quarter."""
    new = {_key(r): r for r in rows}
    held = {_key(r): r for r in series.rows if not any(_within(_key(r), k) for k in new)} | new
    return series.model_copy(update={"rows": tuple(held[k] for k in sorted(held))})


def _key(row: Row) -> tuple[int, int]:
    return round(row.start * 12), round(row.end * 12)


def _within(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and one != other


def _read(table: Path) -> list[Row]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            return [
                Row(
                    decimal_year(c["start"]),
                    decimal_year(c["end"]) + 1 / 12,
                    float(c["value"]),
                    c["source"],
                    c["note"],
                    float(c["weight"]) if c["weight"] else None,
                    float(c["factor"]),
                )
                for c in csv.DictReader(file)
            ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContraflowError(f"{table} is damaged ({error}): remove its folder and add the file again") from None


def add(path: Path, reading: Reading, evidence: Evidence, accept: bool = False) -> Added:
    """Compare a file that was read with what is held, and store it as a vintage if it brings anything.

    Args:
        path: the file.
        reading: what was read from it.
        evidence: the evidence that ships.
        accept: whether large revisions are wanted, or, where there are none, figures far from their neighbours.

    Raises:
        DataError: it ends before, or begins after, what is held of its provider, lies in the future, overlaps windows
            of another length, revises too much or goes on in what looks like another unit; nothing is stored then.
        ContraflowError: the folder cannot be written to.
    """
    vintages = newest()
    held = layered(evidence, vintages).series
    of_provider = layered(evidence, [v for v in vintages if v.about.get("provider") == reading.provider]).series
    new: dict[str, tuple[Point, ...]] = {}
    revised: dict[str, tuple[Point, ...]] = {}
    revisions: list[Revision] = []
    taken = dict(reading.points)
    other_basis = False
    for name, points in reading.points.items():
        known = {_key(r): r for r in held[name].rows}
        _require_past(path, name, points)
        if reading.whole:
            _require_joined(path, name, points, of_provider[name])
        if name in reading.narrower:
            taken[name] = points = _linked(path, name, points, known)
        _require_apart(path, name, points, known)
        other_basis |= _has_other_basis(path, name, points, known, accept)
        new[name] = tuple(p for p in points if _point_key(p) not in known)
        revised[name] = tuple(p for p in points if _is_revised(p, known))
        revisions += [Revision(name, _period(p), known[_point_key(p)].value, p.value) for p in revised[name]]
    if other_basis or not accept:  # revisions that are accepted say nothing of the new figures beside them
        for name in new:
            doubtful = new[name] if accept else (*new[name], *revised[name])
            _require_same_unit(path, doubtful, held[name], reading.whole, accept)
    if not revisions and not any(new.values()):
        return Added(reading, new, (), None)
    return Added(reading, new, tuple(revisions), _store(path, replace(reading, points=taken)))


def _linked(path: Path, name: str, points: Sequence[Point], known: dict[tuple[int, int], Row]) -> tuple[Point, ...]:
    """The points after those known, raised by what the known ones of the last shared years are over the file's."""
    shared = [known[_point_key(p)].value / p.value for p in points if _point_key(p) in known and p.value]
    least, most = LINK_YEARS
    if len(shared) < least:
        raise DataError(path, 0, f"{name}: shares {len(shared)} years with what is held, {least} are needed to link it")
    ratio = float(np.median(shared[-most:]))
    if not 1 - MOST_LINKED <= ratio <= 1 + MOST_LINKED:
        raise DataError(path, 0, f"{name}: what is held is {ratio:.2f} times the file's count: another basis?")
    last = max(known)
    note = f"counted in a narrower table, times {ratio:.3f}, the ratio of the series to it in shared years"
    return tuple(replace(p, value=round(ratio * p.value), note=note) for p in points if _point_key(p) > last)


def _point_key(point: Point) -> tuple[int, int]:
    return round(decimal_year(point.start) * 12), round(decimal_year(point.end) * 12) + 1


def _is_revised(point: Point, known: dict[tuple[int, int], Row]) -> bool:
    row = known.get(_point_key(point))
    return row is not None and abs(point.value - row.value) > max(
        _SAME * abs(row.value), 0.051 if row.value > 10 else 0.0
    )


def _period(point: Point) -> str:
    return point.start if point.start == point.end else f"{point.start} to {point.end}"


def _require_past(path: Path, name: str, points: Sequence[Point]) -> None:
    today = datetime.date.today()
    for p in points:
        if _point_key(p)[1] > today.year * 12 + today.month:
            raise DataError(path, 0, f"{name}: {p.end} lies in the future")


def _require_apart(path: Path, name: str, points: Sequence[Point], known: dict[tuple[int, int], Row]) -> None:
    taken = sorted(known)
    for p in points:
        key = _point_key(p)
        if key in known or not (clash := [k for k in taken if k[0] < key[1] and key[0] < k[1] and not _within(k, key)]):
            taken.append(key)
            continue
        held = f"{_month(clash[0][0])} to {_month(clash[0][1] - 1)}"
        raise DataError(path, 0, f"{name}: {p.start} to {p.end} overlaps {held}, which is held: the same months twice")


def _require_same_unit(path: Path, points: Sequence[Point], series: Series, whole: bool, accepted: bool) -> None:
    """Refuse a figure far from the nearest other one of its series, of as many months where there is any."""
    for p in points:
        start, end = _point_key(p)
        others = [r for r in series.rows if _key(r) != (start, end)]
        if not others:
            continue
        alike = [r for r in others if _key(r)[1] - _key(r)[0] == end - start]
        near = min(alike or others, key=lambda r: abs(_key(r)[1] - end))
        most = MOST_GROWN if whole else _most_grown(alike, abs(_key(near)[1] - end))
        if near.value > 0 and not near.value / most < p.value < near.value * most:
            what = "it first, in a row of its own," if accepted else "the file"
            raise DataError(
                path, 0,
                f"{series.id}: {p.value:g} in {p.end} beside {near.value:g}, more than {most:.2g} times apart: another "
                f"unit, a digit too many or too few? It is {series.unit}; if the figure is right, add {what} with "
                "--accept-revisions",
            )  # fmt: skip


def _most_grown(rows: Sequence[Row], gap: int) -> float:
    """How many times its neighbour, ``gap`` months away, a figure may be, by the changes that rows as near show."""
    logs = [(_key(r)[1], np.log(r.value)) for r in rows if r.value > 0]
    changes = [abs(b - a) for k, (end, b) in enumerate(logs) for before, a in logs[:k] if end - before <= gap]
    if len(changes) < LEAST_CHANGES:
        return MOST_GROWN
    return float(np.clip(np.exp(BEYOND_RECORD * max(changes)), LEAST_GROWN, MOST_GROWN))


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"


def _require_joined(path: Path, name: str, points: Sequence[Point], series: Series) -> None:
    if not points:
        raise DataError(path, 0, f"holds no whole period of {name}")
    last, first = max(_key(r)[1] for r in series.rows), _point_key(points[0])[0]
    if _point_key(points[-1])[1] < last:
        raise DataError(
            path, 0, f"{name} ends with {points[-1].end}, {_month(last - 1)} is held already: an older or cut-off file?"
        )
    if first > last:
        raise DataError(path, 0, f"{name} begins with {points[0].start}, later than what is held ends: a gap")


def _has_other_basis(
    path: Path, name: str, points: Sequence[Point], known: dict[tuple[int, int], Row], accept: bool
) -> bool:
    """Whether known figures differ so much that the file may count something else; an error unless that is accepted."""
    pairs = [(p.value, known[_point_key(p)].value) for p in points if _point_key(p) in known]
    apart = float(np.median([abs(new / old - 1) for new, old in pairs if old])) if pairs else 0.0
    if apart > MOST_REVISED and not accept:
        raise DataError(
            path, 0,
            f"{name}: {len(pairs)} known figures differ by {100 * apart:.1f} % in the middle: another basis or a wrong "
            "file? Add it with --accept-revisions if this is a revision",
        )  # fmt: skip
    return apart > MOST_REVISED


def _store(path: Path, reading: Reading) -> str:
    """Put a reading in place as a vintage, in one step; returns its name."""
    home = folder() / "vintages"
    try:
        home.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".incoming-", dir=home))
        try:
            for name, points in reading.points.items():
                (partial / f"{name}.csv").write_text(_text(points, reading.source), encoding="utf-8")
            about = {
                "provider": reading.provider,
                "file": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "added": datetime.date.today().isoformat(),
            }
            (partial / _ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
            partial.chmod(0o755)
            number = max((int(p.name[:4]) for p in home.glob(_NAMES)), default=0) + 1
            name = f"{number:04d}-{about['added']}-{reading.provider}"
            partial.rename(home / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise ContraflowError(f"cannot write to {home}: {error.strerror or error}") from None
    return name


def _text(points: Sequence[Point], source: str) -> str:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(
        [p.start, p.end, f"{p.value:.10g}", p.source or source, p.note, _optional(p.weight), f"{p.factor:.6g}"]
        for p in points
    )
    return page.getvalue()


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def coverage(series: Series, today: datetime.date) -> tuple[str, str, int]:
    """First and last month that a series covers, and months since then at a date."""
    first, last = min(_key(r)[0] for r in series.rows), max(_key(r)[1] for r in series.rows) - 1
    return _month(first), _month(last), max(today.year * 12 + today.month - 2 - last, 0)
