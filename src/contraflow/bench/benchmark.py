"""The benchmark: both models, every rival, and what the times say, as one report."""

from __future__ import annotations

import platform
import tempfile
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from contraflow.bench import bound, interactive
from contraflow.bench.aims import judged
from contraflow.bench.cases import CASES, Case
from contraflow.bench.contest import Contestant, Outputs, RefusedError, admitted, cpu_seconds, one_core
from contraflow.bench.rivals.diffrax import diffrax_contestant
from contraflow.bench.rivals.engine import gradient_contestants, native_contestant, reference_contestant
from contraflow.bench.rivals.generated import numba_contestant, numpy_contestant, numpy_run
from contraflow.bench.rivals.pysd import ema_contestant, pysd_contestants

Begin = Callable[[str], None]

#: Rivals that may be left out; the reference and the native kernel always run. Those after numpy are optional installs.
RIVALS = ("numpy", "numba", "diffrax", "pysd", "ema")
#: Ratios of times of a trajectory: rival over native kernel.
RATIOS = {
    "native_f32_vs_reference": ("reference", "native_f32"),
    "native_f32_vs_numba": ("numba", "native_f32"),
    "native_f32_vs_numpy": ("numpy", "native_f32"),
    "native_f32_vs_diffrax": ("diffrax", "native_f32"),
    "native_f32_vs_pysd": ("pysd", "native_f32"),
    "native_f32_vs_pysd_patched": ("pysd_patched", "native_f32"),
    "native_f32_vs_ema": ("ema", "native_f32"),
    "native_f64_vs_reference": ("reference", "native_f64"),
    "gradient_native_vs_reference": ("gradient_reference", "gradient_native"),
    "adjoint_over_forward": ("adjoint", "forward"),
    "over_vector_math_bound": ("native_f32", "vector_math_bound_f32"),
    "f64_over_vector_math_bound": ("native_f64", "vector_math_bound_f64"),
}
_PACKAGES = ("contraflow", "jax", "jaxlib", "numpy", "scipy", "numba", "diffrax", "pysd", "xarray", "ema_workbench")


@dataclass(frozen=True)
class Size:
    """How much is run: trajectories at once, periods (None: all), rounds, and seconds a contestant may use in them."""

    draws: int
    periods: int | None
    rounds: int
    budget: float


FULL = Size(512, None, 7, 15.0)
QUICK = Size(16, 12, 2, 1.0)


def benchmark(
    models: Sequence[str] = tuple(CASES), rivals: Collection[str] = RIVALS, *, quick: bool = False, begin: Begin = print
) -> dict[str, Any]:
    """Measure, and report as JSON content. ``quick`` is a trial run whose times mean little, on a few trajectories.

    ``begin`` is told what is being measured.
    """
    size = QUICK if quick else FULL
    with one_core() as pinned, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rivals' remarks on what they can and cannot import
        begin("speeds of vector operations")
        speeds = {n: _or_reason(partial(bound.measured_speeds, single=n == "f32")) for n in ("f32", "f64")}
        found = {name: _measured(CASES[name](size.draws, size.periods), rivals, size, speeds, begin) for name in models}
        begin("an interactive answer")
        answer = "not measured in a quick run" if quick else _or_reason(lambda: interactive.answer_ms()[0])
    begin("a cold start")
    cold = "not measured in a quick run" if quick else _or_reason(interactive.cold_start_seconds)
    whole = {"interactive_ms": answer, "cold_start_s": cold}
    report: dict[str, Any] = {
        "models": found,
        **{name: None if isinstance(value, str) else value for name, value in whole.items()},
        "versions": _versions(),
        "not_measured": {name: value for name, value in whole.items() if isinstance(value, str)},
        "machine": {"processor": _processor(), "system": platform.platform(), "one_core": pinned},
        "quick": quick,
    }
    return {**report, "aims": judged(report)}


def _alone(make: Callable[[Case], Contestant], case: Case) -> list[Contestant]:
    return [make(case)]


def _or_reason(measure: Callable[[], Any]) -> Any:
    try:
        return measure()
    except RefusedError as error:
        return str(error)


def _measured(
    case: Case, rivals: Collection[str], size: Size, speeds: Mapping[str, Any], begin: Begin
) -> dict[str, Any]:
    reasons = dict.fromkeys((*RIVALS, "pysd_patched"), "not asked for")
    contestants: list[Contestant] = []
    differences: dict[str, float] = {}
    reference = reference_contestant(case)
    begin(f"{case.name}: reference")
    expected: dict[str, Outputs] = {"midpoint": reference.call()}

    def enter(names: Sequence[str], make: Callable[[], Sequence[Contestant]]) -> None:
        for name in names:
            reasons[name] = ""
        try:
            made = make()
        except RefusedError as error:
            reasons.update(dict.fromkeys(names, str(error)))
            return
        except ImportError as error:
            reasons.update(dict.fromkeys(names, f"{error.name} is not installed; `make bench` installs it"))
            return
        for contestant in made:
            begin(f"{case.name}: outputs of {contestant.name}")
            try:
                differences[contestant.name] = admitted(contestant, expected)
                contestants.append(contestant)
            except RefusedError as error:
                reasons[contestant.name] = str(error)

    enter(["reference"], lambda: [reference])
    enter(["native_f32"], lambda: [native_contestant(case, single=True)])
    enter(["native_f64"], lambda: [native_contestant(case, single=False)])
    for name, make in (("numpy", numpy_contestant), ("numba", numba_contestant), ("diffrax", diffrax_contestant)):
        if name in rivals:
            begin(f"{case.name}: {name}")
            enter([name], partial(_alone, make, case))
    with tempfile.TemporaryDirectory() as folder:
        if case.vensim is not None and {"pysd", "ema"} & set(rivals):
            expected["euler"] = numpy_run(case.first(1), euler=True)()
        if "pysd" in rivals:
            begin(f"{case.name}: PySD")
            enter(["pysd_patched", "pysd"], lambda: pysd_contestants(case, Path(folder)))
        if "ema" in rivals:
            begin(f"{case.name}: EMA Workbench")
            enter(["ema"], lambda: [ema_contestant(case, Path(folder))])

        def gradients() -> list[Contestant]:
            made = gradient_contestants(case)
            expected["gradient"] = made[0].call()
            return made

        begin(f"{case.name}: gradients")
        enter(["gradient_reference", "gradient_native", "adjoint", "forward"], gradients)
        begin(f"{case.name}: times")
        times = cpu_seconds(contestants, size.rounds, size.budget)
    for precision, found in speeds.items():
        if isinstance(found, str):
            reasons[f"vector_math_bound_{precision}"] = found
        else:
            times[f"vector_math_bound_{precision}"] = bound.seconds(case, found)
    return _case_report(case, times, differences, reasons)


def _case_report(
    case: Case, times: Mapping[str, float], differences: Mapping[str, float], reasons: Mapping[str, str]
) -> dict[str, Any]:
    ratios = {name: times[a] / times[b] if a in times and b in times else None for name, (a, b) in RATIOS.items()}
    missing = {
        name: "; ".join(f"{n}: {reasons[n]}" for n in RATIOS[name] if n not in times)
        for name, value in ratios.items()
        if value is None
    }
    return {
        "ratios": ratios,
        "trajectories_per_second": 1 / times["native_f32"] if "native_f32" in times else None,
        "microseconds_per_trajectory": {name: 1e6 * value for name, value in times.items()},
        "differences": dict(differences),
        "evaluations_per_trajectory": 2 * case.grid.periods * case.grid.substeps,
        "not_measured": missing,
    }


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
