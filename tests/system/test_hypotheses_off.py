"""Every hypothesis that has a null may be switched off: the accounts still close, and nothing leaves the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from contraflow.analysis.assumptions import SUPPLY_FREEZE, freeze_latent
from contraflow.engine import Grid
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.latents import LATENTS

LATENT = "supply_surge"
SWITCHED = [h.id for h in HYPOTHESES.values() if h.can_be_off and h.strength != "latent"]


def surges() -> Posterior:
    """One draw whose only innovations are those of the supply surge: it grows to 2021 and falls from then on."""
    knots = LATENTS[LATENT].knots(PROJECTION_END)
    rising = np.where(knots < 2021, 1.0, np.where(knots < 2025, -1.0, 0.0))
    innovations = {n: np.zeros((len(latent.knots(PROJECTION_END)), 1)) for n, latent in LATENTS.items()}
    return Posterior({"titration": np.zeros(1)}, {**innovations, LATENT: rising[:, None]}, {}, {})


def path(posterior: Posterior, times: np.ndarray) -> np.ndarray:
    return posterior.latents(times)[LATENT][:, 0]


def supplied(posterior: Posterior) -> dict[str, object]:
    return {"inputs": {LATENT: lambda times, _: path(posterior, times)}}


def switched_off(id: str) -> dict[str, object]:
    return {"parameters": {n: null for n, null in HYPOTHESES[id].parameters.items() if null is not None}}


CONDITIONS = {
    "base": {},
    **{id: switched_off(id) for id in SWITCHED},
    "all off": {"parameters": {n: v for id in SWITCHED for n, v in switched_off(id)["parameters"].items()}},
    "shock": supplied(surges()),
    "supply_shock_2023": supplied(freeze_latent(surges(), LATENT, SUPPLY_FREEZE)),
}


@pytest.fixture(scope="module")
def runs(conditions):
    return conditions(CONDITIONS)


@pytest.mark.parametrize("name", CONDITIONS)
def test_switched_off_it_keeps_the_accounts(runs, name):
    """With the hypothesis at its null, every ledger closes, every number is finite and no account is negative."""
    run = runs[name]
    assert all(np.isfinite(v).all() for v in run.trajectory.values.values())
    assert max(run.closure().values()) < 1e-9
    for stock in run.model.of_kind("stock"):
        if stock.name not in ("adoption", "succession_shock"):  # logarithms
            assert np.min(run.trajectory.values[stock.name]) >= 0, stock.name


@pytest.mark.parametrize("name", [*SWITCHED, "supply_shock_2023"])
def test_switched_off_it_is_another_model(runs, name):
    """A hypothesis that is switched off changes the run: its parameters reach the equations."""
    run, other = runs[name], runs["shock" if name == "supply_shock_2023" else "base"]
    changed = {
        v for v in run.trajectory.values if not np.array_equal(run.trajectory.values[v], other.trajectory.values[v])
    }
    assert changed
    assert changed & {"us_overdose_deaths", "mx_homicides", "mx_cartel_revenue", "bilateral_trust", "mx_recruits"}


def test_every_hypothesis_is_accounted_for():
    """Each hypothesis is switched off here, is a path in time, or is declared to have no null."""
    rest = {h.id: h for h in HYPOTHESES.values() if h.id not in SWITCHED}
    assert {id for id, h in rest.items() if h.can_be_off} == {"supply_shock_2023"}
    assert all(h.note for h in rest.values())
    assert all(switched_off(id)["parameters"] for id in SWITCHED)


def test_without_the_shock_supply_holds_its_value_of_mid_2023():
    """Off, the supply surge is as it was to mid-2023 and holds that value from then on; on, it falls."""
    times = Grid(2000.0, 36 * 12).step_times
    on, off = path(surges(), times), path(freeze_latent(surges(), LATENT, SUPPLY_FREEZE), times)
    before = times < SUPPLY_FREEZE
    assert np.array_equal(on[before], off[before])
    assert np.ptp(off[~before]) < 1e-9 * np.abs(off).max()
    assert np.abs(on[~before] - off[~before]).max() > 0.1


def test_without_the_shock_more_is_consumed_after_2023(runs):
    """Supply that does not fall after mid-2023 serves more use."""
    on, off = (runs[n].yearly("us_fentanyl_consumption", 2025) for n in ("shock", "supply_shock_2023"))
    assert (off > on).all()
