"""The numbers of a study: effects over two windows, and what data taught.

Nothing here draws or writes; ``figures`` and ``study`` do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from contraflow import evidence
from contraflow.analysis.assumptions import SUPPLY_FREEZE, freeze_latent
from contraflow.analysis.decomposition import Decomposition, Share
from contraflow.analysis.runs import Comparison, Effect, quantile_table
from contraflow.analysis.support import Driver, Learned, Support, assumed, undecided
from contraflow.evidence import Series
from contraflow.inference import priors
from contraflow.inference.posterior import Posterior
from contraflow.report.columns import CIVILIANS, HEADLINES
from contraflow.report.wording import Verdict, verdict
from contraflow.system.calendar import DATA_END
from contraflow.system.hypotheses import HYPOTHESES, Hypothesis

#: End of the window of headlines; what comes later is beyond the evidence.
EVIDENCE_END = 2031.0
LAST_YEAR = int(EVIDENCE_END) - 1
FROM_ASSUMPTION = "follows from assumption"
#: Drivers of an effect that are shown.
SHOWN = 4
#: Strengths that are log effects (of one unit of what acts) or ratios to their null, so that "above 1 %" has a meaning.
LOG_EFFECTS = ("treatment_mortality", "site_effect", "compensation", "deterrence")
RATIOS = ("risk_ratio",)


def counted(series: Series, year: int) -> float | None:
    """What a series has for a whole calendar year; None where it has no such row."""
    return next((r.value for r in series.rows if (r.start, r.end) == (year, year + 1)), None)


@dataclass(frozen=True)
class Finding:
    """A policy's effect on one outcome over one window, with its verdict."""

    scenario: str
    outcome: str
    start: float
    end: float
    effect: Effect
    relative: Mapping[str, float]
    p_one_percent: float
    verdict: Verdict

    @property
    def support(self) -> Support:
        """What the effect rests on."""
        return self.effect.support

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """The few parameters that move it most."""
        return self.support.drivers[:SHOWN]


def findings(
    comparison: Comparison, end: float, start: float | None = None, outcomes: Sequence[str] = HEADLINES
) -> dict[str, Finding]:
    """Findings by outcome for the window from ``start`` (the first lever by default) to ``end``."""
    windowed = replace(comparison, window=(start or comparison.window[0], end))
    table = {}
    for name in outcomes:
        relative = windowed.difference(name) / comparison.baseline.window(name, *windowed.window)
        effect, spread = windowed.effect(name), quantile_table(relative)
        table[name] = Finding(
            comparison.scenario.id,
            name,
            *windowed.window,
            effect,
            spread,
            float(np.mean(np.abs(relative) > 0.01)),
            verdict(effect.p_reduction, spread, effect.support.from_assumption),
        )
    return table


@dataclass(frozen=True)
class LearnedRow:
    """One parameter: its prior and posterior 90 % intervals, and the contraction between them."""

    parameter: str
    label: str
    unit: str
    hypothesis: str | None
    grade: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    contraction: float

    @property
    def outside(self) -> bool:
        """Whether its posterior median lies outside the 90 % interval of its prior."""
        return not self.prior[0] <= self.posterior[1] <= self.prior[2]

    @property
    def assumed(self) -> bool:
        """Whether data have not told it."""
        return assumed(self.parameter, self.contraction)


def learned_table(posterior: Posterior) -> list[LearnedRow]:
    """Every uncertain parameter, the least learned first."""
    known = evidence.load().parameters
    values, learned = posterior.parameters(), Learned(posterior).contraction
    rows = []
    for name in values:
        if known[name].prior.is_fixed or name not in learned:
            continue
        p = known[name]
        before = tuple(float(x) for x in np.asarray(priors.value(p.prior, np.array([-1.6449, 0.0, 1.6449]))))
        after = tuple(float(x) for x in np.quantile(values[name], [0.05, 0.5, 0.95]))
        rows.append(LearnedRow(name, p.label.en, p.unit, p.hypothesis, str(p.grade), before, after, learned[name]))
    return sorted(rows, key=lambda r: r.contraction)


