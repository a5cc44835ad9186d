"""What the model takes from outside: sources, parameters with priors, observed series, drivers, effects, claims.

`load()` returns all of it, checked; `shipped()` what comes with the package alone. Figures live in YAML and CSV beside
this file, never in code.
"""

from contraflow.evidence.loader import Evidence, decimal_year, load, read_evidence, shipped
from contraflow.evidence.schema import (
    ASSUMPTION,
    Claim,
    Driver,
    DriverRow,
    Grade,
    HeldBackEffect,
    Observation,
    Parameter,
    Prior,
    Row,
    Series,
    Source,
    SourceRef,
    Text,
)
from contraflow.evidence.yaml_reader import EvidenceError

__all__ = [
    "ASSUMPTION",
    "Claim",
    "Driver",
    "DriverRow",
    "Evidence",
    "EvidenceError",
    "Grade",
    "HeldBackEffect",
    "Observation",
    "Parameter",
    "Prior",
    "Row",
    "Series",
    "Source",
    "SourceRef",
    "Text",
    "decimal_year",
    "load",
    "read_evidence",
    "shipped",
]
