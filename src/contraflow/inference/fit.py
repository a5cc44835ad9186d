"""The fit: a partly cut posterior, by mode, Laplace preconditioning and Hamiltonian Monte Carlo.

1. What published trials inform, and what no national series can tell (such as spare capacity of laboratories), is
   drawn from its prior; national series never move it.
2. The rest, supply included, is drawn given all data and each chain's own draws of the first.

The stricter cut, in which deaths have no say in supply, is computed beside it and reported: it keeps a fall in deaths
from inventing its own supply shock. MODEL_CARD says how it did when it was measured.

Work is saved as it is done, beside the output: a fit that was stopped goes on from there, to the same draws.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from contraflow import evidence
from contraflow.inference.checkpoint import Checkpoint, Checkpoints
from contraflow.inference.coverage import as_rows, coverage
from contraflow.inference.likelihood import DISCREPANCY_MEDIAN, DISCREPANCY_SD
from contraflow.inference.posterior import PROJECTION_END, Posterior, PosteriorError, fit_hash, shipped_path
from contraflow.inference.problem import DATA_END, Problem, problem
from contraflow.inference.sampler import Sampler, descend, effective_draws, push, sample, sampler, whitening
from contraflow.system.latents import LATENTS

Log = Callable[[str], None]
Progress = Callable[[int], None]
SUPPLY_LATENT = "supply_surge"
#: Newton steps of each round towards the modes; the curvature is taken anew before each round and after the last.
ROUNDS = (20,)


@dataclass(frozen=True)
class Plan:
    """How long a fit is: iterations to the joint mode, then chains and their transitions in every stage.

    ``compared``: the chains of the comparison, the first of all.
    """

    iterations: int
    chains: int
    compared: int
    leapfrogs: int
    warmup: int
    thin: int
    kept: int

    def work(self, free: int, kept: int) -> int:
        """Evaluations of the gradient in a stage of this many free coordinates."""
        return (len(ROUNDS) + 1) * free + sum(ROUNDS) + (self.warmup + kept * self.thin) * self.leapfrogs


FULL = Plan(iterations=600, chains=128, compared=32, leapfrogs=10, warmup=60, thin=12, kept=5)
QUICK = Plan(iterations=60, chains=16, compared=16, leapfrogs=3, warmup=3, thin=1, kept=1)


def blocks(target: Problem) -> dict[str, np.ndarray]:
    """Which coordinates belong to the trials, supply and rest blocks, as boolean masks."""
    known = evidence.load().parameters
    label = {n: known[n].block for n in target.parameters}
    label.update({n: "supply" if n.startswith(SUPPLY_LATENT + "[") else "rest" for n in target.names if "[" in n})
    stage = {f"discrepancy:{t.id}": t.observable.stage for t in target.prepared.values()}
    label.update({n: "supply" if s == "supply" else "rest" for n, s in stage.items()})
    return {b: np.array([label[n] == b for n in target.names]) for b in ("trials", "supply", "rest")}


def without_deaths(target: Problem) -> np.ndarray:
    """Weights of the supply stage: every series but those of deaths."""
    return np.array([0.0 if s.startswith("us.deaths") else 1.0 for s in target.prepared])


def mode(target: Problem, log: Log, iterations: int, progress: Progress) -> np.ndarray:
    """Mode of the joint posterior, by L-BFGS from the prior medians."""
    value_and_slope = jax.jit(jax.value_and_grad(lambda y: -jnp.sum(target.log_posterior(y[:, None]))))

    def objective(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = value_and_slope(jnp.asarray(y))
        if not (np.isfinite(float(value)) and np.isfinite(np.asarray(slope)).all()):
            return 1e10, np.zeros_like(y)
        return float(value), np.asarray(slope)

    found = minimize(
        objective,
        np.zeros(target.size),
        jac=True,
        method="L-BFGS-B",
        callback=lambda _: progress(1),
        options={"maxiter": iterations, "maxcor": 30},
    )
    progress(iterations - found.nit)
    log(f"mode: minus log posterior {found.fun:.1f} after {found.nit} iterations")
    return np.asarray(found.x)


def fit_size(quick: bool = False, until: float = DATA_END) -> int:
    """Amount of work that a fit reports as progress."""
    plan = QUICK if quick else FULL
    part = {name: int(mask.sum()) for name, mask in blocks(problem(until)).items()}
    both = part["supply"] + part["rest"]
    return plan.iterations + plan.work(both, plan.kept) + plan.work(both, 1) + plan.work(part["rest"], plan.kept)


def fit(
    seed: int = 1,
    quick: bool = False,
    out: Path | None = None,
    log: Log = print,
    progress: Progress = lambda _: None,
    until: float = DATA_END,
) -> Path:
    """Fit the reference model and write the posterior; returns its path.

    ``quick`` runs the same stages with few chains and transitions, to show that they run; its draws are not for use,
    so it needs an ``out`` of its own. The draws are saved before the comparison, which is then added. ``progress`` is
    told how much work is done, in all ``fit_size(quick, until)``.

    Work is saved in a folder beside ``out``, with the ending ``.resume``, and removed at the end; the same fit begun
    again goes on from it.

    Raises:
        PosteriorError: a quick fit without ``out``, or a folder that cannot be written to.
        ContraflowError: the work done cannot be saved.
    """
    path = _target(out, quick)
    plan = QUICK if quick else FULL
    target = problem(until)
    made_by = fit_hash()
    log(f"{target.size} coordinates, {_points(target)} data points")
    saved = _checkpoints(path, target, plan, seed, quick, made_by)
    centre = _centre(target, plan, saved.of("mode"), log, progress)
    series = tuple(target.prepared)

    def log_density(y: Any, weights: Any) -> Any:
        parts = target.by_series(y)
        return -0.5 * jnp.sum(y**2, axis=0) + sum(weights[k] * parts[s] for k, s in enumerate(series))

    engine = sampler(log_density, target.size, plan.chains, plan.leapfrogs, progress)
    part = blocks(target)
    rng = np.random.default_rng(seed)
    options: dict[str, Any] = {"plan": plan, "saved": saved, "log": log}

    log("stage 1: effects known from trials, from their priors")
    start = np.repeat(centre[:, None], plan.chains, axis=1)
    start[part["trials"]] = rng.standard_normal((int(part["trials"].sum()), plan.chains))

    log("stage 2: supply and the rest, from all data")
    free = part["supply"] | part["rest"]
    drawn, went = run_stage("all", engine, start, np.ones(len(series)), free, seed + 1, kept=plan.kept, **options)
    y = np.concatenate(list(drawn), axis=1)
    report: dict[str, Any] = {
        "coverage": as_rows(coverage(target, y, seed)),
        "stages": {"all data": went},
        "halves": _halves(drawn),
        "effective_draws": _effective(drawn, free),
    }
    _posterior(target, y, seed, report, quick, made_by).save(path)
    log(f"wrote {y.shape[1]} draws to {path}")

    log("for comparison: supply from supply data and surveys of use alone, then the rest")
    if plan.compared != plan.chains:
        engine = sampler(log_density, target.size, plan.compared, plan.leapfrogs, progress)
    compare(target, engine, start[:, : plan.compared], seed, report, options)
    _posterior(target, y, seed, report, quick, made_by).save(path)
    saved.remove()
    return path


def compare(
    target: Problem, engine: Sampler, start: np.ndarray, seed: int, report: dict[str, Any], options: dict[str, Any]
) -> None:
    """The stricter cut, added to ``report``: supply from all series but deaths, then the rest given that supply.

    ``start`` (size, chains) holds each chain's draw of the effects known from trials.
    """
    part = blocks(target)
    free = part["supply"] | part["rest"]
    drawn, supply_went = run_stage(
        "cut-supply", engine, start, without_deaths(target), free, seed + 2, kept=1, **options
    )
    given = np.where(free[:, None], drawn[-1], start)
    all_series = np.ones(len(target.prepared))
    kept = options["plan"].kept
    drawn, rest_went = run_stage("cut-rest", engine, given, all_series, part["rest"], seed + 3, kept=kept, **options)
    cut = np.concatenate(list(drawn), axis=1)
    report["stages"] |= {"cut: supply": supply_went, "cut: the rest": rest_went}
    report["cut"] = _summary(target, cut)
    report["cut_coverage"] = as_rows(coverage(target, cut, seed))


def _target(out: Path | None, quick: bool) -> Path:
    if quick and out is None:
        raise PosteriorError("a quick fit is a trial: name a file for it with --out")
    path = out or shipped_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise PosteriorError(f"cannot write to {path.parent}: {error.strerror or error}") from None


def _checkpoints(path: Path, target: Problem, plan: Plan, seed: int, quick: bool, made_by: str) -> Checkpoints:
    key = {
        "model": made_by,
        "seed": seed,
        "quick": quick,
        "until": target.until,
        "points": _points(target),
        "discrepancy": [DISCREPANCY_MEDIAN, DISCREPANCY_SD],
        "plan": asdict(plan),
        "rounds": ROUNDS,
        **{name: metadata.version(name) for name in ("contraflow", "jax", "numpy", "scipy")},
    }
    return Checkpoints(path.with_suffix(".resume"), key)


def _points(target: Problem) -> int:
    return sum(len(t.observed) for t in target.prepared.values())


def _centre(target: Problem, plan: Plan, saved: Checkpoint, log: Log, progress: Progress) -> np.ndarray:
    """The joint mode, found or as saved."""
    held = saved.load()
    if held is not None:
        log(f"going on from the work in {saved.path.parent}")
        progress(plan.iterations)
        return held["mode"]
    found = mode(target, log, plan.iterations, progress)
    saved.save(mode=found)
    return found


def run_stage(
    name: str,
    engine: Sampler,
    start: np.ndarray,
    weights: np.ndarray,
    free: np.ndarray,
    seed: int,
    *,
    kept: int,
    plan: Plan,
    saved: Checkpoints,
    log: Log,
) -> tuple[np.ndarray, dict[str, float]]:
    """One stage: towards each chain's own mode with its own curvature, then sampling of the free coordinates.

    Returns draws (kept, size, chains) and how the sampling went.
    """
    point, factor = _near_modes(engine, start, weights, free, saved.of(f"{name}-modes"))
    log("  every chain near its own mode")
    noise = np.random.default_rng(seed).standard_normal(point.shape)
    begin = point + 0.7 * np.asarray(push(jnp.asarray(factor), jnp.asarray(noise)))
    value = np.asarray(engine.gradient(jnp.asarray(begin), jnp.asarray(weights))[0])
    begin = np.where(np.isfinite(value), begin, point)
    options: dict[str, Any] = {"warmup": plan.warmup, "thin": plan.thin, "kept": kept, "seed": seed, "log": log}
    drawn, went = sample(engine, begin, factor, weights, saved=saved.of(f"{name}-sampling"), **options)
    log(f"  acceptance {went['acceptance']:.2f}, {100 * went['stuck_chains']:.0f} % of chains stuck")
    return drawn, went


def _near_modes(
    engine: Sampler, start: np.ndarray, weights: np.ndarray, free: np.ndarray, saved: Checkpoint
) -> tuple[np.ndarray, np.ndarray]:
    """A point (size, chains) near the mode of every chain, and the whitening factors there."""
    held: dict[str, Any] = {"point": start, "rounds": 0} | (saved.load() or {})
    point, done, curvature = held["point"], int(held["rounds"]), int(free.sum())
    engine.advance(sum(curvature + steps for steps in ROUNDS[:done]))
    if "factor" in held:
        engine.advance(curvature)
        return point, held["factor"]
    for rounds, steps in enumerate(ROUNDS[done:], start=done + 1):
        factor = whitening(engine.curvature(point, weights, free), free)
        point = descend(engine, point, factor, weights, steps)
        saved.save(point=point, rounds=rounds)
    factor = whitening(engine.curvature(point, weights, free), free)
    saved.save(point=point, rounds=len(ROUNDS), factor=factor)
    return point, factor


def _summary(target: Problem, y: np.ndarray) -> dict[str, list[float]]:
    values, _, _ = target.unpack(jnp.asarray(y))
    return {n: [float(q) for q in np.quantile(np.asarray(values[n]), [0.05, 0.5, 0.95])] for n in target.parameters}


def _halves(draws: np.ndarray) -> float:
    """Largest shift of a coordinate's mean over chains from the first to the last kept draw, in posterior sds."""
    return float((np.abs(draws[-1].mean(axis=1) - draws[0].mean(axis=1)) / (draws.std(axis=(0, 2)) + 1e-9)).max())


