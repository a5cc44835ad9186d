"""Care: medication with limited places, the people on it, naloxone in the community, and the staff behind both.

Enrolment is the smaller of who seeks and who can be taken in. The effects of naloxone and of medication on deaths
come from trials and cohorts; national deaths do not move them.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth, stock
from contraflow.engine.operations import limited, quantity, safe_log, smooth_max
from contraflow.system.axes import group
from contraflow.system.levers import today

kit_makers = boundary("kit", ledger="naloxone kits", doc="Where naloxone kits come from.")
kits_gone = boundary("kit", ledger="naloxone kits", doc="Naloxone kits used or expired.")

on_methadone = stock(
    "person", dims=("group",), ledger="people", initial="on_methadone_2000", doc="People on methadone."
)
on_buprenorphine = stock("person", dims=("group",), ledger="people", initial=0.0, doc="People on buprenorphine.")
community_kits = stock(
    "kit", ledger="naloxone kits", initial="community_kits_2000", doc="Naloxone kits in the hands of people who use."
)


@auxiliary("person", dims=("group",))
def on_methadone_2000(methadone_places, group_share):
    """People on methadone in 2000, near the places that there were."""
    return 0.95 * methadone_places * group_share


@auxiliary("kit")
def community_kits_2000(naloxone_kits, kit_life):
    """Kits in the community in 2000: supply times life."""
    return naloxone_kits * kit_life


programme_staff = smooth(
    "1", of="programme_funding", time="staff_adjustment_time", initial=1.0,
    doc="Staff of health programmes relative to today, following money with a delay.",
)  # fmt: skip


@auxiliary("1")
def programme_funding(us_health_funding, funding_response):
    """Programme money relative to today: the lever, and the political response where that extension is on."""
    return us_health_funding / today("us.health.funding") * funding_response


@auxiliary("person")
def added_places(us_health_treatment_access):
    """Medication places above or below today's."""
    return us_health_treatment_access - quantity(today("us.health.treatment_access"), "person")


@auxiliary("1")
def seeking_multiplier(added_places, place_fill, coverage_loss_realised, programme_staff, funding_elasticity_treatment):
    """Entry into treatment relative to today.

    New places find only a share of the patients they are made for; lost coverage loses only a share of those it is
    forecast to lose. Staff finds and keeps patients.
    """
    share = jnp.where(added_places > 0, place_fill, coverage_loss_realised)
    offered = 1 + share * added_places / quantity(today("us.health.treatment_access"), "person")
    return offered * jnp.exp(funding_elasticity_treatment * safe_log(programme_staff, floor=0.05))


@auxiliary("person")
def methadone_capacity(methadone_places, added_places):
    """People whom methadone programmes can hold; new places divide as today's do, four in ten methadone.

    Lost coverage takes away patients, not places: it acts on who seeks.
    """
    return methadone_places + 0.4 * jnp.maximum(added_places, 0.0)


@auxiliary("person")
def buprenorphine_capacity(
    buprenorphine_prescribers,
    patients_per_prescriber,
    prescriber_diminishing,
    added_places,
    illicit_share_of_patients,
):
    """People with illicit use whom buprenorphine prescribers can hold, with diminishing returns in prescribers."""
    thousands = (buprenorphine_prescribers + quantity(1.0, "person")) / quantity(1000.0, "person")
    held = patients_per_prescriber * quantity(1000.0, "person") * thousands**prescriber_diminishing
    return (held + 0.6 * jnp.maximum(added_places, 0.0)) * illicit_share_of_patients


def entries(waiting, seeking, capacity, held, stay):
    """Entries a year: the smaller of who seeks a place and of places that are free or become so."""
    free = (capacity - held) / quantity(0.1, "year") + held / stay
    openings = smooth_max(free, 0.0, quantity(1.0, "person/year"))
    return limited(seeking * waiting, openings)


@auxiliary("person/year")
def methadone_entries(
    illicit_disorder, methadone_seeking, seeking_multiplier, methadone_capacity, on_methadone, methadone_stay
):
    """People starting methadone."""
    waiting, held = group.total(illicit_disorder), group.total(on_methadone)
    return entries(waiting, methadone_seeking * seeking_multiplier, methadone_capacity, held, methadone_stay)


@auxiliary("person/year")
def buprenorphine_entries(
    illicit_disorder,
    buprenorphine_seeking,
    seeking_multiplier,
    buprenorphine_capacity,
    on_buprenorphine,
    buprenorphine_stay,
):
    """People starting buprenorphine."""
    waiting, held = group.total(illicit_disorder), group.total(on_buprenorphine)
    seeking = buprenorphine_seeking * seeking_multiplier
    return entries(waiting, seeking, buprenorphine_capacity, held, buprenorphine_stay)


