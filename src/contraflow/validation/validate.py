"""The validation as one value: parts that are made one by one, stored with what they belong to, and put together.

A part is one entry of ``PARTS``. Heavy parts are read from where ``make validate`` stored them. A part whose result
belongs to another model or posterior, or to other settings, is shown and listed as stale; one that lacks what its part
now makes is listed as stale and not shown; one that was never run is null and listed as missing, with the command that
makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from contraflow.errors import UnknownName, nearest
from contraflow.inference.diagnostics import worst
from contraflow.inference.posterior import PosteriorError, fit_hash, load_posterior
from contraflow.policy import Scenario
from contraflow.validation import record, scoring
from contraflow.validation.record import Keep, Made, Record, Result

Step = Callable[[str], None]

#: Where refits are kept while their part is made: under the folder that the command is run from. Begun again there, a
#: part goes on. They are no part of the package.
WORK = Path("build/validation")
QUICK_DRAWS = 60


@dataclass(frozen=True)
class Making:
    """What a part is given to be made with.

    Attributes:
        step: what to call with the name of each step.
        quick: whether to be quick.
        keep: keeps its pieces, where it has many.
    """

    step: Step
    quick: bool
    keep: Keep


@dataclass(frozen=True)
class Part:
    """One part of the validation.

    Attributes:
        id: name on the command line and of the stored file.
        fills: keys of the whole that its result has.
        run: makes the result.
        stored: whether it is heavy and its result kept; else it is made anew each time.
        light: whether it has a quick version.
        reads_posterior: whether the shipped draws are used; if not, another posterior does not make the result stale.
        settings: what else it depends on, as plain values: plans of its fits, scenarios, rules. Others make it stale.
    """

    id: str
    fills: tuple[str, ...]
    run: Callable[[Making], Result]
    stored: bool = True
    light: bool = True
    reads_posterior: bool = True
    settings: Callable[[], Any] = lambda: None

    def belongs(self, now: Made) -> Made:
        """What a result of this part belongs to, of a model and a posterior."""
        content = json.dumps(record.rounded(self.settings()), sort_keys=True)  # alike on every machine
        return replace(now, settings=hashlib.sha256(content.encode()).hexdigest()[:16])

    def outdated(self, held: Record, now: Made) -> list[str]:
        """What a stored result was made for that is not so now, in words; empty where it is fresh."""
        old, new = held.made, self.belongs(now)
        told = [f"made for model {old.model}, this is {new.model}"] * (old.model != new.model)
        if self.reads_posterior and old.posterior != new.posterior:
            told.append(f"made for posterior {old.posterior}, this is {new.posterior}")
        if not old.settings:
            told.append("made before plans, scenarios and rules were on record")
        elif old.settings != new.settings:
            told.append("made by other plans, scenarios or rules than those of now")
        return told


def _diagnostics(making: Making) -> Result:
    return {"diagnostics": worst(load_posterior(check=False).report)}


def _backtests(making: Making) -> Result:
    from contraflow.validation.backtests import backtests

    return backtests(WORK / "backtests", making.keep, making.step)


def _predictive(making: Making) -> Result:
    from contraflow.validation.predictive import predictive

    return {"predictive": predictive(load_posterior())}


def _calibration(making: Making) -> Result:
    from contraflow.validation.calibration import calibrate

    return {"sbc": calibrate(1, WORK / "calibration", making.keep, making.step)}


def _true_supply(making: Making) -> Result:
    from contraflow.validation.true_supply import true_supply

    return true_supply(WORK / "backtests", making.keep, making.step)


def _recovery(making: Making) -> Result:
    from contraflow.validation.calibration import recovery, refits

    return {"recovery": recovery(refits(load_posterior(), 1, WORK / "recovery", beside_ours=False, log=making.step))}


def _posterior_sbc(making: Making) -> Result:
    from contraflow.validation.calibration import posterior_sbc, refits

    found = refits(load_posterior(), 1, WORK / "posterior-calibration", beside_ours=True, log=making.step)
    return {"posterior_sbc": posterior_sbc(found, 1)}


def _alternatives(making: Making) -> Result:
    from contraflow.validation.alternatives import alternatives

    return {"alternatives": alternatives(WORK / "alternatives", WORK / "backtests", making.keep, making.step)}


def _held_back(making: Making) -> Result:
    from contraflow.validation.held_back import DRAWS, held_back

    return {"held_back": held_back(load_posterior(), making.step, QUICK_DRAWS if making.quick else DRAWS)}


def _barlas(making: Making) -> Result:
    from contraflow.validation.barlas import barlas

    return {"barlas": barlas(load_posterior(), making.step, making.quick)}


def _of_backtests() -> Any:
    from contraflow.inference.fit import BRIEF
    from contraflow.validation import backtests

    rules = [backtests.HORIZONS, backtests.HISTORY, scoring.INTERVALS, scoring.LEVELS.tolist()]
    return [asdict(BRIEF), backtests.ORIGINS, rules, scoring.PIT_LEVELS.tolist()]


def _of_true_supply() -> Any:
    from contraflow.inference.fit import BRIEF
    from contraflow.validation import backtests
    from contraflow.validation import true_supply as t

    return [asdict(BRIEF), t.ORIGINS, t.SERIES, backtests.HORIZONS, scoring.INTERVALS, scoring.LEVELS.tolist()]


def _of_predictive() -> Any:
    from contraflow.validation import predictive as p

    return [p.PRIOR_DRAWS, p.ENOUGH, p.STRANGE]


def _of_calibration() -> Any:
    from contraflow.validation import calibration as c

    fits = [asdict(c.REDUCED_STAGE), c.REDUCED_DOUBLINGS, c.REDUCED, c.REDUCED_LATENTS, c.SETS, c.BATCHES]
    return [fits, c.EFFECT_WINDOW, _scenarios(c.EFFECTS), scoring.EVEN.tolist()]


def _of_recovery() -> Any:
    from contraflow.validation import calibration as c

    fits = [asdict(c.FULL_STAGE), c.FULL.doublings, c.HISTORIES]
    return [*fits, c.EFFECT_WINDOW, _scenarios(c.EFFECTS), scoring.EVEN.tolist()]


def _of_alternatives() -> Any:
    from contraflow.inference.fit import AGAIN, BRIEF
    from contraflow.validation import alternatives as a

    views = {view.id: view.fixed for view in a.ALTERNATIVES}
    return [asdict(BRIEF), asdict(AGAIN), a.ORIGIN, a.DRAWS, a.END, _scenarios(a.HEADLINES), views]


def _of_barlas() -> Any:
    from contraflow.validation import knock_outs as k

    return [k.KNOCK_OUTS, k.TELLING, k.STARTS, k.STEPS]


def _of_held_back() -> Any:
    from contraflow.validation import held_back as h

    asked = [[e.effect, asdict(e.published), e.analogue, e.assumed, e.bound] for e in h.EXPERIMENTS]
    return [asked, [asdict(i) for i in h.INCOMPARABLE], h.RULE, h.TOO_WIDE, h.DRAWS, h.END]


def _scenarios(headlines: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Scenario, its hash, and outcome."""
    return [[scenario, Scenario.load(scenario).hash, outcome] for scenario, outcome in headlines]


