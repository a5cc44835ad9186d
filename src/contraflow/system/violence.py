"""Violence: killings in conflict among groups, by and with state forces, other homicides, and people missing.

Killings whose victims are hidden are reported missing instead of killed; the share drifts, as a latent driver. No
variable here counts a death twice: homicides and missing people are two records of exclusive cases.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, stock
from contraflow.engine.operations import logistic, quantity, safe_log

reported_missing = boundary("person", ledger="register of missing people", doc="People reported missing.")
located_alive = boundary("person", ledger="register of missing people", doc="Missing people located alive.")
located_dead = boundary("person", ledger="register of missing people", doc="Missing people located dead.")

searched_for = stock(
    "person", ledger="register of missing people", initial="searched_for_2000",
    doc="People reported missing whose fate is not yet clear.",
)  # fmt: skip
still_missing = stock(
    "person", ledger="register of missing people", initial=0.0, doc="People missing since 2000 and never located."
)


@auxiliary("1")
def competition(effective_groups, groups_2000, fragmentation_response):
    """Rivalry among groups against 2000: the chance that two members belong to different groups, and fragmentation.

    The first saturates at a few groups; the second, the number of groups to a signed power, says whether many small
    groups fight more than few large ones.
    """
    meeting = (1 - 1 / relative_groups(effective_groups)) / (1 - 1 / relative_groups(groups_2000))
    many = relative_groups(effective_groups) / relative_groups(groups_2000)
    return meeting * many**fragmentation_response


def relative_groups(groups):
    """A number of groups as a bare number, at least 1.001."""
    return jnp.maximum(groups / quantity(1.0, "group"), 1.001)


@auxiliary("1")
def contested_rent(retained_revenue_ratio, scarcity_violence):
    """Conflict over what there is to earn, against the reference, to a signed power."""
    return jnp.exp(scarcity_violence * 5 * jnp.tanh(safe_log(retained_revenue_ratio, floor=1e-9) / 5))


@auxiliary("1")
def gun_effect(firepower, gun_lethality):
    """Killing as rifles a member change, to a signed power."""
    return jnp.exp(gun_lethality * firepower)


@auxiliary("1")
def armed_share(mx_firearms_stock, members, firearm_need):
    """Share of would-be shootings for which there is a gun: falls to zero only where firearms are very scarce."""
    return mx_firearms_stock / (mx_firearms_stock + firearm_need * members)


@auxiliary("person/year")
def conflict_attempts(
    conflict_killings_reference,
    members,
    members_2000,
    conflict_scaling,
    competition,
    gun_effect,
    ammunition_multiplier,
    contested_rent,
    succession_shock,
    force_escalation,
    conflict_drift,
):
    """Killings that conflict would bring if guns were at hand, hidden victims included.

    Size to a power, rivalry, firepower, rents, wars of succession, state force, and a latent driver for what none of
    these explains (such as pacts among groups).
    """
    size = (members / members_2000) ** conflict_scaling
    fire = gun_effect * ammunition_multiplier
    return (
        conflict_killings_reference * size * competition * fire * contested_rent * force_escalation
        * jnp.exp(succession_shock + conflict_drift)
    )  # fmt: skip


@auxiliary("person/year")
def conflict_shootings(conflict_attempts, firearm_share_conflict, armed_share):
    """Killings in conflict by firearm."""
    return conflict_attempts * firearm_share_conflict * armed_share


@auxiliary("person/year")
def conflict_killings(conflict_attempts, firearm_share_conflict, conflict_shootings):
    """Killings in conflict among groups, hidden victims included."""
    return conflict_attempts * (1 - firearm_share_conflict) + conflict_shootings


@auxiliary("person/year")
def clash_killings(clash_rate, effective_deployment, members, arrest_half_size):
    """Members killed by state forces in clashes."""
    return clash_rate * effective_deployment * members / (members + arrest_half_size)


@auxiliary("1")
def concealed_share(concealed_share_2010, concealment_drift):
    """Share of victims of conflict who are hidden and reported missing, not killed; its drift is a latent driver."""
    return logistic(jnp.log(concealed_share_2010 / (1 - concealed_share_2010)) + concealment_drift)


@auxiliary("person/year")
def mx_organised_crime_homicides(conflict_killings, clash_killings, concealed_share):
    """Homicides in conflict among groups and with state forces."""
    return conflict_killings * (1 - concealed_share) + clash_killings


@auxiliary("person/year")
def other_homicides(other_homicide_rate_2000, other_homicide_trend, mx_population, calendar):
    """Homicides outside organised crime: a rate that drifts to the end of the data."""
    years = jnp.minimum(calendar, quantity(2025.0, "year")) - quantity(2000.0, "year")
    return other_homicide_rate_2000 * jnp.exp(other_homicide_trend * years) * mx_population


@auxiliary("person/year")
def mx_homicides(mx_organised_crime_homicides, other_homicides, mx_force_civilian_deaths):
    """Homicides in Mexico."""
    return mx_organised_crime_homicides + other_homicides + mx_force_civilian_deaths


@auxiliary("person/year")
def mx_force_civilian_deaths(us_force_strikes, civilians_per_strike, us_force_ground_raids, civilians_per_raid):
    """Civilians killed by foreign strikes and raids, from precedents elsewhere."""
    return us_force_strikes * civilians_per_strike + us_force_ground_raids * civilians_per_raid


@auxiliary("person/year")
def mx_firearm_homicides(conflict_shootings, clash_killings, concealed_share, other_homicides, firearm_share_other):
    """Homicides by firearm."""
    return conflict_shootings * (1 - concealed_share) + clash_killings + other_homicides * firearm_share_other


@auxiliary("1")
def firearm_share_of_homicides(mx_firearm_homicides, mx_homicides):
    """Share of homicides by firearm."""
    return mx_firearm_homicides / mx_homicides


@auxiliary("person/year")
def mx_missing(conflict_killings, concealed_share, other_missing_rate, mx_population):
    """People reported missing in a year and never located: hidden victims, and others."""
    return conflict_killings * concealed_share + other_missing_rate * mx_population


@auxiliary("person/year")
def missing_as_recorded(mx_missing, late_finding, late_finding_time, calendar):
    """Still missing as a register of early 2026 shows them by year: later years have had less time to be found."""
    waited = jnp.maximum(quantity(2026.2, "year") - calendar, quantity(0.0, "year"))
    return mx_missing * (1 + late_finding * jnp.exp(-waited / late_finding_time))


@flow("person/year", source="reported_missing", destination="searched_for")
def disappearances(mx_missing, never_located_share):
    """People reported missing."""
    return mx_missing / never_located_share


@auxiliary("person")
def searched_for_2000(disappearances, search_time):
    """People being searched for in 2000: reports times the length of the search."""
    return disappearances * search_time


@flow("person/year", source="searched_for", destination="located_alive")
def locations_alive(searched_for, search_time, never_located_share, located_dead_share):
    """Missing people located alive."""
    return searched_for / search_time * (1 - never_located_share - located_dead_share)


@flow("person/year", source="searched_for", destination="located_dead")
def locations_dead(searched_for, search_time, located_dead_share):
    """Missing people located dead."""
    return searched_for / search_time * located_dead_share


@flow("person/year", source="searched_for", destination="still_missing")
def never_located(searched_for, search_time, never_located_share):
    """Missing people whom the search does not find."""
    return searched_for / search_time * never_located_share
