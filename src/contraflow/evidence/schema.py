"""What a source, a parameter, a series, a driver and a claim are: typed, frozen, checked when read.

Imports pydantic and numpy only. Reading files belongs to `loader`, densities of priors to the inference layer.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Grade = Literal["A", "B", "C", "D", "E"]
"""A primary statistics, cross-checked; B peer-reviewed or official, seen in an abstract or excerpt; C press or
second-hand copy; D contested or unverified; E assumption."""

ASSUMPTION = "assumption"
"""Reserved id that stands in a list of sources where nothing was found; it needs a reason."""

Z95 = 1.6448536
"""Standard normal 95 % quantile: priors are written as 5 and 95 % quantiles."""


class Record(BaseModel):
    """Base of everything read from the evidence files: immutable, and no field beyond those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Record):
    """The same words in English and in Spanish."""

    en: str = Field(min_length=1)
    es: str = Field(min_length=1)


class Source(Record):
    """A publication, data release or person's judgement that figures were read from."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    year: int = Field(ge=1900, le=2026)
    kind: Literal["study", "government statistics", "report", "press", "model", "seed article", "expert judgement"]
    grade: Grade
    where: str = Field(min_length=1)
    checked: datetime.date
    note: str = ""


class SourceRef(Record):
    """One use of a source: which figure, in which unit, and where in it.

    `grade` and `checked` are those of the source where the file does not give them. `used: false` marks a figure that
    is shown beside a prior and had no part in it.
    """

    id: str
    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    years: int | str | None = None
    where: str | None = None
    claim: str | None = None
    grade: Grade | None = None
    checked: datetime.date | None = None
    reason: str | None = None
    used: bool = True

    @model_validator(mode="after")
    def _assumptions_have_reasons(self) -> SourceRef:
        if self.id == ASSUMPTION and not self.reason:
            raise ValueError("an assumption needs a `reason: ...` that says why this value and not another")
        return self


Family = Literal["normal", "lognormal", "logit_normal", "half_normal", "beta", "uniform", "fixed"]


class Prior(Record):
    """A prior distribution: a family and its canonical arguments.

    Written in files as one of

        {normal: {mean, sd}}                {normal: {q05, q95}}
        {lognormal: {median, q05, q95}}     {lognormal: {q05, q95}}      {lognormal: {median, sd}}
        {logit_normal: ...}                 as lognormal, with optional bounds low and high (0 and 1)
        {half_normal: {sd}}   {beta: {a, b}}   {uniform: {low, high}}   {fixed: value}

    and kept as

        normal: mean, sd                    lognormal: mu, sigma (of the natural logarithm)
        logit_normal: mu, sigma (of the logit of (x - low) / (high - low)), low, high
        half_normal: sd    beta: a, b    uniform: low, high    fixed: value

    `sd` beside a `median` is a standard deviation on the transformed scale. Where a median and both quantiles are
    given the median is kept exactly and sigma is the distance of the quantiles over 2 z95.
    """

    family: Family
    arguments: dict[str, float]

    @model_validator(mode="before")
    @classmethod
    def _from_file_form(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "family" in data:
            return data
        if len(data) != 1:
            raise ValueError(f"a prior is exactly one of {_family_list()}, for example {{normal: {{mean: 0, sd: 1}}}}")
        family, given = next(iter(data.items()))
        if family not in _CANONICAL:
            raise ValueError(f"unknown prior family '{family}': use one of {_family_list()}")
        if family == "fixed" and not isinstance(given, dict):
            given = {"value": given}
        if not isinstance(given, dict):
            raise ValueError(f"the arguments of {family} are `name: number` pairs, for example {_EXAMPLES[family]}")
        numbers: dict[str, float] = {}
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"{family}: {name} must be a finite number, not {value!r}")
            numbers[str(name)] = float(value)
        return {"family": family, "arguments": _CANONICAL[family](numbers)}

    @property
    def is_fixed(self) -> bool:
        """Whether the parameter is a constant rather than uncertain."""
        return self.family == "fixed"


def _arguments(family: str, given: dict[str, float], *forms: tuple[str, ...]) -> tuple[str, ...]:
    for form in forms:
        if set(form) == set(given):
            return form
    accepted = " or ".join("{" + ", ".join(form) + "}" for form in forms)
    raise ValueError(f"{family} takes {accepted}, not {{{', '.join(given)}}}")


def _positive(family: str, **values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{family}: {name} must be above 0, not {value:g}")


_TRANSFORMED_FORMS = (("median", "q05", "q95"), ("q05", "q95"), ("median", "sd"))


def _on_transformed_scale(
    family: str, given: dict[str, float], transform: Callable[[float], float]
) -> tuple[float, float]:
    _arguments(family, given, *_TRANSFORMED_FORMS)
    if "sd" in given:
        _positive(family, sd=given["sd"])
        return transform(given["median"]), given["sd"]
    low, high = given["q05"], given["q95"]
    if not low < high or not low < given.get("median", (low + high) / 2) < high:
        raise ValueError(f"{family}: q05 < median < q95 does not hold")
    mu = transform(given["median"]) if "median" in given else (transform(low) + transform(high)) / 2
    return mu, (transform(high) - transform(low)) / (2 * Z95)


def _normal(given: dict[str, float]) -> dict[str, float]:
    if "q05" in _arguments("normal", given, ("mean", "sd"), ("q05", "q95")):
        mean, sd = (given["q05"] + given["q95"]) / 2, (given["q95"] - given["q05"]) / (2 * Z95)
    else:
        mean, sd = given["mean"], given["sd"]
    _positive("normal", sd=sd)
    return {"mean": mean, "sd": sd}


def _lognormal(given: dict[str, float]) -> dict[str, float]:
    _positive("lognormal", **given)
    mu, sigma = _on_transformed_scale("lognormal", given, math.log)
    return {"mu": mu, "sigma": sigma}


def _logit_normal(given: dict[str, float]) -> dict[str, float]:
    quantiles = dict(given)
    low, high = quantiles.pop("low", 0.0), quantiles.pop("high", 1.0)
    if not low < high:
        raise ValueError("logit_normal: low must be below high")

    def logit(value: float) -> float:
        if not low < value < high:
            raise ValueError(f"logit_normal: {value:g} is not between {low:g} and {high:g}")
        return math.log((value - low) / (high - value))

    mu, sigma = _on_transformed_scale("logit_normal", quantiles, logit)
    return {"mu": mu, "sigma": sigma, "low": low, "high": high}


def _half_normal(given: dict[str, float]) -> dict[str, float]:
    _arguments("half_normal", given, ("sd",))
    _positive("half_normal", **given)
    return given


def _beta(given: dict[str, float]) -> dict[str, float]:
    _arguments("beta", given, ("a", "b"))
    _positive("beta", **given)
    return given


def _uniform(given: dict[str, float]) -> dict[str, float]:
    _arguments("uniform", given, ("low", "high"))
    if not given["low"] < given["high"]:
        raise ValueError("uniform: low must be below high")
    return given


def _fixed(given: dict[str, float]) -> dict[str, float]:
    _arguments("fixed", given, ("value",))
    return given


_CANONICAL: dict[str, Callable[[dict[str, float]], dict[str, float]]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "logit_normal": _logit_normal,
    "half_normal": _half_normal,
    "beta": _beta,
    "uniform": _uniform,
    "fixed": _fixed,
}

_EXAMPLES: dict[str, str] = {
    "normal": "{normal: {mean: 0, sd: 1}}",
    "lognormal": "{lognormal: {median: 1, q05: 0.5, q95: 2}}",
    "logit_normal": "{logit_normal: {median: 0.5, q05: 0.2, q95: 0.8}}",
    "half_normal": "{half_normal: {sd: 1}}",
    "beta": "{beta: {a: 2, b: 2}}",
    "uniform": "{uniform: {low: 0, high: 1}}",
    "fixed": "{fixed: 1}",
}


def _family_list() -> str:
    return ", ".join(_CANONICAL)


IdentifiedBy = Literal["deaths", "panel", "surveys", "treatment", "purity", "forensic", "seizures", "none"]


class Parameter(Record):
    """A constant of the model with its prior and the evidence for it.

    `block` is what informs it: the national time series of the supply side ("supply") or of the rest ("rest"), or
    trials and judgement only ("trials"). `identified_by` names the data that can tell it; where none can, what rests on
    it follows from assumption, however much the fit narrowed it. `grade` is the worst among the sources that its prior
    uses, and `checked` the oldest date among all, where the file does not give them.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    unit: str = Field(min_length=1)
    prior: Prior
    identified_by: tuple[IdentifiedBy, ...] = Field(min_length=1)
    block: Literal["supply", "trials", "rest"]
    hypothesis: str | None = None
    sources: tuple[SourceRef, ...] = Field(min_length=1)
    grade: Grade | None = None
    checked: datetime.date | None = None
    note: str = ""


