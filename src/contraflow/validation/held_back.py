"""Published effects that no prior was set from, predicted by the fitted model: can it foretell what it was not told?

Each comparable effect is a small natural experiment: the model's history run twice on the same posterior draws, with
and without one change, and read as the study measured. An effect whose mechanism the model lacks is not comparable,
and says why. Published figures are those seen (``held_back.yaml`` names the sources); an interval that was not seen is
taken as half to one and a half times the figure, and said so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from contraflow import evidence
from contraflow.engine.native import simulate
from contraflow.inference.posterior import Posterior
from contraflow.policy.inputs import build_inputs
from contraflow.system import reference_model
from contraflow.system.calendar import monthly_grid
from contraflow.validation.conditions import Change, scaled, since

END = 2025.0
DRAWS = 200
#: Raised with every change to ``verdict``.
RULE = 2
#: A prediction so many times as wide as the published interval could hardly have failed.
TOO_WIDE = 2.0

Standing = Literal["agrees", "too weak", "too strong", "wrong sign", "not decided", "not comparable"]
Step = Callable[[str], None]


@dataclass(frozen=True)
class Published:
    """A published effect as a change: 0 is none.

    Attributes:
        low, high: its interval; infinite where only a bound or a sign is known.
        value: the figure; None where only a bound or a sign is known.
        text: the figure in words, and what of the interval was seen.
    """

    text: str
    low: float
    high: float
    value: float | None = None

    @classmethod
    def about(cls, value: float, text: str) -> Published:
        """A figure whose interval was not seen: half to one and a half times it."""
        low, high = sorted((0.5 * value, 1.5 * value))
        return cls(f"{text}; interval not seen", low, high, value)

    @property
    def none(self) -> bool:
        """Whether no effect lies inside the interval."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm: monthly means by variable, (months, draws), and the draws' parameters."""

    values: Mapping[str, np.ndarray]
    parameters: Mapping[str, np.ndarray]
    times: np.ndarray

    def mean(self, name: str, first: float, last: float) -> np.ndarray:
        """Mean (draws,) of a variable over [first, last), summed over its axes."""
        inside = (self.times > first - 1e-6) & (self.times < last - 1e-6)
        value = self.values[name][inside]
        return np.asarray(value.reshape(value.shape[0], -1, value.shape[-1]).sum(axis=1).mean(axis=0))


@dataclass(frozen=True)
class Experiment:
    """A held-back effect that the model can be asked for.

    Attributes:
        effect: id in ``held_back.yaml``.
        published: the figure.
        analogue: what is changed and read in the model, and how that stands for what was measured.
        read: from the arms with and without the change, the effect of each draw on the scale of ``published``.
        record: variables that ``read`` looks at.
        given, without: input → its path in the arm, from times and the path otherwise held.
        bound: the change is at least as large as the one studied, so only a weak or wrong effect speaks against the
            model.
        assumed: what had to be assumed of the size of the change; empty where the study or history gives it.
    """

    effect: str
    published: Published
    analogue: str
    read: Callable[[Arm, Arm], np.ndarray]
    record: tuple[str, ...] = ()
    given: Mapping[str, Change] = field(default_factory=dict)
    without: Mapping[str, Change] = field(default_factory=dict)
    bound: bool = False
    assumed: str = ""


@dataclass(frozen=True)
class Incomparable:
    """A held-back effect that the model cannot be asked for, and why."""

    effect: str
    published: str
    reason: str


def relative(name: str, first: float, last: float) -> Callable[[Arm, Arm], np.ndarray]:
    """Relative change of a variable's mean over a window."""
    return lambda given, without: given.mean(name, first, last) / without.mean(name, first, last) - 1


def _kits_per_residents(per_hundred_thousand: float) -> Change:
    residents = evidence.load().drivers["population"]
    return lambda times, path: np.where(times < 2013.5, path, per_hundred_thousand * residents.at(times) / 1e5)


def _replaced(given: Arm, without: Arm) -> np.ndarray:
    """Heroin deaths added for each death by prescribed opioids avoided: 1 is one for one."""
    added, avoided = (
        sign * (given.mean(name, 2010.6, 2014.6) - without.mean(name, 2010.6, 2014.6))
        for sign, name in ((1, "heroin_deaths_recorded"), (-1, "natural_semisynthetic_deaths_recorded"))
    )
    return added / np.where(np.abs(avoided) < 1.0, np.nan, avoided)


