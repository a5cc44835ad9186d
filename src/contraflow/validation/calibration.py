"""Simulation-based calibration, from the prior and given our data, and recovery: does the fit find what made the data?

All fit many synthetic data sets at once, one chain each, with the sampler of the fit; in the reduced model trajectories
are shorter.

* Calibration draws the truth from the prior and the data from the truth, so that the truth's rank among posterior
  draws must be uniform (Talts and others, 2018). It runs on a reduced model: the same equations and series, with a few
  parameters, the latent drivers of supply and of violence and the discrepancies free and the rest at their medians.
* Recovery draws the truth from the posterior, so that histories look like ours, and fits the full model; how often the
  90 % interval holds the truth is reported, not required to be 90 %, since such truths are no draws of the prior.
* Posterior calibration (posterior SBC: Säilynoja and others, arXiv 2502.03279) is recovery in which every fit sees our
  own data beside the synthetic history, as two histories of the same parameters. Given ours the truth is a draw of what
  is believed before the second, so that its rank must be uniform again, near our history. Like recovery it holds what
  stage 1 hands on at the truth, and says nothing of that part of an interval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from contraflow.analysis.ensembles import chunks
from contraflow.inference.checkpoint import Checkpoints
from contraflow.inference.fit import FIRST, FULL, Length, Stage, held, run_stage
from contraflow.inference.likelihood import synthetic
from contraflow.inference.posterior import Posterior, fit_hash
from contraflow.inference.problem import Problem, problem
from contraflow.inference.sampler import DRAWS_VERSION, sampler
from contraflow.policy import Scenario
from contraflow.system.calendar import monthly_grid
from contraflow.system.latents import LATENT_PARAMETERS, SUPPLY_LATENT
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation.record import Keep
from contraflow.validation.scoring import EVEN, pit_inside_bands

#: Latent drivers that the reduced model leaves free, of supply and of violence.
REDUCED_LATENTS = (SUPPLY_LATENT, "conflict_drift")
#: Parameters that the reduced model leaves free: of demand, dose response, the drug market, supply and border, ...
REDUCED = (
    "titration",
    "dose_spread",
    "demand_elasticity",
    "pass_through",
    "turnover_reference",
    "seizure_share_2019",
    "seizure_growth",
    "fentanyl_per_user",
    "purity_response",
    "tolerance_adaptation",
    "mexico_stock_time",
    # ... of arms, cartels and killings, ...
    "membership_growth",
    "removal_weight",
    "conflict_killings_reference",
    "conflict_scaling",
    "gun_lethality",
    "firearm_share_conflict",
    "rifle_attrition_rate",
    # ... and scale and memory of the latent drivers that it leaves free too.
    *(name for name, latent in LATENT_PARAMETERS.items() if latent in REDUCED_LATENTS),
)
Headline = tuple[str, str]
Log = Callable[[str], None]
#: Policy effects, scenario and outcome, whose calibration is checked, and their window.
EFFECTS: tuple[Headline, ...] = (
    ("harm-reduction", "us.overdose_deaths"),
    ("joint-crackdown", "us.overdose_deaths"),
    ("gun-flow", "mx.homicides"),
    ("leaders-first", "mx.homicides"),
)
EFFECT_WINDOW = (2027.0, 2031.0)
#: Synthetic data sets of the reduced model, batches that they are fitted in, and histories that are recovered.
SETS, BATCHES, HISTORIES = 208, 4, 56
#: Doublings of a trajectory in the reduced model, three tenths of whose coordinates are free.
REDUCED_DOUBLINGS = 5
#: Draws of each chain that ranks are taken among, and those that intervals are taken from.
REDUCED_STAGE = Stage((FIRST,), Length(warmup=40, kept=39, thin=4))
FULL_STAGE = Stage((Length(20, 10, 1),), Length(warmup=40, kept=60, thin=3))


@dataclass(frozen=True)
class Experiment:
    """Synthetic data sets, one a chain: the true coordinates (size, sets) and the data by series (rows, sets).

    ``beside_ours``: every fit sees our own data too, and the truths are draws given them.
    """

    target: Problem
    truth: np.ndarray
    observed: Mapping[str, np.ndarray]
    beside_ours: bool = False

    @property
    def sets(self) -> int:
        """Number of data sets."""
        return self.truth.shape[1]


def experiment(target: Problem, truth: np.ndarray, seed: int, beside_ours: bool = False) -> Experiment:
    """Data drawn from the model at these true coordinates (size, sets)."""
    rng = np.random.default_rng([seed, 5])
    monthly = {k: np.asarray(v) for k, v in target.monthly(jnp.asarray(truth)).items()}
    discrepancy = target.unpack(jnp.asarray(truth))[2]
    observed = {
        t.id: synthetic(t, np.asarray(t.expected(monthly[t.observable.variable])), discrepancy[t.id], rng)
        for t in target.prepared.values()
    }
    return Experiment(target, truth, observed, beside_ours)


def refit(
    made: Experiment,
    free: np.ndarray,
    stage: Stage,
    seed: int,
    folder: Path,
    doublings: int,
    log: Log = lambda _: None,
    pilot: np.ndarray | None = None,
) -> np.ndarray:
    """Draws (kept, size, sets) of the free coordinates given each set's data; the others are held at the truth.

    Chains begin at the prior median, or where our own data count too, at the truth of another set. ``pilot``: draws
    (draws, size, 1) of a like target, which tell the whitening how far chains will spread.
    """
    target, ours = made.target, (None,) if made.beside_ours else ()
    given = {
        "weights": jnp.ones(len(target.prepared)),
        "observed": {k: jnp.asarray(v) for k, v in made.observed.items()},
    }
    engine = sampler(
        lambda y, g: target.log_density(y, g["weights"], *ours, g["observed"]),
        target.size,
        stray=np.inf,
        doublings=doublings,
        of_chains=lambda g, k: {**g, "observed": {name: v[:, k] for name, v in g["observed"].items()}},
    )
    start = np.where(free[:, None], np.roll(made.truth, 1, axis=1) if ours else 0.0, made.truth)
    data = hashlib.sha256(made.truth.tobytes() + b"".join(v.tobytes() for v in made.observed.values())).hexdigest()
    key = {"seed": seed, "model": fit_hash(), "data": data, "free": np.flatnonzero(free).tolist()}
    key |= {"sampler": DRAWS_VERSION, "doublings": doublings, "ours": made.beside_ours, **asdict(stage)}
    key |= {} if pilot is None else {"pilot": hashlib.sha256(pilot.tobytes()).hexdigest()}
    saved = Checkpoints(folder, key)
    drawn = run_stage("sets", stage, engine, start, given, free, seed, saved=saved, log=log, pilot=pilot)
    saved.remove()
    return drawn.draws


def calibrate(
    seed: int,
    folder: Path,
    keep: Keep,
    log: Log = lambda _: None,
    sets: int = SETS,
    stage: Stage = REDUCED_STAGE,
) -> dict[str, Any]:
    """Ranks of the truth among posterior draws of the reduced model, and whether they keep within their bands.

    Sets are fitted in ``BATCHES``, each kept by ``keep``. The result has ``datasets``, ``quantities``, ``inside_bands``
    (how many), ``outside`` (which), ``draws``, and ``ranks``: by quantity, how many draws lie below each truth.
    """
    target, draws = problem(), stage.drawn.kept
    free = reduced(target)
    truth = np.zeros((target.size, sets))
    truth[free] = np.random.default_rng([seed, 3]).standard_normal((int(free.sum()), sets))
    batches = []
    for k, own in enumerate(np.array_split(truth, BATCHES, axis=1)):
        log(f"batch {k + 1} of {BATCHES}")
        made = experiment(target, own, BATCHES * seed + k)
        fitting = partial(_ranks, made, free, stage, BATCHES * seed + k, folder, log)
        batches.append(keep(f"batch-{k + 1}", fitting)["ranks"])
    ranks = {n: np.concatenate([batch[n] for batch in batches]) for n in batches[0]}
    inside = {n: pit_inside_bands(_places(r, draws, seed), range(sets), EVEN) for n, r in ranks.items()}
    return {
        "datasets": sets,
        "quantities": len(inside),
        "inside_bands": sum(inside.values()),
        "outside": sorted(n for n, ok in inside.items() if not ok),
        "draws": draws,
        "ranks": {n: r.tolist() for n, r in ranks.items()},
    }


def _ranks(
    made: Experiment, free: np.ndarray, stage: Stage, seed: int, folder: Path, log: Log
) -> dict[str, dict[str, list[int]]]:
    """Fit the sets; ``ranks``: of each free coordinate and policy effect, how many draws lie below each set's truth."""
    target, truth = made.target, made.truth
    drawn = refit(made, free, stage, seed, folder, REDUCED_DOUBLINGS, log)
    ranks = {n: (drawn[:, k] < truth[k]).sum(axis=0) for k, n in enumerate(target.names) if free[k]}
    real = policy_effects(target, truth, EFFECTS)
    found = policy_effects(target, np.concatenate(list(drawn), axis=1), EFFECTS)
    ranks |= {n: (values.reshape(len(drawn), made.sets) < real[n]).sum(axis=0) for n, values in found.items()}
    return {"ranks": {n: r.tolist() for n, r in ranks.items()}}


