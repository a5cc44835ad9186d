"""Figures that a user adds: laid over the evidence, earlier vintages kept, nothing changed by a file with an error."""

import datetime
import json

import pytest
from typer.testing import CliRunner

from contraflow import evidence
from contraflow.cli import app
from contraflow.errors import ContraflowError
from contraflow.evidence import providers, vintages
from contraflow.evidence.providers import DataError, Point

KG = "border.seized.fentanyl.monthly"


@pytest.fixture
def add(data_folder):
    def run(path, accept=False):
        return vintages.add(path, providers.read(path), evidence.shipped(), accept)

    return run


def held():
    return vintages.layered(evidence.load(), vintages.newest()).series


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()} if folder.exists() else {}


def test_without_a_folder_the_evidence_is_what_ships(data_folder):
    assert vintages.newest() == ()
    assert held() == evidence.load().series


def test_the_folder_is_named_or_follows_the_convention_of_the_system(monkeypatch, tmp_path):
    monkeypatch.delenv("CONTRAFLOW_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert vintages.folder() == tmp_path / "contraflow"
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "mine"))
    assert vintages.folder() == tmp_path / "mine"


def test_new_months_are_laid_over_what_ships(add, lines, file_of):
    added = add(file_of(lines["cbp"](until="2025-02")))
    assert [p.start for p in added.new[KG]] == ["2025-01", "2025-02"]
    assert added.revisions == ()
    rows = held()[KG].rows
    assert len(rows) == len(evidence.load().series[KG].rows) + 2
    assert rows[-1].value == 500.0 and rows[0] == evidence.load().series[KG].rows[0]
    assert list(evidence.load().series[KG].rows)[-1].end == pytest.approx(2025)


def test_persons_still_missing_are_raised_from_the_municipal_table_to_the_national_series(add, lines, file_of):
    added = add(file_of(lines["rnpdno"](status="7", until=2026, share=0.95, later=12_000)))
    missing = "mx.missing.annual"
    assert added.revisions == () and [p.start for p in added.new[missing]] == ["2025-01"]
    shipped = evidence.load().series[missing].rows
    rows = held()[missing].rows
    assert rows[: len(shipped)] == shipped
    assert [r.value for r in rows[len(shipped) :]] == pytest.approx([12_000], rel=1e-3)
    assert "times 1.053" in rows[-1].note


@pytest.mark.parametrize(("share", "why"), [(0.6, "1.67 times the file's count"), (1.5, "0.67 times")])
def test_a_count_of_other_persons_is_not_linked(add, lines, file_of, data_folder, share, why):
    with pytest.raises(DataError, match=why):
        add(file_of(lines["rnpdno"](status="7", until=2026, share=share)))
    assert tree(data_folder) == {}


def test_the_same_file_again_brings_nothing_and_stores_nothing(add, lines, file_of, data_folder):
    path = file_of(lines["sesnsp"](), encoding="latin-1")
    assert add(path).vintage is not None
    before = tree(data_folder)
    assert add(path).vintage is None
    assert tree(data_folder) == before


def test_a_revision_is_shown_and_the_earlier_vintage_kept(add, lines, file_of, data_folder):
    add(file_of(lines["wonder"]()))
    before = tree(data_folder)
    revised = [line.replace("\t3000\t", "\t3100\t") for line in lines["wonder"](until="2025-03")]
    added = add(file_of(revised, "later.txt"))
    assert {(r.period, r.old, r.new) for r in added.revisions} == {("2025-01", 3000, 3100), ("2025-02", 3000, 3100)}
    assert before.items() <= tree(data_folder).items()
    series = "us.deaths.synthetic_opioids.wonder"
    assert [r.value for r in held()[series].rows[-3:]] == [3100, 3100, 3100]
    first = vintages.layered(evidence.load(), vintages.newest()[:1]).series[series]
    assert [r.value for r in first.rows[-2:]] == [3000, 3000]


def test_all_series_of_a_file_come_or_none(add, lines, file_of, data_folder, monkeypatch):
    path = file_of(lines["cbp"]())
    real, calls = vintages._text, []

    def fails_later(points, source):
        calls.append(points)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(points, source)

    monkeypatch.setattr(vintages, "_text", fails_later)
    with pytest.raises(ContraflowError, match="No space left"):
        add(path)
    assert tree(data_folder) == {} and list((data_folder / "vintages").iterdir()) == []


def test_an_older_or_cut_off_file_is_refused(add, lines, file_of, data_folder):
    add(file_of(lines["sesnsp"](until="2025-04")))
    before = tree(data_folder)
    with pytest.raises(DataError, match=r"ends with 2025-03, 2025-04 is held already"):
        add(file_of(lines["sesnsp"](until="2025-03"), "older.csv"))
    assert tree(data_folder) == before


