"""Contestants, and their times: outputs compared first, then alternating rounds of CPU time on one core."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

Outputs = Mapping[str, np.ndarray]


class RefusedError(Exception):
    """A contestant that is not timed, and why."""


@dataclass(frozen=True)
class Contestant:
    """One way to do the work. ``trajectories`` is how much of it one call does, in whole trajectories.

    ``check`` names the outputs that its own must equal, within ``tolerance`` of each variable's size.
    """

    name: str
    call: Callable[[], Any]
    trajectories: float
    check: str = "midpoint"
    tolerance: float = 1e-8


def difference(outputs: Outputs, expected: Outputs) -> float:
    """Largest difference from the expected, by the variable's largest size; what was not run is left out.

    Beside variables many orders larger, one counts as no smaller than what rounding leaves of those.
    """
    worst = 0.0
    least = 1e-12 * max((float(np.abs(v).max()) for v in expected.values()), default=0.0)
    for name, wanted in expected.items():
        found = np.asarray(outputs[name], dtype=float)
        found = found.reshape(found.shape[0], -1, found.shape[-1])
        wanted = wanted.reshape(wanted.shape[0], -1, wanted.shape[-1])[: found.shape[0], :, : found.shape[-1]]
        if not np.isfinite(found).all() or found.shape != wanted.shape:
            return float("inf")
        worst = max(worst, float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), least, 1e-300)))
    return worst


def admitted(contestant: Contestant, expected: Mapping[str, Outputs]) -> float:
    """How far a contestant's outputs are from those expected. Raises ``RefusedError`` where that is too far."""
    try:
        found = difference(contestant.call(), expected[contestant.check])
    except Exception as error:  # a rival may fail in any way of its own
        raise RefusedError(f"it fails: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
    if not found <= contestant.tolerance:
        raise RefusedError(f"its outputs differ by {found:.1e}, more than {contestant.tolerance:.0e}")
    return found


def cpu_seconds(contestants: Sequence[Contestant], rounds: int, budget: float) -> dict[str, float]:
    """Least CPU time of a trajectory for each, over rounds in which each runs once.

    One that has used up its ``budget`` (seconds) in two rounds or more leaves the rest to the others.
    """
    best: dict[str, float] = {}
    spent = dict.fromkeys((c.name for c in contestants), 0.0)
    for turn in range(rounds):
        for c in contestants:
            if turn >= 2 and spent[c.name] > budget:
                continue
            begin = time.process_time()
            c.call()
            used = time.process_time() - begin
            spent[c.name] += used
            best[c.name] = min(best.get(c.name, np.inf), used / c.trajectories)
    return best


@contextmanager
def one_core() -> Iterator[bool]:
    """All threads of this process on one core; yields whether the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    _pin({max(before)})
    try:
        yield True
    finally:
        _pin(before)


def _pin(cores: set[int]) -> None:
    for thread in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(thread), cores)
        except OSError:  # it ended in between
            continue