@dataclass(frozen=True)
class Refits:
    """Fits of the full model to synthetic histories: by free coordinate and by policy effect the truth (histories,) and
    the draws (kept, histories).
    """

    coordinates: Mapping[str, tuple[np.ndarray, np.ndarray]]
    effects: Mapping[str, tuple[np.ndarray, np.ndarray]]


def refits(
    posterior: Posterior,
    seed: int,
    folder: Path,
    *,
    beside_ours: bool,
    histories: int = HISTORIES,
    log: Log = lambda _: None,
    stage: Stage = FULL_STAGE,
) -> Refits:
    """Fit histories made by evenly spaced draws of the posterior, each alone or beside our own data."""
    target = problem()
    truth = target.coordinates(posterior.thin(histories))
    free = ~held(target)
    made, pilot = experiment(target, truth, seed, beside_ours), target.coordinates(posterior).T[:, :, None]
    drawn = refit(made, free, stage, seed, folder, FULL.doublings, log, pilot)
    coordinates = {n: (truth[k], drawn[:, k]) for k, n in enumerate(target.names) if free[k]}
    real, found = (policy_effects(target, y, EFFECTS) for y in (truth, np.concatenate(list(drawn), axis=1)))
    return Refits(coordinates, {n: (real[n], values.reshape(len(drawn), histories)) for n, values in found.items()})


