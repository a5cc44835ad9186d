"""Ledgers close to rounding, and every planted leak shows."""

import importlib
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import Axis, Grid, ModelError, assemble, boundary, flow, simulate, stock
from contraflow.engine.ledgers import closure, ledger_names, needed

simulator_module = importlib.import_module("contraflow.engine.simulate")  # the package exports a function of that name

DRUG = Axis("drug", ("heroin", "fentanyl", "meth"), -2)
REGION = Axis("region", ("north", "south"), -3)
GRID = Grid(2000, 36)
DRAWS = 5


def drug_model():
    """Drugs made in two regions, moved to one store for each drug, used; and, apart, the money paid for them."""
    made = boundary("kg", ledger="drugs", doc="Made.")
    used = boundary("kg", ledger="drugs", doc="Used.")
    at_source = stock("kg", initial=5.0, doc="At the source.", dims=("drug", "region"), ledger="drugs")
    in_store = stock("kg", initial="first_store", doc="In store.", dims=("drug",), ledger="drugs")
    afloat = stock("kg", initial=0.0, doc="Afloat, of every drug.", ledger="drugs")
    purse = stock("USD", initial=100.0, doc="Buyers' money.")
    till = stock("USD", initial=0.0, doc="Sellers' money.")

    @flow("kg/year", source="made", destination="at_source", dims=("drug", "region"))
    def production(capacity):
        """Production."""
        per_region = REGION.stack(north=capacity, south=2 * capacity)
        return DRUG.stack(heroin=per_region, fentanyl=0.1 * per_region, meth=3 * per_region)

    @flow("kg/year", source="at_source", destination="in_store", dims=("drug", "region"))
    def transport(at_source, turnover):
        """Transport: the store receives the sum over regions."""
        return at_source * turnover

    @flow("kg/year", source="in_store", destination="afloat", dims=("drug",))
    def pooling(in_store, turnover):
        """Pooling: the sea receives the sum over drugs."""
        return 0.5 * in_store * turnover

    @flow("kg/year", source="afloat", destination="used")
    def use(afloat, turnover):
        """Use."""
        return jnp.tanh(turnover / turnover) * afloat * turnover

    @flow("USD/year", source="purse", destination="till")
    def payment(purse, turnover):
        """Payment."""
        return purse * turnover

    accounts = (made, used, at_source, in_store, afloat, purse, till)
    names = ("made", "used", "at_source", "in_store", "afloat", "purse", "till")
    flows = {"production": production, "transport": transport, "pooling": pooling, "use": use, "payment": payment}
    parameters = {"capacity": "kg/year", "turnover": "1/year", "first_store": "kg"}
    return assemble({**dict(zip(names, accounts, strict=True)), **flows}, parameters, axes=[DRUG, REGION])


def run(model):
    rng = np.random.default_rng(0)
    parameters = {
        "capacity": rng.uniform(1, 100, DRAWS),
        "turnover": rng.uniform(0.5, 4, DRAWS),
        "first_store": rng.uniform(0, 10, DRAWS),
    }
    return simulate(model, parameters, {}, GRID, needed(model))


@pytest.fixture(scope="module")
def model():
    return drug_model()


@pytest.fixture(scope="module")
def trajectory(model):
    return run(model)


def tampered(trajectory, name, change):
    return replace(trajectory, values={**trajectory.values, name: change(trajectory.values[name].copy())})


def leaky(monkeypatch, spoil):
    """Closure errors of the same model under a step whose every transfer passes through ``spoil``."""
    honest = simulator_module.reduced
    monkeypatch.setattr(simulator_module, "reduced", lambda m, f, a, v: spoil(f, a, honest(m, f, a, v)))
    spoiled = drug_model()
    return closure(spoiled, run(spoiled))


def test_every_ledger_closes_to_rounding_on_a_model_with_axes(model, trajectory):
    errors = closure(model, trajectory)
    assert set(errors) == {"drugs", "unnamed"} == set(ledger_names(model))
    assert max(errors.values()) < 1e-12


