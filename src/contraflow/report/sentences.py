"""The opening page and the end of a run in plain words, English and Spanish, written from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from contraflow import evidence
from contraflow.analysis.decomposition import FROZEN_FROM, SMALLEST_FALL, WINDOW
from contraflow.analysis.wording import prior_quantiles
from contraflow.inference.problem import DATA_END
from contraflow.report.findings import LAST_YEAR, Finding, leading_cause
from contraflow.report.wording import (
    CLEAR,
    NEGLIGIBLE,
    format_date,
    interval,
    probability,
    share_percent,
    signed,
    significant,
)

if TYPE_CHECKING:
    from contraflow.report.study import Study

DEATHS = "us.overdose_deaths"
_NOW = int(DATA_END) - 1
#: Below so many draws, verdicts and drivers are those of a trial.
FEW_DRAWS = 100

CANNOT_TELL = (
    "What happened after December 2024: no figure and no decision later than that went in.",
    "Lives in Mexico. The sectors of arms, groups, violence and security come with later versions, so no scenario has "
    "a number in the column for Mexico, and an empty cell does not mean no effect.",
    "Differences between states, ages or ethnic groups: this version has one national population in two risk groups.",
    "Why supply changed in 2023. The model takes the fall of purity as a driver inferred from purity, laboratories, "
    "seizures and deaths.",
    "Whether a policy can be passed, paid for or staffed. Feasibility is noted beside each lever, not modelled.",
)
CANNOT_TELL_ES = (
    "Lo ocurrido después de diciembre de 2024: no se usó ninguna cifra ni decisión posterior.",
    "Las vidas en México. Los sectores de armas, grupos, violencia y seguridad llegarán en versiones posteriores; una "
    "celda vacía no significa que no haya efecto.",
    "Las diferencias entre estados, edades o grupos: esta versión tiene una sola población nacional.",
    "Por qué cambió la oferta en 2023: el modelo la toma como un factor inferido de pureza, laboratorios, decomisos y "
    "muertes.",
    "Si una política puede aprobarse, pagarse o dotarse de personal.",
)


@dataclass(frozen=True)
class Opening:
    """The opening page: the outlook, what was found, what leans one way, what is undecided, what cannot be told."""

    outlook: str
    found: tuple[str, ...]
    leaning: tuple[str, ...]
    undecided: tuple[str, ...]
    cannot_tell: tuple[str, ...]


def opening(study: Study) -> Opening:
    """The opening page in English."""
    told = {s: sentence(study, by[DEATHS]) for s, by in study.short.items()}
    return Opening(outlook(study), *_sorted(study, told, fall_sentence(study)), CANNOT_TELL)


def opening_es(study: Study) -> Opening:
    """The opening page in Spanish."""
    told = {s: sentence_es(study, by[DEATHS]) for s, by in study.short.items()}
    return Opening(outlook_es(study), *_sorted(study, told, fall_sentence_es(study)), CANNOT_TELL_ES)


def fall_note(study: Study) -> str:
    """How to read the decomposition of the fall since 2023, and what was observed."""
    d = study.decomposition
    return (
        f"Deaths with synthetic opioids, yearly rate, June 2023 against July to December 2024: the model falls by "
        f"{significant(d.fall['median'])} ({significant(d.fall['q05'])} to {significant(d.fall['q95'])}); the counts "
        f"fell by {significant(_observed_fall())} between the first half of 2023 and the second of 2024. Shapley "
        f"shares over {d.draws} draws; a frozen cause keeps its value of June 2023 in every equation of overdose, "
        "purity and rationing together, and tolerance follows the frozen dose. “Freed first” and “frozen last” are "
        f"the two orders. The share is explained in sample: no fit without those years predicted it. National data "
        f"alone; a panel of states is not in this version. Draws that fall by less than {share_percent(SMALLEST_FALL)} "
        f"({share_percent(d.left_out)} of them) are left out of the shares."
    )


_CAUSES = {
    "supply": ("purity and rationing of supply", "la oferta (pureza y escasez)"),
    "tolerance": ("the tolerance of people who use", "la tolerancia de quienes consumen"),
    "naloxone": ("naloxone in the community", "la naloxona en la comunidad"),
    "people": (
        "the number of people at risk and on medication",
        "el número de personas en riesgo y en tratamiento",
    ),
    "residual": ("none of the causes considered", "ninguna de las causas consideradas"),
}


def _observed_fall() -> float:
    """Fall of the counted deaths a year, from the last half-year before the freeze to the end of the data."""
    rows = {r.start: r.value for r in evidence.load().series["us.deaths.synthetic_opioids.half_year"].rows}
    return 2 * (rows[FROZEN_FROM - 0.5] - rows[WINDOW[0]])


def fall_sentence(study: Study) -> str:
    """The leading cause of the fall since 2023, in English, no surer than its interval."""
    lead, standing = leading_cause(study.decomposition)
    name, fall = _CAUSES[lead.id][0], study.decomposition.fall
    between = f"{share_percent(lead.share['q05'])} to {share_percent(lead.share['q95'])}"
    about = "The fall in deaths with synthetic opioids since mid-2023"
    sizes = (
        f"The model’s fall is {significant(fall['q05'])} to {significant(fall['q95'])} deaths a year; the counts fell "
        f"by {significant(_observed_fall())}."
    )
    told = {
        "undecided": f"undecided. The share with the highest median, that of {name}, is anything from {between}.",
        "present": f"a part of it, in the model, is that of {name}, {between} (90 % interval, in sample). Which cause "
        "has the largest part is undecided.",
        "first": f"its largest part, in the model, is that of {name}, {share_percent(lead.share['median'])} (90 % "
        f"interval {between}, in sample).",
    }[standing]
    return f"{about}: {told} {sizes}"


def fall_sentence_es(study: Study) -> str:
    """The same in Spanish."""
    lead, standing = leading_cause(study.decomposition)
    name, fall = _CAUSES[lead.id][1], study.decomposition.fall
    between = f"de {share_percent(lead.share['q05'])} a {share_percent(lead.share['q95'])}"
    about = "La baja de las muertes con opioides sintéticos desde mediados de 2023"
    sizes = (
        f"En el modelo, la baja es de {significant(fall['q05'])} a {significant(fall['q95'])} muertes al año; en los "
        f"conteos fue de {significant(_observed_fall())}."
    )
    told = {
        "undecided": f"no se puede decidir. La parte con la mediana más alta, la de {name}, puede ir {between}.",
        "present": f"en el modelo, a {name} corresponde {between} de ella (intervalo de 90 %, dentro de la muestra). "
        "No se puede decidir qué causa tiene la mayor parte.",
        "first": f"en el modelo, la mayor parte corresponde a {name}: {share_percent(lead.share['median'])} (intervalo "
        f"de 90 %: {between}, dentro de la muestra).",
    }[standing]
    return f"{about}: {told} {sizes}"


def _sorted(study: Study, told: Mapping[str, str], fall: str) -> tuple[tuple[str, ...], ...]:
    """What was found, what leans one way, what is undecided."""
    place = {"clear": "found", "negligible": "found", "leaning": "leaning", "undecided": "undecided"}
    parts: dict[str, list[str]] = {"found": [], "leaning": [], "undecided": []}
    for s, text in told.items():
        parts[place[study.short[s][DEATHS].verdict.strength]].append(text)
    parts["undecided" if leading_cause(study.decomposition)[1] == "undecided" else "found"].append(fall)
    return tuple(tuple(p) for p in parts.values())


def _deaths(study: Study, year: int) -> tuple[float, float, float]:
    low, middle, high = np.quantile(study.baseline.annual(DEATHS).sel(year=year).values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def outlook(study: Study) -> str:
    """What the model expects without new policy."""
    low, middle, high = (significant(x) for x in _deaths(study, LAST_YEAR))
    now = significant(_deaths(study, _NOW)[1])
    precision = {
        "narrower": " Relative to its size, every effect below whose sign is clear has a narrower 90 % interval than "
        "the number of deaths over the same years.",
        "wider": " Relative to its size, every effect below whose sign is clear is less certain than the number of "
        "deaths over the same years.",
        "mixed": "",
    }[precision_of_effects(study)]
    return (
        f"With the services, laws and enforcement of {_NOW} held still, the 90 % interval of the model’s overdose "
        f"deaths in the United States in {LAST_YEAR} is {low} to {high} (median {middle}; {now} in {_NOW}).{precision}"
    )


def outlook_es(study: Study) -> str:
    """The same in Spanish."""
    low, middle, high = (significant(x) for x in _deaths(study, LAST_YEAR))
    now = significant(_deaths(study, _NOW)[1])
    precision = {
        "narrower": " En relación con su tamaño, todo efecto de signo claro de los que siguen tiene un intervalo de "
        "90 % más estrecho que el número de muertes en los mismos años.",
        "wider": " En relación con su tamaño, todo efecto de signo claro de los que siguen es menos seguro que el "
        "número de muertes en los mismos años.",
        "mixed": "",
    }[precision_of_effects(study)]
    return (
        f"Si los servicios, las leyes y la acción policial de {_NOW} no cambian, el intervalo de 90 % de las muertes "
        f"por sobredosis en Estados Unidos en {LAST_YEAR} va, en el modelo, de {low} a {high} (mediana {middle}; "
        f"{now} en {_NOW}).{precision}"
    )


def precision_of_effects(study: Study) -> Literal["narrower", "wider", "mixed"]:
    """Whether clear effects on deaths have narrower 90 % intervals, relative to their medians, than deaths have."""

    def width(q: Mapping[str, float]) -> float:
        return (q["q95"] - q["q05"]) / abs(q["median"])

    clear = [by[DEATHS].effect for by in study.short.values() if by[DEATHS].verdict.strength == "clear"]
    narrower = [width(e.difference) < width(e.baseline) for e in clear]
    if not narrower or len(set(narrower)) > 1:
        return "mixed"
    return "narrower" if narrower[0] else "wider"


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
    window = f"from {format_date(comparison.window[0])} to {LAST_YEAR}-12"
    d, p = f.effect.difference, f.effect.p_reduction
    if f.verdict.strength == "negligible":
        inside = f"90 % of draws within ±{share_percent(NEGLIGIBLE)}"
        text = f"{label}: no effect worth naming on overdose deaths {window} ({inside})."
    elif f.verdict.strength == "undecided":
        text = (
            f"{label}: undecided. Overdose deaths {window} change by {interval(d)} (90 % interval); "
            f"P(fewer) {probability(p, study.draws)}."
        )
    elif f.verdict.strength == "leaning":
        word = "fewer" if d["median"] < 0 else "more"
        text = (
            f"{label}: leans towards {word}, without being clear. Overdose deaths {window} change by {interval(d)} "
            f"(90 % interval; median {signed(d['median'])}); P(fewer) {probability(p, study.draws)}."
        )
    else:
        word = "fewer" if d["median"] < 0 else "more"
        text = (
            f"{label}: {significant(abs(d['median']))} {word} overdose deaths {window} than without it "
            f"({share_percent(f.relative['median'], sign=True)}; 90 % interval {interval(d)}). The sign is clear: "
            f"P(fewer) {probability(p, study.draws)}."
        )
    if f.verdict.from_assumption:
        size = "that it is so small" if f.verdict.strength == "negligible" else "the size"
        text += f" Follows from assumption: {size} rests on {_drivers(f, 'en')}, which these data hardly inform."
    return text


def sentence_es(study: Study, f: Finding) -> str:
    """The same in Spanish."""
    comparison = study.comparisons[f.scenario]
    label = comparison.scenario.label.es
    window = f"de {format_date(comparison.window[0])} a {LAST_YEAR}-12"
    d, p = f.effect.difference, f.effect.p_reduction
    low, high = signed(d["q05"]), signed(d["q95"])
    if f.verdict.strength == "negligible":
        inside = f"menos de {share_percent(NEGLIGIBLE)}"
        text = f"{label}: sin efecto apreciable en las muertes por sobredosis {window} ({inside})."
    elif f.verdict.strength == "undecided":
        text = (
            f"{label}: no se puede decidir. Las muertes por sobredosis {window} cambian entre {low} y {high} "
            f"(intervalo de 90 %); P(menos muertes) {probability(p, study.draws)}."
        )
    elif f.verdict.strength == "leaning":
        word = "menos" if d["median"] < 0 else "más"
        text = (
            f"{label}: se inclina hacia {word} muertes, sin ser claro. Las muertes por sobredosis {window} cambian "
            f"entre {low} y {high} (intervalo de 90 %; mediana {signed(d['median'])}); P(menos muertes) "
            f"{probability(p, study.draws)}."
        )
    else:
        word = "menos" if d["median"] < 0 else "más"
        text = (
            f"{label}: {significant(abs(d['median']))} muertes {word} por sobredosis {window} que sin ella "
            f"({share_percent(f.relative['median'], sign=True)}; intervalo de 90 %: de {low} a {high}). El signo es "
            f"claro: P(menos muertes) {probability(p, study.draws)}."
        )
    if f.verdict.from_assumption:
        size = "que sea tan pequeño" if f.verdict.strength == "negligible" else "el tamaño"
        text += f" Se sigue de supuestos: {size} depende de {_drivers(f, 'es')}, sobre lo cual estos datos dicen poco."
    return text


def laboratory_sentence(table: xr.Dataset) -> str:
    """For how few laboratories strikes would clearly matter, in English."""
    window = f"from {format_date(table.attrs['from'])} to {format_date(table.attrs['until'] - 1 / 12)}"
    counts, slacks = table["lab_count"].values, table["lab_slack"].values
    sure = (table["p_one_percent"].transpose("lab_slack", "lab_count") >= CLEAR).values
    largest = [int(np.argmin(row)) if not row.all() else len(row) for row in sure]
    about = f"deaths with synthetic opioids {window} by 1 % or more"
    if not any(largest):
        text = (
            f"For none of the numbers tried, with {slacks.min():g} to {slacks.max():g} times the capacity needed, "
            f"would strikes at the scenario’s pace clearly lower {about}."
        )
    else:
        few: dict[int, list[str]] = {}
        for slack, n in zip(slacks, largest, strict=True):
            few.setdefault(n, []).append(f"{slack:g}")
        parts = [
            (f"with {significant(counts[n - 1])} laboratories or fewer" if n else "with none of the numbers tried")
            + f" where capacity is {_listed(at)} times need"
            for n, at in few.items()
        ]
        text = f"Strikes at the scenario’s pace would clearly lower {about} {'; '.join(parts)}."
    q = prior_quantiles(evidence.load().parameters["lab_count"].prior)
    return (
        f"{text} Tried: {_listed([significant(n) for n in counts], 'and')} laboratories. How many work at once was "
        f"never measured: the model takes {significant(q['median'])} ({significant(q['q05'])} to "
        f"{significant(q['q95'])}), an assumption."
    )


def _listed(words: list[str], last: str = "or") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def summary(study: Study, report: Path) -> str:
    """Eight to twelve lines for the end of a run."""
    low, middle, high = (significant(x) for x in _deaths(study, LAST_YEAR))
    lines = [
        f"US overdose deaths in {LAST_YEAR} if nothing changes: {low} to {high} (90 %; median {middle}); "
        f"{study.draws} draws{', too few for use' if study.draws < FEW_DRAWS else ''}.",
        f"Effect of each policy on overdose deaths to {LAST_YEAR}, against the same draws without it:",
    ]
    for s, by in study.short.items():
        f = by[DEATHS]
        label = study.comparisons[s].scenario.label.en
        spread = f"90 %: {interval(f.effect.difference)}"
        change = {
            "negligible": "",
            "undecided": f"{spread}; ",
        }.get(f.verdict.strength, f"{signed(f.effect.difference['median'])} ({spread}), ")
        lines.append(f"  {label}: {change}{f.verdict.text}")
    lines.append(fall_sentence(study))
    lines.append("The model says nothing yet of lives in Mexico, of single states, or of anything after 2024-12.")
    lines.append(f"Report: {report}")
    return "\n".join(lines)
