"""Threshold maps: for which beliefs about supply a policy has an effect, and for which it has none.

Every cell sets the beliefs in the baseline and in the policy alike, so that a cell shows the policy and not the belief.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from contraflow.analysis.assumptions import believed
from contraflow.analysis.ensembles import chunks, stacked
from contraflow.analysis.runs import Model, Progress, outcome
from contraflow.errors import ContraflowError
from contraflow.policy import Scenario
from contraflow.policy.assumptions import Assumptions
from contraflow.system import reference_model
from contraflow.system.calendar import monthly_grid

#: Beliefs that decide what a blow to supply does: spare capacity over need, years to rebuild it, and how much of a
#: wholesale price rise reaches the street (0 dollar for dollar, 1 in proportion).
SUPPLY_BELIEFS: dict[str, tuple[float, ...]] = {
    "lab_slack": (1.0, 1.25, 1.5, 2.0, 3.0),
    "lab_rebuild_time": (1 / 12, 2 / 12, 4 / 12, 6 / 12, 9 / 12),
    "pass_through": (0.0, 0.5, 1.0),
}

#: Maps run at least to here, so that maps of different windows share one compiled model.
COMMON_END = 2031.0


def threshold_map(
    model: Model,
    scenario: Scenario | str | Path,
    outcome_id: str = "us.synthetic_opioid_deaths",
    draws: int = 40,
    *,
    until: float | None = None,
    beliefs: Mapping[str, Sequence[float]] = SUPPLY_BELIEFS,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The effect of a policy on an outcome over a grid of beliefs.

    Args:
        scenario: whose policy is judged, with its own assumptions beside those of the grid.
        outcome_id: what is judged.
        draws: posterior draws in each cell, the same ones in all.
        until: end of the window in decimal years; the scenario's horizon by default. It starts at the first lever.
        beliefs: parameter → values, one axis of the map each.
        progress: told how many trajectories are done; there are 2 × cells × draws.

    Returns:
        Over the beliefs' axes: ``relative_difference`` (median of policy / baseline − 1), ``low`` and ``high`` (its 5
        and 95 % quantiles), ``p_reduction`` (P(difference < 0)) and ``p_one_percent`` (P(reduction above 1 %)).

    Raises:
        ContraflowError: the scenario has no policy, or assumes one of the beliefs itself; or bad names.
    """
    policy = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    first = policy.first_lever_date()
    if first is None:
        raise ContraflowError(f"the scenario '{policy.id}' moves no lever: a threshold map needs a policy")
    end = until or policy.horizon
    if end <= first:
        raise ContraflowError(f"the map ends before the first lever of '{policy.id}' moves: name a later `until`")
    target = outcome(outcome_id)
    cells = list(itertools.product(*beliefs.values()))
    posterior, imposed = _cells(model, policy, tuple(beliefs), cells, draws)
    grid = monthly_grid(max(end, COMMON_END))
    inside = (grid.times > first - 1e-6) & (grid.times < end - 1e-6)
    relative = np.empty(posterior.draws)
    runs = chunks(
        reference_model(policy.extensions), posterior, imposed, grid, (None, policy), (target.variable,), progress
    )
    for place, results in runs:
        base, moved = (r[target.variable].reshape(grid.periods, -1)[inside].mean(axis=0) for r in results)
        relative[place] = moved / base - 1
    table = relative.reshape(*(len(v) for v in beliefs.values()), draws)
    low, middle, high = np.quantile(table, [0.05, 0.5, 0.95], axis=-1)
    values = {
        "relative_difference": middle,
        "low": low,
        "high": high,
        "p_reduction": (table < 0).mean(axis=-1),
        "p_one_percent": (table < -0.01).mean(axis=-1),
    }
    notes = {"scenario": policy.id, "outcome": outcome_id, "from": first, "until": end, "draws": draws}
    return xr.Dataset(
        {k: (tuple(beliefs), v) for k, v in values.items()}, {k: list(v) for k, v in beliefs.items()}, notes
    )


def _cells(model: Model, policy: Scenario, names: tuple[str, ...], cells: list[tuple[float, ...]], draws: int):
    """Draws of all cells end to end, and the values imposed on them.

    The regression on the beliefs uses every draw of the posterior; only then are a few draws taken for each cell.
    """
    parts, imposed = [], []
    for cell in cells:
        moved, values = believed(model.posterior, _assumptions(policy, names, cell))
        parts.append(moved.thin(draws))
        imposed.append(values)
    return stacked(parts), {k: np.repeat([v[k] for v in imposed], draws) for k in imposed[0]}


def _assumptions(policy: Scenario, names: tuple[str, ...], cell: tuple[float, ...]) -> Assumptions:
    own = policy.assume
    for name, value in zip(names, cell, strict=True):
        try:
            own = own.with_entry(name, value)
        except ValueError as error:
            raise ContraflowError(f"the map varies {name}, and '{policy.id}' cannot take {value:g}: {error}") from None
    return own
