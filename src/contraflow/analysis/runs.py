"""Runs and comparisons: the reference model over posterior draws, with and without a policy.

A policy's effect is the paired difference to the same draws without it. What the world looks like against today is
reported beside it, under another name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contraflow.analysis.assumptions import believed
from contraflow.analysis.ensembles import CHUNK, chunks
from contraflow.analysis.history import Past, past
from contraflow.analysis.remarks import remarks
from contraflow.analysis.support import Learned, Support, support
from contraflow.analysis.trajectories import Trajectories, quantiles
from contraflow.engine import Grid
from contraflow.engine.model import Model as Equations
from contraflow.errors import ContraflowError, UnknownName, nearest
from contraflow.inference.posterior import Posterior, data_end, load_posterior
from contraflow.policy import Scenario
from contraflow.policy.assumptions import Assumptions
from contraflow.policy.dates import format_date, parse_end
from contraflow.system import reference_model
from contraflow.system.calendar import DATA_END, SUBSTEPS, monthly_grid
from contraflow.system.latents import LATENT_PARAMETERS
from contraflow.system.outcomes import OUTCOMES, Outcome

if TYPE_CHECKING:
    import xarray as xr

#: The year whose services, laws and enforcement hold on: the last before the end of the data that ship.
TODAY = DATA_END - 1
#: An effect whose 90 % interval stays within this share of the baseline is not worth naming.
NEGLIGIBLE = 1e-3
#: Times that draws are drawn again for the standard errors of quantiles.
BOOTSTRAPS = 400
QUANTILES = {"median": 0.5, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}

Progress = Callable[[int], None]


def outcome(name: str) -> Outcome:
    """The declared outcome of this id.

    Raises:
        UnknownName: with the nearest id.
    """
    if name in OUTCOMES:
        return OUTCOMES[name]
    raise UnknownName("outcome", name, nearest(name, OUTCOMES))


@dataclass(frozen=True, eq=False)
class Result:
    """Trajectories of an ensemble. Stocks are at the start of each month; flows and auxiliaries are its mean."""

    trajectories: Trajectories
    scenario: Scenario | None

    @property
    def data(self) -> xr.Dataset:
        """Variables over (time, draw) and named axes."""
        return self.trajectories.dataset

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.trajectories.draws

    @property
    def end(self) -> float:
        """End of the run in decimal years."""
        return float(self.trajectories.times[-1]) + 1 / 12

    def plot(self, name: str = "us.overdose_deaths") -> Any:
        """Median with 50 and 90 % bands of an outcome by year, as matplotlib axes."""
        import matplotlib.pyplot as plt

        low, lower, middle, upper, high = self.annual(name).quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="draw").values
        years = self.annual(name)["year"].values
        _, axes = plt.subplots()
        axes.fill_between(years, low, high, alpha=0.2, label="90 %")
        axes.fill_between(years, lower, upper, alpha=0.4, label="50 %")
        axes.plot(years, middle, label="median")
        axes.set(title=outcome(name).label.en, ylabel=outcome(name).unit)
        axes.legend()
        return axes

    def series(self, name: str) -> xr.DataArray:
        """Monthly values (time, draw) of an outcome, in its own unit."""
        o = outcome(name)
        return self.data[o.variable] * o.scale

    def annual(self, name: str) -> xr.DataArray:
        """Yearly means (year, draw) of an outcome; for a rate, the count of the year."""
        monthly = self.series(name)
        years = np.floor(monthly["time"].values + 1e-6).astype(int)
        return monthly.assign_coords(year=("time", years)).groupby("year").mean()

    def window(self, name: str, first: float, last: float) -> np.ndarray:
        """Sum or mean (draws,) of an outcome over [first, last) in decimal years."""
        o, times = outcome(name), self.trajectories.times
        inside = (times > first - 1e-6) & (times < last - 1e-6)
        mean = o.scale * self.trajectories.values(o.variable)[inside].mean(axis=0)
        return mean * (inside.sum() / 12) if o.window_is == "sum" else mean

    def quantiles(self, name: str, levels: Iterable[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> xr.DataArray:
        """Quantiles (quantile, time) over draws of an outcome."""
        import xarray as xr  # slow to import

        monthly, levels = self.series(name), list(levels)
        coordinates = {"quantile": levels, **{n: c for n, c in monthly.coords.items() if n != "draw"}}
        return xr.DataArray(quantiles(monthly.values, levels), coordinates, ("quantile", *monthly.dims[:-1]))


def quantile_table(x: np.ndarray) -> dict[str, float]:
    """Median and the 5, 25, 75 and 95 % quantiles."""
    return {k: float(v) for k, v in zip(QUANTILES, np.quantile(x, list(QUANTILES.values())), strict=True)}


def sampling_sd(x: np.ndarray, lineage: np.ndarray) -> dict[str, float]:
    """Standard errors of the quantiles of ``quantile_table`` over draws (draws,), by the bootstrap.

    Draws that go back to one draw of the first stage (``Posterior.lineage``) are drawn again together.
    """
    order, origins = np.argsort(x), int(lineage.max()) + 1
    again = np.random.default_rng(0).multinomial(origins, np.full(origins, 1 / origins), BOOTSTRAPS)
    below = np.cumsum(again[:, lineage[order]], axis=1)
    at = [(below >= q * below[:, -1:]).argmax(axis=1) for q in QUANTILES.values()]
    return {k: float(x[order][place].std()) for k, place in zip(QUANTILES, at, strict=True)}


@dataclass(frozen=True)
class Effect:
    """A policy's effect on one outcome over a window.

    ``difference`` = policy − baseline, paired by draw; ``sampling_sd``: standard error of each of its quantiles, for
    draws are finite in number; ``p_reduction`` = P(difference < 0); ``versus_today`` = policy − the model's own level
    of 2024 carried over the window; ``support``: what the effect rests on.
    """

    outcome: str
    unit: str
    window_is: str
    baseline: Mapping[str, float]
    policy: Mapping[str, float]
    difference: Mapping[str, float]
    sampling_sd: Mapping[str, float]
    p_reduction: float
    versus_today: Mapping[str, float]
    support: Support

    def to_dict(self) -> dict[str, Any]:
        """The object of ``run --json``."""
        keys = ("unit", "window_is", "baseline", "policy", "difference", "sampling_sd", "p_reduction", "versus_today")
        return {**{k: getattr(self, k) for k in keys}, "support": self.support.to_dict()}


Arms = tuple[Result, Result]


@dataclass(frozen=True, eq=False)
class KnockOuts:
    """A comparison again, on a few draws, with each hypothesis that data do not bear out at its null on both sides.

    ``run`` gives hypothesis → baseline and policy, and under "" the same draws with all as drawn; called once, when
    first asked for.
    """

    run: Callable[[], Mapping[str, Arms]]

    @cached_property
    def arms(self) -> Mapping[str, Arms]:
        """What ``run`` gives, from ``TODAY`` on."""
        return self.run()

    def differences(self, name: str, window: tuple[float, float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Hypothesis → differences (draws,) of an outcome over a window, as drawn and with it at its null."""
        found = {h: p.window(name, *window) - b.window(name, *window) for h, (b, p) in self.arms.items()}
        return {h: (found[""], d) for h, d in found.items() if h}


