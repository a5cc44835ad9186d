"""The fit: a two-stage posterior by the No-U-Turn sampler, with the joint posterior beside it.

1. Supply data and surveys of use alone, without any death, say how supply went: its latent driver and what published
   trials inform (or no national series can tell, such as spare capacity of laboratories) are drawn from that posterior.
2. Each chain holds one such draw, and everything else is drawn given it and all data.

So a fall in deaths can neither invent its own supply shock nor move an effect that was measured in a trial. The joint
posterior, in which it can, is drawn as well and reported beside it.

Work is saved as it is done, beside the output: a fit that was stopped goes on from there, to the same draws but for
rounding.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from contraflow import evidence
from contraflow.inference import priors
from contraflow.inference.checkpoint import Checkpoint, Checkpoints
from contraflow.inference.coverage import as_rows, coverage
from contraflow.inference.diagnostics import diagnose, divergences, settled
from contraflow.inference.posterior import Posterior, PosteriorError, fit_hash, load_posterior, shipped_path
from contraflow.inference.problem import Problem, problem
from contraflow.inference.sampler import (
    DOUBLINGS,
    DRAWS_VERSION,
    Sampled,
    Sampler,
    descend,
    hardly_moving,
    longest_trajectory,
    one_thread,
    sample,
    sampler,
    whitening,
    widened,
)
from contraflow.system.calendar import DATA_END
from contraflow.system.latents import LATENT_PARAMETERS, SUPPLY_LATENT

Log = Callable[[str], None]
Progress = Callable[[int], None]
#: Chains that share a target, in the stages whose convergence can be told by comparing chains.
CHAINS = 16
#: Newton steps towards the modes; the curvature is taken before them, after them, and after a first sampling.
NEWTON_STEPS = 30


@dataclass(frozen=True)
class Length:
    """Transitions of a stage: warm-up, then ``kept`` draws, each ``thin`` transitions after the last."""

    warmup: int
    kept: int
    thin: int

    @property
    def transitions(self) -> int:
        """All of them."""
        return self.warmup + self.kept * self.thin


@dataclass(frozen=True)
class Stage:
    """A stage of a fit: samplings ``tuning`` for its whitening only, one after another, then the one that counts."""

    tuning: tuple[Length, ...]
    drawn: Length

    def work(self, free: int, doublings: int, modes: bool = True) -> int:
        """Evaluations of the gradient for so many free coordinates, by the longest trajectories.

        ``modes``: whether chains begin with a search for their modes.
        """
        transitions = sum(s.transitions for s in (*self.tuning, self.drawn))
        before = 2 * free + NEWTON_STEPS if modes else free
        return before + len(self.tuning) * free + transitions * longest_trajectory(doublings)


#: The first sampling for the whitening: the curvature where it ends, and how far its chains spread.
FIRST = Length(30, 60, 1)
#: A second and a third, where chains have moved too little along the widest valleys to tell how wide they are.
SECOND, THIRD = Length(20, 80, 1), Length(20, 200, 1)


@dataclass(frozen=True)
class Plan:
    """How long a fit is: iterations to the joint mode, then the stages.

    ``joint`` may be None: the joint posterior is then left out. ``chains``: chains of the last stage, one a draw of
    the supply stage. ``check``: ``CHAINS`` chains of the last stage that share one such draw, so that they can be
    compared; they come before the rest and tell its whitening and where it begins. None for no such check: where a fit
    begins from a posterior, its draws tell both.
    ``doublings``: of a trajectory at most. ``twins``: how many draws of the supply stage are given to a second chain
    too, begun elsewhere, at a draw of the check: where the last stage forgets its beginning, the two agree.
    """

    iterations: int
    joint: Stage | None
    supply: Stage
    check: Stage | None
    rest: Stage
    chains: int
    doublings: int = DOUBLINGS
    twins: int = 0

    @property
    def again(self) -> Stage:
        """The stage of the twins: the last one, to its first draw."""
        return replace(self.rest, drawn=replace(self.rest.drawn, kept=1, thin=1))

    @property
    def words(self) -> str:
        """The plan as JSON, as the posterior that it made tells it."""
        return json.dumps(asdict(self), sort_keys=True)

    def work(self, target: Problem) -> int:
        """Evaluations of the gradient in a whole fit, by the longest trajectories."""
        conditional = int((~held(target)).sum())
        whole = sum(s.work(target.size, self.doublings) for s in (self.joint, self.supply) if s)
        last = sum(s.work(conditional, self.doublings) for s in (self.check, self.rest) if s)
        twins = self.again.work(conditional, self.doublings, modes=False) if self.check and self.twins else 0
        return self.iterations + whole + last + twins


FULL = Plan(
    600,
    joint=Stage((FIRST, SECOND), Length(40, 200, 2)),
    supply=Stage((FIRST, SECOND), Length(40, 700, 3)),
    check=Stage((FIRST, SECOND, THIRD), Length(40, 560, 2)),
    rest=Stage((Length(20, 10, 1),), Length(50, 3, 12)),
    chains=256,
    doublings=6,
    twins=64,
)
#: For many fits in a row, as backtests and structural alternatives need them.
BRIEF = Plan(
    400,
    joint=None,
    supply=Stage((FIRST, SECOND), Length(40, 160, 3)),
    check=Stage((FIRST, SECOND), Length(20, 120, 2)),
    rest=Stage((Length(20, 10, 1),), Length(20, 5, 5)),
    chains=64,
    doublings=6,
)
#: The same from a posterior to the same data, whose draws do what the check does.
AGAIN = replace(BRIEF, check=None)
#: From the last posterior, with some more data: the way to the mode is short, the sampling is not.
UPDATE = replace(FULL, iterations=100)
_QUICK = Stage((Length(4, 4, 1),), Length(2, 4, 1))
QUICK = Plan(20, _QUICK, _QUICK, _QUICK, Stage((Length(2, 4, 1),), Length(2, 1, 1)), CHAINS, twins=4)


def held(target: Problem) -> np.ndarray:
    """The coordinates that the last stage holds: effects known from trials, and supply's latent driver with its own."""
    known = evidence.load().parameters
    trials = {n for n in target.parameters if known[n].block == "trials"}
    supply = {SUPPLY_LATENT, *(n for n, latent in LATENT_PARAMETERS.items() if latent == SUPPLY_LATENT)}
    return np.array([n in trials or n.split("[")[0] in supply for n in target.names])


