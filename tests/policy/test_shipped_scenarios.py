"""The scenarios that ship: sourced, bilingual, and honest about what they leave out."""

import numpy as np
import pytest

from contraflow import evidence
from contraflow.evidence import ASSUMPTION
from contraflow.policy import Scenario
from contraflow.system.levers import EXTENSIONS, LEVERS

SHIPPED = Scenario.shipped()
MONTHS = 2000 + np.arange(432) / 12


def test_the_list():
    assert SHIPPED == [
        "baseline",
        "cooperation-breakdown",
        "grand-bargain",
        "gun-flow",
        "harm-reduction",
        "health-cuts",
        "hugs-not-bullets",
        "intelligence-led",
        "joint-crackdown",
        "leaders-first",
        "legal-market",
        "penalties",
        "safe-supply",
        "strikes",
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_is_in_both_languages(name):
    scenario = Scenario.load(name)
    for text in (scenario.label, scenario.leaves_out, scenario.resembles, *scenario.notes.values()):
        assert text is not None
        assert text.en != text.es
    assert scenario.note is None or scenario.note.en != scenario.note.es


@pytest.mark.parametrize("name", SHIPPED)
def test_every_setting_has_a_source_that_exists_and_a_note(name):
    scenario = Scenario.load(name)
    known = {*evidence.load().sources, ASSUMPTION}
    assert set(scenario.sources) == set(scenario.notes) == set(scenario.policy)
    for sources in scenario.sources.values():
        assert set(sources) <= known


@pytest.mark.parametrize("name", SHIPPED)
def test_policies_begin_after_the_data_and_assume_nothing(name):
    scenario = Scenario.load(name)
    assert (scenario.first_lever_date() or 2025.0) >= 2025.0
    assert not scenario.assume
    assert not scenario.extensions


@pytest.mark.parametrize("name", SHIPPED)
def test_every_policy_moves_its_levers(name):
    scenario = Scenario.load(name)
    for lever, schedule in scenario.policy.items():
        assert not np.array_equal(
            schedule.values(MONTHS, float(LEVERS[lever].today)), np.full(MONTHS.shape, LEVERS[lever].today)
        )


@pytest.mark.parametrize("name", SHIPPED)
def test_what_belongs_to_an_extension_is_left_out_and_named_in_the_note(name):
    scenario = Scenario.load(name)
    assert not [lever for lever in scenario.policy if LEVERS[lever].extension]
    for extension, lever in (("cooperation", "us.pressure.threats"), ("ammunition", "us.guns.ammunition_controls")):
        if scenario.note and lever in scenario.note.en:
            assert extension in EXTENSIONS
            for text in (scenario.note.en, scenario.note.es):
                assert f"extensions: [{extension}]" in text
    if name in ("strikes", "cooperation-breakdown"):
        assert scenario.note
        assert "us.pressure.threats" in scenario.note.en


def test_threats_can_be_added_to_the_scenarios_that_leave_them_out():
    scenario = Scenario.load("strikes", extensions=["cooperation"]).with_policy("us.pressure.threats=highest@2025-02")
    assert scenario.policy["us.pressure.threats"].ramp_months == 0


def test_the_joint_crackdown_has_both_halves_and_scans_at_six_ports_only():
    policy = Scenario.load("joint-crackdown").policy
    assert {"mx.security.lab_raids", "us.guns.dealer_inspection", "us.guns.southbound_inspection"} <= set(policy)
    scanned = policy["border.northbound_scanning"].steps[0].target.value
    cars, lorries = 0.08 + 0.37 * (0.40 - 0.08), 0.27 + 0.16 * (0.72 - 0.27)
    assert scanned == pytest.approx(0.8 * cars + 0.2 * lorries, abs=0.01)


def test_transfers_add_up_to_those_reported():
    steps = Scenario.load("intelligence-led").policy["mx.justice.extraditions"].steps
    assert steps[0].target.value * (steps[1].date - steps[0].date) == pytest.approx(29 + 26 + 37)


def test_strikes_last_twelve_months():
    steps = Scenario.load("strikes").policy["us.force.strikes"].steps
    assert steps[1].date - steps[0].date == 1.0


def test_health_cuts_do_not_count_the_loss_of_naloxone_twice():
    assert "us.health.naloxone" not in Scenario.load("health-cuts").policy
