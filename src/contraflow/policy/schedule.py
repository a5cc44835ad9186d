"""Schedules: how the value of a lever moves in time.

Arithmetic only. Words such as `high` are resolved to numbers before a schedule is made, and ranges are checked there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Two points in time closer than this, in years (half a minute), are the same.
_SAME_TIME = 1e-6


@dataclass(frozen=True)
class Absolute:
    """A fixed value, in the unit of the lever; `level` is the word it was written with, if any."""

    value: float
    level: str | None = None


@dataclass(frozen=True)
class Factor:
    """A multiple of what the baseline has at the same time: `x2`. The factor 1 is the baseline itself."""

    value: float


@dataclass(frozen=True)
class Addition:
    """A difference from what the baseline has at the same time, in the unit of the lever: `+10`, `-10`."""

    value: float


Target = Absolute | Factor | Addition


@dataclass(frozen=True)
class Step:
    """A move to `target` that begins at `date` (decimal year)."""

    date: float
    target: Target


@dataclass(frozen=True)
class Schedule:
    """The steps of one lever, in order of date.

    Attributes:
        steps: at most one for each date; sorted when the schedule is made.
        ramp_months: months that every step takes, in a straight line, from the value then in force to its target.
    """

    steps: tuple[Step, ...]
    ramp_months: float

    def __post_init__(self) -> None:
        steps = tuple(sorted(self.steps, key=lambda step: step.date))
        for before, after in zip(steps, steps[1:], strict=False):
            if after.date - before.date < _SAME_TIME:
                raise ValueError(f"two steps at the same date, {after.date:g}")
        if not (np.isfinite(self.ramp_months) and self.ramp_months >= 0):
            raise ValueError(f"a ramp of {self.ramp_months:g} months is not possible")
        object.__setattr__(self, "steps", steps)

    @property
    def first_date(self) -> float | None:
        """Date of the first step in decimal years; None without steps."""
        return self.steps[0].date if self.steps else None

    def values(self, times: ArrayLike, baseline: ArrayLike) -> NDArray[np.float64]:
        """The lever in time: the baseline, exactly, before the first step, and the steps from there on.

        A step that begins before the last one is complete starts from the value then in force. Every value is
        share * baseline + amount, and a ramp moves both in a straight line, so that a target relative to the
        baseline follows a baseline that moves, and `x1` or `+0` are the baseline exactly.

        Args:
            times: decimal years, shape (time,).
            baseline: value of the lever without the policy, shape (time,) or (..., time), or a single number.

        Returns:
            Values in the unit of the lever, shape of `baseline` (of `times` where `baseline` is one number).

        Raises:
            ValueError: the last axis of `baseline` is not as long as `times`.
        """
        times = np.asarray(times, dtype=np.float64)
        baseline = np.asarray(baseline, dtype=np.float64)
        if baseline.ndim == 0:
            baseline = np.broadcast_to(baseline, times.shape)
        if baseline.shape[-1:] != times.shape:
            raise ValueError(f"the baseline has {baseline.shape[-1]} values in time, but there are {times.size} times")
        share, amount = self._relation(times)
        return share * baseline + amount

    def _relation(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of the baseline in force at `times`, and the amount added to it."""
        share, amount = np.ones_like(times), np.zeros_like(times)
        share_then, amount_then = 1.0, 0.0
        for step, next_step in zip(self.steps, (*self.steps[1:], None), strict=False):
            has_begun = times >= step.date - _SAME_TIME
            share_after, amount_after = self._moved(step, share_then, amount_then, times)
            share, amount = np.where(has_begun, share_after, share), np.where(has_begun, amount_after, amount)
            if next_step is not None:
                at_next = self._moved(step, share_then, amount_then, np.array(next_step.date))
                share_then, amount_then = float(at_next[0]), float(at_next[1])
        return share, amount

    def _moved(
        self, step: Step, share: float, amount: float, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share and amount at `times` after `step` began from `share` and `amount`."""
        target_share, target_amount = _relation_of(step.target)
        if self.ramp_months == 0:
            done = np.ones_like(times)
        else:
            done = np.clip((times - step.date) * 12 / self.ramp_months, 0.0, 1.0)
        complete = done > 1 - _SAME_TIME
        return (
            np.where(complete, target_share, share + done * (target_share - share)),
            np.where(complete, target_amount, amount + done * (target_amount - amount)),
        )


def _relation_of(target: Target) -> tuple[float, float]:
    if isinstance(target, Factor):
        return target.value, 0.0
    if isinstance(target, Addition):
        return 1.0, target.value
    return 0.0, target.value