def supply_weights(target: Problem) -> np.ndarray:
    """Weights of the supply stage, one a series: supply data and surveys of use and care, no deaths, no violence."""
    return np.array(
        [float(t.observable.stage != "violence" and not t.id.startswith("us.deaths")) for t in target.prepared.values()]
    )


def _spread(y: np.ndarray, number: int) -> np.ndarray:
    """``number`` columns of draws (size, draws), evenly spaced."""
    return y[:, np.floor((np.arange(number) + 0.5) * y.shape[1] / number).astype(int)]


def mode(target: Problem, log: Log, iterations: int, progress: Progress, begin: np.ndarray) -> np.ndarray:
    """Mode of the joint posterior, by L-BFGS from ``begin`` (size,)."""
    every_series = jnp.ones(len(target.prepared))
    value_and_slope = jax.jit(jax.value_and_grad(lambda y: -jnp.sum(target.log_density(y[:, None], every_series))))

    def objective(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = value_and_slope(jnp.asarray(y))
        if not (np.isfinite(float(value)) and np.isfinite(np.asarray(slope)).all()):
            return 1e10, np.zeros_like(y)
        return float(value), np.asarray(slope)

    found = minimize(
        objective,
        begin,
        jac=True,
        method="L-BFGS-B",
        callback=lambda _: progress(1),
        options={"maxiter": iterations, "maxcor": 30},
    )
    progress(iterations - found.nit)
    log(f"mode: minus log posterior {found.fun:.1f} after {found.nit} iterations")
    return np.asarray(found.x)


def fit_size(plan: Plan = FULL, until: float = DATA_END) -> int:
    """Amount of work that a fit reports as progress."""
    return plan.work(problem(until))


def holds_fit(path: Path, plan: Plan, fixed: Mapping[str, float] | None = None) -> bool:
    """Whether a finished fit of this model by this plan lies there."""
    try:
        return load_posterior(path, fixed=fixed).attributes.get("plan") == plan.words
    except PosteriorError:
        return False


@one_thread
def fit(
    seed: int = 1,
    plan: Plan = FULL,
    out: Path | None = None,
    log: Log = print,
    progress: Progress = lambda _: None,
    until: float = DATA_END,
    fixed: Mapping[str, float] | None = None,
    last: Posterior | None = None,
    supply_until: float | None = None,
) -> Path:
    """Fit the reference model and write the posterior; returns its path.

    ``fixed``: parameters held at these values, for structural alternatives. ``last``: a posterior to begin from, of the
    same parameters and no more data: its middle in place of the prior medians, its draws as starts of the chains.
    ``supply_until``: end of supply data, where they are to reach beyond ``until``.

    ``plan``: ``QUICK`` runs the same stages with few transitions, to show that they run; its draws are not for use,
    so it needs an ``out`` of its own. ``progress`` is told how much work is done, in all ``fit_size(plan, until)``.

    Work is saved in a folder beside ``out``, with the ending ``.resume``, and removed at the end; the same fit begun
    again goes on from it.

    Raises:
        PosteriorError: a quick fit without ``out``, or a folder that cannot be written to.
        ContraflowError: the work done cannot be saved.
    """
    path = _target(out, plan)
    target = problem(until, supply_until=supply_until)
    made_by = fit_hash()
    stands, at = _fixed(target, fixed or {})
    log(f"{target.size} coordinates, {_points(target)} data points")
    saved = _checkpoints(path, target, plan, seed, made_by, fixed or {}, last)
    begun = target.coordinates(last) if last else np.zeros((target.size, 1))
    centre = np.where(stands, at, _centre(target, plan, saved.of("mode"), log, progress, begun.mean(axis=1)))
    engine = sampler(
        target.log_density, target.size, progress, doublings=plan.doublings, of_chains=lambda weights, _: weights
    )
    run = Runner(engine, saved, seed, log).run
    everything, conditional, all_series = ~stands, ~(stands | held(target)), np.ones(len(target.prepared))
    start = np.repeat(centre[:, None], CHAINS, axis=1)
    if last:
        start = np.where(stands[:, None], start, _spread(begun, CHAINS))
    report: dict[str, Any] = {"stages": {}, "diagnostics": {}}

    log("stage 1: supply, from supply data and surveys of use alone")
    supply = run("supply", plan.supply, start, everything, supply_weights(target))
    report["stages"]["supply"] = _went(target, supply, everything)
    report["diagnostics"]["supply"] = _diagnosed(target, supply, everything)
    report["contraction"] = _contraction(target, supply.draws)
    given = np.where(conditional[:, None], centre[:, None], _thinned(supply.draws, plan.chains))

    pilot = None
    if plan.check:
        log(f"check of stage 2: {CHAINS} chains that share one draw of stage 1")
        shared = np.repeat(given[:, :1], CHAINS, axis=1)
        check = run("check", plan.check, shared, conditional, all_series)
        report["stages"]["check"] = _went(target, check, conditional)
        report["diagnostics"]["check"] = _diagnosed(target, check, conditional)
        pilot = check.draws
    elif last:
        pilot = begun.T[:, :, None]
    if pilot is not None:
        # Not at the joint mode: there scales of latent drivers are several times too large, and chains seldom leave.
        given = np.where(conditional[:, None], pilot.mean(axis=(0, 2))[:, None], given)

    log("stage 2: everything else, each chain given one draw of stage 1")
    rest = run("rest", plan.rest, given, conditional, all_series, pilot)
    report["stages"]["rest"] = _went(target, rest, conditional)
    if len(rest.draws) > 1:
        report["settled"] = settled(rest.draws[:, conditional], _named(target, conditional))
    if pilot is not None and plan.twins:
        log(f"twins: {plan.twins} draws of stage 1 given to a second chain, begun at a draw of the check")
        of = np.arange(plan.twins) * plan.chains // plan.twins
        elsewhere = np.where(conditional[:, None], _thinned(pilot, plan.twins), given[:, of])
        at, weights = rest.draws[-1][:, of], jnp.asarray(all_series)
        begun = _curved(engine, at, weights, conditional, saved.of("twins-begun"))
        twins = run("twins", plan.again, elsewhere, conditional, all_series, pilot, begun)
        report["twins"] = settled(np.stack([at, twins.draws[-1]])[:, conditional], _named(target, conditional))
    y = np.concatenate(list(rest.draws), axis=1)
    report["coverage"] = as_rows(coverage(target, y, seed))

    if plan.joint:
        log("joint posterior: everything from all data")
        joint = run("joint", plan.joint, start, everything, all_series)
        report["stages"]["joint"] = _went(target, joint, everything)
        report["diagnostics"]["joint"] = _diagnosed(target, joint, everything)
        together = _thinned(joint.draws, plan.chains * plan.rest.drawn.kept)
        report["joint"] = _summary(target, together)
        report["joint_coverage"] = as_rows(coverage(target, together, seed))

    _posterior(target, y, seed, report, plan, made_by, fixed or {}).save(path)
    log(f"wrote {y.shape[1]} draws to {path}")
    saved.remove()
    return path


@dataclass(frozen=True)
class Runner:
    """Runs the stages of one fit: the sampler, where work is saved, the seed, the log."""

    engine: Sampler
    saved: Checkpoints
    seed: int
    log: Log

    def run(
        self,
        name: str,
        stage: Stage,
        start: np.ndarray,
        free: np.ndarray,
        weights: np.ndarray,
        pilot: np.ndarray | None = None,
        begun: np.ndarray | None = None,
    ) -> Sampled:
        """Draws of the free coordinates from ``start`` (size, chains), and how it went."""
        given = jnp.asarray(weights)
        options: dict[str, Any] = {"saved": self.saved, "log": self.log, "pilot": pilot, "begun": begun}
        return run_stage(name, stage, self.engine, start, given, free, self.seed, **options)


def _target(out: Path | None, plan: Plan) -> Path:
    if plan == QUICK and out is None:
        raise PosteriorError("a quick fit is a trial: name a file for it with --out")
    path = out or shipped_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise PosteriorError(f"cannot write to {path.parent}: {error.strerror or error}") from None


def _fixed(target: Problem, fixed: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Which coordinates stand still, and where (both of the target's size)."""
    known, at = evidence.load().parameters, np.zeros(target.size)
    stands = np.array([n in fixed for n in target.names])
    for name, value in fixed.items():
        at[target.index(name)] = priors.coordinate(known[name].prior, value)
    return stands, at


def _checkpoints(
    path: Path,
    target: Problem,
    plan: Plan,
    seed: int,
    made_by: str,
    fixed: Mapping[str, float],
    last: Posterior | None,
) -> Checkpoints:
    key = {
        "model": made_by,
        "sampler": DRAWS_VERSION,
        "seed": seed,
        "until": target.until,
        "supply_until": target.supply_until,
        "points": _points(target),
        "plan": asdict(plan),
        "fixed": dict(fixed),
        "last": last.hash if last else None,
        **{name: metadata.version(name) for name in ("contraflow", "jax", "numpy", "scipy")},
    }
    return Checkpoints(path.with_suffix(".resume"), key)


def _points(target: Problem) -> int:
    return sum(len(t.observed) for t in target.prepared.values())


def _centre(
    target: Problem, plan: Plan, saved: Checkpoint, log: Log, progress: Progress, begin: np.ndarray
) -> np.ndarray:
    """The joint mode, found or as saved."""
    held = saved.load()
    if held is not None:
        log(f"going on from the work in {saved.path.parent}")
        progress(plan.iterations)
        return held["mode"]
    found = mode(target, log, plan.iterations, progress, begin)
    saved.save(mode=found)
    return found


@one_thread
def run_stage(
    name: str,
    stage: Stage,
    engine: Sampler,
    start: np.ndarray,
    given: Any,
    free: np.ndarray,
    seed: int,
    *,
    saved: Checkpoints,
    log: Log,
    pilot: np.ndarray | None = None,
    begun: np.ndarray | None = None,
) -> Sampled:
    """One stage: towards each chain's own mode, samplings for the whitening, then the sampling that counts.

    After each of the samplings ``stage.tuning`` the whitening is the curvature where it ended, widened by how far its
    chains spread; or by ``pilot`` (kept, size, chains), draws of a like target that are many enough to tell better. A
    chain that hardly moves in one sits in a fold that is narrow and holds little: it begins the next where another is.
    Of how the sampling went, ``begun_anew`` is the share of chains that did. ``begun``: a whitening factor to begin
    with, in place of the way to the modes; chains then begin where ``start`` is.
    """
    own_seed = [seed, *name.encode()]
    if begun is None:
        point, factor = _near_modes(engine, start, given, free, saved.of(f"{name}-modes"))
        log("  every chain near its own mode")
    else:
        point, factor = start, begun
    if pilot is not None:
        factor = widened(factor, pilot)
    noise = np.random.default_rng(own_seed).standard_normal((factor.shape[1], start.shape[1]))
    begin = point + 0.5 * factor @ noise if begun is None else point
    value = np.asarray(engine.gradient(jnp.asarray(begin), given)[0])
    begin = np.where(np.isfinite(value), begin, point)

    def sampled(at: np.ndarray, whitened_by: np.ndarray, length: Length, part: int, save_as: str) -> Sampled:
        options = {**asdict(length), "seed": [*own_seed, part], "saved": saved.of(f"{name}-{save_as}"), "log": log}
        return sample(engine, at, whitened_by, given, **options)

    at, anew = begin, np.zeros(start.shape[1], dtype=bool)
    for k, short in enumerate(stage.tuning):
        tuned = sampled(at, factor, short, 3 * k + 1, f"tuning-{k}").draws
        stuck = hardly_moving(factor, tuned)
        others = np.random.default_rng([*own_seed, 3 * k + 3]).choice(np.flatnonzero(~stuck), int(stuck.sum()))
        at = tuned[-1].copy()
        at[np.ix_(free, stuck)] = at[np.ix_(free, others)]
        spread = tuned.compress(~stuck, axis=2) if pilot is None else pilot
        factor = widened(_curved(engine, at, given, free, saved.of(f"{name}-curvature-{k}")), spread)
        anew |= stuck
    drawn = sampled(at, factor, stage.drawn, 2, "sampling")
    went = {**drawn.went, "begun_anew": float(anew.mean())}
    log(
        f"  acceptance {went['acceptance']:.2f}, {went['steps']:.0f} steps a transition, "
        f"{100 * went['divergence_share']:.2g} % divergent, {anew.sum()} of {len(anew)} chains begun anew"
    )
    return replace(drawn, went=went)


def _near_modes(
    engine: Sampler, start: np.ndarray, given: Any, free: np.ndarray, saved: Checkpoint
) -> tuple[np.ndarray, np.ndarray]:
    """A point (size, chains) near the mode of every chain, and the whitening factor there."""
    found = saved.load()
    if found is None:
        factor = whitening(engine.curvature(start, given, free), free)
        point = descend(engine, start, factor, given, NEWTON_STEPS)
        factor = whitening(engine.curvature(point, given, free), free)
        saved.save(point=point, factor=factor)
        return point, factor
    engine.advance(2 * int(free.sum()) + NEWTON_STEPS)
    return found["point"], found["factor"]


def _curved(engine: Sampler, at: np.ndarray, given: Any, free: np.ndarray, saved: Checkpoint) -> np.ndarray:
    found = saved.load()
    if found is None:
        factor = whitening(engine.curvature(at, given, free), free)
        saved.save(factor=factor)
        return factor
    engine.advance(int(free.sum()))
    return found["factor"]


def _thinned(drawn: np.ndarray, number: int) -> np.ndarray:
    """``number`` of the draws (kept, size, chains) as (size, number), evenly spaced along every chain."""
    by_chain = np.transpose(drawn, (1, 2, 0)).reshape(drawn.shape[1], -1)
    return _spread(by_chain, number)


def _diagnosed(target: Problem, drawn: Sampled, free: np.ndarray) -> dict[str, Any]:
    return diagnose(drawn.draws[:, free], _named(target, free))


def _went(target: Problem, drawn: Sampled, free: np.ndarray) -> dict[str, Any]:
    return {**drawn.went, "divergences": divergences(drawn.draws[:, free], drawn.divergent, _named(target, free))}


def _named(target: Problem, free: np.ndarray) -> list[str]:
    return [n for n, f in zip(target.names, free, strict=True) if f]


def _contraction(target: Problem, drawn: np.ndarray) -> dict[str, float]:
    """Contraction of every parameter that the last stage holds, over all draws (kept, size, chains) of the first.

    Few of these are handed on: over them alone, chance could pass for what data have taught.
    """
    rows = [target.index(n) for n in target.parameters]
    return {target.names[k]: float(1 - drawn[:, k].var()) for k in rows if held(target)[k]}


def _summary(target: Problem, y: np.ndarray) -> dict[str, list[float]]:
    values, _, _ = target.unpack(jnp.asarray(y))
    return {n: [float(q) for q in np.quantile(np.asarray(values[n]), [0.05, 0.5, 0.95])] for n in target.parameters}


def _posterior(
    target: Problem,
    y: np.ndarray,
    seed: int,
    report: dict[str, Any],
    plan: Plan,
    made_by: str,
    fixed: Mapping[str, float],
) -> Posterior:
    attributes = {
        "model_hash": made_by,
        "seed": seed,
        "method": "two stages: supply and trials without deaths, then the rest from all data; No-U-Turn sampler",
        "quick": int(plan == QUICK),
        "plan": plan.words,
        "fixed": json.dumps(dict(fixed), sort_keys=True),
        "made": datetime.date.today().isoformat(),
        "contraflow": metadata.version("contraflow"),
        "jax": jax.__version__,
        "data_until": target.until,
        "supply_until": target.supply_until,
        "report": json.dumps(report),
    }
    return target.posterior(y, attributes, np.random.default_rng([seed, 17]))
