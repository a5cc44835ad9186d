"""Cartels: who joins, leaves, is arrested or killed, and how leader removals split groups and start wars.

Recruitment mixes contagion (in proportion to members) with re-hiring of losses; which of the two holds decides what
arrests achieve. Removals of leaders add groups and a passing war of succession, of a signed strength.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, stock
from contraflow.engine.operations import limited, quantity, safe_log
from contraflow.system.levers import today

growing_up = boundary("person", ledger="people", doc="Young people who grow up where groups recruit.")
grown_up = boundary("person", ledger="people", doc="Young people who leave the exposed age without joining.")
new_groups = boundary("group", ledger="groups", doc="Where groups come from: splits and entry.")
merged_groups = boundary("group", ledger="groups", doc="Groups that merged or vanished.")
removals_of_leaders = boundary("1", ledger="succession", doc="Leader removals, as the shock they give.")
settled_successions = boundary("1", ledger="succession", doc="Successions that have settled.")

us_requests = boundary("person", ledger="extradition requests", doc="Where requests for extradition come from.")
requests_settled = boundary("person", ledger="extradition requests", doc="Requests granted, refused or withdrawn.")

extradition_queue = stock(
    "person", ledger="extradition requests", initial="extradition_queue_2000", doc="Requests for extradition waiting."
)
young_exposed = stock(
    "person", ledger="people", initial="young_exposed_2000", doc="Young people exposed to recruitment."
)
members = stock("person", ledger="people", initial="members_2000", doc="Active members of organised crime groups.")
jailed_members = stock("person", ledger="people", initial="jailed_members_2000", doc="Members in Mexican prisons.")
in_us_custody = stock("person", ledger="people", initial=0.0, doc="Members extradited or sent to the United States.")
exited_members = stock("person", ledger="people", initial=0.0, doc="Former members who left and live outside.")
killed_members = stock("person", ledger="people", initial=0.0, doc="Members killed since 2000.")
effective_groups = stock(
    "group",
    ledger="groups",
    initial="groups_2000",
    doc="Effective number of groups: one over the sum of squared shares.",
)
succession_shock = stock(
    "1", ledger="succession", initial=0.0, doc="Conflict added by recent leader removals, in logs."
)


@auxiliary("person")
def extradition_queue_2000(extradition_requests_a_year, request_life):
    """Requests waiting in 2000, when few were granted: requests times how long they last."""
    return extradition_requests_a_year * request_life


@auxiliary("person")
def young_exposed_2000(young_exposed_today, mx_population, mx_population_today):
    """Young people exposed in 2000, in proportion to population."""
    return young_exposed_today * mx_population / mx_population_today


@flow("person/year", source="growing_up", destination="young_exposed")
def coming_of_age(young_exposed_today, exposure_years, mx_population, mx_population_today):
    """Young people who come to live where groups recruit."""
    return young_exposed_today / exposure_years * mx_population / mx_population_today


@flow("person/year", source="young_exposed", destination="grown_up")
def outgrowing(young_exposed, exposure_years):
    """Young people who grow out of the age of recruitment."""
    return young_exposed / exposure_years


@auxiliary("person/year")
def member_losses(arrests_of_members, members_killed, desistance, returns_from_prison):
    """Members lost, net of those who come back from prison."""
    return jnp.maximum(arrests_of_members + members_killed + desistance - returns_from_prison, 0.0)


@auxiliary("1")
def pay_effect(retained_revenue_ratio, members, members_2000, pay_response):
    """Recruitment as pay moves: earnings a member against the reference, to a signed power."""
    pay = retained_revenue_ratio * members_2000 / members
    return jnp.exp(pay_response * 5 * jnp.tanh(safe_log(pay, floor=1e-9) / 5))


@auxiliary("1")
def recruitment_prevention_effect(mx_social_recruitment_prevention, recruitment_prevention_response):
    """Recruitment against today's programmes for young people: per doubling of places, signed (trials disagree)."""
    base = quantity(250000.0, "person")
    places = (mx_social_recruitment_prevention + base) / (
        quantity(today("mx.social.recruitment_prevention"), "person") + base
    )
    return jnp.exp(-recruitment_prevention_response * jnp.log(places) / jnp.log(2.0))


