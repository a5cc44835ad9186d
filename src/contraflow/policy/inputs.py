"""The model's inputs over a time grid: calendar, drivers from the evidence base, levers from a scenario, latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contraflow import evidence
from contraflow.engine import Grid
from contraflow.policy.baseline import baseline
from contraflow.policy.scenario import Scenario
from contraflow.system import reference_model
from contraflow.system.levers import LEVERS


def build_inputs(grid: Grid, scenario: Scenario | None, latents: Mapping[str, Any]) -> dict[str, Any]:
    """Every input sampled at ``grid.step_times``: shape (steps,), or (steps, draws) for latents.

    Without a scenario, levers follow what was in force and then hold today's value. Drivers hold their last figure
    after the data end.
    """
    times = grid.step_times
    drivers = evidence.load().drivers
    by_variable = {lever.variable: lever for lever in LEVERS.values()}
    inputs: dict[str, Any] = {}
    for v in reference_model().of_kind("series"):
        if v.role == "calendar":
            inputs[v.name] = times
        elif v.role == "driver":
            inputs[v.name] = drivers[v.name].at(times)
        elif v.role == "lever":
            lever = by_variable[v.name]
            without = baseline(lever, times)
            schedule = scenario.policy.get(lever.id) if scenario else None
            inputs[v.name] = without if schedule is None else schedule.values(times, without)
        else:
            inputs[v.name] = latents[v.name]
    return inputs
