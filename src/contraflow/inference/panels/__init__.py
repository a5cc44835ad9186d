"""Panels of states: what national series cannot separate, given each month's total of a region or the country.

``results()`` reads what is stored with the package; ``recompute()`` makes it again from the tables. The likelihood is
of how a total divides over places, never of the total, so that the same deaths do not enter the national fit twice.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.evidence.panels import FOLDER
from contraflow.evidence.schema import Z95
from contraflow.inference.panels import mapping, overdose, removals
from contraflow.inference.panels.allocation import Estimate, estimate, learn_spread, mode, reassigned
from contraflow.inference.panels.placebo import Placebo, placebo

FILE = Path(__file__).parent / "results.json"
#: Synthetic histories for the bias of past deaths, and drawn dates of removals.
HISTORIES, REDRAWS = 60, 400


class PanelError(ContraflowError):
    """The stored results are missing; the text says how to make them."""


def fingerprint() -> str:
    """What results depend on: tables, bridges, priors of the national model, and the code that estimates.

    Layout, comments and docstrings are left aside, and so is the version of Python.
    """
    digest = hashlib.sha256()
    for path in sorted([*FOLDER.glob("*.csv"), FOLDER / "bridges.yaml"]):
        digest.update(path.name.encode() + path.read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + _code(ast.parse(path.read_text(encoding="utf-8"))).encode())
    for name in mapping.NATIONAL:
        prior = evidence.load().parameters[name].prior
        digest.update(repr((name, prior.family, sorted(prior.arguments.items()))).encode())
    return digest.hexdigest()[:16]


def _code(part: Any) -> str:
    """A syntax tree in words; what is empty is left out, since versions of Python name more or fewer such fields."""
    if isinstance(part, list):
        return "[" + ",".join(_code(x) for x in part if not _is_docstring(x)) + "]"
    if isinstance(part, ast.AST):
        fields = ",".join(f"{name}={_code(x)}" for name, x in ast.iter_fields(part) if x is not None and x != [])
        return f"{type(part).__name__}({fields})"
    return repr(part)


def _is_docstring(part: Any) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)


def results() -> dict[str, Any]:
    """The stored results of both panels; ``stale`` is true where tables or code have changed since.

    ``overdose`` and ``removals`` hold ``runs`` (each with its terms), ``placebos`` and ``proposals`` for parameters of
    the national model; ``overdose`` also ``fall_of_2024``, an association within states.

    Raises:
        PanelError: nothing is stored.
    """
    if not FILE.exists():
        raise PanelError("no results of the panels are stored: run `python -m contraflow.inference.panels`")
    stored: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return {**stored, "stale": stored["hash"] != fingerprint()}


def recompute(write: bool = True, progress: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Both panels estimated again, some minutes; stored unless ``write`` is false."""
    made = {"hash": fingerprint(), "overdose": _overdose(progress), "removals": _removals(progress)}
    if write:
        FILE.write_text(json.dumps(_rounded(made), indent=1) + "\n", encoding="utf-8")
    return made


def _overdose(progress: Callable[[str], None]) -> dict[str, Any]:
    runs: dict[str, Estimate] = {}
    for id, run in overdose.RUNS.items():
        progress(f"overdose: {id}")
        design = overdose.panel(overdose.states(run.first, run.end, run.outcome), run.terms, run.within_regions)
        runs[id] = estimate(design, runs[run.like].spread if run.like else learn_spread(design))
    supply, services, past = runs["supply"], runs["services"], runs["past_deaths"]
    progress("overdose: bias of past deaths")
    span = overdose.RUNS["past_deaths"]
    bias = overdose.depletion_bias(overdose.states(span.first, span.end), past, HISTORIES, seed=11)
    placebos = {
        "exposure": placebo(runs["supply_ahead"], ("exposure_ahead",), supply.of("exposure")[0]),
        "naloxone": placebo(runs["services_ahead"], ("naloxone_ahead",), _expected(mapping.naloxone_implied()[1])),
        "buprenorphine": placebo(
            runs["services_ahead"], ("buprenorphine_ahead",), _expected(mapping.treatment_implied()[1])
        ),
        "past_deaths": _same(runs["past_deaths_to_2021"], runs["past_deaths_from_2021"], "past_deaths"),
    }
    ahead = runs["services_ahead"]
    proposals = [
        mapping.naloxone(services, ahead, (placebos["naloxone"].verdict,)),
        mapping.treatment(services, ahead, (placebos["buprenorphine"].verdict,)),
        mapping.depletion(past, bias, (placebos["past_deaths"].verdict,)),
    ]
    fall: dict[str, dict[str, Any]] = dict(mapping.fall_of_2024(supply, services, past, bias))
    for name, test in placebos.items():
        fall[name]["placebo"] = test.verdict
    return {
        "runs": {id: _table(found) for id, found in runs.items()},
        "past_deaths_by_chance": {"mean": bias[0], "sd": bias[1]},
        "placebos": {name: dataclasses.asdict(p) for name, p in placebos.items()},
        "proposals": {p.parameter: dataclasses.asdict(p) for p in proposals},
        "fall_of_2024": fall,
    }


