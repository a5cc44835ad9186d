"""The 150-group recruitment model under its policies, beside what was published and beside its own counterfactual.

The study compares 2027 with 2022; ``Summary`` also compares 2027 with 2027 under the status quo. Both come from one
simulation: draw 0 is the status quo, draw 1 the policy, which starts in 2022.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contraflow.engine import Grid, Model, Trajectory, assemble, simulate
from contraflow.engine.ledgers import closure, needed
from contraflow.engine.simulate import constants, evaluate_all
from contraflow.errors import ContraflowError, UnknownName, nearest
from contraflow.validation import recruitment_model
from contraflow.validation.recruitment_groups import table

START, PRESENT = 2012.0, 2022.0
WEEKS = int(recruitment_model.WEEKS)
STATUS_QUO = "status-quo"

#: Multiples of the fitted rates from 2022 on, by policy; a lever that is not named stays at 1.
POLICIES: Mapping[str, Mapping[str, float]] = {
    STATUS_QUO: {},
    "doubled-incapacitation": {"incapacitation_policy": 2.0},
    "halved-recruitment": {"recruitment_policy": 0.5},
    "no-recruitment": {"recruitment_policy": 0.0},
    "halved-lethality": {"lethality_policy": 0.5},
}


@dataclass(frozen=True)
class Moment:
    """The model at one instant: persons, and persons a week. ``shares``: of all members, largest group first."""

    members: float
    recruits: float
    deaths: float
    arrests: float
    dropouts: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Change:
    """Relative change of weekly deaths and of members: 0.1 is ten per cent more."""

    deaths: float
    members: float


@dataclass(frozen=True)
class Summary:
    """One policy from 2022 to ``until``.

    ``start``, ``present``, ``end``: 2012, 2022 and ``until``. ``recruits_a_week``: mean of 2012 to 2022.
    ``killed_or_jailed_a_week``: the same mean. ``recruited_2021``, ``killed_2021``, ``jailed_2021``: persons in the
    last year before 2022.
    ``killed_or_jailed_share``: of everyone who was a member in 2012 to 2022. ``against_2022`` compares ``end`` with
    ``present``, ``against_status_quo`` with the status quo at ``until``. ``fewer_deaths``: than under the status quo,
    2022 to ``until``, persons. ``years_to_deaths_of_2012``: from 2022 until no more members die in a week than in
    2012, None where that does not happen by ``until``. ``ledger_error``: largest relative error of the people ledger.
    """

    policy: str
    until: float
    start: Moment
    present: Moment
    end: Moment
    recruits_a_week: float
    killed_or_jailed_a_week: float
    recruited_2021: float
    killed_2021: float
    jailed_2021: float
    killed_or_jailed_share: float
    against_2022: Change
    against_status_quo: Change
    fewer_deaths: float
    years_to_deaths_of_2012: float | None
    ledger_error: float


@dataclass(frozen=True)
class Published:
    """A figure of the study: between ``low`` and ``high``, in ``unit``, of one policy.

    ``mark`` says how it was seen: in the ``abstract``, in the ``press``, or only its ``sign``, in the abstract, with
    the size from memory. ``where`` names the place.
    """

    policy: str
    quantity: str
    unit: str
    low: float
    high: float
    mark: str
    where: str
    source: str
    note: str


@dataclass(frozen=True)
class Comparison:
    """A published figure, the same from the run here, and the run against the status quo in the same year.

    ``reproduced``: None where the run does not reach it. ``against_status_quo``: for changes only, else None.
    """

    published: Published
    reproduced: float | None
    against_status_quo: float | None


@functools.cache
def model() -> Model:
    """The assembled model: units, accounts and the people ledger checked."""
    units = {row["parameter"]: row["unit"] for row in table("parameters")}
    return assemble([recruitment_model], units, axes=[recruitment_model.group])


def parameters() -> dict[str, np.ndarray]:
    """The parameters that the study ships, each of shape (1,), in the units of ``recruitment_parameters.csv``."""
    return {row["parameter"]: np.array([float(row["value"])]) for row in table("parameters")}


def trajectory(policy: str = STATUS_QUO, until: float = 2027.0, substeps: int = 1) -> Trajectory:
    """Every stock and flow by week from 2012 to ``until``; draw 0 is the status quo, draw 1 the policy.

    One step a week is within 2e-7 of the limit of short steps.

    Raises:
        UnknownName: no such policy.
        ContraflowError: ``until`` is not after 2022.
    """
    if policy not in POLICIES:
        raise UnknownName("policy of the recruitment model", policy, nearest(policy, POLICIES))
    if until <= PRESENT:
        raise ContraflowError(f"until is {until:g}; policies start in {PRESENT:g}, so it must be later")
    grid = Grid(START, round((until - START) * WEEKS), per_year=WEEKS, substeps=substeps)
    after = grid.step_times > PRESENT
    levers = {v.name: np.ones((len(after), 2)) for v in model().of_kind("series")}
    for lever, multiple in POLICIES[policy].items():
        levers[lever][after, 1] = multiple
    return simulate(model(), parameters(), levers, grid, needed(model()))


@functools.cache
def run(policy: str = STATUS_QUO, until: float = 2027.0) -> Summary:
    """The model under one of ``POLICIES`` from 2022 to ``until``, in decimal years to the nearest week.

    Raises:
        UnknownName: no such policy.
        ContraflowError: ``until`` is not after 2022.
    """
    flown = trajectory(policy, until)
    weeks = round((PRESENT - START) * WEEKS)  # before policies part

    def weekly(flow: str, draw: int) -> np.ndarray:
        """Persons in each week, all groups together."""
        return flown.values[flow].sum(axis=1)[:, draw] / WEEKS

    members = flown.values["members"]
    start, present = _moment(members[0, :, 0], {}), _moment(members[weeks, :, 0], {})
    quo = _moment(flown.final["members"][:, 0], {})
    end = _moment(flown.final["members"][:, 1], POLICIES[policy])
    recruited, killed, jailed = (weekly(flow, 0)[:weeks] for flow in ("recruits", "killings", "arrests"))
    killed_after = weekly("killings", 1)[weeks:]
    few = np.flatnonzero(killed_after <= start.deaths)
    return Summary(
        policy=policy,
        until=until,
        start=start,
        present=present,
        end=end,
        recruits_a_week=float(recruited.mean()),
        killed_or_jailed_a_week=float((killed + jailed).mean()),
        recruited_2021=float(recruited[-WEEKS:].sum()),
        killed_2021=float(killed[-WEEKS:].sum()),
        jailed_2021=float(jailed[-WEEKS:].sum()),
        killed_or_jailed_share=float((killed + jailed).sum() / (start.members + recruited.sum())),
        against_2022=_change(end, present),
        against_status_quo=_change(end, quo),
        fewer_deaths=float(weekly("killings", 0)[weeks:].sum() - killed_after.sum()),
        years_to_deaths_of_2012=float(few[0] + 1) / WEEKS if few.size else None,
        ledger_error=closure(model(), flown)["people"],
    )


def _moment(members: np.ndarray, levers: Mapping[str, float]) -> Moment:
    # Flows in a trajectory are means over a week; these are the rates at the instant.
    fixed = constants(model(), parameters(), 1)
    given = {v.name: np.array([levers.get(v.name, 1.0)]) for v in model().of_kind("series")}
    values = evaluate_all(model(), {**fixed, **given, "members": members[:, None]}, 1)
    rates = {flow: float(np.sum(values[flow])) / WEEKS for flow in ("recruits", "killings", "arrests", "dropouts")}
    total = float(members.sum())
    return Moment(
        members=total,
        recruits=rates["recruits"],
        deaths=rates["killings"],
        arrests=rates["arrests"],
        dropouts=rates["dropouts"],
        shares=tuple(float(share) for share in np.sort(members)[::-1] / total),
    )


def _change(then: Moment, before: Moment) -> Change:
    return Change(then.deaths / before.deaths - 1, then.members / before.members - 1)


def published() -> list[Published]:
    """What the study says, or reports on it, and how each figure was seen."""
    return [
        Published(
            policy=row["policy"],
            quantity=row["quantity"],
            unit=row["unit"],
            low=float(row["low"]),
            high=float(row["high"]),
            mark=row["mark"],
            where=row["where"],
            source=row["source"],
            note=row["note"],
        )
        for row in table("published")
    ]


def comparison() -> list[Comparison]:
    """Every published figure beside the run of its policy to 2027, and beside that run's own counterfactual."""
    rows = []
    for figure in published():
        summary = run(figure.policy)
        rows.append(Comparison(figure, _measures(summary)[figure.quantity], _effects(summary).get(figure.quantity)))
    return rows


def _measures(summary: Summary) -> dict[str, float | None]:
    first, second, third = summary.present.shares[:3]
    return {
        "members_2012": summary.start.members,
        "members_2022": summary.present.members,
        "recruits_a_week": summary.recruits_a_week,
        "killed_or_jailed_a_week": summary.killed_or_jailed_a_week,
        "recruited_2021": summary.recruited_2021,
        "killed_2021": summary.killed_2021,
        "jailed_2021": summary.jailed_2021,
        "killed_or_jailed_share": summary.killed_or_jailed_share,
        "largest_share": first,
        "second_share": second,
        "third_share": third,
        "deaths_change": summary.against_2022.deaths,
        "members_change": summary.against_2022.members,
        "years_to_deaths_of_2012": summary.years_to_deaths_of_2012,
    }


def _effects(summary: Summary) -> dict[str, float]:
    effect = summary.against_status_quo
    return {"deaths_change": effect.deaths, "members_change": effect.members}
