"""A folder that does not hold together is refused, with the file and the line to repair."""

import pytest

from contraflow.evidence import EvidenceError, decimal_year, read_evidence

SOURCES = """\
cdc_2020:
  title: Deaths
  publisher: CDC
  year: 2020
  kind: government statistics
  grade: A
  where: table 1
  checked: 2026-11-21
"""
PARAMETER = """\
quit_rate:
  label: {en: Quitting, es: Abandono}
  unit: 1/year
  prior: {lognormal: {median: 0.1, sd: 0.4}}
  identified_by: [surveys]
  block: rest
  sources:
    - {id: cdc_2020, value: 0.1}
    - {id: assumption, reason: range widened, checked: 2026-11-20}
"""
SERIES = """\
us.deaths:
  label: {en: Deaths, es: Muertes}
  unit: person/year
  basis: residents
  window: year
  use: fit
  observation: {family: negative_binomial, size: 700}
"""
DRIVER = """\
population:
  label: {en: Population, es: Población}
  unit: person
"""


@pytest.fixture
def folder(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    write("sources.yaml", SOURCES)
    write("parameters/demand.yaml", PARAMETER)
    write("series/series.yaml", SERIES)
    write("series/us.deaths.csv", "start,end,value,source,note\n2015-01,2015-12,100,cdc_2020,final\n")
    write("drivers/drivers.yaml", DRIVER)
    write("drivers/population.csv", "date,value,source,note\n2000-07,1,cdc_2020,\n2001.5,2,cdc_2020,\n")
    return write, tmp_path


def test_a_sound_folder_is_read(folder):
    evidence = read_evidence(folder[1])
    row = evidence.series["us.deaths"].rows[0]
    assert (row.start, row.end, row.value) == (2015.0, 2016.0, 100.0)
    assert evidence.drivers["population"].at(2001.0) == pytest.approx(1.5)


def test_a_parameter_carries_the_worst_grade_and_the_oldest_date_of_its_sources(folder):
    parameter = read_evidence(folder[1]).parameters["quit_rate"]
    assert parameter.grade == "E"
    assert str(parameter.checked) == "2026-11-20"
    assert parameter.sources[0].grade == "A"


def test_a_figure_shown_beside_a_prior_does_not_grade_it(folder):
    write, path = folder
    beside = PARAMETER.replace("- {id: assumption,", "- {id: assumption, used: false,")
    write("parameters/demand.yaml", beside)
    parameter = read_evidence(path).parameters["quit_rate"]
    assert parameter.grade == "A" and [ref.used for ref in parameter.sources] == [True, False]
    write("parameters/demand.yaml", beside.replace("value: 0.1}", "value: 0.1, used: false}"))
    with pytest.raises(EvidenceError, match="demand.yaml:1.*no source that its prior uses: add one, or an assumption"):
        read_evidence(path)


def test_months_are_decimal_years():
    assert decimal_year("2015-01") == 2015.0
    assert decimal_year("2015-07") == 2015.5
    with pytest.raises(ValueError, match="YYYY-MM"):
        decimal_year("2015-13")


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "fragment"),
    [
        ("parameters/demand.yaml", "id: cdc_2020", "id: cdc_2002", "demand.yaml:8", "did you mean 'cdc_2020'?"),
        ("parameters/demand.yaml", "unit:", "units:", "demand.yaml:", "no such field; did you mean 'unit'?"),
        ("parameters/demand.yaml", "median: 0.1", "median: -0.1", "demand.yaml:4", "median must be above 0"),
        ("parameters/demand.yaml", "block: rest", "block: demand", "demand.yaml:6", "block"),
        ("parameters/demand.yaml", "reason: range widened, ", "", "demand.yaml:9", "an assumption needs"),
        ("parameters/demand.yaml", "[surveys]", "[hunches]", "demand.yaml:5", "identified_by"),
        ("parameters/demand.yaml", "quit_rate:", "quit_rate: !!map", "demand.yaml:1", "tags are not allowed"),
        ("parameters/demand.yaml", "  block", "  id: x\n  block", "demand.yaml:6", "remove `id`"),
        ("sources.yaml", "grade: A", "grade: F", "sources.yaml:6", "grade"),
        ("series/series.yaml", "size: 700", "sd: 1", "series.yaml:7", "negative_binomial needs"),
        ("series/us.deaths.csv", "cdc_2020", "cdc_1999", "us.deaths.csv:2", "unknown source 'cdc_1999'"),
        ("series/us.deaths.csv", ",100,", ",many,", "us.deaths.csv:2", "'many' is not a number"),
        ("series/us.deaths.csv", "2015-12", "2014-12", "us.deaths.csv:2", "ends (2014-12) before"),
        ("series/us.deaths.csv", "2015-12", "2015", "us.deaths.csv:2", "write YYYY-MM"),
        ("series/us.deaths.csv", "note", "remark", "us.deaths.csv:1", "expected start, end, value, source, note"),
        ("series/us.deaths.csv", ",final", "", "us.deaths.csv:2", "expected 5 cells"),
        ("drivers/population.csv", "2001.5,2,cdc_2020", "2001.5,2,assumption", "population.csv:3", "needs its reason"),
        ("drivers/population.csv", "2001.5", "1999.5", "population.csv", "dates must increase"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(folder, name, old, new, where, fragment):
    write, path = folder
    text = (path / name).read_text(encoding="utf-8")
    assert old in text
    write(name, text.replace(old, new, 1))
    with pytest.raises(EvidenceError) as caught:
        read_evidence(path)
    assert where in str(caught.value)
    assert fragment in str(caught.value)


def test_a_parameter_may_not_be_given_twice(folder):
    write, path = folder
    write("parameters/overdose.yaml", PARAMETER)
    with pytest.raises(EvidenceError, match=r"overdose.yaml:1: 'quit_rate' is already in demand.yaml"):
        read_evidence(path)


def test_a_parameter_needs_a_date(folder):
    write, path = folder
    write(
        "parameters/demand.yaml",
        PARAMETER.replace("    - {id: cdc_2020, value: 0.1}\n", "").replace(", checked: 2026-11-20", ""),
    )
    with pytest.raises(EvidenceError, match="'quit_rate' has no date"):
        read_evidence(path)


def test_a_table_without_an_entry_is_refused(folder):
    write, path = folder
    write("series/us.births.csv", "start,end,value,source,note\n")
    with pytest.raises(EvidenceError, match="no entry 'us.births' in series.yaml"):
        read_evidence(path)


def test_an_entry_without_a_table_is_refused(folder):
    _, path = folder
    (path / "series" / "us.deaths.csv").unlink()
    with pytest.raises(EvidenceError, match="the table is missing"):
        read_evidence(path)
