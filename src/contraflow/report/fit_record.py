"""What the fit wrote down of itself: coverage, how the sampling went, and the joint posterior beside the cut one.

Everything is read from the posterior's own record; nothing is computed again here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.inference.posterior import Posterior
from contraflow.report.wording import share_percent, significant

#: Largest R-hat with which chains may be said to agree, and largest drift with which draws may be said to stand still.
AGREEMENT, STANDSTILL = 1.05, 0.5
#: Moves of a chain from which it is no longer called short.
LONG = 500
STAGES = {"supply": "supply, without deaths", "rest": "the rest, given supply", "joint": "joint, for comparison"}

Quantiles = tuple[float, float, float]


@dataclass(frozen=True)
class FitRow:
    """One fitted series: points, share of them inside the 90 % predictive band, and the band's relative width."""

    series: str
    points: int
    inside: float
    width: float


@dataclass(frozen=True)
class Stage:
    """How one stage of the sampling went: transitions a chain, mean acceptance, share of chains that hardly moved.

    ``step`` is the median step; ``spread`` the 5 to 95 % width of the log density over chains, None where not recorded.
    """

    id: str
    label: str
    transitions: int
    acceptance: float
    stuck: float
    step: float
    spread: float | None


@dataclass(frozen=True)
class JointRow:
    """One parameter: 5, 50 and 95 % quantiles of the cut posterior, which is used, and of the joint one."""

    parameter: str
    label: str
    unit: str
    hypothesis: str | None
    cut: Quantiles
    joint: Quantiles

    @property
    def apart(self) -> bool:
        """Whether the joint median lies outside the cut posterior's 90 % interval."""
        return not self.cut[0] <= self.joint[1] <= self.cut[2]


@dataclass(frozen=True)
class FitRecord:
    """The record of a fit; parts that it does not hold are empty or None.

    ``joint_r_hat``: largest potential scale reduction of the joint chains. ``drift``: largest move of a coordinate's
    mean over chains from the first to the last kept draw of the cut posterior, in posterior standard deviations.
    ``trial``: whether the draws come from a quick fit, which is not for use.
    """

    coverage: tuple[FitRow, ...]
    stages: tuple[Stage, ...]
    joint: tuple[JointRow, ...]
    joint_r_hat: float | None
    drift: float | None
    trial: bool

    @property
    def pooled(self) -> float | None:
        """Share of all points inside their 90 % bands."""
        points = sum(r.points for r in self.coverage)
        return sum(r.inside * r.points for r in self.coverage) / points if points else None

    @property
    def contested(self) -> list[JointRow]:
        """The rows of parameters that belong to a hypothesis."""
        return [r for r in self.joint if r.hypothesis]


def fit_record(posterior: Posterior) -> FitRecord:
    """The record that a posterior carries."""
    written = json.loads(posterior.attributes.get("report", "{}"))
    coverage = tuple(
        FitRow(r["series"], int(r["points"]), float(r["inside"]), float(r["width"]))
        for r in written.get("coverage") or ()
    )
    went = written.get("stages") or {}
    stages = tuple(_stage(name, went[name]) for name in STAGES if name in went)
    r_hat, drift = _number(written.get("joint_r_hat")), _number(written.get("halves"))
    trial = bool(int(posterior.attributes.get("quick", 0)))
    return FitRecord(coverage, stages, _joint(posterior, written.get("joint") or {}), r_hat, drift, trial)


def _stage(name: str, went: Mapping[str, Any]) -> Stage:
    spread = _number(went.get("log_density_spread"))
    measured = (float(went[k]) for k in ("acceptance", "stuck_chains", "step"))
    return Stage(name, STAGES[name], int(went["transitions"]), *measured, spread)


def _joint(posterior: Posterior, joint: Mapping[str, Any]) -> tuple[JointRow, ...]:
    known = evidence.load().parameters
    values = posterior.parameters()
    rows = []
    for name, quantiles in joint.items():
        p = known.get(name)
        if p is None or name not in posterior.coordinates:
            continue
        low, middle, high = (float(q) for q in quantiles)
        a, b, c = (float(q) for q in np.quantile(values[name], [0.05, 0.5, 0.95]))
        rows.append(JointRow(name, p.label.en, p.unit, p.hypothesis, (a, b, c), (low, middle, high)))
    return tuple(rows)


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None


def convergence(record: FitRecord, draws: int) -> str:
    """How far the sampling can be trusted."""
    if not record.stages:
        return "This posterior does not say how its sampling went, so nothing can be said of its convergence."
    text = []
    if record.trial:
        text.append("The draws come from a quick trial of the fit: no number on this page is for use.")
    used = [s for s in record.stages if s.id != "joint"]
    stuck = max(s.stuck for s in used)
    text.append(
        f"The posterior holds {draws} draws, sampled by Hamiltonian Monte Carlo in stages: supply from supply data and "
        "surveys, without deaths, so that a fall in deaths cannot invent a supply shock; then the rest, from all data."
    )
    text.append(
        f"At most {share_percent(stuck)} of the chains of a stage were stuck (they accepted fewer than one move in "
        "ten); their draws are among those used."
        if stuck
        else "No chain of these stages was stuck."
    )
    if record.drift is not None:
        still = (
            "no sign that the draws were still on the move"
            if record.drift <= STANDSTILL
            else "so the draws were still on the move, and intervals are rough"
        )
        text.append(
            f"Between the first and the last draw kept, the mean of no coordinate moved by more than "
            f"{significant(record.drift)} posterior standard deviations: {still}."
        )
    moves = sorted({s.transitions for s in used})
    if moves[-1] < LONG:
        text.append(f"Chains are short ({' and '.join(map(str, moves))} moves), so the intervals are approximate.")
    return " ".join(text)


def joint_note(record: FitRecord) -> str:
    """How the joint posterior compares with the one used, and how far it can be trusted."""
    if not record.joint:
        return "The joint posterior, in which deaths inform supply too, was not recorded with this fit."
    rows = record.contested
    apart = [r.label for r in rows if r.apart]
    text = "In the joint posterior everything learns from everything, so deaths inform supply too. " + (
        f"Its median lies outside the 90 % interval of the posterior used for {len(apart)} of {len(rows)} "
        f"strengths of the hypotheses: {'; '.join(apart)}."
        if apart
        else f"Its medians lie inside the 90 % intervals of the posterior used for all {len(rows)} strengths."
    )
    if record.joint_r_hat is None:
        return f"{text} Whether its chains agree was not recorded."
    if record.joint_r_hat > AGREEMENT:
        return (
            f"{text} The joint chains do not agree with one another (largest R-hat {significant(record.joint_r_hat)}; "
            f"agreement is {AGREEMENT:g} or less): the joint columns are a rough comparison, and no result "
            "rests on them."
        )
    return f"{text} The joint chains agree (largest R-hat {record.joint_r_hat:.2f})."
