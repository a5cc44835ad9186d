"""The shipped study: runs its scenarios on one set of draws and has a report written that needs nothing but a browser.

Everything is written into a temporary folder beside the target and renamed at the end, so that an interrupted study
leaves nothing under the final name.
"""

from __future__ import annotations

import math
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xarray as xr

from contraflow.analysis.decomposition import CAUSES, Decomposition, decompose
from contraflow.analysis.inflow import CUTS, InflowCuts, inflow_cuts
from contraflow.analysis.runs import TODAY, Comparison, Model, Progress, Result, load
from contraflow.analysis.structure import Explained, explained
from contraflow.analysis.thresholds import SUPPLY_BELIEFS, threshold_map
from contraflow.errors import ContraflowError, UnknownName, nearest
from contraflow.inference.posterior import fit_hash
from contraflow.policy import Scenario
from contraflow.report import findings, guns, leaders, opening, page, panels, tables, tested
from contraflow.report.findings import EVIDENCE_END, Finding
from contraflow.report.fit_record import FitRecord, fit_record
from contraflow.report.outlook import RECORD
from contraflow.validation import recruitment
from contraflow.validation.record import Made

END = 2036.0
#: Study → scenarios, in the order shown.
STUDIES: dict[str, tuple[str, ...]] = {
    "border": (
        "harm-reduction",
        "health-cuts",
        "safe-supply",
        "penalties",
        "legal-market",
        "gun-flow",
        "intelligence-led",
        "leaders-first",
        "hugs-not-bullets",
        "joint-crackdown",
        "grand-bargain",
        "cooperation-breakdown",
        "strikes",
    ),
}
WHOLE = "border"
#: Spare capacity by the number of laboratories at work at once, down to far fewer than is believed.
LABORATORY_BELIEFS = {"lab_count": (50, 100, 200, 500, 1000), "lab_slack": SUPPLY_BELIEFS["lab_slack"]}


@dataclass(frozen=True)
class Mapped:
    """A threshold map of the study: the scenario judged, the end of its window, and the beliefs that span it."""

    scenario: str
    until: float
    beliefs: Mapping[str, Sequence[float]]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(len(v) for v in self.beliefs.values())


_AFTER_STRIKES = 2027.5
#: The study's threshold maps, by name.
MAPPED = {
    "strikes": Mapped("strikes", _AFTER_STRIKES, SUPPLY_BELIEFS),
    "joint-crackdown": Mapped("joint-crackdown", EVIDENCE_END, SUPPLY_BELIEFS),
    "laboratories": Mapped("strikes", _AFTER_STRIKES, LABORATORY_BELIEFS),
}


