"""The register: what an entry holds, that it is never rewritten, and how it is scored."""

import dataclasses
import datetime
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from contraflow import evidence
from contraflow.cli import app
from contraflow.cli import forecast as command
from contraflow.errors import ContraflowError, UnknownName
from contraflow.evidence import vintages
from contraflow.evidence.providers.reading import Point, Reading
from contraflow.inference.posterior import PROJECTION_END, Posterior, fit_hash
from contraflow.system import model_parameters
from contraflow.system.latents import LATENTS
from contraflow.system.observations import OBSERVABLES
from contraflow.validation import scoring
from contraflow.validation.forecasts import (
    carrying,
    file,
    history,
    observations,
    predictive,
    register,
    scoreboard,
    scores,
)
from contraflow.validation.forecasts.misses import carried, fading
from contraflow.validation.forecasts.simulation import Ahead, Misses, ahead, share_of_registered
from contraflow.validation.forecasts.targets import LEVELS, TARGETS, known, month_name, month_number

ORIGIN = "2024-12"
END = 2025 * 12
TODAY = datetime.date(2026, 11, 22)
REGISTER = Path(__file__).parents[2] / "forecasts"


@pytest.fixture(scope="module")
def posterior():
    """Eight draws near the prior medians, which no data have seen."""
    rng = np.random.default_rng(3)
    parameters = evidence.load().parameters
    free = [n for n in model_parameters() if not parameters[n].prior.is_fixed]
    return Posterior(
        {n: 0.1 * rng.standard_normal(8) for n in free},
        {n: 0.1 * rng.standard_normal((len(x.knots(PROJECTION_END)), 8)) for n, x in LATENTS.items()},
        {s: np.stack([np.full(8, 0.03), np.ones(8)]) for s in OBSERVABLES},
        {"model_hash": fit_hash(), "data_until": 2025.0},
    )


@pytest.fixture(scope="module")
def entry(posterior):
    return file.make(ORIGIN, posterior)


@pytest.fixture
def written(entry, tmp_path):
    return register.write(entry, tmp_path)[0]


def plain(model="0", made="2026-11-22", origin=ORIGIN):
    """An entry without a simulation: quantiles round what was observed last, of the model of 16 times that letter."""
    spread = np.linspace(0.8, 1.25, len(LEVELS))
    last = {t.id: history.observed(t, END)[1][-1] for t in TARGETS.values()}
    quantiles = {(t.id, period): last[t.id] * spread for t in TARGETS.values() for period in t.periods(origin)}
    return file.Entry(origin, 16 * model, 16 * "f", made, quantiles)


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    """An empty data folder of a user; what it returns adds one figure of a series as a vintage of a day."""
    monkeypatch.setenv(vintages.VARIABLE, str(tmp_path / "data"))

    def add(series, month, value, day):
        point = Point(month, month, value, source=evidence.shipped().series[series].rows[-1].source)
        given = tmp_path / "given.csv"
        given.write_text(f"{series},{month},{value}")
        name = vintages._store(given, Reading("figures", "", {series: (point,)}, whole=False))
        about = tmp_path / "data" / "vintages" / name / "about.json"
        about.write_text(json.dumps(json.loads(about.read_text()) | {"added": day}))

    return add


def quantile(entry, target, period, level=0.5):
    return entry.quantiles[target, period][LEVELS.index(level)]


def test_levels_are_the_23_of_the_register():
    assert len(LEVELS) == 23
    assert file.LEVEL_NAMES[:5] == ("0.01", "0.025", "0.05", "0.10", "0.15")
    assert file.LEVEL_NAMES[-4:] == ("0.90", "0.95", "0.975", "0.99")


def test_an_entry_covers_january_2025_to_december_2028_and_four_years(entry):
    for target in TARGETS.values():
        periods = [p for t, p in entry.quantiles if t == target.id]
        ends = ("2025", "2028", 4) if target.step == "year" else ("2025-01", "2028-12", 48)
        assert (periods[0], periods[-1], len(periods)) == ends


def test_years_of_an_entry_begin_after_its_origin():
    assert known("mx.homicides.inegi.annual").periods("2025-03") == ["2026", "2027", "2028", "2029"]
    assert known("us.deaths.all_drugs.monthly").periods("2025-03")[0] == "2025-04"


def test_quantiles_rise_and_are_finite(entry):
    table = np.stack(list(entry.quantiles.values()))
    assert np.isfinite(table).all() and (table >= 0).all()
    assert (np.diff(table, axis=1) >= 0).all()


