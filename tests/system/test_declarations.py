"""Declarations of levers, hypotheses and outcomes: complete, sourced, bilingual and consistent with the evidence."""

import pytest

from contraflow import evidence
from contraflow.evidence import ASSUMPTION, Text
from contraflow.system import hypotheses, levers, outcomes
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.levers import EXTENSIONS, LEVERS
from contraflow.system.outcomes import OUTCOMES

ALL_LEVERS = list(LEVERS.values())
ALL_HYPOTHESES = list(HYPOTHESES.values())


@pytest.mark.parametrize("module", [levers, hypotheses, outcomes])
def test_nothing_is_both_declared_and_still_to_come(module):
    declared = {levers: LEVERS, hypotheses: HYPOTHESES, outcomes: OUTCOMES}[module]
    assert not set(declared) & set(module.NOT_YET)
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
    assert values == sorted(set(values)), "levels rise"
    assert all(lever.low <= value <= lever.high for value in values)
    assert len(set(names)) == len(names)
    assert lever.level("today").value == lever.today
    assert lever.level("high").value > lever.today
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


def test_force_shows_whom_it_may_harm():
    for lever in ALL_LEVERS:
        if lever.id.startswith("us.force."):
            assert lever.humanity is not None
            assert "consent" in lever.feasibility.en.lower()


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
        assert parameter.hypothesis is None or parameter.hypothesis in {*HYPOTHESES, *hypotheses.NOT_YET}


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=lambda outcome: outcome.id)
def test_rates_are_summed_and_the_rest_averaged(outcome):
    assert outcome.window_is == ("sum" if outcome.unit.endswith("/year") else "mean")
    assert outcome.variable == outcome.id.replace(".", "_")
    assert outcome.id.split(".")[0] == outcome.country
    assert outcome.scale > 0