@flow("person/year", dims=("group",), source="illicit_disorder", destination="on_methadone")
def starting_methadone(methadone_entries, illicit_disorder):
    """People starting methadone by risk group, in proportion to who is waiting."""
    return methadone_entries * illicit_disorder / group.total(illicit_disorder)


@flow("person/year", dims=("group",), source="illicit_disorder", destination="on_buprenorphine")
def starting_buprenorphine(buprenorphine_entries, illicit_disorder):
    """People starting buprenorphine by risk group, in proportion to who is waiting."""
    return buprenorphine_entries * illicit_disorder / group.total(illicit_disorder)


@flow("person/year", dims=("group",), source="on_methadone", destination="remission")
def methadone_recovery(on_methadone, methadone_stay, methadone_success):
    """People who leave methadone for remission."""
    return on_methadone / methadone_stay * methadone_success


@flow("person/year", dims=("group",), source="on_methadone", destination="low_tolerance")
def methadone_dropout(on_methadone, methadone_stay, methadone_success):
    """People who leave methadone for illicit use, their tolerance lowered."""
    return on_methadone / methadone_stay * (1 - methadone_success)


@flow("person/year", dims=("group",), source="on_buprenorphine", destination="remission")
def buprenorphine_recovery(on_buprenorphine, buprenorphine_stay, buprenorphine_success):
    """People who leave buprenorphine for remission."""
    return on_buprenorphine / buprenorphine_stay * buprenorphine_success


@flow("person/year", dims=("group",), source="on_buprenorphine", destination="low_tolerance")
def buprenorphine_dropout(on_buprenorphine, buprenorphine_stay, buprenorphine_success):
    """People who leave buprenorphine for illicit use, their tolerance lowered."""
    return on_buprenorphine / buprenorphine_stay * (1 - buprenorphine_success)


@flow("person/year", dims=("group",), source="on_methadone", destination="died_of_other_causes")
def other_deaths_methadone(on_methadone, other_mortality):
    """Deaths of other causes on methadone."""
    return on_methadone * other_mortality


@flow("person/year", dims=("group",), source="on_buprenorphine", destination="died_of_other_causes")
def other_deaths_buprenorphine(on_buprenorphine, other_mortality):
    """Deaths of other causes on buprenorphine."""
    return on_buprenorphine * other_mortality


@flow("person/year", dims=("group",), source="low_tolerance", destination="died_of_other_causes")
def other_deaths_low_tolerance(low_tolerance, other_mortality):
    """Deaths of other causes among low-tolerance users."""
    return low_tolerance * other_mortality


@flow("kit/year", source="kit_makers", destination="community_kits")
def kits_distributed(naloxone_kits, us_health_naloxone, programme_staff, funding_elasticity_naloxone):
    """Naloxone kits reaching users: the recorded volume, times the lever relative to today, times programme staff."""
    unit = "kit/(hundred_thousand_person*year)"
    relative = us_health_naloxone / quantity(today("us.health.naloxone"), unit)
    staff = jnp.exp(funding_elasticity_naloxone * safe_log(programme_staff, floor=0.05))
    return naloxone_kits * relative * staff


@flow("kit/year", source="community_kits", destination="kits_gone")
def kits_spent(community_kits, kit_life):
    """Kits used or expired."""
    return community_kits / kit_life


@auxiliary("person")
def methadone_patients(on_methadone):
    """People on methadone, both risk groups."""
    return group.total(on_methadone)


@auxiliary("person")
def buprenorphine_patients(on_buprenorphine):
    """People with illicit use on buprenorphine, both risk groups."""
    return group.total(on_buprenorphine)


@auxiliary("person")
def buprenorphine_patients_all(buprenorphine_patients, illicit_share_of_patients):
    """All people on buprenorphine: those with a prescription disorder are taken to follow those with illicit use."""
    return buprenorphine_patients / illicit_share_of_patients


@auxiliary("person")
def us_on_medication(methadone_patients, buprenorphine_patients_all):
    """People on medication for opioid use disorder."""
    return methadone_patients + buprenorphine_patients_all


@auxiliary("1")
def share_of_seekers_waiting(
    methadone_entries,
    buprenorphine_entries,
    illicit_disorder,
    methadone_seeking,
    buprenorphine_seeking,
    seeking_multiplier,
):
    """Share of those seeking medication who find no place."""
    sought = group.total(illicit_disorder) * (methadone_seeking + buprenorphine_seeking) * seeking_multiplier
    return 1 - (methadone_entries + buprenorphine_entries) / sought
