"""Backtests: no hindsight in any forecast, years made of rows, stacking from the past alone, and the rows written."""

import dataclasses
import json
import zlib

import numpy as np
import pytest

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.evidence import vintages
from contraflow.evidence.providers import Point, Reading
from contraflow.inference.likelihood import Discrepancy, targets
from contraflow.inference.posterior import PROJECTION_END, Posterior, fit_hash, load_posterior
from contraflow.system import model_parameters
from contraflow.system.latents import LATENTS
from contraflow.validation import backtests, record, scoring
from contraflow.validation.backtests import (
    HISTORY,
    LATER_VINTAGE,
    MODEL,
    ORIGINS,
    PARTS,
    Entry,
    entries,
    forecast,
    model_quantiles,
    posterior_path,
    predictions,
    summary,
    vary,
    yearly,
)
from contraflow.validation.rivals import RIVALS, persistence
from contraflow.validation.validate import made_anew

DRAWS = 6


def drawn(name, number, scale):
    return scale * np.random.default_rng(zlib.crc32(name.encode())).standard_normal(number)


@pytest.fixture(scope="module")
def posterior():
    """Draws near the middle of the prior, with latents of their own after every origin."""
    knots = {name: (len(latent.knots(PROJECTION_END)), DRAWS) for name, latent in LATENTS.items()}
    known = evidence.load().parameters
    free = [name for name in model_parameters() if not known[name].prior.is_fixed]
    return Posterior(
        {name: drawn(name, DRAWS, 0.2) for name in free},
        {name: drawn(name, size, 1.0) for name, size in knots.items()},
        {
            name: np.stack([0.05 * np.exp(drawn(name, DRAWS, 0.2)), np.exp(drawn(f"memory {name}", DRAWS, 0.2))])
            for name in targets(backtests.grid())
        },
        {"model_hash": fit_hash(), "seed": 1, "data_until": 2017.0},
    )


class Quick:
    """In place of the cache: every rival is persistence, so that ARIMA need not be fitted."""

    def forecast(self, rival, years, values, wanted, share):
        return np.exp(persistence(years, np.log(values), int(wanted[-1] - years[-1])))[wanted - years[-1] - 1]

    def save(self):
        pass


def altered(until, factor, before=False):
    """The evidence with observed values and drivers after ``until`` changed (or those before it)."""
    known = evidence.load()

    def moved(value, date, share):
        change = date <= until if before else date > until + 1e-6
        return (value * 0.9 if share else value * factor) if change else value

    def rows(series):
        share = series.observation.family in ("beta", "logit_normal")
        return tuple(dataclasses.replace(r, value=moved(r.value, r.end, share)) for r in series.rows)

    series = {name: s.model_copy(update={"rows": rows(s)}) for name, s in known.series.items()}
    if before:
        return dataclasses.replace(known, series=series)
    drivers = {
        name: d.model_copy(
            update={"rows": tuple(dataclasses.replace(r, value=moved(r.value, r.date, False)) for r in d.rows)}
        )
        for name, d in known.drivers.items()
        if d.rows[0].date <= until and name != "border_effort_years"
    }
    return dataclasses.replace(known, series=series, drivers=known.drivers | drivers)


def test_no_outcome_and_no_driver_after_the_origin_moves_a_forecast(posterior, monkeypatch):
    before = forecast(2016, posterior)
    assert len(before) > 15
    later = altered(2017.0, 3.0)
    monkeypatch.setattr(evidence, "load", lambda: later)
    after = forecast(2016, posterior)
    for name, values in before.items():
        assert np.array_equal(values, after[name]), name


def test_what_was_observed_before_the_origin_does_move_the_forecasts_that_learn_from_it(posterior, monkeypatch):
    before = forecast(2016, posterior)
    other = altered(2017.0, 1.5, before=True)
    monkeypatch.setattr(evidence, "load", lambda: other)
    after = forecast(2016, posterior)
    free = "mx.arrests.annual"
    assert np.median(after[free] / before[free]) == pytest.approx(1.5, rel=0.02)
    given = "mx.homicides.inegi.annual"
    moved = np.median(after[given] / before[given], axis=1)
    assert moved[0] > 1.01 and np.all(np.diff(moved[:4]) < 0), "what was missed fades"