PARTS: dict[str, Part] = {
    part.id: part
    for part in (
        Part("diagnostics", ("diagnostics",), _diagnostics, stored=False),
        Part("predictive", ("predictive",), _predictive, settings=_of_predictive),
        Part("backtests", ("backtests", "skill", "pit_inside_bands"), _backtests, light=False, reads_posterior=False,
             settings=_of_backtests),
        Part("true-supply", ("true_supply",), _true_supply, light=False, reads_posterior=False,
             settings=_of_true_supply),
        Part("calibration", ("sbc",), _calibration, light=False, reads_posterior=False, settings=_of_calibration),
        Part("recovery", ("recovery",), _recovery, light=False, settings=_of_recovery),
        Part("posterior-calibration", ("posterior_sbc",), _posterior_sbc, light=False, settings=_of_recovery),
        Part("alternatives", ("alternatives",), _alternatives, light=False, settings=_of_alternatives),
        Part("held-back", ("held_back",), _held_back, settings=_of_held_back),
        Part("barlas", ("barlas",), _barlas, settings=_of_barlas),
    )
}  # fmt: skip
#: Every key of the whole, in order; one that no part fills is null.
KEYS = (
    "diagnostics", "predictive", "backtests", "skill", "pit_inside_bands", "true_supply", "sbc", "recovery",
    "posterior_sbc", "held_back", "alternatives", "barlas",
)  # fmt: skip


