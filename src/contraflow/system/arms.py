"""Arms: firearms bought in the United States that reach organised crime in Mexico, how long they last, and rounds.

Channels of supply substitute for one another; stocks turn over slowly, so what changes the inflow acts over years.
Rounds (an extension) turn over in months, but nothing measured informs them.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth, stock
from contraflow.engine.operations import logistic, quantity, safe_log
from contraflow.system.axes import gun_channel
from contraflow.system.levers import today

us_rifle_market = boundary("firearm", ledger="rifles", doc="Rifles on the civilian market of the United States.")
rifles_lost = boundary("firearm", ledger="rifles", doc="Rifles worn out, lost or discarded.")
rifles_seized = boundary("firearm", ledger="rifles", doc="Rifles seized in Mexico.")
us_other_firearm_market = boundary(
    "firearm", ledger="other firearms", doc="Other firearms on the civilian market of the United States."
)
other_firearms_lost = boundary("firearm", ledger="other firearms", doc="Other firearms worn out, lost or discarded.")
other_firearms_seized = boundary("firearm", ledger="other firearms", doc="Other firearms seized in Mexico.")
round_sellers = boundary("round", ledger="rounds", doc="Where rounds come from.")
rounds_fired = boundary("round", ledger="rounds", doc="Rounds fired, lost or seized.")

rifles = stock("firearm", ledger="rifles", initial="rifles_2000", doc="Rifles in the hands of organised crime.")
other_firearms = stock(
    "firearm", ledger="other firearms", initial="other_firearms_2000",
    doc="Handguns and shotguns in the hands of organised crime.",
)  # fmt: skip
rounds = stock("round", ledger="rounds", initial="rounds_2000", doc="Rounds in the hands of organised crime.")


@auxiliary("1", dims=("gun_channel",))
def channel_share(dealer_share, private_sale_share, parts_share):
    """Share of southbound firearms by channel before any rule changes: the rest are stolen."""
    stolen = 1 - dealer_share - private_sale_share - parts_share
    return gun_channel.stack(dealers=dealer_share, private_sales=private_sale_share, thefts=stolen, parts=parts_share)


@auxiliary("1")
def trace_pressure(us_arms_seizures_traced, traces_reference):
    """Traces of recovered firearms against today, in logs: what oversight can be aimed with."""
    return safe_log(us_arms_seizures_traced / traces_reference, floor=0.01)


@auxiliary("firearm/year")
def us_arms_seizures_traced(mx_firearms_seized, bilateral_data_sharing):
    """Firearms recovered in Mexico that are traced: those seized, by how much is shared."""
    return mx_firearms_seized * bilateral_data_sharing


@auxiliary("1", dims=("gun_channel",))
def channel_opening(
    us_guns_dealer_inspection,
    us_guns_manufacturer_liability,
    us_guns_untraceable_parts_rule,
    inspection_effect,
    liability_effect,
    parts_rule_effect,
    trace_effect,
    trace_pressure,
    reciprocal_gun_action,
):
    """How open each channel is against today: oversight and liability act on dealers, the parts rule on parts.

    All strengths are signed, in logs: per doubling of inspections, for full liability, for the whole rule, and per
    unit of log traces.
    """
    oversight = us_guns_dealer_inspection * reciprocal_gun_action / today("us.guns.dealer_inspection")
    doublings = safe_log(oversight, floor=0.01) / jnp.log(2.0)
    dealers = jnp.exp(
        -inspection_effect * doublings
        - liability_effect * us_guns_manufacturer_liability
        - trace_effect * trace_pressure
    )
    rule = us_guns_untraceable_parts_rule - today("us.guns.untraceable_parts_rule")
    parts = jnp.exp(-parts_rule_effect * rule)
    return gun_channel.stack(dealers=dealers, private_sales=1.0, thefts=1.0, parts=parts)


@auxiliary("1")
def supply_opening(channel_share, channel_opening):
    """How open supply is over all channels against today, before buyers turn to others."""
    return gun_channel.total(channel_share * channel_opening)


learned_opening = smooth(
    "1", of="supply_opening", time="channel_substitution_time", initial=1.0,
    doc="Openness of supply that buyers have adapted to.",
)  # fmt: skip


@auxiliary("1")
def supply_after_substitution(supply_opening, learned_opening, channel_substitution):
    """Openness of supply once a share of what a channel loses has moved to other channels."""
    return supply_opening + channel_substitution * (1 - learned_opening)


@auxiliary("1")
def gun_demand(retained_revenue_ratio, gun_revenue_response, effective_deployment, gun_force_response):
    """Demand for firearms against the reference: by what drugs earn and by the force that groups face (both signed)."""
    force = effective_deployment / quantity(today("mx.security.deployment"), "person")
    return retained_revenue_ratio**gun_revenue_response * force**gun_force_response


@auxiliary("firearm/year")
def southbound_purchases(
    southbound_flow_2011, us_gun_sales, gun_supply_response, gun_demand, supply_after_substitution
):
    """Firearms bought in the United States for Mexico, a year."""
    supplied = us_gun_sales**gun_supply_response * jnp.maximum(supply_after_substitution, 0.0)
    return southbound_flow_2011 * supplied * gun_demand


@auxiliary("year")
def rifle_limit_time(us_guns_military_style_limits, rifle_limits_in_force, old_stock_time):
    """How fast limits on military-style rifles show: over years as old stock sells out, within months once lifted."""
    tightening = logistic((us_guns_military_style_limits - rifle_limits_in_force) / 0.02)
    return quantity(0.3, "year") + tightening * old_stock_time


rifle_limits_in_force = smooth(
    "1", of="us_guns_military_style_limits", time="rifle_limit_time", initial="us_guns_military_style_limits",
    doc="Limits on military-style rifles as buyers feel them.",
)  # fmt: skip


@auxiliary("1")
def rifle_availability(rifle_limits_in_force, rifle_limit_effect):
    """Rifles bought against what would be bought without limits; the strength is signed."""
    return jnp.exp(-rifle_limit_effect * rifle_limits_in_force)


@auxiliary("1")
def southbound_seizure_share(us_guns_southbound_inspection, southbound_yield):
    """Share of southbound firearms stopped: the share of vehicles inspected times what an inspection finds."""
    return us_guns_southbound_inspection * southbound_yield


@auxiliary("firearm/year")
def rifles_crossing(southbound_purchases, rifle_share_of_purchases, rifle_availability, southbound_seizure_share):
    """Rifles that enter Mexico."""
    return southbound_purchases * rifle_share_of_purchases * rifle_availability * (1 - southbound_seizure_share)


@auxiliary("firearm/year")
def other_firearms_crossing(southbound_purchases, rifle_share_of_purchases, southbound_seizure_share):
    """Other firearms that enter Mexico."""
    return southbound_purchases * (1 - rifle_share_of_purchases) * (1 - southbound_seizure_share)


@auxiliary("firearm/year")
def mx_firearms_inflow(rifles_crossing, other_firearms_crossing):
    """Firearms from the United States that enter Mexico, whoever ends up with them."""
    return rifles_crossing + other_firearms_crossing


@flow("firearm/year", source="us_rifle_market", destination="rifles")
def rifle_inflow(rifles_crossing, organised_crime_share):
    """Rifles from the United States that reach organised crime."""
    return rifles_crossing * organised_crime_share


@flow("firearm/year", source="us_other_firearm_market", destination="other_firearms")
def other_firearm_inflow(other_firearms_crossing, organised_crime_share):
    """Other firearms from the United States that reach organised crime."""
    return other_firearms_crossing * organised_crime_share


@auxiliary("1/year")
def gun_seizure_rate(gun_seizure_rate_today, security_effort):
    """Share of these firearms seized a year, in proportion to security effort."""
    return gun_seizure_rate_today * security_effort


@flow("firearm/year", source="rifles", destination="rifles_lost")
def rifle_attrition(rifles, rifle_attrition_rate):
    """Rifles worn out or lost."""
    return rifles * rifle_attrition_rate


@flow("firearm/year", source="rifles", destination="rifles_seized")
def rifle_seizures(rifles, gun_seizure_rate):
    """Rifles seized in Mexico."""
    return rifles * gun_seizure_rate


@flow("firearm/year", source="other_firearms", destination="other_firearms_lost")
def other_firearm_attrition(other_firearms, other_firearm_attrition_rate):
    """Other firearms worn out or lost."""
    return other_firearms * other_firearm_attrition_rate


@flow("firearm/year", source="other_firearms", destination="other_firearms_seized")
def other_firearm_seizures(other_firearms, gun_seizure_rate):
    """Other firearms seized in Mexico."""
    return other_firearms * gun_seizure_rate


@auxiliary("firearm/year")
def mx_firearms_seized(rifle_seizures, other_firearm_seizures):
    """Firearms seized from organised crime in Mexico."""
    return rifle_seizures + other_firearm_seizures


@auxiliary("firearm")
def mx_firearms_stock(rifles, other_firearms):
    """Firearms in the hands of organised crime."""
    return rifles + other_firearms


@auxiliary("firearm")
def rifles_2000(southbound_flow_2011, rifle_share_of_purchases, rifle_limit_effect, organised_crime_share,
                rifle_attrition_rate, gun_seizure_rate_today, gun_flow_2000):  # fmt: skip
    """Rifles in 2000: the stock that the inflow of those years, under the limits of 1994, sustains."""
    inflow = southbound_flow_2011 * gun_flow_2000 * rifle_share_of_purchases * jnp.exp(-rifle_limit_effect)
    return inflow * organised_crime_share / (rifle_attrition_rate + gun_seizure_rate_today)


@auxiliary("firearm")
def other_firearms_2000(southbound_flow_2011, rifle_share_of_purchases, organised_crime_share,
                        other_firearm_attrition_rate, gun_seizure_rate_today, gun_flow_2000):  # fmt: skip
    """Other firearms in 2000: the stock that the inflow of those years sustains."""
    inflow = southbound_flow_2011 * gun_flow_2000 * (1 - rifle_share_of_purchases)
    return inflow * organised_crime_share / (other_firearm_attrition_rate + gun_seizure_rate_today)


@auxiliary("round")
def rounds_2000(rifles_2000, other_firearms_2000, rounds_per_firearm, round_life):
    """Rounds in 2000: what is bought a year, times how long it lasts."""
    return (rifles_2000 + other_firearms_2000) * rounds_per_firearm * round_life


@flow("round/year", source="round_sellers", destination="rounds")
def round_inflow(mx_firearms_stock, rounds_per_firearm, us_guns_ammunition_controls):
    """Rounds bought a year: so many a firearm, less the share of supply that controls cut."""
    return mx_firearms_stock * rounds_per_firearm * (1 - us_guns_ammunition_controls)


@flow("round/year", source="rounds", destination="rounds_fired")
def round_use(rounds, round_life):
    """Rounds fired, lost or seized."""
    return rounds / round_life


@auxiliary("1", extension="ammunition", off=1.0)
def ammunition_multiplier(rounds, mx_firearms_stock, rounds_per_firearm, round_life, ammunition_response):
    """Killing against a full supply of rounds: rounds a firearm against usual, to a signed power."""
    per_firearm = rounds / (mx_firearms_stock * rounds_per_firearm * round_life)
    return jnp.exp(ammunition_response * safe_log(per_firearm, floor=1e-6))
