"""Supply: precursors, laboratories with slack that are rebuilt, inventories in Mexico, and the adoption of fentanyl.

Orders look ahead and stop in a glut; control of precursors is evaded with a delay; destroyed laboratories return.
What orders do beyond need is a latent driver by half-years.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, smooth, stock
from contraflow.engine.operations import limited, logistic, quantity
from contraflow.system.axes import drug, wave

chemical_suppliers = boundary("kg pure", ledger="drugs", doc="Where precursors come from, as the product they make.")
mail_suppliers = boundary("kg pure", ledger="drugs", doc="Overseas sellers of fentanyl by mail.")
other_producers = boundary(
    "kg pure",
    ledger="drugs",
    doc="Where heroin, methamphetamine and cocaine come from: fields, other inputs, the south.",
)
seized_inland = boundary("kg pure", ledger="drugs", doc="Drugs seized inside Mexico.")
builders = boundary("kg pure/year", ledger="laboratories", doc="Where laboratory capacity comes from.")
destroyed = boundary("kg pure/year", ledger="laboratories", doc="Laboratory capacity destroyed.")
habits = boundary("1", ledger="adoption", doc="Where the adoption of fentanyl starts from.")

precursors = stock(
    "kg pure", dims=("drug",), ledger="drugs", initial="precursors_2000",
    doc="Precursors in Mexico, as the drug they make; only those of fentanyl are followed.",
)  # fmt: skip
lab_capacity = stock(
    "kg pure/year",
    ledger="laboratories",
    initial="lab_capacity_2000",
    doc="Fentanyl that laboratories can make a year.",
)
mexico_inventory = stock(
    "kg pure", dims=("drug",), ledger="drugs", initial="mexico_inventory_2000", doc="Finished drugs in Mexico."
)
adoption = stock(
    "1", dims=("wave",), ledger="adoption", initial="adoption_2000",
    doc="Log odds that a market has turned from heroin to fentanyl, in early and late regions.",
)  # fmt: skip


@auxiliary("1", dims=("wave",))
def adoption_2000(adoption_early_2013, adoption_late_2013, adoption_early_rate, adoption_late_rate):
    """Adoption in 2000, back from its place in 2013 at the reference rates."""
    years = quantity(13.0, "year")
    return wave.stack(
        early=adoption_early_2013 - years * adoption_early_rate, late=adoption_late_2013 - years * adoption_late_rate
    )


@auxiliary("1/year", dims=("wave",))
def adoption_rate(adoption_early_rate, adoption_late_rate):
    """Rate at which each region's log odds of fentanyl rise when nothing else changes."""
    return wave.stack(early=adoption_early_rate, late=adoption_late_rate)


@flow("1/year", dims=("wave",), source="habits", destination="adoption")
def adoption_pressure(
    adoption_rate, wholesale_price_ratio, adoption_cost_response, total_seizure_share, seizure_share_2019, iron_law
):
    """Adoption of fentanyl: its own spread, faster where it gets relatively cheaper or control gets tighter.

    The strength of the last link, that control favours the more potent drug, is signed.
    """
    advantage = jnp.log(drug.pick(wholesale_price_ratio, "heroin") / drug.pick(wholesale_price_ratio, "fentanyl"))
    control = jnp.log(drug.pick(total_seizure_share, "fentanyl") / seizure_share_2019)
    return adoption_rate + adoption_cost_response * advantage + iron_law * jnp.maximum(control, 0.0)


@auxiliary("1", dims=("wave",))
def regional_fentanyl_share(adoption):
    """Share of illicit opioid use that is fentanyl, by region; some heroin always stays."""
    return logistic(jnp.minimum(adoption, 25.0))


@auxiliary("1", dims=("wave",))
def region_weight(early_region_share):
    """Share of illicit opioid use in the early and late regions."""
    return wave.stack(early=early_region_share, late=1 - early_region_share)


@auxiliary("1")
def fentanyl_share(regional_fentanyl_share, region_weight):
    """Share of illicit opioid use that is fentanyl, in the country."""
    return wave.total(region_weight * regional_fentanyl_share)


@auxiliary("1")
def heroin_share(adoption, region_weight):
    """Share of illicit opioid use that is not fentanyl: kept beside its complement, which loses the last of it."""
    return wave.total(region_weight * logistic(-jnp.minimum(adoption, 25.0)))


@auxiliary("1/year")
def fentanyl_growth(regional_fentanyl_share, region_weight, adoption_pressure, fentanyl_share):
    """Relative growth of fentanyl's share, which orders look ahead to."""
    change = region_weight * regional_fentanyl_share * (1 - regional_fentanyl_share) * adoption_pressure
    return wave.total(change) / fentanyl_share


@auxiliary("kg pure/year", dims=("drug",))
def need(
    wanted_at_reference,
    total_seizure_share,
    fentanyl_growth,
    turnover_reference,
    inland_seizure_rate,
    mexico_stock_time,
):
    """What must be made to serve wanted use, after seizures inland and at the border, looking ahead by the pipeline."""
    ahead = fentanyl_growth * (turnover_reference + quantity(0.25, "year"))
    growth = drug.stack(fentanyl=ahead, heroin=0.0, methamphetamine=0.0, cocaine=0.0)
    inland = 1 + inland_seizure_rate * mexico_stock_time
    return wanted_at_reference * inland / (1 - total_seizure_share) * jnp.exp(growth)


