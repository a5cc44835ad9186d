"""The fit: a partly cut posterior, by mode, Laplace preconditioning and Hamiltonian Monte Carlo.

1. What published trials inform, and what no national series can tell (such as spare capacity of laboratories), is
   drawn from its prior; national series never move it.
2. The rest, supply included, is drawn given all data and each chain's own draws of the first.

The stricter cut, in which deaths have no say in supply, is computed beside it and reported: it keeps a fall in deaths
from inventing its own supply shock. MODEL_CARD says how it did when it was measured.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from contraflow import evidence
from contraflow.inference.coverage import as_rows, coverage
from contraflow.inference.posterior import PROJECTION_END, Posterior, PosteriorError, fit_hash, shipped_path
from contraflow.inference.problem import DATA_END, DISCREPANCY_MEDIAN, DISCREPANCY_SD, Problem, problem
from contraflow.inference.sampler import Sampler, descend, push, sample, sampler, whitening
from contraflow.system.latents import LATENTS

Log = Callable[[str], None]
SUPPLY_LATENT = "supply_surge"


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


def mode(target: Problem, log: Log, iterations: int = 600) -> np.ndarray:
    """Mode of the joint posterior, by L-BFGS from the prior medians."""
    value_and_slope = jax.jit(jax.value_and_grad(lambda y: -jnp.sum(target.log_posterior(y[:, None]))))

    def objective(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = value_and_slope(jnp.asarray(y))
        if not (np.isfinite(float(value)) and np.isfinite(np.asarray(slope)).all()):
            return 1e10, np.zeros_like(y)
        return float(value), np.asarray(slope)

    found = minimize(
        objective, np.zeros(target.size), jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 30}
    )
    log(f"mode: minus log posterior {found.fun:.1f} after {found.nit} iterations")
    return np.asarray(found.x)


def fit(
    seed: int = 1,
    quick: bool = False,
    out: Path | None = None,
    log: Log = print,
    until: float = DATA_END,
) -> Path:
    """Fit the reference model and write the posterior; returns its path.

    ``quick`` runs the same stages with few chains and transitions, to show that they run; its draws are not for use,
    so it needs an ``out`` of its own. The draws are saved before the comparison, which is then added.

    Raises:
        PosteriorError: a quick fit without ``out``, or a folder that cannot be written to.
    """
    path = _target(out, quick)
    chains, kept, warmup, thin = (16, 1, 3, 1) if quick else (128, 5, 25, 4)
    target = problem(until)
    made_by = fit_hash()
    log(f"{target.size} coordinates, {sum(len(t.observed) for t in target.prepared.values())} data points")
    series = tuple(target.prepared)

    def log_density(y: Any, weights: Any) -> Any:
        parts = target.by_series(y)
        return -0.5 * jnp.sum(y**2, axis=0) + sum(weights[k] * parts[s] for k, s in enumerate(series))

    centre = mode(target, log, 60 if quick else 600)
    engine = sampler(log_density, target.size, chains, leapfrogs=3 if quick else 10)
    part = blocks(target)
    rng = np.random.default_rng(seed)
    options = {"warmup": warmup, "thin": thin, "log": log}

    all_series, supply_series = np.ones(len(series)), without_deaths(target)

    log("stage 1: effects known from trials, from their priors")
    start = np.repeat(centre[:, None], chains, axis=1)
    start[part["trials"]] = rng.standard_normal((int(part["trials"].sum()), chains))

    log("stage 2: supply and the rest, from all data")
    free = part["supply"] | part["rest"]
    drawn, went = _stage(engine, start, all_series, free, seed + 1, kept=kept, **options)
    y = np.concatenate(list(drawn), axis=1)
    report: dict[str, Any] = {
        "coverage": as_rows(coverage(target, y, seed)),
        "stages": {"all data": went},
        "halves": _halves(drawn),
    }
    _posterior(target, y, seed, report, quick, made_by).save(path)
    log(f"wrote {y.shape[1]} draws to {path}")

    log("for comparison: supply from supply data and surveys of use alone, then the rest")
    drawn, supply_went = _stage(engine, start, supply_series, free, seed + 2, kept=1, **options)
    start[free] = drawn[-1][free]
    drawn, rest_went = _stage(engine, start, all_series, part["rest"], seed + 3, kept=kept, **options)
    cut = np.concatenate(list(drawn), axis=1)
    report["stages"] |= {"cut: supply": supply_went, "cut: the rest": rest_went}
    report["cut"] = _summary(target, cut)
    report["cut_coverage"] = as_rows(coverage(target, cut, seed))
    _posterior(target, y, seed, report, quick, made_by).save(path)
    return path


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


def _stage(
    engine: Sampler,
    start: np.ndarray,
    weights: np.ndarray,
    free: np.ndarray,
    seed: int,
    *,
    kept: int,
    warmup: int,
    thin: int,
    log: Log,
) -> tuple[np.ndarray, dict[str, float]]:
    """One stage: towards each chain's own mode with its own curvature, then sampling of the free coordinates."""
    point = start
    for steps in (15, 15):
        factor = whitening(engine.curvature(point, weights, free), free)
        point = descend(engine, point, factor, weights, steps)
    factor = whitening(engine.curvature(point, weights, free), free)
    log("  every chain near its own mode")
    noise = np.random.default_rng(seed).standard_normal(point.shape)
    begin = point + 0.7 * np.asarray(push(jnp.asarray(factor), jnp.asarray(noise)))
    value = np.asarray(engine.gradient(jnp.asarray(begin), jnp.asarray(weights))[0])
    begin = np.where(np.isfinite(value), begin, point)
    return sample(engine, begin, factor, weights, warmup=warmup, kept=kept, thin=thin, seed=seed, log=log)


def _summary(target: Problem, y: np.ndarray) -> dict[str, list[float]]:
    values, _, _ = target.unpack(jnp.asarray(y))
    return {n: [float(q) for q in np.quantile(np.asarray(values[n]), [0.05, 0.5, 0.95])] for n in target.parameters}


def _halves(draws: np.ndarray) -> float:
    """Largest shift of a coordinate's mean over chains from the first to the last kept draw, in posterior sds."""
    return float((np.abs(draws[-1].mean(axis=1) - draws[0].mean(axis=1)) / (draws.std(axis=(0, 2)) + 1e-9)).max())


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
