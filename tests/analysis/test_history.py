"""An assumption and the past: what it moves there stands beside what was fitted and what was counted."""

import pytest

import contraflow as cf
from contraflow import evidence
from contraflow.analysis.history import COUNTED
from contraflow.system.outcomes import OUTCOMES

DRAWS = 16


@pytest.fixture(scope="module")
def model() -> cf.Model:
    return cf.load()


def test_every_count_is_of_whole_years_in_the_unit_of_its_outcome():
    for name, series in COUNTED.items():
        found = evidence.load().series[series]
        assert found.unit == OUTCOMES[name].unit and found.window == "year", name
        assert all(row.end - row.start == pytest.approx(1) and row.start % 1 == 0 for row in found.rows), name


def test_a_belief_that_rewrites_history_shows_by_how_much(model):
    comparison = model.compare(cf.Scenario(assume={"harm_reduction": "off"}), draws=DRAWS)
    past = comparison.to_dict()["past"]
    assert set(past) == set(COUNTED)
    deaths = past["us.overdose_deaths"]
    assert deaths["series"] == "us.deaths.all_drugs.annual"
    assert list(deaths["years"]) == ["2023", "2024"]
    assert deaths["years"]["2023"]["counted"] == 106_881
    assert deaths["years"]["2023"]["assumed"] > 1.005 * deaths["years"]["2023"]["fitted"]
    fitted = model.run(draws=DRAWS, until=2025.0).annual("us.overdose_deaths").median("draw")
    for year, of in deaths["years"].items():
        assert of["fitted"] == pytest.approx(float(fitted.sel(year=int(year))))
    told = next(remark for remark in comparison.to_dict()["remarks"] if "past" in remark)
    assert len(told.splitlines()) == 1 + len(COUNTED)
    assert "us.overdose_deaths: 2023 " in told and "counted 106,881; 2024 " in told


def test_the_fit_is_that_of_all_draws_where_a_range_leaves_some_out(model):
    titration = model.posterior.parameters()["titration"]
    low = float(sorted(titration)[len(titration) // 2])
    ranged = model.compare(cf.Scenario(assume={"titration": (low, 1.0)}, outcomes=("mx.homicides",)), draws=DRAWS)
    fitted = model.run(draws=DRAWS, until=2025.0).annual("mx.homicides").median("draw")
    assert set(ranged.past) == {"mx.homicides"}, "outcomes that are reported"
    assert ranged.past["mx.homicides"]["years"]["2024"]["fitted"] == pytest.approx(float(fitted.sel(year=2024)))


def test_nothing_is_said_of_the_past_where_nothing_is_assumed(model):
    content = model.compare("baseline", draws=DRAWS).to_dict()
    assert content["past"] == {}
    assert not any("past" in remark for remark in content["remarks"])
