"""Which outcomes stand beside each other: one column a country, side by side and never added."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One row of a table of two columns: outcome ids, or None where the model counts no such thing."""

    label: str
    us: str | None
    mx: str | None


@dataclass(frozen=True)
class Subject:
    """What a sentence on lives in one country is about: an outcome, and words for it in both languages.

    ``es_the`` carries its article, which the Spanish sentences need.
    """

    outcome: str
    en: str
    es: str
    es_the: str
    place: str
    place_es: str


UNITED_STATES = Subject(
    "us.overdose_deaths", "overdose deaths", "muertes por sobredosis", "las muertes por sobredosis",
    "the United States", "Estados Unidos",
)  # fmt: skip
MEXICO = Subject("mx.homicides", "homicides", "homicidios", "los homicidios", "Mexico", "México")
SUBJECTS = (UNITED_STATES, MEXICO)

#: Shown wherever deaths are: nobody's death is reported without those jailed, missing and arrested.
LIVES = (
    Row("Deaths", UNITED_STATES.outcome, MEXICO.outcome),
    Row("People in prison", "us.incarcerated_drug_offences", "mx.jailed_members"),
    Row("People missing", None, "mx.missing"),
    Row("Arrests", None, "mx.arrests_of_members"),
)
ROWS = (
    *LIVES,
    Row("Deaths, by cause", "us.synthetic_opioid_deaths", "mx.organised_crime_homicides"),
    Row("People who use; members", "us.opioid_use_disorder", "mx.cartel_members"),
    Row("In treatment; recruited", "us.on_medication", "mx.recruits"),
    Row("Drugs and money", "us.fentanyl_consumption", "mx.cartel_revenue"),
    Row("Across the border", "border.fentanyl_seized", "mx.firearms_inflow"),
    Row("Deaths by firearm", None, "mx.firearm_homicides"),
)
#: Every outcome of the effects tables, in order.
HEADLINES = tuple(name for row in ROWS for name in (row.us, row.mx) if name)

#: Civilians killed by foreign force: zero without it, so it has no relative effect and a line of its own.
CIVILIANS = "mx.force_civilian_deaths"
