"""Border: what crosses, what is seized by channel, and how traffic moves away from where seizures rise."""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth
from contraflow.engine.operations import logistic, quantity, share
from contraflow.system.axes import channel, drug
from contraflow.system.levers import today

seized_at_border = boundary("kg pure", ledger="drugs", doc="Drugs seized at the Southwest border.")


@auxiliary("1", dims=("drug",))
def seizure_share_reference(
    seizure_share_2019, heroin_seizure_share, methamphetamine_seizure_share, cocaine_seizure_share
):
    """Share seized to which reference prices belong."""
    return drug.stack(
        fentanyl=seizure_share_2019,
        heroin=heroin_seizure_share,
        methamphetamine=methamphetamine_seizure_share,
        cocaine=cocaine_seizure_share,
    )


@auxiliary("1", dims=("drug",))
def seizure_share_without_scanning(seizure_share_reference, seizure_growth, border_effort_years):
    """Share seized at ports at today's scanning: for fentanyl logistic in effort, for other drugs constant."""
    effort = drug.stack(fentanyl=seizure_growth * border_effort_years, heroin=0.0, methamphetamine=0.0, cocaine=0.0)
    return logistic(jnp.log(seizure_share_reference / (1 - seizure_share_reference)) + effort)


@auxiliary("1", dims=("channel", "drug"))
def channel_seizure_share(
    seizure_share_without_scanning,
    scanning_effect,
    border_northbound_scanning,
    interdiction_response,
    between_ports_yield,
    targeting_response,
    case_work,
):
    """Share seized by channel: scanning and shared data act at ports only, and their strengths are signed."""
    base = seizure_share_without_scanning
    scanned = border_northbound_scanning * interdiction_response / today("border.northbound_scanning")
    doublings = jnp.log(scanned) / jnp.log(2.0)
    at_ports = logistic(jnp.log(base / (1 - base)) + scanning_effect * doublings + targeting_response * case_work)
    between = 1 - (1 - base) ** between_ports_yield
    return channel.stack(ports=at_ports, between_ports=between)


@auxiliary("1")
def scanning_gap(channel_seizure_share, seizure_share_without_scanning):
    """How much riskier scanning has made the ports, in logs: what traffic learns to avoid."""
    ports = drug.pick(channel.pick(channel_seizure_share, "ports"), "fentanyl")
    return jnp.log(ports / drug.pick(seizure_share_without_scanning, "fentanyl"))


learned_gap = smooth(
    "1", of="scanning_gap", time="displacement_time", initial=0.0,
    doc="Riskier ports as traffickers have learned them.",
)  # fmt: skip


@auxiliary("1", dims=("channel",))
def traffic_share(ports_traffic_share, displacement, learned_gap):
    """Share of traffic by channel: it moves away from ports as they get riskier (a signed hypothesis)."""
    odds = jnp.log(ports_traffic_share / (1 - ports_traffic_share))
    ports = logistic(odds - displacement * learned_gap)
    return channel.stack(ports=ports, between_ports=1 - ports)


@auxiliary("1", dims=("drug",))
def total_seizure_share(channel_seizure_share, traffic_share):
    """Share of exports seized, both channels."""
    return channel.total(channel_seizure_share * traffic_share)


@auxiliary("1", dims=("drug",))
def seizure_share(total_seizure_share):
    """Share of exports seized, as the wholesale price sees it."""
    return total_seizure_share


@flow("kg pure/year", dims=("channel", "drug"), source="mexico_inventory", destination="seized_at_border")
def seizures_by_channel(exports, channel_seizure_share, traffic_share):
    """Drugs seized at the border, pure, by channel."""
    return exports * channel_seizure_share * traffic_share


@flow("kg pure/year", dims=("drug",), source="mexico_inventory", destination="us_inventory")
def crossings(exports, total_seizure_share):
    """Drugs that get across."""
    return exports * (1 - total_seizure_share)


def per_gross(purity):
    """A purity as kilograms pure per kilogram weighed."""
    return purity * quantity(1.0, "kg pure/kg")


@auxiliary("kg pure/kg")
def fentanyl_border_purity(pill_share_border, pill_purity, us_fentanyl_purity):
    """Purity of what is seized at the border: pills weighed whole, and powder as pure as on the street."""
    return per_gross(pill_share_border * pill_purity + (1 - pill_share_border) * us_fentanyl_purity)


@auxiliary("kg/year")
def border_fentanyl_seized(seizures_by_channel, fentanyl_border_purity):
    """Fentanyl seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(seizures_by_channel, "fentanyl")) / fentanyl_border_purity


@auxiliary("kg/year")
def border_heroin_seized(seizures_by_channel, heroin_border_purity):
    """Heroin seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(seizures_by_channel, "heroin")) / per_gross(heroin_border_purity)


@auxiliary("kg/year")
def border_methamphetamine_seized(seizures_by_channel, methamphetamine_border_purity):
    """Methamphetamine seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(seizures_by_channel, "methamphetamine")) / per_gross(methamphetamine_border_purity)


@auxiliary("kg/year")
def border_cocaine_seized(seizures_by_channel, cocaine_border_purity):
    """Cocaine seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(seizures_by_channel, "cocaine")) / per_gross(cocaine_border_purity)


@auxiliary("kg/year")
def border_seizures(border_fentanyl_seized, border_heroin_seized, border_methamphetamine_seized, border_cocaine_seized):
    """The four drugs seized at the Southwest border, as weighed: mostly methamphetamine, so no measure of harm."""
    return border_fentanyl_seized + border_heroin_seized + border_methamphetamine_seized + border_cocaine_seized


@auxiliary("1")
def ports_share_of_seizures(seizures_by_channel):
    """Share of seized fentanyl that is seized at ports."""
    fentanyl = drug.pick(seizures_by_channel, "fentanyl")
    return share(channel.pick(fentanyl, "ports"), channel.total(fentanyl))
