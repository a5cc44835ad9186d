"""The model's inputs over a time grid: calendar, drivers from the evidence base, levers from a scenario, latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.policy.baseline import baseline
from contraflow.policy.hindsight import carried_on, known_part
from contraflow.policy.scenario import Scenario
from contraflow.system import reference_model
from contraflow.system.levers import LEVERS


def build_inputs(
    grid: Grid, scenario: Scenario | None, latents: Mapping[str, Any], known_until: float | None = None
) -> dict[str, Any]:
    """Every input sampled at ``grid.step_times``: shape (steps,), or (steps, draws) for latents.

    Without a scenario, levers follow what was in force and then hold today's value. Drivers hold their last figure
    after the data end. With ``known_until`` (decimal year) both are as known then, carried on by the rules of
    ``hindsight``.
    """
    times = grid.step_times
    drivers = evidence.load().drivers
    by_variable = {lever.variable: lever for lever in LEVERS.values()}
    inputs: dict[str, Any] = {}
    for v in reference_model().of_kind("series"):
        if v.role == "calendar":
            inputs[v.name] = times
        elif v.role == "driver":
            driver = drivers[v.name]
            inputs[v.name] = driver.at(times) if known_until is None else carried_on(driver, times, known_until)
        elif v.role == "lever":
            lever = by_variable[v.name]
            if known_until is None or lever.history is None:
                without = baseline(lever, times)
            else:
                without = known_part(drivers[lever.history], known_until).at(times)
            schedule = scenario.policy.get(lever.id) if scenario else None
            inputs[v.name] = without if schedule is None else schedule.values(times, without)
        else:
            inputs[v.name] = latents[v.name]
    return inputs
