"""Border: what crosses, what is seized by channel, and how traffic moves away from where seizures rise."""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth
from contraflow.engine.operations import logistic, quantity, share
from contraflow.system.axes import channel, drug
from contraflow.system.levers import today

seized_at_border = boundary("kg pure", ledger="drugs", doc="Drugs seized at the Southwest border.")


@auxiliary("1", dims=("drug",))
def seizure_share_reference(seizure_share_2019, heroin_seizure_share):
    """Share seized to which reference prices belong."""
    return drug.stack(fentanyl=seizure_share_2019, heroin=heroin_seizure_share)


@auxiliary("1", dims=("drug",))
def seizure_share_without_scanning(seizure_share_2019, seizure_growth, border_effort_years, heroin_seizure_share):
    """Share seized at ports at today's scanning: for fentanyl logistic in effort, for heroin constant."""
    odds = jnp.log(seizure_share_2019 / (1 - seizure_share_2019))
    fentanyl = logistic(odds + seizure_growth * border_effort_years)
    return drug.stack(fentanyl=fentanyl, heroin=heroin_seizure_share + 0.0 * fentanyl)


@auxiliary("1", dims=("channel", "drug"))
def channel_seizure_share(
    seizure_share_without_scanning, scanning_effect, border_northbound_scanning, between_ports_yield
):
    """Share seized by channel: scanning acts at ports only, and its strength is signed."""
    base = seizure_share_without_scanning
    doublings = jnp.log(border_northbound_scanning / today("border.northbound_scanning")) / jnp.log(2.0)
    at_ports = logistic(jnp.log(base / (1 - base)) + scanning_effect * doublings)
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
def border_seizures(exports, channel_seizure_share, traffic_share):
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
def border_fentanyl_seized(border_seizures, fentanyl_border_purity):
    """Fentanyl seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(border_seizures, "fentanyl")) / fentanyl_border_purity


@auxiliary("kg/year")
def border_heroin_seized(border_seizures, heroin_border_purity):
    """Heroin seized at the Southwest border as weighed, not pure."""
    return channel.total(drug.pick(border_seizures, "heroin")) / per_gross(heroin_border_purity)


@auxiliary("1")
def ports_share_of_seizures(border_seizures):
    """Share of seized fentanyl that is seized at ports."""
    fentanyl = drug.pick(border_seizures, "fentanyl")
    return share(channel.pick(fentanyl, "ports"), channel.total(fentanyl))
