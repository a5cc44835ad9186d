"""Overdose: how doses, tolerance, rescue and contamination turn use into deaths, in exclusive classes.

The dose response is anchored at observed hazards; what varies is the purity of the supply, the share of it that
users offset, and a tolerance that follows the habitual dose. Deaths leave the people's stocks for four exclusive
classes; involvement by drug (which overlaps, as on certificates) is computed beside them.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, flow, smooth, stock
from contraflow.engine.operations import logistic, normal_cdf, normal_quantile, quantity, share
from contraflow.system.axes import death_class, drug, group
from contraflow.system.levers import today

overdose_deaths = stock(
    "person", dims=("death_class",), ledger="people", initial=0.0,
    doc="Cumulative overdose deaths since 2000 in exclusive classes.",
)  # fmt: skip


def dose_response(rate, shift, spread):
    """Overdoses a year at a dose shifted by ``shift`` in logs, anchored at ``rate``.

    A thousand uses a year, each with probability Φ(x): the anchor x is where the observed rate puts it.
    """
    uses = quantity(1000.0, "1/year")
    return uses * normal_cdf(normal_quantile(rate / uses) + shift / spread)


@auxiliary("1")
def effective_dose(purity_ratio, titration):
    """Log of the fentanyl dose against the reference, after users offset a share of the purity change."""
    return (1 - titration) * jnp.log(drug.pick(purity_ratio, "fentanyl"))


@auxiliary("1")
def tolerance_target(effective_dose, tolerance_adaptation):
    """Tolerance, in log dose, that the present dose would lead to."""
    return tolerance_adaptation * effective_dose


tolerance = smooth(
    "1", of="tolerance_target", time="tolerance_time", initial=0.0,
    doc="Tolerance in log dose, following the habitual dose with a lag.",
)  # fmt: skip


@auxiliary("1", dims=("group",))
def risk_weight(high_risk_share, risk_ratio):
    """Overdose hazard of each risk group relative to the mean of people entering."""
    mean = 1 - high_risk_share + high_risk_share * risk_ratio
    return group.stack(low=1 / mean, high=risk_ratio / mean)


@auxiliary("1")
def naloxone_coverage(community_kits, illicit_users, naloxone_effect):
    """Chance that a witness has naloxone: saturates in kits per user.

    The strength is signed: a negative value stands for compensation that outweighs rescue.
    """
    reached = naloxone_effect * community_kits / illicit_users
    return jnp.where(reached > 0, 1 - jnp.exp(-jnp.maximum(reached, 0.0)), jnp.exp(jnp.minimum(reached, 0.0)) - 1)


@auxiliary("1")
def rescue_multiplier(naloxone_coverage, witnessed_share, emergency_benefit):
    """Deaths per overdose relative to no naloxone: an overdose must be witnessed to be reversed."""
    helped = 1 - (1 - naloxone_coverage) * (1 - emergency_benefit)
    return (1 - witnessed_share * helped) / (1 - witnessed_share * emergency_benefit)


@auxiliary("1")
def site_multiplier(us_health_prevention_sites, site_clients, site_use_share, illicit_users, site_effect):
    """Deaths relative to today's supervised sites, by the percentage of uses that happen there."""
    added = us_health_prevention_sites - quantity(today("us.health.prevention_sites"), "site")
    percent = 100 * site_use_share * jnp.tanh(added * site_clients / illicit_users)
    return jnp.exp(site_effect * percent)


@auxiliary("1")
def safe_supply_share(us_health_safe_supply, illicit_users):
    """Share of illicit users who are clients of prescribed safe supply."""
    return jnp.tanh(us_health_safe_supply / illicit_users)