def test_synthetic_opioids_are_part_of_all_drugs(entry):
    for period in TARGETS["us.deaths.all_drugs.monthly"].periods(ORIGIN):
        part = quantile(entry, "us.deaths.synthetic_opioids.monthly", period)
        assert part < quantile(entry, "us.deaths.all_drugs.monthly", period)


def test_the_first_sum_of_12_months_is_nearly_known_and_the_last_is_not(entry):
    def width(period):
        return quantile(entry, "us.deaths.all_drugs.12_months", period, 0.95) / quantile(
            entry, "us.deaths.all_drugs.12_months", period, 0.05
        )

    assert 1 < width("2025-01") < 1.1 < width("2028-12")


def test_the_first_month_joins_what_was_observed_last(entry):
    """However far the model is off at the origin: what it missed is carried on."""
    at, values = history.observed(TARGETS["us.deaths.synthetic_opioids.monthly"], END)
    season = history.seasons(TARGETS["us.deaths.synthetic_opioids.monthly"], END).mean
    last = np.exp(np.mean(np.log(values[-3:]) - season[at[-3:] % 12]) + season[0])
    median = quantile(entry, "us.deaths.synthetic_opioids.monthly", "2025-01")
    assert median == pytest.approx(last, rel=0.12)


def deaths_published_late(late, draws=400):
    """As ``ahead`` makes it, ``late`` months after the last deaths known, of a model that expects 1,000 a month."""
    end = END + late
    shares = {"us_synthetic_opioid_deaths": 0.5, "opioid_deaths_without_synthetic": 0.2, "non_opioid_deaths": 0.3}
    model, before = ({k: np.full((n, draws), 12_000 * v) for k, v in shares.items()} for n in (48 - late, late))
    missed = {k: np.zeros((48, draws)) for k in ("synthetic", "other")}
    return Ahead(np.arange(end, END + 48), model, before, missed, {}, 0)


@pytest.mark.parametrize("late", [0, 4, 11, 14])
def test_sums_of_12_months_take_what_is_not_published_from_the_model(late):
    """Seizures are out months before deaths: months that lie between are forecast too, and a sum has 12 of them all."""
    at = deaths_published_late(late)
    drawn = predictive._deaths(at)
    _, known = history.observed(TARGETS["us.deaths.all_drugs.monthly"], at.end)
    assert all(x.shape == (48, at.draws) for x in drawn.values())
    sums = predictive._twelve_months(at, "us.deaths.all_drugs", drawn["us.deaths.all_drugs.monthly"])
    assert sums.shape == (48 - late, at.draws)
    observed = known[len(known) - max(11 - late, 0) :].sum()
    assert np.median(sums[0]) == pytest.approx(observed + 1000 * min(late + 1, 12), rel=0.02)
    assert np.median(sums[-1]) == pytest.approx(12_000, rel=0.02)


def test_months_with_a_factor_of_their_own_are_put_on_the_complete_basis(monkeypatch):
    name = "us.deaths.all_drugs.monthly"
    series = evidence.load().series[name]
    rows = (
        *series.rows,
        dataclasses.replace(series.rows[-1], start=2025.0, end=2025 + 1 / 12, value=900.0, factor=0.9),
    )
    made = dataclasses.replace(
        evidence_now, series={**evidence_now.series, name: series.model_copy(update={"rows": rows})}
    )
    monkeypatch.setattr(history.evidence, "load", lambda: made)
    months, values = history.observed(TARGETS[name], END + 1)
    assert months[-1] == END and values[-1] == pytest.approx(1000)


def test_forecasts_repeat_with_the_same_seed(entry, posterior):
    again = file.make(ORIGIN, posterior)
    assert all(np.array_equal(entry.quantiles[k], v) for k, v in again.quantiles.items())


def test_no_forecast_is_made_from_an_origin_that_the_posterior_has_not_seen_or_has_passed(posterior):
    with pytest.raises(ContraflowError, match="2024-12"):
        ahead("2023-12", posterior)


def test_an_entry_reads_back_as_written(entry, written):
    back = file.read(written)
    assert (back.origin, back.model_hash, back.made) == (ORIGIN, fit_hash(), entry.made)
    for key, values in entry.quantiles.items():
        assert back.quantiles[key] == pytest.approx(values, rel=1e-5)


