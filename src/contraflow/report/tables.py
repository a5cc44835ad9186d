"""Every table of a study as rows of plain values, for its CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from contraflow import evidence
from contraflow.analysis.decomposition import Share
from contraflow.analysis.structure import Explained
from contraflow.analysis.support import Support
from contraflow.evidence import Source
from contraflow.inference.posterior import data_end
from contraflow.report import findings, guns, panels, recovered, tested, wording
from contraflow.report.columns import CIVILIANS
from contraflow.report.findings import EVIDENCE_END, Finding
from contraflow.report.fit_record import JointRow
from contraflow.report.origins import WORDS, learned_origin, rests_on
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import recruitment

if TYPE_CHECKING:
    from contraflow.report.study import Study


def all_tables(study: Study) -> dict[str, list[dict[str, Any]]]:
    """Every table of the study as rows, by the name of its file."""
    known = evidence.load()
    windows = study.short, study.long
    effects = [_effect_row(study, f) for part in windows for by in part.values() for f in by.values()]
    return {
        "effects": effects,
        "projections": _projections(study),
        "civilian-deaths": [{"scenario": s, "outcome": CIVILIANS, **q} for s, q in study.civilians.items()],
        "leaders": [_effect_row(study, f) for part in _windows(study) for f in part.values()],
        "guns": guns.rows(study.inflow) if study.inflow else [],
        "structure": [_explained_row(r) for r in study.structure],
        "recruitment-model": [_recruitment_row(r) for r in study.recruitment],
        **{f"thresholds-{s}": _map_rows(m) for s, m in study.maps.items()},
        "fall-since-2023": [_share_row(c) for c in study.decomposition.causes],
        **panels.tables(study),
        **tested.tables(study),
        "fit": [_filled(vars(r)) for r in study.fit.coverage],
        "sampling": [vars(r) for r in study.fit.stages],
        "convergence": [vars(r) for r in study.fit.convergence],
        "used-and-joint": [_joint_row(r) for r in study.fit.joint],
        "parameters": [_learned_row(r) for r in study.learned],
        "hypotheses": [_hypothesis_row(r) for r in study.hypotheses],
        "series": [
            {"id": s.id, "label": s.label.en, "unit": s.unit, "use": s.use, "rows": len(s.rows), "basis": s.basis,
             "sources": " ".join(sorted({r.source for r in s.rows}))}
            for s in known.series.values()
        ],
        "sources": [_source_row(s) for s in used_sources(study)],
    }  # fmt: skip


def finding_objects(study: Study) -> list[dict[str, Any]]:
    """What was found, as objects: of each policy and outcome the effect to 2030, how sure it is and what is wrong."""
    return [_finding(study, f) for by in study.short.values() for f in by.values()]


def _finding(study: Study, f: Finding) -> dict[str, Any]:
    d = f.effect.difference
    return _about(f) | {
        **{k: d[k] for k in ("median", "q05", "q95")},
        "p_reduction": f.effect.p_reduction,
        "standing": f.verdict.strength,
        "from_assumption": f.verdict.from_assumption,
        "tested_coverage_90": recovered.coverage(study, f),
    }


def _about(f: Finding) -> dict[str, Any]:
    """What a finding is about."""
    return {
        "scenario": f.scenario,
        "outcome": f.outcome,
        "country": OUTCOMES[f.outcome].country,
        "from": wording.format_date(f.start),
        "to": wording.format_date(f.end - 1 / 12),
        "unit": f.effect.unit,
        "window_is": f.effect.window_is,
    }


def _effect_row(study: Study, f: Finding) -> dict[str, Any]:
    told = _finding(study, f)
    row = _about(f)
    for part in ("baseline", "policy", "difference", "sampling_sd", "versus_today"):
        row |= {f"{part}_{k}": v for k, v in getattr(f.effect, part).items()}
    row |= {f"relative_{k}": v for k, v in f.relative.items()}
    return row | {
        "p_reduction": told["p_reduction"],
        "p_above_one_percent": f.p_one_percent,
        "verdict": f.verdict.text,
        "standing": told["standing"],
        "tested_coverage_90": "" if told["tested_coverage_90"] is None else told["tested_coverage_90"],
        "drivers": " ".join(f"{d.parameter}({d.correlation:+.2f})" for d in f.support.drivers),
        "from_assumption": "yes" if told["from_assumption"] else "no",
        "rests_on": rests_on(f).said.en,
        **_support(f.support),
    }


def _support(s: Support) -> dict[str, Any]:
    """What an effect rests on, as the columns of a table."""
    shares = {f"share_from_{origin}": s.share(origin) for origin in ("data", "published", "assumption")}
    removed = {"hypothesis": s.removed.hypothesis, "removes": s.removed.removes} if s.removed else {}
    row: dict[str, Any] = {"why": "; ".join(s.reasons), "explained": s.explained}
    return _filled(row | shares | {"hypothesis": None, "removes": None} | removed)


def _windows(study: Study) -> Sequence[Mapping[str, Finding]]:
    return (study.leaders.within, study.leaders.beyond) if study.leaders else ()


def _explained_row(r: Explained) -> dict[str, Any]:
    row: dict[str, Any] = {"outcome": r.outcome, "series": r.series, "from": r.first, "to": r.last}
    return row | {f"{part}_{k}": v for part in ("structure", "full") for k, v in getattr(r, part).items()}


def _recruitment_row(r: recruitment.Comparison) -> dict[str, Any]:
    p = r.published
    row = {"policy": p.policy, "quantity": p.quantity, "unit": p.unit, "published_low": p.low, "published_high": p.high}
    row |= {"reproduced": r.reproduced, "against_own_counterfactual": r.against_status_quo}
    return _filled(row) | {"mark": p.mark, "where": p.where, "source": p.source, "note": p.note}


def _projections(study: Study) -> list[dict[str, Any]]:
    rows, known = [], data_end()
    for name in OUTCOMES:
        annual = study.baseline.annual(name)
        q = annual.quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="draw").values
        for k, year in enumerate(annual["year"].values):
            spread = dict(zip(("q05", "q25", "median", "q75", "q95"), (float(x) for x in q[:, k]), strict=True))
            status = (
                "history"
                if year + 1 <= known + 1e-6
                else "projection"
                if year < EVIDENCE_END
                else "beyond the evidence"
            )
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


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: "" if v is None else v for k, v in row.items()}


def _spread(prefix: str, quantiles: Sequence[float]) -> dict[str, float]:
    return {f"{prefix}_{n}": v for n, v in zip(("q05", "median", "q95"), quantiles, strict=True)}


def _joint_row(r: JointRow) -> dict[str, Any]:
    row = {"parameter": r.parameter, "label": r.label, "unit": r.unit, "hypothesis": r.hypothesis or ""}
    return row | _spread("used", r.used) | _spread("joint", r.joint) | {"apart": "yes" if r.apart else "no"}


def _hypothesis_row(r: findings.HypothesisRow) -> dict[str, Any]:
    row = {k: v for k, v in vars(r).items() if k not in ("posterior", "first_stage")}
    row |= _spread("posterior", r.posterior)
    return _filled(row) | {"first_stage_alone": "yes" if r.first_stage else "no", "verdict": r.verdict}


def _learned_row(r: findings.LearnedRow) -> dict[str, Any]:
    return {
        "parameter": r.parameter,
        "label": r.label,
        "unit": r.unit,
        "hypothesis": r.hypothesis or "",
        "grade": r.grade,
        **_spread("prior", r.prior),
        **_spread("posterior", r.posterior),
        "contraction": r.contraction,
        "comes_from": WORDS["en"][learned_origin(r)],
        "follows_from_assumption": "yes" if r.assumed else "no",
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