@dataclass(frozen=True, eq=False)
class Comparison:
    """A policy against the same draws without it.

    ``posterior`` holds these draws, ``learned`` what data taught, ``knocked`` the comparison without hypotheses.
    ``fitted`` runs the baseline without what is assumed to the end of the data; None where nothing is.
    """

    scenario: Scenario
    baseline: Result
    policy: Result
    window: tuple[float, float]
    fingerprint: Mapping[str, str]
    posterior: Posterior
    learned: Learned
    knocked: KnockOuts
    fitted: Callable[[], Result] | None = None
    _effects: dict[str, Effect] = field(default_factory=dict, init=False, repr=False)

    @property
    def draws(self) -> int:
        """Number of paired draws."""
        return self.policy.draws

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Ids of the outcomes reported."""
        return self.scenario.outcomes or tuple(OUTCOMES)

    @cached_property
    def past(self) -> Past:
        """What is assumed beside the fit and the counts of the last years, by outcome; empty where nothing is."""
        return past(self.outcomes, self.baseline, self.fitted()) if self.fitted else {}

    def difference(self, name: str) -> np.ndarray:
        """Paired differences (draws,) over the window."""
        return self.policy.window(name, *self.window) - self.baseline.window(name, *self.window)

    def effect(self, name: str) -> Effect:
        """Effect on one outcome; worked out once."""
        if name not in self._effects:
            self._effects[name] = self._effect(name)
        return self._effects[name]

    def _effect(self, name: str) -> Effect:
        o = outcome(name)
        base, policy = (r.window(name, *self.window) for r in (self.baseline, self.policy))
        level = self.baseline.window(name, TODAY, TODAY + 1)
        today = level * (self.window[1] - self.window[0]) if o.window_is == "sum" else level
        difference = policy - base
        return Effect(
            name,
            _window_unit(o),
            o.window_is,
            quantile_table(base),
            quantile_table(policy),
            quantile_table(difference),
            sampling_sd(difference, self.posterior.lineage),
            float(np.mean(difference < 0)),
            quantile_table(policy - today),
            self._support(name, difference, base),
        )

    def _support(self, name: str, difference: np.ndarray, base: np.ndarray) -> Support:
        relative = difference / base if (base != 0).all() else difference
        extensions = self.scenario.extensions
        reaching = reference_model(extensions).upstream([outcome(name).variable])
        reaching |= {parameter for parameter, latent in LATENT_PARAMETERS.items() if latent in reaching}
        if max(abs(q) for q in np.quantile(relative, [0.05, 0.95])) < NEGLIGIBLE:
            return Support(0.0, (), None, ())  # chance alone would say what nothing rests on
        knocked = self.knocked.differences(name, self.window)
        return support(relative, self.posterior, reaching, self.learned.contraction, knocked, extensions)

    def p_reduction(self, name: str) -> float:
        """Probability that the policy lowers an outcome."""
        return float(np.mean(self.difference(name) < 0))

    def to_dict(self) -> dict[str, Any]:
        """The object of ``run --json``."""
        return {
            "scenario": self.scenario.id,
            "scenario_hash": self.scenario.hash,
            "policy": self.scenario.content()["policy"],
            "assume": dict(self.scenario.assume.written),
            "model": self.fingerprint["model"],
            "posterior": self.fingerprint["posterior"],
            "fingerprint": dict(self.fingerprint),
            "draws": self.draws,
            "window": [format_date(self.window[0]), format_date(self.window[1] - 1 / 12)],
            "outcomes": {n: self.effect(n).to_dict() for n in self.outcomes},
            "past": self.past,
            "remarks": remarks(self),
        }

    def record(self, folder: Path | str) -> Path:
        """Write the comparison's numbers as JSON into ``folder``, whole or not at all; returns the file."""
        target = Path(folder) / f"{self.scenario.id}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(self.to_dict(), indent=2), encoding="utf-8")
        partial.replace(target)
        return target