def test_the_same_forecasts_of_another_day_leave_the_entry_as_it_is(entry, written):
    before = written.read_bytes()
    assert register.write(dataclasses.replace(entry, made="2031-01-01"), written.parent) == (written, False)
    assert written.read_bytes() == before


def test_other_forecasts_under_the_same_name_are_refused(entry, written):
    before = written.read_bytes()
    key = ("mx.homicides.inegi.annual", "2026")
    other = dataclasses.replace(entry, quantiles={**entry.quantiles, key: entry.quantiles[key] * 1.01})
    with pytest.raises(ContraflowError, match="never rewritten"):
        register.write(other, written.parent)
    assert written.read_bytes() == before
    assert sorted(p.name for p in written.parent.iterdir()) == [written.name, register.ORDER]
    assert (written.parent / register.ORDER).read_text() == f"{written.name}\n"


def test_another_posterior_of_the_same_model_has_an_entry_of_its_own(tmp_path):
    first = plain()
    other = dataclasses.replace(first, posterior_hash="a" * 16)
    (one, _), (two, new), (again, as_new) = (register.write(e, tmp_path) for e in (first, other, other))
    assert new and not as_new and two == again == tmp_path / f"{ORIGIN}-{first.model_hash}-{'a' * 16}.csv"
    assert (file.read(two).posterior_hash, file.read(two).name) == ("a" * 16, two.name)
    assert (register.standing(one), register.standing(two)) == ("of record", "revision 1")
    wrong = shutil.copy(two, two.with_name(two.name.replace("a" * 16, "b" * 16)))
    with pytest.raises(ContraflowError, match="posterior_hash is"):
        file.read(wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-3], "3 forecasts are missing"),
        (lambda lines: [*lines[:-1], lines[-1][:40]], "cells"),
        (lambda lines: [lines[0], lines[1], lines[1], *lines[2:]], "twice"),
        (lambda lines: [lines[0], lines[1].replace(fit_hash(), "0" * 16), *lines[2:]], "model_hash"),
        (lambda lines: [lines[0].replace("0.50", "median"), *lines[1:]], "columns"),
        (lambda lines: [lines[0], lines[1].replace("2025-01", "2031-01"), *lines[2:]], "2031-01"),
    ],
)
def test_a_damaged_entry_is_refused(written, change, message):
    written.write_text("\n".join(change(written.read_text().splitlines())) + "\n")
    with pytest.raises(ContraflowError, match=message):
        file.read(written)


def test_a_season_is_found_again_and_noise_is_not_taken_for_one(monkeypatch):
    series = evidence.load().series["mx.homicides.sesnsp.monthly"]
    truth = 0.2 * np.sin(2 * np.pi * np.arange(12) / 12)
    rng = np.random.default_rng(1)
    for factors in (truth, np.zeros(12)):
        rows = tuple(
            dataclasses.replace(
                r, value=2000 * np.exp(factors[round(r.start * 12) % 12] + 0.03 * rng.standard_normal())
            )
            for r in series.rows
        )
        made = {"mx.homicides.sesnsp.monthly": series.model_copy(update={"rows": rows})}
        monkeypatch.setattr(history.evidence, "load", lambda made=made: dataclasses.replace(evidence_now, series=made))
        found = history.seasons(TARGETS["mx.homicides.sesnsp.monthly"], END)
        assert found.mean == pytest.approx(factors, abs=0.035)
        assert found.mean.sum() == pytest.approx(0, abs=1e-9)
    assert np.abs(found.mean).max() < 0.015


evidence_now = evidence.load()


def test_the_last_year_is_put_on_the_complete_basis():
    _, values = history.observed(TARGETS["us.deaths.synthetic_opioids.monthly"], END)
    raw = evidence.load().series["us.deaths.synthetic_opioids.monthly"].values
    assert values[:-12] == pytest.approx(raw[:-12])
    assert (values[-12:] > raw[-12:]).all()


def test_nothing_after_the_origin_is_looked_at():
    for target in TARGETS.values():
        at, _ = history.observed(target, 2022 * 12)
        assert at[-1] == (2021 if target.step != "month" else 2022 * 12 - 1)


def test_memory_and_spread_of_misses_are_found_again():
    rng = np.random.default_rng(5)
    kept, sd, noise = 0.9, 0.2, 0.05
    path = [0.0]
    for _ in range(600):
        path.append(kept * path[-1] + sd * np.sqrt(1 - kept**2) * rng.standard_normal())
    seen = np.array(path) + noise * rng.standard_normal(601)
    how = fading(np.arange(601), seen, noise, 0.01)
    assert how.kept == pytest.approx(kept, abs=0.04)
    assert how.sd == pytest.approx(sd, rel=0.25)


