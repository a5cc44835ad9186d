"""The lists, and what `explain` says of each kind of id."""

import ast
import json
from pathlib import Path

import pytest

import contraflow
from contraflow import evidence
from contraflow.analysis import catalogue
from contraflow.analysis.explainers import all_ids, function_body
from contraflow.analysis.wording import exact, percent, prior_words, signed, significant
from contraflow.errors import UnknownName
from contraflow.evidence import Prior
from contraflow.policy import Scenario
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.levers import LEVERS
from contraflow.system.loops import LOOPS
from contraflow.system.outcomes import OUTCOMES

LISTS = ("levers", "outcomes", "hypotheses", "scenarios", "parameters", "sources", "claims")
PACKAGE = Path(contraflow.__file__).parent


@pytest.fixture(scope="module")
def model():
    return contraflow.load()


# Lists


@pytest.mark.parametrize("name", LISTS)
def test_every_row_has_an_id_and_a_label_and_is_plain(name):
    rows = getattr(catalogue, name)()
    assert rows
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row["label"] for row in rows)
    assert json.loads(json.dumps(rows)) == rows


@pytest.mark.parametrize("name", LISTS)
def test_the_package_offers_the_list(name):
    assert getattr(contraflow, name) is getattr(catalogue, name)


def test_lists_are_complete():
    assert [row["id"] for row in catalogue.levers()] == list(LEVERS)
    assert [row["id"] for row in catalogue.outcomes()] == list(OUTCOMES)
    assert [row["id"] for row in catalogue.scenarios()] == Scenario.shipped()
    assert [row["id"] for row in catalogue.parameters()] == list(evidence.load().parameters)


def test_search_is_over_id_and_label_in_any_case():
    assert [row["id"] for row in catalogue.levers("NALOX")] == ["us.health.naloxone"]
    assert [row["id"] for row in catalogue.levers("vehicles scanned")] == ["border.northbound_scanning"]
    assert catalogue.levers("no such thing") == []


def test_scenarios_say_their_settings_in_words():
    (strikes,) = catalogue.scenarios("strikes")
    assert set(strikes["policy"]) == set(contraflow.Scenario.load("strikes").policy)
    assert strikes["policy"]["us.force.strikes"] == "2025-07: highest (200); 2026-07: today, over 3 months"
    assert (strikes["from"], strikes["until"]) == ("2025-02", "2035-12")


# Words for numbers


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (947_429.2, "950,000"), (0.0972, "0.097"), (0.0996, "0.10"), (-12_345, "−12,000"), (0, "0"), (1, "1.0"),
        (99.6, "100"), (-3e-9, "−3.0e-09"),
    ],
)  # fmt: skip
def test_two_significant_figures(number, words):
    assert significant(number) == words


def test_signs_and_certainty():
    assert (signed(1234), signed(-1234), signed(0)) == ("+1,200", "−1,200", "0")
    assert (percent(0.0), percent(0.5), percent(1.0)) == ("<1 %", "50 %", ">99 %")
    assert (exact(1_400_000), exact(0.12)) == ("1,400,000", "0.12")


def test_priors_in_words():
    lognormal = Prior.model_validate({"lognormal": {"median": 2, "q05": 1, "q95": 4}})
    assert prior_words(lognormal) == "log-normal: median 2.0, 90 % between 1.0 and 4.0"
    assert prior_words(Prior.model_validate({"fixed": 3})) == "a constant, 3"
    bounded = Prior.model_validate({"logit_normal": {"median": 0.3, "q05": 0.2, "q95": 0.4, "low": 0.1, "high": 0.5}})
    assert prior_words(bounded).endswith("never outside 0.1 to 0.5")


# Explanations


def test_every_variable_is_explained_with_its_place_and_its_inputs():
    equations = reference_model(EXTENSIONS)
    for name, v in equations.variables.items():
        told = contraflow.explain(name) if v.role not in ("driver", "lever") else None
        if told is None:
            continue
        file, line = str(told.where).split(":")
        assert (PACKAGE / file).is_file() and int(line) > 0
        assert told.label and told.unit
        named = {i["id"] for i in told.inputs}
        assert set(equations.inputs_of(name)) <= named or name in ("deterrence", "perceived_risk")
        if v.function is not None:
            assert told.equation and '"""' not in told.equation


def test_an_equation_is_the_source_without_its_documentation():
    body = function_body(reference_model().variables["fentanyl_share"].function)
    assert body == "return wave.total(region_weight * regional_fentanyl_share)"
    ast.parse(f"def f():\n    {body}")


def test_a_stock_shows_its_flows():
    told = contraflow.explain("lab_capacity")
    assert told.kind == "stock"
    assert "+ lab_building" in told.equation and "starts at lab_capacity_2000" in told.equation
    assert "lab_building" in {use["id"] for use in told.uses}