@auxiliary("1")
def setting_multiplier(
    rescue_multiplier,
    pandemic_effect,
    pandemic_pulse,
    disruption_hazard,
    us_law_distributor_enforcement,
    compensation,
    naloxone_coverage,
):
    """Everything around a use that changes its risk: rescue, the pandemic, market disruption, riskier use."""
    doublings = jnp.log(us_law_distributor_enforcement / today("us.law.distributor_enforcement")) / jnp.log(2.0)
    logs = pandemic_effect * pandemic_pulse + disruption_hazard * doublings + compensation * naloxone_coverage
    return rescue_multiplier * jnp.exp(logs)


@auxiliary("1")
def programme_multiplier(site_multiplier, safe_supply_share, safe_supply_mortality, legal_replacement, legal_risk):
    """What programmes for illicit users do to their risk of death: supervised sites, and safe supply to its clients.

    The mortality ratio of safe supply is the whole effect on a client, less illicit use included; regulated sale
    leaves ``legal_risk`` of the risk of the use that it replaces.
    """
    legal = 1 - legal_replacement * (1 - legal_risk)
    return site_multiplier * (1 + safe_supply_share * (jnp.exp(safe_supply_mortality) - 1)) * legal


@auxiliary("1")
def route_multiplier(smoking_share, smoking_fatality_ratio):
    """Fentanyl fatality relative to all injecting, as smoking spreads; 1 at the share of 2015."""
    at_2015 = 1 - 0.15 + 0.15 / smoking_fatality_ratio
    return (1 - smoking_share + smoking_share / smoking_fatality_ratio) / at_2015


@auxiliary("1")
def adulterant_multiplier(calendar, novel_opioid_share_2024, novel_opioid_hazard, sedative_effect):
    """Fentanyl fatality as novel opioids and sedatives spread from 2020 to 2024 and then stay.

    Reported shares: sedatives in about a tenth of fentanyl deaths by 2022; novel opioids in a few percent at most.
    """
    spread = jnp.clip((calendar - quantity(2020.0, "year")) / quantity(5.0, "year"), 0.0, 1.0)
    novel = 1 + spread * novel_opioid_share_2024 * (novel_opioid_hazard - 1)
    return novel * jnp.exp(sedative_effect * 0.15 * spread)


@auxiliary("1/year")
def fentanyl_overdose_hazard(
    fentanyl_share, fentanyl_overdose_rate, effective_dose, tolerance, dose_spread, relative_use
):
    """Fentanyl overdoses per tolerant illicit user: dose response to purity, less tolerance, times uses."""
    rate = dose_response(fentanyl_overdose_rate, effective_dose - tolerance, dose_spread)
    return fentanyl_share * rate * drug.pick(relative_use, "fentanyl")


@auxiliary("1/year")
def fentanyl_overdose_hazard_low_tolerance(
    fentanyl_share, fentanyl_overdose_rate, effective_dose, tolerance, low_tolerance_shift, dose_spread, relative_use
):
    """Fentanyl overdoses per user whose tolerance was lost."""
    shift = effective_dose - tolerance + low_tolerance_shift
    rate = dose_response(fentanyl_overdose_rate, shift, dose_spread)
    return fentanyl_share * rate * drug.pick(relative_use, "fentanyl")


@auxiliary("1/year")
def heroin_overdose_hazard(
    heroin_share, heroin_overdose_rate, heroin_grams_per_user, heroin_dose_effect, dose_spread, relative_use
):
    """Heroin overdoses per tolerant illicit user; the dose follows grams used per person."""
    shift = heroin_dose_effect * jnp.log(heroin_grams_per_user)
    rate = dose_response(heroin_overdose_rate, shift, dose_spread)
    return heroin_share * rate * drug.pick(relative_use, "heroin")


@auxiliary("1/year")
def heroin_overdose_hazard_low_tolerance(
    heroin_share,
    heroin_overdose_rate,
    heroin_grams_per_user,
    heroin_dose_effect,
    low_tolerance_shift,
    dose_spread,
    relative_use,
):
    """Heroin overdoses per user whose tolerance was lost."""
    shift = heroin_dose_effect * jnp.log(heroin_grams_per_user) + low_tolerance_shift
    rate = dose_response(heroin_overdose_rate, shift, dose_spread)
    return heroin_share * rate * drug.pick(relative_use, "heroin")


