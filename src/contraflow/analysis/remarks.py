"""What must be said beside the numbers of a comparison: how few draws, what was assumed, whom levers may harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contraflow.analysis.wording import exact, significant, trial
from contraflow.system.levers import LEVERS

if TYPE_CHECKING:
    from contraflow.analysis.history import Past
    from contraflow.analysis.runs import Comparison


def remarks(comparison: Comparison) -> list[str]:
    """The remarks, a sentence or a few each; none where there is nothing to say."""
    scenario = comparison.scenario
    said = [trial(comparison.draws)]
    if scenario.assume:
        written = ", ".join(f"{name} = {_assumed(value)}" for name, value in scenario.assume.written.items())
        said.append(f"Assumed on both sides: {written}.")
    if scenario.assume.values:
        said.append(
            "Approximate: values were set by moving the other parameters along the posterior's regression on them, "
            "not by a new fit."
        )
    if comparison.past:
        said.append(_history(comparison.past))
    for name in scenario.policy:
        lever = LEVERS[name]
        if lever.humanity is not None:
            said.append(f"{name}: {lever.humanity.en}")
        if lever.kind == "force":
            said.append(f"{name}, consent and legality: {lever.feasibility.en}")
    if scenario.leaves_out is not None:
        said.append(f"Leaves out: {scenario.leaves_out.en}")
    return [remark for remark in said if remark]


def _assumed(value: Any) -> str:
    return f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else str(value)


def _history(past: Past) -> str:
    """How far what is assumed moves the model in years that were counted, a line an outcome."""
    lines = ["It moves the model's past too (medians):"]
    for name, found in past.items():
        years = (
            f"{year} {significant(of['assumed'], 3)}, as fitted {significant(of['fitted'], 3)}, counted "
            f"{exact(of['counted'])}"
            for year, of in found["years"].items()
        )
        lines.append(f"{name}: {'; '.join(years)}")
    return "\n  ".join(lines)
