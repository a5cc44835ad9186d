"""Tests of structure: a leak is seen, a knocked loop is open, and a claim that does not hold is told."""

import zlib

import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis.check import LEDGER_TOLERANCE
from contraflow.analysis.runs import Model
from contraflow.engine import loops
from contraflow.inference.posterior import PROJECTION_END, Posterior
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
