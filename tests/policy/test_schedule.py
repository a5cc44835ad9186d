"""Schedules: the arithmetic of steps and ramps, and exact equality with the baseline before them."""

import numpy as np
import pytest

from contraflow.policy.schedule import Absolute, Addition, Factor, Schedule, Step

MONTHS = 2024.0 + np.arange(61) / 12
#: A baseline that moves and has no round numbers.
MOVING = 100 * np.exp(0.0371 * (MONTHS - 2024))


def at(values, date):
    return values[..., round((date - 2024) * 12)]


def test_a_step_without_ramp_is_in_force_from_its_month():
    values = Schedule((Step(2026.0, Absolute(300)),), 0).values(MONTHS, 100.0)
    assert at(values, 2026 - 1 / 12) == 100
    assert at(values, 2026.0) == 300
    assert values[-1] == 300


def test_a_ramp_is_a_straight_line_that_ends_exactly_at_its_target():
    values = Schedule((Step(2026.0, Absolute(300)),), 24).values(MONTHS, 100.0)
    assert at(values, 2026.0) == 100
    assert at(values, 2026.5) == pytest.approx(150)
    assert at(values, 2027.0) == pytest.approx(200)
    assert at(values, 2028.0) == 300


@pytest.mark.parametrize(
    ("target", "expected"), [(Factor(2), 200), (Addition(10), 110), (Addition(-10), 90), (Absolute(42), 42)]
)
def test_targets(target, expected):
    assert Schedule((Step(2026.0, target),), 12).values(MONTHS, 100.0)[-1] == expected


@pytest.mark.parametrize("target", [Absolute(3.3), Factor(2), Addition(7)])
@pytest.mark.parametrize("ramp", [0, 7, 36])
def test_before_the_first_step_the_baseline_holds_bit_for_bit(target, ramp):
    before = MONTHS < 2026.5 - 1e-9
    values = Schedule((Step(2026.5, target),), ramp).values(MONTHS, MOVING)
    assert np.array_equal(values[before], MOVING[before])
    assert not np.array_equal(values, MOVING)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(2026.0, Factor(1)),),
        (Step(2026.0, Addition(0)),),
        (Step(2025.0, Factor(1)), Step(2026.0, Addition(0)), Step(2027.0, Factor(1))),
    ],
)
def test_a_null_schedule_differs_by_exactly_zero(steps):
    difference = Schedule(steps, 24).values(MONTHS, MOVING) - MOVING
    assert np.all(difference == 0.0)


def test_targets_relative_to_today_follow_a_baseline_that_moves():
    doubled = Schedule((Step(2026.0, Factor(2)),), 0).values(MONTHS, MOVING)
    assert np.array_equal(doubled[24:], 2 * MOVING[24:])


def test_a_second_step_starts_from_the_value_then_in_force():
    schedule = Schedule((Step(2025.0, Absolute(200)), Step(2025.5, Absolute(100))), 12)
    values = schedule.values(MONTHS, 100.0)
    assert at(values, 2025.5) == pytest.approx(150), "half of the first ramp"
    assert at(values, 2026.0) == pytest.approx(125), "half way back"
    assert at(values, 2026.5) == 100


def test_three_steps_and_back_to_today():
    schedule = Schedule((Step(2025.0, Factor(3)), Step(2026.0, Absolute(50)), Step(2027.0, Factor(1))), 0)
    values = schedule.values(MONTHS, MOVING)
    assert np.array_equal(values[:12], MOVING[:12])
    assert np.array_equal(values[12:24], 3 * MOVING[12:24])
    assert np.all(values[24:36] == 50)
    assert np.array_equal(values[36:], MOVING[36:])


def test_many_steps_are_cheap():
    steps = tuple(Step(2024.0 + k / 12, Absolute(float(k))) for k in range(60))
    assert Schedule(steps, 6).values(MONTHS, 100.0).shape == MONTHS.shape


def test_the_order_in_which_steps_are_given_does_not_matter():
    steps = (Step(2025.0, Factor(3)), Step(2026.0, Absolute(50)), Step(2027.0, Factor(1)))
    assert Schedule(steps, 6) == Schedule(steps[::-1], 6)


def test_steps_between_two_months_count_from_their_date():
    values = Schedule((Step(2026.0 + 0.5 / 12, Absolute(200)),), 2).values(MONTHS, 100.0)
    assert at(values, 2026.0) == 100
    assert at(values, 2026 + 1 / 12) == pytest.approx(125)


def test_a_baseline_for_each_draw():
    draws = np.stack([MOVING, 2 * MOVING])
    values = Schedule((Step(2026.0, Factor(2)),), 12).values(MONTHS, draws)
    assert values.shape == draws.shape
    assert np.array_equal(values[:, :24], draws[:, :24])


def test_rounding_of_the_clock_does_not_delay_a_step():
    clock = np.cumsum(np.full(40, 1 / 12)) + 2024.0
    date = 2024 + 25 / 12
    values = Schedule((Step(date, Absolute(200)),), 0).values(clock, 100.0)
    assert values[np.argmin(abs(clock - date))] == 200


def test_two_steps_at_one_date_and_impossible_ramps_are_refused():
    with pytest.raises(ValueError, match="two steps at the same date"):
        Schedule((Step(2026.0, Factor(1)), Step(2026.0, Factor(2))), 0)
    with pytest.raises(ValueError, match="not possible"):
        Schedule((), -1)


def test_a_baseline_of_another_length_is_refused():
    with pytest.raises(ValueError, match="3 values in time"):
        Schedule((), 0).values(MONTHS, np.ones(3))
