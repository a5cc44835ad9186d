"""What is known of one id, as a value: for reading, for a table, for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from contraflow.analysis.wording import exact, percent, significant


@dataclass(frozen=True)
class Explanation:
    """What is known of one id. Fields that do not apply to its kind are None or empty.

    Attributes:
        id: the id.
        label: its name in English.
        kind: what it is: "stock", "parameter", "loop" and so on.
        documentation: the words of its author.
        unit: unit of its values.
        sector: module of the model that holds it.
        where: file and line inside the package, ``system/supply.py:123``.
        equation: source text of its function, or how it accumulates.
        inputs: what it depends on: id, kind, label.
        uses: what depends on it: id, kind, label.
        prior: prior in words.
        posterior: median and the 5, 25, 75 and 95 % quantiles.
        contraction: 1 − posterior variance / prior variance of its standard-normal coordinate: 0 where data say
            nothing.
        bayes_factor: for a strength of a hypothesis, evidence against its null (Savage–Dickey); None where there is no
            null, or it lies at the edge of the prior.
        from_assumption: whether what rests on a parameter follows from assumption (``analysis/support.py``).
        parameters: for a hypothesis, id, label, unit, null, prior, posterior, contraction, bayes_factor,
            from_assumption of each.
        links: for a loop, cause, effect, sign, p_positive, p_negative of each link.
        polarity: for a loop, R, B, or ± where the sign of a link is uncertain.
        sources: id, grade, title, and what was taken: of (the parameter), value, unit, years, where, reason.
        details: what else its kind has to say, by name.
        notes: why something is missing.
    """

    id: str
    label: str
    kind: str
    documentation: str = ""
    unit: str | None = None
    sector: str | None = None
    where: str | None = None
    equation: str | None = None
    inputs: tuple[dict[str, str], ...] = ()
    uses: tuple[dict[str, str], ...] = ()
    prior: str | None = None
    posterior: dict[str, float] | None = None
    contraction: float | None = None
    bayes_factor: float | None = None
    from_assumption: bool | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    links: tuple[dict[str, Any], ...] = ()
    polarity: str | None = None
    sources: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The object of ``explain --json``: every field, as plain values."""
        return asdict(self)

    def to_text(self) -> str:
        """The explanation for reading, in plain text."""
        unit = "dimensionless" if self.unit == "1" else self.unit
        head = [f"{self.id}: {self.label}", self.kind + (f", {unit}" if unit else "")]
        place = "   ".join(x for x in (self.sector and f"sector {self.sector}", self.where) if x)
        parts = ["\n".join([*head, place] if place else head)]
        words = self.documentation
        if words.startswith(self.label):
            words = words.removeprefix(self.label).lstrip(".").strip()
        if words:
            parts.append(words)
        parts.append("\n".join(f"{k}: {_detail_words(v)}" for k, v in self.details.items() if v not in (None, "", [])))
        if self.equation:
            parts.append("Equation\n" + textwrap.indent(self.equation, "    "))
        if self.prior:
            parts.append("\n".join(_belief_lines(asdict(self))))
        parts += [_parameter_text(p) for p in self.parameters]
        if self.links:
            parts.append(_links_text(self.links, self.polarity))
        parts += [_named_text("Depends on", self.inputs), _named_text("Used by", self.uses)]
        if self.sources:
            parts.append("Sources\n" + "\n".join(f"    {_source_words(s)}" for s in self.sources))
        parts += [f"Note: {note}" for note in self.notes]
        return "\n\n".join(part for part in parts if part)


def _detail_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"\n    {name}: {_detail_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return exact(value) if isinstance(value, float) else str(value)


def _belief_lines(belief: Mapping[str, Any]) -> list[str]:
    lines = [f"Prior: {belief['prior']}"]
    if belief["posterior"]:
        q = {name: significant(value) for name, value in belief["posterior"].items()}
        lines.append(
            f"Posterior: median {q['median']}, 50 % between {q['q25']} and {q['q75']}, "
            f"90 % between {q['q05']} and {q['q95']}"
        )
        lines.append(f"Contraction: {100 * belief['contraction']:.0f} % (0 % where data say nothing)")
        factor = belief["bayes_factor"]
        if factor is not None:
            lines.append(f"Bayes factor against its null: {significant(factor)} (1 where data say nothing)")
        if belief["from_assumption"]:
            lines.append("What rests on it follows from assumption")
    return lines


def _parameter_text(p: Mapping[str, Any]) -> str:
    null = "no null" if p["null"] is None else f"null {exact(p['null'])}"
    lines = [f"{p['id']}: {p['label']} ({p['unit']}; {null}; grade {p['grade']})"]
    return "\n    ".join([*lines, *_belief_lines(p)])


def _links_text(links: Iterable[Mapping[str, Any]], polarity: str | None) -> str:
    words = {"R": "reinforcing", "B": "balancing", "±": "of uncertain sign"}
    rows = list(links)
    width = max(len(row["cause"]) for row in rows)
    lines = [f"Links; the loop is {words[polarity]}" if polarity else "Links"]
    for row in rows:
        sign = row["sign"] or "?"
        share = max(row["p_positive"] or 0.0, row["p_negative"] or 0.0)
        certain = f"   P = {percent(share)}" if row["sign"] not in (None, "0") else ""
        lines.append(f"    {row['cause']:<{width}}  {sign}→  {row['effect']}{certain}")
    return "\n".join(lines)


def _named_text(title: str, named: Iterable[Mapping[str, str]]) -> str:
    rows = list(named)
    if not rows:
        return ""
    width = max(len(row["id"]) for row in rows)
    return "\n".join([title, *(f"    {row['id']:<{width}}  {row['kind']}: {row['label']}" for row in rows)])


def _source_words(source: Mapping[str, Any]) -> str:
    of = f"{source['of']}: " if source["of"] else ""
    value = source["value"]
    figure = exact(value) if isinstance(value, float) else str(value or "")
    if source["low"] is not None and source["high"] is not None:
        figure += f" ({exact(source['low'])} to {exact(source['high'])})"
    unit = source["unit"] or ""
    taken = " ".join(x for x in (figure.strip(), unit) if x)
    said = "; ".join(str(x) for x in (taken, source["years"], source["where"], source["reason"]) if x)
    words = said or source["title"]
    beside = "" if source["used"] else "; shown beside, no part of the prior"
    return f"[{source['grade']}] {of}{source['id']}" + (f": {words}" if words != source["id"] else "") + beside
