"""Figures that a user adds: laid over the evidence, earlier vintages kept, nothing changed by a file with an error."""

import datetime
import json

import pytest
from typer.testing import CliRunner

from contraflow import evidence
from contraflow.cli import app
from contraflow.errors import ContraflowError
from contraflow.evidence import providers, vintages
from contraflow.evidence.providers import DataError

KG = "border.seized.fentanyl.monthly"


@pytest.fixture
def add(data_folder):
    def run(path, accept=False):
        return vintages.add(path, providers.read(path), evidence.load(), accept)

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
        add(file_of([text[0], *(t for t in text[1:] if "2025/0" in t and "/01" not in t), *text[-5:]]))
    assert tree(data_folder) == {}


def test_another_basis_is_refused_until_it_is_accepted(add, lines, file_of, data_folder):
    path = file_of(lines["cbp"](kg=2.2046))
    with pytest.raises(DataError, match="another basis or a wrong file"):
        add(path)
    assert tree(data_folder) == {}
    assert len(add(path, accept=True).revisions) > 20


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


def test_the_command_refuses_a_wrong_file_in_one_line(data_folder, lines, file_of):
    result = run("data", "add", file_of(lines["cbp"]()[:-1] + ["2025,JAN"]))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert "cut off" in result.stderr and not data_folder.exists()