def _expected(implied: np.ndarray) -> float:
    """What a coefficient would be by the prior alone, the size that a placebo should be able to see."""
    return float(np.mean(implied))


def _same(early: Estimate, late: Estimate, term: str) -> Placebo:
    """Placebo for what has no future to test: a coefficient that means one thing is the same in both halves."""
    (a, sa), (b, sb) = early.of(term), late.of(term)
    variance = np.array([[sa**2 + sb**2]])
    difference = dataclasses.replace(
        late, names=(f"{term}, change between halves",), mean=np.array([b - a]), curvature=variance, between=variance
    )
    return placebo(difference, difference.names, (a + b) / 2)


def _removals(progress: Callable[[str], None]) -> dict[str, Any]:
    data, readings = removals.states(), removals.events()
    whole = removals.panel(data, readings["where_removed"])
    progress("removals: spread")
    spread = learn_spread(whole, removals.SPREAD_START)
    runs: dict[str, Estimate] = {}
    for id, events in readings.items():
        progress(f"removals: {id}")
        runs[id] = estimate(removals.panel(data, events), spread)
    runs["where_removed_within_regions"] = estimate(removals.panel(data, readings["where_removed"], True), spread)
    progress("removals: drawn dates")
    rng = np.random.default_rng(12)
    drawn = (
        removals.windows(data, removals.drawn_events(data, readings["where_removed"], rng)) for _ in range(REDRAWS)
    )
    coefficients = reassigned(whole, spread, mode(whole, spread), drawn)
    found = runs["where_removed"]
    before = ("months -24 to -13", *removals.BEFORE)
    weight = removals.weight_in_country(data, readings["where_removed"])
    expected = _expected(mapping.removal_implied(weight[0])[2])
    placebos = {id: placebo(run, before, expected) for id, run in runs.items()}
    contrasts = {}
    for label, after in (
        ("first half-year", ("months 0 to 5",)),
        ("first year", removals.FIRST_YEAR),
        ("second year", ("months 12 to 23",)),
    ):
        chance = coefficients @ removals.contrast_weights(after)
        contrasts[label] = {
            id: dataclasses.asdict(removals.contrast(run, after)) for id, run in runs.items()
        } | {
            "drawn_dates": {
                "mean": float(chance.mean()), "sd": float(chance.std(ddof=1)),
                "share_as_large": float(np.mean(np.abs(chance) >= abs(removals.contrast(found, after).mean))),
            }
        }  # fmt: skip
    drawn_sd = contrasts["first year"]["drawn_dates"]["sd"]
    first_year = removals.contrast(found, removals.FIRST_YEAR)
    proposals = mapping.kingpin(first_year, drawn_sd, weight[0], (placebos["where_removed"].verdict,))
    return {
        "runs": {id: _table(run) for id, run in runs.items()},
        "contrasts": contrasts,
        "weight_in_country": dict(zip(("mean", "q05", "q95"), weight, strict=True)),
        "placebos": {id: dataclasses.asdict(p) for id, p in placebos.items()},
        "proposals": {name: dataclasses.asdict(p) for name, p in proposals.items()},
    }


def _table(found: Estimate) -> dict[str, Any]:
    terms = {}
    for k, name in enumerate(found.names):
        mean, sd = found.of(name)
        terms[name] = {
            "mean": mean, "sd": sd, "q05": mean - Z95 * sd, "q95": mean + Z95 * sd,
            "curvature_sd": float(np.sqrt(found.curvature[k, k])), "place_sd": float(np.sqrt(found.between[k, k])),
        }  # fmt: skip
    return {
        "terms": terms,
        "spread": dataclasses.asdict(found.spread),
        "places": found.places,
        "cells": found.cells,
        "suppressed": found.suppressed,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
