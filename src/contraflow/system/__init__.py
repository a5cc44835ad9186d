"""The reference model: one module a sector, assembled with the evidence base.

A variable is a documented function in its sector's module; figures live in ``contraflow.evidence``. Nothing here may
run a policy or fit data.
"""

import functools
from collections.abc import Iterable
from pathlib import Path

from contraflow import engine, evidence
from contraflow.engine import Model, assemble, cache
from contraflow.system import (
    arms,
    border,
    care,
    cartels,
    cooperation,
    demand,
    inputs,
    market,
    money,
    overdose,
    politics,
    security,
    supply,
    violence,
)
from contraflow.system.axes import AXES
from contraflow.system.latents import LATENT_PARAMETERS
from contraflow.system.levers import EXTENSIONS

__all__ = ["EXTENSIONS", "SECTORS", "model_parameters", "reference_model"]

SECTORS = (
    inputs,
    demand,
    overdose,
    care,
    market,
    supply,
    border,
    arms,
    cartels,
    security,
    violence,
    money,
    cooperation,
    politics,
)


def model_parameters() -> dict[str, str]:
    """Unit of every parameter that an equation uses; those of latent drivers scale inputs instead."""
    return {p.id: p.unit for p in evidence.load().parameters.values() if p.id not in LATENT_PARAMETERS}


@functools.cache
def _assembled(extensions: tuple[str, ...], units: bool) -> Model:
    content = cache.content_of(*map(Path, (*engine.__path__, *evidence.__path__, *__path__)))
    return assemble(SECTORS, model_parameters(), axes=AXES, extensions=extensions, units=units, content=content)


def reference_model(extensions: Iterable[str] = (), *, units: bool = True) -> Model:
    """The reference model with these extensions on; assembled once for each set.

    A model whose units do not agree is refused, with a ``ModelError``, unless ``units`` is off.
    """
    return _assembled(tuple(sorted(set(extensions))), units)
