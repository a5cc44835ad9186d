"""Runs and comparisons: paired, reproducible, exactly null when nothing is done."""

import numpy as np
import pytest
from scipy import stats

import contraflow as cf
from contraflow.analysis.ensembles import BrokenRun
from contraflow.analysis.runs import sampling_sd
from contraflow.errors import UnknownName
from contraflow.inference.posterior import Posterior
from contraflow.system.levers import LEVERS
from contraflow.system.outcomes import OUTCOMES

DRAWS = 16


@pytest.fixture(scope="module")
def model() -> cf.Model:
    return cf.load()


@pytest.fixture(scope="module")
def baseline(model):
    return model.run(draws=DRAWS)


def moved(lever, date="2026-01"):
    target = lever.high if lever.today < lever.high else lever.low
    return {lever.id: {"steps": {date: target}, "ramp": "6 months"}}


def test_a_policy_that_sets_today_changes_nothing_at_all(model, baseline):
    null = cf.Scenario(
        policy={i: {"steps": {"2026-01": "today"}} for i, lever in LEVERS.items() if not lever.extension}
    )
    comparison = model.compare(null, draws=DRAWS, baseline=baseline)
    for name in OUTCOMES:
        assert not np.any(comparison.difference(name)), name


@pytest.mark.parametrize("lever", sorted(LEVERS))
def test_moving_a_lever_moves_something_downstream_and_nothing_before_its_date(model, baseline, lever):
    lever = LEVERS[lever]
    scenario = cf.Scenario(policy=moved(lever), extensions=(lever.extension,) if lever.extension else ())
    comparison = model.compare(scenario, draws=DRAWS)
    changed = {n for n in OUTCOMES if np.any(comparison.difference(n))}
    assert changed
    before = comparison.baseline.data["time"].values < 2026.0 - 1e-6
    for name in OUTCOMES:
        difference = (comparison.policy.series(name) - comparison.baseline.series(name)).values
        assert not np.any(difference[before]), name


def test_the_order_of_levers_does_not_matter(model, baseline):
    first, second = moved(LEVERS["us.health.naloxone"]), moved(LEVERS["mx.security.lab_raids"])
    one = model.compare(cf.Scenario(policy={**first, **second}), draws=DRAWS, baseline=baseline)
    two = model.compare(cf.Scenario(policy={**second, **first}), draws=DRAWS, baseline=baseline)
    assert np.array_equal(one.difference("us.overdose_deaths"), two.difference("us.overdose_deaths"))


def test_running_twice_gives_the_same_numbers(model, baseline):
    again = model.run(draws=DRAWS)
    assert again.data.identical(baseline.data)


def test_a_window_sums_rates_and_averages_levels(baseline):
    annual = baseline.annual("us.overdose_deaths").sel(year=slice(2020, 2022)).sum("year").values
    assert np.allclose(baseline.window("us.overdose_deaths", 2020.0, 2023.0), annual)
    mean = baseline.annual("us.fentanyl_purity").sel(year=slice(2020, 2022)).mean("year").values
    assert np.allclose(baseline.window("us.fentanyl_purity", 2020.0, 2023.0), mean)


def test_the_report_of_a_comparison_has_the_promised_shape(model, baseline):
    content = model.compare("harm-reduction", draws=DRAWS, baseline=baseline).to_dict()
    assert {"scenario", "model", "posterior", "draws", "window", "outcomes"} <= set(content)
    effect = content["outcomes"]["us.overdose_deaths"]
    assert effect["window_is"] == "sum"
    for part in ("baseline", "policy", "difference", "versus_today"):
        q = effect[part]
        assert q["q05"] <= q["q25"] <= q["median"] <= q["q75"] <= q["q95"]
    assert 0 <= effect["p_reduction"] <= 1
    support = effect["support"]
    assert support["from_assumption"] is bool(support["why"])
    assert set(support["origins"]) == {"data", "published", "assumption"}


def test_a_hypothesis_switched_off_leaves_the_draws_as_they_were(model, baseline):
    """As drawn, the few draws of the knock-outs are draws of the comparison; off, the hypothesis does nothing."""
    comparison = model.compare("penalties", draws=DRAWS, baseline=baseline)
    pairs = comparison.knocked.differences("us.overdose_deaths", comparison.window)
    assert set(pairs) == {h.id for h in comparison.learned.unsupported}
    as_drawn, without = pairs["deterrence"]
    assert np.isin(np.round(as_drawn, 6), np.round(comparison.difference("us.overdose_deaths"), 6)).all()
    assert np.abs(without).sum() < np.abs(as_drawn).sum()
    betrayed, not_betrayed = pairs["betrayal"]
    assert np.allclose(betrayed, not_betrayed, rtol=0, atol=1e-3 * np.abs(betrayed).max())  # no leader is removed here


def test_effect_against_today_is_not_the_effect(model, baseline):
    effect = model.compare("harm-reduction", draws=DRAWS, baseline=baseline).effect("us.overdose_deaths")
    level = baseline.window("us.overdose_deaths", 2024.0, 2025.0)
    policy = model.compare("harm-reduction", draws=DRAWS, baseline=baseline)
    years = policy.window[1] - policy.window[0]
    today = policy.policy.window("us.overdose_deaths", *policy.window) - years * level
    assert effect.versus_today["median"] == pytest.approx(float(np.median(today)))


def test_an_unknown_outcome_names_the_nearest(baseline):
    with pytest.raises(UnknownName, match="us.overdose_deaths"):
        baseline.series("us.overdose_death")


def test_a_range_keeps_the_draws_inside_it(model):
    scenario = cf.Scenario(assume={"titration": [0.0, 1.0]})
    assert model.run(scenario, draws=DRAWS).draws == DRAWS


def test_a_broken_draw_is_named_and_saved(model, tmp_path):
    p = model.posterior
    broken = {**p.coordinates, "fentanyl_per_user": np.full(p.draws, np.nan)}
    bad = Posterior(broken, p.innovations, p.discrepancy, p.attributes)
    with pytest.raises(BrokenRun, match="not a finite number"):
        cf.Model(bad, tmp_path / "failure.json").run(draws=1)
    assert (tmp_path / "failure.json").exists()


def test_an_effect_not_worth_naming_rests_on_nothing():
    comparison = cf.load().compare("gun-flow", draws=20, until=2028.0)
    small, named = (comparison.effect(name).support for name in ("us.overdose_deaths", "mx.homicides"))
    assert not small.drivers and not small.from_assumption and small.removed is None
    assert named.removed is not None


def test_the_sampling_error_of_a_quantile_counts_draws_of_one_origin_once():
    x = np.random.default_rng(0).standard_normal(4000)
    alone, together = sampling_sd(x, np.arange(4000)), sampling_sd(np.repeat(x[:1000], 4), np.arange(4000) // 4)
    assert alone["median"] == pytest.approx(np.sqrt(np.pi / 2 / 4000), rel=0.15)
    assert alone["q05"] == pytest.approx(np.sqrt(0.05 * 0.95 / 4000) / stats.norm.pdf(-1.645), rel=0.3)
    assert together["median"] == pytest.approx(2 * alone["median"], rel=0.25)


def test_draws_go_back_to_the_first_stage(model):
    lineage = model.posterior.lineage
    held = model.posterior.coordinates["naloxone_effect"]
    assert lineage.max() + 1 == 256 < model.posterior.draws
    assert all(np.ptp(held[lineage == k]) == 0 for k in range(5))
