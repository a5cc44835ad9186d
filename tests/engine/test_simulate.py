"""What a run records, how inputs enter it, and how it fails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import (
    Axis,
    Grid,
    ModelError,
    NonFiniteError,
    assemble,
    auxiliary,
    boundary,
    flow,
    series,
    simulate,
    simulator,
    stock,
)

AGE = Axis("age", ("young", "old"), -2)


def filling_model():
    """A tank filled at a rate given from outside and emptied at a hazard."""
    tank = stock("m3", initial="level_at_start", doc="Water.", ledger="water")
    outside = boundary("m3", ledger="water", doc="Outside.")
    supply = series("m3/year", role="driver", doc="Supply.")

    @flow("m3/year", source="outside", destination="tank")
    def filling(supply):
        """Filling."""
        return supply

    @flow("m3/year", source="tank", destination="outside")
    def leaking(tank, hazard):
        """Leaking."""
        return hazard * tank

    @auxiliary("1/year")
    def twice(hazard):
        """A constant of each draw."""
        return 2 * hazard

    named = {"tank": tank, "outside": outside, "supply": supply, "filling": filling, "leaking": leaking}
    return assemble({**named, "twice": twice}, {"level_at_start": "m3", "hazard": "1/year"})


def still(**changes):
    return {"level_at_start": np.array([3.0]), "hazard": np.array([0.0]), **changes}


def steps(grid, value=0.0):
    return np.full(grid.periods * grid.substeps, value)


def test_stocks_are_recorded_at_the_start_of_a_period_and_flows_as_its_mean():
    grid = Grid(2000, 3, substeps=4)
    supply = np.arange(12.0)
    run = simulate(filling_model(), still(), {"supply": supply}, grid, ["tank", "filling"])
    mean = supply.reshape(3, 4).mean(axis=1)
    assert run.values["filling"][:, 0] == pytest.approx(mean)
    assert run.values["tank"][:, 0] == pytest.approx(3 + np.concatenate([[0], np.cumsum(mean)[:2]]) / 12)
    assert run.final["tank"][0] == pytest.approx(3 + mean.sum() / 12)


def test_constants_and_inputs_can_be_recorded_like_any_variable():
    grid = Grid(2000, 3, substeps=2)
    run = simulate(
        filling_model(), still(hazard=np.array([0.25])), {"supply": np.arange(6.0)}, grid, ["twice", "supply"]
    )
    assert run.values["twice"][:, 0] == pytest.approx(0.5)
    assert run.values["supply"][:, 0] == pytest.approx([0.5, 2.5, 4.5])


def test_the_grid_samples_inputs_in_the_middle_of_each_step():
    grid = Grid(2000, 24, per_year=12, substeps=4)
    assert grid.step == pytest.approx(1 / 48)
    assert grid.times[:13:12] == pytest.approx([2000, 2001])
    assert grid.step_times[:2] == pytest.approx([2000 + 0.5 / 48, 2000 + 1.5 / 48])
    assert len(grid.step_times) == 96


def test_sub_steps_change_nothing_when_rates_are_constant_and_refine_when_they_are_not():
    model = filling_model()
    ends = []
    for substeps in (1, 8):
        grid = Grid(2000, 12, substeps=substeps)
        ends.append(simulate(model, still(), {"supply": steps(grid, 5.0)}, grid, []).final["tank"][0])
    assert ends == pytest.approx([8.0, 8.0], rel=1e-14)
    errors = []
    for substeps in (1, 8):
        grid = Grid(2000, 12, substeps=substeps)
        end = simulate(model, still(hazard=np.array([1.0])), {"supply": steps(grid)}, grid, []).final["tank"][0]
        errors.append(abs(end - 3 * np.exp(-1)))
    assert errors[1] < errors[0] / 6


def test_an_input_shared_by_all_draws_equals_the_same_input_given_to_each():
    grid = Grid(2000, 6, substeps=4)
    parameters = {"level_at_start": np.array([1.0, 2.0, 3.0]), "hazard": np.array([0.1, 0.5, 1.0])}
    supply = np.linspace(0, 4, 24)
    shared = simulate(filling_model(), parameters, {"supply": supply}, grid, ["tank"])
    each = simulate(filling_model(), parameters, {"supply": np.repeat(supply[:, None], 3, axis=1)}, grid, ["tank"])
    assert (shared.values["tank"] == each.values["tank"]).all()


def test_inputs_by_draw_alone_make_an_ensemble():
    grid = Grid(2000, 6, substeps=4)
    supply = np.repeat(np.array([[0.0, 12.0, 24.0]]), 24, axis=0)
    run = simulate(filling_model(), {"level_at_start": 1.0, "hazard": 0.0}, {"supply": supply}, grid, ["tank"])
    assert run.values["tank"].shape == (6, 3)
    assert run.final["tank"] == pytest.approx([1.0, 7.0, 13.0])


def test_a_stock_that_starts_from_an_input_takes_its_first_value():
    tank = stock("m3", initial="room", doc="Water.", ledger="water")
    outside = boundary("m3", ledger="water", doc="Outside.")
    size = series("m3", role="driver", doc="Size.")

    @auxiliary("m3")
    def room(size):
        """Room."""
        return 2 * size

    @flow("m3/year", source="outside", destination="tank")
    def filling(hazard, size):
        """Filling."""
        return hazard * size

    named = {"tank": tank, "outside": outside, "size": size, "room": room, "filling": filling}
    grid = Grid(2000, 2, substeps=4)
    run = simulate(
        assemble(named, {"hazard": "1/year"}), {"hazard": 0.0}, {"size": np.arange(7.0, 15.0)}, grid, ["tank"]
    )
    assert run.values["tank"][0, 0] == 14.0


def test_two_runs_are_bitwise_equal():
    grid = Grid(2000, 24, substeps=4)
    parameters = {"level_at_start": np.array([1.0, 2.0]), "hazard": np.array([0.7, 0.3])}
    inputs = {"supply": np.sin(grid.step_times) + 2}
    one, two = (simulate(filling_model(), parameters, inputs, grid, ["tank", "leaking"]) for _ in range(2))
    assert all((one.values[k] == two.values[k]).all() for k in one.values)
    assert (one.final["tank"] == two.final["tank"]).all()


def aging_model():
    people = stock("person", initial="people_at_start", doc="People.", dims=("age",), ledger="people")
    outside = boundary("person", ledger="people", doc="Outside.")

    @auxiliary("1/year", dims=("age",))
    def hazard(base, people, people_at_start):
        """Hazard by age, rising with crowding."""
        crowding = jnp.tanh(AGE.total(people) / people_at_start)
        return AGE.stack(young=base, old=3 * base) * jnp.exp(crowding)

    @flow("person/year", source="people", destination="outside", dims=("age",))
    def deaths(people, hazard):
        """Deaths."""
        return people * hazard

    named = {"people": people, "outside": outside, "hazard": hazard, "deaths": deaths}
    return assemble(named, {"people_at_start": "person", "base": "1/year"}, axes=[AGE])


@pytest.mark.parametrize("draws", [2, 7, 33])
def test_a_draw_alone_equals_the_same_draw_in_an_ensemble(draws):
    rng = np.random.default_rng(1)
    parameters = {"people_at_start": rng.uniform(50, 150, draws), "base": rng.uniform(0.1, 0.4, draws)}
    model, grid = aging_model(), Grid(2000, 24, substeps=4)
    together = simulate(model, parameters, {}, grid, ["people", "deaths"])
    for k in (0, draws - 1):
        alone = simulate(model, {n: v[k : k + 1] for n, v in parameters.items()}, {}, grid, ["people", "deaths"])
        for name in ("people", "deaths"):
            assert alone.values[name][..., 0] == pytest.approx(together.values[name][..., k], rel=1e-12, abs=0)


def test_arrays_carry_time_first_and_draws_last():
    parameters = {"people_at_start": np.full(5, 100.0), "base": np.full(5, 0.1)}
    run = simulate(aging_model(), parameters, {}, Grid(2000, 3, substeps=4), ["people", "hazard"])
    assert run.values["people"].shape == (3, 2, 5) == run.values["hazard"].shape
    assert run.final["people"].shape == (2, 5)


def test_the_gradient_through_a_run_agrees_with_a_difference_quotient():
    grid = Grid(2000, 12, substeps=4)
    run = simulator(aging_model(), ["deaths"], grid, checkpoint=True)

    def total(base):
        values, _ = run({"people_at_start": jnp.array([100.0]), "base": base}, {})
        return jnp.sum(values["deaths"])

    base, small = jnp.array([0.3]), 1e-6
    quotient = (total(base + small) - total(base - small)) / (2 * small)
    assert float(jax.grad(total)(base)[0]) == pytest.approx(float(quotient), rel=1e-6)


def breaking_model():
    """A variable that stops being a number when its driver passes a limit."""
    tank = stock("m3", initial=1.0, doc="Water.", ledger="water")
    outside = boundary("m3", ledger="water", doc="Outside.")
    load = series("1", role="driver", doc="Load.")

    @auxiliary("1")
    def early(tank, outflow_rate):
        """Reads the tank, and comes before the culprit in the order of evaluation."""
        return tank / tank * outflow_rate / outflow_rate

    @auxiliary("1")
    def strength(load, limit):
        """The culprit."""
        return jnp.log(limit - load)

    @flow("m3/year", source="tank", destination="outside")
    def outflow(tank, outflow_rate, strength):
        """Outflow."""
        return tank * outflow_rate * strength

    named = {"tank": tank, "outside": outside, "load": load, "early": early, "strength": strength, "outflow": outflow}
    return assemble(named, {"limit": "1", "outflow_rate": "1/year"})


def failure_of(parameters, load, record=("tank",), periods=6):
    grid = Grid(2000, periods, substeps=4)
    with pytest.raises(NonFiniteError) as failure:
        simulate(breaking_model(), parameters, {"load": load(grid)}, grid, list(record))
    return failure.value


def rising(grid):
    return np.linspace(0, 1, grid.periods * grid.substeps)


def test_a_failure_names_the_variable_the_date_the_draw_and_its_parameters():
    parameters = {"limit": np.array([2.0, 0.5, 0.9]), "outflow_rate": np.array([0.1, 0.2, 0.3])}
    error = failure_of(parameters, rising)
    first = Grid(2000, 6, substeps=4).start + np.argmax(rising(Grid(2000, 6, substeps=4)) >= 0.5) / 48
    assert (error.variable, error.draw) == ("strength", 1)
    assert error.time == pytest.approx(first)
    assert error.parameters == {"limit": 0.5, "outflow_rate": 0.2}
    assert str(error) == "strength is not a finite number in 2000-04, draw 1"


def test_a_failure_in_the_last_step_is_still_caught_and_named():
    error = failure_of({"limit": np.array([1.0]), "outflow_rate": np.array([0.1])}, rising)
    assert error.variable == "strength"
    assert str(error).startswith("strength is not a finite number in 2000-06")


def test_a_failing_input_is_named_rather_than_what_it_spoils():
    def broken(grid):
        load = rising(grid)
        load[9] = np.nan
        return load

    error = failure_of({"limit": np.array([5.0]), "outflow_rate": np.array([0.1])}, broken)
    assert error.variable == "load"
    assert "2000-03" in str(error)


def test_a_failing_constant_of_a_draw_is_named():
    model = filling_model()
    grid = Grid(2000, 2, substeps=4)
    parameters = still(hazard=np.array([0.1, np.inf]), level_at_start=np.ones(2))
    with pytest.raises(NonFiniteError) as failure:
        simulate(model, parameters, {"supply": steps(grid)}, grid, ["tank"])
    assert (failure.value.variable, failure.value.draw) == ("twice", 1)
    assert failure.value.parameters == {"level_at_start": 1.0, "hazard": np.inf}


def test_a_stock_that_overflows_is_named():
    grid = Grid(2000, 12, substeps=4)
    with pytest.raises(NonFiniteError) as failure:
        simulate(filling_model(), still(hazard=np.array([-1e12])), {"supply": steps(grid)}, grid, ["twice"])
    assert failure.value.variable in ("tank", "leaking")


@pytest.mark.parametrize(
    ("parameters", "supply", "says"),
    [
        ({"level_at_start": np.ones(1)}, np.zeros(8), "no value given for hazard"),
        ({"level_at_start": np.ones(1), "hazard": np.ones(1)}, None, "no value given for supply"),
        ({"level_at_start": np.ones(1), "hazard": np.ones(1)}, np.zeros(7), r"input supply has shape \(7,\).*\(8,\)"),
        ({"level_at_start": np.ones(3), "hazard": np.ones(2)}, np.zeros(8), "hazard has 2 draws where others have 3"),
        ({"level_at_start": np.ones(3), "hazard": np.ones(3)}, np.zeros((8, 2)), "supply has 2 draws where others"),
    ],
)
def test_a_missing_or_misshapen_input_is_named(parameters, supply, says):
    inputs = {} if supply is None else {"supply": supply}
    with pytest.raises(ModelError, match=says):
        simulate(filling_model(), parameters, inputs, Grid(2000, 2, substeps=4), ["tank"])


def test_recording_an_unknown_variable_suggests_the_nearest():
    with pytest.raises(ModelError, match="unknown variable 'tnak'; did you mean 'tank'"):
        simulate(filling_model(), still(), {"supply": np.zeros(8)}, Grid(2000, 2, substeps=4), ["tnak"])