def test_what_crosses_a_boundary_accounts_for_the_stock_by_hand(trajectory):
    v, final = trajectory.values, trajectory.final
    held_first = v["at_source"][0].sum() + v["in_store"][0].sum() + v["afloat"][0].sum()
    held_last = sum(final[n].sum() for n in ("at_source", "in_store", "afloat"))
    crossed = (v["production"].sum() - v["use"].sum()) / 12
    assert held_last - held_first == pytest.approx(crossed, rel=1e-12)


@pytest.mark.parametrize("name", ["at_source", "in_store", "afloat", "production", "use"])
def test_a_trajectory_tampered_with_by_one_in_a_million_is_caught(model, trajectory, name):
    def change(array):
        array[17, ..., 3] *= 1 + 1e-6
        return array

    errors = closure(model, tampered(trajectory, name, change))
    assert errors["drugs"] > 1e-12
    assert errors["unnamed"] < 1e-12


def test_a_last_state_tampered_with_is_caught(model, trajectory):
    final = {**trajectory.final, "afloat": trajectory.final["afloat"] * 1.001}
    assert closure(model, replace(trajectory, final=final))["drugs"] > 1e-6


def test_a_leak_in_a_single_draw_is_caught(model, trajectory):
    def change(array):
        array[20:, ..., 0] += 1e-3
        return array

    assert closure(model, tampered(trajectory, "in_store", change))["drugs"] > 1e-8


def test_a_step_that_loses_a_thousandth_of_one_internal_flow_is_caught(monkeypatch):
    errors = leaky(monkeypatch, lambda f, a, v: 0.999 * v if (f, a) == ("transport", "in_store") else v)
    assert 1e-5 < errors["drugs"] < 1e-2
    assert errors["unnamed"] < 1e-12


def test_a_step_that_loses_a_thousandth_of_a_boundary_flow_is_caught(monkeypatch):
    errors = leaky(monkeypatch, lambda f, a, v: 0.999 * v if f == "production" else v)
    assert 1e-5 < errors["drugs"] < 1e-2


def test_a_leak_between_stocks_that_name_no_ledger_is_caught(monkeypatch):
    errors = leaky(monkeypatch, lambda f, a, v: 0.999 * v if (f, a) == ("payment", "till") else v)
    assert 1e-5 < errors["unnamed"] < 1e-2
    assert errors["drugs"] < 1e-12


def test_a_step_that_forgets_one_label_when_it_sums_over_an_axis_is_caught(monkeypatch):
    def forget(model, flow_name, account, value):
        if (flow_name, account) == ("pooling", "afloat"):
            return value[:-1].sum(axis=0)
        return honest(model, flow_name, account, value)

    honest = simulator_module.reduced
    monkeypatch.setattr(simulator_module, "reduced", forget)
    spoiled = drug_model()
    assert closure(spoiled, run(spoiled))["drugs"] > 1e-3


def test_a_not_a_number_never_reads_as_closed(model, trajectory):
    def change(array):
        array[5, ..., 0] = np.nan
        return array

    assert not closure(model, tampered(trajectory, "use", change))["drugs"] < 1e-12


def test_an_empty_ledger_reads_as_closed():
    gold = stock("kg", initial=0.0, doc="Gold.", ledger="gold")
    mine = boundary("kg", ledger="gold", doc="Mine.")

    @flow("kg/year", source="mine", destination="gold")
    def digging():
        """Digging."""
        return 0.0

    model = assemble({"gold": gold, "mine": mine, "digging": digging}, {})
    assert closure(model, simulate(model, {}, {}, Grid(2000, 3), needed(model))) == {"gold": 0.0}


def test_closure_says_what_to_record_when_a_variable_is_missing(model, trajectory):
    values = {k: v for k, v in trajectory.values.items() if k != "use"}
    with pytest.raises(ModelError, match=r"closure needs use recorded; record ledgers\.needed"):
        closure(model, replace(trajectory, values=values))