def test_a_miss_at_the_origin_fades_and_its_spread_grows_to_that_of_all():
    at = np.arange(60)
    missed = np.repeat((0.3 * np.cos(at / 9))[:, None], 2000, axis=1)
    path = carried(at, missed, 0.02, 0.05, np.arange(60, 140), np.random.default_rng(0))
    how = fading(at, missed[:, 0], 0.02, 0.05)
    assert path[0].mean() == pytest.approx(missed[-1, 0], abs=0.05)
    assert abs(path[-1].mean()) < abs(path[0].mean())
    assert path[0].std() < path[-1].std() <= how.sd * 1.1


def test_ways_of_carrying_misses_are_told_apart():
    """On misses of each kind, the way made for that kind errs least."""
    rng, at, noise = np.random.default_rng(8), np.arange(90), 0.02
    wander = [0.0]
    for _ in at[1:]:
        wander.append(0.8 * wander[-1] + 0.1 * rng.standard_normal())
    paths = {"none": 0.1 * rng.standard_normal(90), "fading": np.array(wander), "kept": np.full(90, 0.3)}
    found = {kind: carrying.errors(Misses(at, path[:, None], noise), 0.02) for kind, path in paths.items()}
    assert found["none"]["none"][0] < 0.95 * found["none"]["kept"][0]
    assert found["fading"]["fading"][0] < 0.95 * min(found["fading"]["none"][0], found["fading"]["kept"][0])
    assert found["kept"]["kept"] == pytest.approx((0, 0), abs=1e-9) and found["kept"]["none"][1] == pytest.approx(0.3)


def test_misses_are_forecast_from_earlier_ones_alone(monkeypatch):
    at, path, told = np.arange(100, 160), np.arange(60.0), []

    def way(months, missed, noise, smallest, ahead):
        told.append((months[-1], missed[-1], months[-1] + ahead[0]))
        return np.zeros(len(ahead))

    monkeypatch.setattr(carrying, "WAYS", {"way": way})
    carrying.errors(Misses(at, path[:, None], 0.05), 0.02)
    assert told == [(100 + now - 1, now - 1, 100 + now) for now in range(carrying.BEFORE, 60)]


def test_scores_prefer_the_forecast_that_was_right(entry, written):
    read = file.read(written)
    came = {("mx.homicides.inegi.annual", y): quantile(read, "mx.homicides.inegi.annual", y) for y in ("2025", "2026")}
    rows = {r["target"]: r for r in scores.summary(scores.scored(read, came))}
    row = rows["mx.homicides.inegi.annual"]
    assert row["forecasts"] == 2 and row["coverage"] == {"50": 1.0, "80": 1.0, "95": 1.0}
    assert row["pit"] == pytest.approx([0.5, 0.5], abs=0.02)
    far = {k: 6 * v for k, v in came.items()}
    worse = scores.summary(scores.scored(read, far))[0]
    assert worse["crps"]["model"] > 3 * row["crps"]["model"]
    assert worse["coverage"]["95"] == 0.0


def test_the_crps_is_that_of_the_scores_used_in_backtests(written):
    read = file.read(written)
    key, value = ("mx.missing.annual", "2025"), 9000.0
    expected = scoring.log_crps(scoring.quantiles_between(LEVELS, read.quantiles[key]), value)
    assert scores.scored(read, {key: value})[0].crps("model") == pytest.approx(float(expected))


def test_of_sums_of_12_months_only_those_a_whole_year_ahead_are_scored(written):
    read = file.read(written)
    target = "us.deaths.all_drugs.12_months"
    came = {(target, p): 80_000.0 for p in ("2025-01", "2025-11", "2025-12")}
    rows = scores.summary(scores.scored(read, came))
    assert [(r["target"], r["forecasts"], r["first"]) for r in rows] == [(target, 1, "2025-12")]


