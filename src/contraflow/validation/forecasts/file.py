"""An entry of the register as a file: one row a forecast, written once and never changed.

The name holds the origin and the hash of the model; every row holds the hashes of model and posterior and the day on
which it was made. The same forecasts made on another day are the same entry.
"""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contraflow.errors import ContraflowError, LocatedError
from contraflow.inference.posterior import Posterior
from contraflow.validation.forecasts.predictive import predictive
from contraflow.validation.forecasts.simulation import ahead
from contraflow.validation.forecasts.targets import LEVELS, TARGETS, known, month_number

#: Where entries are kept, in the folder of the project.
FOLDER = Path("forecasts")
LEVEL_NAMES = tuple(f"{q:.3f}" if round(q * 1000) % 10 else f"{q:.2f}" for q in LEVELS)
COLUMNS = ("target_id", "period", *LEVEL_NAMES, "model_hash", "posterior_hash", "made")
_NAME = re.compile(r"(\d{4}-\d{2})-([0-9a-f]{16})\.csv")


class ForecastError(LocatedError):
    """A file of forecasts or observations is malformed; the text is `path:line: message`."""


@dataclass(frozen=True, eq=False)
class Entry:
    """Forecasts of one origin: (target, period) → quantiles (23,) at ``LEVELS``."""

    origin: str
    model_hash: str
    posterior_hash: str
    made: str
    quantiles: Mapping[tuple[str, str], np.ndarray]

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.origin}-{self.model_hash}.csv"

    def text(self) -> str:
        """The file."""
        page = io.StringIO()
        table = csv.writer(page, lineterminator="\n")
        table.writerow(COLUMNS)
        for (target, period), values in self.quantiles.items():
            cells = (f"{value:.6g}" for value in values)
            table.writerow([target, period, *cells, self.model_hash, self.posterior_hash, self.made])
        return page.getvalue()


def make(origin: str, posterior: Posterior, seed: int = 0) -> Entry:
    """Forecast every target from ``origin`` (``YYYY-MM``), the month in which the posterior's data end.

    Raises:
        ContraflowError: as ``simulation.ahead``.
    """
    drawn = predictive(ahead(origin, posterior, seed))
    quantiles = {}
    for target in TARGETS.values():
        table = np.quantile(drawn[target.id], LEVELS, axis=1).T
        for period, values in zip(target.periods(origin), table, strict=True):
            quantiles[target.id, period] = values
    today = datetime.date.today().isoformat()
    return Entry(origin, str(posterior.attributes["model_hash"]), posterior.hash, today, quantiles)


def write(entry: Entry, folder: Path) -> tuple[Path, bool]:
    """Write an entry into ``folder``, whole or not at all; returns its path and whether it is new.

    An entry that is there already, made on whatever day, is left as it is.

    Raises:
        ContraflowError: another entry has the name, or the folder cannot be written to.
    """
    path = folder / entry.name
    if path.exists():
        _refuse_other(path, entry)
        return path, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(entry.text())
            Path(partial).chmod(0o644)
            os.link(partial, path)  # fails where a file has appeared meanwhile, which a rename would replace
        finally:
            Path(partial).unlink()
    except FileExistsError:
        _refuse_other(path, entry)
        return path, False
    except OSError as error:
        raise ContraflowError(f"cannot write to {folder}: {error.strerror or error}") from None
    return path, True


def _refuse_other(path: Path, entry: Entry) -> None:
    cut = [line.rsplit(",", 1)[0] for line in entry.text().splitlines()]
    if [line.rsplit(",", 1)[0] for line in path.read_text(encoding="utf-8").splitlines()] != cut:
        raise ContraflowError(
            f"{path} holds another forecast and is never rewritten: name another folder with --out, "
            "or keep the model and posterior that made it"
        )


def read(path: Path) -> Entry:
    """Read an entry.

    Raises:
        ForecastError: not an entry, cut off, or changed by hand in a way that shows.
    """
    match = _NAME.fullmatch(path.name)
    if not match:
        raise ForecastError(path, 0, "an entry is named <origin>-<model hash>.csv, as `contraflow forecast` names it")
    origin, model_hash = match[1], match[2]
    rows = list(table(path, COLUMNS))
    if not rows:
        raise ForecastError(path, 0, "holds no forecast")
    quantiles: dict[tuple[str, str], np.ndarray] = {}
    for line, cells in rows:
        key = cells["target_id"], cells["period"]
        if cells["model_hash"] != model_hash:
            raise ForecastError(path, line, f"model_hash is {cells['model_hash']}, the name says {model_hash}")
        if cells["posterior_hash"] != rows[0][1]["posterior_hash"] or cells["made"] != rows[0][1]["made"]:
            raise ForecastError(path, line, "posterior_hash and made must be the same in all rows")
        if key in quantiles:
            raise ForecastError(path, line, f"{key[0]} {key[1]} occurs twice")
        values = np.array([number(path, line, cells[name]) for name in LEVEL_NAMES])
        if not (np.diff(values) >= 0).all() or values[0] < 0:
            raise ForecastError(path, line, "quantiles must not be negative, and must rise from left to right")
        quantiles[key] = values
    _refuse_incomplete(path, origin, quantiles)
    return Entry(origin, model_hash, rows[0][1]["posterior_hash"], rows[0][1]["made"], quantiles)


def _refuse_incomplete(path: Path, origin: str, quantiles: Iterable[tuple[str, str]]) -> None:
    month_number(origin)
    wanted = {(t.id, period) for t in TARGETS.values() for period in t.periods(origin)}
    for target, period in quantiles:
        known(target)
        if (target, period) not in wanted:
            raise ForecastError(path, 0, f"{target} {period} is no forecast from {origin}")
    missing = wanted - set(quantiles)
    if missing:
        target, period = min(missing)
        raise ForecastError(path, 0, f"{len(missing)} forecasts are missing, the first {target} {period}: cut off?")


def table(path: Path, columns: tuple[str, ...]) -> Iterable[tuple[int, dict[str, str]]]:
    """Line and cells of every row of a CSV file that must have these columns, in this order.

    Raises:
        ForecastError: unreadable, other columns, or a row of another length.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ForecastError(path, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    if tuple(header) != columns:
        raise ForecastError(path, 1, f"columns are {', '.join(header) or 'none'}; expected {', '.join(columns)}")
    for cells in filter(None, reader):
        if len(cells) != len(columns):
            raise ForecastError(path, reader.line_num, f"expected {len(columns)} cells, found {len(cells)}")
        yield reader.line_num, dict(zip(columns, (c.strip() for c in cells), strict=True))


def number(path: Path, line: int, cell: str) -> float:
    """A finite number.

    Raises:
        ForecastError: it is none.
    """
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or "_" in cell:  # Python reads 6_000 as a number
        raise ForecastError(path, line, f"'{cell}' is not a number")
    return value
