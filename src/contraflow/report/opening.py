"""The opening page and the end of a run: what was found, what is undecided, what cannot be told, for both countries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contraflow.analysis.wording import FEW_DRAWS, TOO_FEW
from contraflow.inference.posterior import data_end
from contraflow.report import guns, leaders, sentences
from contraflow.report.columns import MEXICO, SUBJECTS, UNITED_STATES, Subject
from contraflow.report.findings import LAST_YEAR, Finding, leading_cause
from contraflow.report.recovered import failed_test
from contraflow.report.wording import PLACES, Said, Told, interval, month, signed, significant

if TYPE_CHECKING:
    from contraflow.report.study import Study

CANNOT_TELL = (
    "What happened after {end}: no figure of a later period and no decision later than that went in. Figures of "
    "earlier periods are those of later releases, and people still missing those of the register in early 2026. Later "
    "dates stand in scenarios alone.",
    "Whether a life in one country outweighs one in the other. Each country has its own column, and nothing adds them.",
    "Differences between states, cities, ages or groups of people: both countries are one national population each.",
    "Why supply changed in 2023, and why killing in Mexico rose and fell as it did beyond what groups, guns, rents and "
    "removals explain: latent drivers carry that part, and the table on structure says how large it is.",
    "How many people groups have, how many firearms cross and what groups earn: none was ever counted.",
    "Corruption, threats, trust between governments, and ammunition: they are extensions without data, and off here.",
    "Whether a policy can be passed, paid for or staffed, or is lawful. That is noted beside each lever, not modelled.",
)
CANNOT_TELL_ES = (
    "Lo ocurrido después de {end}: no se usó ninguna cifra de un periodo posterior ni decisión posterior. Las cifras "
    "de periodos anteriores son las de publicaciones posteriores, y las personas que siguen desaparecidas, las del "
    "registro a principios de 2026. Las fechas posteriores solo aparecen en los escenarios.",
    "Si una vida en un país pesa más que una en el otro. Cada país tiene su columna y nada las suma.",
    "Las diferencias entre estados, ciudades, edades o grupos de personas: cada país es una sola población nacional.",
    "Por qué cambió la oferta en 2023, y por qué las muertes violentas en México subieron y bajaron más allá de lo que "
    "explican grupos, armas, rentas y capturas: esa parte la llevan factores latentes, y el cuadro sobre la estructura "
    "dice qué tan grande es.",
    "Cuántas personas tienen los grupos, cuántas armas cruzan y cuánto ganan los grupos: nada de ello se ha contado.",
    "La corrupción, las amenazas, la confianza entre gobiernos y las municiones: son extensiones sin datos, y aquí "
    "están apagadas.",
    "Si una política puede aprobarse, pagarse o dotarse de personal, o si es legal: se anota junto a cada palanca, no "
    "se modela.",
)


@dataclass(frozen=True)
class Side:
    """One country's column of the opening page: the outlook, what was found, what leans one way, what is undecided."""

    heading: str
    outlook: str
    found: tuple[str, ...]
    leaning: tuple[str, ...]
    undecided: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """The opening page: two columns, and what the model cannot tell."""

    sides: tuple[Side, Side]
    cannot_tell: tuple[str, ...]


Tell = Callable[["Study", Finding, Subject], str]
TellAll = Callable[["Study", list[Finding], Subject], str]


def opening(study: Study) -> Opening:
    """The opening page in English."""
    us, mx = (
        _side(
            study, s, f"{s.place[0].upper()}{s.place[1:]}", sentences.outlook(study, s), sentences.sentence,
            sentences.nothing, [(t.place, t.en) for t in answers(study, s)],
        )
        for s in SUBJECTS
    )  # fmt: skip
    return Opening((us, mx), tuple(t.format(end=_last_month().en) for t in CANNOT_TELL))


def opening_es(study: Study) -> Opening:
    """The opening page in Spanish."""
    us, mx = (
        _side(
            study, s, s.place_es, sentences.outlook_es(study, s), sentences.sentence_es, sentences.nothing_es,
            [(t.place, t.es) for t in answers(study, s)],
        )
        for s in SUBJECTS
    )  # fmt: skip
    return Opening((us, mx), tuple(t.format(end=_last_month().es) for t in CANNOT_TELL_ES))


def _last_month() -> Said:
    return month(data_end() - 1 / 12)


def answers(study: Study, subject: Subject) -> list[Told]:
    """Answers to questions that are not about one policy, in the column of the country that they are about."""
    if subject is UNITED_STATES:
        place = "undecided" if leading_cause(study.decomposition)[1] == "undecided" else "found"
        return [Told(place, sentences.fall_sentence(study), sentences.fall_sentence_es(study))]
    return [t for t in (leaders.told(study), guns.told(study)) if t is not None]


def _side(
    study: Study,
    subject: Subject,
    heading: str,
    outlook: str,
    tell: Tell,
    tell_nothing: TellAll,
    more: Iterable[tuple[str, str]],
) -> Side:
    found = [by[subject.outcome] for by in study.short.values()]
    small = [f for f in found if f.verdict.strength == "negligible"]
    parts: dict[str, list[str]] = {"found": [], "leaning": [], "undecided": []}
    for f in found:
        if f not in small:
            parts[PLACES[f.verdict.strength]].append(tell(study, f, subject))
    for place, text in more:
        parts[place].append(text)
    if small:
        parts["found"].append(tell_nothing(study, small, subject))
    return Side(heading, outlook, *(tuple(p) for p in parts.values()))


def summary(study: Study, report: Path) -> str:
    """The end of a run: one line a country, one a policy with both countries apart, and the questions."""
    small = f", {TOO_FEW}" if study.draws < FEW_DRAWS else ""
    lines = []
    for s in SUBJECTS:
        low, middle, high = (significant(x) for x in sentences.yearly(study, s, LAST_YEAR))
        count = f"{s.en[0].upper()}{s.en[1:]} in {s.place}"
        lines.append(
            f"{count} in {LAST_YEAR} if nothing changes: {low} to {high} (90 %; median {middle}; "
            f"{sentences.now(study, s).en})."
        )
    lines.append(
        f"Effect of each policy to {LAST_YEAR} against the same draws without it (90 % intervals; {study.draws} "
        f"draws{small}); {UNITED_STATES.en} | {MEXICO.en}:"
    )
    for s, by in study.short.items():
        sides = " | ".join(_brief(study, by[subject.outcome]) for subject in SUBJECTS)
        lines.append(f"  {study.comparisons[s].scenario.label.en}: {sides}")
    lines += [t.en for subject in SUBJECTS for t in answers(study, subject)]
    lines.append(
        f"The model says nothing of single states or cities. No data of periods after {_last_month().en} went in."
    )
    lines.append(f"Report: {report}")
    return "\n".join(lines)


def _brief(study: Study, f: Finding) -> str:
    spread = interval(f.effect.difference)
    change = {"negligible": "", "undecided": f"{spread}, "}
    told = change.get(f.verdict.strength, f"{signed(f.effect.difference['median'])} ({spread}), ")
    return f"{told}{f.verdict.text}{failed_test(study, f).en}"
