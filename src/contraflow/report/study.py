"""The shipped study: runs its scenarios on one set of draws and writes a report that needs nothing but a browser.

Everything is written into a temporary folder beside the target and renamed at the end, so that an interrupted study
leaves nothing under the final name.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import contraflow
from contraflow import evidence
from contraflow.analysis.decomposition import CAUSES, Decomposition, Share, decompose
from contraflow.analysis.runs import Comparison, Model, Progress, Result, load
from contraflow.analysis.thresholds import SUPPLY_BELIEFS, threshold_map
from contraflow.errors import ContraflowError, UnknownName, nearest
from contraflow.evidence import Source
from contraflow.policy import Scenario
from contraflow.report import drawings, findings, sentences, wording
from contraflow.report.figures import Picture
from contraflow.report.findings import HEADLINE_END, HEADLINES, Finding
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.outcomes import OUTCOMES

END = 2036.0
#: Study → scenarios, in the order shown.
STUDIES: dict[str, tuple[str, ...]] = {
    "us-opioids": ("harm-reduction", "health-cuts", "safe-supply", "penalties", "strikes", "joint-crackdown"),
}
#: Scenarios whose effect is mapped over beliefs about supply, and the end of the window of each map.
MAPPED = {"strikes": 2027.5, "joint-crackdown": HEADLINE_END}
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
    fit: Sequence[findings.FitRow]
    learned: Sequence[findings.LearnedRow]
    fingerprint: Mapping[str, str]

    @property
    def footer(self) -> str:
        """The fingerprint in one line."""
        return " · ".join(f"{k} {v}" for k, v in self.fingerprint.items())


def study_size(name: str = "us-opioids", draws: int = 500) -> int:
    """Number of trajectories that a study reports as progress."""
    cells = int(np.prod([len(v) for v in SUPPLY_BELIEFS.values()]))
    maps = sum(2 * cells * _cell_draws(draws) for s in MAPPED if s in _scenarios(name))
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
        ContraflowError: ``out`` holds something that is not a study; or the posterior is missing or stale.
    """
    scenarios = _scenarios(name)
    folder = Path(out)
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
    record = (*findings.observed_variables(), *_EXTRA)
    baseline = model.run(draws=draws, until=END, record=record, progress=progress)
    posterior = model.posterior.thin(draws)
    comparisons = {}
    for scenario in map(Scenario.load, scenarios):
        same_baseline = not scenario.assume and not scenario.extensions
        comparisons[scenario.id] = model.compare(
            scenario, draws, END, record=record, baseline=baseline if same_baseline else None, progress=progress
        )
    maps = {
        s: threshold_map(model, s, draws=_cell_draws(draws), until=end, progress=progress)
        for s, end in MAPPED.items()
        if s in scenarios
    }
    return Study(
        name,
        draws,
        baseline,
        comparisons,
        {s: findings.findings(c, posterior, HEADLINE_END) for s, c in comparisons.items()},
        {s: findings.findings(c, posterior, END) for s, c in comparisons.items()},
        maps,
        decompose(model, _fall_draws(draws), progress),
        findings.fit_check(baseline, posterior),
        findings.learned_table(model.posterior),
        _fingerprint(model, draws),
    )


def _fingerprint(model: Model, draws: int) -> dict[str, str]:
    return {
        "contraflow": contraflow.__version__,
        **model.fingerprint,
        "seed": str(model.posterior.attributes.get("seed", "unknown")),
        "draws": str(draws),
        "jax": metadata.version("jax"),
        "numpy": metadata.version("numpy"),
        "python": platform.python_version(),
    }


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / _MARK).exists())):
        raise ContraflowError(f"{folder} exists and is not a study: name another folder with --out, or empty it")


def _replace(partial: Path, folder: Path) -> None:
    old = folder.parent / f".{folder.name}.old-{os.getpid()}"
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write(study: Study, folder: Path, summary: str) -> None:
    pictures = drawings.all_pictures(study)
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for p in pictures.values():
        (folder / "figures" / f"{p.name}.svg").write_text(p.file, encoding="utf-8")
    for table, rows in tables(study).items():
        _csv(folder / "tables" / f"{table}.csv", rows)
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


def tables(study: Study) -> dict[str, list[dict[str, Any]]]:
    """Every table of the study as rows, by the name of its file."""
    known = evidence.load()
    effects = [_effect_row(study, f) for part in (study.short, study.long) for by in part.values() for f in by.values()]
    return {
        "effects": effects,
        "projections": _projections(study),
        **{f"thresholds-{s}": _map_rows(m) for s, m in study.maps.items()},
        "fall-since-2023": [_share_row(c) for c in study.decomposition.causes],
        "fit": [vars(r) for r in study.fit],
        "parameters": [_learned_row(r) for r in study.learned],
        "hypotheses": [
            {"id": h.id, "statement": h.statement.en, "parameters": " ".join(h.parameters)} for h in HYPOTHESES.values()
        ],
        "series": [
            {"id": s.id, "label": s.label.en, "unit": s.unit, "use": s.use, "rows": len(s.rows), "basis": s.basis,
             "sources": " ".join(sorted({r.source for r in s.rows}))}
            for s in known.series.values()
        ],
        "sources": [_source_row(s) for s in used_sources(study)],
    }  # fmt: skip


