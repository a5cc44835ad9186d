"""Where a conclusion comes from, and what panels of states say beside the model."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from contraflow.analysis.support import Driver, Removed, Support
from contraflow.report import leaders, panels, sentences, tables
from contraflow.report.columns import UNITED_STATES
from contraflow.report.origins import WORDS, learned_origin, mark, origin_of, rests_on, tally
from contraflow.report.page import html


def driver(share: float, contraction: float, grade: str) -> Driver:
    return Driver("titration", 0.5, share, contraction, grade)


DATA, PUBLISHED, PRIOR = driver(0.5, 0.6, "E"), driver(0.5, 0.1, "B"), driver(0.5, 0.1, "E")


@pytest.fixture(scope="module")
def study(invented):
    return invented({"harm-reduction": (-0.05, 0.01), "leaders-first": (-0.01, 0.2), "penalties": (0.0, 1e-6)})


@pytest.fixture(scope="module")
def finding(study):
    """Makes the study's finding rest on something else."""

    def made(explained, *drivers, removed=None, extensions=()):
        f = study.short["harm-reduction"][UNITED_STATES.outcome]
        support = Support(explained, drivers, removed, extensions)
        verdict = replace(f.verdict, from_assumption=support.from_assumption)
        return replace(f, effect=replace(f.effect, support=support), verdict=verdict)

    return made


def test_an_effect_is_marked_by_what_most_of_its_spread_comes_from(finding):
    assert mark(finding(0.5, DATA)) == "data"
    assert mark(finding(0.5, PUBLISHED)) == "published"
    assert mark(finding(0.5, PRIOR)) == "assumption"
    thirds = [replace(d, share=0.25) for d in (DATA, PUBLISHED, PRIOR)]
    assert mark(finding(0.75, *thirds)) == "mixed"
    assert mark(finding(0.05, replace(DATA, share=0.05))) == "untold"
    assert mark(finding(0.5, DATA, extensions=("corruption",))) == "assumption"


def test_a_hypothesis_that_carries_the_size_comes_before_the_spread(finding):
    carried = finding(0.5, DATA, removed=Removed("treatment", 0.8))
    assert mark(carried) == origin_of("treatment", carried.support) == "published"
    assert mark(finding(0.5, DATA, removed=Removed("kingpin", 0.8))) == "assumption"
    assert mark(finding(0.5, DATA, removed=Removed("kingpin", 0.3))) == "data"
    assert "carries 80\N{NO-BREAK SPACE}% of its size" in rests_on(carried).detail
    assert "turns it" in rests_on(finding(0.5, DATA, removed=Removed("kingpin", 1.2))).detail
    assert "carries" not in rests_on(finding(0.5, DATA, removed=Removed("kingpin", 0.1))).detail
    assert "100\N{NO-BREAK SPACE}% data" in rests_on(carried).detail


def test_the_width_is_named_where_it_comes_from_elsewhere_than_the_size(study, finding):
    both = finding(0.5, replace(PRIOR, share=0.4), removed=Removed("treatment", 0.8))
    assert rests_on(both).said.en == "published effects for its size, priors for its width"
    assert rests_on(both).said.es == "efectos publicados en su tamaño, valores previos en su ancho"
    assert rests_on(both).said.en in sentences.sentence(study, both, UNITED_STATES)
    assert rests_on(finding(0.5, PUBLISHED, removed=Removed("treatment", 0.8))).said.en == "published effects"
    assert rests_on(finding(0.5, PRIOR, removed=Removed("treatment", 0.3))).said.en == "priors"


def test_a_tally_counts_what_no_effect_rests_on_too(finding):
    told = tally([finding(0.5, PRIOR), finding(0.5, PRIOR)])
    assert told.endswith("by what they rest on: data: 0; published effects: 0; priors: 2.")


@pytest.mark.parametrize(
    ("strength", "origin"),
    [("naloxone_effect", "published"), ("site_effect", "assumption"), ("titration", "assumption")],
)
def test_a_hypothesis_comes_from_where_its_strengths_that_move_the_effect_do(finding, strength, origin):
    moved = replace(PUBLISHED, parameter=strength)
    assert mark(finding(0.5, moved, removed=Removed("harm_reduction", 0.7))) == origin


def test_the_size_rests_on_what_carries_it_and_the_width_on_what_moves_it(study, finding):
    told, told_es = sentences.sentence, sentences.sentence_es
    spread = finding(0.5, PRIOR, removed=Removed("kingpin", 0.4))
    size = finding(0.5, PRIOR, removed=Removed("kingpin", 0.6))
    assert "the width of its interval rests on “Share of a purity change" in told(study, spread, UNITED_STATES)
    assert "el ancho de su intervalo depende de" in told_es(study, spread, UNITED_STATES)
    assert "the size rests on “Removing leaders raises violence”" in told(study, size, UNITED_STATES)
    assert "el tamaño depende de" in told_es(study, size, UNITED_STATES)
    assert "it rests on an extension" in told(study, finding(0.5, DATA, extensions=("corruption",)), UNITED_STATES)


def test_what_lies_beyond_every_study_rests_on_the_structure(study):
    f = study.leaders.beyond["mx.homicides"]
    assert mark(f) == "assumption" and "beyond what any study saw" in rests_on(f).detail


