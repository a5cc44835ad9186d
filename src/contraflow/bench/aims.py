"""What the native engine is to reach on one core. Why an aim was missed where it was measured: `docs/benchmarks.md`."""

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


def judged(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each aim with what was measured, whether it is met, and why it was not measured where ``met`` is None."""
    rows = []
    for aim in AIMS:
        for model in aim.models:
            if model is not None and model not in report["models"]:
                continue
            part = report if model is None else report["models"][model]
            value = part[aim.number] if model is None else part["ratios"][aim.number]
            met = None if value is None else (value >= aim.bound if aim.least else value <= aim.bound)
            reason = part["not_measured"].get(aim.number) if met is None else None
            rows.append(
                {
                    "model": model, "number": aim.number, "aim": f"{'≥' if aim.least else '≤'} {aim.bound:,g}",
                    "measured": value, "met": met, "reason": reason,
                }
            )  # fmt: skip
    return rows