def _effect_row(study: Study, f: Finding) -> dict[str, Any]:
    window = study.comparisons[f.scenario].window
    row: dict[str, Any] = {
        "scenario": f.scenario,
        "outcome": f.outcome,
        "from": wording.format_date(window[0]),
        "to": wording.format_date(f.end - 1 / 12),
        "unit": f.effect.unit,
        "window_is": f.effect.window_is,
    }
    for part in ("baseline", "policy", "difference", "versus_today"):
        row |= {f"{part}_{k}": v for k, v in getattr(f.effect, part).items()}
    row |= {f"relative_{k}": v for k, v in f.relative.items()}
    return row | {
        "p_reduction": f.effect.p_reduction,
        "p_above_one_percent": f.p_one_percent,
        "verdict": f.verdict.text,
        "drivers": " ".join(f"{d.parameter}({d.correlation:+.2f})" for d in f.drivers),
    }


def _projections(study: Study) -> list[dict[str, Any]]:
    rows = []
    for name in OUTCOMES:
        annual = study.baseline.annual(name)
        q = annual.quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="draw").values
        for k, year in enumerate(annual["year"].values):
            spread = dict(zip(("q05", "q25", "median", "q75", "q95"), (float(x) for x in q[:, k]), strict=True))
            status = "history" if year < 2025 else "projection" if year < HEADLINE_END else "beyond the evidence"
            rows.append({"outcome": name, "unit": OUTCOMES[name].unit, "year": int(year), "status": status, **spread})
    return rows


def _map_rows(table: xr.Dataset) -> list[dict[str, Any]]:
    frame = table.stack(cell=list(table.dims))
    names = list(table.dims)
    return [
        {**{n: float(frame[n].values[k]) for n in names}, **{v: float(frame[v].values[k]) for v in table.data_vars}}
        for k in range(frame.sizes["cell"])
    ]


def _share_row(c: Share) -> dict[str, Any]:
    row: dict[str, Any] = {"cause": c.id, "label": c.label}
    row |= {f"deaths_a_year_{k}": v for k, v in c.deaths.items()} | {f"share_{k}": v for k, v in c.share.items()}
    orders = {"share_freed_first": c.first, "share_frozen_last": c.last}
    return row | {k: "" if v is None else v for k, v in orders.items()}


def _learned_row(r: findings.LearnedRow) -> dict[str, Any]:
    names = ("q05", "median", "q95")
    return {
        "parameter": r.parameter,
        "label": r.label,
        "unit": r.unit,
        "hypothesis": r.hypothesis or "",
        "grade": r.grade,
        **{f"prior_{n}": v for n, v in zip(names, r.prior, strict=True)},
        **{f"posterior_{n}": v for n, v in zip(names, r.posterior, strict=True)},
        "contraction": r.contraction,
        "follows_from_assumption": "yes" if r.contraction < findings.LITTLE_LEARNED else "no",
    }


def _source_row(s: Source) -> dict[str, Any]:
    return {"id": s.id, "grade": s.grade, "title": s.title, "publisher": s.publisher, "year": s.year, "kind": s.kind,
            "where": s.where, "checked": s.checked.isoformat()}  # fmt: skip


def used_sources(study: Study) -> list[Source]:
    """The sources of the series, parameters, drivers and scenario settings, by id."""
    known = evidence.load()
    used = {r.source for s in known.series.values() for r in s.rows}
    used |= {r.source for d in known.drivers.values() for r in d.rows}
    used |= {ref.id for p in known.parameters.values() for ref in p.sources}
    for c in study.comparisons.values():
        used |= {i for ids in c.scenario.sources.values() for i in ids}
    return [known.sources[i] for i in sorted(used) if i in known.sources]


def _page(study: Study, pictures: Mapping[str, Picture]) -> str:
    template = resources.files("contraflow.report").joinpath("templates", "study.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "two": wording.significant,
        "signed": wording.signed,
        "percent": wording.percent,
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
        hypotheses=HYPOTHESES,
        force=findings.force_levers,
        probability=lambda p: wording.probability(p, study.draws),
        parameter_label=lambda n: evidence.load().parameters[n].label.en,
        series=evidence.load().series,
        sources=used_sources(study),
        learned=study.learned,
        assumed=sum(r.contraction < findings.LITTLE_LEARNED for r in study.learned),
        pooled=sum(r.inside * r.points for r in study.fit) / sum(r.points for r in study.fit),
        decomposition=study.decomposition,
        fall_note=sentences.fall_note(study),
        little=findings.LITTLE_LEARNED,
        footer=study.footer,
    )
    return page.lstrip()
