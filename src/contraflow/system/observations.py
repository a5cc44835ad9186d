"""What is observed of the model: which variable each calibration series measures, and how.

The series themselves, with their noise and traps, live in the evidence base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from contraflow.system.calendar import DATA_END


@dataclass(frozen=True)
class Observable:
    """A series and the model variable behind it.

    The model's value over a row's window is the variable's mean there times ``scale``; with ``per="window"`` it is
    integrated over the window instead. Series that count some of the same certificates as another enter with half
    ``weight``. ``stage`` says whose data it is, which the comparison of cuts needs.

    ``driver`` names the latent driver that moves the variable. What lasts there is the driver's, so misses of such a
    series have no memory: two autoregressions of one figure could not be told apart.
    """

    series: str
    variable: str
    stage: Literal["supply", "health", "violence"]
    scale: float = 1.0
    per: Literal["year", "window"] = "year"
    until: float = DATA_END
    weight: float = 1.0
    driver: str | None = None

    def takes(self, end: float, until: float = math.inf) -> bool:
        """Whether a fit to data to ``until`` takes a row that ends at ``end``, both in decimal years.

        A series fitted to the end of the data that ship goes on as data are added.
        """
        last = until if self.until >= DATA_END else min(until, self.until)
        return end <= last + 1e-6


_ALL = (
    Observable("us.deaths.opioids_without_synthetic.annual", "opioid_deaths_without_synthetic", "health"),
    Observable(
        "us.deaths.synthetic_opioids.annual",
        "us_synthetic_opioid_deaths",
        "health",
        until=2018.0,
        driver="supply_surge",
    ),
    Observable(
        "us.deaths.synthetic_opioids.half_year",
        "us_synthetic_opioid_deaths",
        "health",
        per="window",
        driver="supply_surge",
    ),
    Observable("us.deaths.heroin.share", "heroin_share_of_opioid_deaths", "health"),
    Observable("us.deaths.natural_semisynthetic.share", "natural_semisynthetic_share_of_opioid_deaths", "health"),
    Observable("us.deaths.non_opioid.annual", "non_opioid_deaths", "health", driver="other_drug_drift"),
    Observable(
        "us.deaths.stimulant_involved.ratio", "stimulant_involved_ratio", "health", driver="stimulant_hazard_drift"
    ),
    Observable(
        "us.deaths.stimulant_only.share",
        "stimulant_only_share_of_non_opioid_deaths",
        "health",
        driver="stimulant_hazard_drift",
    ),
    Observable("us.deaths.low_tolerance_share", "low_tolerance_part", "health"),
    Observable("us.use.heroin_chronic", "illicit_users", "health"),
    Observable("us.use.stimulant_chronic", "stimulant_users", "health"),
    Observable("us.oud.prescription_disorder.nsduh", "prescription_disorder_people", "health"),
    Observable("us.oud.prescription_misuse.nsduh", "prescription_misuse_people", "health"),
    Observable("us.oud.heroin_disorder.nsduh", "illicit_users", "health", until=2017.0),
    Observable("us.treatment.methadone", "methadone_patients", "health"),
    Observable("us.treatment.buprenorphine", "buprenorphine_patients_all", "health"),
    Observable("us.treatment.buprenorphine_rx", "buprenorphine_patients_all", "health"),
    Observable("us.incarcerated.drug_offences", "us_incarcerated_drug_offences", "health"),
    Observable("us.market.fentanyl_powder_purity", "us_fentanyl_purity", "supply", driver="supply_surge"),
    Observable("us.market.fentanyl_lab_share", "fentanyl_share", "supply", driver="supply_surge"),
    Observable("us.market.fentanyl_use_2021", "us_fentanyl_consumption", "supply", scale=1e-3, driver="supply_surge"),
    Observable("us.market.heroin_consumption", "heroin_consumption", "supply", scale=1e-3, weight=0.5),
    Observable("us.market.heroin_price", "heroin_price", "supply", scale=1e-3),
    Observable(
        "border.seized.fentanyl.half_year", "border_fentanyl_seized", "supply", per="window", driver="supply_surge"
    ),
    Observable("border.seized.fentanyl.pre2019", "border_fentanyl_seized", "supply", driver="supply_surge"),
    Observable("border.seized.heroin.annual", "border_heroin_seized", "supply"),
    Observable("border.seized.fentanyl.ports_share", "ports_share_of_seizures", "supply"),
    Observable("border.seized.methamphetamine.annual", "border_methamphetamine_seized", "supply"),
    Observable("border.seized.cocaine.annual", "border_cocaine_seized", "supply"),
    Observable("mx.homicides.inegi.annual", "mx_homicides", "violence", driver="conflict_drift"),
    Observable("mx.homicides.firearm_share", "firearm_share_of_homicides", "violence"),
    Observable("mx.missing.annual", "missing_as_recorded", "violence", driver="concealment_drift"),
    Observable("mx.arrests.annual", "arrests_of_members", "violence"),
    Observable("mx.weapons_seized.census", "mx_firearms_seized", "violence"),
    Observable("mx.weapons_seized.army", "mx_firearms_seized", "violence"),
    Observable("mx.members.published", "mx_cartel_members", "violence"),
)

OBSERVABLES: dict[str, Observable] = {o.series: o for o in _ALL}
