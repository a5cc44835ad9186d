"""Loops knocked out: a knocked loop is open, and what the rest makes up for is told from what is lost."""

import zlib
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis.runs import Model
from contraflow.engine import loops
from contraflow.inference.likelihood import DISCREPANCY_MEDIAN, MEMORY_MEDIAN
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.inference.problem import problem
from contraflow.system import model_parameters, reference_model
from contraflow.system.latents import LATENTS
from contraflow.system.loops import LOOPS
from contraflow.validation import knock_outs

YEAR = 2020
DRAWS = 6


@pytest.fixture(scope="module")
def state():
    """Everything that the loops touch, at the beginning of ``YEAR``, by draws from the prior."""
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    coordinates = {n: np.random.default_rng(zlib.crc32(n.encode())).standard_normal(DRAWS) for n in names}
    innovations = {n: np.zeros((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    posterior, model = Posterior(coordinates, innovations, {}, {"seed": 1}), reference_model()
    routes = [name for id in knock_outs.KNOCK_OUTS for name in loops.path(model, LOOPS[id].waypoints)]
    touched = {*routes, *(i for name in routes for i in model.inputs_of(name))}
    record = sorted(n for n in touched if n in model.variables and model.variables[n].kind != "boundary")
    data = Model(posterior).run(draws=DRAWS, until=YEAR + 1, record=record).data.sel(time=YEAR, method="nearest")
    values = {n: data[n].values.reshape(model.shape(n, DRAWS)) for n in record}
    return {**posterior.parameters(), **values}


def test_every_loop_of_the_fit_is_knocked_out_or_says_why_not():
    core = {loop.id for loop in LOOPS.values() if not loop.extensions}
    assert core == {*knock_outs.KNOCK_OUTS, *knock_outs.NO_NULL}
    assert not set(knock_outs.KNOCK_OUTS) & set(knock_outs.NO_NULL)


@pytest.mark.parametrize("id", knock_outs.KNOCK_OUTS)
def test_a_loop_at_its_null_is_open(state, id):
    """At the null a link of the loop carries nothing that carries something as drawn."""
    model = reference_model()
    route = loops.path(model, LOOPS[id].waypoints)

    def still(nulls):
        values = state | {n: np.full(DRAWS, null) for n, null in nulls.items()}
        return {(k.cause, k.effect) for k in loops.links(model, route, values) if k.sign == "0"}

    assert still(knock_outs.KNOCK_OUTS[id]) - still({})


def by_series(**values):
    return {name: np.full(DRAWS, float(value)) for name, value in values.items()}


@pytest.mark.parametrize(
    ("as_drawn", "after", "expected"),
    [
        (-10, None, "fits worse, not refitted"),
        (-2, None, "fits alike"),
        (10, None, "fits better, not refitted"),
        (-10, [-9, -8, 5], "fits worse"),
        (-10, [-2, -1, -50], "made up for by the rest"),
        (-2, [-1, 0, 1], "fits alike"),
        (-10, [4, 5, 6], "fits better"),
    ],
)
def test_a_knock_out_is_judged_by_the_median_of_the_modes_or_as_drawn_where_none_were_sought(as_drawn, after, expected):
    assert knock_outs._standing(as_drawn, None if after is None else np.array(after)) == expected


def test_changes_are_told_by_the_median_and_the_series_that_move_most():
    whole, knocked = by_series(a=5, b=7, c=1), by_series(a=-15, b=17, c=1)
    knocked["a"] = knocked["a"] + np.array([-1000.0, 1000, 0, 0, 0, 0])  # single draws decide nothing
    told = knock_outs._compared(whole, knocked)
    assert told["log_likelihood"]["median"] == -10
    assert told["log_likelihood"]["q05"] < -10 < told["log_likelihood"]["q95"]
    assert told["series"] == {"a": -20, "b": 10}


@pytest.mark.parametrize("starts", [0, 2])
def test_every_loop_has_a_row_by_its_own_null(monkeypatch, starts):
    def likelihood(target, posterior, imposed):
        return by_series(deaths=-10 * (imposed in (knock_outs.KNOCK_OUTS["B3"], knock_outs.KNOCK_OUTS["R8"])))

    def modes(target, posterior, starts, progress):
        return {id: np.full(starts, -8.0 if id == "R8" else 0.0) for id in knock_outs.KNOCK_OUTS}

    monkeypatch.setattr(knock_outs, "problem", lambda: None)
    monkeypatch.setattr(knock_outs, "_by_series", likelihood)
    monkeypatch.setattr(knock_outs, "refitted", modes)
    found = knock_outs.knock_outs(Posterior({"x": np.zeros(DRAWS)}, {}, {}, {}), DRAWS, starts)
    rows = {row["id"]: row for row in found}
    assert list(rows) == [f"loop:{id}" for id in LOOPS]
    by = {v: {id for id in LOOPS if rows[f"loop:{id}"]["verdict"] == v} for v in {r["verdict"] for r in found}}
    lost = {"fits worse": {"R8"}, "made up for by the rest": {"B3"}} if starts else {
        "fits worse, not refitted": {"B3", "R8"}
    }  # fmt: skip
    assert by == lost | {
        "fits alike": {*knock_outs.KNOCK_OUTS} - {"B3", "R8"},
        "no null": {*knock_outs.NO_NULL},
        "not in the fit": {loop.id for loop in LOOPS.values() if loop.extensions},
    }
    assert rows["loop:R8"]["evidence"].get("refit") == (
        {"starts": 2, "median": -8.0, "least": -8.0, "most": -8.0} if starts else None
    )


def test_modes_of_a_normal_are_its_means_and_what_a_null_costs_is_what_the_rest_cannot_make_up_for(monkeypatch):
    """Three correlated coordinates, the third held: in closed form."""
    mean, covariance = np.array([0.4, -1.0, 0.3]), np.array([[1.0, 0.6, 0.2], [0.6, 0.8, 0.1], [0.2, 0.1, 0.5]])
    precision = np.linalg.inv(covariance)

    def log_density(y, weights):
        away = y - mean[:, None]
        return -0.5 * weights[0] * jnp.sum(away * (precision @ away), axis=0)

    draws = np.random.default_rng(2).multivariate_normal(mean, covariance, 300).T
    names = ("force_escalation_response", "rest", "treatment_mortality")  # the last is known from trials
    target = SimpleNamespace(
        names=names,
        index=names.index,
        parameters=("force_escalation_response", "treatment_mortality"),
        prepared={"series": None},
        log_density=log_density,
        coordinates=lambda posterior: draws[:, : posterior.draws],
    )
    monkeypatch.setattr(knock_outs, "KNOCK_OUTS", {"R8": {"force_escalation_response": 0.0}})
    posterior = Posterior({"x": np.zeros(300)}, {}, {}, {})
    (changed,) = knock_outs.refitted(target, posterior, starts=3).values()
    prior = evidence.load().parameters["force_escalation_response"].prior.arguments
    null = -prior["mean"] / prior["sd"]
    held = draws[2, :3]
    centre = mean[0] + covariance[0, 2] / covariance[2, 2] * (held - mean[2])
    spread = covariance[0, 0] - covariance[0, 2] ** 2 / covariance[2, 2]
    expected = -0.5 * (null - centre) ** 2 / spread + 0.5 * (null**2 - centre**2)
    np.testing.assert_allclose(changed, expected, atol=1e-3)
    as_drawn = -0.5 * (null - centre) ** 2 * precision[0, 0] + 0.5 * (null**2 - centre**2)
    assert (changed > as_drawn + 0.05).all(), "the rest made up for some of it"


@pytest.mark.slow
def test_a_null_imposed_changes_the_likelihood_of_what_it_moves_and_of_nothing_else():
    posterior = near_the_middle()
    target = problem()
    whole = knock_outs._by_series(target, posterior, {})
    drawn = posterior.parameters()["trace_effect"]
    same = knock_outs._by_series(target, posterior, {"trace_effect": float(drawn[0])})
    np.testing.assert_allclose([x[0] for x in same.values()], [x[0] for x in whole.values()], rtol=1e-9)
    moved = knock_outs._by_series(target, posterior, {"adulteration_quit_effect": 0.0})
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
