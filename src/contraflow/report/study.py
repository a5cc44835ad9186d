"""The shipped study: runs its scenarios on one set of draws and writes a report that needs nothing but a browser.

Everything is written into a temporary folder beside the target and renamed at the end, so that an interrupted study
leaves nothing under the final name.
"""

from __future__ import annotations

import csv
import json
import math
import os
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import xarray as xr
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from contraflow import evidence
from contraflow.analysis.decomposition import CAUSES, Decomposition, decompose
from contraflow.analysis.runs import Comparison, Model, Progress, Result, load
from contraflow.analysis.thresholds import SUPPLY_BELIEFS, threshold_map
from contraflow.errors import ContraflowError, UnknownName, nearest
from contraflow.policy import Scenario
from contraflow.report import drawings, findings, sentences, tables, wording
from contraflow.report.figures import Picture
from contraflow.report.findings import EVIDENCE_END, HEADLINES, Finding
from contraflow.report.fit_record import FitRecord, convergence, cut_note, fit_record
from contraflow.system.outcomes import OUTCOMES

END = 2036.0
#: Study → scenarios, in the order shown.
STUDIES: dict[str, tuple[str, ...]] = {
    "us-opioids": ("harm-reduction", "health-cuts", "safe-supply", "penalties", "strikes", "joint-crackdown"),
}
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
_MARK = "study.json"
_EXTRA = ("methadone_patients", "buprenorphine_patients")


@dataclass(frozen=True)
class StudyResult:
    """A written study: what to print at the end, and where the report is."""

    summary_text: str
    report_path: Path
    folder: Path
    findings: Mapping[str, Mapping[str, Finding]]


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that a report is made of. ``short`` and ``long``: findings to 2030 and to 2035, by scenario."""

    name: str
    draws: int
    baseline: Result
    comparisons: Mapping[str, Comparison]
    short: Mapping[str, Mapping[str, Finding]]
    long: Mapping[str, Mapping[str, Finding]]
    maps: Mapping[str, xr.Dataset]
    decomposition: Decomposition
    posterior_draws: int
    fit: FitRecord
    hypotheses: Sequence[findings.HypothesisRow]
    learned: Sequence[findings.LearnedRow]
    fingerprint: Mapping[str, str]

    @property
    def footer(self) -> str:
        """The fingerprint in one line."""
        return " · ".join(f"{k} {v}" for k, v in self.fingerprint.items())


def study_size(name: str = "us-opioids", draws: int = 500) -> int:
    """Number of trajectories that a study reports as progress."""
    maps = sum(2 * m.cells * _cell_draws(draws) for m in MAPPED.values() if m.scenario in _scenarios(name))
    return draws * (1 + len(_scenarios(name))) + maps + (1 + 2 ** len(CAUSES)) * _fall_draws(draws)


def run_study(
    name: str = "us-opioids",
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
        progress: told how many trajectories are done, in all ``study_size(name, draws)``.
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
    summary = sentences.summary(study, folder / "index.html")
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _write(study, partial, summary)
        _replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return StudyResult(summary, folder / "index.html", folder, study.short)


def _scenarios(name: str) -> tuple[str, ...]:
    if name not in STUDIES:
        raise UnknownName("study", name, nearest(name, STUDIES), None if nearest(name, STUDIES) else "use us-opioids")
    return STUDIES[name]


def _cell_draws(draws: int) -> int:
    return max(2, min(40, draws // 2))


def _fall_draws(draws: int) -> int:
    return min(150, draws)


def _simulated(name: str, scenarios: tuple[str, ...], model: Model, draws: int, progress: Progress | None) -> Study:
    baseline = model.run(draws=draws, until=END, record=_EXTRA, progress=progress)
    posterior, learned = model.posterior.thin(draws), findings.contractions(model.posterior)
    comparisons = {}
    for scenario in map(Scenario.load, scenarios):
        same_baseline = not scenario.assume and not scenario.extensions
        comparisons[scenario.id] = model.compare(
            scenario, draws, END, record=_EXTRA, baseline=baseline if same_baseline else None, progress=progress
        )
    maps = {
        name: threshold_map(
            model, m.scenario, draws=_cell_draws(draws), until=m.until, beliefs=m.beliefs, progress=progress
        )
        for name, m in MAPPED.items()
        if m.scenario in scenarios
    }
    return Study(
        name,
        draws,
        baseline,
        comparisons,
        {s: findings.findings(c, posterior, learned, EVIDENCE_END) for s, c in comparisons.items()},
        {s: findings.findings(c, posterior, learned, END) for s, c in comparisons.items()},
        maps,
        decompose(model, _fall_draws(draws), progress),
        model.posterior.draws,
        fit_record(model.posterior),
        findings.hypothesis_table(model.posterior),
        findings.learned_table(model.posterior),
        _fingerprint(model, draws),
    )


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
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / _MARK).exists())):
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


def _write(study: Study, folder: Path, summary: str) -> None:
    pictures = drawings.all_pictures(study)
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for p in pictures.values():
        (folder / "figures" / f"{p.name}.svg").write_text(p.file, encoding="utf-8")
    for name, rows in tables.all_tables(study).items():
        if rows:
            _csv(folder / "tables" / f"{name}.csv", rows)
    (folder / "index.html").write_text(_page(study, pictures), encoding="utf-8")
    content = {"study": study.name, "scenarios": list(study.comparisons), "summary": summary, **study.fingerprint}
    (folder / _MARK).write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")


def _csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def _page(study: Study, pictures: Mapping[str, Picture]) -> str:
    template = resources.files("contraflow.report").joinpath("templates", "study.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "two": wording.significant,
        "signed": wording.signed,
        "share": wording.share_percent,
        "whole": wording.whole_percent,
        "bayes": wording.bayes_factor,
        "interval": wording.interval,
        "date": wording.format_date,
    }
    page = environment.from_string(template).render(
        study=study,
        pictures={k: {**vars(p), "inline": Markup(p.inline)} for k, p in pictures.items()},
        scenarios=[c.scenario for c in study.comparisons.values()],
        opening=sentences.opening(study),
        opening_es=sentences.opening_es(study),
        headlines=HEADLINES,
        outcomes=OUTCOMES,
        hypotheses=study.hypotheses,
        force=findings.force_levers,
        probability=lambda p: wording.probability(p, study.draws),
        chance=lambda p: wording.probability(p, study.posterior_draws),
        parameter_label=lambda n: evidence.load().parameters[n].label.en,
        series=evidence.load().series,
        sources=tables.used_sources(study),
        learned=study.learned,
        assumed=sum(r.contraction < findings.LITTLE_LEARNED for r in study.learned),
        convergence=convergence(study.fit, study.posterior_draws),
        cut_note=cut_note(study.fit),
        decomposition=study.decomposition,
        fall_note=sentences.fall_note(study),
        laboratories=study.maps.get("laboratories"),
        laboratory_sentence=sentences.laboratory_sentence,
        little=findings.LITTLE_LEARNED,
        weak=findings.WEAK_EVIDENCE,
        from_assumption=findings.FROM_ASSUMPTION,
        clear=wording.CLEAR,
        few_draws=sentences.FEW_DRAWS,
        negligible=wording.NEGLIGIBLE,
        footer=study.footer,
    )
    return page.lstrip()
