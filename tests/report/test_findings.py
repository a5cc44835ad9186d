"""What a study may say: no number for what is undecided, and no claim that its own record does not bear."""

import json
import re
from dataclasses import replace

import pytest

from contraflow import evidence
from contraflow.analysis.history import COUNTED
from contraflow.inference.posterior import Posterior
from contraflow.report import drawings, guns, leaders, opening, outlook, recovered, sentences, tables
from contraflow.report import page as report_page
from contraflow.report.columns import HEADLINES, LIVES, MEXICO, SUBJECTS, UNITED_STATES
from contraflow.report.figures import MARKERS
from contraflow.report.findings import FROM_ASSUMPTION, hypothesis_table, leading_cause
from contraflow.report.fit_record import convergence, coverage_note, fit_record, joint_note
from contraflow.report.page import html
from contraflow.system import reference_model
from contraflow.system.observations import OBSERVABLES
from contraflow.system.outcomes import OUTCOMES

from .conftest import NOW

CLEAR, LEANING, UNDECIDED, NOTHING = (-0.05, 0.01), (-0.02, 0.016), (-0.123, 1.0), (0.0, 1e-6)
SIZES = {"harm-reduction": CLEAR, "health-cuts": LEANING, "strikes": UNDECIDED, "penalties": NOTHING}


@pytest.fixture(scope="module")
def study(invented):
    return invented(SIZES)


@pytest.fixture(scope="module")
def asked(invented):
    """A study with the scenarios of the questions on guns and leaders."""
    return invented({"gun-flow": LEANING, "leaders-first": UNDECIDED})


def test_the_summary_gives_an_undecided_effect_an_interval_and_no_median(study, tmp_path):
    f = study.short["strikes"]["us.overdose_deaths"]
    assert f.verdict.strength == "undecided"
    lines = {line.split(":")[0].strip(): line for line in opening.summary(study, tmp_path).splitlines()}
    undecided = next(line for label, line in lines.items() if label.startswith("Strikes"))
    assert sentences.interval(f.effect.difference) in undecided and "undecided" in undecided
    assert sentences.signed(f.effect.difference["median"]) not in undecided


def test_what_is_clear_leaning_and_undecided_stands_apart_on_the_opening_page(study):
    for page, first, nothing in (
        (opening.opening(study), "Harm reduction", "No effect worth naming on"),
        (opening.opening_es(study), "Reducción de daños", "Sin efecto apreciable en"),
    ):
        for side in page.sides:
            assert [len(part) for part in (side.leaning, side.undecided)] == [1, 1]
            assert side.found[0].startswith(first) and side.found[-1].startswith(nothing)


def test_the_end_of_the_data_moves_with_the_evidence(study, pictures, tmp_path, monkeypatch):
    assert opening.opening(study).cannot_tell[0].startswith("What happened after December 2024")
    for module in (opening, report_page):
        monkeypatch.setattr(module, "data_end", lambda: 2025.25)
    assert opening.opening(study).cannot_tell[0].startswith("What happened after March 2025")
    assert opening.opening_es(study).cannot_tell[0].startswith("Lo ocurrido después de marzo de 2025")
    assert "after March 2025" in opening.summary(study, tmp_path)
    assert "Fitted to data to March 2025" in html(study, pictures)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_count_stands_beside_the_model(study, subject, tmp_path, monkeypatch):
    row = next(r for r in evidence.load().series[COUNTED[subject.outcome]].rows if r.start == 2024.0)
    count = sentences.significant(row.value)
    low, _, high = sentences.yearly(study, subject, 2024)
    assert row.value < low  # of the invented study
    told, told_es = sentences.outlook(study, subject), sentences.outlook_es(study, subject)
    assert f"in the model, {count} counted" in told and f"en el modelo, {count} según los conteos" in told_es
    assert f"lies below the model’s 90 % interval for that year, {sentences.significant(low)} to" in told
    assert "queda por debajo del intervalo" in told_es
    assert f"{count} counted" in opening.summary(study, tmp_path)
    monkeypatch.setattr(sentences, "counted", lambda series, year: high * 1.1)
    assert "lies above" in sentences.outlook(study, subject)
    monkeypatch.setattr(sentences, "counted", lambda series, year: high * 0.99)
    assert "lies" not in sentences.outlook(study, subject)
    monkeypatch.setattr(sentences, "counted", lambda series, year: None)
    assert "count" not in sentences.outlook(study, subject)


