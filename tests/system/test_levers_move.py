"""Every lever moves what it is said to move and some outcome; what is not asked for moves nothing."""

from __future__ import annotations

import numpy as np
import pytest

from contraflow.policy import Scenario
from contraflow.system import EXTENSIONS
from contraflow.system.levers import LEVERS, Lever
from contraflow.system.outcomes import OUTCOMES

START, SOON = "2026-01", 2026


def extreme(lever: Lever) -> float:
    """The end of a lever's range that lies farther from today."""
    return lever.high if lever.high - lever.today >= lever.today - lever.low else lever.low


def alone(lever: Lever) -> Scenario:
    setting = {"steps": {START: extreme(lever)}, "ramp": 0}
    return Scenario(policy={lever.id: setting}, extensions=tuple(EXTENSIONS))


def both(first: str, second: str) -> Scenario:
    settings = {id: {"steps": {START: extreme(LEVERS[id])}, "ramp": 0} for id in (first, second)}
    return Scenario(policy=settings, extensions=tuple(EXTENSIONS))


def one_by_one(first: str, second: str) -> Scenario:
    scenario = Scenario(extensions=tuple(EXTENSIONS))
    for id in (first, second):
        scenario = scenario.with_policy(f"{id}={extreme(LEVERS[id])}@{START}~0m")
    return scenario


PAIRS = (
    ("us.guns.southbound_inspection", "mx.security.deployment"),
    ("precursors.source_control", "border.northbound_scanning"),
    ("us.pressure.threats", "bilateral.data_sharing"),
)

CONDITIONS = {
    "base": {},
    "empty": {"policy": Scenario(extensions=tuple(EXTENSIONS))},
    "as before": {
        "policy": Scenario(
            policy={id: {"steps": {START: "x1"}, "ramp": 0} for id in LEVERS}, extensions=tuple(EXTENSIONS)
        )
    },
    **{lever.id: {"policy": alone(lever)} for lever in LEVERS.values()},
    **{f"{a} and {b}": {"policy": both(a, b)} for pair in PAIRS for a, b in (pair, pair[::-1])},
    **{f"{a}, then {b}": {"policy": one_by_one(a, b)} for pair in PAIRS for a, b in (pair, pair[::-1])},
}


@pytest.fixture(scope="module")
def runs(conditions):
    return conditions(CONDITIONS)


def same(first, second) -> bool:
    """Whether every variable of two runs is equal, to the last digit."""
    values, others = first.trajectory.values, second.trajectory.values
    return all(np.array_equal(values[n], others[n]) for n in values)


def moved(run, base, name: str) -> float:
    """Largest change of a variable from 2026 on, in any draw, against its size."""
    after, before = np.asarray(run.trajectory.values[name]), np.asarray(base.trajectory.values[name])
    first = (SOON - 2000) * 4
    scale = np.abs(before).max(axis=0) + np.abs(after).max(axis=0)
    return float((np.abs(after - before)[first:].max(axis=0) / np.where(scale > 0, scale, 1.0)).max())


@pytest.mark.parametrize("id", LEVERS)
def test_each_lever_moves_its_target_and_an_outcome(runs, id):
    """A lever taken to its extreme moves the variable named as its target, and at least one outcome."""
    run, base = runs[id], runs["base"]
    assert moved(run, base, LEVERS[id].target) > 0.01, LEVERS[id].target
    outcomes = {o.id: moved(run, base, o.variable) for o in OUTCOMES.values()}
    assert max(outcomes.values()) > 1e-3, outcomes


@pytest.mark.parametrize("id", LEVERS)
def test_nothing_moves_before_the_lever_does(runs, id):
    """Until its date a lever changes nothing, to the last digit."""
    run, base = runs[id].trajectory.values, runs["base"].trajectory.values
    first = (SOON - 2000) * 4
    assert all(np.array_equal(run[n][:first], base[n][:first]) for n in run)


@pytest.mark.parametrize("id", LEVERS)
def test_each_lever_keeps_the_accounts(runs, id):
    """No lever at its extreme opens a ledger."""
    assert max(runs[id].closure().values()) < 1e-9


@pytest.mark.parametrize("name", ["empty", "as before"])
def test_a_null_scenario_is_the_baseline(runs, name):
    """A scenario without levers, or with every lever as it was, differs from the baseline by exactly zero."""
    assert same(runs[name], runs["base"])


@pytest.mark.parametrize("pair", PAIRS)
def test_the_order_of_levers_does_not_matter(runs, pair):
    """Two levers set in either order, together or one after the other, give the same run, and not that of one."""
    a, b = pair
    first = runs[f"{a} and {b}"]
    for name in (f"{b} and {a}", f"{a}, then {b}", f"{b}, then {a}"):
        assert same(first, runs[name]), name
    assert not same(first, runs[a])
    assert not same(first, runs[b])