@auxiliary("1")
def illicit_multiplier(setting_multiplier, programme_multiplier):
    """Risk of death around an illicit use: its setting, and programmes for illicit users."""
    return setting_multiplier * programme_multiplier


@auxiliary("1/year")
def fentanyl_death_hazard(
    fentanyl_overdose_hazard, fentanyl_fatality, route_multiplier, adulterant_multiplier, illicit_multiplier
):
    """Deaths by fentanyl per tolerant illicit user."""
    return fentanyl_overdose_hazard * fentanyl_fatality * route_multiplier * adulterant_multiplier * illicit_multiplier


@auxiliary("1/year")
def heroin_death_hazard(heroin_overdose_hazard, heroin_fatality, illicit_multiplier):
    """Deaths by heroin per tolerant illicit user."""
    return heroin_overdose_hazard * heroin_fatality * illicit_multiplier


@auxiliary("1/year")
def fentanyl_death_hazard_low_tolerance(
    fentanyl_overdose_hazard_low_tolerance,
    fentanyl_fatality,
    route_multiplier,
    adulterant_multiplier,
    illicit_multiplier,
):
    """Deaths by fentanyl per low-tolerance user."""
    lethality = fentanyl_fatality * route_multiplier * adulterant_multiplier
    return fentanyl_overdose_hazard_low_tolerance * lethality * illicit_multiplier


@auxiliary("1/year")
def heroin_death_hazard_low_tolerance(heroin_overdose_hazard_low_tolerance, heroin_fatality, illicit_multiplier):
    """Deaths by heroin per low-tolerance user."""
    return heroin_overdose_hazard_low_tolerance * heroin_fatality * illicit_multiplier


@auxiliary("1/year")
def contaminated_hazard(
    contamination_hazard,
    fentanyl_share,
    fentanyl_overdose_rate,
    purity_ratio,
    dose_spread,
    setting_multiplier,
    legal_replacement,
):
    """Deaths by hidden fentanyl per person using stimulants: they can neither offset its purity nor tolerate it."""
    dose = jnp.log(drug.pick(purity_ratio, "fentanyl"))
    relative = dose_response(fentanyl_overdose_rate, dose, dose_spread) / fentanyl_overdose_rate
    return contamination_hazard * fentanyl_share * relative * setting_multiplier * (1 - legal_replacement)


@auxiliary("1")
def co_use_share(co_use_share_2010, co_use_growth, calendar):
    """Share of opioid deaths that also involve a stimulant: logistic in time, its growth ending with the data."""
    logit = jnp.log(co_use_share_2010 / (1 - co_use_share_2010))
    years = jnp.minimum(calendar, quantity(2025.0, "year")) - quantity(2010.0, "year")
    return logistic(logit + co_use_growth * years)


@auxiliary("1", dims=("death_class",))
def opioid_class_share(co_use_share):
    """How opioid deaths divide into the exclusive classes."""
    return death_class.stack(opioid_only=1 - co_use_share, opioid_stimulant=co_use_share, stimulant_only=0.0, other=0.0)


@flow("person/year", dims=("death_class", "group"), source="illicit_disorder", destination="overdose_deaths")
def deaths_illicit(illicit_disorder, fentanyl_death_hazard, heroin_death_hazard, risk_weight, opioid_class_share):
    """Overdose deaths of tolerant illicit users."""
    return illicit_disorder * risk_weight * (fentanyl_death_hazard + heroin_death_hazard) * opioid_class_share


@flow("person/year", dims=("death_class", "group"), source="low_tolerance", destination="overdose_deaths")
def deaths_low_tolerance(
    low_tolerance,
    fentanyl_death_hazard_low_tolerance,
    heroin_death_hazard_low_tolerance,
    risk_weight,
    opioid_class_share,
):
    """Overdose deaths of users whose tolerance was lost."""
    hazard = fentanyl_death_hazard_low_tolerance + heroin_death_hazard_low_tolerance
    return low_tolerance * risk_weight * hazard * opioid_class_share


