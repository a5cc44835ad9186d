"""Tests of structure: a leak is seen, and a claim that does not hold is told."""

import pytest

from contraflow.analysis.check import LEDGER_TOLERANCE
from contraflow.system import EXTENSIONS
from contraflow.validation import barlas
from contraflow.validation.conditions import Runs

YEAR = 2020


@pytest.fixture(scope="module")
def runs():
    return Runs({"base": {}})


def test_ledgers_close_and_a_leak_planted_in_each_is_seen(runs):
    run = runs["base"]
    assert all(row["verdict"] == barlas.HOLDS for row in barlas.conservation(run))
    seen = barlas.planted(run.model, run.trajectory)
    assert {"people", "drugs", "rifles", "dollars", "naloxone kits"} <= set(seen)
    assert min(seen.values()) > 100 * LEDGER_TOLERANCE


def test_a_claim_that_does_not_hold_fails_its_row(monkeypatch, runs):
    def broken(given):
        """Killings never end."""
        yield True
        yield bool((given["base"].yearly("mx_homicides", YEAR) < 0).all())

    monkeypatch.setattr(barlas, "CHECKS", {"broken": broken})
    (row,) = barlas.extremes(runs, sweep=False)
    assert row["verdict"] == barlas.FAILS
    assert row["evidence"] == {"claim": "Killings never end.", "claims": 2, "held": 1}


def test_all_extensions_are_on(runs):
    assert runs["base"].model.extensions == frozenset(EXTENSIONS)
