"""What the native engine is to reach on one core, and why an aim is missed where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Aim:
    """A bound on a number of the report. ``least`` says whether it is a lower bound; no model: of the whole."""

    number: str
    bound: float
    least: bool
    models: tuple[str | None, ...] = ("reference", "synthetic")


AIMS = (
    Aim("native_f32_vs_reference", 1.5, True),
    Aim("native_f32_vs_numba", 8, True),
    Aim("native_f32_vs_pysd_patched", 5_000, True),
    Aim("native_f32_vs_pysd", 300_000, True, ("synthetic",)),
    Aim("gradient_native_vs_reference", 10, True),
    Aim("adjoint_over_forward", 4, False),
    Aim("over_vector_math_bound", 1.3, False),
    Aim("interactive_ms", 80, False, (None,)),
    Aim("cold_start_s", 3, False, (None,)),
)

_BOUND = (
    "for five digits the kernel computes its states, and a fifth to a quarter of its operations, in double, which the "
    "bound counts as single; values that no register holds pass through the cache, which it does not count"
)
#: Why an aim is missed, as found where it was measured first (`docs/benchmarks.md`), by model and number.
REASONS: Mapping[tuple[str | None, str], str] = {
    ("reference", "over_vector_math_bound"): _BOUND,
    ("synthetic", "over_vector_math_bound"): _BOUND,
    ("synthetic", "adjoint_over_forward"): (
        "the tape holds states only, so the way back computes every value of a step again before its derivatives"
    ),
    ("synthetic", "gradient_native_vs_reference"): (
        "the trajectory is run three times: for the value, for the tape, and on the way back"
    ),
    ("synthetic", "native_f32_vs_pysd"): (
        "the aim was set where a step of PySD took 31 to 37 ms and the kernel computed all in single precision"
    ),
    (None, "interactive_ms"): (
        "nine tenths of it is the run of 500 draws from 2000 on, at the kernel's distance from the bound"
    ),
}


def judged(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each aim with what was measured, whether it is met (None: not measured), and the reason where it is not."""
    rows = []
    for aim in AIMS:
        for model in aim.models:
            if model is not None and model not in report["models"]:
                continue
            part = report if model is None else report["models"][model]
            value = part[aim.number] if model is None else part["ratios"][aim.number]
            met = None if value is None else (value >= aim.bound if aim.least else value <= aim.bound)
            reason = None
            if met is None:
                reason = part["not_measured"].get(aim.number)
            elif not met:
                reason = REASONS.get((model, aim.number), "not yet known")
            rows.append(
                {
                    "model": model, "number": aim.number, "aim": f"{'≥' if aim.least else '≤'} {aim.bound:,g}",
                    "measured": value, "met": met, "reason": reason,
                }
            )  # fmt: skip
    return rows