def _after_release(given: Arm, without: Arm) -> np.ndarray:
    """Deaths in the year after release: on medication throughout, against tolerance lost and then regained."""
    tolerant, low = (
        sum(without.mean(f"{d}_death_hazard{end}", 2017, 2018) for d in ("fentanyl", "heroin"))
        for end in ("", "_low_tolerance")
    )
    stay = without.parameters["low_tolerance_stay"]
    lost = stay * -np.expm1(-1 / stay)
    return without.mean("medication_death_hazard", 2017, 2018) / (lost * low + (1 - lost) * tolerant) - 1


def _cheaper_heroin(given: Arm, without: Arm) -> np.ndarray:
    """Uses, and so overdoses, per heroin user where the pure gram costs 100 dollars less."""
    price = without.mean("heroin_price", 2000, 2009) / 1000
    return (np.maximum(price - 100, 1.0) / price) ** -without.parameters["demand_elasticity"] - 1


def _where_removed(given: Arm, without: Arm) -> np.ndarray:
    """Conflict in the place of a removal, mean of the first twelve months, before its share of the country."""
    p = without.parameters
    local = p["kingpin"] + p["betrayal"] * p["betrayal_share"]
    years = (np.arange(12) + 0.5)[:, None] / 12
    return np.exp(local * np.exp(-years / p["succession_time"])).mean(axis=0) - 1


def _purity_lost(given: Arm, without: Arm) -> np.ndarray:
    """Largest relative loss of purity in a half-year, within two years."""
    parts = [
        relative("us_fentanyl_purity", first, first + 0.5)(given, without) for first in np.arange(2021.0, 2023.0, 0.5)
    ]
    return np.min(parts, axis=0)


