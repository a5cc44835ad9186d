"""The scenarios that ship: sourced, bilingual, and honest about what they leave out."""

import pytest

from contraflow import evidence
from contraflow.evidence import ASSUMPTION
from contraflow.policy import Scenario
from contraflow.policy.scenario import NOT_YET

SHIPPED = Scenario.shipped()


def test_the_list():
    assert SHIPPED == [
        "baseline",
        "harm-reduction",
        "health-cuts",
        "joint-crackdown",
        "penalties",
        "safe-supply",
        "strikes",
    ]
    assert not set(SHIPPED) & set(NOT_YET)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_is_in_both_languages(name):
    scenario = Scenario.load(name)
    for text in (scenario.label, scenario.leaves_out, scenario.resembles, *scenario.notes.values()):
        assert text is not None
        assert text.en != text.es


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


def test_strikes_last_twelve_months():
    steps = Scenario.load("strikes").policy["us.force.strikes"].steps
    assert steps[1].date - steps[0].date == 1.0


def test_health_cuts_do_not_count_the_loss_of_naloxone_twice():
    assert "us.health.naloxone" not in Scenario.load("health-cuts").policy