def test_titles_of_the_outlook_give_what_was_observed_of_the_year(pictures):
    rows = evidence.load().series[COUNTED[MEXICO.outcome]].rows
    count = sentences.significant(next(r.value for r in rows if r.start == 2024.0))
    assert f"in 2024 (observed: {count})" in pictures["homicides"].title
    assert "observed" not in pictures["people-on-medication"].title  # no count of 2024
    assert "observed" not in pictures["missing"].title  # the register counts one of its two lines alone


def test_a_level_is_set_against_the_models_own_and_said_to_be(page):
    assert page.count("Against the model’s 2024 (not the effect of the policy)") == len(SIZES)
    assert "unless it says “against the model’s 2024”" in page


def test_the_outlook_says_why_the_register_of_forecasts_differs(study, page):
    section = page[page.index('<section id="outlook">') : page.index('<section id="recruitment">')]
    median = sentences.significant(sentences.yearly(study, MEXICO, 2025)[1])
    assert "register of forecasts" in section and f"(median {median})" in section


def test_an_interval_that_holds_too_few_true_effects_says_so(study, stored, tmp_path):
    name = "effect: harm-reduction on us.overdose_deaths"

    def held(share):
        parts = stored(NOW)
        result = {
            "posterior_sbc": {
                **parts["posterior-calibration"].result["posterior_sbc"],
                "effects": {name: {"inside": share, "below": 0.0, "above": 1 - share}},
            }
        }
        return replace(
            study, tests={**parts, "posterior-calibration": replace(parts["posterior-calibration"], result=result)}
        )

    f = study.short["harm-reduction"][UNITED_STATES.outcome]
    weak, clause = (
        held(0.64),
        "its interval failed its test: over synthetic histories a 90 % interval held 64\N{NO-BREAK SPACE}%",
    )
    assert clause in sentences.sentence(weak, f, UNITED_STATES)
    assert "no pasó su prueba" in sentences.sentence_es(weak, f, UNITED_STATES)
    assert opening.summary(weak, tmp_path).count(clause) == 1
    assert html(weak, drawings.all_pictures(weak)).count(clause) == 3  # found, both countries and effects to 2030
    earlier = {**weak.tests, "posterior-calibration": replace(weak.tests["posterior-calibration"], stale="made before")}
    told = recovered.failed_test(replace(study, tests=earlier), f)
    assert "failed its test when it was last run" in told.en and "no pasó su prueba la última vez" in told.es
    for kept in (held(0.84), study):
        assert not recovered.failed_test(kept, f).en
    assert recovered.coverage(weak, f) == 0.64
    before = {**weak.tests, "posterior-calibration": replace(weak.tests["posterior-calibration"], result=None)}
    assert recovered.coverage(replace(study, tests=before), f) == 0.84
    other = study.short["harm-reduction"][MEXICO.outcome], study.long["harm-reduction"][UNITED_STATES.outcome]
    assert all(recovered.coverage(weak, g) is None for g in other)
    nothing = replace(f, verdict=replace(f.verdict, strength="negligible"))
    assert not recovered.failed_test(weak, nothing).en