@auxiliary("1/year")
def usual_loss_rate(
    arrest_capacity, arrest_half_size, prison_return_share, member_share_of_killings, conflict_killings_reference,
    members_2000, desistance_rate,
):  # fmt: skip
    """Losses a member and year in 2000: arrests net of returns, half of today's effort; killings; those who left."""
    arrests = 0.5 * arrest_capacity / (members_2000 + arrest_half_size) * (1 - prison_return_share)
    return arrests + member_share_of_killings * conflict_killings_reference / members_2000 + desistance_rate


@auxiliary("person/year")
def recruitment_wanted(
    members,
    member_losses,
    replacement,
    membership_growth,
    usual_loss_rate,
    pay_effect,
    recruitment_prevention_effect,
):
    """Recruits sought: what growth takes, and what makes up for losses, seen or usual.

    A share ``replacement`` of losses is re-hired as they occur: 1 is a firm with a payroll target. The rest is
    contagion, in proportion to members at the rate that makes up for the losses of 2000: 0 is the model of the Science
    2023 study, where losses beyond those shrink groups.
    """
    made_up_for = replacement * member_losses + (1 - replacement) * usual_loss_rate * members
    recruits = jnp.maximum(membership_growth * members + made_up_for, 0.0)
    return recruits * pay_effect * recruitment_prevention_effect


@flow("person/year", source="young_exposed", destination="members")
def mx_recruits(recruitment_wanted, young_exposed):
    """People recruited: what groups seek, at most those exposed within a year."""
    return limited(recruitment_wanted, young_exposed / quantity(1.0, "year"))


@flow("person/year", source="members", destination="jailed_members")
def arrests_of_members(arrest_capacity, security_effort, members, arrest_half_size):
    """Members arrested: capacity times effort, with fewer to find where few are left."""
    return arrest_capacity * security_effort * members / (members + arrest_half_size)


@auxiliary("person/year")
def mx_arrests_of_members(arrests_of_members):
    """Members of organised crime groups arrested."""
    return arrests_of_members


@flow("person/year", source="members", destination="killed_members")
def members_killed(conflict_killings, member_share_of_killings, clash_killings, members):
    """Members killed: a share of those killed in conflict, and those killed by state forces in clashes."""
    soonest = quantity(0.25, "year")
    return limited(member_share_of_killings * conflict_killings + clash_killings, members / soonest)


@flow("person/year", source="members", destination="exited_members")
def desistance(members, desistance_rate):
    """Members who leave alive."""
    return members * desistance_rate


@auxiliary("person")
def jailed_members_2000(arrest_capacity, members_2000, arrest_half_size, member_prison_stay):
    """Members in prison in 2000: half of today's arrests, times the stay."""
    return 0.5 * arrest_capacity * members_2000 / (members_2000 + arrest_half_size) * member_prison_stay


@auxiliary("year")
def prison_stay_now(member_prison_stay, mx_justice_integrity, justice_effect):
    """How long arrested members stay in prison: by the share of crimes that are punished, to a signed power."""
    punished = (1 - mx_justice_integrity) / (1 - today("mx.justice.integrity"))
    return member_prison_stay * punished**justice_effect


@flow("person/year", source="jailed_members", destination="members")
def returns_from_prison(jailed_members, prison_stay_now, prison_return_share):
    """Released members who return to a group."""
    return prison_return_share * jailed_members / prison_stay_now


@flow("person/year", source="jailed_members", destination="exited_members")
def releases_for_good(jailed_members, prison_stay_now, prison_return_share):
    """Released members who do not return."""
    return (1 - prison_return_share) * jailed_members / prison_stay_now


