"""What is asked of the model: scenarios, the schedules of their levers, and their assumptions."""

from contraflow.policy.assumptions import Assumptions
from contraflow.policy.dates import format_date, parse_date, parse_end
from contraflow.policy.scenario import SCHEMA, Scenario
from contraflow.policy.schedule import Absolute, Addition, Factor, Schedule, Step
from contraflow.policy.settings import ExtensionOff, OutOfRange, ScenarioError

__all__ = [
    "SCHEMA",
    "Absolute",
    "Addition",
    "Assumptions",
    "ExtensionOff",
    "Factor",
    "OutOfRange",
    "Scenario",
    "ScenarioError",
    "Schedule",
    "Step",
    "format_date",
    "parse_date",
    "parse_end",
]
