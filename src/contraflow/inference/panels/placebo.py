"""The rules by which a panel's estimate may or may not speak: placebo tests and proposals of priors.

Rules are fixed here, in code, so that no result can choose its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from contraflow.inference.panels.allocation import Estimate

#: A placebo term that differs from zero at this level fails the panel's design.
LEVEL = 0.05
#: A panel sets a prior only if it narrows its standard deviation by at least this share.
CONTRACTION = 0.20

Verdict = Literal["passes", "fails", "no power"]


@dataclass(frozen=True)
class Placebo:
    """Terms that should be zero, the chance of them being as large if they are, and what follows."""

    terms: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    p_value: float
    smallest_seen: float
    verdict: Verdict


def placebo(found: Estimate, terms: tuple[str, ...], size: float) -> Placebo:
    """Whether what should be zero is not (``fails``), is (``passes``), or could not be seen (``no power``).

    A Wald test of all terms together at ``LEVEL``, in an F distribution with the number of places. ``size`` is the
    effect of one unit that the panel is asked about: where a placebo of that size would be missed half of the time
    or more, a test that finds nothing says nothing.
    """
    mean, covariance = found.together(np.array([[n == t for n in found.names] for t in terms], dtype=float))
    statistic = float(mean @ np.linalg.solve(covariance, mean)) / len(terms)
    p_value = float(stats.f.sf(statistic, len(terms), found.places - 1))
    sd = np.sqrt(np.diag(covariance))
    smallest = float(stats.t.ppf(1 - LEVEL / 2, found.places - 1) * sd.min())
    verdict: Verdict = "fails" if p_value < LEVEL else "passes" if smallest <= abs(size) else "no power"
    return Placebo(terms, tuple(map(float, mean)), tuple(map(float, sd)), p_value, smallest, verdict)


def allowance(mean: float, sd: float) -> float:
    """Standard deviation allowed for bias: the size of what should be zero, and its own error, together.

    A placebo that could not see much leaves a large allowance, so that a test without power is never a licence.
    """
    return float(np.hypot(mean, sd))


def adopts(contraction: float, verdicts: tuple[Verdict, ...]) -> tuple[bool, str]:
    """Whether a panel may set a prior that it narrows by ``contraction``, and the reason in words."""
    percent = f"narrows the prior by {100 * contraction:.0f} %"
    if "fails" in verdicts:
        return False, f"{percent}, but its placebo fails: the prior stays"
    if contraction < CONTRACTION:
        return False, f"{percent}, less than {100 * CONTRACTION:.0f} %: the prior stays"
    return True, f"{percent} with an allowance for bias, and its placebo does not fail"
