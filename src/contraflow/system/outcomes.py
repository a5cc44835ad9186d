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
    Outcome(
        "border.methamphetamine_seized",
        Text(
            en="Methamphetamine seized at the southwest border, gross weight",
            es="Metanfetamina decomisada en la frontera México–Estados Unidos, peso bruto",
        ),
        "kg/year",
        "sum",
        "border",
    ),
    Outcome(
        "border.cocaine_seized",
        Text(
            en="Cocaine seized at the southwest border, gross weight",
            es="Cocaína decomisada en la frontera México–Estados Unidos, peso bruto",
        ),
        "kg/year",
        "sum",
        "border",
    ),
    Outcome(
        "border.seizures",
        Text(
            en="The four drugs seized at the southwest border, gross weight",
            es="Las cuatro drogas decomisadas en la frontera México–Estados Unidos, peso bruto",
        ),
        "kg/year",
        "sum",
        "border",
    ),
    Outcome("mx.homicides", Text(en="Homicides in Mexico", es="Homicidios en México"), "person/year", "sum", "mx"),
    Outcome(
        "mx.firearm_homicides",
        Text(en="Homicides by firearm in Mexico", es="Homicidios por arma de fuego en México"),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.organised_crime_homicides",
        Text(
            en="Homicides in conflict among groups or with state forces",
            es="Homicidios en el conflicto entre grupos o con fuerzas del Estado",
        ),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.missing",
        Text(
            en="People reported missing and never located",
            es="Personas reportadas como desaparecidas y nunca localizadas",
        ),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.force_civilian_deaths",
        Text(
            en="Civilians killed by foreign strikes and raids, from precedents elsewhere",
            es="Civiles muertos por incursiones y ataques extranjeros, según precedentes en otros países",
        ),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.cartel_members",
        Text(en="Active members of organised crime groups", es="Integrantes activos de grupos del crimen organizado"),
        "person",
        "mean",
        "mx",
    ),
    Outcome(
        "mx.recruits",
        Text(en="People recruited by groups", es="Personas reclutadas por los grupos"),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.arrests_of_members",
        Text(en="Members of groups arrested", es="Integrantes detenidos de grupos del crimen organizado"),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.jailed_members",
        Text(en="Members of groups in Mexican prisons", es="Integrantes de grupos en prisiones mexicanas"),
        "person",
        "mean",
        "mx",
    ),
    Outcome(
        "mx.firearms_inflow",
        Text(
            en="Firearms from the United States entering Mexico",
            es="Armas de fuego de Estados Unidos que entran a México",
        ),
        "firearm/year",
        "sum",
        "mx",
    ),
    Outcome(
        "mx.firearms_stock",
        Text(en="Firearms held by organised crime", es="Armas de fuego en manos del crimen organizado"),
        "firearm",
        "mean",
        "mx",
    ),
    Outcome(
        "mx.cartel_revenue",
        Text(
            en="Revenue of organised crime groups, dollars of 2024",
            es="Ingresos de los grupos del crimen organizado, dólares de 2024",
        ),
        "USD/year",
        "sum",
        "mx",
    ),
    Outcome(
        "bilateral.extraditions",
        Text(en="People sent to the United States for trial", es="Personas enviadas a juicio en Estados Unidos"),
        "person/year",
        "sum",
        "mx",
    ),
    Outcome(
        "bilateral.trust",
        Text(
            en="Trust between security services, 0 to 1 (an assumption throughout)",
            es="Confianza entre los servicios de seguridad, de 0 a 1 (todo es supuesto)",
        ),
        "1",
        "mean",
        "mx",
    ),
)

OUTCOMES: dict[str, Outcome] = {outcome.id: outcome for outcome in _ALL}