def test_a_sentence_says_what_it_rests_on_in_both_languages(study, finding):
    for f in (finding(0.5, DATA), finding(0.5, PUBLISHED), finding(0.5, PRIOR)):
        assert WORDS["en"][mark(f)] in sentences.sentence(study, f, UNITED_STATES)
        assert WORDS["es"][mark(f)] in sentences.sentence_es(study, f, UNITED_STATES)
    untold = finding(0.05, replace(DATA, share=0.05))
    assert "too little of its spread to tell" in sentences.sentence(study, untold, UNITED_STATES)
    assert set(WORDS["en"]) == set(WORDS["es"])


def test_every_effect_worth_naming_has_its_mark_on_the_page_and_in_the_tables(study, page):
    effects = page[page.index('<section id="effects">') : page.index('<section id="leaders">')]
    named = [f for by in (study.short, study.long) for part in by.values() for f in part.values()]
    worth = sum(f.verdict.strength != "negligible" for f in named)
    assert effects.count("Rests on: <b>") == worth
    assert {r["rests_on"] for r in tables.all_tables(study)["effects"]} <= set(WORDS["en"].values())
    told = tally(f for by in study.short.values() for f in by.values())
    assert f"Of {worth // 2} effects" in told


def test_a_parameter_comes_from_data_studies_or_a_prior(study):
    row = next(r for r in study.learned if r.parameter == "titration")
    assert learned_origin(replace(row, parameter="iron_law", contraction=0.5)) == "assumption", "no data can tell it"
    assert learned_origin(replace(row, contraction=0.5, grade="E")) == "data"
    assert learned_origin(replace(row, contraction=0.1, grade="C")) == "published"
    assert learned_origin(replace(row, contraction=0.1, grade="E")) == "assumption"
    assert {r["comes_from"] for r in tables.all_tables(study)["parameters"]} >= {"data", "priors", "published effects"}


def test_the_fall_stands_beside_the_panel_of_states(study, page):
    rows = panels.fall_rows(study)
    fall = study.panels.stored["overdose"]["fall_of_2024"]
    assert [r.cause.id for r in rows] == ["supply", "tolerance", "naloxone", "people", "people", "residual"]
    assert [r.span for r in rows] == [1, 1, 1, 2, 0, 1]
    assert rows[0].share[0] == fall["exposure"]["share"] and rows[1].share is None
    assert rows[4].placebo == fall["past_deaths"]["placebo"]
    assert rows[-1].share[0] == pytest.approx(1 - fall["all four"]["share"])
    assert rows[-1].share[1] < rows[-1].share[0] < rows[-1].share[2]
    assert "treatment_mortality: published" in rows[3].strengths and "naloxone_effect: published" in rows[2].strengths
    section = page[page.index('<section id="fall">') : page.index('<section id="outlook">')]
    assert "cannot name the cause of the fall" in section and "Laboratory reports of fentanyl" in section
    assert "not in this version" not in section


def test_the_fall_note_says_which_priors_the_panel_set(study):
    assert "set no prior of the model" in panels.fall_note(study)
    stored = copy.deepcopy(dict(study.panels.stored))
    stored["overdose"]["proposals"]["naloxone_effect"]["adopt"] = True
    told = panels.fall_note(replace(study, panels=replace(study.panels, stored=stored)))
    assert "set the prior of naloxone_effect" in told


def test_panels_that_are_missing_or_stale_say_which_command_makes_them(study, pictures):
    stale = replace(study, panels=replace(study.panels, stored={**study.panels.stored, "stale": True}))
    gone = replace(study, panels=replace(study.panels, stored={}))
    for told in (
        panels.fall_note(stale),
        panels.removal_note(stale),
        panels.fall_note(gone),
        panels.removal_note(gone),
    ):
        assert f"`{panels.COMMAND}`" in told
    fresh = replace(study, panels=replace(study.panels, stored={**study.panels.stored, "stale": False}))
    assert panels.COMMAND not in panels.fall_note(fresh)
    assert all(r.share is None for r in panels.fall_rows(gone)) and panels.removal_rows(gone) == []
    assert "Endogeneity" not in html(gone, pictures)


def test_removals_stand_beside_the_mexican_panel_with_its_placebo(study, page):
    section = page[page.index('<section id="leaders">') : page.index('<section id="supply">')]
    stored = study.panels.stored["removals"]
    rows = {r.id: r for r in panels.removal_rows(study)}
    assert rows["where_fought"].placebo == stored["placebos"]["where_fought"]["verdict"]
    assert (
        rows["where_removed"].windows["months 0 to 5"][0]
        == stored["runs"]["where_removed"]["terms"]["months 0 to 5"]["mean"]
    )
    assert "Endogeneity: forces go where violence rises" in section and "Placebo, before" in section
    told = leaders.told(study)
    assert "panel of Mexican states" in told.en and "panel de estados mexicanos" in told.es


def test_one_removal_in_the_model_is_that_of_its_draws(study, posterior):
    p = posterior.parameters()
    longest = p["kingpin"] * p["removal_weight"]  # were nothing of it to fade within the year
    label, q = panels.product_rows(study)[-1]
    assert label == "The model, as fitted"
    assert np.quantile(longest, 0.05) < q["q05"] < q["q50"] < q["q95"] < np.quantile(longest, 0.95)
