"""The kernel stands in for the reference: closed forms, calls under jit, gradients, failures and fallbacks."""

import logging
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import (
    Grid,
    ModelError,
    NonFiniteError,
    assemble,
    auxiliary,
    boundary,
    delay,
    flow,
    native,
    series,
    simulate,
    simulator,
    stock,
)
from contraflow.engine.native import calls, kernel

DRAWS = 5


def tank_model(effect=lambda x: jnp.exp(-x)):
    """A tank filled from outside and emptied at a hazard, and the delayed perception of an effect of its level."""

    @flow("1/year", source="outside", destination="tank")
    def filling(supply):
        """Filling."""
        return supply

    @flow("1/year", source="tank", destination="outside")
    def leaking(tank, hazard):
        """Leaking."""
        return hazard * tank

    @auxiliary("1")
    def pressure(tank, ceiling):
        """An effect of the level."""
        return effect(tank / ceiling)

    @auxiliary("1")
    def ceiling(height):
        """A constant of each draw."""
        return 2 * height

    declared = {
        "tank": stock("1", initial="begin", doc="Water.", ledger="water"),
        "outside": boundary("1", ledger="water", doc="Outside."),
        "supply": series("1/year", role="driver", doc="Supply."),
        "filling": filling,
        "leaking": leaking,
        "pressure": pressure,
        "ceiling": ceiling,
        **delay("1", of="pressure", time="lag", initial="pressure", order=3, name="felt", doc="What is felt."),
    }
    return assemble(declared, {"begin": "1", "hazard": "1/year", "height": "1", "lag": "year"})


RECORD = ["tank", "felt", "leaking", "pressure", "ceiling", "supply"]
GRID = Grid(2000, 30, substeps=3)


def given(grid=GRID, draws=DRAWS, own=True):
    rng = np.random.default_rng(3)
    steps = grid.periods * grid.substeps
    parameters = {"begin": rng.uniform(1, 2, draws), "hazard": rng.uniform(0.1, 1, draws), "height": 1.5, "lag": [0.4]}
    return parameters, {"supply": rng.uniform(0, 2, (steps, draws) if own else steps)}


def same(found, expected, rel=1e-12):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=rel, atol=rel, err_msg=name)
    return True


def total(run):
    def f(parameters, inputs):
        values, final = run(parameters, inputs)
        return sum(jnp.sum(jnp.sin(v)) for v in [*values.values(), *final.values()])

    return f


@pytest.mark.parametrize("draws", [1, 2, 8, 9, 33])
@pytest.mark.parametrize("own", [True, False])
def test_any_number_of_draws_gives_what_the_reference_gives(draws, own):
    model, (parameters, inputs) = tank_model(), given(draws=draws, own=own)
    expected = simulate(model, parameters, inputs, GRID, RECORD)
    found = native.simulate(model, parameters, inputs, GRID, RECORD)
    assert same(found.values, expected.values) and same(found.final, expected.final)


def test_a_model_without_parameters_takes_its_draws_from_its_inputs():
    @auxiliary("1")
    def twice(x):
        """Twice."""
        return 2 * x

    model = assemble({"x": series("1", role="driver", doc="An input."), "twice": twice}, {})
    x = np.random.default_rng(1).normal(size=(6, 21))
    run = native.simulate(model, {}, {"x": x}, Grid(2000, 6, substeps=1), ["twice"])
    assert (run.values["twice"] == 2 * x).all()
    simulated = native.simulator(model, ["twice"], Grid(2000, 6, substeps=1))
    assert (jax.grad(lambda x: simulated({}, {"x": x})[0]["twice"].sum())(jnp.asarray(x)) == 2).all()


def test_decay_is_exactly_the_compound_product():
    model, grid = tank_model(), Grid(2000, 12, substeps=4)
    parameters = {"begin": np.array([100.0]), "hazard": np.array([0.8]), "height": 1.0, "lag": 1.0}
    run = native.simulate(model, parameters, {"supply": np.zeros(48)}, grid, ["tank", "leaking"])
    h = 0.8 / 48
    expected = 100 * (1 - h + h**2 / 2) ** (4 * np.arange(13))
    assert run.values["tank"][:, 0] == pytest.approx(expected[:-1], rel=1e-13)
    assert run.final["tank"][0] == pytest.approx(expected[-1], rel=1e-13)
    assert run.values["leaking"][:, 0] == pytest.approx(-12 * np.diff(expected), rel=1e-10)