def test_months_are_scored_beside_rivals_with_the_same_season(written):
    read = file.read(written)
    target = TARGETS["mx.homicides.sesnsp.monthly"]
    rivals = scores.rival_quantiles(target, ORIGIN, ["2025-02", "2025-03"], evidence_now)
    season = np.exp(history.seasons(target, END).mean)
    middle = {rival: q[:, 100] for rival, q in rivals.items()}
    assert middle["persistence"][0] / middle["persistence"][1] == pytest.approx(season[1] / season[2], rel=0.01)
    assert set(middle) == {"persistence", "drift", "ets", "arima"}
    assert read.origin == ORIGIN


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("mx.missing.anual,2025,1", "did you mean 'mx.missing.annual'"),
        ("mx.missing.annual,2025-01,1", "write YYYY"),
        ("us.deaths.all_drugs.monthly,2025-13,1", "write YYYY-MM"),
        ("us.deaths.all_drugs.monthly,2025-01,many", "not a number"),
        ("us.deaths.all_drugs.monthly,2025-01,-4", "at least 0"),
        ("us.market.fentanyl_powder_purity.monthly,2025-01,11.2", "between 0 and 1"),
        ("mx.missing.annual,2025,9000\nmx.missing.annual,2025,9001", "twice"),
        ("us.deaths.all_drugs.monthly,2025-01,6.5", r"another unit.*It is in person, by month"),
        ("us.deaths.all_drugs.monthly,2025-01,72000", "another unit"),
        ("mx.homicides.sesnsp.monthly,2025-01,27000", "another unit"),
        ("border.seized.fentanyl.events.monthly,2025-01,860", "another unit"),
        ("border.seized.fentanyl.monthly,2025-01,13000", "another unit"),
        ("us.deaths.all_drugs.monthly,2026-11,6000", "is not over on 2026-11-22"),
        ("us.deaths.all_drugs.12_months,2028-12,70000", "is not over"),
        ("mx.missing.annual,2026,9000", "is not over"),
        ("us.deaths.all_drugs.12_months,2025-12,80", "another unit"),
        ("", "no observation"),
        ("us.deaths.all_drugs.monthly,2025-01,inf", "not a number"),
        ("us.deaths.all_drugs.monthly,2025-01,6_000", "not a number"),
        ("us.deaths.all_drugs.monthly,2025-01", "expected 3 cells"),
        ("us.deaths.all_drugs.monthly,²025-01,5", "write YYYY-MM"),
    ],
)
def test_bad_observations_are_refused(tmp_path, lines, message):
    path = tmp_path / "observed.csv"
    path.write_text(f"target_id,period,value\n{lines}\n")
    with pytest.raises(ContraflowError, match=message):
        observations.read_observations(path, evidence_now, TODAY)


@pytest.mark.parametrize(
    "line",
    [
        "border.seized.fentanyl.monthly,2025-01,60",  # a twelfth of the mean of 2024
        "border.seized.fentanyl.monthly,2018-12,32",  # known, though far from what came years later
        "us.deaths.synthetic_opioids.12_months,2003-12,1400",
        "us.deaths.all_drugs.monthly,2026-10,5000",
    ],
)
def test_figures_that_may_be_are_taken(tmp_path, line):
    path = tmp_path / "observed.csv"
    path.write_text(f"target_id,period,value\n{line}\n")
    assert len(observations.read_observations(path, evidence_now, TODAY)) == 1


def test_a_last_line_without_an_end_is_taken_for_cut_off(tmp_path):
    path = tmp_path / "observed.csv"
    path.write_text("target_id,period,value\nmx.homicides.inegi.annual,2025,30000\nmx.missing.annual,2025,10")
    with pytest.raises(ContraflowError, match="observed.csv:3: the last line has no end"):
        observations.read_observations(path, evidence_now, TODAY)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("us.deaths.all_drugs.monthly,2025-12,5000", "2026-12"),
        ("us.deaths.all_drugs.12_months,2025-12,70000", "2026-12"),
        ("mx.homicides.sesnsp.monthly,2026-06,2000", "2026-12"),
        ("mx.missing.annual,2025,12000", "2027-01"),
    ],
)
def test_figures_that_are_not_settled_are_told_and_not_recorded(tmp_path, line, first):
    path = tmp_path / "observed.csv"
    path.write_text(f"target_id,period,value\n{line}\n")
    with pytest.raises(ContraflowError, match=rf"csv:2: .* not settled, no release before {first} counts"):
        observations.read_observations(path, evidence_now, TODAY, settled=True)
    found = observations.read_observations(path, evidence_now, TODAY)
    assert observations.unsettled(found, TODAY) == list(found)
    settled = datetime.date.fromisoformat(f"{first}-01")
    assert observations.read_observations(path, evidence_now, settled, settled=True) == found
    assert observations.unsettled(found, settled) == []