class Observation(Record):
    """How a value of a series scatters round the model's value for the same window.

    `negative_binomial`: variance m + m^2 / `size`. `lognormal`: `sd` of the logarithm. `logit_normal`: `sd` of the
    logit at a row of weight `weight_reference`, larger below. `beta`: `precision` a + b.
    `level_sd` is the sd of the logarithm of one reporting factor shared by all rows, drawn anew at each decimal
    year in `breaks`; `scale: free` means that the level carries no information and only the shape is compared.
    """

    family: Literal["negative_binomial", "lognormal", "logit_normal", "beta"]
    size: float | None = Field(default=None, gt=0)
    sd: float | None = Field(default=None, gt=0)
    precision: float | None = Field(default=None, gt=0)
    level_sd: float | None = Field(default=None, gt=0)
    breaks: tuple[float, ...] = ()
    scale: Literal["given", "free"] = "given"
    weight_reference: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _has_its_spread(self) -> Observation:
        needed = {"negative_binomial": "size", "beta": "precision"}.get(self.family, "sd")
        if getattr(self, needed) is None:
            raise ValueError(f"{self.family} needs `{needed}: ...`")
        return self


@dataclass(frozen=True)
class Row:
    """One observed value: the window [start, end) in decimal years, the value, its source id, and a note.

    The year 2015 is start 2015.0 and end 2016.0. `weight` is the number of items behind the value, or None.
    `factor` is what this row counts over the basis of the series: below 1 for a narrower basis or an incomplete year.
    """

    start: float
    end: float
    value: float
    source: str
    note: str = ""
    weight: float | None = None
    factor: float = 1.0


