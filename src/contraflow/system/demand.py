"""Demand: people who misuse, depend on, leave and return to opioids and stimulants in the United States.

Every stock carries a low- and a high-risk group through all its states, because depletion of those most at risk is
one of the competing explanations of falling deaths. Deaths live in ``overdose``, treatment in ``care``.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth, stock
from contraflow.engine.operations import logistic, quantity, safe_log
from contraflow.system.axes import drug, group
from contraflow.system.levers import today

general_population = boundary("person", ledger="people", doc="People outside the modelled states.")
died_of_other_causes = boundary("person", ledger="people", doc="Deaths other than by overdose.")
risk_reassignment = boundary("person", ledger="people", doc="Passage between risk groups; its balance stays zero.")
courts = boundary("person", ledger="prison places", doc="Where sentences for drug offences begin and end.")

prescription_misuse = stock(
    "person", dims=("group",), ledger="people", initial="prescription_misuse_2000",
    doc="People misusing prescription opioids without a disorder.",
)  # fmt: skip
prescription_disorder = stock(
    "person", dims=("group",), ledger="people", initial="prescription_disorder_2000",
    doc="People with a prescription opioid use disorder.",
)  # fmt: skip
illicit_disorder = stock(
    "person", dims=("group",), ledger="people", initial="illicit_disorder_2000",
    doc="People using illicit opioids, tolerant and untreated.",
)  # fmt: skip
in_prison = stock(
    "person", dims=("group",), ledger="people", initial="in_prison_2000",
    doc="People with an illicit opioid use disorder in prison or jail.",
)  # fmt: skip
low_tolerance = stock(
    "person", dims=("group",), ledger="people", initial="low_tolerance_2000",
    doc="People back in illicit use within weeks of prison, treatment or abstinence.",
)  # fmt: skip
remission = stock(
    "person", dims=("group",), ledger="people", initial="remission_2000",
    doc="People in early remission, still likely to relapse.",
)  # fmt: skip
stable_remission = stock(
    "person", dims=("group",), ledger="people", initial="stable_remission_by_group_2000",
    doc="People in stable remission.",
)  # fmt: skip
stimulant_disorder = stock(
    "person", dims=("group",), ledger="people", initial="stimulant_disorder_by_group_2000",
    doc="People using cocaine or methamphetamine on four or more days a month.",
)  # fmt: skip
incarcerated_drug_offences = stock(
    "person", ledger="prison places", initial="incarcerated_2000",
    doc="People in state and federal prison for drug offences.",
)  # fmt: skip


@auxiliary("1", dims=("group",))
def group_share(high_risk_share):
    """Share of people entering each risk group."""
    return group.stack(low=1 - high_risk_share, high=high_risk_share)


@auxiliary("person", dims=("group",))
def prescription_misuse_2000(
    misuse_initiation_2000, misuse_quit_rate, disorder_onset_rate, misuse_to_illicit_rate, group_share
):
    """Prescription misuse in 2000: the equilibrium of the entry rates of that year."""
    return group_share * misuse_initiation_2000 / (misuse_quit_rate + disorder_onset_rate + misuse_to_illicit_rate)


@auxiliary("person", dims=("group",))
def prescription_disorder_2000(
    prescription_misuse_2000, disorder_onset_rate, prescription_recovery_rate, disorder_to_illicit_rate, other_mortality
):
    """Prescription disorder in 2000: the equilibrium of the entry rates of that year."""
    leaving = prescription_recovery_rate + disorder_to_illicit_rate + other_mortality
    return prescription_misuse_2000 * disorder_onset_rate / leaving


@auxiliary("person", dims=("group",))
def illicit_disorder_2000(illicit_users_2000, group_share):
    """Illicit users in 2000 by risk group."""
    return illicit_users_2000 * group_share


@auxiliary("person", dims=("group",))
def in_prison_2000(illicit_disorder_2000, incarceration_rate, prison_stay):
    """People in prison in 2000: entry rate times stay."""
    return illicit_disorder_2000 * incarceration_rate * prison_stay


@auxiliary("person", dims=("group",))
def remission_2000(illicit_disorder_2000, quit_rate, relapse_rate, stable_remission_rate, other_mortality):
    """Early remission in 2000: the equilibrium of quitting, relapse and stabilising."""
    return illicit_disorder_2000 * quit_rate / (relapse_rate + stable_remission_rate + other_mortality)


@auxiliary("person", dims=("group",))
def low_tolerance_2000(
    in_prison_2000, prison_stay, remission_2000, relapse_rate, relapse_low_tolerance_share, low_tolerance_stay
):
    """Low-tolerance users in 2000: releases and relapses times the time it takes to regain tolerance."""
    arrivals = in_prison_2000 / prison_stay + relapse_low_tolerance_share * relapse_rate * remission_2000
    return arrivals * low_tolerance_stay


@auxiliary("person", dims=("group",))
def stable_remission_by_group_2000(stable_remission_2000, group_share):
    """Stable remission in 2000 by risk group."""
    return stable_remission_2000 * group_share


@auxiliary("person", dims=("group",))
def stimulant_disorder_by_group_2000(stimulant_disorder_2000, group_share):
    """People using stimulants in 2000 by risk group."""
    return stimulant_disorder_2000 * group_share


@auxiliary("person")
def illicit_users(illicit_disorder, low_tolerance):
    """People using illicit opioids: tolerant and low-tolerance, both risk groups."""
    return group.total(illicit_disorder + low_tolerance)


@auxiliary("1")
def population_growth(population):
    """Residents against 2000; entries grow with it."""
    return population / quantity(282.2e6, "person")


@auxiliary("1", extension="prevention", off=1.0)
def prevention_multiplier(us_health_prevention, prevention_effect):
    """Initiation relative to today's prevention money.

    No effect size for opioids was found, so the strength has a prior around zero and the lever is an extension.
    """
    doublings = safe_log(us_health_prevention, floor=0.05) / jnp.log(2.0)
    return jnp.exp(prevention_effect * doublings)


@flow("person/year", dims=("group",), source="general_population", destination="prescription_misuse")
def misuse_initiation(
    misuse_initiation_2000,
    prescription_opioid_supply,
    misuse_supply_response,
    prevention_multiplier,
    population_growth,
    group_share,
):
    """People starting to misuse prescription opioids, following how much is prescribed."""
    supplied = prescription_opioid_supply**misuse_supply_response
    return misuse_initiation_2000 * supplied * prevention_multiplier * population_growth * group_share


@flow("person/year", dims=("group",), source="prescription_misuse", destination="general_population")
def misuse_quitting(prescription_misuse, misuse_quit_rate):
    """People who stop misusing without a disorder."""
    return prescription_misuse * misuse_quit_rate


@flow("person/year", dims=("group",), source="prescription_misuse", destination="prescription_disorder")
def disorder_onset(prescription_misuse, disorder_onset_rate, prescription_opioid_supply, disorder_supply_response):
    """People whose misuse becomes a disorder, faster where more is prescribed."""
    return prescription_misuse * disorder_onset_rate * prescription_opioid_supply**disorder_supply_response


@flow("person/year", dims=("group",), source="prescription_disorder", destination="general_population")
def prescription_recovery(prescription_disorder, prescription_recovery_rate):
    """People who leave a prescription disorder for good, net of relapse."""
    return prescription_disorder * prescription_recovery_rate


@auxiliary("1/year")
def perceived_risk_reference():
    """Overdose deaths per illicit user that users of 2000 were used to."""
    return quantity(0.0045, "1/year")


@auxiliary("year")
def perceived_risk_time(deaths_per_user, perceived_risk):
    """How fast perceived risk adapts: within 2 years when deaths rise, over 20 when they fall.

    The asymmetry is that of the best published opioid model, which fixed both times.
    """
    rising = logistic((deaths_per_user / perceived_risk - 1) / 0.05)
    return quantity(20.0, "year") - rising * quantity(18.0, "year")


perceived_risk = smooth(
    "1/year", of="deaths_per_user", time="perceived_risk_time", initial="perceived_risk_reference",
    doc="Remembered overdose deaths per illicit user.",
)  # fmt: skip


@auxiliary("1")
def entry_multiplier(
    perceived_risk,
    perceived_risk_reference,
    perceived_risk_effect,
    retail_price_ratio,
    participation_elasticity,
    fentanyl_share,
    heroin_share,
    penalties_in_force,
    deterrence,
):
    """Entry into illicit use against 2000: deterred by perceived risk, price and penalties.

    Perceived risk and penalties have signed strengths: both may be without effect, or backfire.
    """
    price = fentanyl_share * drug.pick(retail_price_ratio, "fentanyl")
    price = price + heroin_share * drug.pick(retail_price_ratio, "heroin")
    risk = (perceived_risk / perceived_risk_reference) ** (-perceived_risk_effect)
    doublings = safe_log(penalties_in_force / today("us.law.penalties")) / jnp.log(2.0)
    return risk * price ** (-participation_elasticity) * jnp.exp(deterrence * doublings)


@auxiliary("1")
def counterfeit_prevalence(consumption):
    """How common counterfeit fentanyl pills are: saturates with the size of the fentanyl market."""
    return jnp.tanh(drug.pick(consumption, "fentanyl") / quantity(5000.0, "kg pure/year"))


@flow("person/year", dims=("group",), source="prescription_disorder", destination="illicit_disorder")
def disorder_to_illicit(
    prescription_disorder,
    disorder_to_illicit_rate,
    entry_multiplier,
    prescription_opioid_supply,
    illicit_substitution,
    reformulation_push,
    reformulation_pulse,
):
    """People who move from prescription to illicit opioids, by a signed exponent of supply against 2000."""
    scarcity = prescription_opioid_supply ** (-illicit_substitution)
    push = 1 + (reformulation_push - 1) * reformulation_pulse
    return prescription_disorder * disorder_to_illicit_rate * entry_multiplier * scarcity * push


@flow("person/year", dims=("group",), source="prescription_misuse", destination="illicit_disorder")
def misuse_to_illicit(
    prescription_misuse, misuse_to_illicit_rate, entry_multiplier, counterfeit_entry, counterfeit_prevalence
):
    """People who move from misuse to illicit opioids, some of them through counterfeit pills."""
    counterfeit = 1 + counterfeit_entry * counterfeit_prevalence
    return prescription_misuse * misuse_to_illicit_rate * entry_multiplier * counterfeit


@flow("person/year", dims=("group",), source="general_population", destination="illicit_disorder")
def direct_initiation(
    direct_illicit_initiation,
    entry_multiplier,
    population_growth,
    group_share,
    us_health_safe_supply,
    safe_supply_diversion,
    market_legal_regulation,
    legal_initiation,
):
    """People who begin with illicit opioids, with diverted safe supply, or as legal sale spreads use (signed)."""
    diverted = safe_supply_diversion * us_health_safe_supply
    spread = jnp.exp(legal_initiation * market_legal_regulation)
    return (direct_illicit_initiation * population_growth * entry_multiplier * spread + diverted) * group_share


@flow("person/year", dims=("group",), source="illicit_disorder", destination="remission")
def untreated_remission(illicit_disorder, quit_rate, purity_ratio, adulteration_quit_effect):
    """People who stop illicit use without treatment; adulterated supply may drive some away (or not)."""
    quality = drug.pick(purity_ratio, "fentanyl") ** (-adulteration_quit_effect)
    return illicit_disorder * quit_rate * quality


@flow("person/year", dims=("group",), source="illicit_disorder", destination="in_prison")
def incarceration(illicit_disorder, incarceration_rate, penalties_in_force, penalty_incarceration_response):
    """Illicit users sent to prison or long jail stays, more of them under harsher penalties (a signed response)."""
    harshness = (penalties_in_force / today("us.law.penalties")) ** penalty_incarceration_response
    return illicit_disorder * incarceration_rate * harshness


@flow("person/year", dims=("group",), source="in_prison", destination="low_tolerance")
def release(in_prison, prison_stay):
    """People released with their tolerance lost."""
    return in_prison / prison_stay


@flow("person/year", dims=("group",), source="low_tolerance", destination="illicit_disorder")
def regaining_tolerance(low_tolerance, low_tolerance_stay):
    """Low-tolerance users whose tolerance is back."""
    return low_tolerance / low_tolerance_stay


@flow("person/year", dims=("group",), source="remission", destination="low_tolerance")
def relapse_without_tolerance(remission, relapse_rate, relapse_low_tolerance_share):
    """Relapses after long enough abstinence to have lost tolerance."""
    return remission * relapse_rate * relapse_low_tolerance_share


@flow("person/year", dims=("group",), source="remission", destination="illicit_disorder")
def relapse_with_tolerance(remission, relapse_rate, relapse_low_tolerance_share):
    """Relapses soon after stopping, tolerance kept."""
    return remission * relapse_rate * (1 - relapse_low_tolerance_share)


@flow("person/year", dims=("group",), source="remission", destination="stable_remission")
def stabilising(remission, stable_remission_rate):
    """People whose remission becomes stable."""
    return remission * stable_remission_rate


@flow("person/year", dims=("group",), source="illicit_disorder", destination="risk_reassignment")
def leaving_risk_group(illicit_disorder, risk_mixing_rate):
    """People whose circumstances, and so risk group, change."""
    return illicit_disorder * risk_mixing_rate


@flow("person/year", dims=("group",), source="risk_reassignment", destination="illicit_disorder")
def joining_risk_group(illicit_disorder, risk_mixing_rate, group_share):
    """The same people in the group that they join."""
    return group.total(illicit_disorder) * risk_mixing_rate * group_share


@flow("person/year", dims=("group",), source="prescription_disorder", destination="died_of_other_causes")
def other_deaths_prescription(prescription_disorder, other_mortality):
    """Deaths of other causes among people with a prescription disorder."""
    return prescription_disorder * other_mortality


@flow("person/year", dims=("group",), source="illicit_disorder", destination="died_of_other_causes")
def other_deaths_illicit(illicit_disorder, other_mortality):
    """Deaths of other causes among tolerant illicit users."""
    return illicit_disorder * other_mortality


@flow("person/year", dims=("group",), source="in_prison", destination="died_of_other_causes")
def other_deaths_prison(in_prison, other_mortality):
    """Deaths in prison."""
    return in_prison * other_mortality


@flow("person/year", dims=("group",), source="remission", destination="died_of_other_causes")
def other_deaths_remission(remission, other_mortality):
    """Deaths of other causes in early remission."""
    return remission * other_mortality


@flow("person/year", dims=("group",), source="stable_remission", destination="died_of_other_causes")
def other_deaths_stable(stable_remission, other_mortality):
    """Deaths of other causes in stable remission."""
    return stable_remission * other_mortality


@flow("person/year", dims=("group",), source="general_population", destination="stimulant_disorder")
def stimulant_entry(stimulant_entry_rate, population_growth, group_share):
    """People entering frequent use of cocaine or methamphetamine."""
    return stimulant_entry_rate * population_growth * group_share


@flow("person/year", dims=("group",), source="stimulant_disorder", destination="general_population")
def stimulant_exit(stimulant_disorder, stimulant_exit_rate):
    """People leaving frequent stimulant use, alive or by other deaths."""
    return stimulant_disorder * stimulant_exit_rate


@flow("person/year", source="courts", destination="incarcerated_drug_offences")
def drug_admissions(
    incarcerated_2000,
    drug_sentence_years,
    drug_prison_admissions_trend,
    calendar,
    penalties_in_force,
    us_law_distributor_enforcement,
    distributor_share_of_admissions,
):
    """Prison admissions for drug offences: those of 2000, a trend from 2008 to 2024, penalties and arrests."""
    start, end = quantity(2008.0, "year"), quantity(2025.0, "year")
    elapsed = jnp.clip(calendar, start, end) - start
    harshness = penalties_in_force / today("us.law.penalties")
    arrests = us_law_distributor_enforcement / today("us.law.distributor_enforcement") - 1
    moved = harshness * (1 + distributor_share_of_admissions * arrests)
    return incarcerated_2000 / drug_sentence_years * jnp.exp(drug_prison_admissions_trend * elapsed) * moved


@flow("person/year", source="incarcerated_drug_offences", destination="courts")
def drug_releases(incarcerated_drug_offences, drug_sentence_years):
    """People released at the end of sentences for drug offences."""
    return incarcerated_drug_offences / drug_sentence_years


@auxiliary("person")
def prescription_misuse_people(prescription_misuse):
    """People misusing prescription opioids, both risk groups."""
    return group.total(prescription_misuse)


@auxiliary("person")
def prescription_disorder_people(prescription_disorder):
    """People with a prescription disorder, both risk groups."""
    return group.total(prescription_disorder)


@auxiliary("person")
def stimulant_users(stimulant_disorder):
    """People using stimulants, both risk groups."""
    return group.total(stimulant_disorder)


@auxiliary("person")
def us_opioid_use_disorder(prescription_disorder_people, illicit_users, us_on_medication):
    """People with an opioid use disorder: prescription, illicit, and on medication."""
    return prescription_disorder_people + illicit_users + us_on_medication


@auxiliary("person")
def us_incarcerated_drug_offences(incarcerated_drug_offences):
    """People in prison for drug offences."""
    return incarcerated_drug_offences
