"""The figures shipped with the package: all sourced, none after 2024, and equal to known published totals."""

import csv
from pathlib import Path

import numpy as np
import pytest

from contraflow.evidence import ASSUMPTION, load

EVIDENCE = load()


def test_every_parameter_has_unit_prior_source_grade_and_date():
    assert EVIDENCE.parameters
    for parameter in EVIDENCE.parameters.values():
        assert parameter.unit and parameter.sources and parameter.identified_by
        assert parameter.grade in "ABCDE" and parameter.checked
        for source in parameter.sources:
            assert source.id in EVIDENCE.sources or (source.id == ASSUMPTION and source.reason)


@pytest.mark.parametrize("table", [*EVIDENCE.series.values(), *EVIDENCE.drivers.values()], ids=lambda table: table.id)
def test_every_row_names_a_source_or_gives_a_reason(table):
    for row in table.rows:
        assert row.source in EVIDENCE.sources or (row.source == ASSUMPTION and row.note)


@pytest.mark.parametrize("series", EVIDENCE.series.values(), ids=lambda series: series.id)
def test_no_observed_outcome_ends_after_2024(series):
    assert series.ends.max() <= 2025.0 + 1e-9
    assert np.all(series.starts < series.ends)
    assert np.all(series.values > 0)


@pytest.mark.parametrize("series", EVIDENCE.series.values(), ids=lambda series: series.id)
def test_windows_of_one_series_do_not_overlap(series):
    assert np.all(series.starts[1:] >= series.ends[:-1] - 1e-9)


@pytest.mark.parametrize("series", EVIDENCE.series.values(), ids=lambda series: series.id)
def test_windows_have_the_length_they_are_said_to_have(series):
    expected = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}.get(series.window)
    months = np.round((series.ends - series.starts) * 12)
    if expected and series.id != "us.market.fentanyl_powder_purity" and series.id != "us.market.fentanyl_pill_mg":
        assert np.all(months == expected)
    elif expected:
        assert np.all(months[:-1] == expected) and months[-1] == 1  # the charts end in October 2024


def test_labels_exist_in_both_languages():
    for table in (EVIDENCE.parameters, EVIDENCE.series, EVIDENCE.drivers):
        assert all(item.label.en and item.label.es for item in table.values())


def year(id, start):
    return next(row.value for row in EVIDENCE.series[id].rows if row.start == start)


def test_published_death_counts_are_reproduced():
    assert year("us.deaths.opioids.annual", 2000.0) == 8407
    assert year("us.deaths.opioids.annual", 2020.0) == 69061
    assert year("us.deaths.synthetic_opioids.annual", 2023.0) == 74091
    assert year("us.deaths.all_drugs.annual", 2024.0) == 80856


def test_derived_series_equal_their_parts():
    for row in EVIDENCE.series["us.deaths.non_opioid.annual"].rows:
        whole, part = year("us.deaths.all_drugs.annual", row.start), year("us.deaths.opioids.annual", row.start)
        assert row.value == whole - part
    for row in EVIDENCE.series["us.deaths.stimulant_involved.annual"].rows:
        cocaine = year("us.deaths.cocaine.annual", row.start)
        assert row.value == cocaine + year("us.deaths.psychostimulants.annual", row.start)


@pytest.mark.parametrize("drug", ["all_drugs", "synthetic_opioids"])
def test_months_and_half_years_add_up_to_the_year(drug):
    for start in range(2018, 2025):
        annual = year(f"us.deaths.{drug}.annual", float(start))
        for window in ("monthly", "half_year"):
            rows = EVIDENCE.series[f"us.deaths.{drug}.{window}"].rows
            total = sum(row.value for row in rows if start <= row.start < start + 1)
            assert total == pytest.approx(annual, abs=3)


def test_half_years_at_the_border_add_up_to_the_year():
    for row in EVIDENCE.series["border.seized.fentanyl.annual"].rows:
        halves = EVIDENCE.series["border.seized.fentanyl.half_year"].rows
        total = sum(half.value for half in halves if row.start <= half.start < row.end)
        assert total == pytest.approx(row.value, abs=2)


def test_drivers_start_and_end_where_the_model_expects():
    drivers = EVIDENCE.drivers
    assert drivers["prescription_opioid_supply"].at(2000.5) == 1.0
    assert drivers["heroin_grams_per_user"].at(2006.5) == 1.0
    np.testing.assert_allclose(drivers["border_effort_years"].at([2010.0, 2019.5, 2025.0, 2035.0]), [-6.5, 0, 5.5, 5.5])
    np.testing.assert_allclose(drivers["pandemic_pulse"].at([2020.0, 2021.0, 2022.5, 2035.0]), [0, 1, 0, 0])
    np.testing.assert_allclose(drivers["reformulation_pulse"].at([2010.0, 2011.0, 2012.5, 2014.0]), [0, 1, 1, 0])
    np.testing.assert_allclose(drivers["mail_share"].at([2000.0, 2016.0, 2018.0, 2024.0]), [0.5, 0.5, 0.25, 0.0])
    for name in ("opioid_unspecified_share", "mail_share", "smoking_share"):
        assert all(0 <= row.value <= 1 for row in drivers[name].rows)


def test_effects_held_back_are_counted_and_set_no_prior():
    held_back = [effect for effect in EVIDENCE.held_back if effect.use == "held_back"]
    assert len(held_back) == 22
    assert len({effect.id for effect in EVIDENCE.held_back}) == len(EVIDENCE.held_back)
    seen = {source for effect in EVIDENCE.held_back if effect.use == "prior" for source in effect.sources}
    unseen = {source for effect in held_back for source in effect.sources} - seen
    for parameter in EVIDENCE.parameters.values():
        assert not unseen & {source.id for source in parameter.sources}, parameter.id


def test_december_windows_equal_the_original_release():
    original = Path(__file__).parents[2].parent / "shared" / "data" / "us_vsrr_overdose_12mo_national.csv"
    if not original.exists():
        pytest.skip("the original release is not beside this checkout")
    with original.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["indicator"] == "all_drugs" and row["date"][5:7] == "12":
                assert year("us.deaths.all_drugs.annual", float(row["date"][:4])) == float(row["value_12mo"])


def test_the_record_of_homicides_is_that_of_the_series():
    record, series = EVIDENCE.drivers["recorded_homicides"], EVIDENCE.series["mx.homicides.inegi.annual"]
    assert [(row.date, row.value, row.source) for row in record.rows] == [
        (row.start + 0.5, row.value, row.source) for row in series.rows
    ]
