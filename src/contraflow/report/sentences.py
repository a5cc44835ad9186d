"""What a study says of policies, of the baseline and of the fall since 2023, in English and Spanish, from numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from contraflow import evidence
from contraflow.analysis.decomposition import FROZEN_FROM, SMALLEST_FALL, WINDOW, Share
from contraflow.analysis.history import COUNTED
from contraflow.analysis.structure import Explained
from contraflow.analysis.support import MOST
from contraflow.analysis.wording import prior_quantiles
from contraflow.report import panels
from contraflow.report.columns import MEXICO, SUBJECTS, Subject
from contraflow.report.findings import LAST_YEAR, Finding, counted, leading_cause
from contraflow.report.origins import Language, mark, rests_on
from contraflow.report.recovered import failed_test
from contraflow.report.wording import (
    CLEAR,
    NEGLIGIBLE,
    Said,
    format_date,
    interval,
    interval_es,
    probability,
    share_percent,
    signed,
    significant,
    whole_percent,
)
from contraflow.system.calendar import DATA_END
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.outcomes import OUTCOMES

if TYPE_CHECKING:
    from contraflow.report.study import Study

_NOW = int(DATA_END) - 1


def fall_note(study: Study) -> str:
    """How to read the decomposition of the fall since 2023, and what was observed."""
    d = study.decomposition
    return (
        f"Deaths with synthetic opioids, yearly rate, June 2023 against July to December 2024: the model falls by "
        f"{significant(d.fall['median'])} ({significant(d.fall['q05'])} to {significant(d.fall['q95'])}); the counts "
        f"fell by {significant(_observed_fall())} between the first half of 2023 and the second of 2024. Shapley "
        f"shares over {d.draws} draws; a frozen cause keeps its value of June 2023 in every equation of overdose, "
        "purity and rationing together, and tolerance follows the frozen dose. “Freed first” and “frozen last” are "
        "the two orders. The share is explained in sample: no fit without those years predicted it. The model has "
        f"national data alone; a panel of states stands beside it. Draws that fall by less than "
        f"{share_percent(SMALLEST_FALL)} "
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
    return f"{about}: {told}{_orders(lead).en}{_strained(study, lead).en} {sizes}{panels.fall_sentence(study)[0]}"


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
    return f"{about}: {told}{_orders(lead).es}{_strained(study, lead).es} {sizes}{panels.fall_sentence(study)[1]}"


def _orders(lead: Share) -> Said:
    """How far a share hangs on the order in which causes are frozen."""
    if lead.first is None or lead.last is None:
        return Said("", "")
    first, last = share_percent(lead.first), share_percent(lead.last)
    return Said(
        f" By the order in which causes are frozen: {last} where it is frozen last, {first} where it is freed first.",
        f" Según el orden en que se congelan las causas: {last} si se congela al final, {first} si se libera primero.",
    )


def _strained(study: Study, lead: Share) -> Said:
    """Which strengths behind a cause the fit has moved out of the 90 % of their priors; empty where it has none."""
    learned = {r.parameter: r for r in study.learned}
    rows = [learned[n] for n in panels.STRENGTHS.get(lead.id, ()) if n in learned]
    out = [r.parameter for r in rows if r.outside]
    if not out:
        return Said("", "")
    return Said(
        f" Of the {len(rows)} strengths behind it {len(out)} have left the 90 % interval of their priors "
        f"({', '.join(out)}): the fit strains what was believed of them.",
        f" De los {len(rows)} parámetros que la sostienen, {len(out)} salieron del intervalo de 90 % de sus valores "
        f"previos ({', '.join(out)}): el ajuste fuerza lo que se creía de ellos.",
    )


def yearly(study: Study, subject: Subject, year: int) -> tuple[float, float, float]:
    """5, 50 and 95 % quantiles of the subject's count in one year without new policy."""
    low, middle, high = np.quantile(study.baseline.annual(subject.outcome).sel(year=year).values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def now(study: Study, subject: Subject) -> Said:
    """The last year of the data, in the model and as counted."""
    model, count = significant(yearly(study, subject, _NOW)[1]), _count(subject)
    if count is None:
        return Said(f"{model} in {_NOW}", f"{model} en {_NOW}")
    return Said(
        f"in {_NOW}: {model} in the model, {significant(count)} counted",
        f"en {_NOW}: {model} en el modelo, {significant(count)} según los conteos",
    )


def off_the_count(study: Study, subject: Subject) -> Said:
    """That the count of the last year lies outside the model's own interval; empty where it does not."""
    low, middle, high = yearly(study, subject, _NOW)
    count = _count(subject)
    if count is None or low <= count <= high:
        return Said("", "")
    below, off = count < low, share_percent(abs(middle / count - 1))
    between = significant(low), significant(high)
    return Said(
        f" The count of {_NOW} lies {'below' if below else 'above'} the model’s 90 % interval for that year, "
        f"{between[0]} to {between[1]}, which leaves out the scatter of single counts: all numbers of {subject.en} "
        f"below start from a level {off} {'above' if below else 'below'} the count.",
        f" El conteo de {_NOW} queda por {'debajo' if below else 'encima'} del intervalo de 90 % del modelo para ese "
        f"año, de {between[0]} a {between[1]}, que no incluye la dispersión de los conteos: todos los números de "
        f"{subject.es} que siguen parten de un nivel {off} {'superior' if below else 'inferior'} al conteo.",
    )


def _count(subject: Subject) -> float | None:
    return counted(evidence.load().series[COUNTED[subject.outcome]], _NOW)


def outlook(study: Study, subject: Subject) -> str:
    """What the model expects without new policy, beside the last count."""
    low, middle, high = (significant(x) for x in yearly(study, subject, LAST_YEAR))
    precision = {
        "narrower": " Relative to its size, every effect below whose sign is clear has a narrower 90 % interval than "
        f"the number of {subject.en} over the same years.",
        "wider": " Relative to its size, every effect below whose sign is clear is less certain than the number of "
        f"{subject.en} over the same years.",
        "mixed": "",
    }[precision_of_effects(study, subject)]
    return (
        f"With the services, laws and enforcement of {_NOW} held still, the 90 % interval of the model’s {subject.en} "
        f"in {subject.place} in {LAST_YEAR} is {low} to {high} (median {middle}; {now(study, subject).en})."
        f"{off_the_count(study, subject).en}{precision}"
    )


def outlook_es(study: Study, subject: Subject) -> str:
    """The same in Spanish."""
    low, middle, high = (significant(x) for x in yearly(study, subject, LAST_YEAR))
    precision = {
        "narrower": " En relación con su tamaño, todo efecto de signo claro de los que siguen tiene un intervalo de "
        f"90 % más estrecho que el número de {subject.es} en los mismos años.",
        "wider": " En relación con su tamaño, todo efecto de signo claro de los que siguen es menos seguro que el "
        f"número de {subject.es} en los mismos años.",
        "mixed": "",
    }[precision_of_effects(study, subject)]
    return (
        f"Si los servicios, las leyes y la acción policial de {_NOW} no cambian, el intervalo de 90 % de "
        f"{subject.es_the} en {subject.place_es} en {LAST_YEAR} va, en el modelo, de {low} a {high} (mediana {middle}; "
        f"{now(study, subject).es}).{off_the_count(study, subject).es}{precision}"
    )


def register_note(study: Study) -> str:
    """Why the register of forecasts has other figures for the years after the data, in English."""
    year = _NOW + 1
    told = []
    for s in SUBJECTS:
        low, middle, high = (significant(x) for x in yearly(study, s, year))
        told.append(f"{s.en} in {s.place}, {low} to {high} (median {middle})")
    return (
        f"Here, for {year}: {'; '.join(told)}, 90 % intervals of what the model expects. The project’s register of "
        "forecasts (`docs/forecasts.md`) has other figures from the same posterior. It says what will be counted: it "
        "carries what the model last missed on while that fades, and adds the scatter of counts; this page does "
        "neither. Its entries are files of the project, not of the package, so they are not set beside these. For what "
        "will be counted use the register; for differences between policies, this page."
    )


def sampling_note(study: Study) -> str:
    """How far ends of intervals could move with other draws, in English; empty where no sign is clear."""
    clear = [
        f.effect
        for by in study.short.values()
        for f in (by[s.outcome] for s in SUBJECTS)
        if f.verdict.strength == "clear"
    ]
    if not clear:
        return ""
    largest = max(max(e.sampling_sd["q05"], e.sampling_sd["q95"]) / abs(e.difference["median"]) for e in clear)
    return (
        "Draws are finite in number: ends of the 90 % intervals of effects on these deaths with a clear sign have "
        f"standard errors of up to {whole_percent(largest)} of the effect’s median. Each is in `tables/effects.csv` "
        "(`sampling_sd`)."
    )


def precision_of_effects(study: Study, subject: Subject) -> Literal["narrower", "wider", "mixed"]:
    """Whether clear effects on a count have narrower 90 % intervals, relative to their medians, than the count has."""

    def width(q: Mapping[str, float]) -> float:
        return (q["q95"] - q["q05"]) / abs(q["median"])

    found = [by[subject.outcome] for by in study.short.values()]
    clear = [f.effect for f in found if f.verdict.strength == "clear"]
    narrower = [width(e.difference) < width(e.baseline) for e in clear]
    if not narrower or len(set(narrower)) > 1:
        return "mixed"
    return "narrower" if narrower[0] else "wider"


def _rests(f: Finding, language: Language) -> str:
    """What an effect that follows from assumption rests on: its size on the hypothesis without which most of it goes.

    Where no hypothesis carries the size, what moves the effect tells where the width of its interval comes from alone.
    """
    known, marks, last = evidence.load().parameters, *(("“{}”", " and "), ("«{}»", " y "))[language == "es"]
    labels = [getattr(known[d.parameter].label, language) for d in f.drivers if d.assumed][:2]
    what = {"en": "the width of its interval rests on", "es": "el ancho de su intervalo depende de"}
    removed = f.support.removed
    if removed and removed.removes > MOST:
        labels = [getattr(HYPOTHESES[removed.hypothesis].label, language)]
        what = {"en": "the size rests on", "es": "el tamaño depende de"}
    if not labels:
        return {"en": "it rests on an extension", "es": "depende de una extensión"}[language]
    return f"{what[language]} {last.join(marks.format(label) for label in labels)}"


def _killed(study: Study, f: Finding) -> Said:
    """Civilians killed by foreign force, beside an effect on the deaths that they are counted in; empty without any."""
    if f.scenario not in study.civilians or f.outcome != MEXICO.outcome:
        return Said("", "")
    low, high = (significant(study.civilians[f.scenario][q]) for q in ("q05", "q95"))
    return Said(
        f" Counted in: civilians killed by foreign force, {low} to {high} (90 %), from precedents elsewhere.",
        f" Incluye civiles muertos por fuerza extranjera: de {low} a {high} (90 %), según precedentes.",
    )


def sentence(study: Study, f: Finding, subject: Subject) -> str:
    """One policy's effect on the subject to 2030, in English, where it is worth naming."""
    comparison = study.comparisons[f.scenario]
    label = comparison.scenario.label.en
    window = f"from {format_date(comparison.window[0])} to {LAST_YEAR}-12"
    d, p = f.effect.difference, probability(f.effect.p_reduction, study.draws)
    word, failed = "fewer" if d["median"] < 0 else "more", failed_test(study, f).en
    clear = "only just clear" if f.verdict.close else "clear"
    about = f"{subject.en[0].upper()}{subject.en[1:]} {window} change by {interval(d)}"
    if f.verdict.strength == "undecided":
        text = f"{label}: undecided. {about} (90 % interval); P(fewer) {p}{failed}."
    elif f.verdict.strength == "leaning":
        text = (
            f"{label}: leans towards {word}, without being clear. {about} (90 % interval; median "
            f"{signed(d['median'])}); P(fewer) {p}{failed}."
        )
    else:
        text = (
            f"{label}: {significant(abs(d['median']))} {word} {subject.en} {window} than without it "
            f"({share_percent(f.relative['median'], sign=True)}; 90 % interval {interval(d)}). The sign is {clear}: "
            f"P(fewer) {p}{failed}."
        )
    text, source = f"{text}{_killed(study, f).en}", rests_on(f).said.en
    if mark(f) == "untold" and not f.verdict.from_assumption:
        return f"{text} Parameters explain too little of its spread to tell what it rests on."
    if not f.verdict.from_assumption:
        return f"{text} Rests on {source}."
    return f"{text} Follows from assumption ({source}): {_rests(f, 'en')}, of which these data say little."


def sentence_es(study: Study, f: Finding, subject: Subject) -> str:
    """The same in Spanish."""
    comparison = study.comparisons[f.scenario]
    label = comparison.scenario.label.es
    window = f"de {format_date(comparison.window[0])} a {LAST_YEAR}-12"
    d, p = f.effect.difference, probability(f.effect.p_reduction, study.draws)
    word, failed = "menos" if d["median"] < 0 else "más", failed_test(study, f).es
    clear = "claro por muy poco" if f.verdict.close else "claro"
    about = f"{subject.es_the[0].upper()}{subject.es_the[1:]} {window} cambian {interval_es(d)}"
    if f.verdict.strength == "undecided":
        text = f"{label}: no se puede decidir. {about} (intervalo de 90 %); P(menos) {p}{failed}."
    elif f.verdict.strength == "leaning":
        text = (
            f"{label}: se inclina hacia {word} {subject.es}, sin ser claro. {about} (intervalo de 90 %; mediana "
            f"{signed(d['median'])}); P(menos) {p}{failed}."
        )
    else:
        text = (
            f"{label}: {significant(abs(d['median']))} {subject.es} {word} {window} que sin ella "
            f"({share_percent(f.relative['median'], sign=True)}; intervalo de 90 %: {interval_es(d)}). El signo es "
            f"{clear}: P(menos) {p}{failed}."
        )
    text, source = f"{text}{_killed(study, f).es}", rests_on(f).said.es
    if mark(f) == "untold" and not f.verdict.from_assumption:
        return f"{text} Los parámetros explican muy poco de su amplitud para saber en qué se apoya."
    if not f.verdict.from_assumption:
        return f"{text} Se apoya en {source}."
    return f"{text} Se sigue de supuestos ({source}): {_rests(f, 'es')}, sobre lo cual estos datos dicen poco."


def nothing(study: Study, found: Sequence[Finding], subject: Subject) -> str:
    """The policies without an effect worth naming on the subject to 2030, in English."""
    names = "; ".join(study.comparisons[f.scenario].scenario.label.en for f in found)
    inside = f"90 % of draws within ±{share_percent(NEGLIGIBLE)}"
    return f"No effect worth naming on {subject.en} to {LAST_YEAR} ({inside}): {names}."


def nothing_es(study: Study, found: Sequence[Finding], subject: Subject) -> str:
    """The same in Spanish."""
    names = "; ".join(study.comparisons[f.scenario].scenario.label.es for f in found)
    inside = f"90 % de las corridas dentro de ±{share_percent(NEGLIGIBLE)}"
    return f"Sin efecto apreciable en {subject.es_the} hasta {LAST_YEAR} ({inside}): {names}."


def structure_sentence(rows: Sequence[Explained]) -> str:
    """How much of history the equations explain by themselves, in English."""
    parts = [
        f"{OUTCOMES[r.outcome].label.en.lower().replace('mexico', 'Mexico')}, {r.first} to {r.last}: structure alone "
        f"{_explained(r.structure)}, with latent drivers {_explained(r.full)}"
        for r in rows
    ]
    return (
        f"Share of the variance of yearly counts that the model explains (median, 90 % interval): {'; '.join(parts)}."
    )


def _explained(q: Mapping[str, float]) -> str:
    def told(share: float) -> str:
        return whole_percent(share) if share > -1 else f"below {whole_percent(-1)}"

    return f"{told(q['median'])} ({told(q['q05'])} to {told(q['q95'])})"


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
