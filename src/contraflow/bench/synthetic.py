"""A model of the reference model's size that means nothing: 60 states, 200 auxiliaries, 20 lookups, 60 parameters.

Drawn from a seed, so that it is the same everywhere. Each equation is a text that Python reads, and Vensim too once
functions have Vensim's names; so the engine and PySD run the same equations. Time is in months.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow.engine import Grid, Model, Variable, assemble, auxiliary, boundary, flow, series, smooth, stock
from contraflow.engine.operations import lookup

SEED = 1
MONTHS = 312
STOCKS, DELAYS, DELAY_ORDER, SMOOTHS = 24, 8, 3, 12
COEFFICIENTS, SERIES, POINTS, RECORDED = 16, 15, 8, 20
#: How many auxiliaries have each form. ``a``, ``b`` and ``c`` are what they read.
FORMS = {
    "2 * a / (a + b)": 45,
    "(a + 0.5) / (b + 0.5)": 30,
    "0.5 * a + 0.3 * b + 0.2 * c": 30,
    "a * b": 20,
    "table(a)": 20,
    "0.4 + exp(-a)": 12,
    "a ** (0.3 + 0.5 * b)": 10,
    "2 / (1 + exp(b - a))": 8,
    "minimum(a, 0.5 + b)": 8,
    "maximum(a, 0.3 * b)": 7,
    "1 + 0.5 * tanh(a - b)": 6,
    "sqrt(a)": 2,
    "log(1 + a)": 2,
}
#: Forms that stay below a few units only if what they read does; they read nothing of their own kind.
GROWING = {"(a + 0.5) / (b + 0.5)", "0.5 * a + 0.3 * b + 0.2 * c", "a * b", "a ** (0.3 + 0.5 * b)"}
_FUNCTIONS = {"exp": jnp.exp, "log": jnp.log, "sqrt": jnp.sqrt, "tanh": jnp.tanh,
              "minimum": jnp.minimum, "maximum": jnp.maximum}  # fmt: skip
_IN_VENSIM = {"exp(": "EXP(", "log(": "LN(", "sqrt(": "SQRT(", "tanh(": "TANH(", "minimum(": "MIN(",
              "maximum(": "MAX(", "**": "^"}  # fmt: skip


@dataclass(frozen=True)
class Equations:
    """The drawn model. ``flows``: equation, source, destination; ``smooths``: what, time; ``tables``: points x, y."""

    parameters: Mapping[str, tuple[str, float]]  # unit and central value
    series: Mapping[str, np.ndarray]  # (MONTHS + 1,)
    tables: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    auxiliaries: Mapping[str, str]
    flows: Mapping[str, tuple[str, str, str]]
    stocks: tuple[str, ...]
    smooths: Mapping[str, tuple[str, str]]


@functools.cache
def equations() -> Equations:
    """The model of ``SEED``."""
    return _Drawing(np.random.default_rng(SEED)).equations()


class _Drawing:
    def __init__(self, random: np.random.Generator):
        self.random = random
        self.stocks = [f"stock_{k}" for k in range(STOCKS)]
        self.lagged = [f"delay_{k}_{i}" for k in range(DELAYS) for i in range(DELAY_ORDER)]
        self.lagged += [f"smooth_{k}" for k in range(SMOOTHS)]
        self.series = [f"series_{k}" for k in range(SERIES)]
        self.coefficients = [f"coefficient_{k}" for k in range(COEFFICIENTS)]
        self.known = [*self.stocks, *self.lagged, *self.series, *self.coefficients]
        self.unread = list(self.known)
        self.growing: set[str] = set()

    def equations(self) -> Equations:
        months = np.arange(MONTHS + 1)
        auxiliaries, tables = self._auxiliaries()
        residence = {f"residence_{k}": ("month", float(self.random.uniform(6, 60))) for k in range(STOCKS)}
        stages = {f"stage_{k}": ("month", float(self.random.uniform(2, 12))) for k in range(DELAYS)}
        lags = {f"lag_{k}": ("month", float(self.random.uniform(3, 24))) for k in range(SMOOTHS)}
        smooths = {}
        for k in range(DELAYS):
            chain = [self._read(auxiliaries), *(f"delay_{k}_{i}" for i in range(DELAY_ORDER))]
            smooths.update({after: (before, f"stage_{k}") for before, after in zip(chain, chain[1:], strict=False)})
        smooths.update({f"smooth_{k}": (self._read(auxiliaries), f"lag_{k}") for k in range(SMOOTHS)})
        flows = {}
        for k, name in enumerate(self.stocks):
            entering = [self._read(auxiliaries), *self.unread[k::STOCKS]]  # what nothing reads yet ends here
            mean = f"({' + '.join(entering)}) * {1 / len(entering)!r}"
            leaving = f"{name} * (0.5 + {self._read(auxiliaries)}) / residence_{k}"
            flows[f"inflow_{k}"] = (f"{mean} / residence_{k}", "outside", name)
            flows[f"outflow_{k}"] = (leaving, name, "outside")
        coefficients = {n: ("1", float(self.random.uniform(0.5, 1.5))) for n in self.coefficients}
        return Equations(
            {**coefficients, **residence, **stages, **lags},
            {n: 1 + 0.3 * np.sin(2 * np.pi * months / self.random.uniform(12, 120) + k)
             for k, n in enumerate(self.series)},
            tables, auxiliaries, flows, tuple(self.stocks), smooths,
        )  # fmt: skip

    def _auxiliaries(self) -> tuple[dict[str, str], dict[str, Any]]:
        found: dict[str, str] = {}
        tables: dict[str, Any] = {}
        for form in self.random.permutation([f for f, count in FORMS.items() for _ in range(count)]):
            name = f"auxiliary_{len(found)}"
            names = {x: self._read(self.known, form in GROWING) for x in "abc" if re.search(rf"\b{x}\b", form)}
            if "table" in form:
                names["table"] = f"table_{len(tables)}"
                heights = tuple(self.random.uniform(0.3, 1.8, POINTS).round(3).tolist())
                tables[names["table"]] = (tuple(0.5 * k for k in range(POINTS)), heights)
            found[name] = re.sub(r"\b(a|b|c|table)\b", lambda match: names[match[0]], form)  # noqa: B023
            self.known.append(name)
            self.unread.append(name)
            if form in GROWING:
                self.growing.add(name)
        return found, tables

    def _read(self, names: Any, calm: bool = False) -> str:
        """A name, more often than not one that nothing reads yet."""
        allowed = [n for n in names if not (calm and n in self.growing)]
        unread = [n for n in allowed if n in self.unread]
        chosen = str(self.random.choice(unread if unread and self.random.random() < 0.7 else allowed))
        if chosen in self.unread:
            self.unread.remove(chosen)
        return chosen


@functools.cache
def model() -> Model:
    """The equations, declared and assembled."""
    e = equations()
    functions = {**_FUNCTIONS, **{n: functools.partial(lookup, xs=x, ys=y) for n, (x, y) in e.tables.items()}}

    def function(text: str) -> Any:
        names = dict.fromkeys(n for n in re.findall(r"[a-z]\w*", text) if n not in functions)
        made = eval(f"lambda {', '.join(names)}: {text}", dict(functions))
        made.__doc__ = text
        return made

    declared: dict[str, Variable] = {"outside": boundary("1", ledger="things", doc="Outside.")}
    declared |= {n: series("1", role="driver", doc="Input.") for n in e.series}
    declared |= {n: stock("1", initial=1.0, doc="Stock.", ledger="things") for n in e.stocks}
    declared |= {n: smooth("1", of=of, time=t, initial=1.0, doc="Lag.") for n, (of, t) in e.smooths.items()}
    declared |= {n: auxiliary("1")(function(text)) for n, text in e.auxiliaries.items()}
    for name, (text, source, destination) in e.flows.items():
        declared[name] = flow("1/month", source=source, destination=destination)(function(text))
    return assemble(declared, {n: unit for n, (unit, _) in e.parameters.items()}, time_unit="month")


def draws(count: int) -> dict[str, np.ndarray]:
    """Parameters (count,), scattered by 15 % about their central values."""
    scatter = np.random.default_rng(SEED).standard_normal((len(equations().parameters), count))
    return {n: v * np.exp(0.15 * z) for (n, (_, v)), z in zip(equations().parameters.items(), scatter, strict=True)}


def inputs(times: np.ndarray) -> dict[str, np.ndarray]:
    """The series at these months, straight lines between months."""
    return {n: np.interp(times, np.arange(MONTHS + 1), values) for n, values in equations().series.items()}


def grid() -> Grid:
    """26 years of months, each of two steps of the midpoint rule."""
    return Grid(0.0, MONTHS, per_year=1, substeps=2)


def vensim_text(step: float, until: float) -> str:
    """The same as a Vensim model at the parameters' central values, by Euler's rule with this step (months)."""
    e = equations()

    def points(x: Any, y: Any) -> str:
        return ",".join(f"({float(a)!r},{float(b)!r})" for a, b in zip(x, y, strict=True))

    def written(text: str) -> str:
        for ours, theirs in _IN_VENSIM.items():
            text = text.replace(ours, theirs)
        return text

    lines = {n: f"= {value!r}" for n, (_, value) in e.parameters.items()}
    lines |= {n: f"= WITH LOOKUP (Time, ({points(range(MONTHS + 1), v)}))" for n, v in e.series.items()}
    lines |= {n: f"({points(x, y)})" for n, (x, y) in e.tables.items()}
    lines |= {n: f"= {written(text)}" for n, text in e.auxiliaries.items()}
    lines |= {n: f"= {written(text)}" for n, (text, _, _) in e.flows.items()}
    for k, name in enumerate(e.stocks):
        lines[name] = f"= INTEG (inflow_{k} - outflow_{k}, 1)"
    lines |= {n: f"= INTEG (({of} - {n}) / {time}, 1)" for n, (of, time) in e.smooths.items()}
    control = {"INITIAL TIME": 0, "FINAL TIME": until, "TIME STEP": step, "SAVEPER": 1}
    lines |= {n: f"= {value}" for n, value in control.items()}
    return "{UTF-8}\n" + "".join(f"{n} {text}\n\t~\t\n\t~\t\n\t|\n\n" for n, text in lines.items())
