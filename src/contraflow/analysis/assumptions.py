"""Beliefs applied to draws: conditioning on a range, and setting a value.

A range keeps the draws inside it. Setting a value moves the other parameters along the posterior's own regression on
it (approximate, and said so); nothing is done to what a policy does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.inference import priors
from contraflow.inference.posterior import Posterior
from contraflow.policy.assumptions import Assumptions
from contraflow.system.latents import LATENT_PARAMETERS, LATENTS

SMALLEST_SAMPLE = 50
SUPPLY_FREEZE = 2023.5
#: How far out a coordinate goes at most when a value is assumed, in prior sds.
EDGE = 2.5


class TooFewDraws(ContraflowError):
    """A range that too few posterior draws satisfy for an answer."""


def condition(posterior: Posterior, assumptions: Assumptions) -> Posterior:
    """The draws inside every assumed range.

    Raises:
        TooFewDraws: draws of fewer than 50 origins are left. (Draws of one chain share what the chain holds fixed.)
    """
    if not assumptions.ranges:
        return posterior
    values = posterior.parameters()
    keep = np.ones(posterior.draws, dtype=bool)
    for name, (low, high) in assumptions.ranges.items():
        keep &= (values[name] >= low) & (values[name] <= high)
    distinct = len(np.unique(posterior.lineage[keep]))
    if distinct < SMALLEST_SAMPLE:
        names = ", ".join(f"{n} in [{a:g}, {b:g}]" for n, (a, b) in assumptions.ranges.items())
        raise TooFewDraws(
            f"only {int(keep.sum())} of {posterior.draws} posterior draws, {distinct} of them distinct in all, have "
            f"{names}; widen the range (at least {SMALLEST_SAMPLE} are needed) or set a value instead"
        )
    return posterior.take(np.flatnonzero(keep))


def adjust(posterior: Posterior, assumptions: Assumptions) -> tuple[Posterior, dict[str, float]]:
    """Draws moved to the assumed values, and the values to impose exactly.

    Each set parameter's coordinate shifts to the value's (at the edge of its prior when the value lies outside), and
    every other coordinate and innovation shifts by its regression on it over the posterior, but never beyond what the
    posterior holds.
    """
    if not assumptions.values:
        return posterior, {}
    known = evidence.load().parameters
    names = [n for n in assumptions.values if n in posterior.coordinates]
    anchor = np.stack([posterior.coordinates[n] for n in names]) if names else np.zeros((0, posterior.draws))
    exact = np.array([float(priors.coordinate(known[n].prior, assumptions.values[n])) for n in names])
    wanted = np.clip(exact, -EDGE, EDGE)
    shift = wanted[:, None] - anchor
    centred = anchor - anchor.mean(axis=1, keepdims=True)
    spread = centred @ centred.T / posterior.draws + 1e-9 * np.eye(len(names))

    def moved(x: np.ndarray) -> np.ndarray:
        rows = np.atleast_2d(x)
        slope = (rows - rows.mean(axis=1, keepdims=True)) @ centred.T / posterior.draws @ np.linalg.inv(spread)
        low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
        return np.clip(rows + slope @ shift, low, high).reshape(x.shape)

    coordinates = {n: moved(x) for n, x in posterior.coordinates.items()}
    at = np.where([n in LATENT_PARAMETERS for n in names], exact, wanted)  # latent drivers see no imposed value
    coordinates |= {n: np.full(posterior.draws, y) for n, y in zip(names, at, strict=True)}
    innovations = {n: moved(x) for n, x in posterior.innovations.items()}
    held = replace(posterior, coordinates=coordinates, innovations=innovations, origins=posterior.lineage)
    return held, dict(assumptions.values)


def freeze_latent(posterior: Posterior, variable: str, date: float) -> Posterior:
    """The same draws with one latent held, after ``date``, at the value that it had then."""
    latent = LATENTS[variable]
    memory, sd = posterior.value(latent.memory), posterior.value(latent.sd)
    innovations = dict(posterior.innovations)
    knots = latent.start + latent.step * np.arange(1, len(innovations[variable]) + 1)
    last = float(knots[knots <= date + 1e-6].max(initial=latent.start))
    holding = (1 - memory) * posterior.latents(np.array([last]))[variable] / sd
    innovations[variable] = np.where((knots > last + 1e-6)[:, None], holding, innovations[variable])
    return replace(posterior, innovations=innovations)


def believed(posterior: Posterior, assumptions: Assumptions) -> tuple[Posterior, dict[str, float]]:
    """The posterior under these assumptions, all draws, and the values to impose exactly."""
    posterior = condition(posterior, assumptions)
    if "supply_shock_2023" in assumptions.frozen:
        posterior = freeze_latent(posterior, "supply_surge", SUPPLY_FREEZE)
    return adjust(posterior, assumptions)
