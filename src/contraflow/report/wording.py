"""How numbers become words: two significant figures, intervals, and the verdict on a policy's sign.

A verdict says how sure the sign is and whether data or assumptions decide it; it never turns an undecided effect into
a number to quote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contraflow.analysis.runs import NEGLIGIBLE
from contraflow.analysis.wording import signed, significant
from contraflow.policy import format_date

CLEAR = 0.95
LEANING = 0.80
#: Standard error of a probability of 0.95 told by 500 draws: a sign nearer to the edge may not be clear in others.
CLOSE = 0.01
#: An amount of people, weapons, kilograms or dollars below which there is none of it.
NOTHING = 0.5

__all__ = [
    "CLEAR", "LEANING", "NEGLIGIBLE", "PLACES", "Said", "Told", "Verdict", "amount", "as_published", "bayes_factor",
    "format_date", "interval", "interval_es", "month", "people", "probability", "share_percent", "signed",
    "significant", "verdict", "whole_percent",
]  # fmt: skip

Strength = Literal["clear", "leaning", "undecided", "negligible"]
Direction = Literal["lower", "higher", "none"]


@dataclass(frozen=True)
class Verdict:
    """The sign of an effect: how sure it is, its direction, whether it follows from assumption, and whether it is clear
    by so little that other draws might leave it leaning.
    """

    strength: Strength
    direction: Direction
    from_assumption: bool = False
    close: bool = False

    @property
    def text(self) -> str:
        """The verdict in English."""
        words = {
            "clear": f"{'only just ' if self.close else ''}clearly {self.direction}",
            "leaning": f"leaning {self.direction}",
            "undecided": "undecided",
            "negligible": "no effect worth naming",
        }[self.strength]
        return f"{words}; follows from assumption" if self.from_assumption else words

    @property
    def text_es(self) -> str:
        """The verdict in Spanish."""
        direction = {"lower": "a la baja", "higher": "al alza", "none": ""}[self.direction]
        words = {
            "clear": f"claro{' por muy poco' if self.close else ''}, {direction}",
            "leaning": f"se inclina {direction}",
            "undecided": "no se puede decidir",
            "negligible": "sin efecto apreciable",
        }[self.strength]
        return f"{words}; se sigue de supuestos" if self.from_assumption else words


#: Where a sentence stands on the opening page, by the strength of what it says.
PLACES: dict[str, Literal["found", "leaning", "undecided"]] = {
    "clear": "found", "negligible": "found", "leaning": "leaning", "undecided": "undecided",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """The same words in both languages; ``said["es"]`` are those in Spanish."""

    en: str
    es: str

    def __getitem__(self, language: str) -> str:
        return {"en": self.en, "es": self.es}[language]


_MONTHS = (
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"),
    ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
     "diciembre"),
)  # fmt: skip


def month(date: float) -> Said:
    """The month in which a decimal year falls, in words: 2024.95 is “December 2024”."""
    year, place = divmod(int(date * 12 + 1e-6), 12)
    return Said(f"{_MONTHS[0][place]} {year}", f"{_MONTHS[1][place]} de {year}")


@dataclass(frozen=True)
class Told:
    """A sentence in both languages, and where on the opening page it belongs."""

    place: Literal["found", "leaning", "undecided"]
    en: str
    es: str


def verdict(p_reduction: float, relative: Mapping[str, float], from_assumption: bool = False) -> Verdict:
    """The verdict on an effect.

    Args:
        p_reduction: P(policy < baseline) over draws.
        relative: quantiles q05 and q95 of the difference as a share of the baseline.
        from_assumption: whether parameters that data have not moved drive the effect.

    A sign is clear from P 0.95 on (or 0.05 down), leaning from 0.8 (0.2), and undecided between. What is not worth
    naming follows from nothing: the parameters that seem to move it do so by chance.
    """
    if max(abs(relative["q05"]), abs(relative["q95"])) < NEGLIGIBLE:
        return Verdict("negligible", "none")
    certainty = max(p_reduction, 1 - p_reduction)
    if certainty < LEANING:
        return Verdict("undecided", "none", from_assumption)
    direction: Direction = "lower" if p_reduction > 0.5 else "higher"
    if certainty < CLEAR:
        return Verdict("leaning", direction, from_assumption)
    return Verdict("clear", direction, from_assumption, certainty < CLEAR + CLOSE)


def share_percent(share: float, *, sign: bool = False) -> str:
    """A share as a percentage with two significant figures; below a thousandth of a percent it is 0 %."""
    value = 0.0 if abs(share) < 1e-5 else 100 * share
    return f"{signed(value) if sign else significant(value)}\N{NO-BREAK SPACE}%"


def whole_percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{round(100 * share)}\N{NO-BREAK SPACE}%".replace("-", "−")


def people(number: float) -> str:
    """A count in words where that reads better: 1.4 million."""
    if abs(number) >= 1e6:
        return f"{significant(number / 1e6)} million"
    return significant(number)


def as_published(number: float) -> str:
    """A number beside a published one: three significant figures, since two would part figures that agree."""
    return f"{float(f'{number:.3g}'):,g}".replace("-", "−")


def probability(p: float, draws: int) -> str:
    """A probability with two decimals, three where it is close to the edge of a clear sign.

    Never surer than the number of draws allows.
    """
    edge = max(1 / draws, 0.005)
    if p < edge:
        return f"<{max(edge, 0.01):.2f}"
    if p > 1 - edge:
        return f">{min(1 - edge, 0.99):.2f}"
    return f"{p:.3f}" if abs(max(p, 1 - p) - CLEAR) < CLOSE else f"{p:.2f}"


def amount(number: float) -> str:
    """A difference in people, weapons, kilograms or dollars, signed; 0 where there is less than half of one."""
    return signed(0.0 if abs(number) < NOTHING else number)


def interval(quantiles: Mapping[str, float]) -> str:
    """The 90 % interval as `low to high`, signed."""
    return f"{amount(quantiles['q05'])} to {amount(quantiles['q95'])}"


def interval_es(quantiles: Mapping[str, float]) -> str:
    """The same in Spanish: `entre low y high`."""
    return f"entre {amount(quantiles['q05'])} y {amount(quantiles['q95'])}"


def bayes_factor(factor: float | None) -> str:
    """A Bayes factor with two significant figures, no surer than an estimate from draws can be."""
    if factor is None:
        return "–"
    return ">100" if factor >= 100 else "<0.01" if factor < 0.01 else significant(factor)
