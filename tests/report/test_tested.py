"""The section on tests that could have failed: what is stored, what is stale, and what was never run."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest

from contraflow.report import backtested, calibrated, drawings, predicted, tables, tested, tested_drawings
from contraflow.report.fit_record import brief_fits, criteria
from contraflow.report.page import html
from contraflow.report.wording import signed
from contraflow.validation import record
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
def plots(study):
    """Figures of the validation alone, by name."""
    return {p.name: p for p in tested_drawings.pictures(study)}


@pytest.fixture(scope="module")
def page(study, pictures, plots):
    return html(study, {**pictures, **plots})


@pytest.fixture(scope="module")
def shown(page):
    """The section alone: words of it stand elsewhere on the page too."""
    return section(page)


def section(page: str) -> str:
    return page[page.index('<section id="tests">') : page.index('<section id="structure">')]


def spanish(page: str) -> str:
    return page[page.index('<section id="es"') :]


def without(parts, id, key, *names):
    """The stored parts with ``names`` left out of ``key`` of one of them, as an earlier version stored it."""
    result = copy.deepcopy(parts[id].result)
    held = result[key]
    for row in held if isinstance(held, list) else [held]:
        for name in names:
            del row[name]
    return {**parts, id: replace(parts[id], result=result)}


def test_every_stored_part_of_the_validation_has_its_place():
    assert set(tested.TITLES) == {p.id for p in PARTS.values() if p.stored} == set(VALIDATION)


def test_what_was_never_run_says_which_command_makes_it(bare, pictures):
    page = html(bare, pictures)
    for id in tested.TITLES:
        assert f"contraflow validate --part {id}" in section(page)
        assert f"contraflow validate --part {id}" in page[page.index('<section id="es"') :]
    assert section(page).count("not run</span>") == len(tested.TITLES)
    assert spanish(page).count("sin resultado</span>") == len(tested.TITLES)
    assert not tested_drawings.pictures(bare)
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
    whole = html(study, pictures)
    page = section(whole)
    old = {id for id in tested.TITLES if word == "model" or PARTS[id].reads_posterior}
    assert page.count("stale</span>") == len(old) == spanish(whole).count("obsoleto</span>")
    assert f"made for {word} {getattr(NOW, word)}, this is" in page and "contraflow validate --part barlas" in page
    assert "published T9" in page
    states = {r["part"]: r["state"] for r in tables.all_tables(study)["tests"]}
    assert {id for id, state in states.items() if state == "stale"} == old


def test_a_figure_of_a_stale_part_says_so_and_names_what_it_belongs_to(bare, stored):
    drawn = {p.name: p for p in tested_drawings.pictures(replace(bare, tests=stored(Made("other", "x"))))}
    for name in ("held-back", "ranks", "places", "forecasts-lives"):
        assert "Stale: made for model model" in drawn[name].caption
        assert "Obsoleto" in drawn[f"{name}-es"].caption
        assert "fit model · posterior posterior" in drawn[name].file


def test_a_result_that_lacks_what_its_part_makes_counts_as_not_run(stored, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    record.save("backtests", PARTS["backtests"].belongs(NOW), {"backtests": [], "skill": {}})
    assert tested.load(NOW)["backtests"].result is None


@pytest.mark.parametrize("id", list(tested.TITLES))
def test_every_part_has_more_than_a_sentence_in_both_languages(shown, page, id):
    """A table at least between its heading and the next."""
    for part, suffix in ((shown, ""), (spanish(page), "-es")):
        after = part[part.index(f'id="t-{id}{suffix}"') :]
        own = after[: after.index('<h3 id="t-', 1)] if '<h3 id="t-' in after[1:] else after
        assert "<tbody>" in own, id


def test_each_figure_stands_on_the_page_in_each_language(shown, page, plots):
    names = {"held-back", "forecasts-lives", "places", "ranks"}
    assert {n for n in plots if not n.endswith("-es")} == names
    for name in names:
        assert plots[name].title in shown and plots[f"{name}-es"].title in spanish(page)
        assert plots[name].title != plots[f"{name}-es"].title
        assert "Stale" not in plots[name].caption


def test_results_of_an_earlier_version_are_shown_without_what_they_lack(bare, pictures, stored):
    parts = without(stored(NOW), "backtests", "backtests", "intervals", "rival_medians")
    parts = without(parts, "calibration", "sbc", "ranks", "draws")
    parts = without(parts, "recovery", "recovery", "coverage")
    parts = without(parts, "alternatives", "alternatives", "score_difference", "points")
    study = replace(bare, tests=parts)
    assert {p.name for p in tested_drawings.pictures(study)} == {"held-back", "held-back-es", "places", "places-es"}
    page = section(html(study, pictures))
    assert "19 of 20" in page and "Policy effects" in page and "view no-rents" in page
    assert "standard errors" not in page and "Mean rank" not in page


def test_strange_features_stand_with_what_they_show_and_what_it_means(study, shown, page):
    told = tested.said(study)["predictive"]
    assert "Of 5 features of 2 fitted series, 3 are strange at 1 %" in told.en
    assert "In 2 of them what the model misses runs on" in told.en and "En 2 de ellos" in told.es
    assert "under 80\N{NO-BREAK SPACE}% of the points of 1 of 2 series: Fentanyl purity" in told.en
    own = shown[shown.index('id="t-predictive"') : shown.index('id="t-held-back"')]
    assert own.count("further than the memory estimated for it") == 2
    assert own.count("<tr><th") == 1 + 3 and "falls less, than in the model" in own  # p under a half: above
    assert "counted as more evidence than they are" in own and "does not account for the course" in own
    assert "data and priors disagree" in own
    assert "cuentan como más evidencia" in spanish(page)
    made = tables.all_tables(study)
    assert [r["strange"] for r in made["predictive-checks"]] == ["no", "no", "yes", "yes", "yes"]
    assert len(made["prior-predictive"]) == 2


def test_checks_in_which_nothing_is_strange_say_nothing_against_the_fit():
    checks = copy.deepcopy(VALIDATION["predictive"]["predictive"])
    for row in checks["posterior"]:
        row["p"] = 0.4
    checks |= {"prior": checks["prior"][1:], "strange": {"features": 0, "of": 5}}
    assert not predicted.strange(checks)
    assert "0 are strange" in predicted.said(checks).en and "runs on" not in predicted.said(checks).en
    assert "Nothing here speaks against" in predicted.meaning(checks).en


def test_a_feature_under_its_replications_is_read_the_other_way():
    low = {"series": "mx.homicides.inegi.annual", "observed": 0.1, "q05": 0.2, "median": 0.4, "q95": 0.6, "p": 1.0}
    (row,) = predicted.strange({"posterior": [{**low, "feature": "largest_step"}]})
    assert "smoother" in row.reading.en and "suave" in row.reading.es


def test_effects_held_back_stand_with_what_was_published_and_the_verdict(study, shown):
    told = tested.said(study)["held-back"]
    assert "4 published effects set no prior. The model can be asked for 3 of them" in told.en
    assert "too weak: 1" in told.en
    assert "queda corto: 1" in told.es
    assert "without any effect would agree too on T9." in told.en and "también coincidiría en T9." in told.es
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
    assert "claramente peor que Persistencia" in told.es
    lost = backtested.losses(VALIDATION["backtests"]["backtests"])
    assert "On 1 of 1 series" in lost.en and "(0.30; Persistence 0.10)" in lost.en and lost.en in told.en
    assert "Where a rival wins" in shown
    (row,) = tables.all_tables(study)["backtests-by-series"]  # what stays out of the pool has no row
    assert row["series"] == "mx.homicides.inegi.annual" and row["excess"] == pytest.approx(0.2)
    assert "US opioid deaths, forecast from 2020" in shown and "−8.0\N{NO-BREAK SPACE}%" in shown


def test_intervals_that_calibrated_forecasts_would_not_have_are_named():
    rows = [
        {**r, "weight": 1.0, "series": f"s{k}"} for k in range(200) for r in VALIDATION["backtests"]["backtests"][:1]
    ]
    found = backtested.held(rows, {"50": 0.9, "80": 0.8, "95": 0.8})
    assert [h.low < h.share < h.high for h in found] == [False, True, False]
    assert backtested.width(found).en == "intervals of 95 % are too narrow; intervals of 50 % are too wide"
    assert backtested.width(found).es.startswith("los intervalos de 95 % son demasiado angostos")
    assert backtested.width(found[1:2]).en == ""


def test_an_origin_from_which_every_rival_is_better_is_named(study):
    rows = VALIDATION["backtests"]["backtests"]
    lost, best = ([{**r, "crps": crps} for r in rows] for crps in (0.9, 0.01))
    assert backtested.beaten(best) == [] and backtested.beaten(lost) == [2016]
    won = {**VALIDATION["backtests"], "backtests": lost}
    parts = {**study.tests, "backtests": replace(study.tests["backtests"], result=won)}
    assert "From 2016 every rival is better." in tested.said(replace(study, tests=parts))["backtests"].en


def test_no_rival_is_said_to_win_where_none_does():
    rows = [{**r, "crps": 0.01} for r in VALIDATION["backtests"]["backtests"]]
    assert backtested.losses(rows).en == "On no series has a rival the better mean score."


def _row(origin: int, year: int, median: float, inside: bool = True, crps: float = 0.4, **other):
    row = {**VALIDATION["backtests"]["backtests"][0], "origin": origin, "year": year, "median": median, "crps": crps}
    return {**row, "coverage": {"50": False, "80": inside, "95": inside}, **other}


def test_why_a_rival_wins_follows_from_the_numbers():
    record = {"mx.homicides.inegi.annual": [[2012, 99.0], [2016, 101.0]]}
    rows = [_row(2012, 2013, 60, inside=False), *(_row(2016, y, 60, crps=0.2) for y in (2017, 2018, 2019))]
    (low,) = backtested.by_series(rows, record)
    said = backtested.why(low).en
    assert "4 of 4 medians too low, half by 40" in said and "too narrow (75" in said
    assert "median of Persistence nearer in 4 of 4" in said and "last known value was nearer" in said
    assert "of what is lost from the origin of" not in said  # the two lost alike
    assert "el último valor conocido" in backtested.why(low)["es"]
    (mixed,) = backtested.by_series([_row(2016, y, m) for y, m in ((2017, 60), (2018, 150), (2019, 90), (2020, 120))])
    assert "medians too high 2 times of 4" in backtested.why(mixed).en
    assert "last known" not in backtested.why(mixed).en and "narrow" not in backtested.why(mixed).en
    (few,) = backtested.by_series([_row(2016, 2017, 60, inside=False)])
    assert "too few forecasts to say why" in backtested.why(few).en and "narrow" not in backtested.why(few).en


def test_forecasts_are_grouped_by_origin_and_horizon_with_their_weights():
    rows = [_row(2012, 2013, 60, horizon=1, crps=0.1), _row(2012, 2014, 60, horizon=2, crps=0.4, weight=0.5)]
    rows += [_row(2016, 2017, 60, horizon=1, crps=0.05, inside=False), _row(2016, 2018, 60, crps=9.0, weight=0.0)]
    first, second = backtested.grouped(rows, "origin")
    assert (first.key, first.forecasts) == (2012, 2) and first.crps == pytest.approx(0.2)
    assert first.best == "persistence" and second.best == "model" and second.coverage["95"] == 0
    assert [g.forecasts for g in backtested.grouped(rows, "horizon")] == [2, 1]


def test_every_forecast_stands_beside_each_rival(shown):
    (line,) = backtested.lines(VALIDATION["backtests"]["backtests"], 2020)
    assert line["years"] == [2021] and not line["pooled"]
    assert line["scores"]["model"] == [(0.05, True)] and line["scores"]["source_base"] == [(0.18, False)]
    first = backtested.lines(VALIDATION["backtests"]["backtests"], 2016)[0]
    assert first["scores"]["persistence"] == [(0.1, True)] * 2 and "source_base" not in first["scores"]
    assert "<td>0.40<br>0.20</td>" in shown and "<td><b>0.10</b><br><b>0.10</b></td>" in shown


def test_places_of_outcomes_leave_their_bands_only_when_they_are_uneven():
    even = [_row(2012, 2013, 60, series=f"s{k}", pit=(k + 0.5) / 100) for k in range(100)]
    fine = backtested.places(even)
    assert fine.share == pytest.approx(np.full(backtested.BINS, 0.1)) and abs(fine.departure).max() < 0.01
    low = backtested.places([{**r, "pit": r["pit"] / 4} for r in even])
    assert (low.share > low.share_high).any() and (low.departure > low.high).any()
    together = backtested.places([{**r, "series": f"s{k % 10}"} for k, r in enumerate(even)])
    assert together.share_high[0] > fine.share_high[0]  # ten that err together are fewer than a hundred


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.2, "undecided")]
)
def test_skill_is_judged_by_its_interval(low, high, said):
    assert tested.standing({"median": 0.0, "q05": low, "q95": high}) == said


def test_headline_effects_under_other_structures_say_whether_they_turn(study, shown):
    rows = VALIDATION["alternatives"]["alternatives"]
    assert tested.agreement(rows, 0).en == "same clear sign in all"
    assert tested.agreement(rows, 1).en == "turns with the structure"
    told = tested.said(study)["alternatives"].en
    assert "The same clear sign in all: 1; turning with the structure: 1" in told
    assert "differs from the reference’s by more than 2 standard errors for: no-rents" in told
    assert "view no-rents" in shown and "turns with the structure" in shown
    assert len(tables.all_tables(study)["structural-alternatives"]) == 4


def test_deaths_told_the_true_supply_stand_beside_the_forecasts_of_their_years(study, shown):
    told = tested.said(study)["true-supply"]
    assert "1 of them lie inside" in told.en and "2 years" in told.en and "1 quedan dentro" in told.es
    own = shown[shown.index('id="t-true-supply"') : shown.index('id="t-calibration"')]
    opioids, first, second = re.findall("<tr><th.*?</tr>", own[own.index("<tbody>") :])
    assert "+10" in opioids and opioids.count("<td>–") == 0, "there is a forecast of that year"
    assert "✗" not in first and first.count("<td>–") == 2 and "+30" in second and "✗" in second


def test_calibration_recovery_and_structure_say_what_failed(study, shown, page):
    said = tested.said(study)
    assert "19 of 20" in said["calibration"].en
    assert f"Outside: {calibrated.quantity('titration').en}" in said["calibration"].en
    assert "the fit finds too much; intervals too narrow" not in shown and "the fit finds too much" in shown
    assert "87\N{NO-BREAK SPACE}% of true values" in said["recovery"].en
    assert "intervals of stage 2" in said["recovery"].en and "de la etapa 2" in said["recovery"].es
    assert f"{calibrated.quantity('dose_spread').en} 60" in shown
    assert "1 hold and 1 fail: extreme:no_guns" in said["barlas"].en
    assert "No guns, no gun deaths." in shown and "gun_revenue_response at 0" in shown
    assert "made up for by the rest" in shown and "lo compensa el resto" in spanish(page)
    assert f"{signed(-1.3)} ({signed(-2.4)} to {signed(0.3)})" in shown


def test_brief_fits_say_how_far_they_are_from_converged(study, shown):
    said = tested.said(study)
    assert "split R-hat up to 1.54, at least 37 effective draws" in said["backtests"].en
    assert "split R-hat up to 1.38" in said["alternatives"].en and "R-hat de hasta 1.38" in said["alternatives"].es
    assert "* Follows from assumption" in shown
    met = brief_fits([{"rhat_max": 1.008, "ess_bulk_min": 420.0, "ess_tail_min": 401.0}, None])
    assert "are brief and meet the criteria" in met.en and "breves y cumplen los criterios" in met.es


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


def test_recovery_is_told_by_block():
    found = {b.id: b for b in calibrated.blocks(VALIDATION["recovery"]["recovery"])}
    assert list(found) == list(calibrated.BLOCKS)
    assert found["rest"].quantities == 2 and found["rest"].mean == pytest.approx(0.7)
    assert found["rest"].least == "dose_spread" and found["noise"].lowest == 0.7
    assert calibrated.quantity("supply_surge[4]").en.startswith("latent driver supply_surge, 20")


@pytest.mark.parametrize(
    ("ranks", "reading"),
    [
        ([k % 30 for k in range(200)], "too much"),
        ([20 + k % 30 for k in range(200)], "too little"),
        ([k % 10 if k % 20 < 10 else 40 + k % 10 for k in range(200)], "too narrow"),
        ([20 + k % 10 for k in range(200)], "too wide"),
    ],
)
def test_what_ranks_show_follows_from_their_mean_and_spread(ranks, reading):
    sbc = {"datasets": 200, "draws": 49, "outside": ["titration"], "ranks": {"titration": ranks}}
    (found,) = calibrated.outside(sbc)
    assert reading in found.reading.en
    drawn = calibrated.ranks(sbc)
    assert (drawn.departure["titration"] > drawn.high).any() or (drawn.departure["titration"] < drawn.low).any()


def test_even_ranks_keep_within_their_bands():
    drawn = calibrated.ranks(VALIDATION["calibration"]["sbc"])
    assert ((drawn.departure["dose_spread"] < drawn.high) & (drawn.departure["dose_spread"] > drawn.low)).all()


def test_every_test_has_a_line_in_spanish(study, page):
    spanish = page[page.index('<section id="es"') :]
    for title in tested.TITLES.values():
        assert title.es in spanish
    assert all(s.en != s.es for s in tested.said(study).values())
    assert not re.search(r">\s*(nan|None)\s*<", page)
