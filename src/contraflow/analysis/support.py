"""What an effect rests on: data, published effects, or assumptions; and when it is said to follow from assumption.

The rule. An effect follows from assumption where

1. an extension of the model drives it; or
2. of its variance over draws that parameters explain (a regression on ranks, over all parameters that can reach the
   outcome, where it explains a tenth or more), more than half belongs to assumed parameters: their variance was
   narrowed by less than 20 %, or the evidence base names no data that could tell them; or
3. a hypothesis that data do not bear out (its strength is assumed, or has a Bayes factor between 1/3 and 3), switched
   to its null on both sides of the comparison with all else as drawn, takes away more than half of the effect.

What no data can tell is narrowed all the same where a judgement is fitted like a count, or where two trends run
together: that is no support.

The second asks where the width comes from, the third where the size does: a narrow prior may carry all of an effect and
none of its spread.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from contraflow import evidence
from contraflow.inference.posterior import Posterior
from contraflow.system.hypotheses import HYPOTHESES, Hypothesis

#: Contraction (of the variance), and Bayes factor against the null, below which a conclusion follows from assumption.
LITTLE_LEARNED, WEAK_EVIDENCE = 0.2, 3.0
#: Share of an effect's explained variance, or of its size, from which it rests on something.
MOST = 0.5
#: Explained share of variance below which a regression says nothing of where an effect comes from.
TELLING = 0.1
#: The grade of assumptions.
ASSUMED = "E"
#: Most parameters that a regression takes in; the rank correlation below which one hardly moves an effect; and how
#: often a regression may take one in by chance.
ENOUGH, SLIGHT, CHANCE = 12, 0.15, 0.05

Origin = Literal["data", "published", "assumption"]


@dataclass(frozen=True)
class Driver:
    """A parameter that moves an effect over draws.

    Attributes:
        parameter: its id.
        correlation: rank correlation with the effect.
        share: part of the effect's variance in ranks, from the regression on all drivers.
        contraction: how much data narrowed its variance.
        grade: worst grade of its sources.
    """

    parameter: str
    correlation: float
    share: float
    contraction: float
    grade: str

    @property
    def assumed(self) -> bool:
        """Whether data have not told it."""
        return assumed(self.parameter, self.contraction)

    @property
    def origin(self) -> Origin:
        """Where what is known of it comes from; a prior in part assumed counts as assumption."""
        if not self.assumed:
            return "data"
        return "assumption" if self.grade == ASSUMED else "published"


@dataclass(frozen=True)
class Removed:
    """A hypothesis without support in the data, and the share of an effect that goes when it is switched to null."""

    hypothesis: str
    removes: float


@dataclass(frozen=True)
class Support:
    """What an effect rests on.

    Attributes:
        explained: share of its variance in ranks that the drivers explain.
        drivers: the parameters that move it, the strongest first.
        removed: the unsupported hypothesis that carries most of its size; None where none was tried.
        extensions: extensions that are on, all of them assumptions.
    """

    explained: float
    drivers: tuple[Driver, ...]
    removed: Removed | None
    extensions: tuple[str, ...]

    def share(self, origin: Origin) -> float | None:
        """Part of the explained variance with this origin; None where too little is explained."""
        if self.explained < TELLING:
            return None
        return float(np.clip(sum(d.share for d in self.drivers if d.origin == origin) / self.explained, 0.0, 1.0))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it follows from assumption, in words; empty where it does not."""
        told = [f"extension {name}" for name in self.extensions]
        taught = self.share("data")
        if taught is not None and 1 - taught > MOST:
            told.append(f"{100 * (1 - taught):.0f} % of what explains it was not informed by data")
        if self.removed and self.removed.removes > MOST:
            told.append(f"rests on the hypothesis {self.removed.hypothesis}, for or against which data do not speak")
        return tuple(told)

    @property
    def from_assumption(self) -> bool:
        """Whether it follows from assumption."""
        return bool(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "from_assumption": self.from_assumption,
            "why": list(self.reasons),
            "explained": self.explained,
            "origins": {origin: self.share(origin) for origin in ("data", "published", "assumption")},
            "drivers": [{**asdict(d), "origin": d.origin} for d in self.drivers],
            "hypothesis": asdict(self.removed) if self.removed else None,
        }


@dataclass(frozen=True, eq=False)
class Learned:
    """What the data taught: of the whole posterior, not of a few of its draws."""

    posterior: Posterior

    @cached_property
    def contraction(self) -> Mapping[str, float]:
        """How much data narrowed each uncertain parameter."""
        return {n: self.posterior.contraction(n) for n in self.posterior.coordinates}

    def bears_out(self, hypothesis: Hypothesis) -> bool:
        """Whether data speak for or against the null of any strength of a hypothesis."""
        return any(
            not undecided(n, self.contraction[n], self.posterior.bayes_factor(n, null))
            for n, null in hypothesis.parameters.items()
            if null is not None and n in self.contraction
        )

    @cached_property
    def unsupported(self) -> tuple[Hypothesis, ...]:
        """Hypotheses that can be off and that data do not bear out; those that are paths in time are not among them."""
        return tuple(
            h for h in HYPOTHESES.values() if h.can_be_off and h.strength != "latent" and not self.bears_out(h)
        )


