"""The opening page and the end of a run in plain words, English and Spanish, written from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contraflow import evidence
from contraflow.report.findings import Finding
from contraflow.report.wording import NEGLIGIBLE, format_date, interval, percent, probability, signed, significant

if TYPE_CHECKING:
    from contraflow.report.study import Study

DEATHS = "us.overdose_deaths"

CANNOT_TELL = (
    "What happened after December 2024: no figure and no decision later than that went in.",
    "Lives in Mexico. The sectors of arms, groups, violence and security come with later versions, so no scenario has "
    "a number in the column for Mexico, and an empty cell does not mean no effect.",
    "Differences between states, ages or ethnic groups: this version has one national population in two risk groups.",
    "Why supply changed in 2023. The model takes the fall of purity as a driver inferred from purity, laboratory and "
    "seizure data.",
    "Whether a policy can be passed, paid for or staffed. Feasibility is noted beside each lever, not modelled.",
)
CANNOT_TELL_ES = (
    "Lo ocurrido después de diciembre de 2024: no se usó ninguna cifra ni decisión posterior.",
    "Las vidas en México. Los sectores de armas, grupos, violencia y seguridad llegarán en versiones posteriores; una "
    "celda vacía no significa que no haya efecto.",
    "Las diferencias entre estados, edades o grupos: esta versión tiene una sola población nacional.",
    "Por qué cambió la oferta en 2023: el modelo la toma como un factor inferido de pureza, laboratorios y decomisos.",
    "Si una política puede aprobarse, pagarse o dotarse de personal.",
)


@dataclass(frozen=True)
class Opening:
    """The opening page: the outlook, what was found, what is undecided, what the model cannot tell."""

    outlook: str
    found: tuple[str, ...]
    undecided: tuple[str, ...]
    cannot_tell: tuple[str, ...]


def opening(study: Study) -> Opening:
    """The opening page in English."""
    told = {s: sentence(study, by[DEATHS]) for s, by in study.short.items()}
    found, undecided = _sorted(study, told)
    return Opening(outlook(study), (*found, fall_sentence(study)), undecided, CANNOT_TELL)


def opening_es(study: Study) -> Opening:
    """The opening page in Spanish."""
    told = {s: sentence_es(study, by[DEATHS]) for s, by in study.short.items()}
    found, undecided = _sorted(study, told)
    return Opening(outlook_es(study), (*found, fall_sentence_es(study)), undecided, CANNOT_TELL_ES)


def fall_note(study: Study) -> str:
    """How to read the decomposition of the fall since 2023, and what was observed."""
    d = study.decomposition
    rows = {r.start: r.value for r in evidence.load().series["us.deaths.synthetic_opioids.half_year"].rows}
    observed = 2 * (rows[2023.0] - rows[2024.5])
    return (
        f"Deaths with synthetic opioids, yearly rate, June 2023 against July to December 2024: the model falls by "
        f"{significant(d.fall['median'])} ({significant(d.fall['q05'])} to {significant(d.fall['q95'])}); the counts "
        f"fell by {significant(observed)} between the first half of 2023 and the second of 2024. Shapley shares over "
        f"{d.draws} draws; a frozen cause keeps its value of June 2023 in every equation of overdose, purity and "
        "rationing together, and tolerance follows the frozen dose. “Freed first” and “frozen last” are the two "
        f"orders. The share is explained in sample: no fit without those years predicted it. National data alone; a "
        f"panel of states is not in this version. Draws that fall by less than 10 % ({percent(d.left_out)} of them) "
        "are left out of the shares."
    )


def fall_sentence(study: Study) -> str:
    """The first cause of the fall since 2023, in English."""
    first = max(study.decomposition.causes, key=lambda c: c.share["median"])
    return (
        f"The fall in deaths with synthetic opioids since mid-2023: the largest share in the "
        f"model is that of {first.label.lower()}, {percent(first.share['median'])} (90 % interval "
        f"{percent(first.share['q05'])} to {percent(first.share['q95'])}), in sample. "
        "Why supply changed, the model does not say."
    )


def fall_sentence_es(study: Study) -> str:
    """The same in Spanish."""
    first = max(study.decomposition.causes, key=lambda c: c.share["median"])
    label = {
        "supply": "la oferta (pureza y escasez)",
        "tolerance": "la tolerancia de quienes consumen",
        "naloxone": "la naloxona en la comunidad",
        "people": "el número de personas en riesgo y en tratamiento",
        "residual": "ninguna de las causas consideradas",
    }[first.id]
    return (
        f"La baja de las muertes con opioides sintéticos desde mediados de 2023: {label} explica "
        f"{percent(first.share['median'])} de ella en el modelo (intervalo de 90 %: de {percent(first.share['q05'])} a "
        f"{percent(first.share['q95'])}), dentro de la muestra. El modelo no dice por qué cambió la oferta."
    )


def _sorted(study: Study, told: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    open_question = [s for s in told if study.short[s][DEATHS].verdict.strength == "undecided"]
    found = tuple(told[s] for s in told if s not in open_question)
    return found, tuple(told[s] for s in open_question)


def _deaths(study: Study, year: int) -> tuple[float, float, float]:
    low, middle, high = np.quantile(study.baseline.annual(DEATHS).sel(year=year).values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def outlook(study: Study) -> str:
    """What the model expects without new policy."""
    low, middle, high = (significant(x) for x in _deaths(study, 2030))
    now = significant(_deaths(study, 2024)[1])
    return (
        f"With the services, laws and enforcement of 2024 held still, the model puts overdose deaths in the United "
        f"States at {middle} in 2030, against {now} in 2024. Anything from {low} to {high} is credible (90 %), so the "
        f"level is uncertain. Effects of policies, as differences on the same draws, are known better than the level."
    )


def outlook_es(study: Study) -> str:
    """The same in Spanish."""
    low, middle, high = (significant(x) for x in _deaths(study, 2030))
    now = significant(_deaths(study, 2024)[1])
    return (
        f"Si los servicios, las leyes y la acción policial de 2024 no cambian, el modelo calcula {middle} muertes por "
        f"sobredosis en Estados Unidos en 2030, frente a {now} en 2024. Cualquier cifra entre {low} y {high} es "
        f"creíble (90 %). El efecto de una política, medido contra las mismas simulaciones sin ella, se conoce mejor "
        "que el nivel."
    )


def _drivers(f: Finding, language: str) -> str:
    known = evidence.load().parameters
    names = [d.parameter for d in f.drivers if d.assumed][:2]
    return " and ".join(f"“{getattr(known[n].label, language)}”" for n in names) if language == "en" else " y ".join(
        f"«{known[n].label.es}»" for n in names
    )  # fmt: skip


def sentence(study: Study, f: Finding) -> str:
    """One policy's effect on overdose deaths to 2030, in English."""
    comparison = study.comparisons[f.scenario]
    label = comparison.scenario.label.en
    window = f"from {format_date(comparison.window[0])} to 2030-12"
    d, p = f.effect.difference, f.effect.p_reduction
    if f.verdict.strength == "negligible":
        inside = f"90 % of draws within ±{percent(NEGLIGIBLE)}"
        text = f"{label}: no effect worth naming on overdose deaths {window} ({inside})."
    elif f.verdict.strength == "undecided":
        text = (
            f"{label}: undecided. Overdose deaths {window} change by {interval(d)} (90 % interval); "
            f"P(fewer) {probability(p, study.draws)}."
        )
    else:
        word = "fewer" if d["median"] < 0 else "more"
        sure = "The sign is clear" if f.verdict.strength == "clear" else "The sign leans this way"
        text = (
            f"{label}: {significant(abs(d['median']))} {word} overdose deaths {window} than without it "
            f"({percent(f.relative['median'], sign=True)}; 90 % interval {interval(d)}). {sure}: "
            f"P(fewer) {probability(p, study.draws)}."
        )
    if f.verdict.from_assumption:
        text += f" Follows from assumption: the size rests on {_drivers(f, 'en')}, which these data hardly inform."
    return text


