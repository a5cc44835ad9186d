"""Politics (extension): deaths raise alarm, and alarm moves the money of health programmes.

The strength is an assumption without data; off by default, for questions about complacency and response.
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