class SeriesHeader(Record):
    """What `series.yaml` says of a series; the rows are in its csv file."""

    id: str = Field(pattern=r"^[a-z0-9_.]+$")
    label: Text
    unit: str = Field(min_length=1)
    basis: str = Field(min_length=1)
    window: Literal["year", "half-year", "quarter", "month", "point"]
    use: Literal["fit", "check", "held_back"]
    traps: tuple[str, ...] = ()
    observation: Observation


class Series(SeriesHeader):
    """A table of observed values, with the traps of the dataset and its observation model."""

    rows: tuple[Row, ...] = Field(min_length=1)

    @property
    def starts(self) -> NDArray[np.float64]:
        """Beginning of each row's window in decimal years, shape (row,)."""
        return np.array([row.start for row in self.rows])

    @property
    def ends(self) -> NDArray[np.float64]:
        """End of each row's window in decimal years, shape (row,)."""
        return np.array([row.end for row in self.rows])

    @property
    def values(self) -> NDArray[np.float64]:
        """Observed values in `unit`, shape (row,)."""
        return np.array([row.value for row in self.rows])


@dataclass(frozen=True)
class DriverRow:
    """One value of a driver at one date (decimal year), its source id, and a note."""

    date: float
    value: float
    source: str
    note: str = ""


class DriverHeader(Record):
    """What `drivers.yaml` says of a driver; the rows are in its csv file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    unit: str = Field(min_length=1)
    interpolation: Literal["linear", "step"] = "linear"
    after: Literal["hold"] = "hold"
    note: str = ""


class Driver(DriverHeader):
    """A quantity the model takes as given: a table of dated values and a rule between them."""

    rows: tuple[DriverRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _dates_increase(self) -> Driver:
        dates = [row.date for row in self.rows]
        for before, after in zip(dates, dates[1:], strict=False):
            if not before < after:
                raise ValueError(f"dates must increase, but {after:g} follows {before:g}")
        return self

    def at(self, times: ArrayLike) -> NDArray[np.float64]:
        """The driver's values at `times` (decimal years, any shape), in `unit`, same shape.

        Linear between rows, or the last row not after the time (step); the first and the last value outside.
        """
        wanted = np.asarray(times, dtype=np.float64)
        dates = np.array([row.date for row in self.rows])
        values = np.array([row.value for row in self.rows])
        if self.interpolation == "linear":
            return np.asarray(np.interp(wanted, dates, values), dtype=np.float64)
        last = np.clip(np.searchsorted(dates, wanted, side="right") - 1, 0, len(dates) - 1)
        return np.asarray(values[last], dtype=np.float64)


class HeldBackEffect(Record):
    """A published effect, and whether it informs a prior or is kept unseen as a test of the model."""

    id: str = Field(pattern=r"^[A-Z][0-9]+$")
    label: Text
    use: Literal["prior", "held_back"]
    sources: tuple[str, ...] = Field(min_length=1)
    note: str = ""


class Claim(Record):
    """A statement made in public debate, in the project's own words, and what in the model bears on it."""

    id: str = Field(pattern=r"^[A-Z][0-9]+$")
    kind: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    statement: str = Field(min_length=1)
    variables: tuple[str, ...] = ()
    levers: tuple[str, ...] = ()
    hypotheses: tuple[str, ...] = ()
    testable: Literal["yes", "partly", "no"]
    reason: str = ""
