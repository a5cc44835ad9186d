"""How far draws of several chains can be trusted: agreement, settling, and where transitions diverge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

#: What is asked of every quantity: Vehtari and others, Bayesian Analysis 16 (2021).
RHAT_LIMIT, ESS_LIMIT = 1.01, 400
#: Level of the tests of whether chains have settled.
DOUBT = 0.01


def diagnose(draws: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Rank-normalised split R-hat and bulk and tail effective sizes of draws (kept, quantities, chains).

    The chains must share one target. Returns the worst values, which quantity has the worst R-hat, how many quantities
    there are and how many of them pass every limit, and a row (name, R-hat, bulk, tail) for each of the ten worst.
    """
    import arviz  # an extra that only a fit needs

    data = arviz.convert_to_dataset({"y": np.transpose(draws, (2, 0, 1))})
    rhat = arviz.rhat(data)["y"].values
    bulk, tail = (arviz.ess(data, method=m)["y"].values for m in ("bulk", "tail"))
    passed = (rhat <= RHAT_LIMIT) & (bulk >= ESS_LIMIT) & (tail >= ESS_LIMIT)
    worst = np.argsort(-rhat)[:10]
    return {
        "quantities": len(names),
        "passed": int(passed.sum()),
        "rhat_max": float(rhat.max()),
        "ess_bulk_min": float(bulk.min()),
        "ess_bulk_median": float(np.median(bulk)),
        "ess_tail_min": float(tail.min()),
        "worst": [[names[k], float(rhat[k]), float(bulk[k]), float(tail[k])] for k in worst],
    }


def settled(draws: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Whether chains with a target each have settled: draws (kept, quantities, chains), two kept ones at least.

    Such chains cannot be compared with each other. But each kept draw, over all chains, is a sample of one mixture, so
    the first and the last must agree: in mean by a paired t test, in spread by the test of Pitman and Morgan
    (Biometrika 31, 1939). Returns how many quantities there are, how many of them ``moved`` and how many ``spread``
    (or narrowed) at a level of ``DOUBT``, which is also the share expected by chance; the quantiles of the ratio of
    sds, last to first; and a row (name, ratio of sds, shift of the mean in sds) for each of the five that spread most
    surely.
    """
    first, last = draws[0], draws[-1]
    moved = stats.ttest_rel(last, first, axis=1).pvalue
    spread = np.array([stats.pearsonr(b + a, b - a).pvalue for a, b in zip(first, last, strict=True)])
    sd = first.std(axis=1), last.std(axis=1)
    ratio, shift = sd[1] / sd[0], (last.mean(axis=1) - first.mean(axis=1)) / sd[1]
    return {
        "quantities": len(names),
        "moved": int((moved < DOUBT).sum()),
        "spread": int((spread < DOUBT).sum()),
        "ratio": [float(q) for q in np.quantile(ratio, [0.05, 0.5, 0.95])],
        "worst": [[names[k], float(ratio[k]), float(shift[k])] for k in np.argsort(spread)[:5]],
    }


def divergences(draws: np.ndarray, divergent: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Where transitions diverge: draws (kept, quantities, chains), and how many (kept, chains) led to each draw.

    A divergent transition is placed at the draw kept before it. Returns how many ``transitions`` are placed, in how
    many ``chains``, and the share of the chain with most; of ``quantities``, how many lie ``apart`` there (their mean
    differs from that of all draws by a t test at a level of ``DOUBT``, which is also the share expected by chance);
    and a row (name, distance of the means in sds) for each of the five that lie apart most surely.
    """
    later = divergent[1:]
    by_chain = later.sum(axis=0)
    kept, chain = np.nonzero(later)
    centre, sd = draws.mean(axis=(0, 2)), draws.std(axis=(0, 2))
    at = (draws[kept, :, chain] - centre) / sd
    chance = stats.ttest_1samp(at, 0.0).pvalue if len(at) > 2 else np.ones(len(names))
    surest = [k for k in np.argsort(chance)[:5] if chance[k] < DOUBT]
    return {
        "transitions": int(by_chain.sum()),
        "chains": int((by_chain > 0).sum()),
        "most": float(by_chain.max() / max(by_chain.sum(), 1)),
        "quantities": len(names),
        "apart": int((chance < DOUBT).sum()),
        "where": [[names[k], float(at[:, k].mean())] for k in surest],
    }


def worst(report: Mapping[str, Any]) -> dict[str, float] | None:
    """The worst over the stages of a fit whose draws are used, from its report; None where it does not say.

    Chains of the last stage have targets of their own and are compared in its check, if at all.
    """
    compared = [d for stage, d in (report.get("diagnostics") or {}).items() if stage != "joint"]
    went = [s for stage, s in (report.get("stages") or {}).items() if stage != "joint"]
    if not compared:
        return None
    return {
        "rhat_max": max(d["rhat_max"] for d in compared),
        "ess_bulk_min": min(d["ess_bulk_min"] for d in compared),
        "ess_tail_min": min(d["ess_tail_min"] for d in compared),
        "divergence_share": max(s["divergence_share"] for s in went),
    }