def test_findings_as_objects_are_those_of_the_table_of_effects(study):
    by = study.short["harm-reduction"]
    f = by[UNITED_STATES.outcome]
    assumed = replace(f, verdict=replace(f.verdict, from_assumption=True))
    study = replace(study, short={**study.short, "harm-reduction": {**by, f.outcome: assumed}})
    objects = json.loads(json.dumps(tables.finding_objects(study)))
    rows = {(r["scenario"], r["outcome"]): r for r in tables.all_tables(study)["effects"] if r["to"] == "2030-12"}
    assert len(objects) == len(rows) == len(SIZES) * len(HEADLINES)
    for told in objects:
        row = rows[told["scenario"], told["outcome"]]
        assert [told[q] for q in ("median", "q05", "q95")] == [row[f"difference_{q}"] for q in ("median", "q05", "q95")]
        assert (told["standing"], told["p_reduction"]) == (row["standing"], row["p_reduction"])
        found = study.short[told["scenario"]][told["outcome"]].verdict
        assert told["from_assumption"] == (row["from_assumption"] == "yes") == found.from_assumption
        assert told["tested_coverage_90"] is None and row["tested_coverage_90"] == ""
    assert {o["scenario"] for o in objects if o["from_assumption"]} == {"harm-reduction"}
    assert {o["standing"] for o in objects} == {"clear", "leaning", "undecided", "negligible"}


def test_the_spanish_part_defines_its_words_and_shows_both_countries_and_the_effects(page, pictures):
    part = page[page.index('<section id="es"') :]
    assert "El signo es <b>claro</b> desde 0.95, <b>se inclina</b> desde 0.80" in part
    for name in ("effects-es", "effects-mexico-es"):
        assert pictures[name].inline in part and "políticas tiene un signo claro" in pictures[name].title
    for row in LIVES:
        for name in (row.us, row.mx):
            assert name is None or part.count(f"<b>{OUTCOMES[name].label.es}</b>") == len(SIZES)
            assert name is None or OUTCOMES[name].label.en not in part
    words = re.sub(r"<[^>]+>", " ", part)
    for english in ("follows from assumption", "rests on", "clearly", "undecided", "worth naming"):
        assert english not in words


def test_each_country_has_a_column_of_its_own_and_nothing_adds_them(study):
    for page in (opening.opening(study), opening.opening_es(study)):
        us, mx = page.sides
        assert not any(word in text for text in us.found for word in ("homicid", "Mexic", "México"))
        assert not any(word in text for text in mx.found for word in ("overdose", "sobredosis"))
    assert UNITED_STATES.outcome.startswith("us.") and MEXICO.outcome.startswith("mx.")
    assert set(HEADLINES) <= set(OUTCOMES)


def test_deaths_never_stand_without_those_jailed_missing_and_arrested(page):
    section = page[page.index('id="both"') : page.index('id="effects"')]
    for row in LIVES:
        for name in (row.us, row.mx):
            assert name is None or section.count(OUTCOMES[name].label.en) == len(SIZES)


def test_civilians_killed_by_force_are_told_for_force_alone_and_as_assumed(study, page):
    assert set(study.civilians) == {"strikes"}
    assert "Civilians killed by foreign force" in page[page.index('id="s-strikes"') :]
    health = page[page.index('id="s-harm-reduction"') : page.index('id="s-health-cuts"')]
    assert "Civilians killed" not in health
    assert [r["scenario"] for r in tables.all_tables(study)["civilian-deaths"]] == ["strikes"]
    force, subject = study.short["strikes"], MEXICO
    assert "Counted in: civilians killed by foreign force, " in sentences.sentence(
        study, force[MEXICO.outcome], subject
    )
    assert "Incluye civiles muertos" in sentences.sentence_es(study, force[MEXICO.outcome], subject)
    assert "Counted in" not in sentences.sentence(study, force[UNITED_STATES.outcome], UNITED_STATES)


def test_titles_name_effects_with_a_clear_sign_alone(study):
    for subject in SUBJECTS:
        assert "1 of 4 policies has a clear sign" in drawings.effects(study, subject).title
        assert "“Strikes on laboratories”" not in drawings.effects(study, subject).title
        assert "“Strikes on laboratories”" not in drawings.differences(study, subject).title


