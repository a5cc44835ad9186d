"""What a policy sets, in words: each lever's values, dates and ramp, why they are so, and whether one was assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contraflow.analysis.wording import exact
from contraflow.evidence import ASSUMPTION, Text
from contraflow.policy import Scenario
from contraflow.policy.schedule import Absolute, Factor, Schedule, Target
from contraflow.report.wording import Said, format_date
from contraflow.system.levers import LEVERS, Lever


@dataclass(frozen=True)
class Dose:
    """One lever of a policy.

    ``steps``: its values and when they begin. ``note``: why they are so, where the scenario says. ``assumed``: whether
    a judgement is among the sources. ``eased``: whether it is nowhere set above what is in force today, so that what is
    said of the harm of raising it is said of what the policy does less of.
    """

    lever: Lever
    steps: Said
    note: Text | None
    assumed: bool
    eased: bool

    @property
    def harms(self) -> bool:
        """Whether the lever uses force or may harm people, so that a note stands beside its effects."""
        return self.lever.kind == "force" or bool(self.lever.humanity)


def doses(scenario: Scenario) -> list[Dose]:
    """The levers of a policy, in the order in which it names them."""
    return [_dose(scenario, LEVERS[name], schedule) for name, schedule in scenario.policy.items()]


def uses_of_force(scenarios: Iterable[Scenario]) -> list[tuple[Lever, list[tuple[Scenario, Dose]]]]:
    """Every lever of force that policies move, with the policies that do and how."""
    found: dict[str, tuple[Lever, list[tuple[Scenario, Dose]]]] = {}
    for scenario in scenarios:
        for d in doses(scenario):
            if d.lever.kind == "force":
                found.setdefault(d.lever.id, (d.lever, []))[1].append((scenario, d))
    return list(found.values())


def _dose(scenario: Scenario, lever: Lever, schedule: Schedule) -> Dose:
    values = [_value(lever, step.target) for step in schedule.steps]
    unit, today = lever.display_unit, exact(lever.today)
    en, es = [], []
    for step, value in zip(schedule.steps, values, strict=True):
        at, same = format_date(step.date), value == lever.today
        en.append(f"as today from {at}" if same else f"{exact(value)} from {at}")
        es.append(f"como hoy desde {at}" if same else f"{exact(value)} desde {at}")
    over = _over(schedule)
    return Dose(
        lever,
        Said(
            f"{today} today ({unit.en}); {'; '.join(en)}{over.en}",
            f"{today} hoy ({unit.es}); {'; '.join(es)}{over.es}",
        ),
        scenario.notes.get(lever.id),
        ASSUMPTION in scenario.sources.get(lever.id, ()),
        max(values) <= lever.today,
    )


def _over(schedule: Schedule) -> Said:
    """How long its steps take."""
    if not schedule.ramp_months:
        return Said("", "")
    each, each_es = ("each ", "cada paso ") if len(schedule.steps) > 1 else ("", "")
    months = f"{schedule.ramp_months:g}"
    return Said(f", {each}over {months} months", f", {each_es}en {months} meses")


def _value(lever: Lever, target: Target) -> float:
    if isinstance(target, Absolute):
        return target.value
    return target.value * lever.today if isinstance(target, Factor) else lever.today + target.value
