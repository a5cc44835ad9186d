"""Drivers and levers as they were known at a date, and carried on from there by rule.

A forecast from 2016 may not know what drivers did in 2017. Rows dated after the origin are left out, also between two
mid-year figures, and the rest goes on like this:

* a driver drawn as a line keeps the mean yearly change of its last three years, which fades with an e-fold of three
  years; one with a shorter past holds its last figure. A driver that was never negative stays so;
* a driver drawn as steps, and the history of a lever, hold what was last in force;
* a pulse that has begun halves every year: that a disruption is under way was known, not how long it would last;
* a driver that only counts years is known beforehand.

What this does not undo: figures are those of today's vintage, not those first published.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contraflow import evidence
from contraflow.evidence import Driver

#: Drivers that mark a disruption of unknown length.
PULSES = ("pandemic_pulse", "reformulation_pulse")
#: Drivers that count years and hold no observation.
CALENDARS = ("border_effort_years",)
#: Years over which a trend is measured, and the e-fold in which it fades.
TREND_YEARS, FADE_YEARS = 3.0, 3.0


def known_part(driver: Driver, until: float) -> Driver:
    """The driver with its rows to ``until`` (decimal year); the first row stands where none is so early."""
    rows = tuple(row for row in driver.rows if row.date <= until + 1e-6) or driver.rows[:1]
    return driver.model_copy(update={"rows": rows})


def carried_on(driver: Driver, times: NDArray[np.float64], until: float) -> NDArray[np.float64]:
    """The driver at ``times`` (decimal years) as foreseen at ``until``, in its unit, same shape."""
    if driver.id in CALENDARS:
        return driver.at(times)
    known = known_part(driver, until)
    values = known.at(times)
    if driver.id in PULSES:
        return values * 0.5 ** np.maximum(times - until, 0.0)
    last, first = known.rows[-1], known.rows[0]
    if driver.interpolation == "step" or last.date - first.date < TREND_YEARS:
        return values
    slope = (last.value - float(known.at(last.date - TREND_YEARS))) / TREND_YEARS
    beyond = np.maximum(times - last.date, 0.0)
    values = values + slope * FADE_YEARS * -np.expm1(-beyond / FADE_YEARS)
    return np.maximum(values, 0.0) if min(row.value for row in known.rows) >= 0 else values


def pulses_at(until: float) -> list[str]:
    """Pulses under way at ``until``: a forecast from there is conditional on the rule that lets them fade."""
    drivers = evidence.load().drivers
    return [name for name in PULSES if float(known_part(drivers[name], until).at(until)) > 0]
