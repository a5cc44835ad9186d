"""What there is: lists of levers, outcomes, hypotheses, scenarios, parameters, sources and claims.

Each list is made of plain values, ready for a table or JSON; ``search`` keeps the rows whose id or label holds the
text, in any case. ``explain`` says all there is about one id.
"""

from __future__ import annotations

from typing import Any

from contraflow import evidence
from contraflow.analysis.explainers import explain
from contraflow.analysis.explanation import Explanation
from contraflow.analysis.wording import prior_quantiles, prior_words, setting_words
from contraflow.policy import Scenario, format_date
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.levers import LEVERS
from contraflow.system.outcomes import OUTCOMES

__all__ = [
    "Explanation", "claims", "explain", "hypotheses", "levers", "outcomes", "parameters", "scenarios", "sources",
]  # fmt: skip

Rows = list[dict[str, Any]]


def levers(search: str | None = None) -> Rows:
    """Every lever: its unit, value today, range and worded levels, and what stands in its way or may do harm."""
    rows = [
        {
            "id": lever.id,
            "label": lever.label.en,
            "unit": lever.unit,
            "display_unit": lever.display_unit.en,
            "today": lever.today,
            "low": lever.low,
            "high": lever.high,
            "levels": {level.name: level.value for level in lever.levels},
            "ramp_months": lever.ramp_months,
            "kind": lever.kind,
            "extension": lever.extension,
            "target": lever.target,
            "feasibility": lever.feasibility.en,
            "humanity": lever.humanity.en if lever.humanity else None,
            "cost": lever.cost,
            "sources": list(lever.sources),
        }
        for lever in LEVERS.values()
    ]
    return _found(rows, search)


def outcomes(search: str | None = None) -> Rows:
    """Every outcome: its unit, and whether a window of years reports the sum or the mean."""
    rows = [
        {
            "id": o.id,
            "label": o.label.en,
            "unit": o.unit,
            "window_is": o.window_is,
            "country": o.country,
            "variable": o.variable,
        }
        for o in OUTCOMES.values()
    ]
    return _found(rows, search)


def hypotheses(search: str | None = None) -> Rows:
    """Every hypothesis: what it claims, the parameters that are its strength, and its null."""
    rows = [
        {
            "id": h.id,
            "label": h.label.en,
            "statement": h.statement.en,
            "strength": h.strength,
            "parameters": dict(h.parameters),
            "can_be_off": h.can_be_off,
            "note": h.note,
        }
        for h in HYPOTHESES.values()
    ]
    return _found(rows, search)


def scenarios(search: str | None = None) -> Rows:
    """Every scenario that ships: its settings, horizon, precedent, and what it leaves out."""
    rows = []
    for name in Scenario.shipped():
        scenario = Scenario.load(name)
        first = scenario.first_lever_date()
        rows.append(
            {
                "id": name,
                "label": scenario.label.en if scenario.label else name,
                "policy": setting_words(scenario),
                "assume": {k: list(v) if isinstance(v, tuple) else v for k, v in scenario.assume.written.items()},
                "extensions": list(scenario.extensions),
                "from": format_date(first) if first is not None else None,
                "until": format_date(scenario.horizon - 1 / 12),
                "resembles": scenario.resembles.en if scenario.resembles else None,
                "leaves_out": scenario.leaves_out.en if scenario.leaves_out else None,
                "hash": scenario.hash,
            }
        )
    return _found(rows, search)


def parameters(search: str | None = None) -> Rows:
    """Every parameter: its unit, prior, the data that inform it, and its sources with the worst grade among them."""
    rows = [
        {
            "id": p.id,
            "label": p.label.en,
            "unit": p.unit,
            "prior": prior_words(p.prior),
            **prior_quantiles(p.prior),
            "block": p.block,
            "identified_by": list(p.identified_by),
            "hypothesis": p.hypothesis,
            "grade": p.grade,
            "sources": [ref.id for ref in p.sources],
            "checked": str(p.checked),
            "note": p.note,
        }
        for p in _only(evidence.load().parameters, search)
    ]
    return _found(rows, search)


def sources(search: str | None = None) -> Rows:
    """Every source: publication, kind, grade, the part that was seen, and when."""
    rows = [
        {
            "id": s.id,
            "label": s.title,
            "publisher": s.publisher,
            "year": s.year,
            "kind": s.kind,
            "grade": s.grade,
            "where": s.where,
            "checked": str(s.checked),
            "note": s.note,
        }
        for s in evidence.load().sources.values()
    ]
    return _found(rows, search)


def claims(search: str | None = None) -> Rows:
    """Every claim of the debate that the evidence base holds, and what in the model bears on it."""
    rows = [
        {
            "id": c.id,
            "label": c.statement,
            "kind": c.kind,
            "subject": c.subject,
            "testable": c.testable,
            "reason": c.reason,
            "variables": list(c.variables),
            "levers": list(c.levers),
            "hypotheses": list(c.hypotheses),
        }
        for c in evidence.load().claims.values()
    ]
    return _found(rows, search)


def _matches(id: str, label: str, search: str | None) -> bool:
    return search is None or search.casefold() in f"{id} {label}".casefold()


def _only(records: dict[str, evidence.Parameter], search: str | None) -> list[evidence.Parameter]:
    return [p for p in records.values() if _matches(p.id, p.label.en, search)]


def _found(rows: Rows, search: str | None) -> Rows:
    return [row for row in rows if _matches(row["id"], row["label"], search)]
