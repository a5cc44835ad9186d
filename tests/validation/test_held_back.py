"""Held-back effects: all are answered, and the verdict follows from the two intervals alone."""

import math
import zlib

import numpy as np
import pytest

from contraflow import evidence
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.system import model_parameters
from contraflow.system.latents import LATENTS
from contraflow.validation.held_back import EXPERIMENTS, INCOMPARABLE, Published, held_back, verdict

DRAWS = 12
EFFECTS = [effect.id for effect in evidence.load().held_back if effect.use == "held_back"]
FALL, RISE, NONE = Published("", -0.4, -0.2, -0.3), Published("", 0.2, 0.4, 0.3), Published("", -0.1, 0.1, 0.0)
FLOOR = Published("", 0.2, math.inf)


def prior_draws(**moved: float) -> Posterior:
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    coordinates = {n: np.random.default_rng(zlib.crc32(n.encode())).standard_normal(DRAWS) for n in names}
    coordinates |= {n: np.full(DRAWS, y) for n, y in moved.items()}
    innovations = {n: np.zeros((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    return Posterior(coordinates, innovations, {}, {})


@pytest.fixture(scope="module")
def rows():
    return {row["id"]: row for row in held_back(prior_draws())}


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        (FALL, -0.35, -0.15, "agrees"),
        (FALL, -0.15, -0.05, "too weak"),
        (FALL, -0.9, -0.5, "too strong"),
        (FALL, 0.1, 0.3, "wrong sign"),
        (FALL, -0.1, 0.1, "too weak"),
        (FALL, -0.3, 0.1, "not decided"),  # holds no effect, which the published interval does not
        (FALL, -0.99, -0.05, "not decided"),  # so wide that it could hardly have failed
        (FALL, -0.24, -0.05, "not decided"),  # the edges alone touch
        (RISE, 0.05, 0.1, "too weak"),
        (RISE, 0.5, 0.9, "too strong"),
        (RISE, -0.3, -0.1, "wrong sign"),
        (NONE, -0.05, 0.2, "agrees"),
        (NONE, 0.2, 0.4, "too strong"),
        (FLOOR, 0.1, 0.9, "agrees"),
        (FLOOR, 0.05, 0.1, "too weak"),
    ],
)
def test_the_verdict_follows_from_the_intervals(published, low, high, expected):
    assert verdict(published, {"median": (low + high) / 2, "q05": low, "q95": high}) == expected


def test_a_change_at_least_as_large_cannot_be_too_strong():
    assert verdict(FALL, {"median": -0.7, "q05": -0.9, "q95": -0.5}, bound=True) == "not decided"
    assert verdict(FALL, {"median": -0.1, "q05": -0.15, "q95": -0.05}, bound=True) == "too weak"


def test_every_effect_that_was_held_back_is_answered_once():
    answered = [x.effect for x in (*EXPERIMENTS, *INCOMPARABLE)]
    assert sorted(answered) == sorted(EFFECTS)


def test_a_published_interval_holds_its_figure():
    for e in EXPERIMENTS:
        assert e.published.low < e.published.high
        assert e.published.value is None or e.published.low <= e.published.value <= e.published.high


def test_rows_have_the_promised_shape(rows):
    assert list(rows) == EFFECTS
    for row in rows.values():
        assert set(row) == {"id", "published", "model", "verdict", "would_agree_with_none", "evidence"}
        assert (row["model"] is None) == (row["verdict"] == "not comparable") == ("reason" in row["evidence"])
        if row["model"]:
            assert row["model"]["q05"] <= row["model"]["median"] <= row["model"]["q95"]
    easy = {id for id, row in rows.items() if row["would_agree_with_none"]}
    nothing = {"median": 0.0, "q05": 0.0, "q95": 0.0}
    assert easy == {e.effect for e in EXPERIMENTS if verdict(e.published, nothing) == "agrees"} and len(easy) < len(
        rows
    )


def test_every_experiment_changes_what_it_reads(rows):
    """An experiment whose two arms are alike would agree with any published nothing."""
    for e in EXPERIMENTS:
        if e.effect != "T13":  # prescribers may well bind nobody
            assert rows[e.effect]["model"]["q05"] != rows[e.effect]["model"]["q95"]


def test_a_model_told_otherwise_fails():
    """Strong naloxone and a leader's removal that calms: the predictions leave the published intervals."""
    wrong = {
        row["id"]: row
        for row in held_back(prior_draws(naloxone_effect=90.0, witnessed_share=4.0, kingpin=-6.0, betrayal=0.0))
    }
    assert wrong["R6"]["verdict"] == "too strong"
    assert wrong["K3"]["verdict"] in ("wrong sign", "too weak")
    assert wrong["K3"]["model"]["q95"] < 0


def test_a_prediction_below_a_published_floor_is_too_weak():
    floor = Published("a floor", 0.0, math.inf)
    assert verdict(floor, {"q05": -0.4, "q95": -0.1}) == "too weak"
    assert verdict(floor, {"median": 0.2, "q05": 0.1, "q95": 0.4}) == "agrees"
