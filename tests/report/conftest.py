"""A study made of invented numbers, so that words, tables and drawings are tested without a simulation."""

import functools
import json
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from contraflow import evidence
from contraflow.analysis.decomposition import CAUSES, Decomposition, Share
from contraflow.analysis.inflow import CUTS, InflowCuts
from contraflow.analysis.runs import Comparison, KnockOuts, Result, quantile_table
from contraflow.analysis.structure import Explained
from contraflow.analysis.support import Learned
from contraflow.analysis.trajectories import Trajectories
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.policy import Scenario
from contraflow.report import drawings, findings, guns, leaders, panels, tested
from contraflow.report.columns import CIVILIANS
from contraflow.report.fit_record import fit_record
from contraflow.report.outlook import RECORD
from contraflow.report.page import html
from contraflow.report.study import END, MAPPED, WHOLE, Study
from contraflow.system import model_parameters
from contraflow.system.latents import LATENTS
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import record, recruitment
from contraflow.validation.record import Made
from contraflow.validation.validate import PARTS

DRAWS = 400
NOW = Made("model", "posterior")
REPORT = {
    "coverage": [
        {
            "series": "us.deaths.opioids.annual",
            "points": 25,
            "inside": 0.96,
            "as_few": 0.7,
            "width": 0.4,
            "inside_left_out": 0.88,
            "consistent": True,
            "unsure": 3,
        }
    ],
    "stages": {
        "rest": {
            "chains": 64,
            "transitions": 44,
            "acceptance": 0.82,
            "stuck_chains": 0.05,
            "divergence_share": 0.001,
            "begun_anew": 0.02,
            "finer_share": 0.004,
            "one_way_share": 0.12,
            "divergences": {
                "transitions": 3,
                "chains": 2,
                "most": 0.67,
                "quantities": 240,
                "apart": 4,
                "where": [["titration", -1.25]],
            },
        },
        "supply": {
            "chains": 16,
            "transitions": 60,
            "acceptance": 0.7,
            "stuck_chains": 0.0,
            "divergence_share": 0.0,
            "begun_anew": 0.0,
        },
    },
    "diagnostics": {
        "supply": {
            "quantities": 10,
            "passed": 9,
            "rhat_max": 1.012,
            "ess_bulk_min": 380.0,
            "ess_tail_min": 410.0,
            "worst": [["titration", 1.012, 380.0, 410.0]],
        }
    },
    "joint": {"treatment_mortality": [-3.0, -2.5, -2.0], "titration": [0.2, 0.6, 0.9], "turnover_reference": [1, 2, 3]},
    "joint_coverage": [{"series": "us.deaths.opioids.annual", "points": 25, "inside": 0.9, "width": 0.8}],
    "settled": {
        "quantities": 240,
        "moved": 1,
        "spread": 3,
        "ratio": [0.9, 1.0, 1.1],
        "worst": [["membership_growth", 1.25, 0.1]],
    },
    "twins": {
        "quantities": 240,
        "moved": 2,
        "spread": 5,
        "ratio": [0.9, 1.0, 1.1],
        "worst": [["conflict_drift_sd", 0.45, -0.3]],
    },
}


def _forecast(origin: int, year: int, median: float, crps: float, rivals: dict[str, float]) -> dict[str, object]:
    """A row of the backtests: US opioid deaths, or homicides where no published model forecast the year."""
    series = "us.deaths.opioids.annual" if "source_base" in rivals else "mx.homicides.inegi.annual"
    ends = {"50": [median - 5, median + 5], "80": [median - 50, median + 50], "95": [median - 55, median + 55]}
    return {
        "origin": origin, "series": series, "year": year, "horizon": year - origin, "observed": 100.0,
        "median": median, "crps": crps, "rivals": rivals, "variants": {"stacked": crps}, "pit": 0.3,
        "weight": 0.0 if "source_base" in rivals else 1.0, "coverage": {"50": False, "80": True, "95": True},
        "interval_score": {"50": 1.0, "80": 1.0, "95": 1.0}, "intervals": ends,
        "rival_medians": dict.fromkeys(rivals, 99.0),
        "conditional_on": ["pandemic_pulse"] if origin == 2020 else [], "later_vintage": False,
    }  # fmt: skip


def _skill(middle: float) -> dict[str, float]:
    return {"value": middle, "median": middle, "q05": middle - 0.1, "q95": middle + 0.1}


SAMPLING = {"rhat_max": 1.54, "ess_bulk_min": 37.0, "ess_tail_min": 44.0, "divergence_share": 0.004}


