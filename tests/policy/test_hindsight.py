"""Inputs as known at an origin: nothing later moves them, and each kind goes on by its rule."""

import dataclasses

import numpy as np
import pytest

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.policy import hindsight
from contraflow.policy.hindsight import carried_on, known_part, pulses_at
from contraflow.policy.inputs import build_inputs
from contraflow.system.latents import LATENTS
from contraflow.system.levers import LEVERS

GRID = Grid(2000.0, 25 * 12)
TIMES = GRID.step_times
ORIGINS = (2013.0, 2017.0, 2020.0, 2021.0, 2023.0)


def inputs(known_until=None):
    return build_inputs(GRID, None, {name: np.zeros(TIMES.shape) for name in LATENTS}, known_until)


def altered(until):
    """The evidence with every row of a driver after ``until`` multiplied by ten and one added."""
    known = evidence.load()
    drivers = {}
    for name, driver in known.drivers.items():
        rows = [dataclasses.replace(r, value=10 * r.value + 1) if r.date > until else r for r in driver.rows]
        keep = name in hindsight.CALENDARS or driver.rows[0].date > until
        drivers[name] = driver if keep else driver.model_copy(update={"rows": tuple(rows)})
    return dataclasses.replace(known, drivers=drivers)


@pytest.mark.parametrize("until", ORIGINS)
def test_what_drivers_did_after_the_origin_moves_no_input(until, monkeypatch):
    as_known, with_hindsight = inputs(until), inputs()
    later = altered(until)
    monkeypatch.setattr(evidence, "load", lambda: later)
    for name, values in inputs(until).items():
        assert np.array_equal(values, as_known[name]), name
    moved = [name for name, values in inputs().items() if not np.array_equal(values, with_hindsight[name])]
    assert len(moved) > 10


@pytest.mark.parametrize("until", ORIGINS)
def test_the_past_is_as_it_was_up_to_the_last_figure(until):
    with_hindsight, as_known = inputs(), inputs(until)
    for name, driver in evidence.load().drivers.items():
        if name in as_known:
            past = known_part(driver, until).rows[-1].date + 1e-6 >= TIMES
            assert np.array_equal(as_known[name][past], with_hindsight[name][past]), name


@pytest.mark.parametrize("lever", [v for v in LEVERS.values() if v.history], ids=lambda lever: lever.id)
def test_a_lever_holds_what_was_in_force(lever):
    values = inputs(2017.0)[lever.variable]
    assert np.ptp(values[TIMES >= 2017.0]) == 0
    last = [row.value for row in evidence.load().drivers[lever.history].rows if row.date <= 2017.0][-1]
    assert values[-1] == last


def line(*rows, interpolation="linear", id="kits"):
    made = tuple(evidence.DriverRow(date, value, "assumption", "test") for date, value in rows)
    label = evidence.Text(en="test", es="prueba")
    return evidence.Driver(id=id, label=label, unit="1", interpolation=interpolation, rows=made)


def test_a_trend_goes_on_and_fades_over_three_years():
    driver = line((2010.5, 1.0), (2013.5, 4.0), (2016.5, 10.0), (2017.5, 99.0))
    after = carried_on(driver, np.array([2016.5, 2016.6, 2500.0]), 2017.0)
    assert after[0] == 10 and after[1] == pytest.approx(10.2, abs=0.01) and after[2] == pytest.approx(10 + 3 * 2)


def test_a_falling_trend_stops_at_zero_unless_the_driver_was_negative():
    falling, signed = ((2010.0, 9.0), (2013.0, 1.0)), ((2010.0, -1.0), (2013.0, -9.0))
    assert carried_on(line(*falling), np.array([2030.0]), 2014.0)[0] == 0
    assert carried_on(line(*signed), np.array([2030.0]), 2014.0)[0] < -16


@pytest.mark.parametrize(
    "driver", [line((2012.0, 1.0), (2013.0, 4.0)), line((2005.0, 1.0), (2013.0, 4.0), interpolation="step")]
)
def test_a_short_past_and_a_step_hold_the_last_figure(driver):
    assert carried_on(driver, np.array([2030.0]), 2014.0)[0] == 4


def test_a_pulse_under_way_halves_every_year_and_one_to_come_is_unknown():
    pulse = inputs(2021.0)["pandemic_pulse"]
    assert pulse[np.searchsorted(TIMES, 2023.0)] == pytest.approx(0.25, abs=0.01)
    assert not inputs(2020.0)["pandemic_pulse"].any()
    assert (pulses_at(2020.0), pulses_at(2021.0), pulses_at(2023.0)) == ([], ["pandemic_pulse"], [])
