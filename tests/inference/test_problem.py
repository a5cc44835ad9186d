"""Coordinates of the fitting problem and the posterior that they make: one pair of maps, there and back."""

import dataclasses

import numpy as np
import pytest

from contraflow.inference.likelihood import NO_MEMORY
from contraflow.inference.posterior import PROJECTION_END
from contraflow.inference.problem import problem
from contraflow.system.latents import LATENTS


@pytest.fixture(scope="module")
def target():
    return problem()


@pytest.fixture(scope="module")
def y(target):
    return np.random.default_rng(4).standard_normal((target.size, 8))


@pytest.mark.parametrize("rng", [None, np.random.default_rng(1)], ids=["fading", "drawn"])
def test_a_posterior_gives_back_the_coordinates_that_made_it(target, y, rng):
    assert target.coordinates(target.posterior(y, rng=rng)) == pytest.approx(y, abs=1e-9)


def test_a_posterior_has_the_values_that_the_likelihood_sees(target, y):
    made = target.posterior(y, {"seed": 7})
    values, latents, discrepancy = target.unpack(y)
    assert made.attributes["seed"] == 7 and made.draws == 8
    for name, value in made.parameters().items():
        assert value == pytest.approx(np.asarray(values[name])), name
    assert set(made.discrepancy) == set(target.prepared)
    for name, value in made.discrepancy.items():
        assert value == pytest.approx(np.stack(discrepancy[name])), name
    for name, path in made.latents(target.grid.step_times).items():
        assert path[: len(path) // 2] == pytest.approx(np.asarray(latents[name])[: len(path) // 2], abs=1e-9), name


def test_latents_fade_after_the_data_unless_their_future_is_drawn(target, y):
    fading, drawn = target.posterior(y), target.posterior(y, rng=np.random.default_rng(1))
    for name, count in target.innovations.items():
        knots = len(LATENTS[name].knots(PROJECTION_END))
        assert count < knots == len(fading.innovations[name]) == len(drawn.innovations[name])
        assert not fading.innovations[name][count:].any()
        assert drawn.innovations[name][count:].std() > 0.5
        assert np.array_equal(fading.innovations[name][:count], drawn.innovations[name][:count])


def test_what_a_posterior_does_not_hold_is_at_the_prior_median(target, y):
    made = target.posterior(y)
    rest = {n: v for n, v in made.coordinates.items() if n != "titration"}
    back = target.coordinates(dataclasses.replace(made, coordinates=rest, discrepancy={}))
    gone = np.array([n == "titration" or n.startswith(("discrepancy:", "memory:")) for n in target.names])
    assert not back[gone].any()
    assert np.allclose(back[~gone], y[~gone])


def test_what_lasts_in_a_driven_series_is_its_latent_driver_s(target, y):
    """No two autoregressions of one figure: the misses of a series that a latent driver moves have no memory."""
    named = {t.observable.driver for t in target.prepared.values()} - {None}
    assert named == set(LATENTS)
    driven = {s for s, t in target.prepared.items() if t.observable.driver}
    assert driven == {s for s in target.prepared if f"memory:{s}" not in target.names}
    values, latents, discrepancy = target.unpack(y)
    raw, _ = target.simulate(values, {**target.inputs, **latents})
    still, _ = target.simulate(values, {**target.inputs, **{n: np.zeros_like(x) for n, x in latents.items()}})
    for s, t in target.prepared.items():
        assert (np.asarray(discrepancy[s].memory) == NO_MEMORY).all() == (s in driven), s
        if s in driven:
            moved = np.asarray(t.expected(raw[t.observable.variable].reshape(-1, y.shape[1])))
            assert not np.allclose(
                moved, np.asarray(t.expected(still[t.observable.variable].reshape(-1, y.shape[1])))
            ), s


def test_data_may_end_before_a_latent_driver_begins():
    early = problem(2013.0)
    assert early.innovations["supply_surge"] == 0
    y = np.random.default_rng(2).standard_normal((early.size, 3))
    path = early.unpack(y)[1]["supply_surge"]
    assert np.all(np.asarray(path) == 0)
    assert path.shape == (len(early.grid.step_times), 3)
    np.testing.assert_allclose(early.coordinates(early.posterior(y)), y, atol=1e-12)