def civilian_deaths(comparison: Comparison, end: float) -> dict[str, float] | None:
    """Quantiles of civilians killed by foreign force from the first lever to ``end``; None where none is used.

    Always from assumption: precedents elsewhere set them, and no Mexican series informs them.
    """
    killed = comparison.policy.window(CIVILIANS, comparison.window[0], end)
    return quantile_table(killed) if killed.any() else None


@dataclass(frozen=True)
class HypothesisRow:
    """One strength of a contested mechanism, and what is known of it.

    ``posterior``: 5, 50 and 95 % quantiles. ``p_above``: P(strength above the null), None where there is no null or it
    lies at the edge of the prior. ``p_one_percent``: P(|effect| > 1 %), for log effects and ratios. ``bayes_factor``:
    evidence against the null. ``contraction``: None for a path in time. ``first_stage``: whether the first stage of the
    fit alone can move it, which sees no deaths.
    """

    hypothesis: str
    label: str
    statement: str
    parameter: str
    parameter_label: str
    unit: str
    null: float | None
    posterior: tuple[float, float, float]
    p_above: float | None
    p_one_percent: float | None
    bayes_factor: float | None
    contraction: float | None
    first_stage: bool

    @property
    def verdict(self) -> str:
        """What may be concluded: from the data, or from assumption."""
        if self.contraction is None:
            return "from supply data"
        if undecided(self.parameter, self.contraction, self.bayes_factor):
            return FROM_ASSUMPTION
        if self.bayes_factor is None:
            return f"size informed by data, {'no null' if self.null is None else 'null at the edge of its prior'}"
        return "data speak against the null" if self.bayes_factor > 1 else "data speak for the null"


def hypothesis_table(posterior: Posterior) -> list[HypothesisRow]:
    """Every strength of every hypothesis, in the order of the hypotheses."""
    values = posterior.parameters()
    rows = []
    for h in HYPOTHESES.values():
        if h.strength == "latent":
            rows.append(_shock_row(h, posterior))
        rows += [_strength_row(h, n, null, posterior, values[n]) for n, null in h.parameters.items()]
    return rows


def _strength_row(
    h: Hypothesis, name: str, null: float | None, posterior: Posterior, values: np.ndarray
) -> HypothesisRow:
    p = evidence.load().parameters[name]
    factor = None if null is None else posterior.bayes_factor(name, null)
    above = float(np.mean(values > null)) if null is not None and factor is not None else None
    effect = np.expm1(values) if name in LOG_EFFECTS else values / null - 1 if name in RATIOS and null else None
    large = None if effect is None else float(np.mean(np.abs(effect) > 0.01))
    return HypothesisRow(
        h.id, h.label.en, h.statement.en, name, p.label.en, p.unit, null, _three(values), above, large, factor,
        posterior.contraction(name), p.block == "trials",
    )  # fmt: skip


def _shock_row(h: Hypothesis, posterior: Posterior) -> HypothesisRow:
    """The supply shock: what the shocks since mid-2023 add up to by the end of the data, in logs."""
    at = np.array([DATA_END])
    frozen = freeze_latent(posterior, "supply_surge", SUPPLY_FREEZE)
    size = (posterior.latents(at)["supply_surge"] - frozen.latents(at)["supply_surge"])[0]
    large = float(np.mean(np.abs(np.expm1(size)) > 0.01))
    label = "Shocks to supply since mid-2023, summed at the end of 2024, log"
    return HypothesisRow(
        h.id, h.label.en, h.statement.en, "supply_surge", label, "1", 0.0, _three(size), float(np.mean(size > 0)),
        large, None, None, False,
    )  # fmt: skip


def _three(x: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


Standing = Literal["first", "present", "undecided"]


def leading_cause(decomposition: Decomposition) -> tuple[Share, Standing]:
    """The cause to name first in explaining the fall, and how much may be said of it.

    "first": its 90 % interval lies above those of all others; "present": above zero, as that of no cause with a larger
    median; "undecided": no interval lies above zero, and the cause has the largest median.
    """
    present = [c for c in decomposition.causes if c.share["q05"] > 0]
    lead = max(present or decomposition.causes, key=lambda c: c.share["median"])
    if not present:
        return lead, "undecided"
    return lead, "first" if all(c is lead or c.share["q95"] < lead.share["q05"] for c in decomposition.causes) else (
        "present"
    )  # fmt: skip