EXPERIMENTS = (
    Experiment(
        "T9",
        Published("deaths after release −61 %, from 26 to 9 in a half-year; interval from these counts",
                  0.346 * math.exp(-1.96 * 0.387) - 1, 0.346 * math.exp(1.96 * 0.387) - 1, -0.61),
        "Hazard over the year after release in 2017, everybody on medication throughout, against tolerance lost and "
        "regained.",
        _after_release,
        ("fentanyl_death_hazard", "heroin_death_hazard", "fentanyl_death_hazard_low_tolerance",
         "heroin_death_hazard_low_tolerance", "medication_death_hazard"),
        bound=True,
        assumed="everybody released is on medication for the whole year: the most that the model can give",
    ),
    Experiment(
        "T13",
        Published("growth of patients slowed after the waiver ended; taken as at most 2 % more patients after a year",
                  -math.inf, 0.02),
        "Prescribers doubled from January 2023; people on buprenorphine in the second half of that year.",
        relative("buprenorphine_patients_all", 2023.5, 2024.0),
        ("buprenorphine_patients_all",),
        given={"buprenorphine_prescribers": scaled(2023.0, 2100.0, 2.0)},
        assumed="those allowed to prescribe doubled; by law they grew far more",
    ),
    Experiment(
        "R6",
        Published("deaths in counties with over 100 kits per 100,000 residents, ratio 0.88 (0.76 to 1.02)",
                  -0.24, 0.02, -0.12),
        "150 kits a year per 100,000 residents from mid-2013 against hardly any; opioid deaths of 2016.",
        relative("us_opioid_deaths", 2016.0, 2017.0),
        ("us_opioid_deaths",),
        given={"naloxone_kits": _kits_per_residents(150.0)},
        without={"naloxone_kits": _kits_per_residents(1e-6)},
        assumed="150 stands for “over 100”",
    ),
    Experiment(
        "C4",
        Published("new episodes −3.9 % (−7.3 to −0.6) in the states that lost most coverage", -0.073, -0.006, -0.039),
        "A ninth of medication forecast lost from April 2023; entries into buprenorphine in the half-year after.",
        relative("buprenorphine_entries", 2023.5, 2024.0),
        ("buprenorphine_entries",),
        given={"us_health_treatment_access": scaled(2023.25, 2100.0, 1 - 0.56 * 0.2)},
        assumed="a fifth of enrolment lost; coverage pays for 56 % of those on medication (C3)",
    ),
    Experiment(
        "L1",
        Published.about(1.0, "each opioid death avoided replaced by a heroin death"),
        "History against one without the reformulation: heroin deaths added for each death by natural and "
        "semisynthetic opioids avoided, August 2010 to 2014.",
        _replaced,
        ("heroin_deaths_recorded", "natural_semisynthetic_deaths_recorded"),
        without={"reformulation_pulse": since(2000.0, 0.0)},
    ),
    Experiment(
        "L4",
        Published("no change once the arrival of fentanyl is included; taken as within 10 %", -0.1, 0.1, 0.0),
        "Penalties halved from February 2021; overdose deaths of 2021 and 2022.",
        relative("us_overdose_deaths", 2021.1, 2023.0),
        ("us_overdose_deaths",),
        given={"us_law_penalties": since(2021.1, 0.5)},
        assumed="ending arrests for possession halves the penalties that users face",
    ),
    Experiment(
        "P3",
        Published("100 dollars less per pure gram: heroin overdose admissions +2.9 % (1.0 to 4.8)",
                  0.010, 0.048, 0.029),
        "Uses per heroin user at the model's price of 2000 to 2008 less 100 dollars; overdoses are in proportion. "
        "That purity has no effect on heroin overdoses is built in, and so not tested.",
        _cheaper_heroin,
        ("heroin_price",),
    ),
    Experiment(
        "K3",
        Published.about(0.8, "homicide +80 % for at least twelve months where a leader was captured"),
        "Conflict in the place of a removal over its first year, before its share of the country.",
        _where_removed,
    ),
    Experiment(
        "G4",
        Published("over 135,000 firearms in 2022: a floor", 0.0, math.inf),
        "Firearms bought for Mexico in 2022, against 135,000.",
        lambda given, without: without.mean("southbound_purchases", 2022.0, 2023.0) / 135000 - 1,
        ("southbound_purchases",),
    ),
    Experiment(
        "G12",
        Published("at least +7.4 % on the national homicide rate, 2004-2008; at most the whole rise of 45 %",
                  0.074, 0.45),
        "The ban's end in September 2004 against a ban that stays; homicides of 2005 to 2008.",
        relative("mx_homicides", 2005.0, 2009.0),
        ("mx_homicides",),
        without={"us_guns_military_style_limits": since(2004.6, 1.0)},
    ),
    Experiment(
        "S6",
        Published("purity of methamphetamine −16 to −67 points; of at most 90 points before", -0.75, -0.18),
        "Nine tenths of fentanyl precursors blocked for 2021; largest loss of purity in a half-year, to 2022.",
        _purity_lost,
        ("us_fentanyl_purity",),
        given={"precursors_source_control": lambda t, path: np.where((t >= 2021) & (t < 2022), 0.9, path)},
        bound=True,
        assumed="another drug and time; a cut at least as deep as any of those rules made",
    ),
)  # fmt: skip

INCOMPARABLE = (
    Incomparable("R11", "pharmacist authority −27 to −34 %; access laws no fall",
                 "The model has kits, not laws: how many kits the laws added was not seen, and the studies disagree in "
                 "sign."),
    Incomparable("R12", "deaths −9 %, not significant (0.76 to 1.09, from memory)",
                 "The kits and patients that the 67 communities added were not seen, so there is nothing to run."),
    Incomparable("H1", "deaths −67 % and −35 % within 500 m of sites", "The model has no places: local effects do not "
                 "scale to a nation."),
    Incomparable("H4", "prescriptions +52 %, hospitalisations +63 %, deaths no change",
                 "The share of users who became clients was not seen, and the model has no hospitalisations."),
    Incomparable("C1", "expansion of Medicaid: opioid deaths 0.94, heroin 0.89, synthetic 0.90, methadone 1.11",
                 "Expansion is inside the recorded places and prescribers: how many patients it added was not seen."),
    Incomparable("C2", "expansion in the pandemic: +0.8 opioid deaths per 100,000 (−1.8 to 3.5)",
                 "As C1: how many patients expansion added was not seen."),
    Incomparable("P2", "daily intake below 100 mg morphine equivalent where dear, about 600 in ordinary markets, 1,100 "
                 "to 1,800 when free",
                 "The prices of the settings were not seen, and the model's demand has no finite intake at price "
                 "zero."),
    Incomparable("S1", "opioid deaths about −60 % in the shortage of 2001",
                 "Needs the starting values of another country, and the cut of supply was not measured."),
    Incomparable("S2", "deaths from 110 to 30 a year in the shortage of 2017",
                 "Needs the starting values of another country, and the cut of supply was not measured."),
    Incomparable("K4", "homicide +30 % for six months in other places of the same group", "The model has no places."),
    Incomparable("K8", "killings rise after close wins and along other routes; sign only", "The model has no places."),
)  # fmt: skip