def sentence_es(study: Study, f: Finding) -> str:
    """The same in Spanish."""
    comparison = study.comparisons[f.scenario]
    label = comparison.scenario.label.es
    window = f"de {format_date(comparison.window[0])} a 2030-12"
    d, p = f.effect.difference, f.effect.p_reduction
    low, high = signed(d["q05"]), signed(d["q95"])
    if f.verdict.strength == "negligible":
        inside = f"menos de {percent(NEGLIGIBLE)}"
        text = f"{label}: sin efecto apreciable en las muertes por sobredosis {window} ({inside})."
    elif f.verdict.strength == "undecided":
        text = (
            f"{label}: no se puede decidir. Las muertes por sobredosis {window} cambian entre {low} y {high} "
            f"(intervalo de 90 %); P(menos muertes) {probability(p, study.draws)}."
        )
    else:
        word = "menos" if d["median"] < 0 else "más"
        sure = "El signo es claro" if f.verdict.strength == "clear" else "El signo se inclina en este sentido"
        text = (
            f"{label}: {significant(abs(d['median']))} muertes {word} por sobredosis {window} que sin ella "
            f"({percent(f.relative['median'], sign=True)}; intervalo de 90 %: de {low} a {high}). {sure}: "
            f"P(menos muertes) {probability(p, study.draws)}."
        )
    if f.verdict.from_assumption:
        text += (
            f" Se sigue de supuestos: el tamaño depende de {_drivers(f, 'es')}, sobre lo cual estos datos dicen poco."
        )
    return text


def summary(study: Study, report: Path) -> str:
    """Eight to twelve lines for the end of a run."""
    low, middle, high = (significant(x) for x in _deaths(study, 2030))
    lines = [
        f"US overdose deaths in 2030 if nothing changes: {middle} (90 %: {low} to {high}); {study.draws} draws.",
        "Effect of each policy on overdose deaths to 2030, against the same draws without it:",
    ]
    for s, by in study.short.items():
        f = by[DEATHS]
        label = study.comparisons[s].scenario.label.en
        change = "" if f.verdict.strength == "negligible" else f"{signed(f.effect.difference['median'])} "
        spread = "" if f.verdict.strength == "negligible" else f"(90 %: {interval(f.effect.difference)}), "
        lines.append(f"  {label}: {change}{spread}{f.verdict.text}")
    lines.append(fall_sentence(study))
    lines.append("The model says nothing yet of lives in Mexico, of single states, or of anything after 2024-12.")
    lines.append(f"Report: {report}")
    return "\n".join(lines)