def _effective(draws: np.ndarray, free: np.ndarray) -> dict[str, float]:
    """Effective number of draws: lowest and median of the free coordinates; held ones have one a chain."""
    number = effective_draws(draws)[free]
    return {"lowest": float(number.min()), "median": float(np.median(number)), "held": draws.shape[-1]}


def _posterior(
    target: Problem, y: np.ndarray, seed: int, report: dict[str, Any], quick: bool, made_by: str
) -> Posterior:
    draws = y.shape[1]
    rng = np.random.default_rng([seed, 17])
    innovations = {}
    for name, count in target.innovations.items():
        future = rng.standard_normal((len(LATENTS[name].knots(PROJECTION_END)), draws))
        first = target.index(f"{name}[0]")
        future[:count] = y[first : first + count]
        innovations[name] = future
    discrepancy = {
        s: DISCREPANCY_MEDIAN * np.exp(DISCREPANCY_SD * y[target.index(f"discrepancy:{s}")]) for s in target.prepared
    }
    attributes = {
        "model_hash": made_by,
        "seed": seed,
        "method": "trials block from its priors, the rest from all data; Hamiltonian Monte Carlo",
        "quick": int(quick),
        "made": datetime.date.today().isoformat(),
        "contraflow": metadata.version("contraflow"),
        "jax": jax.__version__,
        "data_until": target.until,
        "report": json.dumps(report),
    }
    coordinates = {n: y[target.index(n)] for n in target.parameters}
    return Posterior(coordinates, innovations, discrepancy, attributes)
