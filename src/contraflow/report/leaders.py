"""Does removing leaders save or cost lives: the first 24 months, and the years beyond, kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contraflow.analysis.runs import Comparison
from contraflow.report import findings, panels
from contraflow.report.columns import MEXICO
from contraflow.report.findings import Finding
from contraflow.report.origins import learned_origin
from contraflow.report.wording import PLACES, Told, format_date, interval, interval_es, probability

if TYPE_CHECKING:
    from contraflow.report.study import Study

SCENARIO = "leaders-first"
#: Years that panels of places around removals have looked at.
SEEN = 2.0
OUTCOMES = (MEXICO.outcome, "mx.missing", "mx.jailed_members", "mx.arrests_of_members", "mx.cartel_members")
STRENGTH = "kingpin"


@dataclass(frozen=True)
class Reading:
    """The scenario over both windows: findings by outcome, in the first 24 months and in the years beyond."""

    within: Mapping[str, Finding]
    beyond: Mapping[str, Finding]


def reading(comparison: Comparison, end: float) -> Reading:
    """Findings on the two windows.

    What comes beyond the panels follows from assumption, whatever drives it, where it is worth naming.
    """
    start = comparison.window[0]
    edges = ((start, start + SEEN), (start + SEEN, end))
    within, beyond = (findings.findings(comparison, b, a, OUTCOMES) for a, b in edges)
    unseen = {
        name: f if f.verdict.strength == "negligible" else replace(f, verdict=replace(f.verdict, from_assumption=True))
        for name, f in beyond.items()
    }
    return Reading(within, unseen)


def told(study: Study) -> Told | None:
    """The answer in both languages; None where the study lacks the scenario."""
    if study.leaders is None:
        return None
    label = study.comparisons[SCENARIO].scenario.label
    within, beyond = (part[MEXICO.outcome] for part in (study.leaders.within, study.leaders.beyond))
    chances = [probability(f.effect.p_reduction, study.draws) for f in (within, beyond)]
    until = format_date(beyond.end - 1 / 12)
    en = (
        f"{label.en}, read by time: in the first 24 months homicides in Mexico change by "
        f"{interval(within.effect.difference)} (90 % interval; P(fewer) {chances[0]}: {within.verdict.text}); from "
        f"then to {until} by {interval(beyond.effect.difference)} (P(fewer) {chances[1]}: {beyond.verdict.text})."
    )
    es = (
        f"{label.es}, según el plazo: en los primeros 24 meses los homicidios en México cambian "
        f"{interval_es(within.effect.difference)} (intervalo de 90 %; P(menos) {chances[0]}: "
        f"{within.verdict.text_es}); desde entonces hasta {until}, {interval_es(beyond.effect.difference)} (P(menos) "
        f"{chances[1]}: {beyond.verdict.text_es})."
    )
    strength = next((r for r in study.learned if r.parameter == STRENGTH), None)
    if strength and strength.assumed:
        ours = learned_origin(strength) == "assumption"
        en += (
            " What one removal does where it happens is centred on published panels, not on these data, and none looks "
            f"beyond 24 months{'; its spread and sign are assumed' if ours else ''}."
        )
        es += (
            " Lo que hace cada captura en su lugar se centra en paneles publicados, no en estos datos, y ninguno va "
            f"más allá de 24 meses{'; su amplitud y su signo son supuestos' if ours else ''}."
        )
    seen, seen_es = panels.removal_sentence(study)
    return Told(PLACES[within.verdict.strength], en + seen, es + seen_es)