@flow("person/year", source="us_requests", destination="extradition_queue")
def extradition_requests(extradition_requests_a_year):
    """Requests for extradition made by the United States."""
    return extradition_requests_a_year + 0.0


@flow("person/year", source="extradition_queue", destination="requests_settled")
def requests_lapsing(extradition_queue, request_life):
    """Requests refused, withdrawn or overtaken by events."""
    return extradition_queue / request_life


@flow("person/year", source="extradition_queue", destination="requests_settled")
def requests_granted(bilateral_extraditions):
    """Requests that end with someone sent."""
    return bilateral_extraditions + 0.0


@flow("person/year", source="jailed_members", destination="in_us_custody")
def bilateral_extraditions(mx_justice_extraditions, trust_extradition_multiplier, jailed_members, extradition_queue):
    """People extradited or sent to the United States: as planned, at most those jailed and those asked for."""
    soonest = quantity(0.5, "year")
    available = limited(jailed_members / soonest, extradition_queue / soonest)
    return limited(mx_justice_extraditions * trust_extradition_multiplier, available)


@auxiliary("person")
def mx_jailed_members(jailed_members):
    """Members of organised crime groups in Mexican prisons."""
    return jailed_members


@auxiliary("person")
def mx_cartel_members(members):
    """Active members of organised crime groups."""
    return members


@auxiliary("event/year")
def leader_removals(mx_security_leader_removals, removal_pressure, us_force_ground_raids, raid_removal_yield):
    """Leaders arrested or killed a year: by Mexican operations, as violence presses for them, and by US raids."""
    return mx_security_leader_removals * removal_pressure + us_force_ground_raids * raid_removal_yield


@flow("group/year", source="new_groups", destination="effective_groups")
def splits(leader_removals, groups_per_removal, effective_groups, groups_2000):
    """Groups added by removals of leaders, or (the strength is signed) taken away, in proportion to those there are."""
    zero = quantity(0.0, "group/event")
    added = jnp.maximum(groups_per_removal, zero)
    taken = jnp.minimum(groups_per_removal, zero) * effective_groups / groups_2000
    return leader_removals * (added + taken)


@flow("group/year", source="new_groups", destination="effective_groups")
def entry_of_groups(groups_2000, group_merging_time, retained_revenue_ratio, effective_groups, entry_response):
    """New groups drawn by what there is to earn a group; without it, as many as merge at the level of 2000."""
    earnings = safe_log(retained_revenue_ratio * groups_2000 / effective_groups, floor=1e-9)
    return groups_2000 / group_merging_time * jnp.exp(entry_response * 5 * jnp.tanh(earnings / 5))


@flow("group/year", source="effective_groups", destination="merged_groups")
def mergers(effective_groups, group_merging_time):
    """Groups that merge or vanish."""
    return effective_groups / group_merging_time


@auxiliary("1")
def shock_per_removal(kingpin, betrayal, betrayal_share, network_dismantling, mx_security_intelligence, removal_weight):
    """Conflict added by one removal, in logs, in the country as a whole; it may be negative.

    ``kingpin`` is the effect where it happens, ``removal_weight`` the share of the country's conflict that one place
    has. More where the leader was betrayed, less where case work takes the network along (both signed).
    """
    case_work = mx_security_intelligence - today("mx.security.intelligence")
    local = (kingpin + betrayal * betrayal_share) * (1 - network_dismantling * case_work)
    return local * removal_weight


@flow("1/year", source="removals_of_leaders", destination="succession_shock")
def succession_wars(leader_removals, shock_per_removal):
    """Conflict that removals add."""
    return leader_removals * shock_per_removal / quantity(1.0, "event")


@flow("1/year", source="succession_shock", destination="settled_successions")
def settling(succession_shock, succession_time):
    """Wars of succession that settle."""
    return succession_shock / succession_time