def _alternative(id: str, weight: float, middle: float) -> dict[str, object]:
    effects = [
        {"scenario": "harm-reduction", "outcome": "us.overdose_deaths", "median": -500.0, "q05": -900.0, "q95": -100.0,
         "from_assumption": False},
        {"scenario": "gun-flow", "outcome": "mx.homicides", "median": middle, "q05": middle - 10, "q95": middle + 10,
         "from_assumption": True},
    ]  # fmt: skip
    return {"id": id, "says": f"view {id}", "fixed": {}, "effects": effects, "origin": 2020, "mean_log_score": -1.0,
            "stacking_weight": weight, "points": 40,
            "sampling": SAMPLING | {"rhat_max": 1.38},
            "score_difference": {"mean": weight - 0.7, "se": 0.1 if weight < 0.7 else 0.0}}  # fmt: skip


def _feature(series: str, feature: str, observed: float, p: float) -> dict[str, object]:
    return {"series": series, "feature": feature, "observed": observed, "q05": -0.4, "median": 0.0, "q95": 0.45, "p": p}


def _effect(id: str, verdict: str, model: dict[str, float] | None) -> dict[str, object]:
    published = {"value": -0.12, "low": -0.24, "high": 0.02, "text": f"published {id}"}
    told = {"analogue": "a run", "assumed": "a dose"} if model else {"reason": "no places"}
    return {"id": id, "published": published, "model": model, "verdict": verdict,
            "would_agree_with_none": True if model else None, "evidence": told}  # fmt: skip


RIVALS = {"persistence": 0.1, "drift": 0.3, "ets": 0.2, "arima": 0.25}
#: What each stored part of a validation might hold.
VALIDATION = {
    "predictive": {
        "predictive": {
            "prior": [
                {"series": "us.market.fentanyl_powder_purity", "points": 24, "inside": 0.7083, "fold": None,
                 "finite": 1.0},
                {"series": "mx.homicides.inegi.annual", "points": 25, "inside": 1.0, "fold": 4.4, "finite": 1.0},
            ],
            "posterior": [
                _feature("mx.homicides.inegi.annual", "movement", 0.3, 0.4),
                _feature("mx.homicides.inegi.annual", "largest_step", 0.25, 0.9),
                _feature("mx.homicides.inegi.annual", "persistence_of_misses", 0.6, 0.002),
                _feature("us.market.fentanyl_powder_purity", "movement", 0.9, 0.004),
                _feature("us.market.fentanyl_powder_purity", "persistence_of_misses", 0.7, 0.0),
            ],
            "strange": {"features": 3, "of": 5},
        }
    },
    "held-back": {
        "held_back": [
            _effect("T9", "agrees", {"median": -0.5, "q05": -0.7, "q95": -0.3}),
            _effect("R6", "not decided", {"median": -0.1, "q05": -0.3, "q95": 0.1}),
            _effect("K3", "too weak", {"median": 0.1, "q05": 0.05, "q95": 0.2}),
            _effect("H1", "not comparable", None),
        ]
    },
    "backtests": {
        "backtests": [
            _forecast(2016, 2017, 60.0, 0.4, RIVALS),
            _forecast(2016, 2018, 70.0, 0.2, RIVALS),
            _forecast(2020, 2021, 90.0, 0.05, RIVALS | {"source_base": 0.18}),
        ],
        "skill": {"persistence": _skill(-0.4), "drift": _skill(0.3), "ets": _skill(0.02), "source_base": _skill(0.2)},
        "variant_skill": {
        },
        "pit_inside_bands": False,
        "coverage": {"model": {"50": 0.41, "80": 0.72, "95": 0.9}, "persistence": {"50": 0.5, "80": 0.8, "95": 0.97}},
        "fits": {"2016": {"posterior": "a", **SAMPLING}, "2020": {"posterior": "b", **SAMPLING, "rhat_max": 1.2}},
        "oracle": {"2021": {"source_true_share": -0.08, "model": -0.1}},
        "record": {
            "mx.homicides.inegi.annual": [[2015, 95.0], [2016, 97.0], [2017, 100.0], [2018, 100.0]],
            "us.deaths.opioids.annual": [[2020, 80.0], [2021, 100.0]],
        },
    },
    "true-supply": {
        "true_supply": [
            {"origin": 2020, "series": series, "year": year, "observed": 100.0, "median": median, "crps": 0.05,
             "coverage": {"50": False, "80": False, "95": median < 120}, "intervals": {"95": [80.0, 120.0]}}
            for series, year, median in (
                ("us.deaths.opioids.annual", 2021, 110.0), ("us.deaths.all_drugs.annual", 2021, 95.0),
                ("us.deaths.all_drugs.annual", 2022, 130.0),
            )
        ],
        "fits": {"2020": {"posterior": "c", **SAMPLING}},
    },
    "calibration": {
        "sbc": {
            "datasets": 208, "quantities": 20, "inside_bands": 19, "outside": ["titration"], "draws": 49,
            "ranks": {"dose_spread": [k % 50 for k in range(208)], "titration": [k % 30 for k in range(208)]},
        }
    },
    "recovery": {
        "recovery": {
            "histories": 56, "coverage_90": 0.87, "effects": {"effect: harm-reduction on us.overdose_deaths": 0.84},
            "lowest": [["dose_spread", 0.6]],
            "coverage": {"dose_spread": 0.6, "tolerance_adaptation": 0.8, "pass_through": 0.9, "supply_surge[4]": 0.95,
                         "discrepancy:mx.homicides.inegi.annual": 0.7},
        }
    },
    "posterior-calibration": {
        "posterior_sbc": {
            "histories": 56, "draws": 60, "coverage_90": 0.89, "quantities": 20, "inside_bands": 18, "outside": [],
            "effects": {"effect: harm-reduction on us.overdose_deaths": {"inside": 0.86, "below": 0.1, "above": 0.04}},
            "ranks": {"effect: harm-reduction on us.overdose_deaths": [k % 61 for k in range(56)]},
        }
    },
    "alternatives": {"alternatives": [_alternative("reference", 0.7, -50.0), _alternative("no-rents", 0.3, 50.0)]},
    "barlas": {
        "barlas": [
            {"id": "units", "verdict": "holds", "evidence": {"wrong": []}},
            {"id": "extreme:no_guns", "verdict": "fails", "evidence": {"claim": "No guns, no gun deaths."}},
            {"id": "loop:R1", "verdict": "fits alike", "evidence": {
                "exists": True, "at_null": {"gun_revenue_response": 0.0},
                "log_likelihood": {"median": -0.5, "q05": -1.0, "q95": 0.2}}},
            {"id": "loop:R2", "verdict": "made up for by the rest", "evidence": {
                "exists": True, "at_null": {"groups_per_removal": 0.0},
                "log_likelihood": {"median": -44.0, "q05": -90.0, "q95": 0.2},
                "refit": {"starts": 6, "median": -1.3, "least": -2.4, "most": 0.3}}},
        ]
    },
}  # fmt: skip
NEVER_RUN = {id: tested.Stored(id, None, "", "") for id in tested.TITLES}


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Callable[[Made], dict[str, tested.Stored]]:
    """Reads a whole validation, stored once, for a model and a posterior."""
    folder = tmp_path_factory.mktemp("validation")

    def read(now: Made) -> dict[str, tested.Stored]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(record, "folder", lambda: folder)
            if not any(folder.iterdir()):
                for part, result in VALIDATION.items():
                    record.save(part, PARTS[part].belongs(NOW), result)
            return tested.load(now)

    return read


