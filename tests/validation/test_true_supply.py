"""Deaths told the true supply: which data the fit sees, the rows, and a fit of other data refused."""

import numpy as np
import pytest

from contraflow.errors import ContraflowError
from contraflow.inference.posterior import Posterior, fit_hash
from contraflow.system.calendar import DATA_END
from contraflow.validation import scoring, true_supply
from contraflow.validation.backtests import scored
from contraflow.validation.validate import made_anew


def normal(name, origin, factor):
    """Draws around a multiple of what came, of every year after the origin."""
    years, values, *_ = scored()[name]
    after = values[years > origin, None]
    return factor * after * np.exp(0.1 * np.random.default_rng(0).standard_normal((len(after), 400)))


def small(attributes):
    """A posterior that can be stored, and no more."""
    two = np.ones((2, 3))
    return Posterior({"titration": np.zeros(3)}, {"supply_surge": two}, {"us.deaths.heroin.share": two}, attributes)


def test_rows_are_scored_by_year_and_series():
    made = true_supply.rows(2020, {name: normal(name, 2020, 1.2) for name in true_supply.SERIES})
    assert {r["series"] for r in made} == set(true_supply.SERIES)
    assert {r["year"] for r in made} == {2021, 2022, 2023, 2024}
    deaths = {int(y): v for y, v in zip(*scored()["us.deaths.all_drugs.annual"][:2], strict=True)}
    for r in made:
        if r["series"] == "us.deaths.all_drugs.annual":
            assert r["observed"] == deaths[r["year"]]
        assert r["median"] / r["observed"] == pytest.approx(1.2, rel=0.03)
        low, high = r["intervals"]["95"]
        assert r["coverage"]["95"] == (low <= r["observed"] <= high) and r["crps"] > 0
        assert not r["coverage"]["50"]
    assert len(made) == 12 and set(made[0]["intervals"]) == {str(p) for p in scoring.INTERVALS}


def test_a_fit_is_asked_for_once_an_origin_with_supply_to_the_end(tmp_path, monkeypatch):
    asked = []

    def fit(out, until, supply_until, plan, log):
        asked.append((until, supply_until))
        attributes = {"model_hash": fit_hash(), "seed": 1, "data_until": until, "supply_until": supply_until}
        attributes["plan"] = plan.words
        small(attributes).save(out)

    monkeypatch.setattr(true_supply, "fit", fit)
    monkeypatch.setattr(true_supply, "forecast", lambda origin, posterior: {
        name: normal(name, origin, 1.0) for name in true_supply.SERIES
    })  # fmt: skip
    first = true_supply.true_supply(tmp_path, made_anew, print)
    assert asked == [(2021.0, DATA_END), (2023.0, DATA_END)]
    assert true_supply.true_supply(tmp_path, made_anew, print) == first and len(asked) == 2
    assert set(first["fits"]) == {"2020", "2022"} and {r["origin"] for r in first["true_supply"]} == {2020, 2022}


def test_a_fit_of_other_data_is_refused(tmp_path, monkeypatch):
    attributes = {"model_hash": fit_hash(), "seed": 1, "data_until": 2021.0, "plan": true_supply.BRIEF.words}
    path = true_supply.posterior_path(tmp_path, 2020)
    small(attributes).save(path)
    with pytest.raises(ContraflowError, match="remove it"):
        true_supply.true_supply(tmp_path, made_anew, print, origins=[2020])
