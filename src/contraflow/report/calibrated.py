"""The stored calibration and recovery, read: which quantities keep within their bands, and coverage by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.policy import Scenario
from contraflow.report.backtested import series_label
from contraflow.report.wording import Said, format_date
from contraflow.system.latents import LATENTS
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation.scoring import EVEN, pit_bands

Row = Mapping[str, Any]
_EFFECT = "effect: "
#: Coordinates of what the model misses of a series, and what they are.
_NOISE = {
    "discrepancy": Said("discrepancy", "discrepancia"),
    "memory": Said("memory of misses", "memoria de los errores"),
}
#: Standard deviation, times the root of their number, of the variance of uniform values relative to 1/12.
_VARIANCE_SD = 12 * np.sqrt(1 / 80 - 1 / 144)
_READINGS = (
    Said("the fit finds too much", "el ajuste halla de más"),
    Said("the fit finds too little", "el ajuste halla de menos"),
    Said("intervals too narrow", "intervalos demasiado angostos"),
    Said("intervals too wide", "intervalos demasiado anchos"),
)
BLOCKS = {
    "supply": Said("Parameters of supply", "Parámetros de la oferta"),
    "rest": Said("Other parameters", "Otros parámetros"),
    "latents": Said("Latent drivers, by half-year or year", "Impulsores latentes, por periodo"),
    "noise": Said("Discrepancies of series", "Discrepancias de las series"),
    "effects": Said("Policy effects", "Efectos de políticas"),
}


@dataclass(frozen=True)
class Block:
    """Coverage of one block: number of quantities, their mean, and the one covered least with its own."""

    id: str
    quantities: int
    mean: float
    least: str
    lowest: float


@dataclass(frozen=True)
class Outside:
    """A quantity outside its bands: the mean rank of the truth (½ when calibrated), and what the ranks show."""

    name: str
    mean: float
    reading: Said


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of the truth: for each quantity the share at or below each level less that of a uniform, and the band."""

    levels: np.ndarray
    departure: Mapping[str, np.ndarray]
    low: np.ndarray
    high: np.ndarray


def quantity(name: str) -> Said:
    """A coordinate or effect of the validation, in words."""
    if name.startswith(_EFFECT):
        scenario, outcome = name.removeprefix(_EFFECT).split(" on ")
        on, policy = OUTCOMES[outcome].label, Scenario.load(scenario).label
        assert policy is not None  # a scenario that lacks one gets its id
        return Said(f"{policy.en}: {on.en}", f"{policy.es}: {on.es}")
    part, _, series = name.partition(":")
    if part in _NOISE:
        label, kind = series_label(series), _NOISE[part]
        return Said(f"{kind.en}: {label.en}", f"{kind.es}: {label.es}")
    driver, _, place = name.rstrip("]").partition("[")
    if driver in LATENTS and place:
        latent = LATENTS[driver]
        when = format_date(latent.start + int(place) * latent.step)
        return Said(f"latent driver {driver}, {when}", f"impulsor latente {driver}, {when}")
    known = evidence.load().parameters
    return Said(known[name].label.en, known[name].label.es) if name in known else Said(name, name)


def block_of(name: str) -> str:
    """The block that a quantity belongs to."""
    if name.startswith(_EFFECT):
        return "effects"
    if name.partition(":")[0] in _NOISE:
        return "noise"
    if name.split("[")[0] in LATENTS:
        return "latents"
    known = evidence.load().parameters
    return "supply" if name in known and known[name].block == "supply" else "rest"


def blocks(recovery: Row) -> list[Block]:
    """Coverage by block; effects alone where the result does not hold every coordinate."""
    covered = {**recovery.get("coverage", {}), **recovery["effects"]}
    found = []
    for id in BLOCKS:
        own = {n: x for n, x in covered.items() if block_of(n) == id}
        if own:
            least = min(own, key=lambda n: own[n])
            found.append(Block(id, len(own), float(np.mean(list(own.values()))), least, own[least]))
    return found


def ranks(sbc: Row) -> Ranks | None:
    """How the ranks of each quantity depart from uniform, or None where they are not stored.

    A rank of r among n draws is spread evenly over its step, from r / (n + 1) to (r + 1) / (n + 1).
    """
    if "ranks" not in sbc:
        return None
    levels = EVEN
    low, high = pit_bands(range(sbc["datasets"]), levels)
    departure = {
        name: np.clip(levels * (sbc["draws"] + 1) - np.asarray(own)[:, None], 0.0, 1.0).mean(axis=0) - levels
        for name, own in sbc["ranks"].items()
    }
    return Ranks(levels, departure, low - levels, high - levels)


def outside(sbc: Row) -> list[Outside]:
    """The quantities outside their bands, where ranks are stored, with what mean and spread of the ranks show.

    A mean that is more than two standard errors off tells bias; a variance that is, intervals of a wrong width.
    """
    found = []
    for name in sbc["outside"] if "ranks" in sbc else ():
        rank = (np.asarray(sbc["ranks"][name]) + 0.5) / (sbc["draws"] + 1)
        shift = (rank.mean() - 0.5) * np.sqrt(12 * len(rank))
        width = (12 * rank.var() - 1) * np.sqrt(len(rank)) / _VARIANCE_SD
        shown = shift < -2, shift > 2, width > 2, width < -2
        said = [words for words, so in zip(_READINGS, shown, strict=True) if so]
        said = said or [Said("another shape", "otra forma")]
        en, es = ("; ".join(x[language] for x in said) for language in ("en", "es"))
        found.append(Outside(name, float(rank.mean()), Said(en, es)))
    return found
