"""Tests of structure: a leak is seen, a knocked loop is open, and a claim that does not hold is told."""

import zlib

import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis.check import LEDGER_TOLERANCE
from contraflow.analysis.runs import Model
from contraflow.engine import loops
from contraflow.inference.likelihood import DISCREPANCY_MEDIAN, MEMORY_MEDIAN
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.inference.problem import problem
from contraflow.system import EXTENSIONS, model_parameters, reference_model
from contraflow.system.latents import LATENTS
from contraflow.system.loops import LOOPS
from contraflow.validation import barlas
from contraflow.validation.conditions import Runs

YEAR = 2020
DRAWS = 6


@pytest.fixture(scope="module")
def runs():
    return Runs({"base": {}})


@pytest.fixture(scope="module")
def state():
    """Everything that the loops touch, at the beginning of ``YEAR``, by draws from the prior."""
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    coordinates = {n: np.random.default_rng(zlib.crc32(n.encode())).standard_normal(DRAWS) for n in names}
    innovations = {n: np.zeros((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    posterior, model = Posterior(coordinates, innovations, {}, {"seed": 1}), reference_model()
    routes = [name for id in barlas.KNOCK_OUTS for name in loops.path(model, LOOPS[id].waypoints)]
    touched = {*routes, *(i for name in routes for i in model.inputs_of(name))}
    record = sorted(n for n in touched if n in model.variables and model.variables[n].kind != "boundary")
    data = Model(posterior).run(draws=DRAWS, until=YEAR + 1, record=record).data.sel(time=YEAR, method="nearest")
    values = {n: data[n].values.reshape(model.shape(n, DRAWS)) for n in record}
    return {**posterior.parameters(), **values}


def test_every_loop_of_the_fit_is_knocked_out_or_says_why_not():
    core = {loop.id for loop in LOOPS.values() if not loop.extensions}
    assert core == {*barlas.KNOCK_OUTS, *barlas.NO_NULL}
    assert not set(barlas.KNOCK_OUTS) & set(barlas.NO_NULL)


@pytest.mark.parametrize("id", barlas.KNOCK_OUTS)
def test_a_loop_at_its_null_is_open(state, id):
    """At the null a link of the loop carries nothing that carries something as drawn."""
    model = reference_model()
    route = loops.path(model, LOOPS[id].waypoints)

    def still(nulls):
        values = state | {n: np.full(DRAWS, null) for n, null in nulls.items()}
        return {(k.cause, k.effect) for k in loops.links(model, route, values) if k.sign == "0"}

    assert still(barlas.KNOCK_OUTS[id]) - still({})


def by_series(**values):
    return {name: np.full(DRAWS, float(value)) for name, value in values.items()}


@pytest.mark.parametrize(
    ("change", "expected"),
    [(-10, "fits worse, not refitted"), (-2, "fits alike"), (2, "fits alike"), (10, "fits better")],
)
def test_a_knock_out_is_judged_by_the_median_change_of_the_whole_likelihood(change, expected):
    whole, knocked = by_series(a=5, b=7, c=1), by_series(a=5 + 2 * change, b=7 - change, c=1)
    knocked["a"] = knocked["a"] + np.array([-1000.0, 1000, 0, 0, 0, 0])  # single draws decide nothing
    standing, told = barlas._compared(whole, knocked)
    assert standing == expected
    assert told["log_likelihood"]["median"] == change
    assert told["log_likelihood"]["q05"] < change < told["log_likelihood"]["q95"]
    assert told["series"] == {"a": 2 * change, "b": -change}


def test_every_loop_has_a_row_by_its_own_null(monkeypatch):
    def likelihood(target, posterior, imposed):
        return by_series(deaths=-10 * (imposed == barlas.KNOCK_OUTS["B3"]))

    monkeypatch.setattr(barlas, "problem", lambda: None)
    monkeypatch.setattr(barlas, "_by_series", likelihood)
    rows = {row["id"]: row for row in barlas.knock_outs(Posterior({"x": np.zeros(DRAWS)}, {}, {}, {}))}
    assert list(rows) == [f"loop:{id}" for id in LOOPS]
    verdicts = {id: rows[f"loop:{id}"]["verdict"] for id in LOOPS}
    assert {id for id, verdict in verdicts.items() if verdict == "fits worse, not refitted"} == {"B3"}
    assert {id for id, verdict in verdicts.items() if verdict == "fits alike"} == {*barlas.KNOCK_OUTS} - {"B3"}
    assert {id for id, verdict in verdicts.items() if verdict == "no null"} == {*barlas.NO_NULL}
    assert {id for id, verdict in verdicts.items() if verdict == "not in the fit"} == {
        loop.id for loop in LOOPS.values() if loop.extensions
    }


@pytest.mark.slow
def test_a_null_imposed_changes_the_likelihood_of_what_it_moves_and_of_nothing_else():
    posterior = near_the_middle()
    target = problem()
    whole = barlas._by_series(target, posterior, {})
    drawn = posterior.parameters()["trace_effect"]
    same = barlas._by_series(target, posterior, {"trace_effect": float(drawn[0])})
    np.testing.assert_allclose([x[0] for x in same.values()], [x[0] for x in whole.values()], rtol=1e-9)
    moved = barlas._by_series(target, posterior, {"adulteration_quit_effect": 0.0})
    changed = {name for name in whole if np.abs(moved[name] - whole[name]).max() > 1e-6}
    assert "us.deaths.synthetic_opioids.annual" in changed
    assert len(changed) < len(whole)


def near_the_middle():
    """Draws close to the middle of the priors, with every discrepancy at its median."""
    known, rng = evidence.load().parameters, np.random.default_rng(4)
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    innovations = {n: np.zeros((len(x.knots(PROJECTION_END)), 2)) for n, x in LATENTS.items()}
    discrepancy = {s: np.array([[DISCREPANCY_MEDIAN] * 2, [MEMORY_MEDIAN] * 2]) for s in problem().prepared}
    return Posterior({n: 0.2 * rng.standard_normal(2) for n in names}, innovations, discrepancy, {})


def test_ledgers_close_and_a_leak_planted_in_each_is_seen(runs):
    run = runs["base"]
    assert all(row["verdict"] == barlas.HOLDS for row in barlas.conservation(run))
    seen = barlas.planted(run.model, run.trajectory)
    assert {"people", "drugs", "rifles", "dollars", "naloxone kits"} <= set(seen)
    assert min(seen.values()) > 100 * LEDGER_TOLERANCE


def test_a_claim_that_does_not_hold_fails_its_row(monkeypatch, runs):
    def broken(given):
        """Killings never end."""
        yield True
        yield bool((given["base"].yearly("mx_homicides", YEAR) < 0).all())

    monkeypatch.setattr(barlas, "CHECKS", {"broken": broken})
    (row,) = barlas.extremes(runs, sweep=False)
    assert row["verdict"] == barlas.FAILS
    assert row["evidence"] == {"claim": "Killings never end.", "claims": 2, "held": 1}


def test_all_extensions_are_on(runs):
    assert runs["base"].model.extensions == frozenset(EXTENSIONS)