def part(name: str) -> Part:
    """The part of this name.

    Raises:
        UnknownName: with the nearest name.
    """
    if name in PARTS:
        return PARTS[name]
    raise UnknownName("part", name, nearest(name, PARTS))


def made() -> Made:
    """The model and the posterior that a result made now belongs to.

    Raises:
        PosteriorError: there is no posterior.
    """
    return Made(fit_hash(), load_posterior(check=False).hash)


def make(names: Iterable[str], step: Step) -> list[Path]:
    """Run these parts in full, each once, and store each as soon as it is done; returns the files.

    Raises:
        UnknownName: no such part, before any is run.
        PosteriorError: there is no posterior, or it belongs to another model.
    """
    chosen = [part(name) for name in dict.fromkeys(names)]
    posterior = load_posterior()
    now = Made(fit_hash(), posterior.hash)
    paths = []
    for p in chosen:
        if p.stored:
            made_for = p.belongs(now)
            paths.append(record.save(p.id, made_for, p.run(Making(_told(step, p), False, _keeper(p, made_for)))))
    return paths


def due() -> list[str]:
    """The stored parts that are missing or stale: what is left to be made."""
    now = made()
    return [p.id for p in PARTS.values() if p.stored and _standing(p, now)[0] != "fresh"]


def validate(step: Step, quick: bool = False) -> dict[str, Any]:
    """The whole validation as plain values.

    ``quick`` makes light versions of the parts that have one, in place of what is stored of these; nothing is stored.

    Returns:
        The keys of ``KEYS``, and: ``model`` and ``posterior``, the hashes of now; ``quick``; ``missing`` and
        ``stale``, rows of ``part``, ``why`` and ``command``.
    """
    now = made()
    whole: dict[str, Any] = dict.fromkeys(KEYS)
    whole |= {"model": now.model, "posterior": now.posterior, "quick": quick, "missing": [], "stale": []}
    if why := _stale_posterior():
        whole["stale"].append({"part": "posterior", "why": why, "command": "contraflow fit"})
    for p in PARTS.values():
        if not p.stored or (quick and p.light):
            result: Result | None = record.rounded(p.run(Making(_told(step, p), quick, made_anew)))
            standing, why = "fresh", ""
        else:
            held = record.load(p.id)
            result = held.result if held and not _lacking(p, held) else None
            standing, why = _standing(p, now)
        if standing != "fresh":
            whole[standing].append({"part": p.id, "why": why, "command": f"contraflow validate --part {p.id}"})
        whole |= {key: result[key] for key in p.fills} if result else {}
    listed = {row["part"] for row in (*whole["missing"], *whole["stale"])}
    for key in KEYS:
        if whole[key] is None and not any(key in p.fills for p in PARTS.values() if p.id in listed):
            whole["missing"].append({"part": key, **_UNFILLED.get(key, _NO_PART)})
    return whole


_NO_PART = {"why": "no part of this version makes it", "command": None}
_UNFILLED = {"diagnostics": {"why": "the posterior does not carry them", "command": "contraflow fit"}}


def _standing(p: Part, now: Made) -> tuple[str, str]:
    """Whether a stored part is fresh, stale or missing, and why."""
    held = record.load(p.id)
    if held is None:
        return "missing", "it was never run"
    if lacking := _lacking(p, held):
        return "stale", f"an earlier version made it, without {', '.join(lacking)}"
    why = p.outdated(held, now)
    return ("stale", "; ".join(why)) if why else ("fresh", "")


def _lacking(p: Part, held: Record) -> list[str]:
    """Keys that the part fills now and its stored result does not have."""
    return [key for key in p.fills if key not in held.result]


def _stale_posterior() -> str:
    try:
        load_posterior()
    except PosteriorError as error:
        return str(error)
    return ""


def made_anew(name: str, make: Callable[[], Result]) -> Result:
    """A piece that is not kept."""
    return make()


def _keeper(p: Part, made_for: Made) -> Keep:
    """Keeps pieces of a part; of another posterior too, where the part does not read it."""
    belonging = made_for if p.reads_posterior else replace(made_for, posterior="")
    return lambda name, make: record.piece(p.id, name, belonging, make)


def _told(step: Step, p: Part) -> Step:
    return lambda what: step(f"{p.id}: {what}")