def test_rivals_see_nothing_after_the_origin(monkeypatch):
    before = backtests.rival_quantiles(2016, Quick())
    later = altered(2017.0, 3.0)
    monkeypatch.setattr(evidence, "load", lambda: later)
    after = backtests.rival_quantiles(2016, Quick())
    assert set(before) == set(after)
    assert all(np.array_equal(before[s][r], after[s][r]) for s in before for r in RIVALS)


def test_half_years_and_quarters_make_whole_years():
    series, known = yearly(), evidence.load().series
    seized = series["border.seized.fentanyl.half_year"]
    assert np.allclose(seized.values, known["border.seized.fentanyl.annual"].values, rtol=1e-3)
    purity = known["us.market.fentanyl_powder_purity"]
    quarters = purity.values[np.floor(purity.starts + 1e-6) == 2023]
    assert len(quarters) == 4
    own = series["us.market.fentanyl_powder_purity"]
    assert own.years[-1] == 2023, "2024 lacks two months"
    assert own.values[-1] == pytest.approx(quarters.mean())


def test_synthetic_opioids_to_2018_are_as_in_the_fit():
    own, fitted = yearly()["us.deaths.synthetic_opioids.annual"], targets(backtests.grid())
    there = fitted["us.deaths.synthetic_opioids.annual"]
    number = len(there.observed)
    assert own.years[number - 1] == 2017 and own.years[-1] == 2024
    assert np.allclose(own.target.windows[:number], there.windows)
    assert np.array_equal(own.values[:number], there.observed)


def test_a_year_that_a_user_adds_to_one_part_of_a_sum_changes_nothing(tmp_path, monkeypatch):
    """Scores stay within the data that the origins are scored on."""
    monkeypatch.setenv(vintages.VARIABLE, str(tmp_path / "data"))
    evidence.load.cache_clear()
    before, path, id = backtests.scored(), tmp_path / "file.csv", "us.deaths.synthetic_opioids.annual"
    path.write_text("a file\n")
    year = Reading("cdc_vsrr", "vsrr_monthly_derived", {id: (Point("2025-01", "2025-12", 40_000.0),)})
    vintages.add(path, year, evidence.load())
    with vintages.trial(vintages.newest()):
        assert evidence.load().series[id].rows[-1].value == 40_000
        after = backtests.scored()
    assert all(np.array_equal(before[name][1], after[name][1]) for name in before)


@pytest.mark.parametrize("whole", PARTS)
def test_sums_are_their_parts_in_data_and_in_the_forecast(whole, posterior):
    series, total = yearly(), evidence.load().series[whole]
    parts = PARTS[whole]
    assert np.allclose(sum(series[p].values for p in parts), total.values[-len(series[parts[0]].years) :])
    made = forecast(2020, posterior)
    assert np.allclose(made[whole], sum(made[p] for p in parts))
    assert made[whole].shape == (4, DRAWS)


def test_the_reporting_factor_is_learned_from_known_rows_of_its_segment_alone():
    target = targets(backtests.grid())["us.oud.prescription_misuse.nsduh"]
    expected = np.repeat(target.observed[:, None] / 2, 4000, axis=1)
    no_memory = Discrepancy(np.full(4000, 0.05), np.full(4000, 1e-3))
    made = predictions(target, expected, no_memory, 2018.0, np.random.default_rng(0))
    log = np.log(made / expected)
    starts = np.array([row.start for row in target.series.rows if row.start >= 2000])
    in_2019, in_2020 = log[starts == 2019.0][0], log[starts == 2020.0][0]
    noise = target.noise[0] ** 2 + 0.05**2
    precision = 1 / target.level_sd**2 + 3 / noise
    assert in_2019.mean() == pytest.approx(np.log(2) * 3 / noise / precision, abs=0.01)
    assert in_2019.std() == pytest.approx(np.sqrt(noise + 1 / precision), rel=0.05)
    assert in_2020.mean() == pytest.approx(0.0, abs=0.02), "a new segment: nothing is known of its level"
    assert in_2020.std() == pytest.approx(np.sqrt(noise + target.level_sd**2), rel=0.05)


