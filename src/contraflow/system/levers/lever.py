"""What a lever and a level of it are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contraflow.evidence import Text


@dataclass(frozen=True)
class Level:
    """A worded level of a lever.

    Attributes:
        name: word used in scenarios ("high").
        value: its value in the unit of the lever.
        text: what the level corresponds to.
        sources: ids of the sources of the value, or `assumption`.
    """

    name: str
    value: float
    text: Text
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Lever:
    """One lever.

    Attributes:
        id: dotted id, part of the interface.
        label: name in both languages.
        unit: unit of its values, as the units check reads it.
        display_unit: the unit in words.
        today: value held in the baseline: that of the end of 2024 or the last one known.
        low: lowest value allowed.
        high: highest value allowed.
        range_reason: why values outside `low` to `high` are refused.
        levels: worded levels, from less of the policy to more; `today` is one of them.
        ramp_months: months from the start of a setting until it is in force, unless the scenario says otherwise.
        target: the model variable that reads it first.
        kind: law (rules and their enforcement), capacity (places, staff, equipment), force, or precursor control.
        feasibility: what stands in its way.
        humanity: whom it may harm, shown beside its effect; None where nothing particular is known.
        cost: cost a year where known.
        sources: ids of the sources for today's value, the range and the link.
        extension: the extension that must be on, or None for a core lever.
        operation: a setting replaces the value of the baseline ("absolute").
        history: id of the driver that holds what was in force to the end of 2024, and `today` after it; None where the
            baseline is `today` throughout.
    """

    id: str
    label: Text
    unit: str
    display_unit: Text
    today: float
    low: float
    high: float
    range_reason: str
    levels: tuple[Level, ...]
    ramp_months: int
    target: str
    kind: Literal["law", "capacity", "force", "precursor"]
    feasibility: Text
    humanity: Text | None
    cost: str | None
    sources: tuple[str, ...]
    extension: str | None = None
    operation: Literal["absolute"] = "absolute"
    history: str | None = None

    @property
    def variable(self) -> str:
        """Name of the model input: the id with underscores for dots."""
        return self.id.replace(".", "_")

    def level(self, name: str) -> Level | None:
        """The level called `name`, or None."""
        return next((level for level in self.levels if level.name == name), None)


#: How an index is read.
RELATIVE = Text(en="relative to today (1 = today)", es="relativo a hoy (1 = hoy)")