def test_only_settled_figures_of_series_are_observations():
    found = observations.from_series(evidence_now, TODAY)
    months = [p for t, p in found if t == "us.deaths.all_drugs.monthly"]
    assert max(months) == "2024-04"
    assert ("mx.homicides.inegi.annual", "2024") in found
    assert not any(t == "mx.missing.annual" for t, _ in found)
    sums = found["us.deaths.all_drugs.12_months", "2023-12"]
    assert sums == pytest.approx(106_881, abs=20)


def test_a_preliminary_year_of_a_series_is_no_observation():
    """INEGI's definitive count of a year comes in October of the next one; what is there in July is preliminary."""
    key = ("mx.homicides.inegi.annual", "2024")
    assert key not in observations.from_series(evidence_now, datetime.date(2025, 9, 30))
    assert key in observations.from_series(evidence_now, datetime.date(2025, 10, 1))


def scored_alike(entry, came):
    """As ``scores.scored``, were all rivals to forecast what the model does."""
    spread = {key: scoring.quantiles_between(LEVELS, entry.quantiles[key]) for key in came}
    who = scoreboard._WHO
    return [scores.Scored(entry.origin, *key, value, dict.fromkeys(who, spread[key])) for key, value in came.items()]


def board_rows(entry, came):
    return scoreboard.rows(entry, register.OF_RECORD, came, scores.summary(scored_alike(entry, came)))


def test_the_scoreboard_only_grows(tmp_path):
    folder = tmp_path
    first = {("mx.homicides.inegi.annual", "2025"): 30_000.0}
    second = {**first, ("mx.homicides.inegi.annual", "2026"): 31_000.0}
    texts = []
    for came in (first, second):
        rows = board_rows(plain(), came)
        files = scoreboard.contents(folder, rows)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        texts.append(files[scoreboard.TABLE])
        assert scoreboard.contents(folder, rows) is None
    assert texts[1].startswith(texts[0]) and len(texts[1]) > len(texts[0])
    assert (folder / scoreboard.PAGE).read_text().count("\n| 20") == texts[1].count(b"\n") - 1


def test_a_scoreboard_changed_by_hand_is_refused(tmp_path):
    came = {("mx.homicides.inegi.annual", "2025"): 30_000.0}
    rows = board_rows(plain(), came)
    (tmp_path / scoreboard.TABLE).write_text("scored,entry\n")
    with pytest.raises(ContraflowError, match="columns"):
        scoreboard.contents(tmp_path, rows)


def test_a_scoreboard_that_lost_rows_is_refused(tmp_path):
    """Rows taken out of the table are still on its page."""
    came = {("mx.homicides.inegi.annual", "2025"): 30_000.0}
    rows = board_rows(plain(), came)
    for name, content in scoreboard.contents(tmp_path, rows).items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / scoreboard.TABLE
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    before = path.read_bytes()
    with pytest.raises(ContraflowError, match="changed by hand"):
        scoreboard.contents(tmp_path, rows)
    assert path.read_bytes() == before


def test_a_scoreboard_begun_with_fewer_columns_goes_on(tmp_path):
    """Its rows stay as they are, without a word on standing and evidence, and words above the page may change."""
    came = {("mx.homicides.inegi.annual", "2025"): 30_000.0}
    old = scoreboard.COLUMNS[:-2]
    first, *_ = board_rows(plain(), came)
    cells = [first[c] for c in old]
    (tmp_path / scoreboard.TABLE).write_text(",".join(old) + "\n" + ",".join(cells) + "\n")
    rule = f"|{'---|' * len(old)}"
    (tmp_path / scoreboard.PAGE).write_text(f"# Old\n\n| {' | '.join(old)} |\n{rule}\n| {' | '.join(cells)} |\n")
    later = {("mx.homicides.inegi.annual", "2025"): 31_000.0}
    for name, content in scoreboard.contents(tmp_path, board_rows(plain(), later)).items():
        (tmp_path / name).write_bytes(content)
    lines = (tmp_path / scoreboard.TABLE).read_text().splitlines()
    assert lines[0] == ",".join(scoreboard.COLUMNS) and lines[1] == ",".join(cells) + ",," and len(lines) == 4
    assert scoreboard.contents(tmp_path, board_rows(plain(), later)) is None