def test_single_precision_agrees_to_five_digits_and_its_gradient_to_four():
    model, (parameters, inputs) = tank_model(), given()
    expected = simulate(model, parameters, inputs, GRID, RECORD)
    assert same(native.simulate(model, parameters, inputs, GRID, RECORD, single=True).values, expected.values, 1e-5)
    double, single = (
        jax.grad(total(native.simulator(model, RECORD, GRID, single=s)), argnums=(0, 1))(
            {k: jnp.asarray(v) for k, v in parameters.items()}, inputs
        )
        for s in (False, True)
    )
    for found, slopes in zip(single, double, strict=True):
        for name, slope in slopes.items():
            np.testing.assert_allclose(found[name], slope, atol=1e-4 * np.max(np.abs(slope)), err_msg=name)


def test_under_jit_it_is_the_reference_and_so_is_its_gradient():
    model, (parameters, inputs) = tank_model(), given()
    parameters = {k: jnp.asarray(v) for k, v in parameters.items()}
    found, expected = (
        jax.jit(jax.value_and_grad(total(f(model, RECORD, GRID)), argnums=(0, 1)))(parameters, inputs)
        for f in (native.simulator, simulator)
    )
    assert float(found[0]) == pytest.approx(float(expected[0]), rel=1e-12)
    assert same(found[1][0], expected[1][0], 1e-9) and same(found[1][1], expected[1][1], 1e-9)


def test_it_maps_over_a_further_axis():
    model, (parameters, inputs) = tank_model(), given()
    run = native.simulator(model, RECORD, GRID)
    hazards = jnp.stack([jnp.asarray(parameters["hazard"]) * k for k in (1.0, 2.0)])
    both, _ = jax.jit(jax.vmap(lambda h: run({**parameters, "hazard": h}, inputs)))(hazards)
    for k in range(2):
        one, _ = run({**parameters, "hazard": hazards[k]}, inputs)
        assert same({n: v[k] for n, v in both.items()}, one)


CHAINS = 6


def of_one_chain(simulated, shared):
    """A function of one vector that runs one draw, as a sampler sees a chain, and places to evaluate it at."""
    run = simulated(tank_model(), RECORD, GRID)

    def f(y):
        scales = {"begin": jnp.exp(y[:1]), "hazard": jnp.exp(y[1:2] - 1), "height": jnp.exp(y[2]), "lag": 0.4}
        supply = jnp.exp(y[3:])
        return total(run)(scales, {"supply": supply if shared else supply[:, None]})

    return f, jnp.asarray(np.random.default_rng(0).normal(scale=0.3, size=(CHAINS, 3 + 90)))


def calls_in(function, *arguments):
    """Calls of a kernel that the traced function makes, wherever they are nested."""
    return str(jax.make_jaxpr(function)(*arguments)).count("ffi_call[")