@pytest.fixture(scope="session")
def posterior() -> Posterior:
    """Draws from the prior, but for two strengths that are narrow and far from their nulls.

    Data can tell how risk is seen; of what medication does to mortality only studies tell.
    """
    rng = np.random.default_rng(3)
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    coordinates = {n: rng.standard_normal(DRAWS) for n in names}
    coordinates["treatment_mortality"] = -1 + 0.3 * rng.standard_normal(DRAWS)
    coordinates["perceived_risk_effect"] = -3 + 0.3 * rng.standard_normal(DRAWS)
    innovations = {n: rng.standard_normal((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    attributes = {"seed": 1, "quick": 0, "report": json.dumps(REPORT)}
    misses = {"us.deaths.opioids.annual": np.exp(0.1 * rng.standard_normal((2, DRAWS))) * [[0.07], [2.5]]}
    return Posterior(coordinates, innovations, misses, attributes)


def _result(scenario: Scenario | None, relative: np.ndarray | float) -> Result:
    rng = np.random.default_rng(5)
    time = 2000 + (np.arange(round((END - 2000) * 12)) + 0.5) / 12
    level = 100_000 * np.exp(0.1 * rng.standard_normal(DRAWS))
    values = level * np.where(time[:, None] > 2025, 1 + np.asarray(relative), 1.0)
    names = {o.variable for o in OUTCOMES.values()} | set(RECORD)
    data = dict.fromkeys(names, (("time", "draw"), values, {}))
    force = bool(scenario and any(name.startswith("us.force.") for name in scenario.policy))
    data[OUTCOMES[CIVILIANS].variable] = (("time", "draw"), np.full(values.shape, 60.0 if force else 0.0), {})
    return Result(Trajectories(data, {"time": time}), scenario)


def _inflow(exponent: np.ndarray) -> InflowCuts:
    """Homicides that follow the exponent alone, at once: (1 − cut) to its power."""
    rng = np.random.default_rng(13)
    years = np.arange(2025, 2036)
    ratio = np.stack([np.broadcast_to((1 - cut) ** exponent, (len(years), len(exponent))) for cut in CUTS])
    return InflowCuts(CUTS, years, ratio, exponent, rng.uniform(0.1, 0.5, len(exponent)))


def _share(id: str, label: str, middle: float, sd: float) -> Share:
    x = middle + sd * np.random.default_rng(7).standard_normal(DRAWS)
    return Share(id, label, quantile_table(1000 * x), quantile_table(x), middle, middle)


def _map(name: str, certain: Callable[[float, float], bool]) -> xr.Dataset:
    plan = MAPPED[name]
    beliefs = {k: list(v) for k, v in plan.beliefs.items()}
    table = xr.Dataset(coords=beliefs)
    weight = sum(table[k] * 0 for k in beliefs)
    first = next(iter(beliefs))
    sure = xr.apply_ufunc(np.vectorize(certain, otypes=[bool]), weight + table[first], weight + table["lab_slack"])
    shown = {"relative_difference": -0.03, "low": -0.05, "high": -0.02, "p_reduction": 1.0, "p_one_percent": 1.0}
    for k, v in shown.items():
        table[k] = xr.where(sure, v, 0.1 * v)
    table.attrs = {"scenario": plan.scenario, "outcome": "us.synthetic_opioid_deaths", "from": 2025.5}
    table.attrs |= {"until": plan.until, "draws": 10}
    return table


@pytest.fixture(scope="session")
def invented(posterior: Posterior) -> Callable[..., Study]:
    """Makes a study from scenario → (mean, sd) of its relative effect on everything."""

    def made(effects: dict[str, tuple[float, float]], shares: tuple[tuple[float, float], ...] = ()) -> Study:
        rng = np.random.default_rng(11)
        baseline = _result(None, 0.0)
        comparisons = {}
        for name, (mean, sd) in effects.items():
            scenario = Scenario.load(name)
            relative = mean + sd * rng.standard_normal(DRAWS)
            window = (scenario.first_lever_date() or 2025.0, END)
            policy = _result(scenario, relative)
            knocked = KnockOuts(functools.partial(dict, {"": (baseline, policy)}))
            comparisons[name] = Comparison(
                scenario, baseline, policy, window, {}, posterior, Learned(posterior), knocked
            )
        ends = (findings.EVIDENCE_END, END)
        short, long = ({s: findings.findings(c, end) for s, c in comparisons.items()} for end in ends)
        labels = [(c.id, c.label) for c in CAUSES] + [("residual", "None of these (residual)")]
        shares = shares or ((0.7, 0.05), (0.1, 0.1), (0.1, 0.1), (0.05, 0.1), (0.05, 0.1))
        causes = tuple(_share(*label, *share) for label, share in zip(labels, shares, strict=True))
        maps = {
            "strikes": _map("strikes", lambda _, slack: slack == 1),
            "laboratories": _map("laboratories", lambda count, slack: count * slack <= 125),
        }
        killed = {s: findings.civilian_deaths(c, findings.EVIDENCE_END) for s, c in comparisons.items()}
        lead = comparisons.get(leaders.SCENARIO)
        half, all_ = quantile_table(np.linspace(-1.4, 0.4, DRAWS)), quantile_table(np.linspace(0.8, 1, DRAWS))
        return Study(
            WHOLE,
            DRAWS,
            baseline,
            comparisons,
            short,
            long,
            {s: q for s, q in killed.items() if q},
            leaders.reading(lead, END) if lead else None,
            _inflow(posterior.parameters()["gun_lethality"]) if guns.SCENARIO in effects else None,
            (Explained("mx.homicides", "mx.homicides.inegi.annual", 2000, 2024, half, all_),),
            recruitment.comparison(),
            {k: m for k, m in maps.items() if MAPPED[k].scenario in effects},
            Decomposition(quantile_table(np.full(DRAWS, 9000.0)), causes, DRAWS, 0.0),
            DRAWS,
            fit_record(posterior),
            panels.load(posterior),
            NEVER_RUN,
            findings.hypothesis_table(posterior),
            findings.learned_table(posterior),
            {"model": "m", "posterior": "p"},
        )

    return made


@pytest.fixture(scope="module")
def pictures(study):
    """Drawings of the module's own ``study``."""
    return drawings.all_pictures(study)


@pytest.fixture(scope="module")
def page(study, pictures):
    """The page of the module's own ``study``."""
    return html(study, pictures)
