"""What the reference model must do when something is taken to its extreme: each test is one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from contraflow.engine import Grid, Trajectory, ledgers
from contraflow.policy import Scenario
from contraflow.system import EXTENSIONS, reference_model

TIMES = Grid(2000.0, 36 * 12).step_times


def dated(before: float, after: float, year: float) -> np.ndarray:
    """An input that steps from one value to another."""
    return np.where(TIMES < year, before, after)


def yearly(trajectory: Trajectory, name: str, year: float) -> float:
    """Mean of a variable over one year, summed over its axes."""
    first = round((year - 2000.0) * 12)
    values = np.asarray(trajectory.values[name])[first : first + 12]
    return float(values.reshape(12, -1).sum(axis=1).mean())


def test_every_ledger_closes_to_rounding(run):
    trajectory = run()
    errors = ledgers.closure(reference_model(EXTENSIONS), trajectory)
    assert set(errors) >= {"people", "drugs", "naloxone kits", "prison places"}
    assert max(errors.values()) < 1e-9


def test_ledgers_close_under_a_policy_that_moves_everything_too(run):
    trajectory = run(policy=Scenario.load("joint-crackdown"))
    assert max(ledgers.closure(reference_model(EXTENSIONS), trajectory).values()) < 1e-9


def test_risk_groups_pass_people_on_without_making_any(run):
    trajectory = run()
    out = np.asarray(trajectory.values["leaving_risk_group"]).sum(axis=-2)
    back = np.asarray(trajectory.values["joining_risk_group"]).sum(axis=-2)
    assert np.allclose(out, back, rtol=1e-12)


def test_without_anyone_using_nobody_buys_and_little_is_exported(run):
    nobody = {
        "illicit_users_2000": 1.0, "direct_illicit_initiation": 1e-6, "misuse_to_illicit_rate": 1e-12,
        "disorder_to_illicit_rate": 1e-12,
    }  # fmt: skip
    empty = run(nobody, {"methadone_places": 1e-6})
    assert yearly(empty, "exports", 2023) < 1e-4 * yearly(run(), "exports", 2023)


def test_without_dose_lethality_illicit_users_do_not_die_of_overdose(run):
    harmless = run({"heroin_fatality": 0.0, "fentanyl_fatality": 0.0})
    assert yearly(harmless, "illicit_user_deaths", 2023) == 0.0


def test_with_every_overdose_witnessed_and_ambulances_perfect_nobody_in_sight_dies(run):
    saved = run({"witnessed_share": 1 - 1e-9, "emergency_benefit": 0.0, "naloxone_effect": 1e3})
    assert yearly(saved, "illicit_user_deaths", 2023) < 1e-3 * yearly(run(), "illicit_user_deaths", 2023)


def test_total_precursor_control_without_evasion_stops_synthesis(run):
    control = dated(0.0, 1.0, 2025.0)
    stopped = run({"control_evasion": 0.0}, {"precursors_source_control": control})
    assert yearly(stopped, "synthesis", 2030) < 1e-6 * yearly(run(), "synthesis", 2024)


def test_complete_evasion_undoes_precursor_control(run):
    control = dated(0.2, 1.0, 2025.0)
    evaded = run({"control_evasion": 1.0, "evasion_time": 0.5}, {"precursors_source_control": control})
    free = run({"control_evasion": 1.0, "evasion_time": 0.5})
    assert yearly(evaded, "us_fentanyl_consumption", 2034) == pytest.approx(
        yearly(free, "us_fentanyl_consumption", 2034), rel=0.01
    )


def test_after_fentanyl_becomes_impossible_to_make_markets_turn_back_to_heroin_if_cost_decides(run):
    control = dated(0.0, 1.0, 2025.0)
    cost = {"control_evasion": 0.0, "adoption_cost_response": 1.0}
    assert yearly(run(cost, {"precursors_source_control": control}), "fentanyl_share", 2033) < yearly(
        run(cost), "fentanyl_share", 2033
    )


def test_destroyed_laboratories_come_back_within_a_few_rebuild_times(run):
    raids = np.where((TIMES > 2025) & (TIMES < 2026), 2000.0 * 20, 400.0)
    hit = run({"lab_rebuild_time": 0.3}, {"mx_security_lab_raids": raids})
    base = run({"lab_rebuild_time": 0.3})
    assert yearly(hit, "lab_capacity", 2025) < 0.5 * yearly(base, "lab_capacity", 2025)
    assert yearly(hit, "lab_capacity", 2029) == pytest.approx(yearly(base, "lab_capacity", 2029), rel=0.05)


def test_with_ample_slack_raids_on_laboratories_change_use_by_less_than_with_none(run):
    raids = dated(400.0, 8000.0, 2025.0)

    def loss(slack: float) -> float:
        base = yearly(run({"lab_slack": slack}), "us_fentanyl_consumption", 2028)
        raided = run({"lab_slack": slack}, {"mx_security_lab_raids": raids})
        return 1 - yearly(raided, "us_fentanyl_consumption", 2028) / base

    assert loss(1.0) > 0.02
    assert abs(loss(5.0)) < 0.01


def test_an_empty_market_rations_and_stays_positive(run):
    dry = run(inputs={"supply_surge": dated(0.0, -6.0, 2024.0)})
    assert np.asarray(dry.values["us_inventory"]).min() > 0
    assert yearly(dry, "us_fentanyl_purity", 2025) < yearly(run(), "us_fentanyl_purity", 2025)


def test_a_glut_stops_orders_instead_of_growing_without_bound(run):
    glut = run(inputs={"supply_surge": dated(0.0, 2.0, 2024.0)})
    turnover = np.asarray(glut.values["turnover"])[-1].reshape(-1)[0]
    assert turnover < 20 * 0.2


def test_with_unlimited_places_nobody_waits_for_medication(run):
    plenty = run(inputs={"methadone_places": 1e9, "buprenorphine_prescribers": 1e9})
    assert yearly(plenty, "share_of_seekers_waiting", 2010) < 1e-3


def test_without_seeking_medication_programmes_empty(run):
    nobody = run({"methadone_seeking": 1e-9, "buprenorphine_seeking": 1e-9})
    assert yearly(nobody, "us_on_medication", 2015) < 10


def test_people_on_medication_die_less_exactly_as_the_mortality_ratio_says(run):
    trajectory = run({"treatment_mortality": -1.0})
    untreated = yearly(trajectory, "fentanyl_death_hazard", 2022) + yearly(trajectory, "heroin_death_hazard", 2022)
    assert yearly(trajectory, "medication_death_hazard", 2022) == pytest.approx(np.exp(-1.0) * untreated, rel=1e-6)


def test_with_full_titration_purity_does_not_move_the_dose(run):
    moved = run({"titration": 1.0}, {"supply_surge": dated(0.0, 0.5, 2022.0)})
    assert yearly(moved, "us_fentanyl_purity", 2024) > 1.1 * yearly(run(), "us_fentanyl_purity", 2024)
    assert yearly(moved, "effective_dose", 2024) == 0.0


def test_full_tolerance_adaptation_undoes_a_lasting_change_of_dose(run):
    surge = dated(0.0, 0.4, 2022.0)
    fast = {"tolerance_adaptation": 1 - 1e-9, "tolerance_time": 0.5, "demand_elasticity": 1e-9}
    later = run(fast, {"supply_surge": surge})
    early, late = (yearly(later, "effective_dose", y) - yearly(later, "tolerance", y) for y in (2022, 2034))
    assert abs(late) < 0.05 * abs(yearly(later, "effective_dose", 2034))
    assert early > late


def test_without_price_response_scarcity_costs_no_participation_or_amount(run):
    trajectory = run({"demand_elasticity": 1e-12, "participation_elasticity": 1e-12, "titration": 1.0})
    wanted = np.asarray(trajectory.values["wanted"])
    assert np.allclose(wanted, np.asarray(trajectory.values["wanted_at_reference"]), rtol=1e-9)


def test_prices_at_the_border_rise_with_seizures_as_a_tax(run):
    trajectory = run({"scarcity_price_exponent": 1e-9, "seizure_growth": 0.3})
    share = np.asarray(trajectory.values["total_seizure_share"])[:, 0].reshape(-1)
    ratio = np.asarray(trajectory.values["wholesale_price_ratio"])[:, 0].reshape(-1)
    assert np.allclose(ratio * (1 - share), (ratio * (1 - share))[0], rtol=1e-6)


def test_additive_pass_through_leaves_retail_prices_almost_alone(run):
    def change(theta: float) -> float:
        return abs(yearly(run({"pass_through": theta, "seizure_growth": 0.5}), "retail_price_ratio", 2024) - 2)

    assert change(0.0) < 0.2 * change(1.0)


def test_the_mail_channel_pays_no_exporter(run):
    mailed = run(inputs={"mail_share": 1.0})
    exports = np.asarray(mailed.values["exports"])[-1].reshape(2, -1)[0]
    assert exports.max() < 1e-6 * yearly(run(), "us_fentanyl_consumption", 2034)


def test_without_fentanyl_adoption_contamination_kills_nobody(run):
    never = run({"adoption_early_2013": -60.0, "adoption_late_2013": -60.0})
    assert yearly(never, "contaminated_deaths", 2024) < 1e-6


def test_classes_of_death_are_exclusive_and_add_up(run):
    trajectory = run()
    parts = [yearly(trajectory, n, 2023) for n in ("us_opioid_deaths", "non_opioid_deaths")]
    assert sum(parts) == pytest.approx(yearly(trajectory, "us_overdose_deaths", 2023), rel=1e-9)


def test_cumulative_deaths_are_the_sum_of_deaths(run):
    trajectory = run()
    total = np.asarray(trajectory.final["overdose_deaths"]).sum()
    assert total == pytest.approx(np.asarray(trajectory.values["us_overdose_deaths"]).sum() / 12, rel=1e-9)


def test_without_slack_or_policy_low_tolerance_deaths_stay_a_minority(run):
    share = yearly(run(), "low_tolerance_part", 2019)
    assert 0.02 < share < 0.4