def verdict(published: Published, model: Mapping[str, float], bound: bool = False) -> Standing:
    """How a prediction stands to a published effect, from their intervals alone.

    Apart: "wrong sign" where both exclude no effect, on opposite sides; else "too weak" or "too strong", as the
    prediction lies nearer to no effect than the published interval or farther; below a floor is "too weak".
    Overlapping: "agrees", but "not decided" where neither interval holds the middle of the other; or where the
    prediction could hardly have failed: it holds no effect where the published interval does not, or is over twice as
    wide as that. Where the change run is at least the one studied (``bound``), a prediction that is too strong decides
    nothing.
    """
    low, high = model["q05"], model["q95"]
    if low > published.high or high < published.low:
        above = low > published.high
        if published.none:
            standing: Standing = "too weak" if math.isinf(published.high) and not above else "too strong"
        elif (published.low > 0 and high < 0) or (published.high < 0 and low > 0):
            return "wrong sign"
        else:
            standing = "too strong" if above == (published.low > 0) else "too weak"
        return "not decided" if bound and standing == "too strong" else standing
    middles = published.low <= model["median"] <= published.high or (
        published.value is not None and low <= published.value <= high
    )
    telling = (published.none or not low <= 0 <= high) and high - low <= TOO_WIDE * (published.high - published.low)
    return "agrees" if middles and telling else "not decided"


def held_back(posterior: Posterior, progress: Step | None = None, draws: int = DRAWS) -> list[dict[str, Any]]:
    """Every effect that was held back: ``id``, ``published``, ``model`` quantiles, ``verdict``, and the evidence.

    ``would_agree_with_none``: whether a model without any effect would agree too: the published interval holds none.

    Effects are changes: −0.12 is 12 % less. Rows are in the order of ``held_back.yaml``.
    """
    begin = progress or (lambda part: None)
    posterior = posterior.thin(min(draws, posterior.draws))
    rows = {i.effect: _incomparable(i) for i in INCOMPARABLE}
    record = tuple(sorted({name for e in EXPERIMENTS for name in e.record}))
    history = _simulated(posterior, {}, record)
    for e in EXPERIMENTS:
        begin(e.effect)
        given, without = (_simulated(posterior, arm, record) if arm else history for arm in (e.given, e.without))
        rows[e.effect] = _row(e, e.read(given, without))
    return [rows[effect.id] for effect in evidence.load().held_back if effect.use == "held_back"]


def _simulated(posterior: Posterior, changes: Mapping[str, Change], record: tuple[str, ...]) -> Arm:
    grid = monthly_grid(END)
    inputs = build_inputs(grid, None, posterior.latents(grid.step_times))
    for name, change in changes.items():
        inputs[name] = change(grid.step_times, inputs[name])
    parameters = posterior.parameters()
    trajectory = simulate(reference_model(), parameters, inputs, grid, record)
    return Arm({n: np.asarray(v) for n, v in trajectory.values.items()}, parameters, np.asarray(grid.times))


def _row(e: Experiment, effect: np.ndarray) -> dict[str, Any]:
    told = effect[np.isfinite(effect)]
    middle, low, high = (float(q) for q in np.quantile(told, [0.5, 0.05, 0.95]))
    model = {"median": middle, "q05": low, "q95": high}
    return {
        "id": e.effect,
        "published": {"value": e.published.value, "low": _finite(e.published.low), "high": _finite(e.published.high),
                      "text": e.published.text},
        "model": model,
        "verdict": verdict(e.published, model, e.bound),
        "would_agree_with_none": e.published.none,
        "evidence": {"analogue": e.analogue, "assumed": e.assumed or None, "bound": e.bound, "draws": len(told)},
    }  # fmt: skip


def _incomparable(i: Incomparable) -> dict[str, Any]:
    return {
        "id": i.effect,
        "published": {"value": None, "low": None, "high": None, "text": i.published},
        "model": None,
        "verdict": "not comparable",
        "would_agree_with_none": None,
        "evidence": {"reason": i.reason},
    }


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None
