"""A fit to an earlier end of the data sees drivers as they were known then."""

import dataclasses

import numpy as np

from contraflow import evidence
from contraflow.inference.problem import problem


def test_a_fit_to_an_origin_sees_no_driver_after_it(monkeypatch):
    before = problem(2017.0).inputs
    known = evidence.load()
    drivers = {}
    for name, driver in known.drivers.items():
        late = [dataclasses.replace(r, value=5 * r.value + 1) if r.date > 2017.0 else r for r in driver.rows]
        early = driver.rows[0].date <= 2017.0 and name != "border_effort_years"
        drivers[name] = driver.model_copy(update={"rows": tuple(late)}) if early else driver
    later = dataclasses.replace(known, drivers=drivers)
    monkeypatch.setattr(evidence, "load", lambda: later)
    for name, values in problem(2017.0).inputs.items():
        assert np.array_equal(values, before[name]), name