def recovery(found: Refits) -> dict[str, Any]:
    """How often 90 % intervals hold the truth, over synthetic histories like ours.

    The result has ``histories``, ``coverage_90`` over all free coordinates and histories, ``effects`` (the same of
    each policy effect), ``coverage`` (the same of each coordinate) and ``lowest``: the ten coordinates covered least.
    """
    inside = {n: _covered(*at) for n, at in found.coordinates.items()}
    return {
        "histories": len(next(iter(found.coordinates.values()))[0]),
        "coverage_90": float(np.mean(list(inside.values()))),
        "effects": {n: _covered(*at) for n, at in found.effects.items()},
        "coverage": inside,
        "lowest": [[n, inside[n]] for n in sorted(inside, key=inside.__getitem__)[:10]],
    }


def posterior_sbc(found: Refits, seed: int) -> dict[str, Any]:
    """Whether ranks of the truth are uniform, of fits to synthetic histories beside our own data.

    The result has ``histories``, ``draws``, ``coverage_90`` over all free coordinates and histories, which is due to be
    0.9; ``effects``, by policy effect the shares of truths ``inside`` the 90 % interval, ``below`` and ``above`` it;
    ``quantities``, ``inside_bands`` (how many) and ``outside`` (which), as in ``calibrate``; and ``ranks`` of effects.
    """
    draws, histories = next(iter(found.coordinates.values()))[1].shape
    ranks = {n: (drawn < truth).sum(axis=0) for n, (truth, drawn) in {**found.coordinates, **found.effects}.items()}
    even = {n: pit_inside_bands(_places(r, draws, seed), range(histories), EVEN) for n, r in ranks.items()}
    rows = {}
    for name, (truth, drawn) in found.effects.items():
        low, high = _ends(drawn)
        below, above = float((truth <= low).mean()), float((truth >= high).mean())
        rows[name] = {"inside": 1 - below - above, "below": below, "above": above}
    return {
        "histories": histories,
        "draws": draws,
        "coverage_90": float(np.mean([_covered(*at) for at in found.coordinates.values()])),
        "effects": rows,
        "quantities": len(even),
        "inside_bands": sum(even.values()),
        "outside": sorted(n for n, ok in even.items() if not ok),
        "ranks": {n: ranks[n].tolist() for n in found.effects},
    }


def _covered(truth: np.ndarray, drawn: np.ndarray) -> float:
    """Share of truths (histories,) inside the 90 % intervals of draws (kept, histories)."""
    low, high = _ends(drawn)
    return float(((truth > low) & (truth < high)).mean())


def _ends(drawn: np.ndarray) -> np.ndarray:
    """Ends (2, ...) between which another draw lies with probability 0.9, from draws (kept, ...), however few."""
    return np.quantile(drawn, [0.05, 0.95], axis=0, method="weibull")


def reduced(target: Problem) -> np.ndarray:
    """The coordinates that the reduced model leaves free."""
    vectors = (*(f"{latent}[" for latent in REDUCED_LATENTS), "discrepancy:", "memory:")
    return np.array([n in REDUCED or n.startswith(vectors) for n in target.names])


def policy_effects(target: Problem, y: np.ndarray, effects: Sequence[Headline]) -> dict[str, np.ndarray]:
    """Paired effects (draws,) at coordinates y (size, draws); latent drivers only fade after the data.

    So an effect is a function of the coordinates alone, which ranks of the truth among draws need.
    """
    quiet = target.posterior(y)
    grid = monthly_grid(EFFECT_WINDOW[1], target.grid.substeps)
    window = grid.times >= EFFECT_WINDOW[0] - 1e-6
    policies = [None, *(Scenario.load(name) for name, _ in effects)]
    variables = [OUTCOMES[outcome].variable for _, outcome in effects]
    found: dict[str, list[np.ndarray]] = {f"effect: {name} on {outcome}": [] for name, outcome in effects}
    for _, (without, *under) in chunks(target.model, quiet, {}, grid, policies, sorted(set(variables))):
        for values, variable, under_policy in zip(found.values(), variables, under, strict=True):
            change = under_policy[variable] - without[variable]
            values.append(change[window].sum(axis=0) / 12)
    return {name: np.concatenate(values) for name, values in found.items()}


def _places(ranks: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Ranks among draws as shares, spread evenly within their steps, so that a calibrated quantity is uniform."""
    return (ranks + np.random.default_rng([seed, 9]).uniform(size=ranks.shape)) / (draws + 1)
