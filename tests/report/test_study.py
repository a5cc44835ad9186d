"""The shipped study, run small: what it writes, and what it leaves when it fails."""

import csv
import json
import re
from pathlib import Path

import pytest

import contraflow
from contraflow.errors import ContraflowError, UnknownName
from contraflow.policy import Scenario
from contraflow.report import study as module
from contraflow.report.study import STUDIES, WHOLE, run_study, study_size

DRAWS = 20


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    told = []
    folder = tmp_path_factory.mktemp("study") / "latest"
    return run_study(out=folder, draws=DRAWS, progress=told.append, model=contraflow.load()), sum(told)


@pytest.mark.slow
def test_a_study_writes_page_figures_and_tables(written):
    folder = written[0].folder
    assert written[0].report_path == folder / "index.html"
    figures = {p.stem for p in (folder / "figures").glob("*.svg")}
    assert {
        "effects",
        "effects-mexico",
        "homicides",
        "guns",
        "overdose-deaths",
        "fentanyl-purity",
        "thresholds-strikes",
        "thresholds-laboratories",
        "fall",
    } <= figures
    tables = {p.stem for p in (folder / "tables").glob("*.csv")}
    assert {
        "effects",
        "fit",
        "parameters",
        "sources",
        "thresholds-strikes",
        "fall-since-2023",
        "hypotheses",
        "guns",
        "leaders",
        "recruitment-model",
        "structure",
        "civilian-deaths",
        "fall-panel-of-states",
        "removals-panel-of-states",
        "tests",
    } <= tables
    assert sorted(p.name for p in folder.parent.iterdir()) == ["latest"]


@pytest.mark.slow
def test_progress_adds_up_to_the_size_told_beforehand(written):
    assert written[1] == study_size(WHOLE, DRAWS)


@pytest.mark.slow
def test_the_summary_is_short_and_ends_with_the_report(written):
    lines = written[0].summary_text.splitlines()
    assert 8 + len(STUDIES[WHOLE]) <= len(lines) <= 10 + len(STUDIES[WHOLE])
    assert lines[-1] == f"Report: {written[0].report_path}"


@pytest.mark.slow
def test_the_findings_returned_are_those_written(written):
    stored = json.loads((written[0].folder / module.page.MARK).read_text(encoding="utf-8"))
    assert stored["findings"] == list(written[0].findings)
    assert {f["scenario"] for f in stored["findings"]} == set(STUDIES[WHOLE])


@pytest.mark.slow
def test_the_page_needs_nothing_from_outside(written):
    page = written[0].report_path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert not re.search(r"@import|url\((?!#)|https?://", page)
    assert "nan" not in re.findall(r">\s*(nan|inf|None)\s*<", page)


@pytest.mark.slow
def test_every_figure_on_the_page_has_words_and_a_fingerprint(written):
    page = written[0].report_path.read_text(encoding="utf-8")
    figures = re.findall(r"<figure\b.*?</figure>", page, flags=re.S)
    assert len(figures) == len(list((written[0].folder / "figures").glob("*.svg")))
    for figure in figures:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', figure)
        assert "posterior" in figure[figure.index("<figcaption>") :]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_force_is_shown_with_consent_legality_and_civilians(written):
    page = written[0].report_path.read_text(encoding="utf-8")
    start = page.index('id="s-strikes"')
    section = page[start : page.index("<table>", start)]
    assert "Consent and legality:" in section
    assert "Civilians:" in section


@pytest.mark.slow
def test_the_page_says_both_languages_and_the_present_apart(written):
    page = written[0].report_path.read_text(encoding="utf-8")
    assert "Resumen en español" in page
    assert page.count("Against the model’s 2024 (not the effect of the policy)") == len(STUDIES[WHOLE])


@pytest.mark.slow
def test_tables_hold_numbers_everywhere(written):
    for path in (written[0].folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows, path.name
        for row in rows:
            assert None not in row and None not in row.values(), path.name
            assert not {"nan", "inf", "-inf", "None"} & {v.strip().lower() for v in row.values()}, path.name


def test_a_study_that_breaks_leaves_the_earlier_one_alone_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "latest"
    folder.mkdir()
    (folder / "study.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(module, "_simulated", lambda *a: None)
    monkeypatch.setattr(module.opening, "summary", lambda *a: "")

    def breaks(study, target, summary):
        (target / "index.html").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(module.page, "write", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_study(out=folder, model=object())
    assert [p.name for p in tmp_path.iterdir()] == ["latest"]
    assert [p.name for p in folder.iterdir()] == ["study.json"]


def test_an_earlier_study_is_put_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    folder, partial = tmp_path / "latest", tmp_path / "partial"
    folder.mkdir()
    (folder / "study.json").write_text("{}", encoding="utf-8")
    partial.mkdir()
    rename = Path.rename

    def interrupted(self, target):
        if self == partial:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        module._replace(partial, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["latest", "partial"]
    assert [p.name for p in folder.iterdir()] == ["study.json"]


def test_a_folder_that_could_not_be_written_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_simulated", lambda *a: pytest.fail("simulated"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ContraflowError, match="is a file"):
        run_study(out=tmp_path / "file" / "below" / "latest", model=object())
    monkeypatch.setattr(module.os, "access", lambda *a: False)
    with pytest.raises(ContraflowError, match="cannot be written to: name a folder elsewhere with --out"):
        run_study(out=tmp_path / "below" / "latest", model=object())


def test_a_folder_that_is_no_study_is_not_replaced(tmp_path):
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ContraflowError, match="not a study"):
        run_study(out=tmp_path, model=object())


def test_an_unknown_study_names_the_nearest(tmp_path):
    with pytest.raises(UnknownName, match="border"):
        run_study("borders", tmp_path)


def test_the_whole_study_runs_every_shipped_policy_without_extensions():
    assert set(STUDIES[WHOLE]) == set(Scenario.shipped()) - {"baseline"}
    assert not any(Scenario.load(name).extensions for name in STUDIES[WHOLE])
