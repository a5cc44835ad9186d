"""What the model is asked for: one declaration for each outcome, whose id is part of the public interface.

Declarations only: no arithmetic, and nothing here knows how an outcome is computed. `variable` names the model
variable that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contraflow.evidence import Text


@dataclass(frozen=True)
class Outcome:
    """One outcome.

    Attributes:
        id: dotted id, part of the interface.
        label: name in both languages.
        unit: unit of one value of the outcome in time.
        window_is: what a window of years reports: the "sum" of yearly values or their "mean".
        country: column in which it is shown; lives in two countries are never added.
        scale: factor from the unit of the variable to `unit`.
    """

    id: str
    label: Text
    unit: str
    window_is: Literal["sum", "mean"]
    country: Literal["us", "border", "mx"]
    scale: float = 1.0

    @property
    def variable(self) -> str:
        """Name of the model variable: the id with underscores for dots."""
        return self.id.replace(".", "_")


_ALL = (
    Outcome(
        "us.overdose_deaths",
        Text(en="Overdose deaths, all drugs", es="Muertes por sobredosis, todas las drogas"),
        "person/year",
        "sum",
        "us",
    ),
    Outcome(
        "us.opioid_deaths",
        Text(en="Overdose deaths that involve an opioid", es="Muertes por sobredosis con algún opioide"),
        "person/year",
        "sum",
        "us",
    ),
    Outcome(
        "us.synthetic_opioid_deaths",
        Text(
            en="Overdose deaths that involve a synthetic opioid, mostly fentanyl",
            es="Muertes por sobredosis con opioides sintéticos, sobre todo fentanilo",
        ),
        "person/year",
        "sum",
        "us",
    ),
    Outcome(
        "us.stimulant_only_deaths",
        Text(
            en="Overdose deaths with a stimulant and no opioid",
            es="Muertes por sobredosis con estimulantes y sin opioides",
        ),
        "person/year",
        "sum",
        "us",
    ),
    Outcome(
        "us.opioid_use_disorder",
        Text(en="People with opioid use disorder", es="Personas con trastorno por consumo de opioides"),
        "person",
        "mean",
        "us",
    ),
    Outcome(
        "us.on_medication",
        Text(
            en="People on methadone or buprenorphine",
            es="Personas en tratamiento con metadona o buprenorfina",
        ),
        "person",
        "mean",
        "us",
    ),
    Outcome(
        "us.incarcerated_drug_offences",
        Text(en="People in prison for drug offences", es="Personas en prisión por delitos de drogas"),
        "person",
        "mean",
        "us",
    ),
    Outcome(
        "us.fentanyl_consumption",
        Text(en="Fentanyl consumed, pure weight", es="Fentanilo consumido, peso puro"),
        "kg pure/year",
        "sum",
        "us",
    ),
    Outcome(
        "us.fentanyl_purity",
        Text(en="Purity of street fentanyl powder", es="Pureza del fentanilo en polvo en la calle"),
        "1",
        "mean",
        "us",
    ),
    Outcome(
        "us.fentanyl_retail_price",
        Text(
            en="Retail price of fentanyl per pure gram, dollars of 2024",
            es="Precio al menudeo del gramo puro de fentanilo, dólares de 2024",
        ),
        "USD/g pure",
        "mean",
        "us",
        scale=1e-3,
    ),
    Outcome(
        "border.fentanyl_seized",
        Text(
            en="Fentanyl seized at the southwest border, gross weight",
            es="Fentanilo decomisado en la frontera México–Estados Unidos, peso bruto",
        ),
        "kg/year",
        "sum",
        "border",
    ),
    Outcome(
        "border.heroin_seized",
        Text(
            en="Heroin seized at the southwest border, gross weight",
            es="Heroína decomisada en la frontera México–Estados Unidos, peso bruto",
        ),
        "kg/year",
        "sum",
        "border",
    ),
)

OUTCOMES: dict[str, Outcome] = {outcome.id: outcome for outcome in _ALL}

#: Outcomes of the design that wait for a sector of the model: id -> sector.
NOT_YET: dict[str, str] = {
    "border.methamphetamine_seized": "market",
    "border.cocaine_seized": "market",
    "mx.homicides": "violence",
    "mx.firearm_homicides": "violence",
    "mx.organised_crime_homicides": "violence",
    "mx.missing": "violence",
    "mx.cartel_members": "cartels",
    "mx.recruits": "cartels",
    "mx.arrests_of_members": "security",
    "mx.firearms_inflow": "arms",
    "mx.firearms_stock": "arms",
    "mx.cartel_revenue": "money",
    "bilateral.extraditions": "cooperation",
    "bilateral.trust": "cooperation",
}
