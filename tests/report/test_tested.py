"""The section on tests that could have failed: what is stored, what is stale, and what was never run."""

import re
from dataclasses import replace

import pytest

from contraflow.report import drawings, tables, tested
from contraflow.report.fit_record import criteria
from contraflow.report.page import html
from contraflow.validation.record import Made
from contraflow.validation.validate import PARTS

from .conftest import NOW, VALIDATION


@pytest.fixture(scope="module")
def bare(invented):
    """A study of a version whose validation was never run."""
    return invented({"harm-reduction": (-0.05, 0.01)})


@pytest.fixture(scope="module")
def pictures(bare):
    return drawings.all_pictures(bare)


@pytest.fixture(scope="module")
def study(bare, stored):
    """The same with a whole validation of this model and posterior."""
    return replace(bare, tests=stored(NOW))


@pytest.fixture(scope="module")
def page(study, pictures):
    return html(study, pictures)


@pytest.fixture(scope="module")
def shown(page):
    """The section alone: words of it stand elsewhere on the page too."""
    return section(page)


def section(page: str) -> str:
    return page[page.index('<section id="tests">') : page.index('<section id="structure">')]


def test_every_stored_part_of_the_validation_has_its_place():
    assert set(tested.TITLES) == {p.id for p in PARTS.values() if p.stored} == set(VALIDATION)


def test_what_was_never_run_says_which_command_makes_it(bare, pictures):
    page = html(bare, pictures)
    for id in tested.TITLES:
        assert f"contraflow validate --part {id}" in section(page)
        assert f"contraflow validate --part {id}" in page[page.index('<section id="es"') :]
    assert section(page).count("not run</span>") == len(tested.TITLES)
    made = tables.all_tables(bare)
    assert {r["state"] for r in made["tests"]} == {"never run"}
    assert not made["backtests"] and not made["held-back-effects"]


def test_what_is_stored_is_shown_without_a_notice(study, shown):
    assert "contraflow validate" not in shown and "not run</span>" not in shown and "stale</span>" not in shown
    assert {r["state"] for r in tables.all_tables(study)["tests"]} == {"current"}


@pytest.mark.parametrize(
    ("now", "word"), [(Made("other", NOW.posterior), "model"), (Made(NOW.model, "x"), "posterior")]
)
def test_what_belongs_to_another_model_or_posterior_is_shown_and_called_stale(bare, pictures, stored, now, word):
    study = replace(bare, tests=stored(now))
    page = section(html(study, pictures))
    assert page.count("stale</span>") == len(tested.TITLES)
    assert f"made for {word} {getattr(NOW, word)}, not" in page and "contraflow validate --part barlas" in page
    assert "published T9" in page
    assert {r["state"] for r in tables.all_tables(study)["tests"]} == {"stale"}


def test_effects_held_back_stand_with_what_was_published_and_the_verdict(study, shown):
    told = tested.said(study)["held-back"]
    assert "4 published effects set no prior. The model can be asked for 3 of them" in told.en
    assert "1 too weak" in told.en
    assert "1 quedan cortos" in told.es
    assert "−50\N{NO-BREAK SPACE}% (−70\N{NO-BREAK SPACE}% to −30\N{NO-BREAK SPACE}%)" in shown
    # An interval that holds no change has no median.
    assert "<td>(−30\N{NO-BREAK SPACE}% to +10\N{NO-BREAK SPACE}%)</td>" in shown
    assert [r["verdict"] for r in tables.all_tables(study)["held-back-effects"]] == [
        "agrees", "not decided", "too weak", "not comparable",
    ]  # fmt: skip


def test_a_rival_that_wins_is_said_to_win_and_where(study, shown):
    told = tested.said(study)["backtests"]
    assert "clearly better than Drift, SOURCE Base; clearly worse than Persistence; not told apart from ETS" in told.en
    assert "Over 2 pooled forecasts" in told.en  # SOURCE's own years stay out of the pool
    assert "outside their bands" in told.en and "41\N{NO-BREAK SPACE}% at 50 %" in told.en
    assert "claramente peor que la persistencia" in told.es
    lost = tested.losses(VALIDATION["backtests"]["backtests"])
    assert "score 0.30, Persistence 0.10" in lost and "too low" in lost
    (row,) = tables.all_tables(study)["backtests-by-series"]  # what stays out of the pool has no row
    assert row["series"] == "mx.homicides.inegi.annual" and row["excess"] == pytest.approx(0.2)
    assert "US opioid deaths, forecast from 2020" in shown and "−8.0\N{NO-BREAK SPACE}%" in shown


def test_no_rival_is_said_to_win_where_none_does():
    rows = [{**r, "crps": 0.01} for r in VALIDATION["backtests"]["backtests"]]
    assert tested.losses(rows) == "In no series does a rival have the better mean score."


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.2, "undecided")]
)
def test_skill_is_judged_by_its_interval(low, high, said):
    assert tested.standing({"median": 0.0, "q05": low, "q95": high}) == said


def test_headline_effects_under_other_structures_say_whether_they_turn(study, shown):
    rows = VALIDATION["alternatives"]["alternatives"]
    assert tested.agreement(rows, 0) == "same clear sign in all"
    assert tested.agreement(rows, 1) == "turns with the structure"
    assert "1 keep a clear sign under all 2 structures and 1 turn" in tested.said(study)["alternatives"].en
    assert "view no-rents" in shown and "turns with the structure" in shown
    assert len(tables.all_tables(study)["structural-alternatives"]) == 4


def test_calibration_recovery_and_structure_say_what_failed(study, shown):
    said = tested.said(study)
    assert "19 of 20" in said["calibration"].en and "Outside: titration" in said["calibration"].en
    assert "87\N{NO-BREAK SPACE}% of true values" in said["recovery"].en and "dose_spread" in shown
    assert "1 hold and 1 fail: extreme:no_guns" in said["barlas"].en
    assert "No guns, no gun deaths." in shown and "gun_revenue_response at 0" in shown


def test_sampling_is_judged_by_the_stages_used(bare):
    found = {r.label: r.met for r in criteria(bare.fit)}
    assert found == {
        "Largest split R-hat": False,
        "Fewest effective draws, bulk": False,
        "Fewest effective draws, tail": True,
        "Divergent transitions": False,
    }
    joint = replace(bare.fit.convergence[0], id="joint", rhat=9.0)
    assert criteria(replace(bare.fit, convergence=(*bare.fit.convergence, joint))) == criteria(bare.fit)


def test_tables_of_the_tests_have_the_same_columns_in_every_row_and_no_gap(study):
    for name, rows in tested.tables(study).items():
        assert rows, name
        assert len({tuple(r) for r in rows}) == 1, name
        assert all(v is not None and v == v for r in rows for v in r.values()), name


def test_every_test_has_a_line_in_spanish(study, page):
    spanish = page[page.index('<section id="es"') :]
    for title in tested.TITLES.values():
        assert title[1] in spanish
    assert all(s.en != s.es for s in tested.said(study).values())
    assert not re.search(r">\s*(nan|None)\s*<", page)
