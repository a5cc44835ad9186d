"""Market: what users want, what there is, two prices, and purity, by drug.

Turnover is measured on wanted use, so that price needs no iteration. The dose price is sticky: scarcity shows as
lower purity. Interdiction is a tax on the wholesale price, and the pass-through to retail is a hypothesis.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, stock
from contraflow.engine.operations import quantity
from contraflow.system.axes import drug
from contraflow.system.levers import today

consumed = boundary("kg pure", ledger="drugs", doc="Drugs consumed in the United States.")

us_inventory = stock(
    "kg pure",
    dims=("drug",),
    ledger="drugs",
    initial="us_inventory_2000",
    doc="Drugs held for sale in the United States.",
)


@auxiliary("1")
def safe_supply_replacement(safe_supply_share, safe_supply_substitution):
    """Share of illicit use that prescribed supply replaces: clients replace a part of theirs."""
    return safe_supply_share * safe_supply_substitution


@auxiliary("kg pure/year", dims=("drug",))
def wanted_at_reference(
    illicit_users,
    fentanyl_share,
    heroin_share,
    fentanyl_per_user,
    heroin_per_user,
    heroin_grams_per_user,
    safe_supply_replacement,
    methamphetamine_demand,
    cocaine_demand,
    legal_replacement,
):
    """Use wanted at the reference price and purity, less what prescribed or legal supply replaces.

    Opioids follow the people who use them; what is wanted of the two stimulants is given from outside.
    """
    opioid_users = illicit_users * (1 - safe_supply_replacement)
    wanted = drug.stack(
        fentanyl=opioid_users * fentanyl_share * fentanyl_per_user,
        heroin=opioid_users * heroin_share * heroin_per_user * heroin_grams_per_user,
        methamphetamine=methamphetamine_demand,
        cocaine=cocaine_demand,
    )
    return wanted * (1 - legal_replacement)


@auxiliary("1")
def legal_replacement(market_legal_regulation, legal_substitution):
    """Share of illicit use that regulated legal sale replaces: legal use need not be use that was illicit before."""
    return market_legal_regulation * legal_substitution


@auxiliary("kg pure", dims=("drug",))
def us_inventory_2000(wanted_at_reference, turnover_reference):
    """Inventory in 2000: the reference turnover."""
    return wanted_at_reference * turnover_reference


@auxiliary("year", dims=("drug",))
def turnover(us_inventory, wanted_at_reference):
    """How long the inventory would last at wanted use."""
    return us_inventory / wanted_at_reference


@auxiliary("1")
def risk_premium(
    risk_share_of_price,
    penalties_in_force,
    us_law_distributor_enforcement,
    penalty_risk_response,
    enforcement_risk_response,
):
    """Cost and risk of selling in the United States relative to today: enforcement raises the part that pays for risk.

    It falls on the domestic margin, not on the price at the border, and so pays no exporter.
    """
    penalties = jnp.log(penalties_in_force / today("us.law.penalties")) / jnp.log(2.0)
    arrests = jnp.log(us_law_distributor_enforcement / today("us.law.distributor_enforcement")) / jnp.log(2.0)
    risk = jnp.exp(penalty_risk_response * penalties + enforcement_risk_response * arrests)
    return 1 - risk_share_of_price + risk_share_of_price * risk


@auxiliary("1", dims=("drug",))
def wholesale_price_ratio(
    turnover, turnover_reference, scarcity_price_exponent, seizure_share, seizure_share_reference
):
    """Wholesale price against the reference: (T*/T)^κ / (1 − s), the scarcity part bounded at e^±5."""
    scarcity = 5 * jnp.tanh(scarcity_price_exponent * jnp.log(turnover_reference / turnover) / 5)
    tax = jnp.log((1 - seizure_share_reference) / (1 - seizure_share))
    return jnp.exp(scarcity + tax)


@auxiliary("1", dims=("drug",))
def price_gap(
    fentanyl_wholesale_price,
    fentanyl_retail_price,
    heroin_wholesale_price,
    heroin_retail_price,
    methamphetamine_wholesale_price,
    methamphetamine_retail_price,
    cocaine_wholesale_price,
    cocaine_retail_price,
):
    """Reference wholesale price as a share of the retail price."""
    return drug.stack(
        fentanyl=fentanyl_wholesale_price / fentanyl_retail_price,
        heroin=heroin_wholesale_price / heroin_retail_price,
        methamphetamine=methamphetamine_wholesale_price / methamphetamine_retail_price,
        cocaine=cocaine_wholesale_price / cocaine_retail_price,
    )


@auxiliary("1", dims=("drug",))
def retail_price_ratio(wholesale_price_ratio, price_gap, pass_through, risk_premium):
    """Retail price per pure gram against the reference, with the domestic risk premium on top.

    A change at the border is passed through between dollar for dollar (0) and in proportion (1).
    """
    slope = (1 - pass_through) * price_gap + pass_through
    return (1 + slope * (wholesale_price_ratio - 1)) * risk_premium


@auxiliary("1", dims=("drug",))
def purity_ratio(retail_price_ratio, purity_response):
    """Purity against the reference: the price of a dose is sticky, so a dearer pure gram means a weaker dose."""
    return retail_price_ratio ** (-purity_response)


@auxiliary("1")
def us_fentanyl_purity(purity_ratio, reference_purity):
    """Purity of fentanyl powder on the street."""
    return reference_purity * drug.pick(purity_ratio, "fentanyl")


@auxiliary("USD/kg pure")
def us_fentanyl_retail_price(retail_price_ratio, fentanyl_retail_price):
    """Retail price of fentanyl per pure kilogram."""
    return fentanyl_retail_price * drug.pick(retail_price_ratio, "fentanyl")


@auxiliary("USD/kg pure")
def heroin_price(retail_price_ratio, heroin_retail_price):
    """Retail price of heroin per pure kilogram."""
    return heroin_retail_price * drug.pick(retail_price_ratio, "heroin")


@auxiliary("kg pure/year", dims=("drug",))
def wanted(wanted_at_reference, retail_price_ratio, demand_elasticity, purity_ratio, titration):
    """Use wanted at today's price and purity; without titration, purer doses are larger doses."""
    price = retail_price_ratio ** (-demand_elasticity)
    return wanted_at_reference * price * purity_ratio ** (1 - titration)


@auxiliary("1", dims=("drug",))
def rationing(wanted, us_inventory):
    """Share of wanted use that an empty market can serve: 1 when stocks last long, 0 when there are none."""
    shortest = quantity(0.03, "year")
    return us_inventory / (us_inventory + shortest * wanted)


@flow("kg pure/year", dims=("drug",), source="us_inventory", destination="consumed")
def consumption(wanted, rationing):
    """Use: what is wanted, rationed by what there is."""
    return wanted * rationing


@auxiliary("1", dims=("drug",))
def relative_use(retail_price_ratio, demand_elasticity, rationing):
    """Uses per person against the reference: price and rationing."""
    return retail_price_ratio ** (-demand_elasticity) * rationing


@auxiliary("kg pure/year")
def us_fentanyl_consumption(consumption):
    """Fentanyl consumed, pure."""
    return drug.pick(consumption, "fentanyl")


@auxiliary("kg pure/year")
def heroin_consumption(consumption):
    """Heroin consumed, pure."""
    return drug.pick(consumption, "heroin")
