"""What our forecast has to beat: four statistical forecasts of a yearly series, and one published projection.

Each sees the years to the origin only, works on logs (logits for a share), and gives quantiles at ``scoring.LEVELS``:

* ``persistence``: the last value. The noise of h years is the sum of h past yearly changes, drawn with replacement,
  centred, either sign.
* ``drift``: the last value and the mean past change; the noise of centred changes, and that of the mean.
* ``ets``: exponential smoothing with additive errors; no trend, a trend or a damped one, by AICc.
* ``arima``: differences until a KPSS test at 5 % finds no more trend (two at most), then orders to (2, 2), with and
  without a constant, by AICc.

ETS and ARIMA need ``LONG`` years; below, and where no fit succeeds, they fall back on persistence. A gap is spanned: a
change over two years counts as two changes. ETS, which knows no gaps, is given a straight line there.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import importlib
import warnings
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from contraflow.errors import ContraflowError
from contraflow.inference.checkpoint import Checkpoint
from contraflow.validation.scoring import LEVELS, ensemble_quantiles, quantiles_between

#: Years observed below which ETS and ARIMA fall back on persistence.
LONG = 8
_NEED_LONG = ("ets", "arima")
#: The published projection, and where it applies: the all-opioid deaths of the United States, from data to 2020.
SOURCE_BASE, SOURCE_SERIES, SOURCE_ORIGIN = "source_base", "us.deaths.opioids.annual", 2020
#: Errors of the same model when it is told the true share of fentanyl of 2021 to 2023, by year: no forecast, but an
#: opponent that knows its main input.
TRUE_SHARE_ERRORS: Mapping[int, float] = {2021: -0.08, 2022: -0.03, 2023: -0.04, 2024: 0.29}
_DRAWS = 4000
_KPSS_AT_5_PERCENT = 0.463


def _changes(years: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean change a year, and the centred changes (n,) scaled to one year and to an unbiased spread."""
    gaps = np.diff(years)
    mean = float((x[-1] - x[0]) / (years[-1] - years[0]))
    centred = (np.diff(x) - mean * gaps) / np.sqrt(gaps)
    return mean, centred * np.sqrt(len(gaps) / max(len(gaps) - 1, 1))


