"""What the fit wrote down of itself: coverage, how the sampling went, and the joint posterior beside the one used.

Everything is read from the posterior's own record; nothing is computed again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.inference.coverage import SHAPE_LIMIT
from contraflow.inference.diagnostics import DOUBT, ESS_LIMIT, RHAT_LIMIT
from contraflow.inference.posterior import Posterior
from contraflow.report.wording import Said, share_percent, significant

#: Largest share of divergent transitions.
DIVERGENT = 0.001
#: Share of its points inside the 90 % band below which a series is named.
SHORT = 0.85
STAGES = {
    "joint": "joint: everything from all data",
    "supply": "stage 1: everything from supply data and surveys",
    "rest": "stage 2: the rest, given stage 1",
    "check": "check of stage 2, many chains for one draw of stage 1",
}
RECENT = "us.deaths.synthetic_opioids.half_year"

Quantiles = tuple[float, float, float]


@dataclass(frozen=True)
class FitRow:
    """One fitted series: points, share of them inside the 90 % predictive band, and the band's relative width.

    ``as_few``: of series drawn from the model, the share with as few points inside. ``left_out``: the share inside when
    each point is predicted without itself; ``consistent``: whether that count is consistent with 90 %; ``unsure``:
    points of which that prediction rests on weights that are not to be trusted. ``missed``: sd of what the model misses
    beyond noise, on logs or logits; ``memory``: years in which a miss fades to 1/e; both at the posterior median. None
    where the fit did not say.
    """

    series: str
    points: int
    inside: float
    as_few: float | None
    width: float
    left_out: float | None
    consistent: bool | None
    unsure: int | None
    missed: float | None
    memory: float | None


@dataclass(frozen=True)
class Divergences:
    """Where divergent transitions begin: how many, in how many chains, and quantities that lie apart there.

    ``expected``: of those, by chance. ``where``: what lies apart most surely, and how far in sds; None where nothing
    does.
    """

    transitions: int
    chains: int
    quantities: int
    apart: int
    expected: float
    where: tuple[str, float] | None


@dataclass(frozen=True)
class Stage:
    """How one stage of the sampling went: chains, transitions of each, mean acceptance, share of divergent ones.

    ``stuck``: share of chains that accepted fewer than one move in ten; ``begun_anew``: that hardly moved in a first
    sampling and went on from where another chain was; ``finer``: share of steps made finer; ``one_way``: of transitions
    that stopped before a step that would not have led back. ``divergences``: None where the fit did not say.
    """

    id: str
    label: str
    chains: int
    transitions: int
    acceptance: float
    divergent: float
    stuck: float
    begun_anew: float
    finer: float
    one_way: float
    divergences: Divergences | None


@dataclass(frozen=True)
class Convergence:
    """Agreement of chains that share a target: the worst split R-hat and the smallest effective numbers of draws."""

    id: str
    quantities: int
    passed: int
    rhat: float
    bulk: float
    tail: float
    worst: str


@dataclass(frozen=True)
class Slow:
    """A quantity on which the chains of a stage agree least: its split R-hat and effective numbers of draws."""

    stage: str
    quantity: str
    rhat: float
    bulk: float
    tail: float


@dataclass(frozen=True)
class Settled:
    """Whether two draws of each chain of stage 2, or of two chains with one target, agree: quantities that moved, and
    that spread.

    ``expected``: of either, by chance. ``worst``: what spread most surely, ``ratio`` its sds, second to first.
    """

    quantities: int
    moved: int
    spread: int
    expected: float
    worst: str
    ratio: float


@dataclass(frozen=True)
class Criterion:
    """What the sampling of the posterior used had to meet, and the worst over its stages."""

    label: str
    required: str
    found: str
    met: bool


@dataclass(frozen=True)
class JointRow:
    """One parameter: 5, 50 and 95 % quantiles of the posterior used, and of the joint one."""

    parameter: str
    label: str
    unit: str
    hypothesis: str | None
    used: Quantiles
    joint: Quantiles

    @property
    def apart(self) -> bool:
        """Whether the joint median lies outside the 90 % interval of the posterior used."""
        return not self.used[0] <= self.joint[1] <= self.used[2]


@dataclass(frozen=True)
class FitRecord:
    """The record of a fit; parts that it does not hold are empty.

    ``slow``: of each stage whose chains share a target, the quantities of the largest split R-hat. ``joint_coverage``:
    coverage under the joint posterior. ``trial``: whether the draws come from a quick fit, which is not for use.
    ``settled``: first and last kept draws of stage 2; ``twins``: its last draws and those of chains with the same
    targets begun elsewhere. None where the fit did not say.
    """

    coverage: tuple[FitRow, ...]
    stages: tuple[Stage, ...]
    convergence: tuple[Convergence, ...]
    slow: tuple[Slow, ...]
    joint: tuple[JointRow, ...]
    joint_coverage: tuple[FitRow, ...]
    trial: bool
    settled: Settled | None
    twins: Settled | None

    @property
    def pooled(self) -> float | None:
        """Share of all points inside their 90 % bands."""
        return _pooled(self.coverage, [r.inside for r in self.coverage])

    @property
    def pooled_left_out(self) -> float | None:
        """The same, each point predicted without itself."""
        known = [r for r in self.coverage if r.left_out is not None]
        return _pooled(known, [r.left_out or 0.0 for r in known])

    @property
    def contested(self) -> list[JointRow]:
        """The rows of parameters that belong to a hypothesis."""
        return [r for r in self.joint if r.hypothesis]


def fit_record(posterior: Posterior) -> FitRecord:
    """The record that a posterior carries."""
    written = posterior.report
    went = written.get("stages") or {}
    stages = tuple(_stage(name, went[name]) for name in STAGES if name in went)
    diagnosed = written.get("diagnostics") or {}
    compared = tuple(_convergence(k, v) for k, v in diagnosed.items())
    slow = tuple(Slow(k, *row) for k, v in diagnosed.items() for row in v["worst"])
    trial = bool(int(posterior.attributes.get("quick", 0)))
    coverage, joint_coverage = (_rows(written.get(k) or (), posterior) for k in ("coverage", "joint_coverage"))
    joint = _joint(posterior, written.get("joint") or {})
    paired = [_settled(written.get(k)) for k in ("settled", "twins")]
    return FitRecord(coverage, stages, compared, slow, joint, joint_coverage, trial, *paired)


def _pooled(rows: Iterable[FitRow], shares: list[float]) -> float | None:
    weights = [r.points for r in rows]
    return float(np.average(shares, weights=weights)) if weights else None


def _rows(written: Iterable[Mapping[str, Any]], posterior: Posterior) -> tuple[FitRow, ...]:
    misses = {name: [float(x) for x in np.median(parts, axis=1)] for name, parts in posterior.discrepancy.items()}
    return tuple(
        FitRow(
            r["series"],
            int(r["points"]),
            float(r["inside"]),
            r.get("as_few"),
            float(r["width"]),
            r.get("inside_left_out"),
            r.get("consistent"),
            r.get("unsure"),
            *misses.get(r["series"], (None, None)),
        )
        for r in written
    )


def _stage(name: str, went: Mapping[str, Any]) -> Stage:
    of = ("acceptance", "divergence_share", "stuck_chains", "begun_anew", "finer_share", "one_way_share")
    measured = (float(went.get(k, 0.0)) for k in of)
    placed = _divergences(went.get("divergences"))
    return Stage(name, STAGES[name], int(went["chains"]), int(went["transitions"]), *measured, placed)


def _divergences(found: Mapping[str, Any] | None) -> Divergences | None:
    if found is None:
        return None
    counts = [int(found[k]) for k in ("transitions", "chains", "quantities", "apart")]
    where = (str(found["where"][0][0]), float(found["where"][0][1])) if found["where"] else None
    return Divergences(*counts, DOUBT * found["quantities"], where)


def _convergence(name: str, found: Mapping[str, Any]) -> Convergence:
    return Convergence(
        name,
        int(found["quantities"]),
        int(found["passed"]),
        float(found["rhat_max"]),
        float(found["ess_bulk_min"]),
        float(found["ess_tail_min"]),
        str(found["worst"][0][0]),
    )


def _settled(found: Mapping[str, Any] | None) -> Settled | None:
    if found is None:
        return None
    quantities, (name, ratio, _) = int(found["quantities"]), found["worst"][0]
    return Settled(quantities, int(found["moved"]), int(found["spread"]), DOUBT * quantities, str(name), float(ratio))


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


def hashes(equations: str, fit: str, posterior: str) -> str:
    """What made a result, in words: both hashes of the model (forecasts carry the second) and that of the draws."""
    return f"model {equations} (equations alone), fit {fit} (with priors, data and likelihood), posterior {posterior}"


def criteria(record: FitRecord) -> list[Criterion]:
    """Whether the stages whose draws are used met what may be called converged; empty where the fit did not say."""
    went = [s.divergent for s in record.stages if s.id != "joint"]
    agreed = [c for c in record.convergence if c.id != "joint"]
    rows = []
    if agreed:
        rhat = max(c.rhat for c in agreed)
        bulk, tail = (min(getattr(c, k) for c in agreed) for k in ("bulk", "tail"))
        rows = [
            Criterion("Largest split R-hat", f"at most {RHAT_LIMIT}", f"{rhat:.3f}", rhat <= RHAT_LIMIT),
            Criterion("Fewest effective draws, bulk", f"at least {ESS_LIMIT}", significant(bulk), bulk >= ESS_LIMIT),
            Criterion("Fewest effective draws, tail", f"at least {ESS_LIMIT}", significant(tail), tail >= ESS_LIMIT),
        ]
    if went:
        worst = max(went)
        rows.append(
            Criterion(
                "Divergent transitions", f"under {share_percent(DIVERGENT)}", share_percent(worst), worst < DIVERGENT
            )
        )
    return rows


def convergence(record: FitRecord, draws: int) -> str:
    """How far the sampling can be trusted."""
    used = [s for s in record.stages if s.id != "joint"]
    if not used:
        return "This posterior does not say how its sampling went, so nothing can be said of its convergence."
    text = []
    if record.trial:
        text.append("The draws come from a quick trial of the fit: no number on this page is for use.")
    text.append(
        f"The posterior holds {draws} draws of the No-U-Turn sampler, in two stages: supply and what trials inform "
        "from data without deaths; then the rest from all data, each chain given one draw of the first stage."
    )
    stuck = max(s.stuck for s in used)
    text.append(
        f"At most {share_percent(stuck)} of the chains of a stage were stuck "
        "(they accepted fewer than one move in ten)."
        if stuck
        else "No chain was stuck."
    )
    if begun := max(s.begun_anew for s in used):
        text.append(
            f"{share_percent(begun)} of the chains of a stage, at most, hardly moved in a first sampling, in a corner "
            "that is narrow and holds little, and went on from where another chain was."
        )
    if finer := max(s.finer for s in used):
        text.append(
            f"Up to {share_percent(finer)} of the steps of a stage were made finer, because the energy changed too "
            f"much, and {share_percent(max(s.one_way for s in used))} of its transitions, at most, stopped before a "
            "step that would not have led back, so that draws are exact."
        )
    text.append(f"Divergent transitions: at most {share_percent(max(s.divergent for s in used))} of a stage.")
    text.extend(_placed(s, s.divergences) for s in used if s.divergences and s.divergences.transitions)
    if agreed := [c for c in record.convergence if c.id != "joint"]:
        rhat = max(c.rhat for c in agreed)
        fewest = min(min(c.bulk, c.tail) for c in agreed)
        passed, asked = (sum(getattr(c, k) for c in agreed) for k in ("passed", "quantities"))
        text.append(
            f"Where chains share a target, split R-hat is at most {rhat:.3f} and the effective number of draws at "
            f"least {significant(fewest)}; {passed} of {asked} quantities meet R-hat {RHAT_LIMIT} and {ESS_LIMIT} "
            "effective draws."
        )
    if joint := [c for c in record.convergence if c.id == "joint"]:
        text.append(
            f"The joint posterior, drawn beside them and not used, has a split R-hat of up to {joint[0].rhat:.2f}."
        )
    if s := record.settled:
        text.append(
            "Chains of stage 2 have a target each; between their first and last kept draws, at a level of "
            f"{share_percent(DOUBT)}, the mean of {s.moved} and the spread of {s.spread} of {s.quantities} quantities "
            f"changed ({s.expected:.1f} of each are expected by chance), most surely the spread of {s.worst}, by a "
            f"factor of {s.ratio:.2f}."
        )
    if s := record.twins:
        text.append(
            "Some draws of stage 1 were given to a second chain of stage 2, begun elsewhere; between the two the mean "
            f"of {s.moved} and the spread of {s.spread} of {s.quantities} quantities differ, most surely the spread "
            f"of {s.worst}, by a factor of {s.ratio:.2f}."
        )
    return " ".join(text)


def _placed(stage: Stage, found: Divergences) -> str:
    """Where the divergent transitions of a stage begin."""
    place = stage.label.split(":")[0].split(",")[0]
    most = f", most surely {found.where[0]}, by {found.where[1]:+.1f} sds" if found.where else ""
    return (
        f"In {place} {found.transitions} are placed, in {found.chains} of {stage.chains} chains; where they begin, "
        f"{found.apart} of {found.quantities} quantities lie apart from elsewhere at {share_percent(DOUBT)} "
        f"({found.expected:.1f} expected by chance){most}."
    )


def coverage_note(record: FitRecord) -> str:
    """What the coverage says, in words."""
    left_out = record.pooled_left_out
    if left_out is None:
        return ""
    doubtful = [r.series for r in record.coverage if r.consistent is False]
    short = [r for r in record.coverage if r.as_few is not None and r.inside < SHORT]
    text = (
        "A band made with a point's own help covers it too often, because parameters have moved towards it. "
        f"With each point left out, {share_percent(left_out)} of the points are inside their 90 % bands. "
    )
    text += (
        f"By an exact binomial test at 1 %, the count is not consistent with 90 % for: {', '.join(doubtful)}."
        if doubtful
        else "By an exact binomial test at 1 %, the count of every series is consistent with 90 %."
    )
    unsure = sum(r.unsure or 0 for r in record.coverage)
    if unsure:
        text += (
            f" For {unsure} of {sum(r.points for r in record.coverage)} points the prediction without them rests on "
            f"importance weights that are not to be trusted (Pareto shape over {SHAPE_LIMIT:g}): these are less "
            "surely checked."
        )
    if not short:
        return text
    told = "; ".join(
        f"{r.series} ({share_percent(r.inside)}, of series drawn from the model {share_percent(r.as_few or 0)} have as "
        "few)"
        for r in short
    )
    return f"{text} With the point's help and misses drawn anew, under {share_percent(SHORT)} are inside for: {told}."


def joint_note(record: FitRecord) -> str:
    """How the joint posterior compares with the one used, and why it is not the one used."""
    if not record.joint:
        return "The joint posterior, in which deaths also inform supply and trials, was not recorded with this fit."
    rows = record.contested
    apart = [r.label for r in rows if r.apart]
    text = (
        "In the joint posterior everything is informed by all data, so a fall in deaths may invent its own supply "
        "shock and move an effect that was measured in trials. "
    )
    text += (
        f"Its median lies outside the 90 % interval of the posterior used for {len(apart)} of {len(rows)} "
        f"strengths of the hypotheses: {'; '.join(apart)}."
        if apart
        else f"Its medians lie inside the 90 % intervals of the posterior used for all {len(rows)} strengths."
    )
    widths = {r.series: r.width for r in record.joint_coverage}
    mine = next((r for r in record.coverage if r.series == RECENT), None)
    if mine is None or RECENT not in widths:
        return text
    return (
        f"{text} Its band for deaths with synthetic opioids since 2018 is {share_percent(widths[RECENT])} of the "
        f"count wide, against {share_percent(mine.width)} here."
    )


def brief_fits(found: Sequence[Mapping[str, Any] | None]) -> Said:
    """How brief fits were sampled, at worst, where their results say so: a sentence that begins with a space."""
    known = [d for d in found if d and "rhat_max" in d]
    if not known:
        return Said("", "")
    rhat, fewest = max(d["rhat_max"] for d in known), min(min(d["ess_bulk_min"], d["ess_tail_min"]) for d in known)
    met = rhat <= RHAT_LIMIT and fewest >= ESS_LIMIT
    return Said(
        f" Their fits are brief and {'meet' if met else 'have not converged by'} the criteria above: split R-hat up to "
        f"{rhat:.2f}, at least {significant(fewest)} effective draws.",
        f" Sus ajustes son breves y {'cumplen' if met else 'no convergen según'} los criterios de arriba: R-hat de "
        f"hasta {rhat:.2f}, al menos {significant(fewest)} muestras efectivas.",
    )