def test_an_outcome_is_known_by_its_id_and_by_its_variable():
    outcome, variable = contraflow.explain("us.fentanyl_retail_price"), contraflow.explain("us_fentanyl_retail_price")
    assert (outcome.kind, outcome.unit) == ("outcome", "USD/g pure")
    assert outcome.equation == variable.equation
    assert variable.kind == "auxiliary"


def test_a_lever_shows_range_levels_and_whom_it_may_harm():
    told = contraflow.explain("us.force.strikes")
    assert told.kind == "lever" and told.details["harm"] and told.details["feasibility"]
    assert told == contraflow.explain("us_force_strikes")
    assert "highest" in told.to_text()


def test_an_extension_says_what_it_adds_and_how_it_is_switched_on():
    for extension in EXTENSIONS:
        told = contraflow.explain(extension)
        assert (told.kind, told.label) == ("extension", EXTENSIONS[extension].en)
        assert f"--extension {extension}" in told.to_text() and f"extensions: [{extension}]" in told.to_text()
        assert told.details["adds"]
        needing = {lever.id for lever in LEVERS.values() if lever.extension == extension}
        assert {i["id"] for i in told.inputs if i["kind"] == "lever"} == needing
    told = contraflow.explain("cooperation")
    assert {"trust_intelligence", "threat_compliance"} <= {i["id"] for i in told.inputs}
    assert "trust_time" not in {i["id"] for i in told.inputs}, "trust moves without it"
    assert "R9" in {use["id"] for use in told.uses}


def test_an_assumption_without_a_reason_is_named_once():
    text = contraflow.explain("strikes").to_text()
    assert "    [E] us.force.strikes: assumption" in text.splitlines()


def test_a_parameter_shows_what_the_data_say_of_it(model):
    name = next(n for n in model.posterior.coordinates if n not in catalogue_hypotheses())
    told = contraflow.explain(name, model)
    assert told.kind == "parameter" and told.prior and told.uses
    q = told.posterior
    assert q["q05"] <= q["q25"] <= q["median"] <= q["q75"] <= q["q95"]
    assert told.contraction == model.posterior.contraction(name)
    assert all(source["grade"] in "ABCDE" and source["of"] == name for source in told.sources)
    assert "Contraction" in told.to_text()


def catalogue_hypotheses():
    return {row["id"] for row in catalogue.hypotheses()}


def test_a_hypothesis_comes_before_the_parameter_of_its_name(model):
    told = contraflow.explain("lab_slack", model)
    assert told.kind == "hypothesis"
    assert [p["id"] for p in told.parameters] == ["lab_slack", "lab_rebuild_time"]
    assert told.parameters[0]["null"] == 1.0 and told.parameters[0]["posterior"]
    assert "lab_building" in {use["id"] for use in told.uses}


def test_a_loop_shows_its_links_and_how_sure_their_signs_are(model):
    told = contraflow.explain("B1", model)
    assert told.kind == "loop" and told.polarity == "B"
    assert {(link["cause"], link["sign"]) for link in told.links} == {("lab_capacity", "-"), ("lab_building", "+")}
    for link in told.links:
        assert 0 <= link["p_positive"] + link["p_negative"] <= 1
    assert "balancing" in told.to_text()


def test_evidence_and_scenarios_are_explained():
    expected = {
        "population": "driver",
        "us.deaths.heroin.share": "series",
        "nchs_final": "source",
        "strikes": "scenario",
    }
    assert {id: contraflow.explain(id).kind for id in expected} == expected
    claim = next(iter(evidence.load().claims))
    assert contraflow.explain(claim).kind == "claim"
    assert "us.deaths.heroin.share" in {use["id"] for use in contraflow.explain("nchs_final").uses}
    assert contraflow.explain("us.deaths.heroin.share").inputs[0]["id"] == "heroin_share_of_opioid_deaths"


def test_every_explanation_is_plain_and_readable():
    costly = {*LOOPS, *evidence.load().parameters, *catalogue_hypotheses()}  # these are tested one by one
    for id in all_ids():
        if id not in costly:
            told = contraflow.explain(id)
            json.dumps(told.to_dict())
            assert told.to_text().startswith(f"{told.id}: ")


def test_unknown_ids_name_the_nearest_over_all_kinds():
    for typed, meant in (("us.overdose_death", "us.overdose_deaths"), ("lab_capacty", "lab_capacity"), ("b1", "B1")):
        with pytest.raises(UnknownName, match=f"did you mean '{meant}'") as caught:
            contraflow.explain(typed)
        assert caught.value.exit_code == 2