@auxiliary("1/year")
def medication_death_hazard(fentanyl_death_hazard, heroin_death_hazard, treatment_mortality):
    """Overdose deaths per person on medication."""
    return (fentanyl_death_hazard + heroin_death_hazard) * jnp.exp(treatment_mortality)


@flow("person/year", dims=("death_class", "group"), source="on_methadone", destination="overdose_deaths")
def deaths_methadone(on_methadone, medication_death_hazard, risk_weight, opioid_class_share):
    """Overdose deaths of people on methadone."""
    return on_methadone * risk_weight * medication_death_hazard * opioid_class_share


@flow("person/year", dims=("death_class", "group"), source="on_buprenorphine", destination="overdose_deaths")
def deaths_buprenorphine(on_buprenorphine, medication_death_hazard, risk_weight, opioid_class_share):
    """Overdose deaths of people on buprenorphine."""
    return on_buprenorphine * risk_weight * medication_death_hazard * opioid_class_share


@auxiliary("1/year")
def pill_death_hazard(contaminated_hazard, pill_exposure):
    """Deaths by counterfeit pills per person misusing or dependent on prescription opioids."""
    return contaminated_hazard * pill_exposure


@flow("person/year", dims=("death_class", "group"), source="prescription_disorder", destination="overdose_deaths")
def deaths_prescription_disorder(
    prescription_disorder, prescription_disorder_death_rate, pill_death_hazard, risk_weight, opioid_class_share
):
    """Overdose deaths of people with a prescription disorder, by their own drugs or by counterfeit pills."""
    hazard = prescription_disorder_death_rate + pill_death_hazard
    return prescription_disorder * risk_weight * hazard * opioid_class_share


@flow("person/year", dims=("death_class", "group"), source="prescription_misuse", destination="overdose_deaths")
def deaths_prescription_misuse(
    prescription_misuse, prescription_misuse_death_rate, pill_death_hazard, risk_weight, opioid_class_share
):
    """Overdose deaths of people who misuse prescription opioids, by their own drugs or by counterfeit pills."""
    hazard = prescription_misuse_death_rate + pill_death_hazard
    return prescription_misuse * risk_weight * hazard * opioid_class_share


@auxiliary("1/year")
def stimulant_death_hazard(stimulant_death_rate_2000, stimulant_hazard_drift):
    """Deaths without opioids per person using stimulants; its drift is a latent driver, not explained here."""
    return stimulant_death_rate_2000 * jnp.exp(stimulant_hazard_drift)


@flow("person/year", dims=("death_class", "group"), source="stimulant_disorder", destination="overdose_deaths")
def deaths_stimulants(stimulant_disorder, stimulant_death_hazard, contaminated_hazard, risk_weight):
    """Overdose deaths of people using stimulants: by the stimulant alone, or with hidden fentanyl."""
    people = stimulant_disorder * risk_weight
    return people * death_class.stack(
        opioid_only=0.0, opioid_stimulant=contaminated_hazard, stimulant_only=stimulant_death_hazard, other=0.0
    )


@auxiliary("person/year")
def medical_synthetic_deaths_now(medical_synthetic_deaths, medical_synthetic_response, prescription_opioid_supply):
    """Deaths by prescribed fentanyl, tramadol and other medical synthetic opioids."""
    return medical_synthetic_deaths * prescription_opioid_supply**medical_synthetic_response


@flow("person/year", dims=("death_class",), source="general_population", destination="overdose_deaths")
def deaths_general_population(
    medical_synthetic_deaths_now, other_drug_deaths_2000, other_drug_deaths_growth, other_drug_drift, calendar
):
    """Deaths by medical synthetic opioids and by other or unnamed drugs."""
    years = jnp.minimum(calendar, quantity(2025.0, "year")) - quantity(2000.0, "year")
    other = other_drug_deaths_2000 * jnp.exp(other_drug_deaths_growth * years + other_drug_drift)
    return death_class.stack(
        opioid_only=medical_synthetic_deaths_now, opioid_stimulant=0.0, stimulant_only=0.0, other=other
    )


