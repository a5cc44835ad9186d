"""The equations of the 150-group recruitment model of Science 381:1312-1316 (2023), in the engine's language.

Groups recruit in proportion to their size, lose members to arrests, to each other and to their own saturation.
Nobody returns. The levers multiply one rate each.
"""

from contraflow.engine import Axis, auxiliary, boundary, flow, series, stock
from contraflow.engine.operations import quantity
from contraflow.validation.recruitment_groups import contact_weights, labels, ranks

WEEKS = 52.0  # in a year of the study: its ten years are 520 weeks
CONTACT = contact_weights()
RANKS = tuple(ranks().items())

group = Axis("group", labels(), place=-2)

outside = boundary("person", ledger="people", doc="People who have not been members.")
members = stock("person", dims=("group",), ledger="people", initial="initial_members", doc="Members of each group.")
killed = stock("person", ledger="people", initial=0.0, doc="Members killed by other groups.")
jailed = stock("person", ledger="people", initial=0.0, doc="Members arrested.")
left = stock("person", ledger="people", initial=0.0, doc="Members who left.")

recruitment_policy = series("1", role="lever", doc="Recruitment as a multiple of the fitted rate.")
incapacitation_policy = series("1", role="lever", doc="Arrests as a multiple of the fitted number.")
lethality_policy = series("1", role="lever", doc="Killings for the same contact as a multiple of the fitted rate.")


def yearly(weekly):
    """A weekly rate as a yearly one."""
    return weekly * quantity(WEEKS, "week/year")


@auxiliary("person", dims=("group",))
def initial_members(members_2012):
    """Members of each group in 2012: Zipf's law, one over the rank by rivalry and alliance (expected values)."""
    zipf = group.stack(**{name: 1 / rank for name, rank in RANKS})
    return members_2012 * zipf / group.total(zipf)


@auxiliary("person")
def all_members(members):
    """Members of all groups."""
    return group.total(members)


@auxiliary("person", dims=("group",))
def adversaries(members):
    """Members of other groups, each weighted by the contact that is deadly to one's own group."""
    return group.couple(CONTACT, members)


@flow("person/year", dims=("group",), source="outside", destination="members")
def recruits(members, recruitment_rate, recruitment_policy):
    """Recruits: proportional to members."""
    return yearly(recruitment_rate * recruitment_policy) * members


@flow("person/year", dims=("group",), source="members", destination="killed")
def killings(members, adversaries, lethality, lethality_policy):
    """Members killed: by contact with the members of other groups."""
    return yearly(lethality * lethality_policy) * members * adversaries


@flow("person/year", dims=("group",), source="members", destination="jailed")
def arrests(members, all_members, incapacitation, incapacitation_policy):
    """Members arrested: a number that does not depend on size, spread over groups in proportion to members."""
    return yearly(incapacitation * incapacitation_policy) * members / all_members


@flow("person/year", dims=("group",), source="members", destination="left")
def dropouts(members, saturation):
    """Members who leave: with the square of their group's size."""
    return yearly(saturation) * members**2