def test_a_file_that_begins_too_late_is_refused(add, lines, file_of, data_folder):
    text = lines["wonder"](until="2025-06")
    with pytest.raises(DataError, match="a gap"):
        add(file_of([text[0], *(t for t in text[1:] if "2025/0" in t and "/01" not in t), *text[-12:]]))
    assert tree(data_folder) == {}


def test_another_basis_is_refused_until_it_is_accepted(add, lines, file_of, data_folder):
    path = file_of(lines["cbp"](kg=2.2046))
    with pytest.raises(DataError, match="another basis or a wrong file"):
        add(path)
    assert tree(data_folder) == {}
    assert len(add(path, accept=True).revisions) > 20


PURITY, INEGI = "us.market.fentanyl_powder_purity", "mx.homicides.inegi.annual"


def test_single_figures_come_with_weight_and_source_and_take_the_place_of_a_part(add, lines, file_of):
    """The October that ships is part of the quarter that comes: its exhibits must not count twice."""
    added = add(file_of(lines["figures"]()))
    assert [p.start for p in added.new[INEGI]] == ["2025-01"] and [p.start for p in added.new[PURITY]] == ["2024-10"]
    shipped = evidence.load().series[PURITY].rows
    rows = held()[PURITY].rows
    assert len(rows) == len(shipped) and rows[:-1] == shipped[:-1]
    assert (rows[-1].value, rows[-1].weight, rows[-1].source) == (0.12, 700, "dea_ndta_2025")
    assert rows[-1].end - rows[-1].start == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"{INEGI},2098-01,2098-12,31000,,,", "lies in the future"),
        (f"{INEGI},2025-01,2025-12,31,,,", "another unit"),
        (f"{INEGI},2024-01,2024-12,31000,,,", "another basis"),
        ("us.deaths.stimulant_only.share,2024-01,2024-12,0.6,,,", "overlaps 2022-01 to 2024-06"),
    ],
)
def test_figures_that_do_not_fit_what_is_held_change_nothing(row, message, add, lines, file_of, data_folder):
    with pytest.raises(DataError, match=message):
        add(file_of(lines["figures"](row)))
    assert tree(data_folder) == {}


def test_an_earlier_figure_may_be_revised_alone(add, lines, file_of):
    last = evidence.load().series[INEGI].rows[-2]
    added = add(file_of(lines["figures"](f"{INEGI},2023-01,2023-12,{last.value + 100:.0f},,,")))
    assert [(r.series, r.old, r.new) for r in added.revisions] == [(INEGI, last.value, last.value + 100)]
    assert held()[INEGI].rows[-1] == evidence.load().series[INEGI].rows[-1]


def test_every_series_that_is_fitted_takes_a_figure_of_its_own_window(add, lines, file_of):
    months = {"year": 12, "half-year": 6, "quarter": 3, "month": 1, "point": 12}
    for name, series in evidence.load().series.items():
        if series.use != "fit":
            continue
        count = months[series.window]
        row = f"{name},2025-01,2025-{count:02d},{series.rows[-1].value:g},,,"
        assert [p.end for p in add(file_of(lines["figures"](row))).new[name]] == [f"2025-{count:02d}"]


@pytest.mark.parametrize("value", [310_000, 335_500, 3_355, 3_100])
def test_a_digit_too_many_or_too_few_is_refused_until_it_is_accepted(value, add, lines, file_of, data_folder):
    path = file_of(lines["figures"](f"{INEGI},2025-01,2025-12,{value},,,"))
    with pytest.raises(DataError, match="a digit too many or too few"):
        add(path)
    assert tree(data_folder) == {}
    assert [p.value for p in add(path, accept=True).new[INEGI]] == [value]


def test_a_digit_too_many_is_refused_of_a_known_figure_among_others_too(add, lines, file_of, data_folder):
    rows = {2022: 33_287, 2023: 32_252, 2024: 335_500}
    path = file_of(lines["figures"](*(f"{INEGI},{y}-01,{y}-12,{v},,," for y, v in rows.items())))
    with pytest.raises(DataError, match=r"335500 in 2024-12 beside 32252"):
        add(path)
    assert tree(data_folder) == {}


def test_no_figure_that_ships_would_have_been_refused_after_those_before_it(tmp_path):
    refused = []
    for series in evidence.load().series.values():
        for k, row in enumerate(series.rows[1:], 1):
            start, end = (f"{m // 12}-{m % 12 + 1:02d}" for m in (vintages._key(row)[0], vintages._key(row)[1] - 1))
            before = series.model_copy(update={"rows": series.rows[:k]})
            try:
                vintages._require_same_unit(tmp_path, [Point(start, end, row.value)], before, False, False)
            except DataError as error:
                refused.append(str(error))
    assert refused == []


