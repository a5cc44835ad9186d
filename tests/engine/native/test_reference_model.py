"""The reference model on the kernel: every variable under every shipped scenario, prior medians and a few draws."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis.decomposition import CAUSES, FROZEN_FROM, OUTCOME, elements, freezable
from contraflow.engine import Grid, native, simulate, simulator
from contraflow.engine.native.kernel import kernel
from contraflow.inference import priors
from contraflow.policy import Scenario
from contraflow.policy.inputs import build_inputs
from contraflow.system import model_parameters, reference_model
from contraflow.system.latents import LATENTS

DRAWS = 4
GRID = Grid(2000.0, 36 * 12)


@pytest.fixture(scope="module")
def drawn():
    known = evidence.load().parameters
    parameters = {}
    for name in model_parameters():
        random = np.random.default_rng(zlib.crc32(name.encode()))
        y = np.concatenate([[0.0], random.standard_normal(DRAWS - 1)])
        parameters[name] = np.asarray(priors.value(known[name].prior, jnp.asarray(y)))
    random = np.random.default_rng(5)
    steps = GRID.periods * GRID.substeps
    latents = {n: np.cumsum(random.normal(scale=0.01, size=(steps, DRAWS)), axis=0) for n in LATENTS}
    return parameters, latents


@pytest.mark.slow
@pytest.mark.parametrize("name", Scenario.shipped())
def test_every_variable_agrees_with_the_reference(name, drawn):
    scenario = Scenario.load(name)
    model = reference_model(scenario.extensions)
    parameters, latents = drawn
    arguments = parameters, build_inputs(GRID, scenario, latents)
    record = [v.name for v in model.variables.values() if v.kind != "boundary"]
    expected = simulate(model, *arguments, GRID, record)
    kernel(model, record)  # says why, if the kernel cannot run it
    found = native.simulate(model, *arguments, GRID, record)
    assert found.values.keys() == expected.values.keys()
    for kind in ("values", "final"):
        for name, value in getattr(expected, kind).items():
            # Logarithms of ratios pass through zero, where only their error against their range means something.
            scale = np.max(np.abs(expected.values[name]))
            np.testing.assert_allclose(getattr(found, kind)[name], value, rtol=1e-9, atol=1e-12 * scale, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", Scenario.shipped())
def test_single_precision_keeps_five_digits_of_every_variable(name, drawn):
    scenario = Scenario.load(name)
    model = reference_model(scenario.extensions)
    arguments = drawn[0], build_inputs(GRID, scenario, drawn[1])
    record = [v.name for v in model.variables.values() if v.kind != "boundary"]
    expected = native.simulate(model, *arguments, GRID, record)
    kernel(model, record, single=True)
    found = native.simulate(model, *arguments, GRID, record, single=True)
    assert not np.array_equal(found.values["us_opioid_deaths"], expected.values["us_opioid_deaths"])
    for kind in ("values", "final"):
        ours = getattr(found, kind)
        for name, value in getattr(expected, kind).items():
            # Against the largest magnitude in the draw's own run: what passes through zero has no digits there.
            run = expected.values[name].reshape(GRID.periods, -1, DRAWS)
            scale = np.max(np.abs(run), axis=(0, 1))
            assert np.all(np.abs(ours[name] - value) <= 1e-5 * scale), name


RECORD = ["us_opioid_deaths", "mx_homicides", "mexico_inventory", "mx_cartel_members"]


def score(run, inputs):
    """A number of all that is recorded, from the logarithms of changes to the parameters."""

    def f(parameters, changes):
        changed = {n: v * jnp.exp(changes[n]) if n in changes else v for n, v in parameters.items()}
        values, _ = run(changed, inputs)
        return sum(jnp.sum(jnp.log1p(jnp.abs(v))) for v in values.values())

    return jax.jit(jax.value_and_grad(f, argnums=1))


@pytest.mark.slow
def test_the_gradient_is_the_references_and_that_of_finite_differences(drawn):
    grid = Grid(2010.0, 4)
    parameters = {n: jnp.asarray(v[:2]) for n, v in drawn[0].items()}
    latents = {n: v[: grid.periods * grid.substeps, :2] for n, v in drawn[1].items()}
    model = reference_model()
    inputs = build_inputs(grid, None, latents)
    zero = {n: jnp.zeros(2) for n in parameters}
    kernel(model, RECORD, gradient=True)
    run = score(native.simulator(model, RECORD, grid), inputs)
    value, found = run(parameters, zero)
    _, expected = score(simulator(model, RECORD, grid, checkpoint=True), inputs)(parameters, zero)
    largest = max(float(jnp.max(jnp.abs(v))) for v in expected.values())
    for name, slope in expected.items():
        np.testing.assert_allclose(found[name], slope, rtol=1e-7, atol=1e-9 * largest, err_msg=name)
    random = np.random.default_rng(1)
    for _ in range(5):
        way = {n: jnp.asarray(random.normal(size=2)) for n in parameters}
        ahead, behind = (run(parameters, {n: h * d for n, d in way.items()})[0] for h in (1e-6, -1e-6))
        slope = sum(float(jnp.sum(found[n] * way[n])) for n in way)
        assert float(ahead - behind) / 2e-6 == pytest.approx(slope, rel=1e-5, abs=1e-5 * largest)


def test_the_model_with_frozen_causes_has_a_kernel_of_the_same_numbers(drawn):
    grid = Grid(2000.0, 24 * 12)
    parameters = dict(drawn[0])
    inputs = build_inputs(grid, None, {n: v[: grid.periods * grid.substeps] for n, v in drawn[1].items()})
    plain = native.simulate(reference_model(), parameters, inputs, grid, [OUTCOME]).values[OUTCOME]
    model = freezable(reference_model())
    parameters |= {f"freeze_{c.id}": np.zeros(DRAWS) for c in CAUSES}
    parameters |= {e: np.ones(DRAWS) for c in CAUSES for n in c.variables for e in elements(model, n)}
    kernel(model, [OUTCOME])  # says why, if the kernel cannot run it
    np.testing.assert_allclose(native.simulate(model, parameters, inputs, grid, [OUTCOME]).values[OUTCOME], plain)
    parameters["freeze_people"] = np.ones(DRAWS)
    frozen = native.simulate(model, parameters, inputs, grid, [OUTCOME]).values[OUTCOME]
    held = round((FROZEN_FROM - grid.start) * 12)
    assert np.allclose(frozen[:held], plain[:held]) and not np.isclose(frozen[held:], plain[held:]).any()
