"""Politics (extension): deaths raise alarm, and alarm moves money, penalties and inspection.

The strengths are assumptions without data; off by default, for questions about complacency and response.
"""

from contraflow.engine import auxiliary, smooth
from contraflow.engine.operations import quantity


@auxiliary("person/year")
def alarm_reference():
    """Yearly overdose deaths to which today's funding belongs."""
    return quantity(80000.0, "person/year")


alarm = smooth(
    "person/year", of="us_overdose_deaths", time="alarm_time", initial="alarm_reference",
    doc="Overdose deaths as politics remembers them.",
)  # fmt: skip


@auxiliary("1", extension="politics", off=1.0)
def funding_response(alarm, alarm_reference, alarm_funding_response):
    """Programme money relative to today as alarm rises or fades."""
    return (alarm / alarm_reference) ** alarm_funding_response


@auxiliary("1", extension="politics", off=1.0)
def punitive_response(alarm, alarm_reference, alarm_punitive_response):
    """Penalties relative to plan as alarm rises or fades."""
    return (alarm / alarm_reference) ** alarm_punitive_response


@auxiliary("1", extension="politics", off=1.0)
def interdiction_response(alarm, alarm_reference, alarm_interdiction_response):
    """Inspection at the border relative to plan as alarm rises or fades."""
    return (alarm / alarm_reference) ** alarm_interdiction_response


@auxiliary("1")
def penalties_in_force(us_law_penalties, punitive_response):
    """Convictions times time served relative to today, as set and as alarm moves them."""
    return us_law_penalties * punitive_response