def test_the_page_says_how_far_ends_of_intervals_hang_on_the_draws(study, page):
    told = sentences.sampling_note(study)
    e = study.short["harm-reduction"][UNITED_STATES.outcome].effect
    share = max(e.sampling_sd["q05"], e.sampling_sd["q95"]) / abs(e.difference["median"])
    assert f"standard errors of up to {sentences.whole_percent(share)} of the effect’s median" in told
    assert told.split("`")[0] in page


def test_titles_are_neutral_when_no_sign_is_clear(invented):
    study = invented({"health-cuts": LEANING, "strikes": UNDECIDED})
    assert sentences.sampling_note(study) == ""
    title = drawings.effects(study, MEXICO).title
    assert title == "None of 2 policies has a clear sign on homicides in Mexico to 2030"
    title = drawings.differences(study, MEXICO).title
    assert title.endswith("none is clear; “Proposed health cuts” leans lower")
    assert sentences.precision_of_effects(study, MEXICO) == "mixed"


def test_precision_is_claimed_only_as_computed(invented):
    rough = invented({"harm-reduction": (-0.05, 0.01)})
    assert sentences.precision_of_effects(rough, UNITED_STATES) == "wider"
    assert "less certain" in sentences.outlook(rough, UNITED_STATES)
    by = rough.short["harm-reduction"]
    f = by["us.overdose_deaths"]
    exact = replace(f, effect=replace(f.effect, difference={"q05": -1010.0, "median": -1000.0, "q95": -990.0}))
    sharp = replace(rough, short={"harm-reduction": {**by, "us.overdose_deaths": exact}})
    assert sentences.precision_of_effects(sharp, UNITED_STATES) == "narrower"
    assert "narrower 90 % interval" in sentences.outlook(sharp, UNITED_STATES)


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


def test_the_fall_says_how_far_it_hangs_on_the_order_and_on_strained_priors(study):
    told, told_es = sentences.fall_sentence(study), sentences.fall_sentence_es(study)
    share = sentences.share_percent(study.decomposition.causes[0].last)
    assert f"{share} where it is frozen last" in told and f"{share} si se congela al final" in told_es
    assert "have left" not in told and "salieron" not in told_es, "the posterior is the prior here"
    moved = [replace(r, posterior=(0.0, 0.01, 0.1)) if r.parameter == "titration" else r for r in study.learned]
    strained = replace(study, learned=moved)
    assert "1 have left the 90 % interval of their priors (titration)" in sentences.fall_sentence(strained)
    assert "1 salieron del intervalo de 90 % de sus valores previos (titration)" in sentences.fall_sentence_es(strained)


def test_effects_that_are_as_large_are_named_together(invented):
    alike = invented({"harm-reduction": (-0.05, 0.01), "joint-crackdown": (-0.0495, 0.01), "penalties": (-0.03, 0.01)})
    title = drawings.differences(alike, UNITED_STATES).title
    assert "; as large to within 5 %: “" in title and "Harsher penalties" not in title
    assert all(label in title for label in ("“Harm reduction and treatment”", "“Joint crackdown on drugs and guns”"))
    apart = invented({"harm-reduction": (-0.05, 0.01), "penalties": (-0.03, 0.01)})
    assert "as large" not in drawings.differences(apart, UNITED_STATES).title


def test_few_laboratories_are_told_for_each_spare_capacity(study):
    told = sentences.laboratory_sentence(study.maps["laboratories"])
    assert "with 100 laboratories or fewer where capacity is 1 or 1.25 times need" in told
    assert "with 50 laboratories or fewer where capacity is 1.5 or 2 times need" in told
    assert "with none of the numbers tried where capacity is 3 times need" in told


def test_a_strength_kept_at_its_prior_follows_from_assumption(posterior):
    rows = {r.parameter: r for r in hypothesis_table(posterior)}
    for name in ("deterrence", "lab_slack", "naloxone_effect", "treatment_mortality"):
        assert rows[name].verdict == FROM_ASSUMPTION
    assert rows["lab_slack"].bayes_factor is None and rows["lab_slack"].p_above is None
    learned = rows["perceived_risk_effect"]
    assert rows["treatment_mortality"].p_one_percent == 1.0 and learned.p_above == 0.0
    assert learned.bayes_factor > 3 and learned.verdict == "data speak against the null"
    assert replace(learned, bayes_factor=2.0).verdict == FROM_ASSUMPTION
    assert replace(learned, bayes_factor=0.1).verdict == "data speak for the null"
    assert rows["supply_surge"].contraction is None and rows["titration"].null is None


