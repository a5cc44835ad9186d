"""How much less inflow of firearms, for how long, brings how many fewer homicides: an experiment, not a policy.

From its start on, a share of all southbound firearms is stopped, whatever that would take: in the runs with and
without the cut alike, an inspection finds every firearm in the vehicle it opens, so the share inspected is the share
stopped. All else is as in the baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contraflow.analysis.ensembles import chunks
from contraflow.analysis.runs import Model, Progress, outcome
from contraflow.policy import Scenario
from contraflow.system import reference_model
from contraflow.system.calendar import DATA_END, monthly_grid
from contraflow.system.levers import today

#: Shares of the inflow stopped, in rising order.
CUTS = (0.5, 0.9)
#: Fall of homicides that is asked for.
TARGET = 0.1
LEVER, FOUND = "us.guns.southbound_inspection", "southbound_yield"
OUTCOME = "mx.homicides"


@dataclass(frozen=True, eq=False)
class InflowCuts:
    """Homicides of each year under a lasting cut of the inflow, against the same draws without it.

    ``ratio``: (cuts, years, draws). ``lethality`` and ``reaching``: (draws,), the exponent of killings as rifles a
    member change, and the share of southbound firearms that reaches organised crime.
    """

    cuts: tuple[float, ...]
    years: np.ndarray
    ratio: np.ndarray
    lethality: np.ndarray
    reaching: np.ndarray

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.ratio.shape[-1]

    def reached(self, cut: float, by: int) -> np.ndarray:
        """Whether some year to ``by`` has ``TARGET`` fewer homicides under this cut, (draws,)."""
        return (self.ratio[self.cuts.index(cut)][self.years <= by] <= 1 - TARGET).any(axis=0)

    def needed(self, by: int) -> np.ndarray:
        """Smallest cut, kept up from the start, that gives ``TARGET`` fewer homicides in the year ``by``, (draws,).

        Interpolated in logs between the cuts simulated, since killings are a power of firearms; NaN where the largest
        of them is not enough.
        """
        kept = np.log1p(-np.array((0.0, *self.cuts)))
        response = np.vstack([np.zeros(self.draws), np.log(self.ratio[:, self.years == by].reshape(-1, self.draws))])
        wanted = np.log1p(-TARGET)
        found = np.full(self.draws, np.nan)
        for k in range(1, len(kept)):
            low, high = response[k - 1], response[k]
            here = np.isnan(found) & (low > wanted) & (high <= wanted)
            part = (wanted - low[here]) / (high[here] - low[here])
            found[here] = -np.expm1(kept[k - 1] + part * (kept[k] - kept[k - 1]))
        return found


def inflow_cuts(
    model: Model, draws: int, until: float, record: Sequence[str], progress: Progress | None = None
) -> InflowCuts:
    """Run the experiment on posterior draws.

    Args:
        draws: posterior draws; (1 + cuts) × draws trajectories are told to ``progress``.
        until: end of the runs in decimal years.
        record: variables to keep, homicides among them: with those of another run to ``until``, both share one
            compiled model.
    """
    posterior = model.posterior.thin(draws)
    parameters = posterior.parameters()
    grid = monthly_grid(until)
    variable = outcome(OUTCOME).variable
    kept = 1 - today(LEVER)
    policies = [
        Scenario(policy={LEVER: {"steps": {"2025-01": 1 - (1 - cut) * kept}, "ramp": "0 months"}}) for cut in CUTS
    ]
    inside = grid.times > DATA_END - 1e-6
    parts = []
    runs = chunks(
        reference_model(), posterior, {FOUND: np.ones(draws)}, grid, (None, *policies), tuple(record), progress
    )
    for _, results in runs:
        monthly = np.stack([r[variable].reshape(grid.periods, -1)[inside] for r in results])
        annual = monthly.reshape(len(results), -1, 12, monthly.shape[-1]).mean(axis=2)
        parts.append(annual[1:] / annual[0])
    years = np.arange(int(DATA_END), round(until))
    ratio = np.concatenate(parts, axis=-1)
    return InflowCuts(CUTS, years, ratio, parameters["gun_lethality"], parameters["organised_crime_share"])
