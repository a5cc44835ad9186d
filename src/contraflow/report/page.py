"""A study as files: one page, its figures and its tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from contraflow import evidence
from contraflow.analysis.support import LITTLE_LEARNED, MOST, WEAK_EVIDENCE
from contraflow.analysis.wording import trial
from contraflow.inference.posterior import data_end
from contraflow.report import (
    backtested,
    calibrated,
    doses,
    drawings,
    findings,
    guns,
    leaders,
    opening,
    origins,
    outlook,
    panels,
    predicted,
    recovered,
    sentences,
    tables,
    tested,
    told_supply,
    wording,
)
from contraflow.report.columns import LIVES, ROWS, SUBJECTS
from contraflow.report.figures import Picture
from contraflow.report.fit_record import convergence, coverage_note, criteria, joint_note
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.outcomes import OUTCOMES

if TYPE_CHECKING:
    from contraflow.report.study import Study

#: File that marks a folder as a study.
MARK = "study.json"


def write(study: Study, folder: Path, summary: str) -> None:
    """Write ``index.html``, ``figures/*.svg``, ``tables/*.csv`` and ``study.json`` into an empty folder."""
    pictures = drawings.all_pictures(study)
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for p in pictures.values():
        (folder / "figures" / f"{p.name}.svg").write_text(p.file, encoding="utf-8")
    for name, rows in tables.all_tables(study).items():
        if rows:
            _csv(folder / "tables" / f"{name}.csv", rows)
    (folder / "index.html").write_text(html(study, pictures), encoding="utf-8")
    content: dict[str, Any] = {
        "study": study.name,
        "scenarios": list(study.comparisons),
        "summary": summary,
        **study.fingerprint,
        "findings": tables.finding_objects(study),
    }
    (folder / MARK).write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")


def _csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def _commands(text: str) -> Markup:
    """Words with what stands between backticks set as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if k % 2 else p for k, p in enumerate(parts))


def html(study: Study, pictures: Mapping[str, Picture]) -> str:
    """The whole report as one page that loads nothing."""
    loader = PackageLoader("contraflow.report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "two": wording.significant,
        "signed": wording.signed,
        "amount": wording.amount,
        "share": wording.share_percent,
        "whole": wording.whole_percent,
        "bayes": wording.bayes_factor,
        "published": wording.as_published,
        "interval": wording.interval,
        "interval_es": wording.interval_es,
        "date": wording.format_date,
        "commands": _commands,
    }
    page = environment.get_template("study.html.j2").render(
        study=study,
        pictures={k: {**vars(p), "inline": Markup(p.inline)} for k, p in pictures.items()},
        scenarios=[c.scenario for c in study.comparisons.values()],
        data_end=wording.month(data_end() - 1 / 12),
        opening=opening.opening(study),
        opening_es=opening.opening_es(study),
        lives=LIVES,
        rows=ROWS,
        charts={c.name: c.country for c in outlook.charts(study)},
        outcomes=OUTCOMES,
        hypotheses=study.hypotheses,
        doses=doses.doses,
        uses_of_force=doses.uses_of_force(c.scenario for c in study.comparisons.values()),
        pass_through=next(r.posterior for r in study.learned if r.parameter == "pass_through"),
        probability=lambda p: wording.probability(p, study.draws),
        chance=lambda p: wording.probability(p, study.posterior_draws),
        hypothesis_label=lambda h: HYPOTHESES[h].label.en,
        most=MOST,
        parameter_label=lambda n: evidence.load().parameters[n].label.en,
        series=evidence.load().series,
        sources=tables.used_sources(study),
        learned=study.learned,
        assumed=sum(r.assumed for r in study.learned),
        convergence=convergence(study.fit, study.posterior_draws),
        coverage_note=coverage_note(study.fit),
        joint_note=joint_note(study.fit),
        decomposition=study.decomposition,
        fall_note=sentences.fall_note(study),
        fall_rows=panels.fall_rows(study),
        fall_panel_note=panels.fall_note(study),
        removal_rows=panels.removal_rows(study),
        product_rows=panels.product_rows(study),
        removal_note=panels.removal_note(study),
        register_note=sentences.register_note(study),
        sampling_note=sentences.sampling_note(study),
        rests_on=origins.rests_on,
        failed_test=lambda f: recovered.failed_test(study, f),
        came_from=lambda r: origins.WORDS["en"][origins.learned_origin(r)],
        tally=origins.tally(by[s.outcome] for by in study.short.values() for s in SUBJECTS),
        tested=tested,
        backtested=backtested,
        told_supply=told_supply,
        calibrated=calibrated,
        predicted=predicted,
        said=tested.said(study),
        criteria=criteria(study.fit),
        guns_note=guns.note(study.inflow) if study.inflow else None,
        gun_cells=guns.cells(study.inflow, int(study.inflow.years[-1])) if study.inflow else None,
        leaders_outcomes=leaders.OUTCOMES,
        structure_sentence=sentences.structure_sentence(study.structure),
        laboratories=study.maps.get("laboratories"),
        laboratory_sentence=sentences.laboratory_sentence,
        little=LITTLE_LEARNED,
        weak=WEAK_EVIDENCE,
        from_assumption=findings.FROM_ASSUMPTION,
        clear=wording.CLEAR,
        leaning=wording.LEANING,
        few_draws=trial(study.draws),
        negligible=wording.NEGLIGIBLE,
        footer=study.footer,
    )
    return page.lstrip()
