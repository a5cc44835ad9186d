"""A study made of invented numbers, so that words, tables and drawings are tested without a simulation."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from contraflow import evidence
from contraflow.analysis.decomposition import CAUSES, Decomposition, Share
from contraflow.analysis.inflow import CUTS, InflowCuts
from contraflow.analysis.runs import Comparison, Result, quantile_table
from contraflow.analysis.structure import Explained
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.policy import Scenario
from contraflow.report import findings, guns, leaders
from contraflow.report.columns import CIVILIANS
from contraflow.report.fit_record import fit_record
from contraflow.report.outlook import RECORD
from contraflow.report.study import END, MAPPED, WHOLE, Study
from contraflow.system import model_parameters
from contraflow.system.latents import LATENTS
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import recruitment

DRAWS = 400
REPORT = {
    "coverage": [{"series": "us.deaths.opioids.annual", "points": 25, "inside": 0.96, "width": 0.4, "median_error": 0}],
    "stages": {
        "all data": {"acceptance": 0.82, "stuck_chains": 0.05, "step": 0.07, "transitions": 44},
        "cut: supply": {
            "acceptance": 0.7,
            "stuck_chains": 0.1,
            "step": 0.1,
            "transitions": 60,
            "log_density_spread": 42.0,
        },
    },
    "cut": {"treatment_mortality": [-3.0, -2.5, -2.0], "titration": [0.2, 0.6, 0.9], "turnover_reference": [1, 2, 3]},
    "cut_coverage": [{"series": "us.deaths.opioids.annual", "points": 25, "inside": 0.9, "width": 0.8}],
    "halves": 0.32,
}


@pytest.fixture(scope="session")
def posterior() -> Posterior:
    """Draws from the prior, but for medication: its mortality ratio is learned, and far from the null."""
    rng = np.random.default_rng(3)
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    coordinates = {n: rng.standard_normal(DRAWS) for n in names}
    coordinates["treatment_mortality"] = -1 + 0.3 * rng.standard_normal(DRAWS)
    innovations = {n: rng.standard_normal((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    attributes = {"seed": 1, "quick": 0, "report": json.dumps(REPORT)}
    return Posterior(coordinates, innovations, {}, attributes)


def _result(scenario: Scenario | None, relative: np.ndarray | float) -> Result:
    rng = np.random.default_rng(5)
    time = 2000 + (np.arange(round((END - 2000) * 12)) + 0.5) / 12
    level = 100_000 * np.exp(0.1 * rng.standard_normal(DRAWS))
    values = level * np.where(time[:, None] > 2025, 1 + np.asarray(relative), 1.0)
    names = {o.variable for o in OUTCOMES.values()} | set(RECORD)
    data = dict.fromkeys(names, (("time", "draw"), values))
    force = bool(scenario and any(name.startswith("us.force.") for name in scenario.policy))
    data[OUTCOMES[CIVILIANS].variable] = (("time", "draw"), np.full(values.shape, 60.0 if force else 0.0))
    return Result(xr.Dataset(data, {"time": time}), scenario)


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
            comparisons[name] = Comparison(scenario, baseline, _result(scenario, relative), window, {})
        learned = findings.contractions(posterior)
        ends = (findings.EVIDENCE_END, END)
        short, long = (
            {s: findings.findings(c, posterior, learned, end) for s, c in comparisons.items()} for end in ends
        )
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
            leaders.reading(lead, posterior, learned, END) if lead else None,
            _inflow(posterior.parameters()["gun_lethality"]) if guns.SCENARIO in effects else None,
            (Explained("mx.homicides", "mx.homicides.inegi.annual", 2000, 2024, half, all_),),
            recruitment.comparison(),
            {k: m for k, m in maps.items() if MAPPED[k].scenario in effects},
            Decomposition(quantile_table(np.full(DRAWS, 9000.0)), causes, DRAWS, 0.0),
            DRAWS,
            fit_record(posterior),
            findings.hypothesis_table(posterior),
            findings.learned_table(posterior),
            {"model": "m", "posterior": "p"},
        )

    return made
