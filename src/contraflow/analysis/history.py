"""What an assumption does to the past: counted years in the model with what is assumed, as fitted, and as counted.

An assumption moves draws away from what data say, and history with them. An effect under it is one in a world that may
never have been, so what it gives for the last years stands beside the effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from contraflow import evidence

if TYPE_CHECKING:
    from contraflow.analysis.runs import Result

#: Outcome → series that counts the same thing year by year. What no series counts as the model means it is left out.
COUNTED = {
    "us.overdose_deaths": "us.deaths.all_drugs.annual",
    "us.opioid_deaths": "us.deaths.opioids.annual",
    "us.synthetic_opioid_deaths": "us.deaths.synthetic_opioids.annual",
    "border.fentanyl_seized": "border.seized.fentanyl.annual",
    "border.heroin_seized": "border.seized.heroin.annual",
    "border.methamphetamine_seized": "border.seized.methamphetamine.annual",
    "border.cocaine_seized": "border.seized.cocaine.annual",
    "mx.homicides": "mx.homicides.inegi.annual",
}
#: Counted years that are shown, the last ones.
YEARS = 2

Past = dict[str, dict[str, Any]]


def past(names: Iterable[str], assumed: Result, fitted: Result) -> Past:
    """Outcome → its ``series`` and ``years``, each with medians ``assumed`` and ``fitted`` and the figure ``counted``.

    Both are runs of the same equations without policy, with and without what is assumed. Outcomes without a count are
    left out.
    """
    found: Past = {}
    for name in names:
        if name in COUNTED:
            series = evidence.load().series[COUNTED[name]]
            rows = [row for row in series.rows if row.end <= fitted.end + 1e-6][-YEARS:]
            years = {
                str(int(row.start)): {
                    "assumed": float(np.median(assumed.window(name, row.start, row.end))),
                    "fitted": float(np.median(fitted.window(name, row.start, row.end))),
                    "counted": row.value,
                }
                for row in rows
            }
            found[name] = {"series": series.id, "years": years}
    return found
