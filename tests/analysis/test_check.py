"""The model passes its own check, and the check says what fails."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import contraflow
from contraflow.analysis.check import _problems, check
from contraflow.cli import app
from contraflow.engine import ModelError
from contraflow.system import _assembled, overdose, reference_model
from contraflow.system.loops import LOOPS
from contraflow.system.outcomes import OUTCOMES


@pytest.fixture(scope="module")
def report():
    return check(draws=4)


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
    conserved = {"people", "rifles", "other firearms", "rounds", "dollars", "drugs: fentanyl", "drugs: cocaine"}
    assert conserved <= set(report["ledgers"])
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


def test_a_model_whose_units_fail_has_no_ledgers_to_report(sound):
    failed = {name: value for name, value in sound.items() if name == "loops"} | {"units_failed": ["x: 1 is not kg"]}
    assert _problems(failed, [])[0] == "units: x: 1 is not kg"
    assert "were not looked at" in _problems(failed, [])[1]


@pytest.fixture
def planted(monkeypatch):
    """Two wrong units and one that cannot be read, in the reference model; returns the names."""
    units = {"effective_dose": "kg", "risk_weight": "1/year", "naloxone_coverage": "kg)"}
    for name, unit in units.items():
        monkeypatch.setattr(overdose, name, replace(getattr(overdose, name), unit=unit))
    _assembled.cache_clear()
    yield list(units)
    monkeypatch.undo()
    _assembled.cache_clear()


def test_every_wrong_unit_is_listed_and_nothing_is_run(planted):
    def run():
        raise AssertionError("a model whose units do not agree was run")

    report = check(run)
    found = "\n".join(report["units_failed"])
    assert all(f"{name} (" in found for name in planted)
    assert "'kg)'" in found
    assert "ledgers" not in report
    assert [f"units: {failure}" for failure in report["units_failed"]] == report["problems"][:-1]


def test_a_model_with_wrong_units_is_refused_in_normal_use(planted):
    with pytest.raises(ModelError, match="units do not agree"):
        reference_model()
    with pytest.raises(ModelError, match="units do not agree"):
        contraflow.load()


def test_the_command_lists_wrong_units_and_ends_with_status_1(planted):
    printed, shown = (CliRunner().invoke(app, ["check", *more]) for more in (["--json"], []))
    assert (printed.exit_code, shown.exit_code) == (1, 1)
    assert any(failure.startswith("effective_dose (") for failure in json.loads(printed.stdout)["units_failed"])
    assert "units: effective_dose (" in shown.stdout


def test_a_parameter_without_a_source_is_named(sound):
    assert _problems(sound, []) == []
    assert _problems(sound, ["lab_slack"]) == ["the parameter lab_slack has no source"]
