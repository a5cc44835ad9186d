"""Structural alternatives: what they fix exists, and stacking finds the mixture that scores best."""

import numpy as np
import pytest

from contraflow.inference.posterior import load_posterior
from contraflow.policy import Scenario
from contraflow.report.findings import EVIDENCE_END
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import alternatives as structures
from contraflow.validation import backtests
from contraflow.validation.alternatives import ALTERNATIVES, HEADLINES, stacking_weights
from contraflow.validation.validate import made_anew


def test_at_most_six_and_every_fixed_value_is_one_the_parameter_can_take():
    assert len(ALTERNATIVES) <= 6 and not ALTERNATIVES[0].fixed
    for a in ALTERNATIVES:
        for name, value in a.fixed.items():
            assert a.held[name] == pytest.approx(value, abs=0.01), f"{a.id}: {name} cannot be {value}"


def test_the_edge_of_a_prior_is_held_as_near_as_a_coordinate_goes():
    held = {a.id: a.held for a in ALTERNATIVES}
    assert 0 < held["no-titration"]["titration"] < 1e-3
    assert held["no-rents"] == {"scarcity_violence": 0.0}, "0 is no edge of this prior"


def test_effects_end_where_the_evidence_does():
    assert structures.END == EVIDENCE_END


def test_headlines_are_shipped_scenarios_and_outcomes():
    assert {s for s, _ in HEADLINES} <= set(Scenario.shipped()) and {o for _, o in HEADLINES} <= set(OUTCOMES)


def test_the_better_forecaster_gets_the_weight():
    rng = np.random.default_rng(0)
    good, bad = rng.normal(0, 0.3, 200), rng.normal(-4, 0.3, 200)
    weights = stacking_weights(np.stack([bad, good, bad - 1]))
    assert weights.sum() == pytest.approx(1) and weights[1] > 0.95


def test_forecasters_that_are_right_in_turn_share_the_weight():
    first = np.where(np.arange(100) % 2, 0.0, -5.0)
    weights = stacking_weights(np.stack([first, -5.0 - first]))
    assert weights == pytest.approx([0.5, 0.5], abs=0.02)


def test_a_row_an_alternative_with_scores_and_headline_effects(monkeypatch, tmp_path):
    shipped, asked = load_posterior().thin(4), []
    monkeypatch.setattr(structures, "ALTERNATIVES", ALTERNATIVES[:2])
    monkeypatch.setattr(structures, "DRAWS", 4)
    for module in (structures, backtests):
        monkeypatch.setattr(module, "holds_fit", lambda path, plan, fixed=None: True)

    def load(path=None, fixed=None):
        asked.append(path and (path.name, dict(fixed)))
        return shipped

    monkeypatch.setattr(structures, "load_posterior", load)
    rows = structures.alternatives(tmp_path, tmp_path, made_anew)
    held = ALTERNATIVES[1].fixed
    assert asked == [("origin-2020.nc", {}), None, ("contagion-2020.nc", held), ("contagion.nc", held)]
    assert [r["id"] for r in rows] == ["reference", "contagion"] and rows[0]["points"] > 30
    assert sum(r["stacking_weight"] for r in rows) == pytest.approx(1)
    assert rows[1]["score_difference"] == {"mean": 0.0, "se": 0.0}
    for row in rows:
        assert [(e["scenario"], e["outcome"]) for e in row["effects"]] == list(HEADLINES)
        assert all(e["q05"] <= e["median"] <= e["q95"] for e in row["effects"])
    assert rows[0]["effects"][0]["median"] < 0, "harm reduction saves lives"
