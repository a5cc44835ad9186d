"""Conservation: whether everything that leaves one account arrives in another.

The check uses trajectories only, never the assembler's own bookkeeping, so that a leak in either is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contraflow.engine.axes import Axis
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
    closed: dict[str, float] = {}
    for name in ledger_names(model):
        axis = _conserved_axis(model, name)
        if axis is None:
            closed[name] = _error(model, trajectory, name)
        else:
            closed |= {f"{name}: {label}": _error(model, trajectory, name, axis, label) for label in axis.labels}
    return closed


def _conserved_axis(model: Model, ledger: str) -> Axis | None:
    """The axis by whose labels a ledger closes: one marked as conserved that all of its stocks carry."""
    stocks = [v for v in model.of_kind("stock") if (v.ledger or UNNAMED) == ledger]
    shared = set.intersection(*(set(v.dims) for v in stocks)) if stocks else set()
    return next((axis for axis in model.axes.values() if axis.conserved and axis.name in shared), None)


def ledger_names(model: Model) -> list[str]:
    """The ledgers that the model's accounts belong to; stocks that name none form one together, ``UNNAMED``."""
    return sorted({v.ledger or UNNAMED for v in model.of_kind("stock", "boundary")})


def _total(value: Any, axis: Axis | None, label: str) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if axis is not None:
        array = np.take(array, [axis.labels.index(label)], axis=axis.place)
    summed: np.ndarray = array.reshape(array.shape[0], -1, array.shape[-1]).sum(axis=1)
    return summed


def _error(model: Model, trajectory: Trajectory, ledger: str, axis: Axis | None = None, label: str = "") -> float:
    values: Mapping[str, Any] = trajectory.values
    missing = [n for n in needed(model) if n not in values]
    if missing:
        raise ModelError(f"closure needs {missing[0]} recorded; record ledgers.needed(model)")
    stocks = [v for v in model.of_kind("stock") if (v.ledger or UNNAMED) == ledger]
    outside = {v.name for v in model.of_kind("boundary") if v.ledger == ledger}
    if not stocks:
        return 0.0
    start = sum(_total(values[v.name], axis, label) for v in stocks)
    last = sum(_total(np.asarray(trajectory.final[v.name])[None], axis, label) for v in stocks)
    held = np.concatenate([start, last])
    crossed = np.zeros_like(start)
    scale = np.abs(held).max(axis=0)
    for f in model.of_kind("flow"):
        into = float(f.source in outside) - float(f.destination in outside)
        if into:
            amount = _total(values[f.name], axis, label) / trajectory.grid.per_year
            crossed = crossed + into * amount
            scale = scale + np.abs(amount).sum(axis=0)
    gained = held[1:] - held[0]
    return float(np.max(np.abs(gained - np.cumsum(crossed, axis=0)) / np.maximum(scale, 1e-300)))