@auxiliary("person/year", dims=("death_class",))
def deaths_by_class(
    deaths_illicit,
    deaths_low_tolerance,
    deaths_methadone,
    deaths_buprenorphine,
    deaths_prescription_disorder,
    deaths_prescription_misuse,
    deaths_stimulants,
    deaths_general_population,
):
    """Overdose deaths in exclusive classes."""
    by_group = (
        deaths_illicit
        + deaths_low_tolerance
        + deaths_methadone
        + deaths_buprenorphine
        + deaths_prescription_disorder
        + deaths_prescription_misuse
        + deaths_stimulants
    )
    return group.total(by_group) + deaths_general_population


@auxiliary("person/year")
def us_overdose_deaths(deaths_by_class):
    """Overdose deaths, all drugs."""
    return death_class.total(deaths_by_class)


@auxiliary("person/year")
def us_opioid_deaths(deaths_by_class):
    """Overdose deaths involving any opioid."""
    return death_class.pick(deaths_by_class, "opioid_only") + death_class.pick(deaths_by_class, "opioid_stimulant")


@auxiliary("person/year")
def us_stimulant_only_deaths(deaths_by_class):
    """Overdose deaths involving stimulants and no opioid."""
    return death_class.pick(deaths_by_class, "stimulant_only")


@auxiliary("person/year")
def non_opioid_deaths(deaths_by_class):
    """Overdose deaths without any opioid."""
    return death_class.pick(deaths_by_class, "stimulant_only") + death_class.pick(deaths_by_class, "other")


@auxiliary("person/year")
def stimulant_involved_deaths(deaths_by_class, stimulant_overlap):
    """Cocaine plus psychostimulant deaths as published, counting twice those with both."""
    any_stimulant = death_class.pick(deaths_by_class, "opioid_stimulant")
    any_stimulant = any_stimulant + death_class.pick(deaths_by_class, "stimulant_only")
    return any_stimulant * (1 + stimulant_overlap)


@auxiliary("person/year")
def illicit_user_deaths(deaths_illicit, deaths_low_tolerance, deaths_methadone, deaths_buprenorphine):
    """Overdose deaths of people who use, or are treated for, illicit opioids."""
    by_group = deaths_illicit + deaths_low_tolerance + deaths_methadone + deaths_buprenorphine
    return death_class.total(group.total(by_group))


@auxiliary("1/year")
def deaths_per_user(deaths_illicit, deaths_low_tolerance, illicit_users):
    """Overdose deaths per illicit user, the news that perceived risk is made of."""
    return death_class.total(group.total(deaths_illicit + deaths_low_tolerance)) / illicit_users


@auxiliary("1")
def fentanyl_part(fentanyl_death_hazard, heroin_death_hazard):
    """Share of illicit users' deaths that fentanyl causes."""
    return share(fentanyl_death_hazard, fentanyl_death_hazard + heroin_death_hazard)


@auxiliary("1")
def low_tolerance_part(deaths_low_tolerance, illicit_user_deaths):
    """Share of illicit users' deaths among those whose tolerance was lost."""
    return share(death_class.total(group.total(deaths_low_tolerance)), illicit_user_deaths)


@auxiliary("person/year")
def contaminated_deaths(
    stimulant_disorder, prescription_disorder, prescription_misuse, contaminated_hazard, pill_death_hazard, risk_weight
):
    """Deaths by fentanyl among people who did not seek it."""
    stimulant = stimulant_disorder * contaminated_hazard
    pills = (prescription_disorder + prescription_misuse) * pill_death_hazard
    return group.total(risk_weight * (stimulant + pills))