def test_a_series_that_jumps_by_its_record_may_jump(add, lines, file_of):
    last = evidence.load().series[KG].rows[-1].value
    for month, value in (("2025-01", 6 * last), ("2025-02", last)):
        assert add(file_of(lines["figures"](f"{KG},{month},{month},{value:.1f},,,"))).new[KG]


def test_accepted_revisions_say_nothing_of_the_new_figures_beside_them(add, lines, file_of, data_folder):
    revised, jump = f"{INEGI},2024-01,2024-12,31000,,,", f"{INEGI},2025-01,2025-12,310000,,,"
    both = file_of(lines["figures"](revised, jump))
    with pytest.raises(DataError, match="add it first, in a row of its own, with --accept-revisions"):
        add(both, accept=True)
    assert tree(data_folder) == {}
    add(file_of(lines["figures"](jump), "jump.csv"), accept=True)
    assert [r.new for r in add(both, accept=True).revisions] == [31_000]


def test_a_figure_given_ahead_does_not_lock_its_providers_file_out(add, lines, file_of):
    series = "us.deaths.non_opioid.annual"
    add(file_of(lines["figures"](f"{series},2025-01,2025-12,25000,,,")))
    assert add(file_of(lines["vsrr"](until="2025-03"))).vintage.endswith("cdc_vsrr")
    assert [r.value for r in held()[series].rows if r.start > 2024.9] == [25_000]
    with vintages.trial(vintages.newest()):
        assert run("data", "add", file_of(lines["vsrr"](until="2025-04"))).exit_code == 0
    added = add(file_of(lines["vsrr"](until="2025-12"), "later.csv"))
    assert [(r.period, r.old) for r in added.revisions if r.series == series] == [("2025-01 to 2025-12", 25_000)]
    with pytest.raises(DataError, match="ends with 2025-06, 2025-12 is held already"):
        add(file_of(lines["vsrr"](until="2025-06"), "older.csv"))


def test_homicides_added_are_on_record_where_force_looks_for_them(add, lines, file_of):
    shipped = evidence.load()
    add(file_of(lines["figures"](f"{INEGI},2025-01,2025-12,26000,,,")))
    driver = vintages.layered(shipped, vintages.newest()).drivers["recorded_homicides"]
    assert driver.rows[:-1] == shipped.drivers["recorded_homicides"].rows
    assert (driver.rows[-1].date, driver.rows[-1].value) == (2025.5, 26_000)
    assert driver.at(2030.0) == 26_000
    assert vintages.layered(shipped, ()).drivers == shipped.drivers


def test_vintages_in_force_leave_what_ships_as_it_is(add, lines, file_of):
    add(file_of(lines["figures"](f"{INEGI},2025-01,2025-12,26000,,,")))
    with vintages.trial(vintages.newest()):
        assert evidence.load().series[INEGI].rows[-1].value == 26_000
        assert evidence.shipped().series[INEGI].rows[-1].end == pytest.approx(2025)


def test_a_damaged_vintage_says_what_to_do(add, lines, file_of, data_folder):
    name = add(file_of(lines["cbp"]())).vintage
    (data_folder / "vintages" / name / f"{KG}.csv").write_text("start,end\n2025-01,2025-01\n")
    with pytest.raises(ContraflowError, match="remove its folder"):
        held()


def test_age_is_counted_from_the_last_month():
    series = evidence.load().series[KG]
    assert vintages.coverage(series, datetime.date(2025, 4, 2)) == ("2018-10", "2024-12", 3)
    assert vintages.coverage(series, datetime.date(2025, 1, 31)) == ("2018-10", "2024-12", 0)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_adds_a_file_and_shows_it(data_folder, lines, file_of):
    result = run("data", "add", file_of(lines["cbp"]()))
    assert result.exit_code == 0, result.output
    assert f"{KG}: 1 new, 2025-01 to 2025-01" in result.output
    again = run("data", "add", file_of(lines["cbp"]()))
    assert "nothing new" in again.output
    rows = {r["series"]: r for r in json.loads(run("data", "status", "--json").output)}
    assert rows[KG]["last"] == "2025-01" and rows[KG]["vintage"].endswith("-cbp")
    assert rows["mx.missing.annual"]["vintage"] is None
    assert set(rows) == set(evidence.load().series)


def test_the_status_of_some_series_is_asked_for_in_any_case_and_of_none_is_an_error(data_folder):
    rows = json.loads(run("data", "status", "SESNSP", "--json").output)
    assert rows and all("sesnsp" in r["series"] for r in rows)
    unknown = run("data", "status", "sesnps")
    assert unknown.exit_code == 2 and "no series holds 'sesnps'" in unknown.stderr


def test_the_command_refuses_a_wrong_file_in_one_line(data_folder, lines, file_of):
    result = run("data", "add", file_of(lines["cbp"]()[:-1] + ["2025,JAN"]))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert "cut off" in result.stderr and not data_folder.exists()