@pytest.mark.parametrize("memory", [0.01, 2.0])
def test_a_miss_at_the_origin_fades_with_the_memory_of_its_series(memory):
    target = targets(backtests.grid())["mx.homicides.inegi.annual"]
    expected = np.repeat((target.observed * np.exp(-0.2))[:, None], 4000, axis=1)
    misses = Discrepancy(np.full(4000, 0.2), np.full(4000, memory))
    made = np.log(predictions(target, expected, misses, 2013.0, np.random.default_rng(0)) / expected)
    years = np.arange(1, 13)
    assert made[13:].mean(axis=1) == pytest.approx(0.2 * np.exp(-years / memory), abs=0.015)
    spread = 0.2 * np.sqrt(1 - np.exp(-2 * years / memory))
    assert made[13:].std(axis=1) == pytest.approx(spread, rel=0.06)


def entry(origin, year, model, rival, observed=1.0, weight=1.0, series="a"):
    """Lognormal forecasts with these medians."""
    shape = scoring.quantiles_between([0.25, 0.75], np.exp([-0.05, 0.05]))
    quantiles = {MODEL: model * shape, **dict.fromkeys(RIVALS, rival * shape)}
    return Entry(origin, series, year, observed, weight, (), quantiles)


def test_stacking_starts_at_a_half_and_then_follows_what_served_best():
    good = [entry(o, o + h, model=1.0, rival=1.4) for o in (2012, 2016, 2019) for h in (1, 2, 3)]
    chosen = vary(good)[1]["stacked"]
    assert [chosen[o]["weight"] for o in (2012, 2016, 2019)] == [0.5, 1.0, 1.0]
    bad = [entry(o, o + h, model=1.4, rival=1.0) for o in (2012, 2016, 2019) for h in (1, 2, 3)]
    table, every = vary(bad)
    chosen = every["stacked"]
    assert chosen[2016]["weight"] == 0.0
    assert np.array_equal(table[-1].quantiles["stacked"], table[-1].quantiles["persistence"])


def test_stacking_learns_only_from_years_that_were_over_and_from_the_pool():
    seen = entry(2012, 2014, model=1.0, rival=1.4)
    unseen = [
        entry(2012, 2017, model=5.0, rival=1.0),
        entry(2016, 2017, model=5.0, rival=1.0),
        entry(2012, 2013, model=5.0, rival=1.0, weight=0.0),
    ]
    chosen = vary([seen, *unseen])[1]["stacked"]
    assert chosen[2016] == {"weight": 1.0, "rival": "persistence", "learned_from": 1}


def test_intervals_are_widened_by_what_earlier_years_asked_for():
    """The forecasts are right at the median, with a log-sd of 0.074; outcomes scatter three times as far."""
    scatter = np.exp(3 * 0.074 * np.linspace(-1.5, 1.5, 40))
    missed = [entry(2012, 2013 + k % 3, 1.0, 1.0, observed=x, series=f"s{k}") for k, x in enumerate(scatter)]
    later = entry(2016, 2017, 1.0, 1.0)
    table, chosen = vary([*missed, later])
    assert chosen["widened"][2012] == {"factor": 1.0, "learned_from": 0}
    factor = chosen["widened"][2016]["factor"]
    assert 2 < factor <= 3 and chosen["widened"][2016]["learned_from"] == 40
    assert table[0].quantiles["widened"] == pytest.approx(table[0].quantiles[MODEL])
    ours, wide = (np.log(table[-1].quantiles[name]) for name in (MODEL, "widened"))
    assert wide == pytest.approx(factor * ours, abs=1e-9)


