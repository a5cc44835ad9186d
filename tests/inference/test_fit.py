"""The fit runs end to end, and the problem it solves is the one described."""

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.inference.fit import blocks, fit, without_deaths
from contraflow.inference.posterior import load_posterior
from contraflow.inference.problem import problem


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


@pytest.mark.slow
def test_a_quick_fit_runs_through_all_stages_and_its_posterior_loads(tmp_path):
    said: list[str] = []
    path = fit(seed=3, quick=True, out=tmp_path / "quick.nc", log=said.append)
    posterior = load_posterior(path)
    assert posterior.draws == 16
    assert posterior.attributes["quick"] == 1
    assert any("for comparison" in line for line in said)
    assert np.isfinite(posterior.parameters()["titration"]).all()