def test_of_one_block_of_pit_values_nothing_is_said():
    """Its bands reach from 0 to 1: no values could fall outside, not even if the model gave all of them no chance."""
    target = "border.seized.fentanyl.monthly"
    high = {(target, p): 1e4 for p in TARGETS[target].periods(ORIGIN)[:12]}
    own, pooled = scores.summary(scored_alike(plain(), high))
    assert (own["pit"], own["pit_inside_bands"], pooled["pit_inside_bands"]) == ([1.0] * 12, None, None)
    assert [r["pit_inside_bands"] for r in board_rows(plain(), high)] == ["too few", "too few"]


@pytest.mark.parametrize(("factor", "inside"), [(1.0, True), (50.0, False)])
def test_pit_values_of_two_targets_are_held_against_their_bands(factor, inside):
    targets = ("mx.missing.annual", "mx.homicides.inegi.annual")
    came = {(t, y): factor * quantile(plain(), t, y) for t in targets for y in ("2025", "2026")}
    assert scores.summary(scored_alike(plain(), came))[-1]["pit_inside_bands"] is inside


def test_the_first_entry_of_an_origin_is_of_record_and_later_ones_are_revisions(tmp_path):
    """By the day on which they were made, and for one day by the list that writing them keeps."""
    made = {"c": "2026-03-01", "b": "2026-03-02", "a": "2026-03-02"}
    paths = {model: register.write(plain(model, day), tmp_path)[0] for model, day in made.items()}
    register.write(plain("9", "2025-01-01", "2023-12"), tmp_path)
    standings = {model: register.standing(path) for model, path in paths.items()}
    assert standings == {"c": "of record", "b": "revision 1", "a": "revision 2"}
    (tmp_path / register.ORDER).unlink()
    with pytest.raises(ContraflowError, match=r"ORDER.txt: 2024-12-[ab]{16}.csv is not listed.*the first one first"):
        register.standing(paths["c"])
    paths["b"].unlink()
    assert register.standing(paths["a"]) == "revision 1"


def test_the_committed_entries_are_listed_in_the_order_in_which_they_were_made():
    entries = sorted(REGISTER.glob("20*.csv"))
    assert {p.name for p in entries} <= set((REGISTER / register.ORDER).read_text().split())
    of_record = [p.stem for p in entries if register.standing(p) == register.OF_RECORD]
    assert of_record == ["2024-12-c919541010247986"]


def test_figures_that_a_user_adds_do_not_change_the_scores_of_an_entry(own_data, monkeypatch):
    """Of an entry from data that ship; the row tells the figures that rivals of a later one started from."""
    series, entry = "mx.homicides.sesnsp.monthly", plain()
    came = {(series, "2025-02"): 2000.0}
    monkeypatch.setattr(scores, "rival_forecast", lambda rival, at, values, *_: np.full((1, 200), values[-1]))
    before = scores.summary(scores.scored(entry, came)), board_rows(entry, came)
    own_data(series, "2024-12", 4000.0, "2026-11-22")
    added = vintages.layered(evidence.shipped(), vintages.newest())
    monkeypatch.setattr(history.evidence, "load", lambda: added)
    assert history.observed(TARGETS[series], END)[1][-1] == 4000
    assert (scores.summary(scores.scored(entry, came)), board_rows(entry, came)) == before


def test_rivals_of_a_later_origin_know_what_was_added_by_the_day_of_the_entry(own_data):
    series, half_year = "mx.homicides.sesnsp.monthly", "border.seized.fentanyl.half_year"
    with pytest.raises(ContraflowError, match=r"need figures to that month.*end with 2024-12: .*contraflow data add"):
        history.as_of("2025-01", "2026-01-31")
    own_data(half_year, "2025-01", 3000.0, "2026-01-31")
    own_data(series, "2025-01", 2000.0, "2026-01-31")
    then = history.figures("2025-01", "2026-01-31")
    own_data(series, "2025-01", 2100.0, "2026-03-01")
    assert history.figures("2025-01", "2026-01-31") == then and then[series, str(END)] == 2000
    assert history.figures("2025-01", "2026-03-01")[series, str(END)] == 2100
    assert history.figures("2025-01", "2025-12-31")[series, str(END)] == 2100  # scored by someone who added later
    prints = {scoreboard.fingerprint(history.figures("2025-01", made)) for made in ("2026-01-31", "2026-03-01")}
    assert len(prints) == 2


def test_an_unknown_target_names_the_nearest():
    with pytest.raises(UnknownName, match=r"mx\.homicides\.inegi\.annual"):
        known("mx.homicides.inegi.anual")