@auxiliary("person/year")
def us_synthetic_opioid_deaths(illicit_user_deaths, fentanyl_part, contaminated_deaths, medical_synthetic_deaths_now):
    """Overdose deaths involving synthetic opioids other than methadone."""
    return illicit_user_deaths * fentanyl_part + contaminated_deaths + medical_synthetic_deaths_now


@auxiliary("person/year")
def opioid_deaths_without_synthetic(us_opioid_deaths, us_synthetic_opioid_deaths):
    """Overdose deaths involving an opioid and no synthetic one but methadone."""
    return us_opioid_deaths - us_synthetic_opioid_deaths


@auxiliary("person/year")
def heroin_deaths_recorded(
    illicit_user_deaths,
    fentanyl_part,
    heroin_share,
    heroin_with_fentanyl,
    unspecified_heroin_share,
    opioid_unspecified_share,
):
    """Deaths whose certificate names heroin: caused by it, or found beside fentanyl; less the unnamed."""
    beside = heroin_with_fentanyl * fentanyl_part * (heroin_share + 0.03)
    named = 1 - unspecified_heroin_share * opioid_unspecified_share
    return illicit_user_deaths * (1 - fentanyl_part + beside) * named


@auxiliary("person/year")
def natural_semisynthetic_deaths_recorded(
    deaths_prescription_disorder,
    deaths_prescription_misuse,
    prescription_disorder_death_rate,
    prescription_misuse_death_rate,
    pill_death_hazard,
    illicit_user_deaths,
    prescription_with_illicit,
    methadone_death_share,
    unspecified_heroin_share,
    opioid_unspecified_share,
):
    """Deaths whose certificate names a natural or semisynthetic opioid: prescribed, or found beside illicit ones."""
    own_disorder = share(prescription_disorder_death_rate, prescription_disorder_death_rate + pill_death_hazard)
    own_misuse = share(prescription_misuse_death_rate, prescription_misuse_death_rate + pill_death_hazard)
    by_group = deaths_prescription_disorder * own_disorder + deaths_prescription_misuse * own_misuse
    prescribed = death_class.total(group.total(by_group))
    named = 1 - unspecified_heroin_share * opioid_unspecified_share
    return (prescribed * (1 - methadone_death_share) + prescription_with_illicit * illicit_user_deaths) * named


@auxiliary("1")
def heroin_share_of_opioid_deaths(heroin_deaths_recorded, us_opioid_deaths):
    """Share of opioid deaths whose certificate names heroin."""
    return share(heroin_deaths_recorded, us_opioid_deaths)


@auxiliary("1")
def natural_semisynthetic_share_of_opioid_deaths(natural_semisynthetic_deaths_recorded, us_opioid_deaths):
    """Share of opioid deaths whose certificate names a natural or semisynthetic opioid."""
    return share(natural_semisynthetic_deaths_recorded, us_opioid_deaths)


@auxiliary("1")
def stimulant_involved_ratio(stimulant_involved_deaths, us_overdose_deaths):
    """Cocaine plus psychostimulant deaths as published over all overdose deaths."""
    return share(stimulant_involved_deaths, us_overdose_deaths)


@auxiliary("1")
def stimulant_only_share_of_non_opioid_deaths(us_stimulant_only_deaths, non_opioid_deaths):
    """Share of deaths without opioids that involve stimulants."""
    return share(us_stimulant_only_deaths, non_opioid_deaths)


@auxiliary("1")
def net_dose_elasticity(fentanyl_overdose_rate, titration, dose_spread):
    """Elasticity of fentanyl overdoses to purity before tolerance adapts: the size of the dose response."""
    anchor = normal_quantile(fentanyl_overdose_rate / quantity(1000.0, "1/year"))
    return (1 - titration) * jnp.abs(anchor) / dose_spread


@auxiliary("1")
def long_run_dose_elasticity(net_dose_elasticity, tolerance_adaptation):
    """The same once tolerance has followed the dose."""
    return net_dose_elasticity * (1 - tolerance_adaptation)
