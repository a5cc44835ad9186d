"""What the reference model must do at its extremes: the checks that ``contraflow validate`` reports, one by one.

Every condition is run on the prior medians and a few prior draws, all extensions on, and all of them together.
"""

from __future__ import annotations

import numpy as np
import pytest

from contraflow.validation.extremes import CHECKS, CONDITIONS, stays_a_number


@pytest.fixture(scope="module")
def runs(conditions):
    return conditions(CONDITIONS)


@pytest.mark.parametrize("name", CHECKS)
def test_at_its_extreme(runs, name):
    claims = list(CHECKS[name](runs))
    assert claims, "a check without a claim checks nothing"
    broken = [k for k, held in enumerate(claims, start=1) if not held]
    assert not broken, f"{CHECKS[name].__doc__} Of {len(claims)} claims these fail: {broken}"


@pytest.mark.parametrize("name", CONDITIONS)
def test_stays_a_number(runs, name):
    """No extreme leaves the numbers, makes a stock negative or opens a ledger: kilograms, arms, people, dollars."""
    assert all(stays_a_number(runs[name]))


def test_no_ledger_is_left_out(runs):
    assert set(runs["base"].closure()) >= {
        "people", "drugs: fentanyl", "drugs: heroin", "drugs: methamphetamine", "drugs: cocaine", "rifles",
        "other firearms", "rounds", "dollars", "groups", "succession", "extradition requests", "laboratories",
        "naloxone kits", "prison places", "register of missing people",
    }  # fmt: skip


def test_every_condition_changes_something(runs):
    """A condition that changes nothing tests nothing: all but those that are to be without effect move the model."""
    watched = ("wanted", "mx_homicides", "orders", "members", "us_overdose_deaths", "wealth", "southbound_purchases")
    base = runs["base"].trajectory.values
    still = [
        name
        for name in set(CONDITIONS) - set(runs.errors)
        if all(np.array_equal(runs[name].trajectory.values[v], base[v]) for v in watched)
    ]
    assert set(still) == {"base", "legal_beside", "designated_in_vain", "punished_in_vain"}