@pytest.mark.parametrize("shared", [True, False])
def test_mapped_chains_are_lanes_of_one_call_and_have_their_own_gradients(shared):
    f, y = of_one_chain(native.simulator, shared)
    reference, _ = of_one_chain(simulator, shared)
    expected = [jax.value_and_grad(reference)(one) for one in y]
    values, gradients = (np.stack(part) for part in zip(*expected, strict=True))
    mapped = jax.vmap(jax.value_and_grad(f))
    assert calls_in(mapped, y) == 2
    for found in (mapped(y), jax.jit(mapped)(y)):
        np.testing.assert_allclose(found[0], values, rtol=1e-12)
        np.testing.assert_allclose(found[1], gradients, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(jax.grad(lambda y: jax.vmap(f)(y).sum())(y), gradients, rtol=1e-9, atol=1e-11)
    twice = jax.vmap(jax.vmap(jax.grad(f)))
    assert calls_in(twice, y.reshape(2, 3, -1)) == 2
    np.testing.assert_allclose(twice(y.reshape(2, 3, -1)).reshape(y.shape), gradients, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shared", [True, False])
def test_chains_that_stop_at_different_times_are_lanes_too(shared):
    f, y = of_one_chain(native.simulator, shared)

    def descend(y, steps):
        def body(carry):
            k, y, trail = carry
            value, slope = jax.value_and_grad(f)(y)
            return k + 1, y - 1e-3 * slope, trail + value

        k, y, trail = jax.lax.while_loop(lambda carry: carry[0] < steps, body, (0, y, 0.0))
        (y, last), _ = jax.lax.scan(lambda c, _: ((c[0] - 1e-3 * jax.grad(f)(c[0]), f(c[0])), None), (y, 0.0), length=2)
        return y, trail, last

    steps = jnp.arange(CHAINS)
    expected = [descend(*one) for one in zip(y, steps, strict=True)]
    mapped = jax.vmap(descend)
    assert calls_in(mapped, y, steps) == calls_in(descend, y[0], 1)
    found = jax.jit(mapped)(y, steps)
    for part, ones in zip(found, zip(*expected, strict=True), strict=True):
        np.testing.assert_allclose(part, np.stack(ones), rtol=1e-12)


@pytest.mark.parametrize(("allowed", "span"), [(0, 9), (40 * 2 * 4 * 128, 40)], ids=["least", "not a divisor"])
def test_running_stretches_again_to_save_memory_changes_nothing(monkeypatch, allowed, span):
    model, (parameters, inputs) = tank_model(), given()

    def gradient():
        run = native.simulator(model, RECORD, GRID)
        return jax.jit(jax.grad(total(run), argnums=(0, 1)))({k: jnp.asarray(v) for k, v in parameters.items()}, inputs)

    whole = gradient()
    monkeypatch.setattr(kernel, "TAPE_BYTES", allowed)
    assert kernel._span(90, 4) == span
    pieces = gradient()
    assert same(pieces[0], whole[0]) and same(pieces[1], whole[1])


@pytest.mark.parametrize("alone", [True, False])
def test_the_gradient_of_an_input_shared_by_draws_is_the_sum_over_them(alone):
    model, (parameters, inputs) = tank_model(), given(own=False)
    parameters = {k: jnp.asarray(v) for k, v in parameters.items()}
    of = (1,) if alone else (0, 1)
    found, expected = (
        jax.grad(total(f(model, RECORD, GRID)), argnums=of)(parameters, inputs) for f in (native.simulator, simulator)
    )
    assert all(same(a, b, 1e-9) for a, b in zip(found, expected, strict=True))


def test_a_number_that_is_not_finite_is_reported_as_the_reference_reports_it():
    model, (parameters, inputs) = tank_model(lambda x: jnp.log(x - 0.6)), given()
    errors = []
    for run in (simulate, native.simulate):
        with pytest.raises(NonFiniteError) as caught:
            run(model, parameters, inputs, GRID, RECORD)
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert errors[0].parameters == errors[1].parameters


@pytest.mark.parametrize("missing", ["supply", "hazard"])
def test_a_missing_value_is_named(missing):
    parameters, inputs = given()
    without = [{k: v for k, v in d.items() if k != missing} for d in (parameters, inputs)]
    with pytest.raises(ModelError, match=f"no value given for {missing}"):
        native.simulate(tank_model(), *without, GRID, RECORD)


def test_an_input_of_the_wrong_length_is_named():
    parameters, _ = given()
    with pytest.raises(ModelError, match="the input supply has shape"):
        native.simulate(tank_model(), parameters, {"supply": np.zeros(7)}, GRID, RECORD)


def test_an_unknown_name_to_record_is_named():
    with pytest.raises(ModelError, match="did you mean 'tank'"):
        native.simulate(tank_model(), *given(), GRID, ["tanc"])


@pytest.mark.parametrize(
    "effect", [jnp.sin, jax.jit(jnp.cos), lambda x: jnp.floor(x) + x], ids=["sine", "nested", "floor"]
)
def test_an_operation_outside_the_kernel_is_named_with_its_variable_and_the_reference_runs(effect, caplog):
    model, (parameters, inputs) = tank_model(effect), given()
    with pytest.raises(native.UnsupportedError, match=r"^pressure: the native kernel has no '(sin|cos|floor)'"):
        kernel.kernel(model, tuple(RECORD))
    calls._notice.cache_clear()
    with caplog.at_level(logging.WARNING):
        found = [native.simulate(model, parameters, inputs, GRID, RECORD) for _ in range(2)]
        run, _ = jax.jit(native.simulator(model, RECORD, GRID))(parameters, inputs)
    (notice,) = caplog.messages
    assert notice.startswith("the reference simulator runs instead of the native kernel: pressure")
    expected = simulate(model, parameters, inputs, GRID, RECORD).values
    assert same(found[1].values, expected) and same(run, expected)


def test_threads_may_call_at_once():
    model, grid = tank_model(), Grid(2000, 240)
    many = [given(grid, draws) for draws in range(1, 9)]
    alone = [native.simulate(model, *x, grid, RECORD).values for x in many]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda x: native.simulate(model, *x, grid, RECORD).values, many))
    assert all((a[n] == b[n]).all() for a, b in zip(alone, together, strict=True) for n in RECORD)
