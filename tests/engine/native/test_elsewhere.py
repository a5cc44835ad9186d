"""The kernel where others call it: in NumPyro's sampler, and in processes that were spawned."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import Grid, assemble, boundary, flow, native, stock
from contraflow.engine.native.kernel import kernel

GRID = Grid(0.0, 24)


def decay():
    @flow("1/year", source="tank", destination="outside")
    def leaking(tank, hazard):
        """Leaking."""
        return hazard * tank

    tank = stock("1", initial="begin", doc="Water.", ledger="water")
    outside = boundary("1", ledger="water", doc="Outside.")
    return assemble({"tank": tank, "outside": outside, "leaking": leaking}, {"begin": "1", "hazard": "1/year"})


def levels(hazard):
    """Level of the tank by month under this hazard, on the kernel."""
    model = decay()
    kernel(model, ["tank"])  # says why, if it cannot run
    return native.simulate(model, {"begin": np.ones(1), "hazard": np.full(1, hazard)}, {}, GRID, ["tank"]).values[
        "tank"
    ]


def test_numpyro_samples_through_the_kernel_and_its_adjoint():
    numpyro = pytest.importorskip("numpyro")
    from numpyro import distributions
    from numpyro.infer import MCMC, NUTS

    run = native.simulator(decay(), ["tank"], GRID)
    observed = np.log(levels(0.7)[1:, 0]) + np.random.default_rng(0).normal(0, 0.1, 23)

    def believed():
        hazard = numpyro.sample("hazard", distributions.LogNormal(0.0, 1.0))
        tank = run({"begin": jnp.ones(1), "hazard": hazard[None]}, {})[0]["tank"][1:, 0]
        numpyro.sample("seen", distributions.Normal(jnp.log(tank), 0.1), obs=observed)

    sampler = MCMC(NUTS(believed), num_warmup=150, num_samples=300, num_chains=2, chain_method="vectorized",
                   progress_bar=False)  # fmt: skip
    sampler.run(jax.random.PRNGKey(1))
    found = np.asarray(sampler.get_samples()["hazard"])
    times = GRID.times[1:]
    mean, sd = -(times @ observed) / (times @ times), 0.1 / np.sqrt(times @ times)
    assert found.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(100))
    assert found.std() == pytest.approx(sd, rel=0.25)


@pytest.mark.slow
def test_spawned_processes_run_the_same_kernel():
    hazards = [0.2, 0.5, 1.0]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for hazard, found in zip(hazards, pool.map(levels, hazards), strict=True):
            assert np.array_equal(found, levels(hazard))
