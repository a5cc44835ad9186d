"""Declarations of levers, hypotheses and outcomes: complete, sourced, bilingual and consistent with the evidence."""

import re

import numpy as np
import pytest

from contraflow import evidence
from contraflow.evidence import ASSUMPTION, Text
from contraflow.system import reference_model
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.levers import EXTENSIONS, LEVERS
from contraflow.system.outcomes import OUTCOMES

ALL_LEVERS = list(LEVERS.values())
ALL_HYPOTHESES = list(HYPOTHESES.values())


#: The levers of the design, by family.
DESIGNED = {
    "us.health": "treatment_access naloxone prevention_sites safe_supply prevention funding",
    "us.law": "penalties distributor_enforcement terrorist_designation anti_laundering",
    "us.guns": "dealer_inspection military_style_limits untraceable_parts_rule southbound_inspection "
    "ammunition_controls manufacturer_liability",
    "us.force": "strikes ground_raids",
    "us.pressure": "threats",
    "border": "northbound_scanning",
    "precursors": "source_control mexico_ports",
    "mx.security": "deployment intelligence leader_removals lab_raids",
    "mx.justice": "integrity extraditions",
    "mx.social": "recruitment_prevention",
    "bilateral": "data_sharing security_assistance",
    "market": "legal_regulation",
}


def test_every_lever_of_the_design_is_declared_and_no_other():
    assert set(LEVERS) == {f"{family}.{name}" for family, names in DESIGNED.items() for name in names.split()}


@pytest.mark.parametrize("declared", [LEVERS, HYPOTHESES, OUTCOMES])
def test_entries_stand_under_their_ids(declared):
    assert all(name == entry.id for name, entry in declared.items())


@pytest.mark.parametrize("entries", [LEVERS, HYPOTHESES, OUTCOMES])
def test_labels_are_unique_in_both_languages(entries):
    for language in ("en", "es"):
        labels = [getattr(entry.label, language) for entry in entries.values()]
        assert len(set(labels)) == len(labels)


def texts_of(entry):
    found = [value for value in vars(entry).values() if isinstance(value, Text)]
    return found + [level.text for level in getattr(entry, "levels", ())]


@pytest.mark.parametrize("entry", [*ALL_LEVERS, *ALL_HYPOTHESES, *OUTCOMES.values()], ids=lambda entry: entry.id)
def test_every_text_is_in_both_languages(entry):
    for text in texts_of(entry):
        assert text.en.strip()
        assert text.es.strip()
        assert text.en != text.es


@pytest.mark.parametrize("lever", ALL_LEVERS, ids=lambda lever: lever.id)
def test_levers(lever):
    values = [level.value for level in lever.levels]
    names = [level.name for level in lever.levels]
    assert lever.low <= lever.today <= lever.high
    assert values in (sorted(set(values)), sorted(set(values), reverse=True)), "levels go one way"
    assert all(lever.low <= value <= lever.high for value in values)
    assert len(set(names)) == len(names)
    assert lever.level("today").value == lever.today
    assert names[-1] == "highest"
    assert lever.level("highest").value != lever.today
    assert lever.level("no such level") is None
    assert 0 <= lever.ramp_months <= 84
    assert lever.variable == lever.id.replace(".", "_")
    assert lever.extension is None or lever.extension in EXTENSIONS
    assert lever.range_reason


@pytest.mark.parametrize("lever", ALL_LEVERS, ids=lambda lever: lever.id)
def test_every_level_has_a_source_that_exists(lever):
    known = evidence.load().sources
    assert set(lever.sources) <= set(known)
    assert lever.sources, "a lever rests on something found"
    for level in lever.levels:
        assert level.sources
        assert set(level.sources) <= {*known, ASSUMPTION}
        if level.sources == (ASSUMPTION,):
            assert set(lever.sources), level


def test_only_impunity_is_better_when_it_is_lower():
    falling = [lever.id for lever in ALL_LEVERS if lever.level("highest").value < lever.today]
    assert falling == ["mx.justice.integrity"]


