"""Conservation: whether everything that leaves one account arrives in another.

The check uses trajectories only, never the assembler's own bookkeeping, so that a leak in either is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contraflow.engine.model import Model
from contraflow.engine.simulate import Trajectory
from contraflow.engine.variables import ModelError

UNNAMED = "unnamed"


def needed(model: Model) -> list[str]:
    """Variables that a trajectory must record for ``closure``: every stock and every flow."""
    return [v.name for v in model.of_kind("stock", "flow")]


def closure(model: Model, trajectory: Trajectory) -> dict[str, float]:
    """Largest relative error of each ledger: stock gained against what crossed its boundaries, by draw and date.

    The scale is the largest amount that the ledger ever held or moved, so that an empty ledger reads as closed.
    """
    return {name: _error(model, trajectory, name) for name in ledger_names(model)}


def ledger_names(model: Model) -> list[str]:
    """The ledgers that the model's accounts belong to; stocks that name none form one together, ``UNNAMED``."""
    return sorted({v.ledger or UNNAMED for v in model.of_kind("stock", "boundary")})


def _total(value: Any) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    summed: np.ndarray = array.reshape(array.shape[0], -1, array.shape[-1]).sum(axis=1)
    return summed


def _error(model: Model, trajectory: Trajectory, ledger: str) -> float:
    values: Mapping[str, Any] = trajectory.values
    missing = [n for n in needed(model) if n not in values]
    if missing:
        raise ModelError(f"closure needs {missing[0]} recorded; record ledgers.needed(model)")
    stocks = [v for v in model.of_kind("stock") if (v.ledger or UNNAMED) == ledger]
    outside = {v.name for v in model.of_kind("boundary") if v.ledger == ledger}
    if not stocks:
        return 0.0
    start = sum(_total(values[v.name]) for v in stocks)
    last = sum(_total(np.asarray(trajectory.final[v.name])[None]) for v in stocks)
    held = np.concatenate([start, last])
    crossed = np.zeros_like(start)
    scale = np.abs(held).max(axis=0)
    for f in model.of_kind("flow"):
        into = float(f.source in outside) - float(f.destination in outside)
        if into:
            amount = _total(values[f.name]) / trajectory.grid.per_year
            crossed = crossed + into * amount
            scale = scale + np.abs(amount).sum(axis=0)
    gained = held[1:] - held[0]
    return float(np.max(np.abs(gained - np.cumsum(crossed, axis=0)) / np.maximum(scale, 1e-300)))