def _sums(centred: np.ndarray, steps: int) -> np.ndarray:
    """Sums (steps, draws) of 1, 2, ... centred changes, drawn with replacement and with either sign."""
    rng = np.random.default_rng(steps)
    half = rng.choice(centred, size=(steps, _DRAWS // 2)) * rng.choice([-1.0, 1.0], size=(steps, _DRAWS // 2))
    return np.cumsum(np.concatenate([half, -half], axis=1), axis=0)


def persistence(years: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """Quantiles (steps, levels) of the transformed series ``x`` (n,) in the ``steps`` years after the last."""
    return ensemble_quantiles(x[-1] + _sums(_changes(years, x)[1], steps))


def drift(years: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """As ``persistence``, moving on by the mean past change."""
    mean, centred = _changes(years, x)
    ahead = np.arange(1, steps + 1)[:, None]
    error = centred.std() / np.sqrt(len(centred)) * np.random.default_rng([steps, 1]).standard_normal(_DRAWS // 2)
    error = np.concatenate([error, -error])
    return ensemble_quantiles(x[-1] + ahead * (mean + error) + _sums(centred, steps))


def ets(years: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """As ``persistence``, by exponential smoothing."""
    pandas, smoothing = _statsmodels("pandas"), _statsmodels("statsmodels.tsa.exponential_smoothing.ets")
    series = pandas.Series(np.interp(np.arange(years[0], years[-1] + 1), years, x))
    fits = []
    for trend, damped in ((None, False), ("add", False), ("add", True)):
        model = smoothing.ETSModel(series, error="add", trend=trend, damped_trend=damped)
        fits.append(_quietly(model.fit, disp=False))
    best = _best(fits)
    if best is None:
        return persistence(years, x, steps)
    ahead = best.get_prediction(start=len(series), end=len(series) + steps - 1)
    return _normal(np.asarray(ahead.predicted_mean), np.asarray(ahead.forecast_variance))


def arima(years: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """As ``persistence``, by ARIMA with orders chosen automatically."""
    model = _statsmodels("statsmodels.tsa.arima.model").ARIMA
    every = np.arange(years[0], years[-1] + 1)
    whole = np.full(len(every), np.nan)
    whole[np.searchsorted(every, years)] = x
    d = differences(np.interp(every, years, x))
    fits = []
    for constant in (False, True) if d < 2 else (False,):
        trend = "n" if not constant else ("c", "t")[d]
        for p in range(3):
            for q in range(3):
                fits.append(_quietly(lambda p=p, q=q, t=trend: model(whole, order=(p, d, q), trend=t).fit()))
    best = _best(fits)
    if best is None:
        return persistence(years, x, steps)
    ahead = best.get_forecast(steps)
    return _normal(np.asarray(ahead.predicted_mean), np.asarray(ahead.var_pred_mean))


RIVALS: Mapping[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "persistence": persistence,
    "drift": drift,
    "ets": ets,
    "arima": arima,
}


def differences(x: np.ndarray) -> int:
    """Differences, 0 to 2, after which a KPSS test at 5 % accepts that the level of ``x`` (n,) is steady."""
    for d in range(2):
        if level_statistic(np.diff(x, d)) < _KPSS_AT_5_PERCENT:
            return d
    return 2


def level_statistic(x: np.ndarray) -> float:
    """The KPSS statistic for a steady level, with Bartlett weights to a lag of 3√n / 13."""
    e = x - x.mean()
    lags, number = int(3 * np.sqrt(len(x)) / 13), len(x)
    long_run = e @ e + 2 * sum((1 - k / (lags + 1)) * (e[k:] @ e[:-k]) for k in range(1, lags + 1))
    return float((np.cumsum(e) ** 2).sum() / (number * max(long_run, 1e-300)))


def forecast(rival: str, years: np.ndarray, values: np.ndarray, wanted: np.ndarray, share: bool = False) -> np.ndarray:
    """A rival's quantiles (wanted years, levels) from ``values`` (n,) at ``years`` (n,), whole numbers in order.

    Args:
        rival: a name of ``RIVALS``.
        years: years observed, three at least.
        values: what was observed; positive, and below 1 for a ``share``.
        wanted: years to forecast, all after the last.
        share: whether to work on logits.
    """
    x = np.log(values / (1 - values)) if share else np.log(values)
    method = RIVALS["persistence" if rival in _NEED_LONG and len(years) < LONG else rival]
    ahead = method(years, x, int(wanted[-1] - years[-1]))[wanted - years[-1] - 1]
    return 1 / (1 + np.exp(-ahead)) if share else np.exp(ahead)


@functools.cache
def source_base() -> dict[int, np.ndarray]:
    """FDA's SOURCE model, Base projection of opioid deaths from data to 2020: year → quantiles (levels,).

    Published percentiles with parameter and observation noise, drawn through by ``quantiles_between``.
    """
    columns = {"p2_5": 0.025, "p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p97_5": 0.975}
    with Path(__file__).with_name("source_base.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    levels = list(columns.values())
    return {int(row["year"]): quantiles_between(levels, np.array([float(row[c]) for c in columns])) for row in rows}


class Cache:
    """Quantiles of rivals kept in a file: they depend on data alone, and ARIMA takes a while."""

    def __init__(self, path: Path | None) -> None:
        versions = [_version(name) for name in ("numpy", "scipy", "statsmodels")]
        key = hashlib.sha256(Path(__file__).read_bytes() + repr(versions).encode()).hexdigest()
        self._saved = Checkpoint(path, key) if path else None
        self._held: dict[str, np.ndarray] = (self._saved.load() if self._saved else None) or {}
        self._new = False

    def forecast(
        self, rival: str, years: np.ndarray, values: np.ndarray, wanted: np.ndarray, share: bool
    ) -> np.ndarray:
        """As ``forecast``, from the file where it was done before for the same data."""
        content = b"".join(np.ascontiguousarray(a, dtype="<f8").tobytes() + b"|" for a in (years, values, wanted))
        name = f"{rival}-{hashlib.sha256(content + bytes([share])).hexdigest()[:20]}"
        if name not in self._held:
            self._held[name] = forecast(rival, years, values, wanted, share)
            self._new = True
        return self._held[name]

    def save(self) -> None:
        """Write what is new.

        Raises:
            ContraflowError: the file cannot be written.
        """
        if self._saved and self._new:
            self._saved.save(**self._held)
            self._new = False


def _normal(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return mean[:, None] + np.sqrt(np.maximum(variance, 1e-12))[:, None] * stats.norm.ppf(LEVELS)


def _best(fits: list[Any]) -> Any:
    """The fit of smallest AICc; None where all have failed."""
    return min((f for f in fits if f is not None and np.isfinite(f.aicc)), key=lambda f: f.aicc, default=None)


def _quietly(call: Callable[..., Any], **arguments: Any) -> Any:
    """The result of a fit, or None where it fails; its warnings of slow convergence are no news to a user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(**arguments)
        except (ValueError, np.linalg.LinAlgError):
            return None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _statsmodels(module: str) -> Any:
    """A module of statsmodels or what comes with it, imported when first needed: it takes a second."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ContraflowError("the rivals ETS and ARIMA need statsmodels: pip install 'contraflow[fit]'") from None
