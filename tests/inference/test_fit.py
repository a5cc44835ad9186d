"""The fit runs end to end, goes on where it was stopped, and the problem it solves is the one described."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from contraflow import evidence
from contraflow.inference.checkpoint import Checkpoints
from contraflow.inference.fit import (
    BRIEF,
    CHAINS,
    FIRST,
    FULL,
    NEWTON_STEPS,
    QUICK,
    Length,
    Stage,
    _thinned,
    fit,
    fit_size,
    held,
    holds_fit,
    run_stage,
    supply_weights,
)
from contraflow.inference.posterior import PosteriorError, load_posterior
from contraflow.inference.problem import problem
from contraflow.inference.sampler import DOUBLINGS, longest_trajectory, sampler

SHORT = Length(warmup=6, kept=3, thin=8)


def bent(y, weights):
    """A log density (chains,) over y (3, chains) whose curvature differs from place to place."""
    return -0.5 * weights[0] * (y[0] ** 2 + 4 * (y[1] - 0.3 * y[0] ** 2) ** 2 + jnp.cosh(y[2]))


ENGINE = sampler(bent, size=3)
FREE = np.array([True, True, False])
START = np.random.default_rng(0).standard_normal((3, 6))
TUNING = (Length(30, 60, 1), Length(10, 20, 1))
STAGE = Stage(TUNING, SHORT)
USUAL = longest_trajectory(DOUBLINGS)
MODES = 2 * 2 + NEWTON_STEPS
TUNED_ONCE = MODES + TUNING[0].transitions * USUAL + 2
TUNED = TUNED_ONCE + TUNING[1].transitions * USUAL + 2
WORK = TUNED + SHORT.transitions * USUAL


class Killed(Exception):
    pass


def staged(folder, advance=lambda _: None, seed=5):
    saved = Checkpoints(folder, {"seed": seed})
    engine = replace(ENGINE, advance=advance)
    return run_stage("all", STAGE, engine, START, jnp.ones(1), FREE, seed, saved=saved, log=lambda _: None)


def killed_after(limit):
    work = [0]

    def advance(amount):
        work[0] += amount
        if work[0] >= limit:
            raise Killed

    return advance


@pytest.fixture(scope="module")
def target():
    return problem()


def test_the_last_stage_holds_trials_and_the_latent_driver_of_supply(target):
    kept = held(target)
    assert kept[target.index("naloxone_effect")] and kept[target.index("supply_surge[0]")]
    for name in ("titration", "turnover_reference", "conflict_drift[0]", "discrepancy:mx.missing.annual"):
        assert not kept[target.index(name)], name


def test_deaths_and_violence_have_no_say_in_the_supply_stage(target):
    weights = dict(zip(target.prepared, supply_weights(target), strict=True))
    assert {s for s, w in weights.items() if w == 0} == {s for s in weights if s.startswith(("us.deaths", "mx."))}


def test_the_same_deaths_enter_once(target):
    counts = {s for s in target.prepared if s.startswith(("us.deaths", "mx.homicides"))}
    counted = {s for s in counts if not s.endswith(("share", "ratio"))}
    assert counted == {
        "us.deaths.opioids_without_synthetic.annual",
        "us.deaths.synthetic_opioids.annual",
        "us.deaths.synthetic_opioids.half_year",
        "us.deaths.non_opioid.annual",
        "mx.homicides.inegi.annual",
    }
    by_year, by_half = (target.prepared[f"us.deaths.synthetic_opioids.{w}"].windows for w in ("annual", "half_year"))
    assert not (by_year.any(axis=0) & by_half.any(axis=0)).any()


def test_a_row_on_another_basis_carries_its_factor(target):
    rows = target.prepared["us.deaths.non_opioid.annual"].windows.sum(axis=1)
    assert rows[0] == pytest.approx(0.996) and rows[16] == pytest.approx(1.0) and rows[-1] == pytest.approx(0.9906)


def test_the_log_density_is_finite_far_from_its_mode(target):
    y = np.random.default_rng(0).standard_normal((target.size, 16))
    assert np.isfinite(np.asarray(target.log_density(jnp.asarray(y), jnp.ones(len(target.prepared))))).all()


# On the way to the modes, in the samplings for the whitening, between them, and late in the last.
@pytest.mark.parametrize(
    "limit", [1, 3, 20, MODES + 1, MODES + 1000, TUNED_ONCE - 1, TUNED_ONCE + 500, TUNED - 1, WORK - 11, WORK - 1]
)
def test_a_stage_that_was_stopped_goes_on_to_the_same_draws(tmp_path, limit):
    expected = staged(tmp_path / "whole")
    with pytest.raises(Killed):
        staged(tmp_path / "stopped", killed_after(limit))
    made = staged(tmp_path / "stopped")
    assert np.array_equal(made.draws, expected.draws)
    assert made.went == expected.went
    assert np.array_equal(made.draws[:, ~FREE], np.broadcast_to(START[~FREE], (SHORT.kept, 1, 6)))


@pytest.mark.parametrize("limit", [0, 20, MODES + 1000, WORK - 11])
def test_a_stage_reports_the_work_planned_stopped_or_not(tmp_path, limit):
    if limit:
        with pytest.raises(Killed):
            staged(tmp_path, killed_after(limit))
    told: list[int] = []
    staged(tmp_path, told.append)
    assert sum(told) == WORK


def test_a_chain_stuck_in_a_fold_begins_anew_where_another_is(tmp_path):
    def folded(y, _):
        fold = 3.0 - 0.5e4 * ((y[0] - 5) ** 2 + (y[1] - 5) ** 2)  # high, and too narrow to hold anything
        return jnp.logaddexp(-0.5 * (y[0] ** 2 + y[1] ** 2), fold)

    start = np.random.default_rng(0).standard_normal((3, 6))
    start[:2, 4] = 5.0
    lines: list[str] = []
    options = {"saved": Checkpoints(tmp_path, {}), "log": lines.append}
    made = run_stage("all", Stage((FIRST,), SHORT), sampler(folded, size=3), start, None, FREE, 5, **options)
    assert made.went["begun_anew"] == pytest.approx(1 / 6) and "1 of 6 chains begun anew" in lines[-1]
    assert np.abs(made.draws[:, :2]).max() < 4.9, "no chain is in the fold"
    assert np.array_equal(made.draws[-1, 2], start[2]), "what is held stays each chain's own"


def test_draws_of_a_like_target_tell_how_wide_a_valley_is(tmp_path):
    def rippled(y, _):
        return -0.5 * ((y[0] / 100) ** 2 + y[1] ** 2) + 0.1 * jnp.cos(y[0])  # curved everywhere, and wide

    def moved(pilot):
        options = {"saved": Checkpoints(tmp_path / str(pilot is None), {}), "log": lambda _: None, "pilot": pilot}
        start = np.random.default_rng(0).standard_normal((3, 8))
        stage, engine = Stage((Length(4, 4, 1),), SHORT), sampler(rippled, size=3)
        drawn = run_stage("all", stage, engine, start, None, FREE, 5, **options).draws
        return np.mean((drawn[1:, 0] - drawn[:-1, 0]) ** 2)

    like = np.random.default_rng(1).standard_normal((400, 3, 4)) * np.array([100.0, 1.0, 0.0])[:, None]
    assert moved(like) > 20 * moved(None)


def test_linear_algebra_runs_on_one_thread_while_a_stage_does(tmp_path):
    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    told, before = [], threads()
    options = {"saved": Checkpoints(tmp_path, {}), "log": lambda _: told.append(threads())}
    run_stage("all", STAGE, ENGINE, START, jnp.ones(1), FREE, 5, **options)
    assert told and all(t == {1} for t in told)
    assert threads() == before


def test_a_stage_does_not_go_on_from_the_work_of_another_seed(tmp_path):
    expected = staged(tmp_path / "alone", seed=6)
    staged(tmp_path / "both", seed=5)
    assert np.array_equal(staged(tmp_path / "both", seed=6).draws, expected.draws)


def test_chains_that_are_told_how_to_begin_do_so_where_they_are(tmp_path):
    stage, tiny = Stage((), Length(2, 1, 1)), 1e-7 * np.eye(len(FREE))[:, FREE]
    options = {"saved": Checkpoints(tmp_path, {"test": 1}), "log": lambda _: None}
    there = run_stage("there", stage, ENGINE, START, jnp.ones(1), FREE, 5, begun=tiny, **options).draws
    modes = run_stage("modes", stage, ENGINE, START, jnp.ones(1), FREE, 5, **options).draws
    assert np.abs(there - START).max() < 1e-4 < np.abs(modes - START)[:, FREE].max()


@pytest.mark.parametrize("plan", [FULL, BRIEF])
def test_every_chain_of_the_first_stage_hands_on_as_many_draws(plan):
    drawn = np.broadcast_to(np.arange(CHAINS, dtype=float), (plan.supply.drawn.kept, 2, CHAINS))
    chosen = _thinned(drawn, plan.chains)[0]
    assert np.array_equal(np.bincount(chosen.astype(int)), np.full(CHAINS, plan.chains // CHAINS))


def test_a_quick_fit_needs_a_file_of_its_own():
    with pytest.raises(PosteriorError, match="--out"):
        fit(plan=QUICK)


@pytest.mark.slow
def test_a_quick_fit_stopped_half_way_goes_on_and_its_posterior_loads(tmp_path, monkeypatch):
    out, told = tmp_path / "quick.nc", []
    first: list[str] = []

    def say(line):
        first.append(line)
        if line.startswith("stage 2"):
            raise Killed

    # Half of the data and a quarter of the chains that are compared: the same steps in a quarter of the time.
    options = {"seed": 3, "plan": QUICK, "out": out, "until": 2013.0}
    monkeypatch.setattr("contraflow.inference.fit.CHAINS", 4)
    with pytest.raises(Killed):
        fit(**options, log=say)
    said: list[str] = []
    path = fit(**options, log=said.append, progress=told.append)
    posterior = load_posterior(path)
    assert posterior.draws == CHAINS
    assert posterior.attributes["quick"] == 1
    assert holds_fit(path, QUICK) and not holds_fit(path, BRIEF), "a fit by another plan is another fit"
    assert not holds_fit(tmp_path / "none.nc", QUICK)
    assert any(line.startswith("mode:") for line in first)
    assert not any(line.startswith("mode:") for line in said)
    assert any(line.startswith("going on from the work in") for line in said)
    assert np.isfinite(posterior.parameters()["titration"]).all()
    report = posterior.report
    assert set(report["stages"]) == {"joint", "supply", "rest", "check"}
    assert set(report["diagnostics"]) == {"joint", "supply", "check"}
    assert report["twins"]["quantities"] == int((~held(problem(2013.0))).sum())
    assert "settled" not in report  # one kept draw a chain: there is no last to compare with the first
    assert {"inside", "inside_left_out", "p_value", "consistent"} <= set(report["coverage"][0])
    # What stage 1 hands on is one draw a chain; how far data narrowed it is told by all of its draws.
    known = evidence.load().parameters
    trials = {p for p in posterior.coordinates if known[p].block == "trials"}
    assert report["contraction"].keys() == trials | {"supply_surge_sd", "supply_surge_memory"}
    assert posterior.contraction("iron_law") == report["contraction"]["iron_law"]
    assert sum(told) == fit_size(QUICK, 2013.0)
    assert not (tmp_path / "quick.resume").exists()


@pytest.mark.slow
def test_another_structure_is_fitted_from_a_posterior_in_place_of_a_check(tmp_path, monkeypatch):
    monkeypatch.setattr("contraflow.inference.fit.CHAINS", 4)
    plan = replace(QUICK, joint=None, check=None, chains=4, twins=0)
    said: list[str] = []
    fixed = {"replacement": 1.0}
    path = fit(plan=plan, out=tmp_path / "again.nc", fixed=fixed, last=load_posterior(), until=2013.0, log=said.append)
    posterior = load_posterior(path, fixed=fixed)
    assert np.ptp(posterior.parameters()["replacement"]) == 0 < np.ptp(posterior.parameters()["titration"])
    assert set(posterior.report["stages"]) == {"supply", "rest"} and not any("check" in line for line in said)
    with pytest.raises(PosteriorError, match="replacement"):
        load_posterior(path)
