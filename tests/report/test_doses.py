"""What a policy sets, in words, and where the page says it."""

import pytest

from contraflow.policy import Scenario
from contraflow.report.doses import doses, uses_of_force


@pytest.fixture(scope="module")
def study(invented):
    return invented({"strikes": (0.0, 0.05), "hugs-not-bullets": (0.0, 0.05)})


def by_lever(name: str):
    return {d.lever.id: d for d in doses(Scenario.load(name))}


def test_a_dose_has_values_dates_ramp_unit_reason_and_whether_it_is_assumed():
    d = by_lever("strikes")["us.force.strikes"]
    assert d.steps.en == "0 today (strikes a year); 200 from 2025-07; as today from 2026-07, each over 3 months"
    assert d.steps.es.endswith("; 200 desde 2025-07; como hoy desde 2026-07, cada paso en 3 meses")
    assert "twelve months is an assumption" in d.note.en and d.assumed and d.harms
    listed = by_lever("strikes")["us.law.terrorist_designation"]
    assert listed.steps.en.endswith("; 6 from 2025-02"), "at once"
    assert not listed.assumed
    assert by_lever("strikes")["bilateral.data_sharing"].steps.en.endswith("; 0.2 from 2025-07, over 3 months")


def test_multiples_and_differences_are_told_as_values():
    assert by_lever("cooperation-breakdown")["mx.security.leader_removals"].steps.en.endswith(
        "; 1 from 2025-01, over 12 months"
    )
    assert by_lever("intelligence-led")["mx.justice.extraditions"].steps.en.endswith(
        "; 157 from 2025-02; as today from 2026-02"
    )


def test_a_lever_is_eased_where_it_is_nowhere_above_today():
    assert by_lever("hugs-not-bullets")["mx.security.leader_removals"].eased
    assert not by_lever("leaders-first")["mx.security.leader_removals"].eased
    assert not by_lever("strikes")["us.force.strikes"].eased


def test_each_lever_of_force_stands_once_with_the_policies_that_move_it():
    policies = [Scenario.load(name) for name in ("leaders-first", "hugs-not-bullets", "strikes", "gun-flow")]
    found = {lever.id: [s.id for s, _ in uses] for lever, uses in uses_of_force(policies)}
    assert found == {
        "mx.security.leader_removals": ["leaders-first", "hugs-not-bullets"],
        "mx.security.deployment": ["leaders-first"],
        "us.force.strikes": ["strikes"],
    }


def test_the_page_says_every_dose_and_warns_of_what_is_not_raised(study, page):
    for s, c in study.comparisons.items():
        section = page[page.index(f'id="s-{s}"') :]
        section = section[: section.index("<table")]
        for d in doses(c.scenario):
            assert d.steps.en in section and d.note.en.split("’")[0] in section
    eased = page[page.index('id="s-hugs-not-bullets"') :]
    assert "not raised here: read what follows as of raising it" in eased[: eased.index("<table")]
    spanish = page[page.index('<section id="es"') :]
    assert spanish.count("200 desde 2025-07; como hoy desde 2026-07") == 1