def test_months_have_names_and_numbers():
    assert month_name(month_number("2025-01") - 1) == "2024-12"
    with pytest.raises(ContraflowError, match="YYYY-MM"):
        month_number("2025")


def test_entries_with_other_names_are_refused(written, tmp_path):
    other = shutil.copy(written, tmp_path / "mine.csv")
    with pytest.raises(ContraflowError, match="is named"):
        file.read(other)


@pytest.fixture(autouse=True)
def calendar(monkeypatch):
    """The day of the command."""
    monkeypatch.setattr(command, "datetime", SimpleNamespace(date=SimpleNamespace(today=lambda: TODAY)))


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_writes_an_entry_and_scores_it(posterior, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    posterior.save(tmp_path / "trial.nc")
    made = run("forecast", "--posterior", "trial.nc", "--json")
    assert made.exit_code == 0, made.output
    path = tmp_path / json.loads(made.stdout)["entry"]
    assert path == tmp_path / "forecasts" / f"2024-12-{fit_hash()}.csv"
    assert json.loads(made.stdout)["forecasts"] == len(file.read(path).quantiles) == 7 * 48 + 2 * 4 + 48
    outcomes = tmp_path / "observed.csv"
    outcomes.write_text("target_id,period,value\nmx.homicides.inegi.annual,2025,30000\n")
    for remark in ("added to", "already in"):
        every = path.parent.glob("*.csv")  # the second time with the scoreboard itself
        scored = run("forecast", "score", *every, "--observed", outcomes, "--record", "--json")
        assert scored.exit_code == 0, scored.output
        assert remark in scored.stderr
    (only,) = json.loads(scored.stdout)["scores"]
    rows = only["targets"]
    assert only["standing"] == "of record"
    assert [r["target"] for r in rows] == ["mx.homicides.inegi.annual", "pooled"]
    assert (path.parent / scoreboard.TABLE).read_text().count("\n") == 3


def test_scoring_without_any_outcome_is_an_error(entry, written, tmp_path):
    outcomes = tmp_path / "observed.csv"
    outcomes.write_text("target_id,period,value\nmx.homicides.inegi.annual,2023,30000\n")
    result = run("forecast", "score", written, "--observed", outcomes)
    assert result.exit_code == 2 and "none of the observations" in result.stderr


def test_observations_that_are_not_scored_are_told(entry, written, tmp_path):
    outcomes, sums = tmp_path / "observed.csv", "us.deaths.all_drugs.12_months"
    lines = ("mx.homicides.inegi.annual,2025,30000", f"{sums},2025-06,75000", f"{sums},2025-12,75000")
    outcomes.write_text("\n".join(("target_id,period,value", *lines)) + "\n")
    result = run("forecast", "score", written, "--observed", outcomes)
    assert result.exit_code == 0, result.output
    assert f"1 of 3 observations are of no forecast that is scored, the first {sums} 2025-06" in result.stderr


def test_the_command_marks_revisions_and_records_no_figure_that_is_not_settled(tmp_path):
    paths = [register.write(plain(model), tmp_path)[0] for model in "ba"]
    outcomes = tmp_path / "observed.csv"
    outcomes.write_text("target_id,period,value\nmx.homicides.sesnsp.monthly,2026-10,2000\n")
    shown = run("forecast", "score", *paths, "--observed", outcomes)
    assert shown.exit_code == 0, shown.output
    assert "bbb.csv, of record:" in shown.stdout and "aaa.csv, revision 1:" in shown.stdout
    assert "too few" in shown.stdout and "1 of 1 observations are not settled" in shown.stderr
    refused = run("forecast", "score", *paths, "--observed", outcomes, "--record")
    assert refused.exit_code == 2 and "is not settled" in refused.stderr and "without --record" in refused.stderr
    assert not (tmp_path / scoreboard.TABLE).exists()


def test_a_share_of_homicides_ends_where_a_year_lacks_one_of_the_two(monkeypatch):
    name = "mx.homicides.inegi.annual"
    rows = tuple(r for r in evidence_now.series[name].rows if round(r.start) != 2021)
    gap = {**evidence_now.series, name: evidence_now.series[name].model_copy(update={"rows": rows})}
    monkeypatch.setattr(history.evidence, "load", lambda: dataclasses.replace(evidence_now, series=gap))
    assert share_of_registered(END)[0].tolist() == [2016, 2017, 2018, 2019, 2020]
