"""Where a conclusion comes from: data, a published effect, or a prior; as a mark short enough for a cell.

The mark of an effect goes by size first and by spread second. An extension is a prior. A hypothesis that data do not
bear out and that carries more than half of the size is a published effect or a prior, as the grades of those of its
strengths say that move the effect; where more than half of the spread comes from elsewhere, the words name that beside
it. Otherwise the mark is the origin of more than half of the spread that parameters explain, where they explain enough
to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contraflow import evidence
from contraflow.analysis.support import ASSUMED, MOST, Origin, Support
from contraflow.report.findings import Finding, LearnedRow
from contraflow.report.wording import Said, whole_percent
from contraflow.system.hypotheses import HYPOTHESES

Mark = Literal["data", "published", "assumption", "mixed", "untold"]
Language = Literal["en", "es"]

ORIGINS: tuple[Origin, ...] = ("data", "published", "assumption")
#: Share of an effect's size from which the unsupported hypothesis that carries most of it is named.
NAMED = 0.2
#: Marks in words, by language.
WORDS: dict[Language, dict[Mark, str]] = {
    "en": {
        "data": "data",
        "published": "published effects",
        "assumption": "priors",
        "mixed": "no single origin",
        "untold": "not told",
    },
    "es": {
        "data": "datos",
        "published": "efectos publicados",
        "assumption": "valores previos",
        "mixed": "ningún origen único",
        "untold": "no se sabe",
    },
}


@dataclass(frozen=True)
class Rest:
    """What an effect rests on: its mark in words, and in one line the carrier of its size and the shares of its spread.

    The words name the origin of the width too where that is another than the size's.
    """

    mark: Mark
    said: Said
    detail: str


def rests_on(f: Finding) -> Rest:
    """The mark of an effect, and why."""
    support = f.support
    parts = [part for part in (_carrier(f), _spread(support)) if part]
    size, width = mark(f), _most_of(support)
    if not _carried(f) or width in (size, "mixed", "untold"):
        words = Said(WORDS["en"][size], WORDS["es"][size])
    else:
        words = Said(
            f"{WORDS['en'][size]} for its size, {WORDS['en'][width]} for its width",
            f"{WORDS['es'][size]} en su tamaño, {WORDS['es'][width]} en su ancho",
        )
    return Rest(size, words, "; ".join(parts))


def mark(f: Finding) -> Mark:
    """Where an effect comes from."""
    support = f.support
    if support.extensions or _unseen(f):
        return "assumption"
    if support.removed and _carried(f):
        return origin_of(support.removed.hypothesis, support)
    return _most_of(support)


def _most_of(support: Support) -> Mark:
    """Where most of the spread comes from that parameters explain."""
    shares = {origin: support.share(origin) for origin in ORIGINS}
    for origin, share in shares.items():
        if share is None:
            return "untold"
        if share > MOST:
            return origin
    return "mixed"


def origin_of(hypothesis: str, support: Support) -> Origin:
    """Where a hypothesis comes from that carries an effect: a prior where one of the strengths is in part assumed.

    Of strengths that have a null, those that move the effect count, so that one parameter has one origin wherever it
    stands; all of them where none stands out.
    """
    known = evidence.load().parameters
    strengths = {name for name, null in HYPOTHESES[hypothesis].parameters.items() if null is not None}
    moving = strengths & {d.parameter for d in support.drivers}
    grades = {str(known[name].grade) for name in moving or strengths}
    return "assumption" if ASSUMED in grades else "published"


def learned_origin(r: LearnedRow) -> Origin:
    """Where what is known of a parameter comes from, by the rule for what moves an effect."""
    if not r.assumed:
        return "data"
    return "assumption" if r.grade == ASSUMED else "published"


def tally(found: Iterable[Finding]) -> str:
    """How many effects rest on what, those worth naming alone."""
    named = [f for f in found if f.verdict.strength != "negligible"]
    counts = Counter({WORDS["en"][origin]: 0 for origin in ORIGINS})
    counts.update(rests_on(f).said.en for f in named)
    told = "; ".join(f"{words}: {count}" for words, count in counts.items())
    return f"Of {len(named)} effects worth naming on these deaths to 2030, by what they rest on: {told}."


def _unseen(f: Finding) -> bool:
    """Whether the verdict is from assumption for a reason that its support does not know: nobody looked so far."""
    return f.verdict.from_assumption and not f.support.from_assumption


def _carried(f: Finding) -> bool:
    """Whether a hypothesis without support carries most of its size, and nothing is to be said before that."""
    support = f.support
    unsaid = not support.extensions and not _unseen(f)
    return unsaid and support.removed is not None and support.removed.removes > MOST


def _carrier(f: Finding) -> str:
    support, removed = f.support, f.support.removed
    if support.extensions:
        return f"extension {', '.join(support.extensions)}"
    if _unseen(f):
        return "structure beyond what any study saw"
    if removed is None or removed.removes < NAMED:
        return ""
    about = f"“{HYPOTHESES[removed.hypothesis].label.en}” ({WORDS['en'][origin_of(removed.hypothesis, support)]})"
    return (
        f"{about} turns it" if removed.removes > 1 else f"{about} carries {whole_percent(removed.removes)} of its size"
    )


def _spread(support: Support) -> str:
    shares = {origin: support.share(origin) for origin in ORIGINS}
    if None in shares.values():
        return f"spread: parameters explain {whole_percent(support.explained)}, too little to tell"
    told = ", ".join(f"{whole_percent(share or 0.0)} {WORDS['en'][origin]}" for origin, share in shares.items())
    return f"spread: {told}"