def assumed(parameter: str, contraction: float) -> bool:
    """Whether data have not told a parameter: they hardly narrowed it, or none that could tell it are in the fit."""
    return contraction < LITTLE_LEARNED or evidence.load().parameters[parameter].identified_by == ("none",)


def undecided(parameter: str, contraction: float, factor: float | None) -> bool:
    """Whether a strength follows from assumption: data have not told it, or its Bayes factor says little.

    Where the null lies at the edge of the prior there is no factor, and the first alone decides.
    """
    if assumed(parameter, contraction):
        return True
    return factor is not None and 1 / WEAK_EVIDENCE < factor < WEAK_EVIDENCE


def support(
    relative: np.ndarray,
    posterior: Posterior,
    reaching: frozenset[str],
    contraction: Mapping[str, float],
    knocked: Mapping[str, tuple[np.ndarray, np.ndarray]],
    extensions: Sequence[str] = (),
) -> Support:
    """What an effect rests on.

    Args:
        relative: the effect of each draw, as a share of the baseline.
        posterior: the same draws.
        reaching: parameters that can reach the outcome at all.
        contraction: of each parameter.
        knocked: hypothesis → the effect of some draws with it as drawn, and with it at its null.
        extensions: extensions that are on.
    """
    explained, drivers = _drivers(relative, posterior, reaching, contraction)
    removed = [Removed(h, _removes(*pair)) for h, pair in knocked.items()]
    most = max(removed, key=lambda r: r.removes, default=None)
    return Support(explained, drivers, most, tuple(extensions))


def _removes(as_drawn: np.ndarray, at_null: np.ndarray) -> float:
    """Share of an effect's size over draws that is gone at the null; above 1 where the effect turns."""
    size = float(np.abs(as_drawn).sum())
    return float((np.sign(as_drawn) * (as_drawn - at_null)).sum() / size) if size > 0 else 0.0


def _drivers(
    relative: np.ndarray, posterior: Posterior, reaching: frozenset[str], contraction: Mapping[str, float]
) -> tuple[float, tuple[Driver, ...]]:
    """Share of variance in ranks that parameters explain, and each one's part, by forward selection.

    The parameter most correlated with what is left enters until none stands out from chance, a bound for all of them
    at once (Bonferroni). Parts are coefficient times correlation, which add up to the share explained even where
    parameters are correlated.
    """
    known_ranks, distinct = _ranks(posterior)
    names = [n for n in known_ranks if n in reaching]
    if np.ptp(relative) < 1e-12 or not names:
        return 0.0, ()
    chance = max(SLIGHT, NormalDist().inv_cdf(1 - CHANCE / 2 / len(names)) / np.sqrt(distinct))
    ranks = np.stack([known_ranks[n] for n in names], axis=1)
    own = _standard(relative)
    plain = ranks.T @ own / len(own)
    taken: list[int] = []
    left, slopes = own, np.zeros(0)
    while len(taken) < ENOUGH:
        together = np.abs(ranks.T @ left) / len(own) / left.std()
        together[taken] = 0.0
        best = int(np.argmax(together))
        if together[best] < chance:
            break
        taken.append(best)
        slopes = np.linalg.lstsq(ranks[:, taken], own, rcond=None)[0]
        left = own - ranks[:, taken] @ slopes
        if left.std() < 1e-6:
            break
    known = evidence.load().parameters
    found = [
        Driver(names[j], float(plain[j]), float(b * plain[j]), contraction[names[j]], str(known[names[j]].grade))
        for j, b in zip(taken, slopes, strict=True)
    ]
    return sum(d.share for d in found), tuple(sorted(found, key=lambda d: -d.share))


@functools.lru_cache(maxsize=4)
def _ranks(posterior: Posterior) -> tuple[dict[str, np.ndarray], int]:
    """Standardised ranks (draws,) of every parameter that varies, and how many draws of the first stage are in them."""
    varying = {n: y for n, y in posterior.coordinates.items() if np.ptp(y) > 0}
    return {n: _standard(y) for n, y in varying.items()}, int(posterior.lineage.max()) + 1


def _standard(x: np.ndarray) -> np.ndarray:
    _, place, tied = np.unique(x, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(tied) - (tied - 1) / 2)[place]  # ties share the mean of their ranks
    return np.asarray((ranks - ranks.mean()) / ranks.std())