def test_the_record_of_the_fit_is_read_and_judged(posterior):
    record = fit_record(posterior)
    assert record.pooled == pytest.approx(0.96) and record.pooled_left_out == pytest.approx(0.88)
    assert (record.coverage[0].missed, record.coverage[0].memory) == pytest.approx((0.07, 2.5), rel=0.05)
    assert [s.id for s in record.stages] == ["supply", "rest"]
    assert [r.parameter for r in record.contested if r.apart] == ["treatment_mortality"]
    told = convergence(record, 400)
    assert "5.0\N{NO-BREAK SPACE}% of the chains of a stage were stuck" in told
    assert "2.0\N{NO-BREAK SPACE}% of the chains of a stage, at most, hardly moved" in told
    assert "Up to 0.40\N{NO-BREAK SPACE}% of the steps of a stage were made finer" in told
    assert "12\N{NO-BREAK SPACE}% of its transitions, at most, stopped before a step that would not have led" in told
    assert "R-hat is at most 1.012" in told and "at least 380" in told and "9 of 10 quantities" in told
    joint = replace(record.convergence[0], id="joint", rhat=9.0)
    beside = convergence(replace(record, convergence=(*record.convergence, joint)), 400)
    assert "R-hat is at most 1.012" in beside and "not used, has a split R-hat of up to 9.00" in beside
    assert "the mean of 1 and the spread of 3 of 240 quantities changed (2.4 of each are expected by chance)" in told
    assert "spread of membership_growth, by a factor of 1.25" in told
    assert "first and last kept draws" not in convergence(replace(record, settled=None), 400)
    assert "the mean of 2 and the spread of 5 of 240 quantities differ" in told
    assert "spread of conflict_drift_sd, by a factor of 0.45" in told
    assert "begun elsewhere" not in convergence(replace(record, twins=None), 400)
    placed = "In stage 2 3 are placed, in 2 of 64 chains; where they begin, 4 of 240 quantities lie apart"
    assert placed in told and "(2.4 expected by chance), most surely titration, by -1.2 sds" in told
    assert "may invent its own supply shock" in joint_note(record)
    assert "1 of 2 strengths" in joint_note(record)
    assert "every series is consistent" in coverage_note(record)
    doubtful = replace(record, coverage=(replace(record.coverage[0], consistent=False),))
    assert "not consistent with 90 % for: us.deaths.opioids.annual" in coverage_note(doubtful)
    assert "misses drawn anew" not in coverage_note(record)
    short = coverage_note(replace(record, coverage=(replace(record.coverage[0], inside=0.76, as_few=0.16),)))
    assert "annual (76\N{NO-BREAK SPACE}%, of series drawn from the model 16\N{NO-BREAK SPACE}%" in short
    assert "quick trial" in convergence(replace(record, trial=True), 400)


def test_a_posterior_without_a_record_says_so(study, pictures, posterior):
    bare = fit_record(Posterior(posterior.coordinates, posterior.innovations, {}, {"seed": 1}))
    assert "nothing can be said" in convergence(bare, 10)
    assert "not recorded" in joint_note(bare)
    assert "does not say how well it covers its data" in html(replace(study, fit=bare), pictures)


def test_a_study_of_few_draws_says_that_it_is_a_trial(study, pictures, tmp_path):
    assert "too few for use" not in opening.summary(study, tmp_path)
    small = replace(study, draws=20)
    assert "20 draws, too few for use" in opening.summary(small, tmp_path)
    assert "20 draws are too few for use: this is a trial." in html(small, pictures)


def test_the_page_shows_the_joint_posterior_bayes_factors_and_laboratories(page):
    for words in (
        "How the sampling went",
        "Beside it: the joint posterior",
        "Bayes factor",
        "How few laboratories would there have",
    ):
        assert words in page


