"""The fit runs end to end, goes on where it was stopped, and the problem it solves is the one described."""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.inference.checkpoint import Checkpoints
from contraflow.inference.fit import Plan, blocks, fit, fit_size, run_stage, without_deaths
from contraflow.inference.posterior import load_posterior
from contraflow.inference.problem import problem
from contraflow.inference.sampler import sampler

SHORT = Plan(iterations=1, chains=6, compared=6, leapfrogs=2, warmup=6, thin=3, kept=3)


def bent(y, weights):
    """A log density (chains,) over y (3, chains) whose curvature differs from place to place."""
    return -0.5 * weights[0] * (y[0] ** 2 + 4 * (y[1] - 0.3 * y[0] ** 2) ** 2 + jnp.cosh(y[2]))


ENGINE = sampler(bent, size=3, chains=6, leapfrogs=SHORT.leapfrogs)
FREE = np.array([True, True, False])
START = np.random.default_rng(0).standard_normal((3, 6))


class Killed(Exception):
    pass


def staged(folder, advance=lambda _: None, seed=5):
    saved = Checkpoints(folder, {"seed": seed})
    options = {"kept": SHORT.kept, "plan": SHORT, "saved": saved, "log": lambda _: None}
    return run_stage("all", replace(ENGINE, advance=advance), START, np.ones(1), FREE, seed, **options)


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


def test_every_coordinate_belongs_to_one_block(target):
    masks = blocks(target)
    assert np.array_equal(sum(m.astype(int) for m in masks.values()), np.ones(target.size))
    assert masks["trials"][target.index("naloxone_effect")]
    assert masks["supply"][target.index("supply_surge[0]")]
    assert masks["rest"][target.index("titration")]


def test_deaths_have_no_say_in_the_supply_stage(target):
    weights = dict(zip(target.prepared, without_deaths(target), strict=True))
    assert all(w == (0.0 if s.startswith("us.deaths") else 1.0) for s, w in weights.items())


def test_the_log_posterior_is_finite_far_from_its_mode(target):
    y = np.random.default_rng(0).standard_normal((target.size, 16))
    assert np.isfinite(np.asarray(target.log_posterior(jnp.asarray(y)))).all()


WORK = SHORT.work(free=2, kept=SHORT.kept)


# In the first round to the modes, between rounds, after the last curvature, and at each save of the sampling.
@pytest.mark.parametrize("limit", [1, 17, 20, 36, 38, 50, WORK - 11, WORK - 1])
def test_a_stage_that_was_stopped_goes_on_to_the_same_draws(tmp_path, limit):
    expected, expected_went = staged(tmp_path / "whole")
    with pytest.raises(Killed):
        staged(tmp_path / "stopped", killed_after(limit))
    drawn, went = staged(tmp_path / "stopped")
    assert np.array_equal(drawn, expected)
    assert went == expected_went
    assert np.array_equal(drawn[:, ~FREE], np.broadcast_to(START[~FREE], (SHORT.kept, 1, 6)))


@pytest.mark.parametrize("limit", [0, 20, WORK - 11])
def test_a_stage_reports_the_work_planned_stopped_or_not(tmp_path, limit):
    if limit:
        with pytest.raises(Killed):
            staged(tmp_path, killed_after(limit))
    told: list[int] = []
    staged(tmp_path, told.append)
    assert sum(told) == WORK


def test_a_stage_does_not_go_on_from_the_work_of_another_seed(tmp_path):
    expected, _ = staged(tmp_path / "alone", seed=6)
    staged(tmp_path / "both", seed=5)
    drawn, _ = staged(tmp_path / "both", seed=6)
    assert np.array_equal(drawn, expected)


@pytest.mark.slow
def test_a_quick_fit_stopped_half_way_goes_on_and_its_posterior_loads(tmp_path):
    out, told = tmp_path / "quick.nc", []
    first: list[str] = []

    def say(line):
        first.append(line)
        if line.startswith("for comparison"):
            raise Killed

    with pytest.raises(Killed):
        fit(seed=3, quick=True, out=out, log=say)
    before = load_posterior(out)
    said: list[str] = []
    path = fit(seed=3, quick=True, out=out, log=said.append, progress=told.append)
    posterior = load_posterior(path)
    assert posterior.draws == 16
    assert posterior.attributes["quick"] == 1
    assert posterior.hash == before.hash
    assert any(line.startswith("mode:") for line in first)
    assert not any(line.startswith("mode:") for line in said)
    assert any(line.startswith("going on from the work in") for line in said)
    assert any("for comparison" in line for line in said)
    assert np.isfinite(posterior.parameters()["titration"]).all()
    report = json.loads(posterior.attributes["report"])
    assert set(report["stages"]) == {"all data", "cut: supply", "cut: the rest"}
    assert 0 < report["effective_draws"]["lowest"] <= 16
    assert sum(told) == fit_size(quick=True)
    assert not (tmp_path / "quick.resume").exists()
