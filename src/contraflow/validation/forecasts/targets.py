"""What the register forecasts: published figures by stable id, with unit, period and the convention that fixes them.

A target whose id is a series of the evidence base is that series, further on in time. An observation that does not
follow the target's convention must not be scored against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contraflow.errors import ContraflowError, UnknownName, nearest

#: Levels of the quantiles in an entry.
LEVELS = (0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99)
#: Calendar years that an entry covers, after that of its origin.
YEARS = 4
_COMPLETE = "occurrence in 50 states and DC, complete: from a release at least 12 months after the last month counted"


@dataclass(frozen=True)
class Target:
    """A public figure.

    ``step``: months that a period covers. Periods of months and of 12-month sums are named by their (last) month,
    years by their number. ``settles``: months for which a series must have gone on before a figure in it counts, None
    where only its reader can tell. ``released``: months from the last one of a period to the first release that counts.
    ``most_apart``: how many times what was known last a figure may be, or the other way round, before its unit is
    doubted; of what ships, only deaths by synthetic opioids moved further in four years, from 2013 to 2017.
    ``pooled``: whether it has a say in the pooled score; the sums of 12 months count the same deaths as their months.
    """

    id: str
    label: str
    unit: str
    step: Literal["month", "12 months", "year"]
    convention: str
    settles: int | None = 0
    released: int = 1
    most_apart: float = 5.0
    share: bool = False
    pooled: bool = True

    def periods(self, origin: str) -> list[str]:
        """Periods that an entry of this origin (``YYYY-MM``) forecasts, in order.

        Months run on from the origin; years begin with the first that starts after it.
        """
        first, last = month_number(origin) + 1, (last_year(origin) + 1) * 12
        if self.step == "year":
            return [str(year) for year in range(-(-first // 12), last // 12)]
        return [month_name(month) for month in range(first, last)]

    def last_month(self, period: str) -> int:
        """Number of the last month that a period covers."""
        return int(period) * 12 + 11 if self.step == "year" else month_number(period)


_ALL = (
    Target(
        "us.deaths.all_drugs.monthly",
        "US overdose deaths, all drugs, by month",
        "person",
        "month",
        f"{_COMPLETE}; months as differences of CDC's 12-month counts, as in the evidence series of this id",
        settles=8,
        released=12,
    ),
    Target(
        "us.deaths.synthetic_opioids.monthly",
        "US deaths by synthetic opioids, by month",
        "person",
        "month",
        f"T40.4, {_COMPLETE}; months as differences of CDC's 12-month counts, as in the evidence series of this id",
        settles=8,
        released=12,
    ),
    Target(
        "us.deaths.all_drugs.12_months",
        "US overdose deaths, all drugs, in 12 months",
        "person",
        "12 months",
        f"12 months ending with the period; {_COMPLETE}",
        settles=8,
        released=12,
        pooled=False,
    ),
    Target(
        "us.deaths.synthetic_opioids.12_months",
        "US deaths by synthetic opioids in 12 months",
        "person",
        "12 months",
        f"T40.4, 12 months ending with the period; {_COMPLETE}",
        settles=8,
        released=12,
        pooled=False,
    ),
    Target(
        "mx.homicides.sesnsp.monthly",
        "Homicide victims in prosecutors' files, Mexico, by month",
        "person",
        "month",
        "SESNSP, victims of intentional homicide plus femicide, 32 states; from a release at least 6 months after",
        settles=5,
        released=6,
    ),
    Target(
        "mx.homicides.inegi.annual",
        "Homicides registered in Mexico, by year",
        "person",
        "year",
        "INEGI, death certificates by year of registration, definitive count: from October of the year after",
        released=10,
    ),
    Target(
        "mx.missing.annual",
        "Persons still missing in Mexico, by year of disappearance",
        "person",
        "year",
        "RNPDNO, disappeared in the year and still missing when read in January to March of the second year after it, "
        "as 2024 was read in early 2026",
        settles=None,
        released=13,
    ),
    Target(
        "border.seized.fentanyl.monthly",
        "Fentanyl seized at the Southwest border, by month",
        "kg",
        "month",
        "CBP, Southwest Border, Office of Field Operations and Border Patrol, weight as seized",
        most_apart=15.0,
    ),
    Target(
        "border.seized.fentanyl.events.monthly",
        "Seizures of fentanyl at the Southwest border, by month",
        "event",
        "month",
        "CBP, Southwest Border, Office of Field Operations and Border Patrol, count of events",
    ),
    Target(
        "us.market.fentanyl_powder_purity.monthly",
        "Purity of fentanyl powder exhibits, by month",
        "1",
        "month",
        "DEA laboratories, mean fraction of the month's powder exhibits",
        share=True,
    ),
)

TARGETS: Mapping[str, Target] = {t.id: t for t in _ALL}


def month_number(period: str) -> int:
    """Months from the year 0 to the month ``YYYY-MM``.

    Raises:
        ContraflowError: not of that form.
    """
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period)
    if not match:
        raise ContraflowError(f"'{period}' is not a month: write YYYY-MM, for example 2024-12")
    return int(match[1]) * 12 + int(match[2]) - 1


def month_name(number: int) -> str:
    """The month ``YYYY-MM`` of a ``month_number``."""
    return f"{number // 12}-{number % 12 + 1:02d}"


def last_year(origin: str) -> int:
    """Last calendar year that an entry of this origin covers: ``YEARS`` after the year in which its data end."""
    return month_number(origin) // 12 + YEARS


def known(target: str) -> Target:
    """The target of an id.

    Raises:
        UnknownName: there is none.
    """
    if target not in TARGETS:
        raise UnknownName("target", target, nearest(target, TARGETS))
    return TARGETS[target]
