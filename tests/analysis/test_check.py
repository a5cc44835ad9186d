"""The model passes its own check, and the check says what fails."""

import pytest

import contraflow
from contraflow.analysis.check import _problems, check
from contraflow.system.loops import LOOPS
from contraflow.system.outcomes import OUTCOMES


@pytest.fixture(scope="module")
def report():
    return check(contraflow.load(), draws=4)


@pytest.fixture
def sound():
    """What `_problems` reads of a report in which everything holds."""
    return {
        "units_failed": [],
        "ledgers": {"people": 1e-15},
        "loops": {"B1": True},
        "step_halving_max_change": 1e-4,
        "step_halving_outcome": "us.overdose_deaths",
        "step_halving_window": "2024",
    }


def test_the_reference_model_holds(report):
    assert report["problems"] == []


def test_it_says_what_was_looked_at(report):
    assert report["units_checked"] > report["variables"] > report["stocks"] > 0
    assert report["units_failed"] == []
    assert {"people", "drugs"} <= set(report["ledgers"])
    assert report["parameters_with_source"] == report["parameters"] > 0
    assert set(report["loops"]) == set(LOOPS)
    assert set(report["step_halving"]) == set(OUTCOMES)
    assert report["step_halving_max_change"] == max(report["step_halving"].values())


def test_ledgers_close_and_half_the_step_changes_little(report):
    assert max(report["ledgers"].values()) < 1e-9
    assert report["step_halving_max_change"] < 0.005


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ledgers": {"people": 1e-6}}, "the ledger people does not close"),
        ({"ledgers": {"people": float("nan")}}, "the ledger people does not close"),
        ({"units_failed": ["x: 1 is not kg"]}, "units: x: 1 is not kg"),
        ({"loops": {"B9": False}}, "the loop B9 is missing"),
        ({"step_halving_max_change": 0.01}, "halving the step moves"),
    ],
)
def test_it_says_what_fails(sound, change, said):
    (problem,) = _problems({**sound, **change}, [])
    assert said in problem


def test_a_parameter_without_a_source_is_named(sound):
    assert _problems(sound, []) == []
    assert _problems(sound, ["lab_slack"]) == ["the parameter lab_slack has no source"]
