"""How far draws of several chains can be trusted: split R-hat and effective sample sizes, by ArviZ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: What is asked of every quantity: Vehtari and others, Bayesian Analysis 16 (2021).
RHAT_LIMIT, ESS_LIMIT = 1.01, 400


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
