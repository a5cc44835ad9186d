"""The simulator against solutions known in closed form, and its error against the length of the step."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from contraflow.engine import Grid, Model, assemble, auxiliary, boundary, delay, flow, series, simulate, smooth, stock


def constant(grid: Grid, value: float) -> np.ndarray:
    return np.full(grid.periods * grid.substeps, value)


def decay_model() -> Model:
    atoms = stock("atom", initial="atoms_at_start", doc="Atoms left.", ledger="atoms")
    decayed = boundary("atom", ledger="atoms", doc="Atoms decayed.")

    @flow("atom/year", source="atoms", destination="decayed")
    def decays(atoms, decay_rate):
        """Decays: a constant hazard."""
        return decay_rate * atoms

    return assemble(
        {"atoms": atoms, "decayed": decayed, "decays": decays}, {"atoms_at_start": "atom", "decay_rate": "1/year"}
    )


def logistic_model() -> Model:
    people = stock("person", initial="people_at_start", doc="People.", ledger="people")
    outside = boundary("person", ledger="people", doc="Outside.")

    @flow("person/year", source="outside", destination="people")
    def growth(people, growth_rate, capacity):
        """Growth: proportional, braked by crowding."""
        return growth_rate * people * (1 - people / capacity)

    return assemble(
        {"people": people, "outside": outside, "growth": growth},
        {"people_at_start": "person", "growth_rate": "1/year", "capacity": "person"},
    )


def epidemic_model() -> Model:
    susceptible = stock("person", initial=999.0, doc="Susceptible people.", ledger="people")
    infected = stock("person", initial=1.0, doc="Infected people.", ledger="people")
    recovered = stock("person", initial=0.0, doc="Recovered people.", ledger="people")

    @auxiliary("person")
    def population(susceptible, infected, recovered):
        """Everyone."""
        return susceptible + infected + recovered

    @flow("person/year", source="susceptible", destination="infected")
    def infections(susceptible, infected, population, contact_rate):
        """Infections: well mixed."""
        return contact_rate * susceptible * infected / population

    @flow("person/year", source="infected", destination="recovered")
    def recoveries(infected, recovery_rate):
        """Recoveries."""
        return recovery_rate * infected

    return assemble(
        {
            "susceptible": susceptible,
            "infected": infected,
            "recovered": recovered,
            "population": population,
            "infections": infections,
            "recoveries": recoveries,
        },
        {"contact_rate": "1/year", "recovery_rate": "1/year"},
    )


def oscillator_model() -> Model:
    position = stock("metre", initial=1.0, doc="Position.", ledger="length")
    momentum = stock("metre", initial=0.0, doc="Speed over frequency.", ledger="phase")
    rail = boundary("metre", ledger="length", doc="Where position comes from.")
    spring = boundary("metre", ledger="phase", doc="Where momentum comes from.")

    @flow("metre/year", source="rail", destination="position")
    def drift(momentum, frequency):
        """Drift."""
        return frequency * momentum

    @flow("metre/year", source="momentum", destination="spring")
    def pull(position, frequency):
        """Pull of the spring."""
        return frequency * position

    return assemble(
        {"position": position, "momentum": momentum, "rail": rail, "spring": spring, "drift": drift, "pull": pull},
        {"frequency": "1/year"},
    )


def delay_model(order: int) -> Model:
    signal = series("1", role="driver", doc="What is reported.")
    stages = delay("1", of="signal", time="stage_time", initial=0.0, order=order, name="perceived", doc="Perceived.")
    return assemble({"signal": signal, **stages}, {"stage_time": "year"})


def error_of_decay(substeps: int) -> float:
    grid = Grid(2000, 24, substeps=substeps)
    run = simulate(
        decay_model(), {"atoms_at_start": np.array([100.0]), "decay_rate": np.array([0.8])}, {}, grid, ["atoms"]
    )
    exact = 100 * np.exp(-0.8 * np.arange(24) / 12)
    return float(np.abs(run.values["atoms"][:, 0] - exact).max())


def error_of_logistic(substeps: int) -> float:
    grid = Grid(2000, 60, substeps=substeps)
    rate, capacity, first = 1.5, 1000.0, 10.0
    parameters = {
        "people_at_start": np.array([first]),
        "growth_rate": np.array([rate]),
        "capacity": np.array([capacity]),
    }
    run = simulate(logistic_model(), parameters, {}, grid, ["people"])
    t = np.arange(60) / 12
    exact = capacity / (1 + (capacity / first - 1) * np.exp(-rate * t))
    return float(np.abs(run.values["people"][:, 0] - exact).max())


def error_of_oscillator(substeps: int) -> float:
    grid = Grid(2000, 24, substeps=substeps)
    run = simulate(oscillator_model(), {"frequency": np.array([2.0])}, {}, grid, ["position", "momentum"])
    t = np.arange(24) / 12
    return float(
        max(
            np.abs(run.values["position"][:, 0] - np.cos(2 * t)).max(),
            np.abs(run.values["momentum"][:, 0] + np.sin(2 * t)).max(),
        )
    )


def error_of_delay(substeps: int) -> float:
    grid = Grid(2000, 36, substeps=substeps)
    run = simulate(
        delay_model(3), {"stage_time": np.array([0.25])}, {"signal": constant(grid, 1.0)}, grid, ["perceived"]
    )
    x = np.arange(36) / 12 / 0.25
    exact = 1 - np.exp(-x) * (1 + x + x**2 / 2)
    return float(np.abs(run.values["perceived"][:, 0] - exact).max())


@pytest.mark.parametrize(
    ("error", "bound"),
    [(error_of_decay, 5e-4), (error_of_logistic, 0.01), (error_of_oscillator, 1e-4), (error_of_delay, 1e-4)],
    ids=["decay", "logistic growth", "harmonic oscillator", "third-order delay"],
)
def test_solution_is_right_and_its_error_falls_with_the_square_of_the_step(error, bound):
    coarse, fine = error(8), error(16)
    assert fine < bound
    assert coarse / fine == pytest.approx(4.0, rel=0.05)


def test_midpoint_decay_is_exactly_the_compound_product():
    grid = Grid(2000, 12, substeps=4)
    run = simulate(
        decay_model(), {"atoms_at_start": np.array([100.0]), "decay_rate": np.array([0.8])}, {}, grid, ["atoms"]
    )
    h = 0.8 / 48
    assert run.values["atoms"][:, 0] == pytest.approx(100 * (1 - h + h**2 / 2) ** (4 * np.arange(12)), rel=1e-13)


@pytest.mark.parametrize("reproduction", [1.5, 3.0])
def test_epidemic_ends_at_the_final_size_equation(reproduction):
    grid = Grid(2000, 12 * 15, substeps=32)
    parameters = {"contact_rate": np.array([4.0 * reproduction]), "recovery_rate": np.array([4.0])}
    run = simulate(epidemic_model(), parameters, {}, grid, ["susceptible"])
    never = brentq(lambda s: np.log(s / 0.999) + reproduction * (1 - s), 1e-9, 1 / reproduction)
    assert run.final["susceptible"][0] / 1000 == pytest.approx(never, abs=0.005)


def test_first_order_smooth_closes_63_percent_of_a_step_in_its_own_time():
    signal = series("1", role="driver", doc="What is reported.")
    lagged = smooth("1", of="signal", time="lag", initial=0.0, doc="Perceived.")
    model = assemble({"signal": signal, "lagged": lagged}, {"lag": "year"})
    grid = Grid(2000, 12, substeps=256)
    run = simulate(model, {"lag": np.array([1.0])}, {"signal": constant(grid, 1.0)}, grid, [])
    assert run.final["lagged"][0] == pytest.approx(1 - np.exp(-1), abs=1e-3)


def test_smooth_that_starts_at_its_target_stays_there():
    @auxiliary("1")
    def target(level):
        """Target."""
        return jnp.exp(level)

    lagged = smooth("1", of="target", time="lag", initial="target", doc="Perceived.")
    model = assemble({"target": target, "lagged": lagged}, {"lag": "year", "level": "1"})
    run = simulate(model, {"lag": np.array([0.5]), "level": np.array([0.3])}, {}, Grid(2000, 24), ["lagged"])
    assert run.values["lagged"][:, 0] == pytest.approx(np.exp(0.3), rel=1e-15)
