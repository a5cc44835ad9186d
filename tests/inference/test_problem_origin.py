"""A fit to an earlier end of the data sees drivers as they were known then."""

import dataclasses

import numpy as np
import pytest

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


def test_supply_may_be_known_beyond_everything_else():
    plain, told = problem(2017.0), problem(2017.0, supply_until=2021.0)
    assert (told.until, told.supply_until) == (2017.0, 2021.0)
    for name, series in told.prepared.items():
        last = series.spans[:, 1].max()
        if series.observable.stage != "supply":
            assert last <= 2017.0 + 1e-6 and np.array_equal(series.observed, plain.prepared[name].observed)
    assert told.prepared["us.market.fentanyl_lab_share"].spans[:, 1].max() == pytest.approx(2021.0)
    more = {n: told.innovations[n] - plain.innovations[n] for n in told.innovations}
    assert more == {n: 8 if n == "supply_surge" else 0 for n in more}
    months = plain.grid.periods
    for name, values in plain.inputs.items():  # drivers and levers are as known then
        assert np.array_equal(np.asarray(values)[:months], np.asarray(told.inputs[name])[:months]), name


def test_the_latent_driver_of_supply_alone_moves_after_the_other_data_end():
    told = problem(2017.0, supply_until=2021.0)
    y = 0.3 * np.random.default_rng(0).standard_normal((told.size, 2))
    latents = told.unpack(y)[1]
    after = told.grid.step_times > 2017.5
    assert np.ptp(np.asarray(latents["supply_surge"])[after], axis=0).min() > 0
    for name, path in latents.items():
        if name != "supply_surge":
            assert np.ptp(np.asarray(path)[after], axis=0).max() == 0, name