def test_force_shows_consent_legality_and_who_dies():
    force = [lever for lever in ALL_LEVERS if lever.kind == "force"]
    assert {lever.id for lever in force} == {
        "us.force.strikes", "us.force.ground_raids", "mx.security.deployment", "mx.security.leader_removals",
    }  # fmt: skip
    for lever in force:
        assert lever.humanity is not None
        assert re.search(r"\b(die|deaths)\b", lever.humanity.en)
        assert re.search(r"\b(consent|legal)\b", lever.feasibility.en, re.IGNORECASE)
        if lever.id.startswith("us."):
            assert "no consent" in lever.feasibility.en.lower()


@pytest.mark.parametrize("lever", [lever for lever in ALL_LEVERS if lever.history], ids=lambda lever: lever.id)
def test_a_history_ends_at_the_value_of_today_and_stays_in_range(lever):
    driver = evidence.load().drivers[lever.history]
    assert driver.unit == lever.unit
    assert np.array_equal(driver.at([2025.0, 2025.5, 2035.9]), np.full(3, float(lever.today)))
    assert all(lever.low <= row.value <= lever.high for row in driver.rows)
    assert all(row.date <= 2025.0 for row in driver.rows)


def test_a_history_belongs_to_one_lever_and_is_not_an_input_of_its_own():
    histories = [lever.history for lever in ALL_LEVERS if lever.history]
    assert len(set(histories)) == len(histories)
    assert not set(histories) & set(reference_model(EXTENSIONS).variables)


@pytest.mark.parametrize("lever", ALL_LEVERS, ids=lambda lever: lever.id)
def test_the_target_of_a_lever_reads_it_and_the_units_agree(lever):
    model = reference_model(EXTENSIONS)
    assert model.variables[lever.variable].role == "lever"
    assert str(model.variables[lever.variable].unit) == lever.unit
    assert lever.variable in model.inputs_of(lever.target)


def reached(model, start):
    """Variables that depend on this one, directly or through others."""
    found, waiting = set(), [start]
    while waiting:
        new = set(model.uses_of(waiting.pop())) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("lever", [lever for lever in ALL_LEVERS if lever.extension], ids=lambda lever: lever.id)
def test_a_lever_of_an_extension_moves_nobody_while_it_is_off(lever):
    lives = {"us_overdose_deaths", "mx_homicides", "mx_missing"}
    assert not lives & reached(reference_model(), lever.variable)
    assert lives & reached(reference_model([lever.extension]), lever.variable)


def test_every_extension_of_a_lever_is_declared():
    assert {lever.extension for lever in ALL_LEVERS if lever.extension} <= set(EXTENSIONS)


@pytest.mark.parametrize("hypothesis", ALL_HYPOTHESES, ids=lambda hypothesis: hypothesis.id)
def test_hypotheses_point_at_parameters_that_point_back(hypothesis):
    parameters = evidence.load().parameters
    for name in hypothesis.parameters:
        assert parameters[name].hypothesis == hypothesis.id
    marked = {name for name, parameter in parameters.items() if parameter.hypothesis == hypothesis.id}
    assert marked == set(hypothesis.parameters)
    assert hypothesis.strength in {*hypothesis.parameters, "several", "latent"}
    assert hypothesis.note


@pytest.mark.parametrize("hypothesis", ALL_HYPOTHESES, ids=lambda hypothesis: hypothesis.id)
def test_only_titration_has_no_null(hypothesis):
    nulls = [null for null in hypothesis.parameters.values() if null is not None]
    assert hypothesis.can_be_off == (hypothesis.id != "titration")
    assert bool(nulls) == (hypothesis.can_be_off and hypothesis.strength != "latent")


def test_every_hypothesis_named_by_a_parameter_is_declared():
    for parameter in evidence.load().parameters.values():
        assert parameter.hypothesis is None or parameter.hypothesis in HYPOTHESES


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=lambda outcome: outcome.id)
def test_rates_are_summed_and_the_rest_averaged(outcome):
    assert outcome.window_is == ("sum" if outcome.unit.endswith("/year") else "mean")
    assert outcome.variable == outcome.id.replace(".", "_")
    assert outcome.id.split(".")[0] in (outcome.country, "bilateral")
    assert outcome.scale > 0