@dataclass(frozen=True)
class StudyResult:
    """A written study: what to print at the end, where the report is, and its findings to 2030 as plain values."""

    summary_text: str
    report_path: Path
    folder: Path
    findings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that a report is made of.

    ``short`` and ``long``: findings to 2030 and to 2035, by scenario. ``civilians``: those killed by foreign force to
    2030, by scenario that uses it. ``inflow`` and ``leaders``: None where the study lacks their scenarios. ``tests``:
    what is stored of the validation, by part.
    """

    name: str
    draws: int
    baseline: Result
    comparisons: Mapping[str, Comparison]
    short: Mapping[str, Mapping[str, Finding]]
    long: Mapping[str, Mapping[str, Finding]]
    civilians: Mapping[str, Mapping[str, float]]
    leaders: leaders.Reading | None
    inflow: InflowCuts | None
    structure: Sequence[Explained]
    recruitment: Sequence[recruitment.Comparison]
    maps: Mapping[str, xr.Dataset]
    decomposition: Decomposition
    posterior_draws: int
    fit: FitRecord
    panels: panels.Panels
    tests: Mapping[str, tested.Stored]
    hypotheses: Sequence[findings.HypothesisRow]
    learned: Sequence[findings.LearnedRow]
    fingerprint: Mapping[str, str]

    @property
    def footer(self) -> str:
        """The fingerprint in one line."""
        return " · ".join(f"{k} {v}" for k, v in self.fingerprint.items())


def study_size(name: str = WHOLE, draws: int = 500) -> int:
    """Number of trajectories that a study reports as progress."""
    scenarios = _scenarios(name)
    maps = sum(2 * m.cells * _cell_draws(draws) for m in MAPPED.values() if m.scenario in scenarios)
    inflow = (1 + len(CUTS)) * draws if guns.SCENARIO in scenarios else 0
    return draws * (2 + len(scenarios)) + inflow + maps + (1 + 2 ** len(CAUSES)) * _fall_draws(draws)


def run_study(
    name: str = WHOLE,
    out: Path | str = Path("reports/latest"),
    draws: int = 500,
    progress: Progress | None = None,
    *,
    model: Model | None = None,
) -> StudyResult:
    """Run a study and write its report into the folder ``out``, replacing an earlier study there.

    Args:
        name: one of ``STUDIES``.
        out: folder to write: ``index.html``, ``figures/*.svg``, ``tables/*.csv`` and ``study.json``.
        draws: posterior draws for every scenario.
        progress: told how many trajectories are done, in all ``study_size(name, draws)``. What it raises ends the
            study, and nothing is written.
        model: the reference model by default.

    Raises:
        UnknownName: no such study.
        ContraflowError: ``out`` holds something that is not a study, or cannot be written to; or the posterior is
            missing or stale.
    """
    scenarios = _scenarios(name)
    folder = Path(out)
    if folder.name in ("", ".."):
        folder = folder.resolve()
    _require_writable(folder)
    _refuse_foreign(folder)
    study = _simulated(name, scenarios, model or load(), draws, progress)
    summary = opening.summary(study, folder / "index.html")
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        page.write(study, partial, summary)
        if progress:
            progress(0)  # whoever was interrupted meanwhile says so here, before the report has its name
        _replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return StudyResult(summary, folder / "index.html", folder, tables.finding_objects(study))


def _scenarios(name: str) -> tuple[str, ...]:
    if name not in STUDIES:
        raise UnknownName("study", name, nearest(name, STUDIES), None if nearest(name, STUDIES) else f"use {WHOLE}")
    return STUDIES[name]


def _cell_draws(draws: int) -> int:
    return max(2, min(40, draws // 2))


def _fall_draws(draws: int) -> int:
    return min(150, draws)


def _simulated(name: str, scenarios: tuple[str, ...], model: Model, draws: int, progress: Progress | None) -> Study:
    tests = tested.load(Made(fit_hash(), model.posterior.hash))
    baseline = model.run(draws=draws, until=END, record=RECORD, progress=progress)
    compared = {s: _compared(model, Scenario.load(s), draws, baseline, progress) for s in scenarios}
    maps = {
        name: threshold_map(
            model, m.scenario, draws=_cell_draws(draws), until=m.until, beliefs=m.beliefs, progress=progress
        )
        for name, m in MAPPED.items()
        if m.scenario in scenarios
    }
    cuts = None
    if guns.SCENARIO in compared:
        cuts = inflow_cuts(model, draws, END, tuple(baseline.data.data_vars), progress)
    return Study(
        name,
        draws,
        baseline,
        compared,
        {s: findings.findings(c, EVIDENCE_END) for s, c in compared.items()},
        {s: findings.findings(c, END) for s, c in compared.items()},
        {s: killed for s, c in compared.items() if (killed := findings.civilian_deaths(c, EVIDENCE_END))},
        leaders.reading(compared[leaders.SCENARIO], END) if leaders.SCENARIO in compared else None,
        cuts,
        explained(model, baseline, RECORD, progress),
        recruitment.comparison(),
        maps,
        decompose(model, _fall_draws(draws), progress),
        model.posterior.draws,
        fit_record(model.posterior),
        panels.load(model.posterior),
        tests,
        findings.hypothesis_table(model.posterior),
        findings.learned_table(model.posterior),
        _fingerprint(model, draws),
    )


def _compared(model: Model, scenario: Scenario, draws: int, baseline: Result, progress: Progress | None) -> Comparison:
    """The scenario against the study's baseline, or its own where it assumes otherwise; its history is let go."""
    same = not scenario.assume and not scenario.extensions
    whole = model.compare(scenario, draws, END, record=RECORD, baseline=baseline if same else None, progress=progress)
    return replace(whole, policy=Result(whole.policy.trajectories.since(TODAY - 0.01), scenario))


def _fingerprint(model: Model, draws: int) -> dict[str, str]:
    return {**model.fingerprint, "draws": str(draws), "python": platform.python_version()}


def _require_writable(folder: Path) -> None:
    """Refuse, before anything is simulated, a folder that could not be written at the end."""
    try:
        nearest_there = next(p for p in folder.absolute().parents if p.exists())
        usable = os.access(nearest_there, os.W_OK | os.X_OK)
        is_folder = nearest_there.is_dir()
    except OSError as error:
        raise ContraflowError(f"{folder} cannot be written: {error.strerror}; name another with --out") from None
    if not is_folder:
        raise ContraflowError(f"{nearest_there} is a file, so {folder} cannot be made: name another with --out")
    if not usable:
        raise ContraflowError(f"{nearest_there} cannot be written to: name a folder elsewhere with --out")


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / page.MARK).exists())):
        raise ContraflowError(f"{folder} exists and is not a study: name another folder with --out, or empty it")


def _replace(partial: Path, folder: Path) -> None:
    old = folder.parent / f".{folder.name}.old-{os.getpid()}"
    try:
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