@auxiliary("kg pure/year", dims=("drug",))
def orders(need, supply_surge, mail_share, turnover, turnover_reference, wholesale_price_ratio, investment_response):
    """What producers set out to make: need, the supply surge, entry of new suppliers at high prices, none in a glut."""
    domestic = drug.stack(
        fentanyl=(1 - mail_share) * jnp.exp(supply_surge), heroin=1.0, methamphetamine=1.0, cocaine=1.0
    )
    glut = 1 / (1 + (turnover / (4 * turnover_reference)) ** 4)
    return need * domestic * glut * wholesale_price_ratio**investment_response


@auxiliary("1")
def precursor_control(precursors_source_control, precursors_mexico_ports, trust_precursor_multiplier):
    """Share of needed precursors stopped at the source or at Mexican ports before anyone adapts."""
    slipping = (1 - precursors_mexico_ports) * trust_precursor_multiplier
    at_ports = slipping / (slipping + precursors_mexico_ports)
    return 1 - (1 - precursors_source_control) * at_ports


@auxiliary("1")
def blocked_precursors(precursor_control, control_evasion, evasion):
    """Share of needed precursors that control still stops once evasion (other inputs, ports, orders) has adapted."""
    return jnp.maximum(precursor_control - control_evasion * evasion, 0.0)


evasion = smooth(
    "1", of="precursor_control", time="evasion_time", initial="precursor_control",
    doc="Control to which evasion has adapted.",
)  # fmt: skip


def fentanyl_only(amount):
    """An amount of fentanyl on the axis of drugs, none of the others."""
    return drug.stack(fentanyl=amount, heroin=0.0, methamphetamine=0.0, cocaine=0.0)


@flow("kg pure/year", dims=("drug",), source="chemical_suppliers", destination="precursors")
def precursor_imports(orders, blocked_precursors):
    """Precursors that arrive: orders less what control still stops."""
    return fentanyl_only(drug.pick(orders, "fentanyl") * (1 - blocked_precursors))


@auxiliary("kg pure", dims=("drug",))
def precursors_2000(need, mail_share, precursor_stock_time):
    """Precursors held in 2000: need times the usual stock."""
    return fentanyl_only(drug.pick(need, "fentanyl") * (1 - mail_share) * precursor_stock_time)


@auxiliary("kg pure/year")
def lab_capacity_2000(need, mail_share, lab_slack):
    """Laboratory capacity in 2000: need times slack."""
    return drug.pick(need, "fentanyl") * (1 - mail_share) * lab_slack


@auxiliary("1/year")
def lab_loss_rate(
    mx_security_lab_raids,
    reciprocal_lab_action,
    raid_yield,
    case_work,
    lab_finding_response,
    us_force_strikes,
    strike_yield,
    lab_count,
):
    """Share of capacity destroyed a year, by raids and strikes that hit an active site; case work may find more."""
    raids = mx_security_lab_raids * reciprocal_lab_action * raid_yield * jnp.exp(lab_finding_response * case_work)
    return (raids + us_force_strikes * strike_yield) / lab_count


@flow("kg pure/year^2", source="builders", destination="lab_capacity")
def lab_building(orders, lab_slack, lab_capacity, lab_rebuild_time):
    """Capacity built (or let go) towards orders times slack."""
    return (lab_slack * drug.pick(orders, "fentanyl") - lab_capacity) / lab_rebuild_time


@flow("kg pure/year^2", source="lab_capacity", destination="destroyed")
def lab_destruction(lab_capacity, lab_loss_rate):
    """Capacity destroyed by raids and strikes."""
    return lab_capacity * lab_loss_rate


@flow("kg pure/year", dims=("drug",), source="precursors", destination="mexico_inventory")
def synthesis(precursors, precursor_stock_time, lab_capacity):
    """Fentanyl made: the smaller of what precursors and what laboratories allow."""
    return fentanyl_only(limited(drug.pick(precursors, "fentanyl") / precursor_stock_time, lab_capacity))


@flow("kg pure/year", dims=("drug",), source="other_producers", destination="mexico_inventory")
def other_production(orders):
    """Heroin, methamphetamine and cocaine made or brought in, to order: nothing here binds them."""
    return orders * drug.stack(fentanyl=0.0, heroin=1.0, methamphetamine=1.0, cocaine=1.0)


@auxiliary("kg pure", dims=("drug",))
def mexico_inventory_2000(need, mail_share, mexico_stock_time):
    """Inventory in Mexico in 2000: what is sent, times the usual stock."""
    made = drug.stack(fentanyl=1 - mail_share, heroin=1.0, methamphetamine=1.0, cocaine=1.0)
    return need * made * mexico_stock_time


@auxiliary("kg pure/year", dims=("drug",))
def exports(mexico_inventory, mexico_stock_time):
    """Drugs sent north."""
    return mexico_inventory / mexico_stock_time


@auxiliary("1/year")
def inland_seizure_rate(inland_seizure_rate_today, security_effort):
    """Share of the inventory in Mexico seized a year, in proportion to security effort."""
    return inland_seizure_rate_today * security_effort


@flow("kg pure/year", dims=("drug",), source="mexico_inventory", destination="seized_inland")
def inland_seizures(mexico_inventory, inland_seizure_rate):
    """Drugs seized inside Mexico, pure."""
    return mexico_inventory * inland_seizure_rate


@flow("kg pure/year", dims=("drug",), source="mail_suppliers", destination="us_inventory")
def mail_arrivals(need, mail_share):
    """Fentanyl arriving by mail, which pays no cartel."""
    return fentanyl_only(drug.pick(need, "fentanyl") * mail_share)
