"""Beliefs: conditioning keeps draws, setting moves them along the posterior's regression, neither breaks a ledger."""

from dataclasses import replace

import numpy as np
import pytest

import contraflow as cf
from contraflow.analysis.assumptions import TooFewDraws, adjust, condition, freeze_latent
from contraflow.engine import Grid, ledgers, simulate
from contraflow.errors import ContraflowError
from contraflow.policy.assumptions import Assumptions
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
from contraflow.system.hypotheses import HYPOTHESES


@pytest.fixture(scope="module")
def model() -> cf.Model:
    return cf.load()


def test_a_range_leaves_only_draws_inside_it(model):
    titration = model.posterior.parameters()["titration"]
    low, high = np.quantile(titration, [0.2, 0.8])
    kept = condition(model.posterior, Assumptions(ranges={"titration": (low, high)}))
    values = kept.parameters()["titration"]
    assert kept.draws == pytest.approx(0.6 * model.posterior.draws, abs=2)
    assert values.min() >= low
    assert values.max() <= high


def test_a_range_that_fewer_than_fifty_draws_satisfy_is_refused(model):
    with pytest.raises(TooFewDraws, match="widen the range"):
        condition(model.posterior, Assumptions(ranges={"lab_slack": (4.9, 5.0)}))


def test_setting_a_value_imposes_it_and_moves_what_depends_on_it(model):
    assumed = Assumptions(values={"titration": 0.9})
    moved, imposed = adjust(model.posterior, assumed)
    assert imposed == {"titration": 0.9}
    assert np.allclose(moved.parameters()["titration"], 0.9, atol=0.01)
    assert not np.allclose(moved.coordinates["dose_spread"], model.posterior.coordinates["dose_spread"])


def test_setting_a_value_to_what_it_is_moves_nothing(model):
    names = list(model.posterior.coordinates)[:1]
    y = model.posterior.coordinates[names[0]]
    assert adjust(model.posterior, Assumptions()) == (model.posterior, {})
    moved, _ = adjust(model.posterior.take(np.flatnonzero(np.abs(y) < 0.05)), Assumptions())
    assert moved.draws > 0


def test_a_latent_driver_has_the_scale_that_is_assumed_however_far_out(model):
    free = {**model.posterior.coordinates, "conflict_drift_sd": np.linspace(-1.0, 1.0, model.posterior.draws)}
    posterior, times = replace(model.posterior, coordinates=free), np.array([2010.0, 2020.5])
    moved, imposed = adjust(posterior, Assumptions(values={"conflict_drift_sd": 0.03}))
    unit = {**moved.coordinates, "conflict_drift_sd": np.zeros(moved.draws)}
    at_median = replace(moved, coordinates=unit).latents(times)["conflict_drift"]
    assert imposed == {"conflict_drift_sd": 0.03}
    assert moved.value("conflict_drift_sd") == pytest.approx(0.03, rel=1e-3)
    assert moved.latents(times)["conflict_drift"] == pytest.approx(at_median * 0.03 / 0.3, rel=1e-3)


def test_freezing_the_supply_latent_leaves_its_past_and_holds_its_value(model):
    frozen = freeze_latent(model.posterior, "supply_surge", 2023.5)
    times = np.array([2015.2, 2023.4, 2023.5, 2026.3, 2035.0])
    before, after = (p.latents(times)["supply_surge"] for p in (model.posterior, frozen))
    assert np.allclose(before[:3], after[:3])
    assert np.allclose(after[2], after[3:])


@pytest.mark.parametrize("name", sorted(HYPOTHESES))
def test_switching_a_hypothesis_off_breaks_no_ledger(model, name):
    if not HYPOTHESES[name].can_be_off:
        with pytest.raises(ContraflowError, match="cannot be off"):
            cf.Scenario(assume={name: "off"})
        return
    scenario = cf.Scenario(assume={name: "off"})
    equations = reference_model()
    grid = Grid(2000.0, 360)
    posterior, imposed = adjust(model.posterior.thin(4), scenario.assume)
    if scenario.assume.frozen:
        posterior = freeze_latent(posterior, "supply_surge", 2023.5)
    parameters = {**posterior.parameters(), **{k: np.full(4, v) for k, v in imposed.items()}}
    inputs = build_inputs(grid, None, posterior.latents(grid.step_times))
    trajectory = simulate(equations, parameters, inputs, grid, ledgers.needed(equations))
    assert max(ledgers.closure(equations, trajectory).values()) < 1e-9


@pytest.mark.parametrize("name", ["gun_lethality", "naloxone_effect"])
def test_draws_of_one_origin_stay_so_under_an_assumed_value(model, name):
    before = model.posterior.lineage
    moved, _ = adjust(model.posterior, Assumptions(values={name: 0.0}))
    assert np.array_equal(moved.lineage, before)
    assert moved.thin(100).lineage.max() < 100 and len(np.unique(moved.take(np.arange(10).repeat(2)).lineage)) <= 10
