"""What a study may say: no number for what is undecided, and no claim that its own record does not bear."""

from dataclasses import replace

import pytest

from contraflow.inference.posterior import Posterior
from contraflow.report import drawings, sentences
from contraflow.report.findings import FROM_ASSUMPTION, hypothesis_table, leading_cause
from contraflow.report.fit_record import convergence, cut_note, fit_record
from contraflow.report.study import _page

CLEAR, LEANING, UNDECIDED, NOTHING = (-0.05, 0.01), (-0.02, 0.016), (-0.123, 1.0), (0.0, 1e-6)
SIZES = {"harm-reduction": CLEAR, "health-cuts": LEANING, "strikes": UNDECIDED, "penalties": NOTHING}


@pytest.fixture
def study(invented):
    return invented(SIZES)


def test_the_summary_gives_an_undecided_effect_an_interval_and_no_median(study, tmp_path):
    f = study.short["strikes"]["us.overdose_deaths"]
    assert f.verdict.strength == "undecided"
    lines = {line.split(":")[0].strip(): line for line in sentences.summary(study, tmp_path).splitlines()}
    undecided = next(line for label, line in lines.items() if label.startswith("Strikes"))
    assert "90 %: " in undecided and "undecided" in undecided
    assert sentences.signed(f.effect.difference["median"]) not in undecided


def test_what_is_clear_leaning_and_undecided_stands_apart_on_the_opening_page(study):
    for opening in (sentences.opening(study), sentences.opening_es(study)):
        labels = [[t.split(":")[0] for t in part] for part in (opening.found[:-1], opening.leaning, opening.undecided)]
        assert [len(part) for part in labels] == [2, 1, 1]


def test_titles_name_effects_with_a_clear_sign_alone(study):
    assert "1 of 4 policies has a clear sign" in drawings.effects(study).title
    assert "“Strikes on laboratories”" not in drawings.effects(study).title
    assert "“Strikes on laboratories”" not in drawings.differences(study).title


def test_titles_are_neutral_when_no_sign_is_clear(invented):
    study = invented({"health-cuts": LEANING, "strikes": UNDECIDED})
    assert drawings.effects(study).title == "None of 2 policies has a clear sign on overdose deaths to 2030"
    assert "undecided" in drawings.differences(study).title
    assert sentences.precision_of_effects(study) == "mixed"


def test_precision_is_claimed_only_as_computed(invented):
    rough = invented({"harm-reduction": (-0.05, 0.01)})
    assert sentences.precision_of_effects(rough) == "wider"
    assert "less certain" in sentences.outlook(rough)
    by = rough.short["harm-reduction"]
    f = by["us.overdose_deaths"]
    exact = replace(f, effect=replace(f.effect, difference={"q05": -1010.0, "median": -1000.0, "q95": -990.0}))
    sharp = replace(rough, short={"harm-reduction": {**by, "us.overdose_deaths": exact}})
    assert sentences.precision_of_effects(sharp) == "narrower"
    assert "narrower 90 % interval" in sentences.outlook(sharp)


@pytest.mark.parametrize(
    ("shares", "standing"),
    [
        ((), "first"),
        (((0.5, 0.2), (0.4, 0.2), (0.1, 0.1), (0.0, 0.1), (0.0, 0.1)), "present"),
        (((0.3, 0.4), (0.3, 0.4), (0.1, 0.4), (0.2, 0.4), (0.1, 0.4)), "undecided"),
    ],
)
def test_a_cause_of_the_fall_is_named_as_surely_as_its_interval_allows(invented, shares, standing):
    study = invented(SIZES, shares)
    assert leading_cause(study.decomposition)[1] == standing
    for told in (drawings.fall(study).title, sentences.fall_sentence(study)):
        assert ("undecided" in told) == (standing != "first")


def test_few_laboratories_are_told_for_each_spare_capacity(study):
    told = sentences.laboratory_sentence(study.maps["laboratories"])
    assert "with 100 laboratories or fewer where capacity is 1 or 1.25 times need" in told
    assert "with 50 laboratories or fewer where capacity is 1.5 or 2 times need" in told
    assert "with none of the numbers tried where capacity is 3 times need" in told


def test_a_strength_kept_at_its_prior_follows_from_assumption(posterior):
    rows = {r.parameter: r for r in hypothesis_table(posterior)}
    for name in ("deterrence", "lab_slack", "naloxone_effect"):
        assert rows[name].verdict == FROM_ASSUMPTION
    assert rows["lab_slack"].bayes_factor is None and rows["lab_slack"].p_above is None
    learned = rows["treatment_mortality"]
    assert learned.p_one_percent == 1.0 and learned.p_above == 0.0
    assert learned.bayes_factor > 3 and learned.verdict == "data speak against the null"
    assert replace(learned, bayes_factor=2.0).verdict == FROM_ASSUMPTION
    assert replace(learned, bayes_factor=0.1).verdict == "data speak for the null"
    assert rows["supply_surge"].contraction is None and rows["titration"].null is None


def test_the_record_of_the_fit_is_read_and_judged(posterior):
    record = fit_record(posterior)
    assert record.pooled == pytest.approx(0.96)
    assert [s.spread for s in record.stages] == [None, 42.0]
    assert [r.parameter for r in record.contested if r.apart] == ["treatment_mortality"]
    assert "5.0\N{NO-BREAK SPACE}% of the chains were stuck" in convergence(record, 400)
    assert "deaths have no say in supply" in cut_note(record)
    assert "1 of 2 strengths" in cut_note(record)
    assert "still on the move" in convergence(replace(record, drift=0.9), 400)
    assert "quick trial" in convergence(replace(record, trial=True), 400)


def test_a_posterior_without_a_record_says_so(invented, posterior):
    bare = fit_record(Posterior(posterior.coordinates, posterior.innovations, {}, {"seed": 1}))
    assert "nothing can be said" in convergence(bare, 10)
    assert "not recorded" in cut_note(bare)
    study = replace(invented({"strikes": UNDECIDED}), fit=bare)
    assert "does not say how well it covers its data" in _page(study, drawings.all_pictures(study))


def test_a_study_of_few_draws_says_that_it_is_a_trial(study, tmp_path):
    assert "too few for use" not in sentences.summary(study, tmp_path)
    small = replace(study, draws=20)
    assert "20 draws, too few for use" in sentences.summary(small, tmp_path)
    assert "20 draws are too few for use: this is a trial." in _page(small, drawings.all_pictures(small))


def test_the_page_shows_the_stricter_cut_bayes_factors_and_laboratories(study):
    page = _page(study, drawings.all_pictures(study))
    for words in ("How the sampling went", "Stricter cut", "Bayes factor", "How few laboratories would there have"):
        assert words in page