def test_leaders_are_read_within_24_months_and_beyond_apart(asked, study):
    homicides = [part[MEXICO.outcome] for part in (asked.leaders.within, asked.leaders.beyond)]
    assert [(f.start, f.end) for f in homicides] == [(2025.0, 2027.0), (2027.0, 2036.0)]
    assert homicides[1].verdict.from_assumption  # no panel looks so far
    told = leaders.told(asked)
    assert told.place == "undecided" and "first 24 months" in told.en and "primeros 24 meses" in told.es
    assert leaders.told(study) is None


def test_what_leaders_do_beyond_every_panel_follows_from_assumption_where_it_is_worth_naming(asked, invented):
    quiet = invented({"leaders-first": NOTHING})
    for study, assumed in ((asked, True), (quiet, False)):
        assert {f.verdict.from_assumption for f in study.leaders.beyond.values()} == {assumed}


def test_the_gun_question_has_a_curve_over_both_beliefs(asked, study):
    table = guns.cells(asked.inflow, 2035)
    assert [len(row) for row in table] == [guns.EXPONENTS] * guns.SHARES
    assert sum(c.draws for row in table for c in row) == asked.inflow.draws
    for row in table:
        assert row[0].needed is None
        needed = [c.needed for c in row if c.needed is not None]
        assert needed == sorted(needed, reverse=True)
        # Where killing answers rifles with the exponent e, 10 % fewer needs a cut of 1 − 0.9^(1/e).
        assert needed[-1] == pytest.approx(1 - 0.9 ** (1 / row[-1].lethality), rel=0.1)
        assert all(c.reached[0] <= c.reached[1] for c in row)
    told = guns.told(asked)
    p = float(asked.inflow.reached(0.9, 2035).mean())
    assert told.place == "undecided" and sentences.probability(p, asked.inflow.draws) in told.en
    assert guns.told(study) is None


def test_points_belong_to_the_variable_drawn(study):
    checks = {
        "us.deaths.all_drugs.annual": "us_overdose_deaths",
        "border.seized.fentanyl.annual": "border_fentanyl_seized",
    }
    for chart in outlook.charts(study):
        for fan in chart.fans:
            for series in fan.points:
                observable = OBSERVABLES.get(series.id)
                measured = observable.variable if observable else checks[series.id]
                assert fan.values.name == measured, chart.name
    medication = next(c for c in outlook.charts(study) if c.name == "people-on-medication")
    drawn = {fan.values.name for fan in medication.fans}
    assert medication.told.name == OUTCOMES["us.on_medication"].variable
    assert drawn == set(reference_model().inputs_of(medication.told.name))


def test_fan_charts_show_both_countries_with_their_data(study):
    charts = {c.name: c for c in outlook.charts(study)}
    assert {c.country for c in charts.values()} == {"us", "mx"}
    assert [s.id for s in charts["homicides"].series] == ["mx.homicides.inegi.annual"]
    assert len(charts["seizures"].fans) == 4 and all(fan.points for fan in charts["seizures"].fans)
    for chart in charts.values():
        assert chart.series or chart.note
        lines = [fan.line for fan in chart.fans]
        assert chart.apart or len(set(lines)) == len(lines)  # told apart without colour


def test_signs_are_told_apart_without_colour():
    told = {MARKERS[strength] for strength in ("clear", "leaning", "undecided")}
    assert len(told) == 3


def test_the_published_model_stands_beside_its_own_counterfactual(study, page):
    section = page[page.index('id="recruitment"') : page.index('id="structure"')]
    assert "Against its own counterfactual" in section and "115,000" in section
    rows = tables.all_tables(study)["recruitment-model"]
    assert len(rows) == len(study.recruitment)


def test_structure_and_latents_are_told_apart_in_one_sentence(study):
    told = sentences.structure_sentence(study.structure)
    assert "structure alone" in told and "with latent drivers" in told and "below −100" in told
