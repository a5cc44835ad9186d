"""An entry of the register as a file: one row a forecast, written once and never changed.

The name holds the origin and the hash of the model, and that of the posterior where another posterior of the model has
the shorter name; every row holds the hashes of both and the day on which it was made. The same forecasts made on
another day are the same entry.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contraflow.errors import LocatedError
from contraflow.evidence.providers.sheet import open_sheet
from contraflow.inference.posterior import Posterior
from contraflow.validation.forecasts.predictive import predictive
from contraflow.validation.forecasts.simulation import ahead
from contraflow.validation.forecasts.targets import LEVELS, TARGETS, known, month_number

LEVEL_NAMES = tuple(f"{q:.3f}" if round(q * 1000) % 10 else f"{q:.2f}" for q in LEVELS)
COLUMNS = ("target_id", "period", *LEVEL_NAMES, "model_hash", "posterior_hash", "made")
_NAME = re.compile(r"(\d{4}-\d{2})-([0-9a-f]{16})(?:-([0-9a-f]{16}))?\.csv")


class ForecastError(LocatedError):
    """A file of forecasts or observations is malformed; the text is `path:line: message`."""


@dataclass(frozen=True, eq=False)
class Entry:
    """Forecasts of one origin: (target, period) → quantiles (23,) at ``LEVELS``.

    ``redrawn`` says that another posterior of the same model has an entry, so that the name tells the two apart.
    """

    origin: str
    model_hash: str
    posterior_hash: str
    made: str
    quantiles: Mapping[tuple[str, str], np.ndarray]
    redrawn: bool = False

    @property
    def name(self) -> str:
        """Name of the file."""
        hashes = (self.model_hash, self.posterior_hash) if self.redrawn else (self.model_hash,)
        return "-".join((self.origin, *hashes)) + ".csv"

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


def read(path: Path) -> Entry:
    """Read an entry.

    Raises:
        DataError: cut off, or no table.
        ForecastError: not an entry, incomplete, or changed by hand in a way that shows.
    """
    match = _NAME.fullmatch(path.name)
    if not match:
        form = "<origin>-<model hash>.csv, or with -<posterior hash> after it"
        raise ForecastError(path, 0, f"an entry is named {form}, as `contraflow forecast` names it")
    origin, model_hash, named_posterior = match.groups()
    rows = table(path, COLUMNS)
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
    posterior_hash = rows[0][1]["posterior_hash"]
    if named_posterior not in (None, posterior_hash):
        raise ForecastError(path, 2, f"posterior_hash is {posterior_hash}, the name says {named_posterior}")
    _refuse_incomplete(path, origin, quantiles)
    return Entry(origin, model_hash, posterior_hash, rows[0][1]["made"], quantiles, redrawn=bool(named_posterior))


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


def table(path: Path, columns: tuple[str, ...], *older: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of every row of a CSV file with these columns, in this order, or with one of the ``older`` sets.

    Raises:
        DataError: unreadable, no table, a row of another length, or a last line without an end, which may be cut.
        ForecastError: other columns.
    """
    sheet = open_sheet(path)
    if sheet.header not in (columns, *older):
        raise ForecastError(path, 1, f"columns are {', '.join(sheet.header)}; expected {', '.join(columns)}")
    return list(sheet.rows())


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