def test_rows_and_summary_are_what_the_validation_report_holds(posterior):
    ours = {origin: model_quantiles(origin, forecast(origin, posterior)) for origin in ORIGINS}
    table = [e for origin in ORIGINS for e in entries(origin, ours[origin], Quick())]
    result = summary(table)
    assert json.loads(json.dumps(result)) == result
    rows = result["backtests"]
    for row in rows:
        assert {"origin", "series", "horizon", "crps", "rivals", "coverage"} <= set(row)
        assert set(row["rivals"]) >= set(RIVALS) and set(row["coverage"]) == {"50", "80", "95"}
        assert 1 <= row["horizon"] <= 5 and row["horizon"] == row["year"] - row["origin"]
        assert row["coverage"]["95"] or not row["coverage"]["50"]
    assert {row["origin"] for row in rows} == set(ORIGINS)
    assert {"median", "q05", "q95"} <= set(result["skill"]["persistence"])
    assert set(result["skill"]) == {*RIVALS, "source_base"}
    assert isinstance(result["pit_inside_bands"], bool)
    with_source = [row["year"] for row in rows if "source_base" in row["rivals"]]
    assert with_source == [2021, 2022, 2023, 2024] == [int(year) for year in result["oracle"]]
    out = {row["series"] for row in rows if not row["weight"]}
    assert out == {*LATER_VINTAGE, *PARTS}
    conditional = {row["origin"]: row["conditional_on"] for row in rows}
    assert conditional[2020] == ["pandemic_pulse"] and conditional[2019] == conditional[2022] == []


def test_a_series_needs_a_past_to_be_scored():
    scored_then = {e.series for e in entries(2019, {}, Quick())}
    assert "border.seized.heroin.annual" not in scored_then
    assert "border.seized.heroin.annual" in {e.series for e in entries(2022, {}, Quick())}
    assert all((yearly()[name].years <= 2019).sum() >= HISTORY for name in scored_then - set(PARTS))


def test_scores_of_rivals_need_no_posterior(tmp_path, monkeypatch):
    monkeypatch.setattr(backtests, "Cache", lambda path: Quick())
    rows = backtests.rival_rows(tmp_path, [2020])
    assert rows and all("crps" not in row and set(row["rivals"]) >= set(RIVALS) for row in rows)


@pytest.fixture
def held(posterior, tmp_path, monkeypatch):
    """A folder in which ``posterior``, of data to 2016, stands as the fit of 2012 and of 2016."""
    for origin in (2012, 2016):
        posterior.save(posterior_path(tmp_path, origin))
    monkeypatch.setattr(backtests, "holds_fit", lambda path, plan: True)
    monkeypatch.setattr(backtests, "Cache", lambda path: Quick())
    return tmp_path


def test_a_posterior_of_data_beyond_the_origin_is_refused(held):
    with pytest.raises(ContraflowError, match="data to its end and no further"):
        backtests.backtests(held, made_anew, origins=[2012])


def test_an_origin_is_scored_from_what_was_kept_of_it(held):
    """The quantiles kept, to five figures, are those of the draws; once kept the fit is not needed."""
    pieces = {}

    def keep(name, make):
        if name not in pieces:
            pieces[name] = json.loads(json.dumps(record.rounded(make())))
        return pieces[name]

    result = backtests.backtests(held, keep, origins=[2016])
    assert {row["origin"] for row in result["backtests"]} == {2016} and set(pieces) == {"2016"}
    fresh = summary(
        entries(2016, model_quantiles(2016, forecast(2016, load_posterior(posterior_path(held, 2016)))), Quick())
    )
    for row, other in zip(result["backtests"], fresh["backtests"], strict=True):
        assert row["crps"] == pytest.approx(other["crps"], rel=1e-3)
    posterior_path(held, 2016).unlink()
    assert backtests.backtests(held, keep, origins=[2016]) == result and set(result["fits"]) == {"2016"}