def _window_unit(o: Outcome) -> str:
    return o.unit.replace("/year", "") if o.window_is == "sum" else o.unit


@dataclass(frozen=True, eq=False)
class Model:
    """The reference model with a posterior: what ``contraflow.load`` returns."""

    posterior: Posterior
    failures: Path = field(default_factory=lambda: Path("contraflow-failure.json"))

    def equations(self, extensions: Iterable[str] = ()) -> Equations:
        """The assembled equations with these extensions on."""
        return reference_model(extensions)

    def run(
        self,
        scenario: Scenario | str | Path | None = None,
        draws: int = 500,
        until: float | str | None = None,
        *,
        record: Iterable[str] = (),
        substeps: int = SUBSTEPS,
        progress: Progress | None = None,
    ) -> Result:
        """Trajectories of ``draws`` posterior draws to the end of ``until`` (the scenario's horizon by default).

        ``record`` names model variables to keep beside those of the outcomes; ``substeps`` is the number of integration
        steps a month. Raises ``ContraflowError``s for bad input, ``BrokenRun`` for a number that is not finite.
        """
        scenario = _scenario(scenario)
        posterior, imposed = self._believe(scenario.assume if scenario else Assumptions(), draws)
        end = _end(until, scenario)
        return self._simulate(scenario, scenario, posterior, imposed, end, _names(record), progress, substeps)

    def compare(
        self,
        scenario: Scenario | str | Path,
        draws: int = 500,
        until: float | str | None = None,
        *,
        record: Iterable[str] = (),
        baseline: Result | None = None,
        progress: Progress | None = None,
    ) -> Comparison:
        """A policy against the same draws without it; its assumptions hold in both.

        ``baseline`` may be passed when it is known to be the same run without the policy.
        """
        policy = _scenario(scenario)
        if policy is None:
            raise ContraflowError("compare needs a scenario")
        end = _end(until, policy)
        first = policy.first_lever_date() or data_end()
        if end <= first:
            raise ContraflowError(f"the window ends before it begins, in {format_date(first)}: name a later `until`")
        posterior, imposed = self._believe(policy.assume, draws)
        if baseline is not None and (baseline.draws != posterior.draws or baseline.end < end - 1e-6):
            raise ContraflowError("the baseline has other draws or a shorter window than the policy: leave it out")
        names = _names(record)
        if baseline is None:
            baseline = self._simulate(None, policy, posterior, imposed, end, names, progress)
        result = self._simulate(policy, policy, posterior, imposed, end, names, progress)
        learned = Learned(self.posterior)
        knocked = KnockOuts(lambda: self._knocked(policy, posterior, imposed, end, names, learned))
        fitted = (lambda: self._fitted(policy, draws, names)) if policy.assume else None
        made = self.fingerprint
        return Comparison(policy, baseline, result, (first, end), made, posterior, learned, knocked, fitted)

    @property
    def fingerprint(self) -> dict[str, str]:
        """Hashes of the equations, the fit and the posterior, the seed that made it, and the versions that ran it."""
        return {
            "model": reference_model().hash,
            "fit": str(self.posterior.attributes["model_hash"]),
            "posterior": self.posterior.hash,
            "seed": str(self.posterior.attributes["seed"]),
            **{name: metadata.version(name) for name in ("contraflow", "jax", "numpy")},
        }

    def _knocked(
        self,
        policy: Scenario,
        posterior: Posterior,
        imposed: Mapping[str, np.ndarray],
        end: float,
        names: tuple[str, ...],
        learned: Learned,
    ) -> dict[str, Arms]:
        """The comparison on a few draws, as drawn and with each unsupported hypothesis off: all in one chunk."""
        switched = [("", {}), *((h.id, h.parameters) for h in learned.unsupported)]
        few = min(max(CHUNK // len(switched), 2), posterior.draws)
        chosen = np.floor(np.arange(few) * posterior.draws / few).astype(int)
        wide = posterior.take(np.tile(chosen, len(switched)))
        drawn = wide.parameters()
        held = {n: np.tile(v[chosen], len(switched)) for n, v in imposed.items()}
        for k, (_, parameters) in enumerate(switched):
            for n, null in parameters.items():
                if null is not None and n in drawn:
                    held[n] = np.array(held.get(n, drawn[n]))
                    held[n][k * few : (k + 1) * few] = null
        kept = {o.variable for o in OUTCOMES.values()}
        arms = []
        for side in (None, policy):
            whole = self._simulate(side, policy, wide, held, end, names, None).trajectories
            arms.append(whole.only(sorted(kept)).since(TODAY - 0.01))
        blocks = [slice(k * few, (k + 1) * few) for k in range(len(switched))]
        return {
            id: (Result(arms[0].block(own), None), Result(arms[1].block(own), policy))
            for (id, _), own in zip(switched, blocks, strict=True)
        }

    def _fitted(self, frame: Scenario, draws: int, names: tuple[str, ...]) -> Result:
        """The run without policy and without what is assumed, to the end of the data."""
        return self._simulate(None, frame, self.posterior.thin(draws), {}, data_end(), names, None)

    def _believe(self, assumptions: Assumptions, draws: int) -> tuple[Posterior, dict[str, np.ndarray]]:
        posterior, imposed = believed(self.posterior, assumptions)
        posterior = posterior.thin(min(draws, posterior.draws) if assumptions.ranges else draws)
        return posterior, {k: np.full(posterior.draws, v) for k, v in imposed.items()}

    def _simulate(
        self,
        policy: Scenario | None,
        frame: Scenario | None,
        posterior: Posterior,
        imposed: Mapping[str, np.ndarray],
        end: float,
        names: tuple[str, ...],
        progress: Progress | None,
        substeps: int = SUBSTEPS,
    ) -> Result:
        equations = reference_model(frame.extensions if frame else ())
        grid = monthly_grid(end, substeps)
        runs = chunks(equations, posterior, imposed, grid, (policy,), names, progress, self.failures)
        parts = [results[0] for _, results in runs]
        arrays = parts[0] if len(parts) == 1 else {k: np.concatenate([p[k] for p in parts], axis=-1) for k in names}
        return Result(_labelled(equations, arrays, grid), policy)


def _names(record: Iterable[str]) -> tuple[str, ...]:
    """Variables that a run keeps: those of the outcomes, and ``record``."""
    return tuple(sorted({o.variable for o in OUTCOMES.values()} | set(record)))


def _labelled(equations: Equations, arrays: Mapping[str, np.ndarray], grid: Grid) -> Trajectories:
    variables = {}
    for name, value in arrays.items():
        dims = sorted(equations.dims_of(name), key=lambda d: equations.axes[d].place)
        shape = (value.shape[0], *(len(equations.axes[d]) for d in dims), value.shape[-1])
        variables[name] = (("time", *dims, "draw"), value.reshape(shape), {"units": equations.unit_of(name)})
    axes = {d for name in arrays for d in equations.dims_of(name)}
    coordinates = {d: list(equations.axes[d].labels) for d in axes}
    return Trajectories(variables, {"time": grid.times, **coordinates})


def _scenario(scenario: Scenario | str | Path | None) -> Scenario | None:
    return scenario if scenario is None or isinstance(scenario, Scenario) else Scenario.load(scenario)


def _end(until: float | str | None, scenario: Scenario | None) -> float:
    if until is None:
        return scenario.horizon if scenario else 2036.0
    return parse_end(until) if isinstance(until, str | int) else float(until)


def load(posterior: Path | str | None = None) -> Model:
    """The reference model with the shipped posterior, or with one from a file."""
    return Model(load_posterior(Path(posterior) if posterior else None))
