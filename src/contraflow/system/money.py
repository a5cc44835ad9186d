"""Money: what groups earn from drugs and from everything else, what they keep, and (as a ledger) where it goes.

Revenue and what is kept of it are core; the accounts of cash and wealth serve the ledger and the corruption
extension.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, boundary, flow, stock
from contraflow.engine.operations import quantity, safe_log
from contraflow.system.axes import drug
from contraflow.system.levers import today

us_buyers = boundary("USD", ledger="dollars", doc="Buyers of drugs in the United States.")
extorted = boundary("USD", ledger="dollars", doc="Those who pay extortion, buy stolen fuel, or pay for passage.")
costs_paid = boundary("USD", ledger="dollars", doc="Suppliers, carriers and other costs of trade.")
wages_paid = boundary("USD", ledger="dollars", doc="Wages of members.")
guns_paid = boundary("USD", ledger="dollars", doc="Sellers of firearms and rounds.")
officials_paid = boundary("USD", ledger="dollars", doc="Officials who take bribes.")
money_stopped = boundary("USD", ledger="dollars", doc="Money that authorities stop or freeze.")
legal_economy = boundary("USD", ledger="dollars", doc="Where laundered wealth is spent.")

cash = stock("USD", ledger="dollars", initial="cash_2000", doc="Cash of organised crime groups.")
wealth = stock("USD", ledger="dollars", initial="wealth_2000", doc="Laundered wealth of organised crime groups.")


@auxiliary("USD/kg pure", dims=("drug",))
def export_price(
    fentanyl_wholesale_price, heroin_wholesale_price, methamphetamine_wholesale_price, cocaine_wholesale_price,
    cocaine_exporter_share, methamphetamine_price_index, cocaine_price_index, wholesale_price_ratio,
):  # fmt: skip
    """What exporters get for a pure kilogram that arrives; for cocaine, what Mexican groups add to its cost."""
    reference = drug.stack(
        fentanyl=fentanyl_wholesale_price,
        heroin=heroin_wholesale_price,
        methamphetamine=methamphetamine_wholesale_price * methamphetamine_price_index,
        cocaine=cocaine_wholesale_price * cocaine_price_index * cocaine_exporter_share,
    )
    return reference * wholesale_price_ratio


@auxiliary("USD/year", dims=("drug",))
def export_revenue(export_price, crossings):
    """What drugs that cross the border are worth to those who send them."""
    return export_price * crossings


@auxiliary("USD/year")
def drug_revenue(export_revenue):
    """Export revenue from all drugs."""
    return drug.total(export_revenue)


@auxiliary("1")
def territory(rifles, rifles_2000, members, members_2000, territory_response):
    """Places that groups can hold against 2000, by rifles and by members, to a signed power."""
    held = safe_log(rifles / rifles_2000, floor=1e-9) + safe_log(members / members_2000, floor=1e-9)
    return jnp.exp(territory_response * 5 * jnp.tanh(held / 10))


@auxiliary("USD/year")
def other_income(other_income_reference, drug_revenue, drug_revenue_reference, income_substitution, territory):
    """Income from extortion, fuel, passage and the rest: grows with territory, replaces lost drug revenue (signed)."""
    lost = 5 * jnp.tanh(safe_log(drug_revenue / drug_revenue_reference, floor=1e-9) / 5)
    return other_income_reference * jnp.exp(-income_substitution * lost) * territory


@auxiliary("USD/year")
def mx_cartel_revenue(drug_revenue, other_income):
    """Revenue of organised crime groups, real dollars of 2024."""
    return drug_revenue + other_income


@auxiliary("1")
def revenue_kept(us_law_anti_laundering, us_law_terrorist_designation, designation_effect):
    """Share of revenue kept against today: less what is stopped on its way, and what designation costs (signed)."""
    stopped = (1 - us_law_anti_laundering) / (1 - today("us.law.anti_laundering"))
    six = quantity(6.0, "group")
    return stopped * jnp.exp(-designation_effect * us_law_terrorist_designation / six)


@auxiliary("1")
def retained_revenue_ratio(mx_cartel_revenue, revenue_kept, drug_revenue_reference, other_income_reference):
    """What groups keep, against the reference."""
    return mx_cartel_revenue * revenue_kept / (drug_revenue_reference + other_income_reference)


@flow("USD/year", source="us_buyers", destination="cash")
def drug_money(drug_revenue, us_law_anti_laundering):
    """Drug revenue that reaches the groups."""
    return drug_revenue * (1 - us_law_anti_laundering)


@flow("USD/year", source="extorted", destination="cash")
def other_money(other_income):
    """Other income received."""
    return other_income


@auxiliary("USD")
def cash_2000(drug_revenue, other_income, cash_time):
    """Cash held in 2000: revenue times the time it is held."""
    return (drug_revenue + other_income) * cash_time


@auxiliary("USD")
def wealth_2000(cash_2000, cash_time, laundered_share, wealth_time):
    """Wealth in 2000: what is laundered a year times how long it lasts."""
    return cash_2000 / cash_time * laundered_share * wealth_time


@flow("USD/year", source="cash", destination="costs_paid")
def trade_costs(cash, cash_time, laundered_share, wage_share, gun_share, bribe_share):
    """Money spent on supplies, transport and everything not named apart."""
    return cash / cash_time * (1 - laundered_share - wage_share - gun_share - bribe_share)


@flow("USD/year", source="cash", destination="wages_paid")
def wages(cash, cash_time, wage_share):
    """Wages paid to members."""
    return cash / cash_time * wage_share


@flow("USD/year", source="cash", destination="guns_paid")
def gun_spending(cash, cash_time, gun_share):
    """Money spent on firearms and rounds."""
    return cash / cash_time * gun_share


@flow("USD/year", source="cash", destination="officials_paid")
def bribes(cash, cash_time, bribe_share):
    """Bribes paid."""
    return cash / cash_time * bribe_share


@flow("USD/year", source="cash", destination="wealth")
def laundering(cash, cash_time, laundered_share):
    """Money laundered into wealth."""
    return cash / cash_time * laundered_share


@flow("USD/year", source="wealth", destination="money_stopped")
def freezing(wealth, us_law_anti_laundering, freezing_yield):
    """Wealth frozen, in proportion to the share of returning cash that is stopped."""
    return wealth * us_law_anti_laundering * freezing_yield


@flow("USD/year", source="wealth", destination="legal_economy")
def spending(wealth, wealth_time):
    """Wealth spent in the legal economy."""
    return wealth / wealth_time
