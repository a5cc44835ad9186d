"""contraflow: an executable model of the drug and gun currents between the United States and Mexico.

``load`` gives the reference model with its posterior; ``Scenario`` says what to ask; the lists say what there is.
Names are imported on first use, so that ``import contraflow`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "contraflow.analysis.runs": ("Comparison", "Effect", "Model", "Result", "load"),
    "contraflow.analysis.catalogue": (
        "claims", "explain", "hypotheses", "levers", "outcomes", "parameters", "scenarios", "sources",
    ),
    "contraflow.policy": ("Scenario",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'contraflow' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
